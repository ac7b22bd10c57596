//! What happened to a message, in sentences.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::marks::letter_state;
use super::partition_names::PartitionNames;
use super::place::person_name;
use crate::domain::{Label, PartitionId};
use crate::mailbox::{Deed, Event, Happened, Opened};
use crate::web::words::Words;
use crate::web::words::dates::Moment;

/// Something of the history.
pub(super) struct Past {
    pub(super) at: Moment,
    pub(super) text: String,
}

/// The history of an opened message, newest first.
pub(super) fn history(
    opened: &Opened,
    labels: &[Label],
    partitions: &PartitionNames<'_>,
    words: Words,
    now: Timestamp,
) -> Vec<Past> {
    let teller = Teller { opened, labels, partitions, words };
    let past = |event: &Event| Past { at: words.moment(event.at, now), text: teller.tell(event) };
    opened.history.iter().map(past).collect()
}

struct Teller<'a> {
    opened: &'a Opened,
    labels: &'a [Label],
    partitions: &'a PartitionNames<'a>,
    words: Words,
}

impl Teller<'_> {
    fn tell(&self, event: &Event) -> String {
        let words = self.words;
        match &event.happened {
            Happened::Arrived => words.say("event-arrived"),
            Happened::Letter(state) => {
                words.with("event-letter", "what", &letter_state(state, words))
            }
            Happened::Deed(deed, detail) => {
                let done = self.done(*deed, detail, &person_name(event.person.as_ref(), words));
                match event.times {
                    1 => done,
                    times => {
                        let n = words.number(times);
                        words.with_all("event-times", &[("event", &done), ("n", &n)])
                    }
                }
            }
        }
    }

    fn done(&self, deed: Deed, detail: &Json, person: &str) -> String {
        let (event, what) = match deed {
            Deed::Read => ("event-read", String::new()),
            Deed::Opened => ("event-opened", String::new()),
            Deed::Downloaded | Deed::Exported => ("event-downloaded", String::new()),
            Deed::Replied => ("event-replied", String::new()),
            Deed::Hidden => ("event-hidden", String::new()),
            Deed::Shown => ("event-shown", String::new()),
            Deed::Task => match detail["task"].as_str() {
                Some("done") => ("event-done", String::new()),
                Some("none") => ("event-nothing-to-do", String::new()),
                _ => ("event-to-do", String::new()),
            },
            Deed::Moved => ("event-moved", self.partition(detail)),
            Deed::Labelled => ("event-labelled", label_name(self.labels, detail)),
            Deed::Unlabelled => ("event-unlabelled", label_name(self.labels, detail)),
            other => ("event-other", other.as_str().to_owned()),
        };
        self.words.with_all(event, &[("person", person), ("what", &what)])
    }

    fn partition(&self, detail: &Json) -> String {
        let id = text(detail, "partition");
        let known = id.parse::<PartitionId>();
        known.map_or(id, |id| self.partitions.name(self.opened.line.enterprise, &id))
    }
}

/// A field of what is recorded, or nothing.
pub(super) fn text(detail: &Json, field: &str) -> String {
    detail[field].as_str().unwrap_or_default().to_owned()
}

/// The label that a deed names, as it is called today.
pub(super) fn label_name(labels: &[Label], detail: &Json) -> String {
    let id = text(detail, "label");
    let known = labels.iter().find(|label| label.id.to_string() == id);
    known.map_or_else(|| text(detail, "name"), |label| label.name.clone())
}
