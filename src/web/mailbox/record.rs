//! The record of deeds of a box: who did what, and when; for its access
//! managers.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use serde::Deserialize as _;

use super::access::{detail, kind_of, period};
use super::history::{label_name, text};
use super::place::{At, Shown};
use super::query::ListQuery;
use super::side::{Around, Side, around};
use crate::domain::{Grant, Label, PartitionId};
use crate::mailbox::{Deed, Deeds, Record, shown_name};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::dates::Moment;
use crate::web::words::{Spoken, Words};

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    frame: Frame,
    place: Shown,
    side: Side,
    deeds: Vec<DeedShown>,
    previous: Option<String>,
    next: Option<String>,
}

struct DeedShown {
    at: Moment,
    person: String,
    what: String,
    message: Option<(String, Spoken)>,
    detail: String,
}

/// `GET /boxes/{place}/management/record`
pub(super) async fn show(
    State(web): State<Web>,
    at: At,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let asked = Fields::of_query(raw.as_deref()).parsed("page");
    let wanted: u32 = asked.filter(|page| *page > 0).unwrap_or(1);
    let record = web.mailbox.record(&at.reader, number, wanted).await?;
    let around = around(&web, &at, &ListQuery::default(), "record").await?;
    let Around { place, side, labels, .. } = around;
    let url = |page: u32| format!("{}/management/record?page={page}", at.url());
    let teller = Teller { at: &at, record: &record, side: &side, labels: &labels };
    let now = web.clock.now();
    let deed = |deed: &Deeds| DeedShown {
        at: at.words().moment(deed.at, now),
        person: teller.person(deed.actor.as_str()),
        what: teller.say(&format!("deed-{}", deed.deed.as_str())),
        message: teller.message(deed),
        detail: teller.detail(deed),
    };
    page(&RecordPage {
        frame: Frame::new(&at.visitor, "access"),
        deeds: record.deeds.iter().map(deed).collect(),
        previous: (wanted > 1).then(|| url(wanted - 1)),
        next: record.is_more.then(|| url(wanted.saturating_add(1))),
        place,
        side,
    })
}

struct Teller<'a> {
    at: &'a At,
    record: &'a Record,
    side: &'a Side,
    labels: &'a [Label],
}

impl Teller<'_> {
    fn words(&self) -> Words {
        self.at.words()
    }

    fn say(&self, name: &str) -> String {
        self.words().say(name)
    }

    /// By name; whoever has no access any more, by the id that is recorded.
    fn person(&self, id: &str) -> String {
        let known = self.record.person(id);
        known.map_or_else(|| id.to_owned(), |person| person.name.clone())
    }

    /// Address and subject of the message; its id alone where it has left.
    fn message(&self, deed: &Deeds) -> Option<(String, Spoken)> {
        let id = deed.message?;
        let line = self.record.lines.iter().find(|line| line.id == id);
        Some(match line {
            Some(line) => {
                let subject = self.words().of(&line.subject);
                (format!("{}/messages/{id}", self.at.url()), subject)
            }
            None => (String::new(), id.to_string().into()),
        })
    }

    /// What else is recorded, as people say it.
    fn detail(&self, deed: &Deeds) -> String {
        let (words, detail) = (self.words(), &deed.detail);
        match deed.deed {
            Deed::Viewed | Deed::Downloaded => fetched(deed),
            Deed::Exported => match detail["count"].as_u64() {
                Some(count) => words.count("n-messages", count),
                None => words.say("access-title"),
            },
            Deed::Task => self.task(deed),
            Deed::Moved => self.partition(&text(detail, "partition")),
            Deed::Labelled | Deed::Unlabelled => label_name(self.labels, detail),
            Deed::Label => self.label(deed),
            Deed::LabelRule | Deed::Rule => {
                let rules = detail["rules"].as_array().map_or(0, Vec::len);
                words.count("n-rules", rules as u64)
            }
            Deed::Grant => self.grant(deed),
            Deed::Partition => match detail["put"]["name"].as_str() {
                Some(name) if detail["new"] == true => words.with("record-new", "what", name),
                Some(name) => name.to_owned(),
                None => words.with("record-deleted", "what", &text(detail, "deleted")),
            },
            Deed::Consent => self.yes(detail["allDigital"] == true),
            Deed::Notification => match detail["hour"].as_u64() {
                Some(hour) if detail["told"] == true => format!("{hour:02}:00"),
                _ => self.yes(false),
            },
            Deed::Read
            | Deed::Opened
            | Deed::Replied
            | Deed::Hidden
            | Deed::Shown
            | Deed::Registered
            | Deed::Operated => String::new(),
        }
    }

    fn yes(&self, is: bool) -> String {
        self.say(if is { "record-on" } else { "record-off" })
    }

    fn task(&self, deed: &Deeds) -> String {
        let task = match deed.detail["task"].as_str() {
            Some("done") => self.say("do-done"),
            Some("none") => self.say("record-nothing-to-do"),
            _ => self.say("do-to-do"),
        };
        match text(&deed.detail, "due").parse() {
            Ok(day) => format!("{task}, {}", self.words().with("period-to", "to", &self.day(day))),
            Err(_) => task,
        }
    }

    fn day(&self, day: jiff::civil::Date) -> String {
        self.words().long_day(day)
    }

    fn partition(&self, id: &str) -> String {
        id.parse::<PartitionId>().map_or(id.to_owned(), |id| self.side.partition_name(&id))
    }

    fn label(&self, deed: &Deeds) -> String {
        let known = |id: String| {
            let label = self.labels.iter().find(|label| label.id.to_string() == id);
            label.map_or(id, |label| label.name.clone())
        };
        let field = |name: &str| deed.detail[name].as_str().map(str::to_owned);
        match (field("merged"), field("deleted")) {
            (Some(merged), _) => {
                format!("{} → {}", known(merged), known(text(&deed.detail, "into")))
            }
            (_, Some(id)) => self.words().with("record-deleted", "what", &known(id)),
            _ => text(&deed.detail, "name"),
        }
    }

    fn grant(&self, deed: &Deeds) -> String {
        let grant = |name: &str| Grant::deserialize(&deed.detail[name]).ok();
        let (said, grant) = match (grant("given"), grant("before")) {
            (Some(given), Some(_)) => ("record-changed", given),
            (Some(given), None) => ("record-given", given),
            (None, Some(before)) => ("record-withdrawn-from", before),
            // Deeds of earlier releases name no more than the grant's id.
            (None, None) => {
                let id = text(&deed.detail, "withdrawn");
                return self.words().with("record-withdrawn", "what", &id);
            }
        };
        let person = self.person(grant.person.as_str());
        let what = self.opened(&grant);
        self.words().with_all(said, &[("person", &person), ("what", &what)])
    }

    /// What a grant opens, where and when.
    fn opened(&self, grant: &Grant) -> String {
        let kind = self.say(&format!("scope-{}", kind_of(&grant.scope)));
        let of = detail(self.at, &grant.scope).map(|of| format!(" ({of})")).unwrap_or_default();
        let partition = grant.bounds().map(|id| self.side.partition_name(id));
        let is_bounded = grant.from.is_some() || grant.to.is_some();
        let period = is_bounded.then(|| period(self.words(), grant.from, grant.to));
        let parts = [Some(format!("{kind}{of}")), partition, period];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Which file was fetched: its name, and its digest as senders write it.
fn fetched(deed: &Deeds) -> String {
    let field = |name: &str| deed.detail[name].as_str();
    match (field("file"), field("sha256")) {
        (Some(name), Some(digest)) => format!("{} (SHA-256 {digest})", shown_name(name)),
        // Deeds of earlier releases name no more than the part.
        _ => text(&deed.detail, "part"),
    }
}
