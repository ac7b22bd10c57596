//! The cover sheet: the address in the window, the facts beside it, what is
//! enclosed below.

use jiff::civil::Date;

use super::canvas::{BLACK, Canvas, DIM};
use super::fonts::{Style, shorten, wrap};
use super::layout::{
    ADDRESS_LEFT, ADDRESS_LINES, ADDRESS_WIDTH_MAX, Area, FACTS, FIELD_LINE, FIELD_LINES,
    FIELD_TOP, FOLDS, FOOT_BASELINE, HEAD_BASELINE, Mm, PUNCH, RETURN_BASELINE, TEXT,
};
use super::rejection::Rejection;
use super::words::Words;
use crate::paper::address::AddressBlock;
use crate::paper::ticket::Ticket;

/// Sizes in points between which an address is set: bpost's sorters read 10 to
/// 14 points best, and nothing under 8.
const ADDRESS_SIZES: [f32; 4] = [11.0, 10.0, 9.0, 8.0];
/// The largest of them where a line more than usual stands in the field.
const CLOSE_SIZE: f32 = 10.0;
const NOTE_SIZE: f32 = 8.0;
const RETURN_SIZE: f32 = 6.5;
const TITLE: (Style, f32) = (Style::Bold, 14.0);
const BODY: (Style, f32) = (Style::Regular, 10.0);
const HEAD: (Style, f32) = (Style::Bold, 13.0);
const SMALL: (Style, f32) = (Style::Regular, 8.5);
const LABEL: (Style, f32) = (Style::Regular, 7.0);
/// From line to line of the body.
const BODY_LINE: Mm = 5.0;

/// A cover sheet whose every line is known to fit and to have its letters.
pub(super) struct Cover<'a> {
    ticket: &'a Ticket,
    words: &'static Words,
    day: Date,
    address_size: f32,
    /// What stands above the address of a registered item.
    proof: Option<&'static str>,
    /// Name and number of pages of each document.
    enclosed: Vec<(String, usize)>,
    sheets: usize,
}

impl<'a> Cover<'a> {
    /// Checks that the address fits its window.
    pub(super) fn new(
        ticket: &'a Ticket,
        day: Date,
        enclosed: Vec<(String, usize)>,
        sheets: usize,
    ) -> Result<Self, Rejection> {
        let mut address_size = fitting(&ticket.address)?;
        if let Some(block) = &ticket.options.return_address {
            printable(&block.lines)?;
        }
        let words = Words::of(ticket.options.language);
        let proof = words.proof(ticket.options.registered, ticket.options.acknowledgement);
        if lines_of(ticket, proof) > FIELD_LINES {
            address_size = address_size.min(CLOSE_SIZE);
        }
        Ok(Self { ticket, words, day, address_size, proof, enclosed, sheets })
    }

    /// Draws it.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) {
        self.head(canvas);
        self.window(canvas);
        self.facts(canvas);
        self.letter(canvas);
        self.foot(canvas);
        folds(canvas);
    }

    /// Who writes.
    fn head(&self, canvas: &mut Canvas<'_>) {
        let Area { left, width, .. } = TEXT;
        let name = shorten(self.sender_name(), HEAD.0, HEAD.1, width);
        canvas.text(left, HEAD_BASELINE, HEAD, &name, BLACK);
        let Some(block) = &self.ticket.options.return_address else { return };
        let street = block.lines.get(1..).unwrap_or_default().join(" · ");
        let street = shorten(&street, SMALL.0, SMALL.1, width);
        canvas.text(left, HEAD_BASELINE + 4.6, SMALL, &street, DIM);
    }

    /// The name in its return address, else the id of its application.
    fn sender_name(&self) -> &str {
        let block = self.ticket.options.return_address.as_ref();
        let name = block.and_then(|block| block.lines.first()).map(String::as_str);
        name.unwrap_or(&self.ticket.sender_application_id)
    }

    fn window(&self, canvas: &mut Canvas<'_>) {
        let lines = &self.ticket.address.lines;
        // The address stands at the foot of the field: a long one takes the
        // lines of the notes above it, and the longest leaves one for a proof.
        let all = lines_of(self.ticket, self.proof).max(FIELD_LINES);
        let first = all - lines.len().max(ADDRESS_LINES);
        self.return_line(canvas);
        if let Some(proof) = self.proof {
            let style = (Style::Bold, NOTE_SIZE);
            canvas.text(ADDRESS_LEFT, field_baseline(first - 1, all), style, proof, BLACK);
        }
        for (place, line) in lines.iter().enumerate() {
            let style = (Style::Regular, self.address_size);
            canvas.text(ADDRESS_LEFT, field_baseline(first + place, all), style, line, BLACK);
        }
    }

    /// Where an undeliverable letter goes: one small line at the top of the
    /// window.
    fn return_line(&self, canvas: &mut Canvas<'_>) {
        let Some(block) = &self.ticket.options.return_address else { return };
        let line = format!("{}: {}", self.words.return_to, block.lines.join(" · "));
        let line = shorten(&line, Style::Regular, RETURN_SIZE, ADDRESS_WIDTH_MAX);
        let width = Style::Regular.width(&line, RETURN_SIZE);
        canvas.text(ADDRESS_LEFT, RETURN_BASELINE, (Style::Regular, RETURN_SIZE), &line, BLACK);
        canvas.rule(ADDRESS_LEFT, RETURN_BASELINE + 0.7, width, 0.35, DIM);
    }

    fn facts(&self, canvas: &mut Canvas<'_>) {
        let (ticket, words) = (self.ticket, self.words);
        let number = ticket.recipient.dotted();
        let priority = words.priority(ticket.options.priority);
        let facts = [
            (words.date, self.day.strftime("%d.%m.%Y").to_string()),
            (words.company, number),
            (words.kind, ticket.message_type_id.to_string()),
            (words.reference, ticket.message_id.to_string()),
            (words.service, priority.to_owned()),
        ];
        canvas.rule(FACTS.left, FACTS.top, FACTS.width, 0.75, BLACK);
        for (place, (label, value)) in facts.iter().enumerate() {
            let baseline = FACTS.top + 3.6 + 8.2 * as_mm(place);
            let value = shorten(value, Style::Regular, 9.0, FACTS.width);
            canvas.text(FACTS.left, baseline, LABEL, label, DIM);
            canvas.text(FACTS.left, baseline + 3.6, (Style::Regular, 9.0), &value, BLACK);
        }
    }

    fn letter(&self, canvas: &mut Canvas<'_>) {
        let Area { left, top, width, .. } = TEXT;
        canvas.text(left, top, TITLE, self.words.title, BLACK);
        let text = self.words.text.replace("{sender}", self.sender_name());
        let text = text.replace("{number}", &self.ticket.recipient.dotted());
        let mut baseline = paragraph(canvas, &text, top + 10.0);
        baseline = paragraph(canvas, self.words.mailbox, baseline + 2.5) + 5.0;
        canvas.text(left, baseline, (Style::Bold, 10.0), self.words.enclosed, BLACK);
        canvas.rule(left, baseline + 1.8, width, 0.75, BLACK);
        for (place, (name, pages)) in self.enclosed.iter().enumerate() {
            baseline += if place == 0 { 7.2 } else { 6.4 };
            self.row(canvas, baseline, place + 1, name, *pages);
        }
    }

    fn row(&self, canvas: &mut Canvas<'_>, baseline: Mm, number: usize, name: &str, pages: usize) {
        let pages = self.words.count(pages);
        let right = TEXT.right() - BODY.0.width(&pages, BODY.1);
        let name = shorten(name, BODY.0, BODY.1, right - TEXT.left - 12.0);
        canvas.text(TEXT.left, baseline, BODY, &format!("{number}."), DIM);
        canvas.text(TEXT.left + 7.0, baseline, BODY, &name, BLACK);
        canvas.text(right, baseline, BODY, &pages, BLACK);
        canvas.rule(TEXT.left, baseline + 2.0, TEXT.width, 0.3, DIM);
    }

    fn foot(&self, canvas: &mut Canvas<'_>) {
        let letter = format!(
            "{} {} · {} {}",
            self.words.letter, self.ticket.job_id, self.sheets, self.words.sheets
        );
        canvas.text(TEXT.left, FOOT_BASELINE, LABEL, &letter, DIM);
    }
}

/// The lines that the field must hold: the address and what is proved.
fn lines_of(ticket: &Ticket, proof: Option<&str>) -> usize {
    ticket.address.lines.len() + usize::from(proof.is_some())
}

/// Of a line among so many in the field; more than it has stand closer.
fn field_baseline(line: usize, of: usize) -> Mm {
    let height = FIELD_LINE * as_mm(FIELD_LINES) / as_mm(of);
    FIELD_TOP + height * (as_mm(line) + 1.0) - 1.0
}

fn as_mm(count: usize) -> Mm {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

fn paragraph(canvas: &mut Canvas<'_>, text: &str, first: Mm) -> Mm {
    let mut baseline = first;
    for line in wrap(text, BODY.0, BODY.1, TEXT.width) {
        canvas.text(TEXT.left, baseline, BODY, &line, BLACK);
        baseline += BODY_LINE;
    }
    baseline
}

fn folds(canvas: &mut Canvas<'_>) {
    for fold in FOLDS {
        canvas.rule(3.5, fold, 4.0, 0.35, DIM);
    }
    canvas.rule(3.5, PUNCH, 6.0, 0.35, DIM);
}

/// The largest size at which every line fits the window.
fn fitting(address: &AddressBlock) -> Result<f32, Rejection> {
    let lines = &address.lines;
    if lines.is_empty() || lines.len() > FIELD_LINES {
        let detail = format!("{} lines; the window shows 1 to {FIELD_LINES}", lines.len());
        return Err(Rejection::address(detail));
    }
    printable(lines)?;
    let fits = |size: &f32| {
        lines.iter().all(|line| Style::Regular.width(line, *size) <= ADDRESS_WIDTH_MAX)
    };
    let size = ADDRESS_SIZES.into_iter().find(|size| fits(size));
    size.ok_or_else(|| {
        let longest = lines.iter().max_by_key(|line| line.chars().count());
        let longest = longest.map(String::as_str).unwrap_or_default();
        Rejection::address(format!("{longest:?} is wider than the window"))
    })
}

fn printable(lines: &[String]) -> Result<(), Rejection> {
    let missing = lines.iter().find_map(|line| Style::Regular.missing(line));
    match missing {
        None => Ok(()),
        Some(missing) => Err(Rejection::address(format!(
            "the room has no letter for {missing:?} (U+{:04X})",
            u32::from(missing)
        ))),
    }
}
