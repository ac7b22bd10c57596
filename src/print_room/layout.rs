//! Where things stand on a sheet, in millimetres from its top left corner.
//!
//! The address stands where DIN 5008:2020 (form B) puts it on a letter of
//! A4 that is folded at 105 mm, so that it shows in the window of DIN 680:
//! 90 × 45 mm, 20 mm from the left and 15 mm from the bottom of an envelope
//! DL (220 × 110 mm) or C5/6 (229 × 114 mm). Both lie in the sizes that bpost
//! takes as standardised letters, with the window on the left.

/// A length in millimetres.
pub(super) type Mm = f32;

/// A4 upright.
pub(super) const SHEET: Area = Area { left: 0.0, top: 0.0, width: 210.0, height: 297.0 };

/// What the window shows when the letter lies at the envelope's bottom left.
/// DIN 5008 keeps text within 85 mm, so that it still shows at the far right.
pub const WINDOW: Area = Area { left: 20.0, top: 45.0, width: 90.0, height: 45.0 };
/// Where text begins in the window.
pub(super) const ADDRESS_LEFT: Mm = 25.0;
/// The widest line: up to 5 mm before the end of DIN 5008's 85 mm.
pub(super) const ADDRESS_WIDTH_MAX: Mm = 77.0;
/// The line of the return address: the first 5 mm of the field.
pub(super) const RETURN_BASELINE: Mm = 48.4;
/// The first of nine lines: three for notes, six for the address; a longer
/// address takes the lines of the notes.
pub(super) const FIELD_TOP: Mm = 50.4;
/// One line of the field.
pub(super) const FIELD_LINE: Mm = 4.23;
/// How many there are.
pub(super) const FIELD_LINES: usize = 9;
/// How many of them are the address's own.
pub(super) const ADDRESS_LINES: usize = 6;

/// The block of facts, right of the window.
pub(super) const FACTS: Area = Area { left: 125.0, top: 49.1, width: 65.0, height: 44.0 };
/// The sender's name, at the head of the letter.
pub(super) const HEAD_BASELINE: Mm = 21.0;
/// Where the text of the letter begins: below the first fold.
pub(super) const TEXT: Area = Area { left: 25.0, top: 113.0, width: 165.0, height: 150.0 };
/// The last line of the cover sheet.
pub(super) const FOOT_BASELINE: Mm = 284.0;

/// Where DIN 5008 form B marks the folds, and the middle for a punch.
pub(super) const FOLDS: [Mm; 2] = [105.0, 210.0];
/// The middle of the sheet's height.
pub(super) const PUNCH: Mm = 148.5;

/// The strip at the left edge that only the room prints on. A document is
/// drawn beside it, never under it: hiding a line of a document is worse than
/// printing it 6 % smaller.
pub(super) const STRIP: Mm = 12.5;
/// One module of the mark: ten dots of a press of 600 dpi.
pub const MODULE: Mm = 0.4233;
/// The mark's top left corner: above the middle, where no window and no fold
/// is.
pub(super) const MARK_LEFT: Mm = 4.6;
/// Its top.
pub(super) const MARK_TOP: Mm = 118.0;

/// Where a document's page is drawn: beside the strip, as large as it goes.
pub(super) const DOCUMENT: Area =
    Area { left: STRIP, top: 0.0, width: 210.0 - STRIP, height: 297.0 };
/// Where a text that we set ourselves stands on its page.
pub(super) const PROSE: Area = Area { left: 22.0, top: 20.0, width: 170.0, height: 257.0 };

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Its left edge.
    pub left: Mm,
    /// Its upper edge.
    pub top: Mm,
    /// Its width.
    pub width: Mm,
    /// Its height.
    pub height: Mm,
}

impl Area {
    /// The right edge.
    #[must_use]
    pub fn right(self) -> Mm {
        self.left + self.width
    }

    /// The lower edge.
    #[must_use]
    pub fn bottom(self) -> Mm {
        self.top + self.height
    }

    /// The largest rectangle of these proportions in the middle of this one,
    /// never larger than `width` × `height` themselves.
    #[must_use]
    pub(super) fn fit(self, width: Mm, height: Mm) -> Self {
        let scale = (self.width / width).min(self.height / height).min(1.0);
        let (width, height) = (width * scale, height * scale);
        let left = self.left + (self.width - width) / 2.0;
        let top = self.top + (self.height - height) / 2.0;
        Self { left, top, width, height }
    }
}

/// Points of 1/72 inch in so many millimetres.
#[must_use]
pub(super) fn pt(length: Mm) -> f32 {
    length * 72.0 / 25.4
}

/// Millimetres in so many points.
#[must_use]
pub(super) fn mm(points: f32) -> Mm {
    points * 25.4 / 72.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked while this is compiled.
    const _: () = {
        let last_baseline = FIELD_TOP + FIELD_LINE * FIELD_LINES as f32;
        assert!(last_baseline <= WINDOW.top + WINDOW.height - 1.0, "the field ends in the window");
        assert!(ADDRESS_LEFT >= WINDOW.left + 5.0 && RETURN_BASELINE > WINDOW.top + 2.5);
        assert!(ADDRESS_LEFT + ADDRESS_WIDTH_MAX <= WINDOW.left + 85.0);
        assert!(FACTS.left > WINDOW.left + WINDOW.width + 10.0, "it does not show there");
        assert!(MARK_TOP > FOLDS[0] && MARK_TOP + 36.0 * MODULE < PUNCH, "no fold crosses it");
        assert!(MARK_LEFT + 17.0 * MODULE < STRIP, "the mark has its quiet zone");
    };

    #[test]
    fn a_page_is_shrunk_beside_the_strip_and_never_enlarged() {
        let a4 = DOCUMENT.fit(210.0, 297.0);
        assert!((a4.left - STRIP).abs() < 0.01 && (a4.right() - 210.0).abs() < 0.01);
        assert!(a4.top > 0.0 && a4.bottom() < 297.0);
        let card = DOCUMENT.fit(85.0, 55.0);
        assert!((card.width - 85.0).abs() < 0.01);
        let wide = DOCUMENT.fit(420.0, 297.0);
        assert!((wide.width - 197.5).abs() < 0.01);
    }
}
