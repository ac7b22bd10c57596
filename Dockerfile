# syntax=docker/dockerfile:1
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --features s3 --bin facteur \
    && install -D target/dist/facteur /out/facteur

FROM debian:bookworm-slim
# Of certificates only the newest are good.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home facteur \
    && install -d -o facteur -g facteur /var/lib/facteur
COPY --from=build /out/facteur /usr/local/bin/facteur
# Milliseconds after which the engine gives freed memory back (docs/operations.md).
ENV MIMALLOC_PURGE_DELAY=100
USER 10001
WORKDIR /var/lib/facteur
VOLUME /var/lib/facteur
EXPOSE 8080 9464
ENTRYPOINT ["facteur"]
CMD ["serve"]
