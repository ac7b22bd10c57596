//! Whom to call.

use super::words::Words;
use crate::config::Contact;

/// The contact centre in one line, as far as it is configured.
pub(super) fn contact(contact: &Contact, words: Words) -> String {
    let parts = [&contact.name, &contact.phone, &contact.mail, &contact.hours];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { words.say("contact-none") } else { parts.join(" · ") }
}
