//! Migrations only expand: what an older engine, which still runs, reads and
//! writes stays as it is. `schemas/kept/README.md` says how a release is kept.

use std::sync::LazyLock;

use anyhow::{Result, ensure};
use regex::Regex;

use crate::shipped::{ROOT, text};

/// What would break a statement of an older release: something goes, is called
/// otherwise, or must be given. An index may go: without it a statement is
/// slower, and says the same; one that is unique is a promise, and stays.
static CONTRACTS: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?ix)
        \b(?: drop | rename | truncate ) \b
      | \b alter \s+ column \b
      | \b set \s+ not \s+ null \b
      | \b add \s+ constraint \b
      | \b create \s+ (?: or \s+ replace \s+ )? (?: constraint \s+ )? (?: trigger | rule ) \b
      | \b alter \s+ table [^;]* \b check \b";
    Regex::new(text).unwrap_or_else(|fault| panic!("{fault}"))
});

static ADDED: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?is)\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?\w+\s+[^,;]*";
    Regex::new(text).unwrap_or_else(|fault| panic!("{fault}"))
});

/// What was free may be taken then: only a table that is new may have one.
static UNIQUE: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?is)\bcreate\s+unique\s+index\b[^;]*?\bon\s+(?<table>\w+)";
    Regex::new(text).unwrap_or_else(|fault| panic!("{fault}"))
});

static INDEX_GOES: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?i)\bdrop\s+index\s+(?<name>\w+)\s*;";
    Regex::new(text).unwrap_or_else(|fault| panic!("{fault}"))
});

/// How much of a column the planner knows changes what no statement says.
static STATISTICS: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?i)\balter\s+column\s+\w+\s+set\s+statistics\s+\d+\s*[,;]";
    Regex::new(text).unwrap_or_else(|fault| panic!("{fault}"))
});

fn is_unique(index: &str) -> bool {
    let first = text("schemas/postgres/0001_ledger.sql").unwrap_or_else(|fault| panic!("{fault}"));
    !first.contains(&format!("\nCREATE INDEX {index} "))
}

/// What in a migration is no expansion.
fn contractions(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let spoken: String = lines.collect::<Vec<_>>().join("\n");
    let spoken = STATISTICS.replace_all(&spoken, "");
    let spoken = INDEX_GOES.replace_all(&spoken, |found: &regex::Captures<'_>| {
        if is_unique(&found["name"]) { found[0].to_owned() } else { String::new() }
    });
    let lower = |text: &str| text.to_lowercase();
    let must_be_given = ADDED
        .find_iter(&spoken)
        .map(|found| found.as_str())
        .filter(|column| lower(column).contains("not null") && !lower(column).contains("default"));
    let is_new = |table: &str| lower(&spoken).contains(&lower(&format!("create table {table} ")));
    let unique = UNIQUE.captures_iter(&spoken).filter(|found| !is_new(&found["table"]));
    let unique = unique.filter_map(|found| found.get(0)).map(|found| found.as_str());
    let found = CONTRACTS.find_iter(&spoken).map(|found| found.as_str());
    found.chain(must_be_given).chain(unique).map(str::to_owned).collect()
}

#[test]
fn migrations_only_expand() -> Result<()> {
    for dialect in ["postgres", "sqlite"] {
        let folder = std::path::Path::new(ROOT).join("schemas").join(dialect);
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with("0001_") {
                continue;
            }
            let found = contractions(&text(&format!("schemas/{dialect}/{name}"))?);
            ensure!(found.is_empty(), "{dialect}/{name} takes from older engines: {found:?}");
        }
    }
    Ok(())
}

#[test]
fn a_contraction_is_seen() {
    for wrong in [
        "ALTER TABLE messages DROP COLUMN subject;",
        "ALTER TABLE messages RENAME TO mail;",
        "ALTER TABLE messages ADD COLUMN colour TEXT NOT NULL;",
        "ALTER TABLE messages ALTER COLUMN subject TYPE BYTEA;",
        "DROP TABLE messages;",
        "CREATE UNIQUE INDEX messages_by_key ON messages (key);",
        "CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON messages EXECUTE FUNCTION no();",
        "ALTER TABLE messages ADD CHECK (length(key) < 9);",
        "DROP INDEX letters_again;",
    ] {
        assert_eq!(contractions(wrong).len(), 1, "{wrong}");
    }
    for right in [
        "-- What we DROP is told here.\nCREATE TABLE notices (id BIGINT NOT NULL);",
        "ALTER TABLE messages ADD COLUMN colour TEXT;",
        "ALTER TABLE messages ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';",
        "CREATE INDEX messages_by_colour ON messages (colour);",
        "CREATE TABLE hues (hue TEXT CHECK (hue <> ''));\nCREATE UNIQUE INDEX u ON hues (hue);",
        "DROP INDEX letters_by_day;",
    ] {
        assert!(contractions(right).is_empty(), "{right}: {:?}", contractions(right));
    }
}
