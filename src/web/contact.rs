//! Whom to call.

use super::words::Words;
use crate::config::Contact;

/// That the contact centre can be called, as far as it is configured.
pub(super) fn contact(contact: &Contact, words: Words) -> String {
    // A number is not broken over two lines.
    let phone = contact.phone.replace(' ', "\u{a0}");
    let parts = [&contact.name, &phone, &contact.mail, &contact.hours];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return words.say("contact-none");
    }
    words.with("contact-call", "who", &parts.join(" · "))
}
