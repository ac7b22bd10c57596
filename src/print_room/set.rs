//! A print-ready set: cover sheet, documents, and the mark on each sheet, as
//! one PDF. Pure: the same letter on the same press gives the same bytes.

use jiff::civil::Date;
use krilla::Document;
use krilla::SerializeSettings;
use krilla::configure::{ConfigurationBuilder, PdfVersion};
use krilla::error::KrillaError;
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use percent_encoding::percent_decode_str;

use super::canvas::{BLACK, Canvas};
use super::content::{LEADING, Printable, SIZE};
use super::cover::Cover;
use super::fonts::Style;
use super::layout::{DOCUMENT, PROSE, SHEET, mm, pt};
use super::mark::{Mark, PAGES_MAX};
use super::package::Package;
use super::rejection::Rejection;
use super::sides::{Press, Side, sides};
use crate::clock::belgian_day;
use crate::paper::ticket::Ticket;

/// Images are printed at this many dots an inch, or at more where they would
/// not fit the sheet.
const IMAGE_DPI: f32 = 150.0;

/// A letter, ready for the press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// Sides, blank ones included.
    pub pages: u16,
    /// Sheets of paper.
    pub sheets: u16,
}

/// A letter whose documents were read: what is left is to draw it.
pub struct Prepared {
    ticket: Ticket,
    printables: Vec<Printable>,
    names: Vec<String>,
}

impl Prepared {
    /// Reads the documents of a letter.
    ///
    /// # Errors
    /// Why it cannot be printed: a document is broken, encrypted or not what
    /// it says, or all of them take more than so many sheets.
    pub fn read(package: Package, sheets_max: u16) -> Result<Self, Rejection> {
        let Package { ticket, documents } = package;
        let sheets_max = usize::from(sheets_max.min(PAGES_MAX / 2));
        let (mut printables, mut names) = (Vec::new(), Vec::new());
        // Two sides a sheet, less the cover sheet.
        let mut left = 2 * sheets_max.saturating_sub(1);
        for document in &documents {
            let name = legible(&document.name);
            let printable =
                Printable::read(document, left).map_err(|rejection| rejection.of(&name))?;
            left -= printable.pages();
            printables.push(printable);
            names.push(name);
        }
        if printables.is_empty() {
            return Err(Rejection::content("no document to print"));
        }
        Ok(Self { ticket, printables, names })
    }

    /// What it is a letter of.
    #[must_use]
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Draws it for a press.
    ///
    /// # Errors
    /// As [`Prepared::read`], of what shows only now: an address that does not
    /// fit the window, pixels that are broken, too many sheets.
    pub fn draw(&self, press: Press, sheets_max: u16) -> Result<Set, Rejection> {
        let counts: Vec<usize> = self.printables.iter().map(Printable::pages).collect();
        let sides = sides(press, self.ticket.options.duplex, &counts);
        let sheets = press.sheets(sides.len());
        if sheets > usize::from(sheets_max) {
            let detail = format!("{sheets} sheets; at most {sheets_max} are put into an envelope");
            return Err(Rejection::too_thick(detail));
        }
        let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let (pages, sheets) = (number(sides.len()), number(sheets));
        let day = belgian_day(self.ticket.created_at);
        let enclosed = self.names.iter().cloned().zip(counts).collect();
        let cover = Cover::new(&self.ticket, day, enclosed, usize::from(sheets))?;
        let mut document = Document::new_with(settings());
        document.set_metadata(self.metadata(day));
        for (place, side) in sides.iter().enumerate() {
            let page = number(place + 1);
            let mark = Mark { job: self.ticket.job_id, page, pages };
            self.side(&mut document, &cover, *side, press.is_front(place).then_some(mark));
        }
        let pdf = document.finish().map_err(|error| undrawable(&error))?;
        Ok(Set { pdf, pages, sheets })
    }

    fn side(&self, document: &mut Document, cover: &Cover<'_>, side: Side, mark: Option<Mark>) {
        let size = PageSettings::from_wh(pt(SHEET.width), pt(SHEET.height)).unwrap_or_default();
        let mut page = document.start_page_with(size);
        let mut canvas = Canvas::new(page.surface());
        match side {
            Side::Cover => cover.draw(&mut canvas),
            Side::Page { document, page } => {
                self.printables[document].draw(page, &mut canvas);
            }
            Side::Blank => {}
        }
        if let Some(mark) = mark {
            mark.draw(&mut canvas);
        }
        canvas.finish();
        page.finish();
    }

    fn metadata(&self, day: Date) -> Metadata {
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        let year = u16::try_from(day.year()).unwrap_or_default();
        Metadata::new()
            .title(self.ticket.job_id.to_string())
            .creator(concat!("facteur ", env!("CARGO_PKG_VERSION")).to_owned())
            .language(self.ticket.options.language.code().to_owned())
            .creation_date(DateTime::new(year).month(part(day.month())).day(part(day.day())))
            .document_id(self.ticket.job_id.to_string())
    }
}

impl Printable {
    fn draw(&self, page: usize, canvas: &mut Canvas<'_>) {
        match self {
            Self::Pdf { pdf, sizes } => {
                let (width, height) = sizes[page];
                let (width, height) = (mm(width), mm(height));
                canvas.page(pdf, page, DOCUMENT.fit(width, height));
            }
            Self::Image { image, pixels } => {
                #[expect(clippy::cast_precision_loss, reason = "60 million at most")]
                let length = |pixels: u32| pixels as f32 / IMAGE_DPI * 25.4;
                let area = PROSE.fit(length(pixels.0), length(pixels.1));
                canvas.image(image.clone(), area);
            }
            Self::Text { pages } => {
                let mut baseline = PROSE.top + mm(SIZE);
                for line in &pages[page] {
                    canvas.text(PROSE.left, baseline, (Style::Mono, SIZE), line, BLACK);
                    baseline += mm(LEADING);
                }
            }
        }
    }
}

/// PDF 2.0, so that documents of every version can be imported.
fn settings() -> SerializeSettings {
    let configuration = ConfigurationBuilder::new().with_version(PdfVersion::Pdf20).finish();
    let configuration = configuration.unwrap_or_default();
    SerializeSettings { configuration, ..SerializeSettings::default() }
}

fn undrawable(error: &KrillaError) -> Rejection {
    Rejection::unprintable(match error {
        KrillaError::Image(_, _, error) => format!("a broken image: {error}"),
        error => error.to_string(),
    })
}

/// A file name as people read it: decoded, and without characters that the
/// room has no letter for.
fn legible(name: &str) -> String {
    let decoded = percent_decode_str(name).decode_utf8_lossy();
    let has_letter = |c: char| Style::Regular.missing(c.encode_utf8(&mut [0; 4])).is_none();
    decoded.chars().map(|c| if !c.is_control() && has_letter(c) { c } else { '·' }).collect()
}

#[cfg(test)]
#[path = "set_tests.rs"]
mod tests;
