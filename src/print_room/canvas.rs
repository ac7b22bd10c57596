//! One side of a sheet, to be drawn on in millimetres and black.

use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::paint::Fill;
use krilla::pdf::PdfDocument;
use krilla::surface::Surface;
use krilla::text::TextDirection;

use super::fonts::Style;
use super::layout::{Area, Mm, pt};

/// A shade of grey, 0 is black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grey(pub(super) u8);

/// Text and lines that matter.
pub(super) const BLACK: Grey = Grey(0);
/// Labels and lines that only order what stands between them.
pub(super) const DIM: Grey = Grey(96);

/// A side of a sheet.
pub(super) struct Canvas<'a> {
    surface: Surface<'a>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(surface: Surface<'a>) -> Self {
        Self { surface }
    }

    /// Writes one line; `baseline` is what its letters stand on.
    pub(super) fn text(
        &mut self,
        left: Mm,
        baseline: Mm,
        (style, size): (Style, f32),
        text: &str,
        grey: Grey,
    ) {
        self.set(grey);
        let start = Point::from_xy(pt(left), pt(baseline));
        self.surface.draw_text(start, style.font(), size, text, false, TextDirection::LeftToRight);
    }

    /// Small print.
    pub(super) fn note(&mut self, left: Mm, baseline: Mm, text: &str) {
        self.text(left, baseline, (Style::Regular, 5.5), text, DIM);
    }

    /// A straight line, level, so thick in points.
    pub(super) fn rule(&mut self, left: Mm, top: Mm, width: Mm, points: f32, grey: Grey) {
        let mut path = PathBuilder::new();
        if let Some(rect) = Rect::from_xywh(pt(left), pt(top), pt(width), points) {
            path.push_rect(rect);
        }
        self.set(grey);
        self.draw(path);
    }

    /// Fills a shape with black.
    pub(super) fn fill(&mut self, path: PathBuilder) {
        self.set(BLACK);
        self.draw(path);
    }

    /// Draws a page of another PDF into a rectangle.
    pub(super) fn page(&mut self, pdf: &PdfDocument, page: usize, area: Area) {
        self.placed(area, |surface, size| surface.draw_pdf_page(pdf, size, page));
    }

    /// Draws an image into a rectangle.
    pub(super) fn image(&mut self, image: Image, area: Area) {
        self.placed(area, |surface, size| surface.draw_image(image, size));
    }

    pub(super) fn finish(self) {
        self.surface.finish();
    }

    fn placed(&mut self, area: Area, draw: impl FnOnce(&mut Surface<'a>, Size)) {
        let Some(size) = Size::from_wh(pt(area.width), pt(area.height)) else { return };
        self.surface.push_transform(&Transform::from_translate(pt(area.left), pt(area.top)));
        draw(&mut self.surface, size);
        self.surface.pop();
    }

    fn set(&mut self, grey: Grey) {
        let paint = luma::Color::new(grey.0).into();
        self.surface.set_fill(Some(Fill { paint, ..Fill::default() }));
    }

    fn draw(&mut self, path: PathBuilder) {
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }
}
