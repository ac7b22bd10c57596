//! Printers: how each stands; paused, resumed, relieved of its letters.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::SignedDuration;

use super::act::reason;
use super::detail::{self, ActForm, Detail, section};
use super::gone;
use super::operator::{Operator, whole};
use super::table::{self, Around, Cell, Choice, ChoiceOption, Table};
use crate::ledger::{PrinterStanding, Source};
use crate::paper::days;
use crate::paper::letter::LetterState;
use crate::paper::printer::Printer;
use crate::telemetry::figures::{self, Series};
use crate::telemetry::names;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, encoded, go};

pub(super) const URL: &str = "/console/printers";
/// Letters moved in one transaction, and in one request: a form that is sent
/// again moves the rest.
const MOVED_AT_ONCE: i64 = 1_000;
const MOVED_MAX: usize = 20_000;

/// What is known of all printers.
struct Known {
    standings: Vec<PrinterStanding>,
    /// Of the engine that counts for the whole installation.
    series: Series,
}

impl Known {
    async fn of(web: &Web, operator: &Operator) -> Result<Self, PageError> {
        let (engines, _) = web.ledger.figures(operator.now).await?;
        let watching = engines.into_iter().find(|engine| engine.is_watching);
        let series = watching.map(|engine| engine.series).unwrap_or_default();
        Ok(Self { standings: web.ledger.printer_standings().await?, series })
    }

    fn standing(&self, printer: &Printer) -> PrinterStanding {
        let found = self.standings.iter().find(|it| it.name == printer.name);
        found.cloned().unwrap_or_default()
    }

    fn letters(&self, printer: &Printer, state: LetterState) -> u64 {
        whole(figures::sum(&self.series, &names::LETTERS, |series| {
            figures::label(series, "printer").as_deref() == Some(&*printer.name)
                && figures::label(series, "state").as_deref() == Some(state.as_str())
        }))
    }

    /// Since when its oldest letter waits, if one does.
    fn oldest(&self, operator: &Operator, printer: &Printer) -> Option<String> {
        let seconds = figures::sum(&self.series, &names::OLDEST_LETTER_SECONDS, |series| {
            figures::label(series, "printer").as_deref() == Some(&*printer.name)
        });
        let seconds = i64::try_from(whole(seconds)).ok().filter(|seconds| *seconds > 0)?;
        let at = operator.now.checked_sub(SignedDuration::from_secs(seconds)).ok()?;
        Some(operator.moment(at).long)
    }

    fn state(&self, operator: &Operator, printer: &Printer) -> (String, &'static str) {
        let (words, standing) = (operator.words(), self.standing(printer));
        match () {
            () if printer.paused => (words.say("console-paused-by-file"), "yellow"),
            () if standing.is_paused => (words.say("console-paused"), "yellow"),
            () if standing.silent_since.is_some() => (words.say("console-silent"), "red"),
            () if standing.seen_at.is_none() => (words.say("console-never-seen"), "grey"),
            () => (words.say("console-open"), "green"),
        }
    }
}

/// `GET /console/printers`
pub(super) async fn list(
    State(web): State<Web>,
    operator: Operator,
) -> Result<Response, PageError> {
    let words = operator.words();
    let known = Known::of(&web, &operator).await?;
    let row = |printer: &Printer| {
        let (state, tint) = known.state(&operator, printer);
        let cap = printer.cap_per_day.map(|cap| words.number(cap.into()));
        let number = |state| Cell::number(words.number(known.letters(printer, state)));
        vec![
            Cell::link(&*printer.name, address(&printer.name)),
            Cell::mark(state, tint),
            number(LetterState::Queued),
            number(LetterState::Claimed),
            Cell::number(cap.unwrap_or_else(|| "–".into())),
            Cell::text(known.oldest(&operator, printer).unwrap_or_else(|| "–".into())),
        ]
    };
    let mut rows: Vec<_> = operator.backstage.printers.all.iter().map(row).collect();
    let gone = gone::all(&web, &operator, &known.standings).await?;
    rows.extend(gone.iter().map(|it| it.row(&operator)));
    let table = Table {
        name: words.say("console-printers"),
        headings: [
            "console-printer",
            "console-state",
            "console-queued",
            "console-claimed",
            "console-cap",
            "console-oldest",
        ]
        .map(|heading| words.say(heading))
        .into(),
        rows,
        empty: words.say("console-none"),
    };
    let around = Around {
        current: URL,
        title: "console-printers",
        lead: "console-printers-lead",
        choices: Vec::new(),
        first: None,
        next: None,
    };
    table::show(&operator, around, table)
}

/// Where a printer has its page.
pub(super) fn address(printer: &str) -> String {
    format!("{URL}/{}", encoded(printer))
}

/// `GET /console/printers/{id}`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let words = operator.words();
    let Some(printer) = operator.backstage.printers.get(&id) else {
        return gone::show(&web, &operator, &id).await;
    };
    let known = Known::of(&web, &operator).await?;
    let standing = known.standing(printer);
    let moment = |at: Option<jiff::Timestamp>| at.map(|at| operator.moment(at).long);
    let count = |state| Some(words.number(known.letters(printer, state)));
    let facts = section(
        &operator,
        "console-printer",
        [
            ("console-state", Some(known.state(&operator, printer).0)),
            ("console-seen", moment(standing.seen_at)),
            ("console-silent-since", moment(standing.silent_since)),
            ("console-queued", count(LetterState::Queued)),
            ("console-claimed", count(LetterState::Claimed)),
            ("console-printed", count(LetterState::Printed)),
            ("console-oldest", known.oldest(&operator, printer)),
            ("console-unclaimed-since", moment(standing.unclaimed_since)),
            ("console-cap", printer.cap_per_day.map(|cap| words.number(cap.into()))),
            ("console-pace", printer.pace_per_second.map(|pace| words.number(pace.into()))),
            ("console-fallback", printer.fallback.clone()),
        ],
    );
    let detail = Detail {
        current: URL,
        title: printer.name.clone(),
        lead: None,
        sections: vec![facts],
        url: address(&printer.name),
        forms: forms(&operator, printer, standing.is_paused),
    };
    detail::show(&operator, detail)
}

fn forms(operator: &Operator, printer: &Printer, is_paused: bool) -> Vec<ActForm> {
    let pause = match is_paused {
        true => ActForm::new(operator, "resume", "console-printer-resume"),
        false => {
            let pause = ActForm::new(operator, "pause", "console-printer-pause");
            ActForm { is_danger: true, needs_reason: true, ..pause }
        }
    };
    [pause].into_iter().chain(moving(operator, &printer.name)).collect()
}

/// Its waiting letters to another, where there is one.
pub(super) fn moving(operator: &Operator, printer: &str) -> Option<ActForm> {
    let others = others(operator, printer);
    if others.options.is_empty() {
        return None;
    }
    let moved = ActForm::new(operator, "move", "console-printer-move");
    Some(ActForm { needs_reason: true, choice: Some(others), ..moved })
}

/// Every other printer.
pub(super) fn others(operator: &Operator, printer: &str) -> Choice {
    let all = operator.backstage.printers.all.iter();
    let options = all.filter(|it| it.name != printer).map(|it| ChoiceOption {
        value: it.name.clone(),
        name: it.name.clone(),
        is_chosen: false,
    });
    Choice {
        name: "printer",
        label: operator.words().say("console-move-to"),
        options: options.collect(),
    }
}

/// `POST /console/printers/{id}`
pub(super) async fn act(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    let is_known = operator.backstage.printers.get(&id).is_some();
    if !is_known {
        gone::find(&web, &id).await?.ok_or(PageError::NotFound)?;
    }
    let (to, why) = (address(&id), reason(&fields));
    match fields.one("do") {
        Some("pause" | "move") if why.is_empty() => Ok(go(&to, "said-reason-missing")),
        Some(word @ ("pause" | "resume")) if is_known => {
            web.ledger.pause_printer(&id, word == "pause", operator.act(&why)).await?;
            Ok(go(&to, "said-ordered"))
        }
        Some("move") => {
            let other =
                fields.one("printer").and_then(|name| operator.backstage.printers.get(name));
            let other = other.filter(|it| it.name != id).ok_or(PageError::BadRequest)?;
            relieve(&web, &operator, &id, other, &why).await?;
            // Of one that is gone and has no letter any more there is no page.
            let is_there = is_known || gone::find(&web, &id).await?.is_some();
            Ok(go(if is_there { &to } else { URL }, "said-letters-moved"))
        }
        _ => Err(PageError::BadRequest),
    }
}

/// Moves what a printer has not claimed to another.
async fn relieve(
    web: &Web,
    operator: &Operator,
    from: &str,
    to: &Printer,
    why: &str,
) -> Result<(), PageError> {
    let subject = format!("{from} → {}", to.name);
    web.ledger.record_act("letters-moved", &subject, operator.act(why)).await?;
    let (day, now) = (days::today(operator.now), operator.now);
    let source = Source::Operator(operator.actor().to_owned());
    let mut moved = 0;
    while moved < MOVED_MAX {
        let moving = web.ledger.move_unclaimed(from, &to.name, day, MOVED_AT_ONCE, &source, now);
        match moving.await? {
            0 => break,
            some => moved += some,
        }
    }
    Ok(())
}
