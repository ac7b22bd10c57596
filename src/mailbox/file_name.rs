//! Names of files, shown, saved and in an archive, of what senders wrote: they lead to no other
//! folder, mean nothing to any system, and hide nothing.

use std::collections::BTreeSet;

use jiff::civil::Date;

/// Of a name, so that a folder and a file fit into every system's path.
const NAME_CHARS_MAX: usize = 80;
const SUBJECT_CHARS_MAX: usize = 50;

/// Names that Windows takes for devices, whatever follows the dot.
const DEVICES: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8",
    "COM9", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

/// The name of a file for people, of what a sender wrote, who percent-encodes
/// what is outside ISO-8859-1.
#[must_use]
pub fn shown_name(given: &str) -> String {
    match trimmed(&decoded(given)) {
        "" => "document".to_owned(),
        name => name.to_owned(),
    }
}

fn decoded(given: &str) -> String {
    harmless(&percent_encoding::percent_decode_str(given).decode_utf8_lossy())
}

/// The folder of the n-th message of a selection.
pub(super) fn folder_name(n: usize, arrived: Date, subject: &str) -> String {
    let subject: String = harmless(subject).chars().take(SUBJECT_CHARS_MAX).collect();
    let name = format!("{n:03} {arrived} {}", subject.trim());
    trimmed(&name).to_owned()
}

/// The name of a file, another one than those already taken (in any case, as
/// some systems know no difference).
pub(super) fn file_name(given: &str, taken: &mut BTreeSet<String>) -> String {
    let name = decoded(given);
    let name = trimmed(&name);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 8 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let stem: String = stem.chars().take(NAME_CHARS_MAX).collect();
    let stem = match trimmed(&stem) {
        "" => "document",
        stem => stem,
    };
    let is_device = DEVICES.iter().any(|device| {
        stem.split('.').next().unwrap_or_default().trim().eq_ignore_ascii_case(device)
    });
    let guard = if is_device { "_" } else { "" };
    let mut n = 1;
    loop {
        let again = if n == 1 { String::new() } else { format!(" ({n})") };
        let name = format!("{guard}{stem}{again}{ending}");
        if taken.insert(name.to_lowercase()) {
            return name;
        }
        n += 1;
    }
}

/// Without what separates folders, what systems refuse, and marks that turn
/// the direction of writing to make an ending look like another.
fn harmless(text: &str) -> String {
    let is_refused = |c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c);
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    text.chars().filter(|c| !turns(*c)).map(|c| if is_refused(c) { '_' } else { c }).collect()
}

/// Neither hidden by a dot at the beginning nor changed by one at the end.
fn trimmed(name: &str) -> &str {
    name.trim_matches(|c: char| c == '.' || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_leads_nowhere_and_hides_nothing() {
        for (given, name) in [
            ("note.pdf", "note.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..%2F..%2Fa.pdf", "_.._a.pdf"),
            (r"C:\Windows\a.pdf", "C__Windows_a.pdf"),
            ("/absolute.pdf", "_absolute.pdf"),
            ("con.pdf", "_con.pdf"),
            ("LPT1", "_LPT1"),
            ("a\u{202e}fdp.exe", "afdp.exe"),
            ("a\r\nb\0.txt", "a__b_.txt"),
            ("...", "document"),
            (" .hidden. ", "hidden"),
            ("", "document"),
            ("=1+1.csv", "=1+1.csv"),
        ] {
            assert_eq!(file_name(given, &mut BTreeSet::new()), name, "{given:?}");
        }
        let long = "é".repeat(300) + ".pdf";
        assert_eq!(file_name(&long, &mut BTreeSet::new()).chars().count(), NAME_CHARS_MAX + 4);
    }

    #[test]
    fn a_name_is_shown_as_it_was_meant_and_hides_nothing() {
        for (given, name) in [
            ("%E2%82%AC.pdf", "€.pdf"),
            ("%CE%A4%CE%B9%CE%BC%CE%AE.pdf", "Τιμή.pdf"),
            ("x%E2%80%AEfdp.exe", "xfdp.exe"),
            ("50 % off.pdf", "50 % off.pdf"),
            ("%2e%2e%2fa.pdf", "_a.pdf"),
            ("%E2%80%AE", "document"),
        ] {
            assert_eq!(shown_name(given), name, "{given}");
        }
    }

    #[test]
    fn names_that_are_taken_are_numbered() {
        let mut taken = BTreeSet::new();
        let names = ["a.pdf", "A.PDF", "a.pdf"].map(|name| file_name(name, &mut taken));
        assert_eq!(names, ["a.pdf", "A (2).PDF", "a (3).pdf"]);
    }

    #[test]
    fn folders_are_in_the_order_of_the_list() {
        let day = jiff::civil::date(2026, 11, 25);
        assert_eq!(folder_name(7, day, "Avis: 1/2 "), "007 2026-11-25 Avis_ 1_2");
        assert_eq!(folder_name(1, day, "../.."), "001 2026-11-25 .._");
        assert_eq!(folder_name(1, day, ""), "001 2026-11-25");
    }
}
