//! What the manual of security claims can be looked up.

mod container;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use regex::Regex;
use serde_json::Value;

use crate::shipped::{ROOT, text};

/// Attacks that the manual must speak of.
const THREATS: &[&str] = &[
    "An agency that forges another",
    "A company that reads another's mail",
    "A printer that reads what it does not print",
    "An operator who reads content",
    "A broker that is stolen",
    "A database that is stolen",
];

/// The functions of the tests in a folder, without a compiler.
fn functions(folder: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    let function = Regex::new(r"\bfn ([a-z0-9_]+)|: ([a-z0-9_]+),\s+([a-z0-9_]+);")?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            functions(&path, found)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path)?;
            // Tests of macros are named behind their case: `case: sqlite_x, postgres_x;`.
            let names = function.captures_iter(&text).flat_map(|found| {
                let names: Vec<String> =
                    found.iter().skip(1).flatten().map(|name| name.as_str().to_owned()).collect();
                names
            });
            found.extend(names);
        }
    }
    Ok(())
}

#[test]
fn every_threat_names_tests_that_exist() -> Result<()> {
    let manual = text("SECURITY.md")?;
    let mut known = BTreeSet::new();
    for folder in ["src", "tests/it"] {
        functions(&Path::new(ROOT).join(folder), &mut known)?;
    }
    let test = Regex::new("`([a-z0-9_]{12,})`")?;
    for threat in THREATS {
        let (_, rest) = manual.split_once(&format!("### {threat}")).context(*threat)?;
        let section = rest.split("\n### ").next().unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let named: Vec<_> = test.captures_iter(section).map(|it| it[1].to_owned()).collect();
        ensure!(named.len() >= 2, "{threat} is shown by {named:?}");
        for name in named {
            ensure!(known.contains(&name), "{threat}: there is no test {name}");
        }
        ensure!(section.contains("Not defended:"), "{threat}: what is not defended?");
    }
    Ok(())
}

#[test]
fn container_runs_as_nobody_in_particular() -> Result<()> {
    let file = text("Dockerfile")?;
    let last = file.rsplit("\nFROM ").next().context("no stage")?;
    ensure!(Regex::new(r"(?m)^USER [1-9]\d+$")?.is_match(last), "{last}");
    ensure!(!last.contains("cargo"), "the toolchain is left in the image");
    let compose = crate::shipped::yaml("docker-compose.yml")?;
    let engine = &compose["services"]["engine"];
    ensure!(engine["read_only"] == true && engine["cap_drop"][0] == "ALL", "{engine}");
    // Documents pass through temporary files, which need a place that is no root.
    let place = engine["environment"]["TMPDIR"].as_str().context("no TMPDIR")?;
    let volumes = engine["volumes"].as_array().context("no volumes")?;
    let is_there = |volume: &Value| {
        let volume = volume.as_str().unwrap_or_default();
        !volume.ends_with(":ro") && volume.ends_with(&format!(":{place}"))
    };
    ensure!(volumes.iter().any(is_there), "{place} is no volume: {volumes:?}");
    Ok(())
}
