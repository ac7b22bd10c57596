//! The program's commands, as people and scripts use them: answers, exit
//! codes, and words that name what is wrong.

mod faults;
mod line;

use anyhow::{Result, ensure};

use crate::support::program::Program;

const COMMANDS: &[&str] = &[
    "demo",
    "serve",
    "migrate",
    "config check",
    "config print",
    "doctor",
    "registry import",
    "registry export",
    "registry check",
    "publish",
    "printer",
    "explain",
    "simulate",
    "quarantine list",
    "quarantine show",
    "quarantine replay",
    "quarantine discard",
    "verify",
    "search query",
    "search rebuild",
    "schema",
    "topology declare",
    "topology check",
];

#[tokio::test]
async fn every_command_explains_itself() -> Result<()> {
    let program = Program::new()?;
    let all = program.run(&["--help"]).await?;
    ensure!(all.code == Some(0) && all.out.contains("Exit codes:"), "{all:?}");
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').collect();
        ensure!(all.out.contains(words[0]), "{command} is not in the list");
        let help = program.run(&[&words[..], &["--help"]].concat()).await?;
        ensure!(help.code == Some(0), "{command}: {help:?}");
        ensure!(help.out.contains("Usage: facteur") && help.err.is_empty(), "{command}: {help:?}");
    }
    let left: Vec<_> = std::fs::read_dir(program.folder.path())?.collect();
    ensure!(left.is_empty(), "asking for help made files: {left:?}");
    Ok(())
}

#[tokio::test]
async fn wrong_arguments_end_with_2() -> Result<()> {
    let program = Program::new()?;
    for arguments in [
        &[][..],
        &["deliver"],
        &["demo", "--exit"],
        &["demo", "--documents", "0"],
        &["serve", "--roles", "postman"],
        &["explain"],
        &["explain", "not-an-id"],
        &["publish", "--application", "a"],
        &["publish", "file.json"],
        &["quarantine", "list", "--code", "NONE"],
        &["quarantine", "list", "--state", "lost"],
        &["quarantine", "replay"],
        &["search", "query", "--enterprise", "0123456789"],
        &["search", "query", "--language", "it"],
        &["registry"],
        &["topology", "delete"],
    ] {
        let ended = program.run(arguments).await?;
        ensure!(ended.code == Some(2), "{arguments:?}: {ended:?}");
        ensure!(!ended.err.is_empty() && ended.out.is_empty(), "{arguments:?}: {ended:?}");
    }
    Ok(())
}
