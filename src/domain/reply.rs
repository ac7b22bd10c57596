//! What a company writes back to a sender who takes a reply.

use uuid::Uuid;

use super::{Digest, MessageId, PersonId};

/// As the subject of a publication.
const SUBJECT_CHARS_MAX: usize = 400;
/// 500 replies of 4-byte characters fit into one message of receipts (16 MiB).
const TEXT_CHARS_MAX: usize = 4_000;

/// Plain texts within bounds: whatever looks like HTML in them is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    subject: String,
    text: String,
}

/// Why a reply is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The subject is empty or too long.
    #[error("a subject has 1 to {SUBJECT_CHARS_MAX} characters")]
    Subject,
    /// The text is empty or too long.
    #[error("a reply has 1 to {TEXT_CHARS_MAX} characters")]
    Text,
}

/// Which reply: made of the form it was written in, its author and what it
/// says, so the same one sent twice is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyId(pub Uuid);

impl Reply {
    /// The longest subject, in characters.
    pub const SUBJECT_MAX: usize = SUBJECT_CHARS_MAX;
    /// The longest text, in characters.
    pub const TEXT_MAX: usize = TEXT_CHARS_MAX;

    /// Without white space around it, lines ended by LF, and without control
    /// characters (NUL above all, which `PostgreSQL` refuses).
    ///
    /// # Errors
    /// Which part is empty or too long.
    pub fn new(subject: &str, text: &str) -> Result<Self, ReplyError> {
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let subject = bounded(&subject, SUBJECT_CHARS_MAX);
        let text = bounded(&text.replace("\r\n", "\n").replace('\r', "\n"), TEXT_CHARS_MAX);
        Ok(Self {
            subject: subject.ok_or(ReplyError::Subject)?,
            text: text.ok_or(ReplyError::Text)?,
        })
    }

    /// Its title.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The id of this reply by this person to this message, written in a form
    /// that had this key.
    #[must_use]
    pub fn id(&self, key: Uuid, message: MessageId, author: &PersonId) -> ReplyId {
        let digest = Digest::of_parts(&[
            key.as_bytes(),
            message.0.as_bytes(),
            author.as_str().as_bytes(),
            self.subject.as_bytes(),
            self.text.as_bytes(),
        ]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_bytes()[..16]);
        ReplyId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

fn bounded(text: &str, chars_max: usize) -> Option<String> {
    let text: String =
        text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
    let text = text.trim();
    let is_fit = !text.is_empty() && text.chars().nth(chars_max).is_none();
    is_fit.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_bounds_and_no_control_characters() {
        let reply = Reply::new(" Re:\r\nx\0 ", "a\r\nb\u{1b}\r<b>\n ").unwrap();
        assert_eq!((reply.subject(), reply.text()), ("Re: x", "a\nb\n<b>"));
        for (subject, text, fault) in [
            (" ".to_owned(), "a".to_owned(), ReplyError::Subject),
            ("a".to_owned(), "\r\n\0".to_owned(), ReplyError::Text),
            ("é".repeat(401), "a".to_owned(), ReplyError::Subject),
            ("a".to_owned(), "é".repeat(4_001), ReplyError::Text),
        ] {
            assert_eq!(Reply::new(&subject, &text), Err(fault));
        }
        assert!(Reply::new(&"é".repeat(400), &"é".repeat(4_000)).is_ok());
    }

    #[test]
    fn the_same_form_and_text_is_the_same_reply() {
        let (key, message) = (Uuid::from_u128(1), MessageId(Uuid::from_u128(2)));
        let (anne, bert) = (PersonId::new("anne").unwrap(), PersonId::new("bert").unwrap());
        let reply = |subject: &str, text: &str| Reply::new(subject, text).unwrap();
        let first = reply("a", "bc").id(key, message, &anne);
        assert_eq!(first, reply("a", "bc").id(key, message, &anne));
        for other in [
            reply("ab", "c").id(key, message, &anne),
            reply("a", "bc").id(key, message, &bert),
            reply("a", "bc").id(Uuid::from_u128(3), message, &anne),
            reply("a", "bc").id(key, MessageId(Uuid::from_u128(4)), &anne),
        ] {
            assert_ne!(first, other);
        }
    }
}
