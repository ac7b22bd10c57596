//! Sets are drawn as they are promised; what a reader makes of them is shown
//! by the tests that render them.

use super::*;
use crate::paper::report::Cause;
use crate::print_room::package::Document as Content;
use crate::print_room::sample;

fn text(lines: usize) -> Content {
    let content = (0..lines).fold(String::new(), |text, line| format!("{text}line {line}\n"));
    Content { name: "a.txt".into(), media_type: "text/plain".into(), content: content.into() }
}

fn draw(ticket: Ticket, documents: Vec<Content>, press: Press) -> Result<Set, Rejection> {
    Prepared::read(Package { ticket, documents }, 20)?.draw(press, 20)
}

#[test]
fn sheets_and_pages_are_counted() {
    let set = draw(sample::ticket(), vec![text(70), text(1)], Press::OneSided).unwrap();
    assert_eq!((set.pages, set.sheets), (4, 4));
    let mut duplex = sample::ticket();
    duplex.options.duplex = true;
    let set = draw(duplex, vec![text(70), text(1)], Press::TwoSided).unwrap();
    assert_eq!((set.pages, set.sheets), (6, 3));
    let simplex = draw(sample::ticket(), vec![text(70), text(1)], Press::TwoSided).unwrap();
    assert_eq!((simplex.pages, simplex.sheets), (8, 4));
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    let drawn = || draw(sample::ticket(), vec![text(10)], Press::OneSided).unwrap();
    assert!(drawn() == drawn());
}

#[test]
fn more_than_an_envelope_takes_is_rejected() {
    let rejection = draw(sample::ticket(), vec![text(1_200)], Press::OneSided).unwrap_err();
    assert_eq!(rejection.cause, Cause::TooThick, "{rejection}");
    assert_eq!(rejection.detail, "21 sheets; at most 20 are put into an envelope");
    let rejection = draw(sample::ticket(), vec![text(60 * 45)], Press::OneSided).unwrap_err();
    assert_eq!(rejection.cause, Cause::TooThick, "{rejection}");
}

#[test]
fn an_address_that_does_not_fit_its_window_is_rejected() {
    let wide = "W".repeat(60);
    for (lines, detail) in [
        (vec!["a"; 10], "10 lines; the window shows 1 to 9"),
        (vec![], "0 lines; the window shows 1 to 9"),
        (vec!["SA", "東京"], "the room has no letter for '東' (U+6771)"),
        (vec!["SA", &wide], "is wider than the window"),
    ] {
        let mut ticket = sample::ticket();
        ticket.address.lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let rejection = draw(ticket, vec![text(1)], Press::OneSided).unwrap_err();
        assert_eq!(rejection.cause, Cause::Address, "{rejection}");
        assert!(rejection.detail.ends_with(detail), "{rejection}");
    }
}

#[test]
fn cyrillic_and_nine_lines_fit() {
    let mut ticket = sample::ticket();
    ticket.address.lines = (1..=8).map(|line| format!("бул. Витоша {line}")).collect();
    ticket.address.lines.push("BULGARIA".into());
    assert!(draw(ticket, vec![text(1)], Press::OneSided).is_ok());
}

#[test]
fn pixels_that_turn_out_broken_are_rejected() {
    // A header that promises what no data follows.
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
                \0\0\0\x04IDATabcd\0\0\0\0";
    let broken =
        Content { name: "b.png".into(), media_type: "image/png".into(), content: png.to_vec() };
    let rejection = draw(sample::ticket(), vec![broken], Press::OneSided).unwrap_err();
    assert_eq!(rejection.cause, Cause::Unprintable, "{rejection}");
}

#[test]
fn names_are_shown_as_people_read_them() {
    assert_eq!(legible("r%C3%A9sum%C3%A9 1.pdf"), "résumé 1.pdf");
    assert_eq!(legible("東\n.pdf"), "··.pdf");
}
