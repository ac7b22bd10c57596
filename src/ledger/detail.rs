//! What a journal entry says beside its columns; receipts and the feed show it
//! as it stands.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Code, Medium, MessageId, MessageTypeId, Refusal};
use crate::paper::letter::LetterState;

/// What `detail` of an entry holds, by its kind. More may be added: a receiver
/// leaves alone what it does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Detail {
    /// Of `facteur.document.accepted`.
    Accepted {
        /// How it is sent.
        medium: Medium,
        /// Why: the word that the policy's rule names.
        reason: String,
        /// What else the policy has to say, such as `NO_DIGITAL_USER`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flag: Option<String>,
        /// Its type.
        message_type_id: MessageTypeId,
        /// When it leaves the box.
        expires_at: Timestamp,
    },
    /// Of `facteur.document.refused` and `facteur.document.held`.
    Fault {
        /// What is wrong.
        code: Code,
        /// JSON Pointer to the fault; empty means the whole publication.
        pointer: String,
        /// In words.
        message: String,
    },
    /// Of `facteur.document.repeat`.
    Repeat {
        /// The message that this identity became.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_message_id: Option<MessageId>,
        /// Whether the body was the same, byte for byte.
        same_content: bool,
    },
    /// Of `facteur.letter.…`; the step is the last part of the type.
    Letter {
        /// What happened: a state, `posted` with the post's date although
        /// something later is known, or `not_cancelled`.
        step: String,
        /// Which letter.
        job_id: Uuid,
        /// Where it stands now.
        state: LetterState,
        /// Which letter of its message it is, from 1.
        attempt: i64,
        /// Its printer, once it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        printer: Option<String>,
        /// When it happened, by the clock of whoever says so. The date of
        /// `posted` is the legally relevant one.
        at: Timestamp,
        /// Why: what a held letter waits for, why one failed, or for what one
        /// was made later than its message (`unread`, `sent_again`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
        /// More, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<String>,
    },
    /// Of `facteur.document.discarded`.
    Discarded {
        /// What was wrong.
        code: Code,
    },
    /// Of `facteur.document.expired`: its time is over, and its content is
    /// given up; identity, decision and dates are kept.
    Expired {
        /// When it left the box.
        expires_at: Timestamp,
        /// Whether the company had read it.
        was_read: bool,
    },
    /// Of `facteur.document.replied`: the company wrote back. A later message
    /// that goes on from there names `replyId` or the message as its
    /// `originalMessageId`.
    Replied {
        /// Which reply: the same one is told under the same id.
        reply_id: Uuid,
        /// The message that it answers.
        original_message_id: MessageId,
        /// Its title, at most 400 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// What it says: plain text, at most 4,000 characters. Missing once it
        /// is no longer kept: with its message's time, 90 days at least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
}

impl From<&Refusal> for Detail {
    fn from(refusal: &Refusal) -> Self {
        let Refusal { code, pointer, message } = refusal.clone();
        Self::Fault { code, pointer, message }
    }
}

impl Detail {
    /// As it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and dates: there is nothing that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}
