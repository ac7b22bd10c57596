//! Tables for spreadsheets.

/// CSV (RFC 4180): CRLF, quotes where needed. A cell that a spreadsheet would
/// take for a formula begins with an apostrophe.
pub(super) struct Csv(String);

const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

impl Csv {
    /// With a line of headings.
    pub(super) fn with(headings: &[&str]) -> Self {
        let mut csv = Self(String::new());
        csv.row(headings);
        csv
    }

    pub(super) fn row(&mut self, cells: &[&str]) {
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                self.0.push(',');
            }
            self.cell(cell);
        }
        self.0.push_str("\r\n");
    }

    fn cell(&mut self, text: &str) {
        let guard = if text.starts_with(FORMULA) { "'" } else { "" };
        if text.contains(['"', ',', '\r', '\n']) {
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
        let mut csv = Csv::with(&["a", "b"]);
        csv.row(&["say \"hi\", you", "=1+1"]);
        csv.row(&["two\nlines", "plain"]);
        assert_eq!(
            csv.finish(),
            "a,b\r\n\"say \"\"hi\"\", you\",'=1+1\r\n\"two\nlines\",plain\r\n"
        );
    }
}
