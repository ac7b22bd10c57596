//! The paths that a Rust source names, without a compiler: enough to tell
//! which crates and rooms it leans on.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

/// Comments and literals, in which nothing is named.
static SILENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r##"(?sx) //[^\n]*                      # to the end of the line
          | /\*.*?\*/
          | \br\#\#".*?"\#\# | \br\#".*?"\#  # raw, with its hashes
          | \br"[^"]*"
          | "(?:\\.|[^"\\])*"
          | '(?:\\[^']+|[^'\\])'               # a character, not a lifetime
        "##,
    )
});

static USE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:use|extern\s+crate)\s+(?P<tree>[^;]+);"));

/// A path in an expression or a type; what stands behind another `::` or a
/// `>` is the rest of a path, not the beginning of one.
static PATH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^\w:>])(?:::)?(?P<path>[A-Za-z_]\w*(?:::\w+)+)"));

/// The paths from their beginning: `lapin::Channel`, `crate::queue::open`.
pub(crate) fn mentions(source: &str) -> BTreeSet<String> {
    let spoken = SILENT.replace_all(source, " ");
    let mut found = BTreeSet::new();
    for tree in USE.captures_iter(&spoken) {
        let tree: String = tree["tree"].split_whitespace().collect::<Vec<_>>().join(" ");
        expand("", &tree, &mut found);
    }
    let rest = USE.replace_all(&spoken, " ");
    found.extend(PATH.captures_iter(&rest).map(|path| path["path"].to_owned()));
    found
}

/// `std::{fmt, fs::File}` → `std::fmt`, `std::fs::File`.
fn expand(prefix: &str, tree: &str, found: &mut BTreeSet<String>) {
    let tree = tree.trim();
    match tree.split_once('{') {
        Some((path, group)) => {
            let prefix = format!("{prefix}{}", path.trim());
            let group = group.trim_end().strip_suffix('}').unwrap_or(group);
            branches(group).for_each(|branch| expand(&prefix, branch, found));
        }
        None if tree.is_empty() => {}
        None => {
            let path = tree.split(' ').next().unwrap_or(tree);
            found.insert(format!("{prefix}{path}").trim_start_matches("::").to_owned());
        }
    }
}

/// Splits at the commas that stand in no inner group.
fn branches(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    group.split(move |character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}
