//! Letters from the agency's queue to the post, by nothing but our own
//! programs: an engine on RabbitMQ and PostgreSQL, and two print rooms, one at
//! the broker and one over REST. That one is killed midway.
//!
//! `./dev letters N` runs it with N letters instead of some.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
use facteur::domain::Digest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::reading::sheets;
use super::scale::{Phases, Scale};
use crate::paper::whole::{feed_holds_the_end_of_each, registry};
use crate::support::ledgers;
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::{soon, until_done};
use crate::support::world::{Company, LETTER, TAX, notice};

const KEY: &str = "key-of-liege";
fn printers() -> String {
    let every_day = "working_days = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \
                     \"friday\", \"saturday\", \"sunday\"]\nworks_on_holidays = true\n";
    let digest = Digest::of(KEY.as_bytes());
    format!(
        "[[printer]]\nname = \"overflow\"\n{every_day}\n[[printer]]\nname = \"liege\"\n{every_day}\
         takes_from = \"rest\"\nkey_digest = \"{digest}\"\n[[printer.lane]]\n\
         postal_codes = [\"4000\", \"4999\"]\n"
    )
}

/// A letter to Brussels or to Liège; every fifth on both sides of its sheets.
fn letter(number: usize) -> Value {
    let mut letter = notice(Company::Boxless);
    letter["messageTypeId"] = json!(LETTER);
    letter["subject"] = json!({ "fr": format!("Avis {number}") });
    letter["registered"] = json!(number.is_multiple_of(7));
    let (code, town) =
        if number.is_multiple_of(2) { ("4000", "Liège") } else { ("1000", "Bruxelles") };
    letter["postal"] = json!({
        "address": { "lines": ["Rue Haute 1"], "postalCode": code, "town": town },
        "duplex": number.is_multiple_of(5),
    });
    letter
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_rabbitmq_letters_are_printed_once_past_a_killed_room() -> Result<()> {
    let Scale { letters: count, faults, window, killed_after } = Scale::of_run()?;
    let mut phases = Phases::start();
    let (vhost, ledger) = (VirtualHost::new(), ledgers::postgres().await?);
    let program = Program::new()?;
    let printers = program.file("printers.toml", &printers())?;
    let program = program
        .with("LEDGER__URL", &ledger.url)
        .with("QUEUE__URL", vhost.url())
        .with("PAPER__PRINTERS", &printers)
        .with("RELAY__LETTERS_WINDOW", window);
    let registry = program.file("registry.jsonl", &registry()?)?;
    program.ask(&["registry", "import", &registry]).await?;
    let letters: Vec<String> = (0..count).map(|number| letter(number).to_string()).collect();
    let campaign = program.file("campaign.jsonl", &letters.join("\n"))?;
    let foretold = program.ask(&["simulate", &campaign]).await?;
    phases.end("imported and simulated");
    let engine = program.serve().await;
    let web = engine.listens_on("web.listen").expect("it listens");
    program.ask(&["publish", "--application", TAX, &campaign]).await?;
    phases.end("published");

    let out = |name: &str| program.folder.path().join(name);
    let rest = format!("http://{web}");
    let brussels = ["printer", "--name", "overflow", "--out", "brussels"];
    let brussels = program.start(&[&brussels[..], &faults].concat(), "brussels.log");
    let liege = ["printer", "--name", "liege", "--out", "liege", "--rest", &rest, "--key", KEY];
    let liege = [&liege[..], &faults].concat();
    let mut killed = program.start(&liege, "liege-1.log");
    let journal = out("liege").join("journal.jsonl");
    until_done("a room has work in hand", async || {
        let journal = std::fs::read_to_string(&journal).unwrap_or_default();
        Some(journal.matches("claimed").count()).filter(|claimed| *claimed <= killed_after)
    })
    .await;
    killed.kill().await;
    phases.end("printed until the kill");
    let liege = program.start(&liege, "liege-2.log");
    let standing = async || ledger.account().await.map(|it| it.total.letters).unwrap_or_default();
    until_done("every letter has its end", async || {
        let letters = standing().await;
        let is_all = usize::try_from(letters.total()).is_ok_and(|all| all == count);
        (!is_all || letters.under_way() > 0).then_some(letters)
    })
    .await;
    phases.end("printed to the end");
    soon(liege.stop()).await;
    soon(brussels.stop()).await;
    feed_holds_the_end_of_each(web, count).await?;
    engine.stop().await;

    let account = program.ask(&["verify"]).await?;
    ensure!(account["difference"] == 0, "{account}");
    phases.end("feed read, verified");
    let failed = account["letters"]["failed"].as_u64().unwrap_or_default();
    ensure!(failed > 0, "nothing failed: {account}");
    let (sheets, printed) = printed_once(&[&out("brussels"), &out("liege")])?;
    phases.end("marks read");
    let rejected = rejected(&[&out("brussels"), &out("liege")])?;
    ensure!(printed + rejected == count, "{printed} printed, {rejected} rejected");
    ensure!(usize::try_from(foretold_letters(&foretold))? == count, "{foretold}");
    phases.show(&format!(
        "{count} letters: {printed} printed, {rejected} rejected, {failed} failed, {sheets} \
         sheets read, each once"
    ));
    Ok(())
}

/// How many sheets of how many letters lie in the rooms' folders, each once.
fn printed_once(outs: &[&Path]) -> Result<(usize, usize)> {
    let found = sheets(outs)?;
    ensure!(found.values().all(|times| *times == 1), "printed twice: {found:?}");
    let mut printed: BTreeMap<Uuid, usize> = BTreeMap::new();
    found.keys().for_each(|(job, _)| *printed.entry(*job).or_default() += 1);
    ensure!(printed.values().all(|sheets| *sheets == 2), "a cover and a page: {printed:?}");
    Ok((found.len(), printed.len()))
}

/// How many letters a simulation found, over all printers and days.
fn foretold_letters(foretold: &Value) -> u64 {
    let days = foretold["letters"].as_array().into_iter().flatten();
    days.filter_map(|day| day["letters"].as_u64()).sum()
}

/// How many letters the rooms rejected, by what they wrote down.
fn rejected(outs: &[&Path]) -> Result<usize> {
    let journals = outs.iter().map(|out| std::fs::read_to_string(out.join("journal.jsonl")));
    journals.map(|journal| Ok(journal?.matches("\"what\":\"rejected\"").count())).sum()
}
