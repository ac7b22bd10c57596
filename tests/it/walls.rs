//! The walls between the rooms of `src/`: which room may name which crate.
//!
//! Reads every source file for the paths that it mentions. What a wall keeps
//! out, and why, stands in [`WALLS`] and [`PURE`].

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::mentions::mentions;

/// A crate, or a part of one, that only some rooms may name.
struct Wall {
    names: &'static [&'static str],
    rooms: &'static [&'static str],
}

const WALLS: &[Wall] = &[
    Wall { names: &["lapin"], rooms: &["queue/"] },
    Wall { names: &["sqlx"], rooms: &["ledger/", "queue/embedded", "sqlite.rs"] },
    Wall { names: &["tantivy"], rooms: &["search/"] },
    Wall {
        names: &["axum", "http", "hyper", "hyper_util", "tower", "tower_http"],
        rooms: &["web/"],
    },
    Wall { names: &["metrics", "metrics_exporter_prometheus"], rooms: &["telemetry/"] },
    Wall { names: &["object_store"], rooms: &["documents/"] },
    Wall { names: &["openidconnect", "reqwest"], rooms: &["web/"] },
    Wall { names: &["askama", "fluent_templates"], rooms: &["web/", "notices/"] },
    Wall { names: &["lettre"], rooms: &["notices/"] },
    Wall {
        names: &["krilla", "hayro_syntax", "datamatrix", "skrifa", "ureq"],
        rooms: &["print_room/"],
    },
    Wall { names: &["zip"], rooms: &["documents/", "paper/", "print_room/"] },
];

/// Rooms that know no I/O: they read no file, no socket, no clock and no
/// environment, wait for nothing, and of this crate name these rooms alone.
const PURE: &[(&str, &[&str])] = &[
    ("domain/", &["domain"]),
    ("route/", &["domain", "route"]),
    ("decide/", &["domain", "route", "decide"]),
    ("paper/address.rs", &["domain", "paper"]),
    ("paper/letter.rs", &["domain", "paper"]),
    ("paper/plan/", &["domain", "paper"]),
    ("paper/printer.rs", &["domain", "paper"]),
    ("paper/report.rs", &["domain", "paper"]),
    ("paper/ticket.rs", &["domain", "paper"]),
];

const IO: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::env",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tokio_util",
    "futures_util",
    "tracing",
    "rand",
];

/// Where rows of messages are changed: what lists go by in `mark.rs` alone, which
/// moves the box's mail position. Totals that are kept stand on it.
const CHANGES_MESSAGES: [&str; 3] =
    ["ledger/expiry.rs", "ledger/letters/unread.rs", "ledger/mailbox/mark.rs"];

#[test]
fn messages_are_changed_in_three_places_and_deleted_in_none() {
    let sources = all_sources().expect("the sources can be read");
    let places = |statement: &str| {
        let places = sources.iter().filter(|(_, text)| text.contains(statement));
        places.map(|(place, _)| place.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(places("UPDATE messages "), CHANGES_MESSAGES);
    assert_eq!(places("DELETE FROM messages "), [""; 0]);
}

#[test]
fn every_room_keeps_its_walls() {
    let sources = all_sources().expect("the sources can be read");
    let breaches: Vec<_> = sources.iter().flat_map(|(place, text)| breaches(place, text)).collect();
    assert!(breaches.is_empty(), "walls are broken:\n{}", breaches.join("\n"));
}

#[test]
fn a_breach_is_seen() {
    let planted = [
        ("domain/medium.rs", "use tokio::fs;"),
        ("domain/medium.rs", "use std::{fmt, fs::File};"),
        ("domain/medium.rs", "use crate::{domain::ids, ledger::Ledger};"),
        ("route/mod.rs", "fn f() { let file = std::fs::read(path); }"),
        ("decide/mod.rs", "use crate::clock::Clock;"),
        ("web/api.rs", "fn f() -> sqlx::Result<()> { Ok(()) }"),
        ("intake/lane.rs", "use lapin::Channel;"),
        ("queue/mod.rs", "impl From<::sqlx::Error> for Fault {}"),
        ("relay/mod.rs", "fn f() { metrics::counter!(\"x\").increment(1); }"),
        ("ledger/mod.rs", "pub(crate) use tantivy as engine;"),
        ("lib.rs", "extern crate axum;"),
        ("ledger/notices/send.rs", "use lettre::Message;"),
    ];
    for (place, text) in planted {
        assert_eq!(breaches(place, text).len(), 1, "{place}: {text}");
    }
}

#[test]
fn what_is_no_breach_is_left_alone() {
    let honest = [
        ("queue/amqp/link.rs", "use lapin::Channel;"),
        ("queue/embedded/store.rs", "use sqlx::SqlitePool;"),
        ("queue/embedded.rs", "use sqlx::SqlitePool;"),
        ("web/mod.rs", "//! Unlike `sqlx::Pool`, see [`lapin::Channel`].\nuse axum::Router;"),
        ("relay/mod.rs", "use crate::telemetry::{metrics::Names, http as telemetry_http};"),
        ("domain/mod.rs", "const HELP: &str = \"tokio::spawn\"; /* std::fs::read */"),
        ("decide/mod.rs", "use crate::domain::Medium; use std::collections::HashMap;"),
    ];
    for (place, text) in honest {
        assert_eq!(breaches(place, text), Vec::<String>::new(), "{place}: {text}");
    }
}

/// What a file at `place` (below `src/`) names but may not.
fn breaches(place: &str, text: &str) -> Vec<String> {
    mentions(text)
        .iter()
        .filter(|mention| is_walled_off(place, mention) || is_impure(place, mention))
        .map(|mention| format!("src/{place} names {mention}"))
        .collect()
}

fn is_walled_off(place: &str, mention: &str) -> bool {
    WALLS.iter().any(|wall| {
        wall.names.iter().any(|name| is_within(mention, name))
            && !wall.rooms.iter().any(|room| place.starts_with(room))
    })
}

fn is_impure(place: &str, mention: &str) -> bool {
    let Some((_, friends)) = PURE.iter().find(|(room, _)| place.starts_with(room)) else {
        return false;
    };
    IO.iter().any(|name| is_within(mention, name)) || names_another_room(mention, friends)
}

/// A lower-case second segment is a room; a type or a macro of the crate's
/// root is nobody's.
fn names_another_room(mention: &str, friends: &[&str]) -> bool {
    let room = mention.strip_prefix("crate::").and_then(|path| path.split("::").next());
    room.is_some_and(|room| {
        room.starts_with(|first: char| first.is_ascii_lowercase()) && !friends.contains(&room)
    })
}

fn is_within(mention: &str, name: &str) -> bool {
    mention.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn all_sources() -> std::io::Result<Vec<(String, String)>> {
    let sources = sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")))?;
    assert!(!sources.is_empty(), "no source was read");
    Ok(sources)
}

/// Every source file: its path below `root`, and its text.
fn sources(root: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut folders = vec![root.to_owned()];
    let mut files = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            if path.is_dir() {
                folders.push(path);
            } else if is_source {
                files.insert(path);
            }
        }
    }
    files.into_iter().map(|path| read(root, path)).collect()
}

fn read(root: &Path, path: PathBuf) -> std::io::Result<(String, String)> {
    let place = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    Ok((place, fs::read_to_string(path)?))
}
