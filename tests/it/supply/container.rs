//! The image without an engine of containers: the program alone, on a read-only
//! root with what the Dockerfile puts there and compose mounts there, as its
//! user. What is not tried is the build itself.

use std::collections::BTreeSet;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::shipped::{ROOT, text, yaml};
use crate::support::program::{Ended, Program};

/// What of the program's libraries `debian:…-slim` has: those of libc6 and libgcc-s1.
const IN_THE_BASE: &[&str] =
    &["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libgcc_s.so.1", "libm.so.6"];

/// Its own mounts, seen by nobody else; then no rights, no way back, and its user.
const ENTER: &str = r#"
set -eu
mount --bind "$CONTAINER" "$CONTAINER"
mount --bind "$PROGRAM" "$CONTAINER/usr/local/bin/facteur"
mount --bind "$POLICY" "$CONTAINER/etc/facteur/policy.toml"
mount --bind "$VOLUME" "$CONTAINER$PLACE"
mount --rbind /proc "$CONTAINER/proc"
mount --rbind /dev "$CONTAINER/dev"
mount -o remount,bind,ro "$CONTAINER"
exec setpriv --no-new-privs \
    unshare --root "$CONTAINER" --wd "$PLACE" --setgid "$WHO" --setuid "$WHO" \
    /usr/local/bin/facteur "$@"
"#;

/// The file system of the image, with the settings of compose.
struct Container {
    program: Program,
}

impl Container {
    fn assemble() -> Result<Self> {
        let file = text("Dockerfile")?;
        let (who, place) = (word(&file, "USER")?, word(&file, "WORKDIR")?);
        let program = Program::new()?;
        let root = program.folder.path().join("container");
        for folder in ["usr/local/bin", "etc/facteur", "proc", "dev", place.trim_start_matches('/')]
        {
            std::fs::create_dir_all(root.join(folder))?;
        }
        for mounted in ["usr/local/bin/facteur", "etc/facteur/policy.toml"] {
            std::fs::write(root.join(mounted), "")?;
        }
        for library in libraries()? {
            let inside = root.join(library.strip_prefix("/")?);
            std::fs::create_dir_all(inside.parent().context("a library in no folder")?)?;
            std::fs::copy(&library, inside)?;
        }
        let volume = program.folder.path().join("volume");
        std::fs::create_dir(&volume)?;
        chown(&volume, Some(who.parse()?), Some(who.parse()?))?;
        let program = program
            .set("CONTAINER", &root.display().to_string())
            .set("PROGRAM", env!("CARGO_BIN_EXE_facteur"))
            .set("POLICY", &format!("{ROOT}/config/policy.toml"))
            .set("VOLUME", &volume.display().to_string())
            .set("PLACE", &place)
            .set("WHO", &who);
        Ok(Self { program: composed(program, &place)? })
    }

    async fn run(&self, arguments: &[&str]) -> Result<Ended> {
        let script = ["--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"];
        self.program.foreign("unshare", &[&script[..], arguments].concat()).await
    }
}

/// As compose sets the engine, but that broker and ledger are files on its
/// volume, and ports whatever is free.
fn composed(program: Program, place: &str) -> Result<Program> {
    let compose = yaml("docker-compose.yml")?;
    let set = compose["services"]["engine"]["environment"].as_object().context("none")?;
    let program = set.iter().try_fold(program, |program, (name, value)| {
        Ok::<_, anyhow::Error>(program.set(name, value.as_str().context("no text")?))
    })?;
    Ok(program
        .with("LEDGER__URL", &format!("sqlite://{place}/facteur.db"))
        .with("QUEUE__URL", &format!("embedded://{place}/queue.db"))
        .with("WEB__LISTEN", "127.0.0.1:0")
        .with("METRICS__LISTEN", "127.0.0.1:0"))
}

/// What an instruction of the last stage says.
fn word(file: &str, instruction: &str) -> Result<String> {
    let last = file.rsplit("\nFROM ").next().context("no stage")?;
    let found = Regex::new(&format!(r"(?m)^{instruction} (\S+)$"))?;
    Ok(found.captures(last).with_context(|| format!("no {instruction}"))?[1].to_owned())
}

/// The files that the loader needs besides the program.
fn libraries() -> Result<BTreeSet<PathBuf>> {
    let output = Command::new("ldd").arg(env!("CARGO_BIN_EXE_facteur")).output()?;
    ensure!(output.status.success(), "ldd: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout)?;
    let path = Regex::new(r"(/\S+) \(0x")?;
    Ok(path.captures_iter(&listed).map(|found| PathBuf::from(&found[1])).collect())
}

#[test]
fn container_has_every_library_of_the_program() -> Result<()> {
    let libraries = libraries()?;
    ensure!(!libraries.is_empty(), "the program needs no library");
    for library in &libraries {
        let name = library.file_name().context("no name")?.to_string_lossy().into_owned();
        ensure!(IN_THE_BASE.contains(&&*name), "{name} is not in the image");
    }
    let file = text("Dockerfile")?;
    let release = Regex::new(r"(?m)^FROM (?:rust:\S+-(\w+) AS build|debian:(\w+)-slim)$")?;
    let releases: BTreeSet<_> = release
        .captures_iter(&file)
        .filter_map(|it| it.get(1).or(it.get(2)).map(|it| it.as_str().to_owned()))
        .collect();
    ensure!(releases.len() == 1, "built on one release and run on another: {releases:?}");
    Ok(())
}

#[tokio::test]
async fn container_carries_the_whole_line_as_nobody_on_a_read_only_root() -> Result<()> {
    let container = Container::assemble()?;
    let migrated = container.run(&["migrate"]).await?;
    ensure!(migrated.code == Some(0), "{migrated:?}");
    let examined = container.run(&["doctor", "--json"]).await?;
    ensure!(examined.code == Some(0), "{examined:?}");
    let demo = ["demo", "--documents", "60", "--exit", "--json"];
    let lived = container.run(&demo).await?;
    ensure!(lived.code == Some(0) && lived.json()?["difference"] == 0, "{lived:?}");
    // The rest of it takes no writes, so that the volume is where it all went.
    let nowhere = Container { program: container.program.set("TMPDIR", "/") };
    let examined = nowhere.run(&["doctor", "--json"]).await?;
    ensure!(examined.code != Some(0), "the root is not read-only: {examined:?}");
    let volume = nowhere.program.folder.path().join("volume");
    ensure!(is_of_its_user(&volume.join("facteur.db"))?, "it ran as somebody else");
    Ok(())
}

fn is_of_its_user(file: &Path) -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let user: u32 = word(&text("Dockerfile")?, "USER")?.parse()?;
    Ok(std::fs::metadata(file)?.uid() == user)
}
