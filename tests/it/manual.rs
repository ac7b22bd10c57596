//! What the manuals tell people to type exists: commands, flags, keys, files.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use clap::{Command, CommandFactory};
use facteur::cli::Cli;
use regex::Regex;

use crate::house::{key, keys};
use crate::shipped::{ROOT, text};

const MANUALS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "config/runbook.md",
    "docs/choices.md",
    "docs/faults.md",
    "docs/numbers.md",
    "docs/operations.md",
    "docs/printing.md",
    "docs/registry.md",
];

#[test]
fn commands_and_flags_exist() -> Result<()> {
    // In code, at its beginning or behind what starts a command in a shell.
    let call = Regex::new(r"(?m)(?:^|`|\$ )facteur (?<rest>[^`\n|#]*)")?;
    let run = Regex::new(r"cargo run (?:--release )?-- (?<rest>[^`\n|#]*)")?;
    let mut found = 0;
    for manual in MANUALS {
        let text = text(manual)?.replace("\\\n", " ");
        for call in call.captures_iter(&text).chain(run.captures_iter(&text)) {
            assert_eq!(fault(&call["rest"]), None, "{manual}: {}", &call[0]);
            found += 1;
        }
    }
    assert!(found > 20, "only {found} commands were seen");
    Ok(())
}

#[test]
fn a_command_that_does_not_exist_is_seen() {
    for wrong in ["printer --names x", "serve --role web", "quarantine erase", "frobnicate"] {
        assert!(fault(wrong).is_some(), "{wrong}");
    }
    for right in
        ["serve --roles web", "quarantine list --state held", "--json verify", "explain ID"]
    {
        assert_eq!(fault(right), None, "{right}");
    }
}

#[test]
fn configuration_keys_exist() -> Result<()> {
    let variable = Regex::new(r"\bFACTEUR__[A-Z0-9_]+")?;
    let keys = keys()?;
    for manual in MANUALS {
        for variable in variable.find_iter(&text(manual)?) {
            let name = variable.as_str();
            let is_key = |name: &str| keys.contains(&key(name));
            let is_known = is_key(name) || name.strip_suffix("_FILE").is_some_and(is_key);
            assert!(is_known, "{manual} sets {name}");
        }
    }
    Ok(())
}

#[test]
fn links_lead_somewhere() -> Result<()> {
    let link = Regex::new(r"\]\((?<to>[^)#\s]+)(?:#[^)]*)?\)")?;
    for manual in MANUALS {
        let folder = Path::new(ROOT).join(manual);
        let folder = folder.parent().unwrap_or(Path::new(ROOT));
        for link in link.captures_iter(&text(manual)?) {
            let to = &link["to"];
            let is_elsewhere = to.contains("://");
            assert!(is_elsewhere || folder.join(to).metadata().is_ok(), "{manual} leads to {to}");
        }
    }
    Ok(())
}

#[test]
fn every_room_is_on_the_map() -> Result<()> {
    let map = text("ARCHITECTURE.md")?;
    for entry in std::fs::read_dir(Path::new(ROOT).join("src"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = if entry.path().is_dir() { format!("{name}/") } else { name };
        assert!(map.contains(&format!("`{name}`")), "{name} is not on the map");
    }
    Ok(())
}

/// The word of a call that is no command and no flag, if there is one.
fn fault(call: &str) -> Option<String> {
    let program = Cli::command();
    let (mut command, mut flags) = (&program, flags(&program));
    for word in call.split_whitespace() {
        if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap_or(flag);
            if !flags.contains(flag) {
                return Some(word.to_owned());
            }
        } else if let Some(next) = command.find_subcommand(word) {
            command = next;
            flags.extend(self::flags(next));
        } else if command.has_subcommands() {
            return Some(word.to_owned());
        }
    }
    None
}

fn flags(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|flag| flag.get_long()).map(str::to_owned);
    own.chain(["help".to_owned(), "version".to_owned()]).collect()
}
