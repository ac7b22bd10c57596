//! Policy, printers, documents, index, identity provider.

use std::path::Path;

use anyhow::{Context, Result};
use facteur::clock::{Clock, SystemClock};

use super::Diagnosis;
use crate::document_store::places::{s3, variables};
use crate::support::foreign::Foreign;
use crate::support::program::Program;
use crate::support::world;

const SLIP: &str = "[[rule]]\nname = \"slip\"\nwhen = { message_types = [\"TAX-NOTISE\"] }
ruling = \"paper\"\nreason = \"SLIP\"\n\n[default]\nruling = \"digital\"\nreason = \"FIRST\"\n";

pub(super) async fn migrated() -> Result<Program> {
    let program = Program::new()?;
    program.ask(&["migrate"]).await?;
    Ok(program)
}

#[tokio::test]
async fn what_is_well_is_said_to_be() -> Result<()> {
    Diagnosis::of(&migrated().await?).await?.is_well()
}

#[tokio::test]
async fn faulty_policy_and_printers_are_named_at_once() -> Result<()> {
    let program = migrated().await?;
    let policy = program.file("policy.toml", "[[rule]]\nname = \"a\"\nruling = \"pigeon\"\n")?;
    let printers = program.file("printers.toml", "[[printer]]\ncolour = \"blue\"\n")?;
    let program = program.with("POLICY__PATH", &policy).with("PAPER__PRINTERS", &printers);
    let found = Diagnosis::of(&program).await?;
    found.says("policy", "policy.toml", "facteur config check")?;
    found.says("printers", "paper.printers", "paper.printers names")?;
    anyhow::ensure!(found.unfit() == ["policy", "printers"], "{:?}", found.0);
    Ok(())
}

#[tokio::test]
async fn policy_that_names_what_the_registry_does_not_know_is_named() -> Result<()> {
    let program = migrated().await?;
    let policy = program.file("policy.toml", SLIP)?;
    let program = program.with("POLICY__PATH", &policy);
    // Nothing is registered yet.
    Diagnosis::of(&program).await?.is_well()?;
    let registry = program.file("registry.jsonl", &world::registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &registry]).await?;
    program.ask(&["topology", "declare"]).await?;
    let found = Diagnosis::of(&program).await?;
    found.names("policy", "line 1: rule \"slip\" names the message type TAX-NOTISE", "mend the id")
}

/// Nobody may make a file there, not even root.
#[tokio::test]
async fn documents_that_cannot_be_written_are_named() -> Result<()> {
    let program = migrated().await?.with("DOCUMENTS__URL", "file:///proc/self");
    Diagnosis::of(&program).await?.names(
        "documents",
        "document store",
        "may this process write",
    )?;
    let file = program.file("a-file", "")?;
    let program = program.with("DOCUMENTS__URL", &format!("file://{file}"));
    Diagnosis::of(&program).await?.names("documents", "folder", "may this process write")
}

#[tokio::test]
async fn temporary_folder_that_cannot_be_written_is_named() -> Result<()> {
    let program = migrated().await?.set("TMPDIR", "/proc/self");
    let found = Diagnosis::of(&program).await?;
    found.names("temporary folder", "nothing is kept in /proc/self", "set TMPDIR")
}

#[tokio::test]
async fn s3_with_a_wrong_account_bucket_or_address_is_named() -> Result<()> {
    let place = s3().await?;
    let with = |program: Program, endpoint: &str, account: &str| {
        let set = |program: Program, (name, value): (String, String)| program.set(&name, &value);
        variables(endpoint, account).into_iter().fold(program, set)
    };
    let program = with(migrated().await?, place.endpoint(), "S3RVER");
    let program = program.with("DOCUMENTS__URL", &place.url);
    Diagnosis::of(&program).await?.is_well()?;
    let program = program.with("DOCUMENTS__URL", "s3://nowhere/x");
    Diagnosis::of(&program).await?.names("documents", "NoSuchBucket", "does the bucket exist")?;
    let program = program.with("DOCUMENTS__URL", &place.url);
    let program = with(program, place.endpoint(), "guessed");
    Diagnosis::of(&program).await?.names("documents", "", "AWS_SECRET_ACCESS_KEY")?;
    let program = with(program, "http://127.0.0.1:1", "S3RVER");
    Diagnosis::of(&program).await?.names("documents", "", "is the store up")
}

#[tokio::test]
async fn damaged_or_unwritable_index_is_named() -> Result<()> {
    let program = migrated().await?;
    program.ask(&["search", "rebuild"]).await?;
    let folder = program.folder.path().join("search");
    for file in generation(&folder)?.read_dir()? {
        let path = file?.path();
        let is_state = path.file_name().is_some_and(|name| name == "meta.json");
        if is_state {
            std::fs::write(path, "{ not what it was")?;
        }
    }
    let found = Diagnosis::of(&program).await?;
    found.names("search", "search index", "facteur search rebuild")?;
    program.ask(&["search", "rebuild"]).await?;
    Diagnosis::of(&program).await?.is_well()?;
    let program = program.with("SEARCH__PATH", "/proc/self/index");
    Diagnosis::of(&program).await?.names("search", "folder", "search.path")
}

fn generation(folder: &Path) -> Result<std::path::PathBuf> {
    let name = std::fs::read_to_string(folder.join("current"))?;
    let path = folder.join(name.trim());
    path.is_dir().then_some(path).context("no generation")
}

#[tokio::test]
async fn identity_provider_that_is_away_or_another_is_named() -> Result<()> {
    let provider = Foreign::start("identity_provider.mjs", &["http://127.0.0.1:9"]).await?;
    let with = |program: Program, issuer: &str| {
        let program = program.with("SIGN_IN__ISSUER", issuer);
        program.with("SIGN_IN__CLIENT_ID", "facteur").with("SIGN_IN__PERSON_KEY", "a secret")
    };
    let program = with(migrated().await?, &provider.address);
    let program = program.with("SIGN_IN__BASE_URL", "http://127.0.0.1:9");
    Diagnosis::of(&program).await?.is_well()?;
    // Its own name has no slash at the end.
    let program = with(program, &format!("{}/", provider.address));
    let found = Diagnosis::of(&program).await?;
    found.names("identity provider", "did not answer", "exactly what the provider calls itself")?;
    let program = with(program, "http://127.0.0.1:1");
    Diagnosis::of(&program).await?.names("identity provider", "", "this machine")
}
