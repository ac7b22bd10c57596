//! Notices: which boxes are told tonight that mail lies unread in them.
//!
//! A box that is to be told has a moment at which it is next due. `make` turns
//! what is due into rows, one for each box and night; `send` hands rows out
//! under a lease and hears what became of them; `night` is the calendar;
//! `settings` starts and stops.
//!
//! What a notice says is counted when it leaves, not when it was made: what has
//! been read meanwhile is not told.

mod count;
mod make;
mod night;
mod rows;
mod send;
mod settings;

pub use count::{NoticeTime, UnreadMail};
pub use make::Made;
pub use rows::{NoticeRow, NoticeState};
pub use send::{NoticeEnd, NoticeInHand};
pub use settings::{Stopped, address_tag};
pub(super) use settings::{deed, settle};
