//! What could not be accepted: found, judged again, thrown away.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::act::reason;
use super::detail::{self, ActForm, Detail, Fact, Section, section};
use super::operator::Operator;
use super::table::{self, Around, Cell, Choice, ChoiceOption, Table};
use crate::domain::{Code, Digest};
use crate::intake::{Judged, ReplayError};
use crate::ledger::{QuarantineEntry, QuarantineFilter, QuarantineState, Reference};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, go};
use crate::web::words::Words;

const PAGE: u32 = 50;
/// A ledger that is away keeps nobody waiting for longer.
const REPLAY_MAX: Duration = Duration::from_secs(10);
const URL: &str = "/console/quarantine";

/// `GET /console/quarantine`
pub(super) async fn list(
    State(web): State<Web>,
    operator: Operator,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let fields = Fields::of_query(raw.as_deref());
    let filter = read(&fields);
    let entries = web.ledger.quarantine_page(&filter, PAGE).await?;
    let reference = web.ledger.reference().await?;
    let last = entries.last().filter(|_| entries.len() == PAGE as usize);
    let around = Around {
        current: URL,
        title: "console-quarantine",
        lead: "console-quarantine-lead",
        choices: choices(operator.words(), &filter, &reference),
        first: filter.before.map(|_| url(&filter, None)),
        next: last.map(|entry| url(&filter, Some((entry.at, entry.id)))),
    };
    table::show(&operator, around, rows(&operator, &entries))
}

fn read(fields: &Fields) -> QuarantineFilter {
    let before = fields.one("before").and_then(|text| text.split_once('~'));
    let before = before.and_then(|(at, id)| {
        let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
        Some((at, id.parse().ok()?))
    });
    QuarantineFilter {
        state: fields.parsed("state"),
        application: fields.one("application").unwrap_or_default().to_owned(),
        code: fields.parsed("code"),
        before,
    }
}

fn url(filter: &QuarantineFilter, before: Option<(Timestamp, Uuid)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", filter.state.map_or("", QuarantineState::as_str));
    query.append_pair("application", &filter.application);
    query.append_pair("code", filter.code.map_or("", Code::as_str));
    if let Some((at, id)) = before {
        query.append_pair("before", &format!("{}~{id}", at.as_microsecond()));
    }
    format!("{URL}?{}", query.finish())
}

fn choices(words: Words, filter: &QuarantineFilter, reference: &Reference) -> Vec<Choice> {
    let option = |value: &str, name: String, chosen: &str| ChoiceOption {
        value: value.to_owned(),
        name,
        is_chosen: value == chosen,
    };
    let state = filter.state.map_or("", QuarantineState::as_str);
    let code = filter.code.map_or("", Code::as_str);
    let application = filter.application.as_str();
    vec![
        Choice {
            name: "state",
            label: words.say("console-state"),
            options: STATES.map(|it| option(it.as_str(), name_of(words, it), state)).into(),
        },
        Choice {
            name: "application",
            label: words.say("console-lane"),
            options: reference
                .applications
                .keys()
                .map(|id| option(id.as_str(), id.to_string(), application))
                .collect(),
        },
        Choice {
            name: "code",
            label: words.say("console-code"),
            options: Code::ALL
                .iter()
                .map(|it| option(it.as_str(), it.as_str().to_owned(), code))
                .collect(),
        },
    ]
}

const STATES: [QuarantineState; 5] = [
    QuarantineState::Open,
    QuarantineState::Held,
    QuarantineState::Replayed,
    QuarantineState::Discarded,
    QuarantineState::Superseded,
];

fn name_of(words: Words, state: QuarantineState) -> String {
    words.say(&format!("quarantine-{}", state.as_str()))
}

fn tint(state: QuarantineState) -> &'static str {
    match state {
        QuarantineState::Open => "red",
        QuarantineState::Held => "yellow",
        QuarantineState::Replayed => "green",
        QuarantineState::Discarded | QuarantineState::Superseded => "grey",
    }
}

fn rows(operator: &Operator, entries: &[QuarantineEntry]) -> Table {
    let words = operator.words();
    let row = |entry: &QuarantineEntry| {
        vec![
            Cell::link(entry.refusal.code.as_str(), format!("{URL}/{}", entry.id))
                .with(words.english(&entry.refusal.message)),
            Cell::mark(name_of(words, entry.state), tint(entry.state)),
            Cell::text(&*entry.lane).with(shown_key(&entry.key)),
            Cell::text(operator.moment(entry.at).long),
        ]
    };
    Table {
        name: words.say("console-quarantine"),
        headings: ["console-code", "console-state", "console-lane", "console-arrived"]
            .map(|heading| words.say(heading))
            .into(),
        rows: entries.iter().map(row).collect(),
        empty: words.say("console-quarantine-empty"),
    }
}

/// The sender's key; an identity by bytes has none.
fn shown_key(key: &str) -> String {
    key.strip_prefix("k:").unwrap_or_default().to_owned()
}

/// `GET /console/quarantine/{id}`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: Uuid = id.parse().map_err(|_| PageError::NotFound)?;
    let found = web.ledger.quarantined(id).await?;
    let (entry, body) = found.ok_or(PageError::NotFound)?;
    let is_waiting = matches!(entry.state, QuarantineState::Open | QuarantineState::Held);
    let mut forms = Vec::new();
    if is_waiting {
        forms.push(ActForm::new(&operator, "replay", "console-replay"));
        let discard = ActForm::new(&operator, "discard", "console-discard");
        forms.push(ActForm { is_danger: true, needs_reason: true, ..discard });
    }
    let content = ActForm::new(&operator, "content", "console-content");
    forms.push(ActForm { needs_reason: true, ..content });
    let detail = Detail {
        current: URL,
        title: entry.refusal.code.as_str().to_owned(),
        lead: Some(operator.words().english(&entry.refusal.message)),
        sections: sections(&operator, &entry, &body),
        url: format!("{URL}/{id}"),
        forms,
    };
    detail::show(&operator, detail)
}

fn sections(operator: &Operator, entry: &QuarantineEntry, body: &[u8]) -> Vec<Section> {
    let words = operator.words();
    let number = u64::try_from(entry.organization).ok().filter(|number| *number > 0);
    let resolved = entry.resolved_at.map(|at| operator.moment(at).long);
    let what = section(
        operator,
        "console-entry",
        [
            ("console-state", Some(name_of(words, entry.state))),
            ("console-pointer", Some(entry.refusal.pointer.clone())),
            ("console-lane", Some(entry.lane.clone())),
            ("console-application", Some(entry.application.clone())),
            ("console-organization", number.map(|number| format!("{number:010}"))),
            ("console-key", Some(shown_key(&entry.key))),
            ("console-arrived", Some(operator.moment(entry.at).long)),
            ("console-resolved", resolved),
            ("console-by", entry.resolved_by.clone()),
            ("console-size", Some(words.size(body.len() as u64))),
            ("console-digest", Some(Digest::of(body).to_string())),
        ],
    );
    let properties: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&entry.properties).unwrap_or_default();
    let facts = properties.into_iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Fact { name, value, url: None }
    });
    let properties = Section { title: words.say("console-properties"), facts: facts.collect() };
    vec![what, properties]
}

/// `POST /console/quarantine/{id}`
pub(super) async fn act(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    let id: Uuid = id.parse().map_err(|_| PageError::NotFound)?;
    let (to, why) = (format!("{URL}/{id}"), reason(&fields));
    match fields.one("do") {
        Some("replay") => replay(&web, &operator, id, &why).await.map(|said| go(&to, said)),
        Some("discard" | "content") if why.is_empty() => Ok(go(&to, "said-reason-missing")),
        Some("discard") => {
            let is_done = web.ledger.discard(id, operator.act(&why)).await?;
            Ok(go(&to, if is_done { "said-discarded" } else { "said-not-waiting" }))
        }
        Some("content") => content(&web, &operator, id, &why).await,
        _ => Err(PageError::BadRequest),
    }
}

async fn replay(
    web: &Web,
    operator: &Operator,
    id: Uuid,
    why: &str,
) -> Result<&'static str, PageError> {
    let stop = CancellationToken::new();
    let replayed = operator.backstage.intake.replay(id, operator.actor(), &stop);
    let judged = tokio::time::timeout(REPLAY_MAX, replayed).await;
    let judged = match judged.map_err(|_| PageError::Unavailable)? {
        Ok(judged) => judged,
        Err(ReplayError::Unknown(_)) => return Err(PageError::NotFound),
        Err(ReplayError::Ledger(error)) => return Err(error.into()),
        Err(ReplayError::Resolved(_)) => return Ok("said-not-waiting"),
        Err(ReplayError::NoLane(_) | ReplayError::Stopped) => return Ok("said-refused"),
    };
    web.ledger.record_act("replayed", &id.to_string(), operator.act(why)).await?;
    Ok(match judged {
        Judged::Accepted { .. } => "said-replayed",
        Judged::Quarantined(_) | Judged::Refused(_) => "said-still-refused",
        Judged::Held(_) => "said-still-held",
        Judged::Repeat { .. } | Judged::Redelivered | Judged::Stale => "said-known-before",
    })
}

/// The bytes, once, after it was recorded who wanted them and why.
async fn content(
    web: &Web,
    operator: &Operator,
    id: Uuid,
    why: &str,
) -> Result<Response, PageError> {
    let found = web.ledger.quarantined(id).await?;
    let (_, body) = found.ok_or(PageError::NotFound)?;
    web.ledger.record_act("content-opened", &id.to_string(), operator.act(why)).await?;
    let named = format!("attachment; filename=\"{id}.bin\"");
    let headers =
        [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_DISPOSITION, named)];
    Ok((headers, Body::from(body)).into_response())
}
