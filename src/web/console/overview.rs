//! How everything is, live: the figures that engines told, added up.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::chart::{Chart, Drawn, chart};
use super::operator::{NavItem, Operator, decimal, nav, whole};
use super::rates::{course, height, lately};
use super::table::{Cell, Table};
use crate::ledger::{EngineFigures, Moment};
use crate::paper::letter::LetterState;
use crate::telemetry::figures::{self, Series};
use crate::telemetry::names;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Words;

#[derive(Template)]
#[template(path = "console_overview.html")]
struct OverviewPage {
    frame: Frame,
    nav: Vec<NavItem>,
    is_still: bool,
    at: String,
    tiles: Vec<Tile>,
    charts: Vec<Chart>,
    tables: Vec<Table>,
}

/// One figure.
struct Tile {
    name: String,
    value: String,
    unit: String,
    mood: &'static str,
}

/// What came to its end, by what became of it.
const RECEIVED: [&str; 5] = ["accepted", "repeat", "redelivered", "quarantined", "held"];
const ACCEPTED: [&str; 3] = ["digital", "paper", "both"];
const RATE: &str = "console-scale";
const LETTERS: [(&str, &str, &str); 2] =
    [("one", "letter-queued", "letters-queued"), ("two", "letter-claimed", "letters-claimed")];
/// Rows of a table of figures at most; the longest queues are what matters.
const ROWS_MAX: usize = 12;

/// `GET /console`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let is_still = Fields::of_query(raw.as_deref()).is("still");
    let (engines, moments) = web.ledger.figures(operator.now).await?;
    let picture = Picture::of(&operator, &engines, &moments);
    page(&OverviewPage {
        frame: operator.frame(),
        nav: nav(operator.words(), "/console"),
        is_still,
        at: operator.moment(operator.now).long,
        tiles: picture.tiles(),
        charts: picture.charts(),
        tables: vec![
            picture.letters(),
            picture.queues(),
            picture.quarantine(),
            picture.throttled(),
            picture.engines(),
        ],
    })
}

/// What is drawn.
struct Picture<'a> {
    operator: &'a Operator,
    words: Words,
    engines: &'a [EngineFigures],
    moments: &'a [Moment],
    /// Of the engine that counts for the whole installation.
    whole: Series,
}

impl<'a> Picture<'a> {
    fn of(operator: &'a Operator, engines: &'a [EngineFigures], moments: &'a [Moment]) -> Self {
        let watching = engines.iter().find(|engine| engine.is_watching);
        let whole = watching.map(|engine| engine.series.clone()).unwrap_or_default();
        Self { operator, words: operator.words(), engines, moments, whole }
    }

    fn lately(&self, names: &[&str]) -> f64 {
        lately(self.moments, names, self.operator.now)
    }

    fn tiles(&self) -> Vec<Tile> {
        let per_second = |name: &str, value: f64, warns: bool| Tile {
            name: self.words.say(name),
            value: decimal(self.words, value),
            unit: self.words.say("console-per-second"),
            mood: if warns && value > 0.0 { "warn" } else { "" },
        };
        vec![
            per_second("console-received", self.lately(&RECEIVED), false),
            per_second("console-accepted", self.lately(&ACCEPTED), false),
            per_second("console-put-aside", self.lately(&["quarantined", "held"]), true),
            per_second("console-throttled", self.lately(&["throttled"]), true),
            per_second("console-errors", self.lately(&["errors"]), true),
            self.lag(),
            self.difference(),
        ]
    }

    /// Of the engine whose search index is furthest behind.
    fn lag(&self) -> Tile {
        let of = |engine: &EngineFigures| {
            figures::sum(&engine.series, &names::INDEX_LAG_SECONDS, |_| true)
        };
        let seconds = self.engines.iter().map(of).fold(0.0, f64::max);
        Tile {
            name: self.words.say("console-lag"),
            value: decimal(self.words, seconds),
            unit: self.words.say("console-seconds"),
            mood: if seconds > 60.0 { "warn" } else { "" },
        }
    }

    /// The one promise: 0. A dash where nobody counts.
    fn difference(&self) -> Tile {
        let found = self.whole.get(names::ACCOUNT_DIFFERENCE.name);
        Tile {
            name: self.words.say("console-difference"),
            value: found.map_or_else(|| "–".to_owned(), |it| format!("{}", it.round())),
            unit: self.words.say("console-documents"),
            mood: match found {
                Some(it) if *it == 0.0 => "good",
                Some(_) => "bad",
                None => "warn",
            },
        }
    }

    fn charts(&self) -> Vec<Chart> {
        let (words, now) = (self.words, self.operator.now);
        let drawn = |class, name: &str, names: &[&str]| -> Drawn {
            (class, words.say(name), course(self.moments, names, now), self.lately(names))
        };
        let received = vec![
            drawn("one", "console-received", &RECEIVED),
            drawn("three", "console-put-aside", &["quarantined", "held"]),
        ];
        let media = vec![
            drawn("one", "medium-digital", &["digital"]),
            drawn("two", "medium-paper", &["paper"]),
            drawn("three", "medium-both", &["both"]),
        ];
        let trouble = vec![
            drawn("two", "console-throttled", &["throttled"]),
            drawn("three", "console-errors", &["errors"]),
        ];
        vec![
            chart(words, "console-chart-received", RATE, received),
            chart(words, "console-chart-media", RATE, media),
            chart(words, "console-chart-throttled", RATE, trouble),
            self.heights("console-chart-lag", &[("one", "console-lag", "lag")]),
            self.heights("console-chart-letters", &LETTERS),
            self.heights("console-chart-queues", &[("one", "console-waiting", "queues")]),
        ]
    }

    /// A chart of gauges: class, name and total of each.
    fn heights(&self, title: &str, gauges: &[(&'static str, &str, &str)]) -> Chart {
        let drawn = |(class, name, total): &(&'static str, &str, &str)| -> Drawn {
            let course = height(self.moments, total, self.operator.now);
            let now = course.last().copied().unwrap_or_default();
            (class, self.words.say(name), course, now)
        };
        chart(self.words, title, "console-scale-plain", gauges.iter().map(drawn).collect())
    }

    fn table(&self, name: &str, headings: [&str; 2], rows: Vec<Vec<Cell>>) -> Table {
        Table {
            name: self.words.say(name),
            headings: headings.map(|heading| self.words.say(heading)).into(),
            rows,
            empty: self.words.say("console-none"),
        }
    }

    fn count(&self, value: f64) -> Cell {
        Cell::number(self.words.number(whole(value)))
    }

    fn letters(&self) -> Table {
        let by_state = figures::by(&self.whole, &names::LETTERS, "state");
        let row = |state: &LetterState| {
            let n = by_state.get(state.as_str()).copied().unwrap_or_default();
            let name = self.words.say(&format!("letter-{}", state.as_str()));
            vec![Cell::text(name), self.count(n)]
        };
        let rows = LetterState::ALL.iter().map(row).collect();
        self.table("console-letters", ["console-state", "console-count"], rows)
    }

    /// The longest first, and what is empty not at all.
    fn longest(&self, found: impl IntoIterator<Item = (String, f64)>) -> Vec<Vec<Cell>> {
        self.ordered(found.into_iter().filter(|(_, n)| *n > 0.0))
    }

    fn ordered(&self, found: impl Iterator<Item = (String, f64)>) -> Vec<Vec<Cell>> {
        let mut found: Vec<(String, f64)> = found.collect();
        found.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        found.truncate(ROWS_MAX);
        found.into_iter().map(|(name, n)| vec![Cell::text(name), self.count(n)]).collect()
    }

    fn queues(&self) -> Table {
        // An empty queue is news too: it is there, and counted.
        let depths = figures::by(&self.whole, &names::QUEUE_DEPTH, "queue");
        let rows = self.ordered(depths.into_iter());
        self.table("console-queues", ["console-queue", "console-waiting"], rows)
    }

    fn quarantine(&self) -> Table {
        let rows = self.longest(figures::by(&self.whole, &names::QUARANTINED, "code"));
        self.table("console-quarantine", ["console-code", "console-count"], rows)
    }

    fn throttled(&self) -> Table {
        let mut sums = std::collections::BTreeMap::new();
        for engine in self.engines {
            for (lane, n) in figures::by(&engine.series, &names::THROTTLED, "application") {
                *sums.entry(lane).or_insert(0.0) += n;
            }
        }
        let rows = self.longest(sums);
        self.table("console-throttled-lanes", ["console-lane", "console-times"], rows)
    }

    fn engines(&self) -> Table {
        let row = |engine: &EngineFigures| {
            let since = self.operator.moment(engine.started_at).long;
            let name = Cell::text(engine.engine.to_string());
            let name = if engine.is_watching {
                name.with(self.words.say("console-watching"))
            } else {
                name
            };
            vec![name, Cell::text(since)]
        };
        let rows = self.engines.iter().map(row).collect();
        self.table("console-engines", ["console-engine", "console-since"], rows)
    }
}
