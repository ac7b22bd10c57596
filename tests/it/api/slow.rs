//! Clients that are slow, or silent, on purpose.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use facteur::clock::Stopwatch;
use facteur::web::{self, Bounds};
use futures_util::stream;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::counter::{Counter, content_type, message, whole};
use crate::support::desk::rulebook;
use crate::support::ledgers::sqlite;
use crate::support::wait::soon;
use crate::support::world::{Company, TAX, WORK, attest, notice};
use crate::web::client::Request;

/// Of bytes that trickle.
const PACE: Duration = Duration::from_millis(100);
/// Longer than anything here may take; a client that is waited for for ever
/// ends the test.
const END: Duration = Duration::from_secs(20);

/// It trickles into all places that it may have, and another's are free.
#[tokio::test]
async fn one_application_does_not_take_every_place() -> Result<()> {
    let ledger = sqlite().await?;
    let keys = [("API__ARRIVAL_SECS", "5"), ("API__PUBLICATIONS_MAX", "4")];
    let counter = Counter::set(&ledger, rulebook()?, &keys).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    let part = &body[..body.len() - 40];
    let keys: Vec<String> = (0..8).map(|n| format!("slow-{n}")).collect();
    let (takes, mut taken) = mpsc::unbounded_channel();
    let trickling = keys.iter().map(|key| {
        let slow = counter.publication(key, part).header("content-length", "1000000");
        let takes = takes.clone();
        slow.send_trickling(PACE, move || takes.send(()).unwrap_or_default())
    });
    let token = counter.token(WORK, &json!({ "client_id": "another" }));
    let other = async {
        // Half of four places, which is all that it may have.
        for _ in 0..2 {
            soon(taken.recv()).await;
        }
        let began = Stopwatch::start();
        let request = counter.request_as(&token, "/ebox/messages").header("idempotency-key", "k");
        let request = request.header("content-type", &content_type());
        let answer = request.body(&whole(&[message(&attest(Company::Active))])).send().await;
        (answer, began.elapsed())
    };
    let (other, took) = tokio::select! {
        other = other => other,
        _ = futures_util::future::join_all(trickling) => anyhow::bail!("they ended before"),
    };
    ensure!(other.status == 201 && took < Duration::from_secs(3), "{other:?} after {took:?}");
    Ok(())
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let consumer = counter.token(
        TAX,
        &json!({ "scope": "consume", "enterprise": Company::Active.number(),
                 "sub": crate::pages::site::manager(Company::Active) }),
    );
    let json = "application/json";
    for (request, is_ebox) in [
        (counter.request("/searchMessageStatus").header("content-type", json), true),
        (counter.request("/eboxPreferences/search").header("content-type", json), true),
        (
            Request::new(counter.address, "PATCH", "/ebox/messages")
                .header("authorization", &format!("Bearer {consumer}"))
                .header("content-type", "application/merge-patch+json"),
            true,
        ),
        (
            Request::new(counter.address, "POST", "/sign-in/persona")
                .header("content-type", "application/x-www-form-urlencoded"),
            false,
        ),
    ] {
        let asked = request.header("content-length", "1000").body(b"{").send();
        let answer = tokio::time::timeout(END, asked).await?;
        ensure!(answer.status == 408 && answer.json()["code"] == "MALFORMED", "{answer:?}");
        ensure!(answer.json()["id"].is_string() == is_ebox, "in the shape of its address");
    }
    Ok(())
}

/// How long it takes until the server hangs up on who sends this, and no more.
async fn hung_up_after(address: SocketAddr, sent: &[u8]) -> Result<Duration> {
    let began = Stopwatch::start();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(sent).await?;
    let mut rest = Vec::new();
    tokio::time::timeout(END, stream.read_to_end(&mut rest)).await??;
    Ok(began.elapsed())
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::set(&ledger, rulebook()?, &[("WEB__HEAD_SECS", "1")]).await?;
    for sent in [
        &b""[..],
        b"GET /ebox HTTP/1.1\r\nhost: x\r\nx-a: ",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let took = hung_up_after(counter.address, sent).await?;
        ensure!(took >= Duration::from_millis(900), "{took:?}");
    }
    // A head that trickles is late as well.
    let mut stream = TcpStream::connect(counter.address).await?;
    stream.write_all(b"GET /ebox HTTP/1.1\r\nhost: x\r\nx-a: ").await?;
    let trickling = async {
        let mut pace = tokio::time::interval(PACE);
        while stream.write_all(b"a").await.is_ok() {
            pace.tick().await;
        }
    };
    tokio::time::timeout(END, trickling).await?;
    Ok(())
}

/// A server on its own, until the test ends: of this size at most.
async fn served(router: Router, bounds: Bounds) -> Result<(SocketAddr, DropGuard)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, stop) = (listener.local_addr()?, CancellationToken::new());
    let guard = stop.clone().drop_guard();
    #[expect(clippy::disallowed_methods, reason = "it is stopped when the test ends")]
    drop(tokio::spawn(web::serve(listener, router, bounds, stop)));
    Ok((address, guard))
}

/// A connection that was answered, and lies idle.
async fn idle(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") {
        ensure!(soon(stream.read_buf(&mut answer)).await? > 0, "it hung up");
    }
    Ok(stream)
}

#[tokio::test]
async fn no_more_connections_are_open_than_are_allowed() -> Result<()> {
    let router = Router::new().route("/", get(async || "here"));
    let bounds = Bounds { head: Duration::from_secs(1), unread: END, connections: 2 };
    let (address, _stop) = served(router, bounds).await?;
    let began = Stopwatch::start();
    let _idle = [idle(address).await?, idle(address).await?];
    let answer = tokio::time::timeout(END, Request::new(address, "GET", "/").send()).await?;
    ensure!(answer.status == 200, "{answer:?}");
    ensure!(began.elapsed() >= Duration::from_millis(900), "it came in beside the two");
    Ok(())
}

/// It asks for more than the network holds, and takes none of it.
#[tokio::test]
async fn who_does_not_read_its_answer_loses_its_place() -> Result<()> {
    let piece = || std::io::Result::Ok(Bytes::from_static(&[0; 65_536]));
    let flood = async move || Body::from_stream(stream::repeat_with(piece));
    let router = Router::new().route("/", get(async || "here")).route("/flood", get(flood));
    let bounds = Bounds { head: END, unread: Duration::from_secs(1), connections: 1 };
    let (address, _stop) = served(router, bounds).await?;
    let mut silent = TcpStream::connect(address).await?;
    silent.write_all(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    let answer = tokio::time::timeout(END, Request::new(address, "GET", "/").send()).await?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(())
}
