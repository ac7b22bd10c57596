//! What an operator does, on its way back to the page that offers it.

use axum::response::Response;

use crate::ledger::{Controlled, LedgerError};
use crate::web::form::Fields;
use crate::web::page::{PageError, go};

/// Of the reason that goes into the record.
pub(super) const REASON_CHARS_MAX: usize = 300;

/// Why, in the operator's words, bounded and without control characters.
pub(super) fn reason(fields: &Fields) -> String {
    kept_reason(fields.one("reason").unwrap_or_default())
}

/// The same of any words.
pub(in crate::web) fn kept_reason(text: &str) -> String {
    let kept = text.chars().filter(|letter| !letter.is_control());
    kept.take(REASON_CHARS_MAX).collect()
}

/// Leads back and says what became of an order.
pub(super) fn ordered(
    done: Result<Controlled, LedgerError>,
    to: &str,
) -> Result<Response, PageError> {
    match done? {
        Controlled::Done => Ok(go(to, "said-ordered")),
        Controlled::Same => Ok(go(to, "said-in-force")),
        Controlled::Unknown => Err(PageError::NotFound),
    }
}
