//! One letter: where it stands, what was reported; moved, called back.

use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::act::reason;
use super::detail::{self, ActForm, Detail, Fact, Section, section};
use super::operator::Operator;
use super::printers::others;
use crate::ledger::{LetterEvent, LetterRow, OrderRefusal, Ordered};
use crate::paper::days;
use crate::paper::letter::LetterState;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, go};

/// `GET /console/letters/{id}`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let job: Uuid = id.parse().map_err(|_| PageError::NotFound)?;
    let (letter, events) = web.ledger.letter(job).await?.ok_or(PageError::NotFound)?;
    let detail = Detail {
        current: "/console/find",
        title: operator.words().say("console-letter"),
        lead: Some(job.to_string().into()),
        sections: vec![facts(&operator, &letter), told(&operator, &events)],
        url: address(job),
        forms: forms(&operator, &letter),
    };
    detail::show(&operator, detail)
}

fn address(job: Uuid) -> String {
    format!("/console/letters/{job}")
}

fn facts(operator: &Operator, letter: &LetterRow) -> Section {
    let words = operator.words();
    let moment = |at| operator.moment(at).long;
    let printer = Some(letter.printer.clone()).filter(|printer| !printer.is_empty());
    section(
        operator,
        "console-letter",
        [
            ("console-state", Some(words.say(&format!("letter-{}", letter.state.as_str())))),
            ("console-held-for", letter.held_for.clone()),
            ("message", Some(letter.message_id.to_string())),
            ("console-application", Some(letter.application.clone())),
            ("console-type", Some(letter.message_type.clone())),
            ("console-cause", Some(letter.cause.clone())),
            ("console-printer", printer.or_else(|| Some(words.say("console-unplanned")))),
            ("console-made", Some(moment(letter.created_at))),
            ("console-released", letter.released_at.map(moment)),
            ("console-claimed", letter.claimed_at.map(moment)),
        ],
    )
}

fn told(operator: &Operator, events: &[LetterEvent]) -> Section {
    let fact = |event: &LetterEvent| {
        let cause = event.cause.as_deref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        let (kind, source, verdict) = (&event.kind, &event.source, &event.verdict);
        Fact {
            name: operator.moment(event.at).long,
            value: format!("{kind}{cause} · {source} · {verdict}"),
            url: None,
        }
    };
    Section {
        title: operator.words().say("console-events"),
        facts: events.iter().map(fact).collect(),
    }
}

fn forms(operator: &Operator, letter: &LetterRow) -> Vec<ActForm> {
    let mut forms = Vec::new();
    if matches!(letter.state, LetterState::Queued | LetterState::Claimed) {
        let moved = ActForm::new(operator, "move", "console-letter-move");
        let choice = Some(others(operator, &letter.printer));
        forms.push(ActForm { needs_reason: true, choice, ..moved });
    }
    let is_in_hand = matches!(letter.state, LetterState::Claimed | LetterState::Printed);
    if letter.state.is_unclaimed() || is_in_hand {
        let recall = ActForm::new(operator, "recall", "console-letter-recall");
        forms.push(ActForm { is_danger: true, needs_reason: true, ..recall });
    }
    forms
}

/// `POST /console/letters/{id}`
pub(super) async fn act(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    let job: Uuid = id.parse().map_err(|_| PageError::NotFound)?;
    let (to, why) = (address(job), reason(&fields));
    if why.is_empty() {
        return Ok(go(&to, "said-reason-missing"));
    }
    let (word, done) = match fields.one("do") {
        Some("move") => {
            let printer = fields.one("printer");
            let printer = printer.and_then(|name| operator.backstage.printers.get(name));
            let printer = printer.ok_or(PageError::BadRequest)?;
            let (day, actor) = (days::today(operator.now), operator.actor());
            let moved = web.ledger.move_letter(job, &printer.name, day, actor, operator.now);
            ("letter-moved", moved.await?)
        }
        Some("recall") => {
            let (actor, now) = (operator.actor(), operator.now);
            let mut recalled = web.ledger.recall_letters(&[job], actor, now).await?;
            ("letter-recalled", recalled.pop().ok_or(PageError::Internal)?)
        }
        _ => return Err(PageError::BadRequest),
    };
    if done.is_ok() {
        web.ledger.record_act(word, &job.to_string(), operator.act(&why)).await?;
    }
    match done {
        Ok(Ordered::Asked) => Ok(go(&to, "said-asked")),
        Ok(_) => Ok(go(&to, "said-ordered")),
        Err(OrderRefusal::Unknown) => Err(PageError::NotFound),
        Err(_) => Ok(go(&to, "said-refused")),
    }
}
