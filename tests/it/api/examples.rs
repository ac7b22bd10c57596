//! What stands under `examples/` is run.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::get;
use crate::pages::site::{Site, manager};
use crate::shipped::ROOT;
use crate::support::world::{Company, attachment, notice_with};

#[tokio::test]
async fn the_shell_reads_a_box_and_hides_what_it_fetched() -> Result<()> {
    let (site, id) = site().await?;
    let said = run(&site, "sh", "read-box.sh").await?;
    ensure!(said == format!("{id} 5\n"), "{said}");
    let program = site.signed_in(&manager(Company::Active)).await;
    let message = get(&program, &format!("/ebox/messages/{id}")).await.json();
    ensure!(message["readStatus"] == true && message["visible"] == false, "{message}");
    Ok(())
}

#[tokio::test]
async fn python_reads_a_box() -> Result<()> {
    let (site, id) = site().await?;
    let python = std::env::var("FACTEUR_TEST_PYTHON");
    let python = python.context("FACTEUR_TEST_PYTHON is needed: ./dev services env prints it")?;
    let said = run(&site, &python, "read_box.py").await?;
    ensure!(said == format!("{id} 5\n"), "{said}");
    let program = site.signed_in(&manager(Company::Active)).await;
    let message = get(&program, &format!("/ebox/messages/{id}")).await.json();
    ensure!(message["readStatus"] == true, "{message}");
    Ok(())
}

async fn site() -> Result<(Site, String)> {
    let site = Site::open().await?;
    let id = site.post(&notice_with(json!([attachment("bill", "SGVsbG8=")]))).await?;
    Ok((site, id.to_string()))
}

/// What an example prints.
async fn run(site: &Site, interpreter: &str, example: &str) -> Result<String> {
    let mut command = std::process::Command::new(interpreter);
    command.arg(format!("{ROOT}/examples/{example}"));
    command.args([format!("http://{}", site.address), manager(Company::Active)]);
    command.stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(ended.status.success(), "{example}: {}", String::from_utf8_lossy(&ended.stderr));
    Ok(String::from_utf8(ended.stdout)?)
}
