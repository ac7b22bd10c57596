//! Images: one page each, as large as it was meant and never larger.

use krilla::image::Image;

use super::Printable;
use crate::print_room::rejection::Rejection;

/// More pixels than a sheet has at 1,200 dpi, and no more than a quarter of a
/// gigabyte when they are unpacked.
const PIXELS_MAX: u64 = 60_000_000;

pub(super) fn png(content: Vec<u8>) -> Result<Printable, Rejection> {
    printable(Image::from_png(content.into(), true), "PNG")
}

pub(super) fn jpeg(content: Vec<u8>) -> Result<Printable, Rejection> {
    printable(Image::from_jpeg(content.into(), true), "JPEG")
}

/// The header is read now; what is broken behind it shows when it is drawn.
fn printable(image: Result<Image, String>, kind: &str) -> Result<Printable, Rejection> {
    let image =
        image.map_err(|error| Rejection::unprintable(format!("a broken {kind}: {error}")))?;
    let pixels = image.size();
    if pixels.0 == 0 || pixels.1 == 0 {
        return Err(Rejection::unprintable(format!("a {kind} without a pixel")));
    }
    if u64::from(pixels.0) * u64::from(pixels.1) > PIXELS_MAX {
        let detail = format!("{} × {} pixels; at most {PIXELS_MAX}", pixels.0, pixels.1);
        return Err(Rejection::unprintable(detail));
    }
    Ok(Printable::Image { image, pixels })
}
