//! What a message carries beside its text, and the pictures for it: outlines
//! on a grid of 24.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Medium, Task};
use crate::mailbox::Line;
use crate::web::words::Words;

pub(super) const ICON_ALL: &str = "M4 13l3-8h10l3 8v6H4zM4 13h5l1.5 2.5h3L15 13h5";
pub(super) const ICON_UNREAD: &str = "M3 6.5h18v11H3zM3 7l9 6.5L21 7";
pub(super) const ICON_DONE: &str = "M4.5 4.5h15v15h-15zM8.5 12l2.5 2.5 4.5-5";
pub(super) const ICON_REGISTERED: &str =
    "M12 3.5l7 2.5v5.5c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM9 12l2 2 4-4.5";
pub(super) const ICON_PAPER: &str = "M7 3.5h7l4 4v13H7zM14 3.5v4h4M10 12h5M10 15.5h5";
pub(super) const ICON_HIDDEN: &str = "M4 4l16 16M9.5 5.6A9.8 9.8 0 0 1 21 12a14 14 0 0 1-2.6 3.4M6.3 7.5A13 13 0 0 0 3 12c1.5 3.5 5 6.3 9 6.3 1.5 0 2.9-.4 4.1-1";
pub(super) const ICON_VIEW: &str = "M4 5h16v14H4zM10 5v14M15 5v14";
pub(super) const ICON_PARTITION: &str = "M3.5 6h6l2 2.5h9v10.5h-17z";
pub(super) const ICON_PERSONS: &str = "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 19.5c0-3.3 2.7-5.5 6-5.5s6 2.2 6 5.5M16 5a3.3 3.3 0 0 1 0 6.3M17.5 14.3c2.1.6 3.5 2.5 3.5 5.2";
pub(super) const ICON_CONSENT: &str = "M5 4.5h14v10H5zM9 19.5h6M12 14.5v5M9.5 9.5l2 2 3.5-4";
pub(super) const ICON_NOTICES: &str = "M6 16.5v-6a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 20.5h4";
pub(super) const ICON_RECORD: &str = "M6 3.5h12v17H6zM9 8h6M9 12h6M9 16h4";
const ICON_CLIP: &str = "M17.5 8.5l-8 8a2.5 2.5 0 0 0 3.5 3.5l8-8a4.5 4.5 0 0 0-6.5-6.5l-8 8";
const ICON_CLOCK: &str = "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 2";

/// How long before its end a message is marked: the alert's time.
pub(super) const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A mark of a message.
pub(super) struct MarkShown {
    pub(super) kind: &'static str,
    pub(super) icon: &'static str,
    pub(super) title: String,
}

/// Every mark of a message, the weightiest first.
pub(super) fn marks(line: &Line, words: Words, now: Timestamp) -> Vec<MarkShown> {
    let mark = |kind, icon, name: &str, title: Option<String>| MarkShown {
        kind,
        icon,
        title: title.unwrap_or_else(|| words.say(name)),
    };
    let mut marks = Vec::new();
    if line.is_registered {
        marks.push(mark("registered", ICON_REGISTERED, "mark-registered", None));
    }
    match line.medium {
        Medium::Paper => {
            marks.push(mark("paper", ICON_PAPER, "mark-paper", letter(line, words, "mark-paper")));
        }
        Medium::Both => {
            marks.push(mark("paper", ICON_PAPER, "mark-both", letter(line, words, "mark-both")));
        }
        Medium::Digital => {}
    }
    if line.expires_at.duration_since(now) < EXPIRES_SOON {
        marks.push(mark("expiring", ICON_CLOCK, "mark-expires", None));
    }
    if line.task == Task::Done {
        marks.push(mark("done", ICON_DONE, "mark-done", None));
    }
    if line.attachments > 1 {
        marks.push(mark("attached", ICON_CLIP, "mark-attached", None));
    }
    marks
}

/// The mark with the state of the newest letter.
fn letter(line: &Line, words: Words, mark: &str) -> Option<String> {
    let state = letter_state(line.letters.last()?, words);
    Some(format!("{}: {state}", words.say(mark)))
}

/// Where a letter stands, in words.
pub(super) fn letter_state(state: &str, words: Words) -> String {
    words.find(&format!("letter-{state}")).unwrap_or_else(|| state.to_owned())
}
