//! What an engine needs for the largest upload: not the upload.

use anyhow::{Context as _, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::Digest;

use super::places::s3;
use crate::support::program::Program;
use crate::support::world::{self, TAX};

const UPLOADS: u8 = 4;
/// Of each, two parts of 5 MiB in flight, the one that is filled, and room for
/// one more in what the network holds; whole, the four would be 120 MiB.
const GROWTH_BYTES_MAX: u64 = UPLOADS as u64 * 4 * 5 * 1024 * 1024;

#[tokio::test]
async fn s3_takes_30_mib_in_bounded_memory() -> Result<()> {
    let place = s3().await?;
    let program = Program::new()?.with("DOCUMENTS__URL", &place.url);
    let set = |program: Program, (name, value): &(String, String)| program.set(name, value);
    let program = place.variables.iter().fold(program, set);
    let key = "of the tests";
    let registry = world::registry(SystemClock.now())?.replace(
        r#""account":"tax""#,
        &format!(r#""account":"tax","uploadKeyDigest":"{}""#, Digest::of(key.as_bytes())),
    );
    let registry = program.file("registry.jsonl", &registry)?;
    program.ask(&["registry", "import", &registry]).await?;
    let engine = program.serve().await;
    let before = peak(engine.pid())?;
    let uploads = (0..UPLOADS).map(|n| {
        let content = vec![n; 30 * 1024 * 1024];
        let path = format!("/documents/{}", Digest::of(&content));
        let request = engine.request("PUT", &path).header("content-type", "application/pdf");
        request.basic(TAX, key).body(&content).send()
    });
    for answer in futures_util::future::join_all(uploads).await {
        ensure!(answer.status == 201, "{answer:?}");
    }
    let grown = peak(engine.pid())?.saturating_sub(before);
    ensure!(grown < GROWTH_BYTES_MAX, "{UPLOADS} uploads of 30 MiB took {grown} bytes");
    ensure!(place.objects()? == usize::from(UPLOADS));
    engine.stop().await;
    Ok(())
}

/// The most memory that a process ever had, in bytes.
fn peak(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}
