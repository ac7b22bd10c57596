//! What stands under `examples/` is run.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::counter::{file, message, whole};
use super::get;
use super::running::{Running, UPLOAD_KEY};
use crate::pages::site::{Site, manager};
use crate::shipped::ROOT;
use crate::support::program::{Program, example};
use crate::support::world::{Company, NOTICE, ONSS, TAX, attachment, notice_with};

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

/// What an agency types to publish: in the shell, in Python, in Rust.
#[tokio::test]
async fn examples_publish_a_letter_and_ask_whether_it_was_read() -> Result<()> {
    let program = Program::new()?.set("FACTEUR_KEY", UPLOAD_KEY);
    let running = Running::start_as(program).await?;
    let number = Company::Active.number().to_string();
    let [python, rust] = example("publish")?;
    let shell = ("sh".to_owned(), vec![format!("{ROOT}/examples/publish.sh")]);
    for (interpreter, before) in [shell, python, rust] {
        let letter = running.program.file("letter.pdf", &format!("%PDF-1.7 by {interpreter}"))?;
        let arguments = [&*running.url, TAX, ONSS, &number, NOTICE, &letter];
        let whole: Vec<&str> = before.iter().map(String::as_str).chain(arguments).collect();
        let first = running.program.foreign(&interpreter, &whole).await?;
        ensure!(first.code == Some(0), "{interpreter}: {first:?}");
        ensure!(first.out.ends_with(" false\n"), "{interpreter}: {}", first.out);
        // Again with the same key: refused to curl, and named to who reads it.
        let again = running.program.foreign(&interpreter, &whole).await?;
        ensure!(again.code == Some(22) || again.out == first.out, "{interpreter}: {again:?}");
    }
    let listed = running.engine.request("GET", "/ebox/messages");
    let listed = listed.header("authorization", &format!("Bearer {}", running.token()));
    ensure!(listed.send().await.json()["totalItems"] == 3);
    Ok(())
}

/// What a company's software types to read its box, with a token: in Python, in
/// Rust.
#[tokio::test]
async fn examples_read_a_box_with_a_token() -> Result<()> {
    let mut running = Running::start().await?;
    let token = running.token();
    running.program = running.program.set("FACTEUR_TOKEN", &token);
    let [python, rust] = example("read_box")?;
    let publication = notice_with(json!([{ "httpPartName": "bill", "isMainContent": true }]));
    for ((interpreter, before), more) in [(python, vec!["-"]), (rust, vec![])] {
        let body = whole(&[message(&publication), file("bill", b"%PDF-1.7")]);
        let published = running.publication(&interpreter, &body).send().await.json();
        let id = published["messageId"].as_str().context("not published")?.to_owned();
        let url = [&*running.url];
        let whole: Vec<&str> = before.iter().map(String::as_str).chain(url).chain(more).collect();
        let read = running.program.foreign(&interpreter, &whole).await?;
        ensure!(read.code == Some(0) && read.out == format!("{id} 8\n"), "{read:?}");
        let again = running.program.foreign(&interpreter, &whole).await?;
        ensure!(again.out.is_empty(), "it was read: {again:?}");
    }
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
