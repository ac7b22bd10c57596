//! What an operator relies on where programs publish: secrets stay out of the
//! log, a crash loses nothing and doubles nothing, and memory does not grow
//! with documents.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::counter::{file, message, whole};
use super::running::{Running, UPLOAD_KEY};
use crate::support::engine::SIGABRT;
use crate::support::program::Program;
use crate::support::world::{Company, TAX, notice, notice_with};
use crate::web::client::Answer;
use std::os::unix::process::ExitStatusExt as _;

/// Uploads at the same time, of [`UPLOAD_BYTES`] each.
const UPLOADS: u8 = 4;
const UPLOAD_BYTES: usize = 29 * 1024 * 1024;
/// What all of them together may add to the memory of a process that has taken
/// one before: on a machine that does much else each waits with full buffers, and
/// they hold not half of what they bring.
const GROWTH_BYTES_MAX: u64 = UPLOADS as u64 * UPLOAD_BYTES as u64 / 2;

fn letter() -> Value {
    notice_with(json!([{ "httpPartName": "letter", "isMainContent": true }]))
}

#[tokio::test]
async fn no_token_and_no_key_stands_in_the_log() -> Result<()> {
    let program = Program::new()?.with("LOG__FILTER", "trace");
    let running = Running::start_as(program).await?;
    let (good, other) = (running.token(), running.token_with(&json!({ "aud": "urn:other" })));
    let ask = |authorization: String| {
        let request = running.engine.request("GET", "/events");
        request.header("authorization", &authorization).send()
    };
    ensure!(ask(format!("Bearer {good}")).await.status == 200);
    ensure!(ask(format!("Bearer {other}")).await.status == 401);
    ensure!(ask("Bearer an-opaque-token-of-the-tests".into()).await.status == 401);
    for (key, status) in [(UPLOAD_KEY, 200), ("a-wrong-key-of-the-tests", 401)] {
        let request = running.engine.request("GET", "/events").basic(TAX, key);
        ensure!(request.send().await.status == status, "{key}");
    }
    let published = running.publication("a", &whole(&[message(&notice(Company::Active))]));
    ensure!(published.send().await.status == 201);
    let log = running.engine.log();
    ensure!(
        log.contains("\"level\":\"TRACE\"") || log.contains("\"level\":\"DEBUG\""),
        "no detail"
    );
    let parts = |token: &str| token.split('.').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let mut secrets = [parts(&good), parts(&other)].concat();
    secrets.extend(
        ["an-opaque-token-of-the-tests", UPLOAD_KEY, "a-wrong-key-of-the-tests"].map(String::from),
    );
    for secret in secrets {
        ensure!(!log.contains(&secret), "the log holds {secret}");
    }
    Ok(())
}

/// The process dies after the commit and before the answer. The sender, that
/// heard nothing, sends the same again.
#[tokio::test]
async fn a_crash_before_the_answer_is_healed_by_the_same_key() -> Result<()> {
    ensure!(cfg!(feature = "failpoints"), "built without fail points; `./dev test` has them");
    let mut running =
        Running::start_as(Program::new()?.set("FAILPOINTS", "committed=return")).await?;
    let body = whole(&[message(&letter()), file("letter", b"%PDF-1.7 one and only")]);
    running.publication("healed", &body).send_unheard().await;
    let ended = running.engine.ended().await;
    ensure!(ended.signal() == Some(SIGABRT), "{ended:?}: {}", running.engine.log());

    running.program = running.program.set("FAILPOINTS", "");
    running.engine = running.program.serve().await;
    let again = running.publication("healed", &body).send().await;
    let said = again.json();
    ensure!(again.status == 409 && said["code"] == "DUPLICATE_MESSAGE", "{again:?}");
    let first = said["messageId"].as_str().context("the answer names no message")?;
    let listed = read(&running, "/ebox/messages").await.json();
    ensure!(listed["totalItems"] == 1 && listed["items"][0]["messageId"] == first, "{listed}");
    let content = format!("/ebox/messages/{first}/attachments/letter/content");
    ensure!(read(&running, &content).await.body == b"%PDF-1.7 one and only");
    running.engine.stop().await;
    let account = running.program.ask(&["verify", "--quiesced"]).await?;
    ensure!(account["accepted"] == 1 && account["difference"] == 0, "{account}");
    Ok(())
}

async fn read(running: &Running, path: &str) -> Answer {
    let request = running.engine.request("GET", path);
    request.header("authorization", &format!("Bearer {}", running.token())).send().await
}

#[tokio::test]
async fn uploads_of_30_megabytes_leave_memory_as_it_was() -> Result<()> {
    let running = Running::start().await?;
    for (n, size) in [100 * 1024, UPLOAD_BYTES].into_iter().enumerate() {
        let body = whole(&[message(&letter()), file("letter", &vec![b'w'; size])]);
        let answer = running.publication(&format!("warm-{n}"), &body).send().await;
        ensure!(answer.status == 201, "{answer:?}");
    }
    let before = peak(running.engine.pid())?;
    let uploads = (0..UPLOADS).map(|n| {
        let body = whole(&[message(&letter()), file("letter", &vec![n; UPLOAD_BYTES])]);
        running.publication(&format!("large-{n}"), &body).send()
    });
    for answer in futures_util::future::join_all(uploads).await {
        ensure!(answer.status == 201, "{answer:?}");
    }
    let grown = peak(running.engine.pid())?.saturating_sub(before);
    ensure!(grown < GROWTH_BYTES_MAX, "{UPLOADS} uploads of 29 MiB took {grown} bytes");
    Ok(())
}

/// The most memory that a process ever had, in bytes.
fn peak(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}
