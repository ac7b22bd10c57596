//! What was decided about a message and why; never what it says.

use axum::extract::{Path, State};
use axum::response::Response;

use super::detail::{self, Detail, Fact, Section, section};
use super::operator::Operator;
use super::types::digital_form;
use crate::decide::BoxState;
use crate::domain::MessageId;
use crate::ledger::StoredMessage;
use crate::web::Web;
use crate::web::page::PageError;
use crate::web::words::Words;

/// `GET /console/messages/{id}`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: MessageId = id.parse().map_err(|_| PageError::NotFound)?;
    let message = web.ledger.explain(id).await?.ok_or(PageError::NotFound)?;
    web.ledger.record_act("message-explained", &id.to_string(), operator.act("")).await?;
    let mut sections = vec![way(&operator, &message), decision(&operator, &message)];
    sections.push(routing(&operator, &message));
    if !message.letters.is_empty() {
        sections.push(letters(&operator, &message));
    }
    let detail = Detail {
        current: "/console/find",
        title: operator.words().say("message"),
        lead: Some(id.to_string().into()),
        sections,
        url: String::new(),
        forms: Vec::new(),
    };
    detail::show(&operator, detail)
}

fn way(operator: &Operator, message: &StoredMessage) -> Section {
    let moment = |at| operator.moment(at).long;
    section(
        operator,
        "console-way",
        [
            ("console-recipient", Some(message.enterprise.dotted())),
            ("console-organization", Some(message.organization.dotted())),
            ("console-application", Some(message.application.to_string())),
            ("console-key", Some(message.key.clone())),
            ("console-type", Some(message.message_type.to_string())),
            ("console-published", message.published_at.map(moment)),
            ("console-arrived", Some(moment(message.arrived_at))),
            ("console-expires", Some(moment(message.expires_at))),
            ("console-read", message.read_at.map(moment)),
        ],
    )
}

fn decision(operator: &Operator, message: &StoredMessage) -> Section {
    let (words, facts) = (operator.words(), &message.facts);
    let yes = |is: bool| Some(words.say(if is { "console-yes" } else { "console-no" }));
    let again =
        if message.is_decided_again_alike() { "console-alike" } else { "console-not-alike" };
    section(
        operator,
        "console-decision",
        [
            ("console-medium", Some(words.say(&format!("medium-{}", message.medium.as_str())))),
            ("console-reason", Some(message.reason.clone())),
            ("console-rule", Some(message.rule.clone())),
            ("console-flag", message.flag.clone()),
            ("console-box", Some(box_state(words, facts.recipient))),
            ("console-consent", yes(facts.consent)),
            ("console-registered", yes(facts.registered)),
            ("console-digital-form", Some(digital_form(words, facts.digital_form))),
            ("console-can-open", yes(facts.somebody_can_open)),
            ("console-policy", Some(message.policy.0.to_string())),
            ("console-again", Some(words.say(again))),
        ],
    )
}

fn box_state(words: Words, state: BoxState) -> String {
    match state {
        BoxState::None => words.say("console-box-no-box"),
        BoxState::NeverOpened => words.say("console-box-never-opened"),
        BoxState::Opened { days_ago } => words.count("console-box-opened", u64::from(days_ago)),
    }
}

fn routing(operator: &Operator, message: &StoredMessage) -> Section {
    let words = operator.words();
    let rule = message.routing_rule.map(|priority| priority.to_string());
    let persons = words.number(message.audience.len() as u64);
    section(
        operator,
        "console-routing",
        [
            ("partition", Some(message.partition.clone())),
            ("console-rule", rule.or_else(|| Some(words.say("console-no-rule")))),
            ("console-audience", Some(message.audience_kind.clone())),
            ("console-persons", Some(persons)),
        ],
    )
}

fn letters(operator: &Operator, message: &StoredMessage) -> Section {
    let words = operator.words();
    let fact = |(job, state): &(uuid::Uuid, String)| Fact {
        name: words.say(&format!("letter-{state}")),
        value: job.to_string(),
        url: Some(format!("/console/letters/{job}")),
    };
    let facts = message.letters.iter().map(fact).collect();
    Section { title: words.say("console-letters"), facts }
}
