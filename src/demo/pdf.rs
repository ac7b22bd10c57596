//! A PDF of one page with lines of text: what an agency's letter looks like
//! (ISO 32000-1, the least that a viewer opens).

use std::fmt::Write as _;

/// A page with these lines, the first as its title.
pub(super) fn page(lines: &[&str]) -> Vec<u8> {
    let mut text = String::from("BT /F1 16 Tf 72 760 Td 20 TL ");
    for (n, line) in lines.iter().enumerate() {
        let size = if n == 1 { "/F1 11 Tf " } else { "" };
        // A String takes everything.
        let _infallible = write!(text, "{size}({}) Tj T* ", escaped(line));
    }
    text.push_str("ET");
    document(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .into(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into(),
    ])
}

/// In a literal string, letters beyond ASCII as octal codes of WinAnsi, which
/// is Latin-1 for those of our languages.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '(' | ')' | '\\' => escaped.extend(['\\', letter]),
            ' '..='~' => escaped.push(letter),
            _ => {
                let code = u32::from(letter);
                let code = if code < 256 { code } else { u32::from('?') };
                let _infallible = write!(escaped, "\\{code:03o}");
            }
        }
    }
    escaped
}

fn document(objects: &[String]) -> Vec<u8> {
    let mut pdf = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (n, object) in (1..).zip(objects) {
        places.push(pdf.len());
        let _infallible = write!(pdf, "{n} 0 obj\n{object}\nendobj\n");
    }
    let (table, count) = (pdf.len(), objects.len() + 1);
    let _infallible = write!(pdf, "xref\n0 {count}\n0000000000 65535 f \n");
    for place in places {
        let _infallible = writeln!(pdf, "{place:010} 00000 n ");
    }
    let _infallible =
        write!(pdf, "trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    pdf.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_where_each_object_begins() {
        let pdf = page(&["Décision (n° 7)", "Line"]);
        let text = String::from_utf8(pdf).unwrap();
        assert!(text.contains("(D\\351cision \\(n\\260 7\\)) Tj"));
        let table = text.split("xref\n0 6\n").nth(1).unwrap();
        for (n, line) in (1..=5).zip(table.lines().skip(1)) {
            let place: usize = line.split(' ').next().unwrap().parse().unwrap();
            assert!(text.get(place..).unwrap().starts_with(&format!("{n} 0 obj")), "{n}");
        }
    }
}
