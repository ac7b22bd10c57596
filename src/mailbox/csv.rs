//! Tables for spreadsheets.
//!
//! They are for people: headings, words and times are those of the reader's
//! language and of Belgium. A spreadsheet set up for Belgium expects a
//! semicolon between cells, and takes the bytes for UTF-8 only with the mark at
//! the beginning. Programs ask the REST interface.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Mailbox;
use crate::clock::belgian_time;
use crate::domain::Language;

/// What something is called in a language: by the names of the pages' texts.
pub type Wording = dyn Fn(Language, &str) -> String + Send + Sync;

/// The words of a table without texts: what comes after its kind in a name.
pub(super) fn plain(_: Language, name: &str) -> String {
    name.split_once('-').map_or(name, |(_, plain)| plain).to_owned()
}

/// What stands in the cells of one reader's table.
pub(super) struct Cells<'m> {
    wording: &'m Wording,
    pub(super) language: Language,
}

impl Mailbox {
    pub(super) fn cells(&self, language: Language) -> Cells<'_> {
        Cells { wording: &*self.wording, language }
    }
}

impl Cells<'_> {
    pub(super) fn say(&self, name: &str) -> String {
        (self.wording)(self.language, name)
    }

    pub(super) fn headings(&self, names: &[&str]) -> Vec<String> {
        names.iter().map(|name| self.say(&format!("csv-{name}"))).collect()
    }

    pub(super) fn yes(&self, is: bool) -> String {
        self.say(if is { "csv-yes" } else { "csv-no" })
    }

    /// In Belgium, to the minute.
    pub(super) fn time(at: Timestamp) -> String {
        belgian_time(at).strftime("%Y-%m-%d %H:%M").to_string()
    }

    pub(super) fn day(day: Option<Date>) -> String {
        day.map(|day| day.to_string()).unwrap_or_default()
    }
}

/// CSV (RFC 4180, with semicolons): CRLF, quotes where needed. A cell that a
/// spreadsheet would take for a formula begins with an apostrophe.
pub(super) struct Csv(String);

const MARK: char = '\u{feff}';
const BETWEEN: char = ';';

const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

impl Csv {
    /// With a line of headings.
    pub(super) fn with(headings: &[String]) -> Self {
        let mut csv = Self(MARK.into());
        csv.row(headings);
        csv
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                self.0.push(BETWEEN);
            }
            self.cell(cell);
        }
        self.0.push_str("\r\n");
    }

    fn cell(&mut self, text: &str) {
        let guard = if text.starts_with(FORMULA) { "'" } else { "" };
        if text.contains(['"', BETWEEN, '\r', '\n']) {
            self.0.push_str(&format!("\"{guard}{}\"", text.replace('"', "\"\"")));
        } else {
            self.0.push_str(guard);
            self.0.push_str(text);
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned);
        let mut csv = Csv::with(&row(["a", "b"]));
        csv.row(&row(["say \"hi\"; you", "=1+1"]));
        csv.row(&row(["two\nlines", "plain, simple"]));
        assert_eq!(
            csv.finish(),
            "\u{feff}a;b\r\n\"say \"\"hi\"\"; you\";'=1+1\r\n\"two\nlines\";plain, simple\r\n"
        );
        assert_eq!(Cells::time("2026-07-01T22:30:59.5Z".parse().unwrap()), "2026-07-02 00:30");
    }
}
