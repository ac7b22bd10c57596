//! Forms about rules. What is filled in is understood or refused: a rule
//! without it would match more than was meant. And a form is about the rules
//! that its page showed, no others.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::choices::{Choice, trio};
use super::place::At;
use super::query::ListQuery;
use crate::domain::{ApplicationId, Digest, EnterpriseNumber, MessageTypeId, Texts};
use crate::mailbox::MailboxError;
use crate::web::form::Fields;
use crate::web::page::PageError;
use crate::web::words::Words;

/// The criteria of a rule in words.
pub(super) fn criteria(words: Words, names: [Option<&Texts>; 3]) -> String {
    let labels = ["column-sender", "column-type", "column-application"];
    let named = labels.into_iter().zip(names);
    let parts: Vec<String> = named
        .filter_map(|(label, name)| Some(format!("{}: {}", words.say(label), name?.best(words.0))))
        .collect();
    if parts.is_empty() { words.say("rule-everything") } else { parts.join(" · ") }
}

/// What a page's forms say of the rules that stood on it.
pub(super) fn seen<T: Serialize>(rules: &[T]) -> Result<String, PageError> {
    let text = serde_json::to_vec(rules).map_err(|_| PageError::Internal)?;
    Ok(Digest::of(&text).to_string())
}

/// Whether these are the rules that the form's page showed.
pub(super) fn are_seen<T: Serialize>(rules: &[T], fields: &Fields) -> Result<(), MailboxError> {
    let is_same = fields.one("seen").is_some_and(|it| seen(rules).is_ok_and(|seen| seen == it));
    if is_same { Ok(()) } else { Err(MailboxError::Overtaken) }
}

/// When a new rule applies.
pub(super) struct When {
    pub(super) sender: Option<EnterpriseNumber>,
    pub(super) kind: Option<MessageTypeId>,
    pub(super) application: Option<ApplicationId>,
}

impl When {
    pub(super) fn read(at: &At, fields: &Fields) -> Result<Self, MailboxError> {
        let known = &at.reference;
        Ok(Self {
            sender: understood(fields, "sender", |it| known.organizations.contains_key(it))?,
            kind: understood(fields, "type", |it| known.message_types.contains_key(it))?,
            application: understood(fields, "application", |it| {
                known.applications.contains_key(it)
            })?,
        })
    }
}

fn understood<T: std::str::FromStr>(
    fields: &Fields,
    field: &'static str,
    is_known: impl Fn(&T) -> bool,
) -> Result<Option<T>, MailboxError> {
    let Some(text) = fields.one(field) else { return Ok(None) };
    let no_such = || MailboxError::Invalid { field, message: "there is no such choice".into() };
    text.parse().ok().filter(is_known).map(Some).ok_or_else(no_such)
}

/// Why a form about rules was not taken, as its page says it.
pub(super) struct Fault {
    status: StatusCode,
    /// None: it is about all of them.
    field: Option<&'static str>,
    text: String,
}

impl Fault {
    /// None for what is said otherwise.
    pub(super) fn of(error: &MailboxError, words: Words) -> Option<Self> {
        let (status, field, text) = match error {
            MailboxError::Overtaken => (StatusCode::CONFLICT, None, "error-conflict-text"),
            MailboxError::Invalid {
                field: field @ ("sender" | "type" | "application"), ..
            } => (StatusCode::BAD_REQUEST, Some(*field), "rule-fault"),
            _ => return None,
        };
        Some(Self { status, field, text: words.say(text) })
    }

    /// What stands above the page.
    pub(super) fn above(&self) -> Option<String> {
        self.field.is_none().then(|| self.text.clone())
    }

    /// The page with the status of the fault.
    pub(super) fn on(&self, mut page: Response) -> Response {
        *page.status_mut() = self.status;
        page
    }
}

/// The criteria to choose, as they were filled in, with what is wrong at one.
pub(super) fn choices(at: &At, fields: &Fields, fault: Option<&Fault>) -> Vec<Choice> {
    let chosen = ListQuery {
        sender: fields.parsed("sender"),
        kind: fields.parsed("type"),
        application: fields.parsed("application"),
        ..ListQuery::default()
    };
    let mut choices = trio(at, &chosen);
    for choice in &mut choices {
        let own = fault.filter(|fault| fault.field == Some(choice.name));
        choice.fault = own.map(|fault| fault.text.clone());
    }
    choices
}
