//! Message types: paused and resumed.

use axum::extract::{Path, State};
use axum::response::Response;

use super::act::{ordered, reason};
use super::detail::{self, ActForm, Detail, section};
use super::operator::Operator;
use super::table::{self, Around, Cell, Table};
use crate::domain::{AccessLevel, DigitalForm, MessageType, MessageTypeId};
use crate::ledger::Reference;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, encoded, go};
use crate::web::words::Words;

const URL: &str = "/console/types";

/// `GET /console/types`
pub(super) async fn list(
    State(web): State<Web>,
    operator: Operator,
) -> Result<Response, PageError> {
    let words = operator.words();
    let reference = web.ledger.reference().await?;
    let mut types: Vec<&MessageType> = reference.message_types.values().collect();
    types.sort_unstable_by_key(|it| it.id.as_str());
    let row = |it: &&MessageType| {
        let (state, tint) = state(words, &reference, &it.id);
        vec![
            Cell::link(it.id.as_str(), address(&it.id)).with(words.of(&it.name)),
            Cell::mark(state, tint),
        ]
    };
    let table = Table {
        name: words.say("console-types"),
        headings: ["console-type", "console-state"].map(|heading| words.say(heading)).into(),
        rows: types.iter().map(row).collect(),
        empty: words.say("console-none"),
    };
    let around = Around {
        current: URL,
        title: "console-types",
        lead: "console-types-lead",
        choices: Vec::new(),
        first: None,
        next: None,
    };
    table::show(&operator, around, table)
}

pub(super) fn address(id: &MessageTypeId) -> String {
    format!("{URL}/{}", encoded(id.as_str()))
}

fn state(words: Words, reference: &Reference, id: &MessageTypeId) -> (String, &'static str) {
    match reference.controls.is_type_paused(id) {
        true => (words.say("console-paused"), "yellow"),
        false => (words.say("console-open"), "green"),
    }
}

/// In which form messages of a type exist, in words.
pub(super) fn digital_form(words: Words, form: DigitalForm) -> String {
    words.say(match form {
        DigitalForm::None => "console-form-none",
        DigitalForm::Exists => "console-form-exists",
        DigitalForm::Only => "console-form-only",
    })
}

fn level(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::Box => "console-level-1",
        AccessLevel::Type => "console-level-2",
    }
}

/// `GET /console/types/{id}`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let words = operator.words();
    let reference = web.ledger.reference().await?;
    let found = reference.message_types.get(id.as_str()).ok_or(PageError::NotFound)?;
    let facts = section(
        &operator,
        "console-type",
        [
            ("console-state", Some(state(words, &reference, &found.id).0)),
            ("console-level", Some(words.say(level(found.level)))),
            ("console-digital-form", Some(digital_form(words, found.digital_form))),
            ("console-service", found.service.as_ref().map(ToString::to_string)),
        ],
    );
    let last = detail::ordered(&operator, reference.controls.types.get(&found.id));
    let form = match reference.controls.is_type_paused(&found.id) {
        true => ActForm::new(&operator, "resume", "console-type-resume"),
        false => {
            let pause = ActForm::new(&operator, "pause", "console-type-pause");
            ActForm { is_danger: true, needs_reason: true, ..pause }
        }
    };
    let detail = Detail {
        current: URL,
        title: found.id.to_string(),
        lead: Some(words.of(&found.name)),
        sections: [facts].into_iter().chain(last).collect(),
        url: address(&found.id),
        forms: vec![form],
    };
    detail::show(&operator, detail)
}

/// `POST /console/types/{id}`
pub(super) async fn act(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    let id = MessageTypeId::new(id).map_err(|_| PageError::NotFound)?;
    let (to, why) = (address(&id), reason(&fields));
    let is_paused = match fields.one("do") {
        Some("pause") if why.is_empty() => return Ok(go(&to, "said-reason-missing")),
        Some("pause") => true,
        Some("resume") => false,
        _ => return Err(PageError::BadRequest),
    };
    ordered(web.ledger.control_type(&id, is_paused, operator.act(&why)).await, &to)
}
