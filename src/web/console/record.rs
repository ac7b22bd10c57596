//! What operators did.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::operator::Operator;
use super::table::{self, Around, Cell, Table};
use crate::ledger::Acted;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::PageError;

const PAGE: u32 = 50;
const URL: &str = "/console/record";

/// `GET /console/record`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let before: Option<i64> = Fields::of_query(raw.as_deref()).parsed("before");
    let acts = web.ledger.acts(before, PAGE).await?;
    let words = operator.words();
    let row = |acted: &Acted| {
        let act = words.find(&format!("act-{}", acted.act)).unwrap_or_else(|| acted.act.clone());
        vec![
            Cell::text(act).with(acted.subject.clone()),
            Cell::text(operator.moment(acted.at).long),
            Cell::text(&*acted.actor),
            Cell::text(&*acted.reason),
        ]
    };
    let table = Table {
        name: words.say("console-record"),
        headings: ["console-act", "console-when", "console-by", "console-reason"]
            .map(|heading| words.say(heading))
            .into(),
        rows: acts.iter().map(row).collect(),
        empty: words.say("console-none"),
    };
    let last = acts.last().filter(|_| acts.len() == PAGE as usize);
    let around = Around {
        current: URL,
        title: "console-record",
        lead: "console-record-lead",
        choices: Vec::new(),
        first: before.map(|_| URL.to_owned()),
        next: last.map(|acted| format!("{URL}?before={}", acted.id)),
    };
    table::show(&operator, around, table)
}
