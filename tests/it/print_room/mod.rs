//! The print room, judged by programs that are not ours: poppler renders its
//! sheets, libdmtx reads their marks.

mod house;
pub(crate) mod letters;
mod reading;
mod rendering;
mod room;
mod scale;
mod scanner;
mod whole;
