//! Lanes: paused, resumed, paced.

use axum::extract::{Path, State};
use axum::response::Response;

use super::act::{ordered, reason};
use super::detail::{self, ActForm, Detail, section};
use super::operator::{Operator, whole};
use super::table::{self, Around, Cell, Table};
use crate::domain::{Application, ApplicationId};
use crate::ledger::{LaneOrder, Reference};
use crate::queue::topology;
use crate::telemetry::figures::{self, Series};
use crate::telemetry::names;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, encoded, go};
use crate::web::words::Words;

const URL: &str = "/console/lanes";
/// As many a second as may be ordered.
const PACE_MAX: u32 = 1_000_000;

/// `GET /console/lanes`
pub(super) async fn list(
    State(web): State<Web>,
    operator: Operator,
) -> Result<Response, PageError> {
    let words = operator.words();
    let reference = web.ledger.reference().await?;
    let depths = depths(&web, &operator).await?;
    let row = |application: &Application| {
        let id = &application.id;
        let (state, tint) = state(words, &reference, id);
        let waiting = depths.get(topology::intake_queue(id).as_str());
        let waiting = waiting.map_or_else(|| "–".into(), |depth| words.number(whole(*depth)));
        vec![
            Cell::link(id.as_str(), address(id)).with(words.of(&application.name)),
            Cell::mark(state, tint),
            Cell::text(pace(words, &reference, application)),
            Cell::number(waiting),
        ]
    };
    let table = Table {
        name: words.say("console-lanes"),
        headings: ["console-lane", "console-state", "console-pace", "console-waiting"]
            .map(|heading| words.say(heading))
            .into(),
        rows: reference.applications.values().map(row).collect(),
        empty: words.say("console-none"),
    };
    let around = Around {
        current: URL,
        title: "console-lanes",
        lead: "console-lanes-lead",
        choices: Vec::new(),
        first: None,
        next: None,
    };
    table::show(&operator, around, table)
}

pub(super) fn address(id: &ApplicationId) -> String {
    format!("{URL}/{}", encoded(id.as_str()))
}

/// The broker's queues, as the engine that watches exports them.
async fn depths(web: &Web, operator: &Operator) -> Result<Series, PageError> {
    let (engines, _) = web.ledger.figures(operator.now).await?;
    let watching = engines.into_iter().find(|engine| engine.is_watching);
    let series = watching.map(|engine| engine.series).unwrap_or_default();
    Ok(figures::by(&series, &names::QUEUE_DEPTH, "queue"))
}

fn state(words: Words, reference: &Reference, id: &ApplicationId) -> (String, &'static str) {
    match reference.controls.is_lane_paused(id) {
        true => (words.say("console-paused"), "yellow"),
        false => (words.say("console-open"), "green"),
    }
}

fn pace(words: Words, reference: &Reference, application: &Application) -> String {
    let ordered = reference.controls.pace(&application.id);
    match (ordered, application.pace_per_second) {
        (Some(pace), _) => words.with("console-pace-ordered", "n", &words.number(pace.into())),
        (None, Some(pace)) => words.with("console-pace-registry", "n", &words.number(pace.into())),
        (None, None) => words.say("console-pace-none"),
    }
}

/// `GET /console/lanes/{id}`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let words = operator.words();
    let reference = web.ledger.reference().await?;
    let application = reference.applications.get(id.as_str()).ok_or(PageError::NotFound)?;
    let depths = depths(&web, &operator).await?;
    let depth = depths.get(topology::intake_queue(&application.id).as_str());
    let facts = section(
        &operator,
        "console-lane",
        [
            ("console-state", Some(state(words, &reference, &application.id).0)),
            ("console-pace", Some(pace(words, &reference, application))),
            ("console-waiting", depth.map(|depth| words.number(whole(*depth)))),
            ("console-account", Some(application.account.to_string())),
            ("console-queue", Some(topology::intake_queue(&application.id))),
        ],
    );
    let control = reference.controls.lanes.get(&application.id);
    let last = detail::ordered(&operator, control);
    let detail = Detail {
        current: URL,
        title: application.id.to_string(),
        lead: Some(words.of(&application.name)),
        sections: [facts].into_iter().chain(last).collect(),
        url: address(&application.id),
        forms: forms(&operator, &reference, application),
    };
    detail::show(&operator, detail)
}

fn forms(operator: &Operator, reference: &Reference, application: &Application) -> Vec<ActForm> {
    let pause = match reference.controls.is_lane_paused(&application.id) {
        true => ActForm::new(operator, "resume", "console-lane-resume"),
        false => {
            let pause = ActForm::new(operator, "pause", "console-lane-pause");
            ActForm { is_danger: true, needs_reason: true, ..pause }
        }
    };
    let ordered = reference.controls.pace(&application.id);
    let now = ordered.map(|pace| pace.to_string()).unwrap_or_default();
    let label = operator.words().say("console-pace-per-second");
    let pace = ActForm::new(operator, "pace", "console-lane-pace");
    vec![pause, ActForm { number: Some((label, now)), ..pace }]
}

/// `POST /console/lanes/{id}`
pub(super) async fn act(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    let id = ApplicationId::new(id).map_err(|_| PageError::NotFound)?;
    let (to, why) = (address(&id), reason(&fields));
    let order = match fields.one("do") {
        Some("pause") if why.is_empty() => return Ok(go(&to, "said-reason-missing")),
        Some("pause") => LaneOrder::Pause,
        Some("resume") => LaneOrder::Resume,
        Some("pace") => match fields.one("number").map(str::parse) {
            None => LaneOrder::Pace(None),
            Some(Ok(pace)) if (1..=PACE_MAX).contains(&pace) => LaneOrder::Pace(Some(pace)),
            Some(_) => return Ok(go(&to, "said-refused")),
        },
        _ => return Err(PageError::BadRequest),
    };
    ordered(web.ledger.control_lane(&id, order, operator.act(&why)).await, &to)
}
