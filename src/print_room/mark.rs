//! The machine-readable mark on each sheet: a Data Matrix (ISO/IEC 16022,
//! ECC 200) of 16 × 36 modules, standing upright in the left margin.
//!
//! Its text has 40 characters: the job id as 32 hexadecimal digits in capitals,
//! the number of the sheet's front page in four digits, and the number of pages
//! of the whole set in four. Capitals and digits alone keep it small.

use datamatrix::{DataMatrix, SymbolSize};
use krilla::geom::{PathBuilder, Rect};
use uuid::Uuid;

use super::canvas::Canvas;
use super::layout::{MARK_LEFT, MARK_TOP, MODULE, Mm, pt};

/// So many characters stand in a mark.
pub const MARK_CHARS: usize = 40;
/// The largest number that its four digits hold.
pub(super) const PAGES_MAX: u16 = 9_999;

/// What a sheet says of itself to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The letter.
    pub job: Uuid,
    /// The page on the front of this sheet, from 1.
    pub page: u16,
    /// The pages of the set, blank reverses included.
    pub pages: u16,
}

/// A text that is no mark of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mark: 32 hexadecimal digits, a page and the pages of four digits each")]
pub struct NoMark;

impl Mark {
    /// The text in the symbol.
    #[must_use]
    pub fn text(&self) -> String {
        let job = self.job.simple().to_string().to_ascii_uppercase();
        format!("{job}{:04}{:04}", self.page, self.pages)
    }

    /// Draws it.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) {
        let symbol = DataMatrix::encode(self.text().as_bytes(), [SymbolSize::Rect16x36]);
        // Forty capitals and digits always fit; a test holds the largest.
        let Ok(symbol) = symbol else { return };
        let bitmap = symbol.bitmap();
        let mut path = PathBuilder::new();
        // Turned clockwise, so that the long side runs along the edge.
        for (x, y) in bitmap.pixels() {
            let (left, top) = (modules(bitmap.height() - 1 - y), modules(x));
            let (left, top) = (pt(MARK_LEFT + left), pt(MARK_TOP + top));
            if let Some(module) = Rect::from_xywh(left, top, pt(MODULE), pt(MODULE)) {
                path.push_rect(module);
            }
        }
        canvas.fill(path);
        let below = MARK_TOP + modules(bitmap.width()) + 2.6;
        canvas.note(MARK_LEFT, below, &format!("{}/{}", self.page, self.pages));
    }
}

fn modules(count: usize) -> Mm {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX)) * MODULE
}

impl std::str::FromStr for Mark {
    type Err = NoMark;
    fn from_str(text: &str) -> Result<Self, NoMark> {
        let part = |range: std::ops::Range<usize>| text.get(range).ok_or(NoMark);
        if text.len() != MARK_CHARS {
            return Err(NoMark);
        }
        let number = |text: &str| text.parse().map_err(|_| NoMark);
        Ok(Self {
            job: Uuid::try_parse(part(0..32)?).map_err(|_| NoMark)?,
            page: number(part(32..36)?)?,
            pages: number(part(36..40)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_mark_fits_its_symbol() {
        for (job, page) in [(Uuid::max(), PAGES_MAX), (Uuid::nil(), 1)] {
            let mark = Mark { job, page, pages: PAGES_MAX };
            assert_eq!(mark.text().len(), MARK_CHARS);
            let symbol = DataMatrix::encode(mark.text().as_bytes(), [SymbolSize::Rect16x36]);
            assert!(symbol.is_ok(), "{}", mark.text());
        }
    }

    #[test]
    fn a_mark_is_read_back() {
        let mark = Mark { job: Uuid::from_u128(0xFEED_0001), page: 3, pages: 12 };
        assert_eq!(mark.text(), "000000000000000000000000FEED000100030012");
        assert_eq!(mark.text().parse(), Ok(mark));
        for wrong in ["", "0003", "é00000000000000000000000FEED00010003001", &"Z".repeat(40)] {
            assert_eq!(wrong.parse::<Mark>(), Err(NoMark), "{wrong}");
        }
    }
}
