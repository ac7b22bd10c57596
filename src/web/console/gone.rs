//! Printers that left the file of `paper.printers` and have letters still: these
//! stay with them until somebody moves them.

use axum::response::Response;

use super::detail::{self, Detail, Fact, Section, section};
use super::operator::Operator;
use super::printers::{URL, address, moving};
use super::table::Cell;
use crate::ledger::{LetterFilter, PrinterStanding};
use crate::paper::letter::LetterState;
use crate::web::Web;
use crate::web::page::PageError;

/// Letters of each state that its page names.
const NAMED: i64 = 50;

/// What a printer may have in its hands; what it claimed may be on paper.
const IN_HAND: [LetterState; 3] = [LetterState::Claimed, LetterState::Printed, LetterState::Queued];

/// A printer that is in no file and has letters.
pub(super) struct Gone {
    name: String,
    counts: Vec<(LetterState, u64)>,
}

/// One of them; none where it has no letter either.
pub(super) async fn find(web: &Web, name: &str) -> Result<Option<Gone>, PageError> {
    // PostgreSQL takes no NUL in a text; nothing has such a name.
    if name.contains('\0') {
        return Ok(None);
    }
    let counts = web.ledger.letters_in_hand(name).await?;
    Ok((!counts.is_empty()).then(|| Gone { name: name.to_owned(), counts }))
}

/// All of them, among the printers that were ever listed or heard of.
pub(super) async fn all(
    web: &Web,
    operator: &Operator,
    standings: &[PrinterStanding],
) -> Result<Vec<Gone>, PageError> {
    let mut all = Vec::new();
    let printers = &operator.backstage.printers;
    for standing in standings.iter().filter(|it| printers.get(&it.name).is_none()) {
        all.extend(find(web, &standing.name).await?);
    }
    Ok(all)
}

impl Gone {
    fn count(&self, operator: &Operator, state: LetterState) -> String {
        let found = self.counts.iter().find(|(of, _)| *of == state);
        operator.words().number(found.map_or(0, |(_, count)| *count))
    }

    /// Its row in the list of printers.
    pub(super) fn row(&self, operator: &Operator) -> Vec<Cell> {
        vec![
            Cell::link(&*self.name, address(&self.name)),
            Cell::mark(operator.words().say("console-printer-gone"), "red"),
            Cell::number(self.count(operator, LetterState::Queued)),
            Cell::number(self.count(operator, LetterState::Claimed)),
            Cell::text("–"),
            Cell::text("–"),
        ]
    }

    fn facts(&self, operator: &Operator) -> Section {
        let count = |state| Some(self.count(operator, state));
        section(
            operator,
            "console-printer",
            [
                ("console-state", Some(operator.words().say("console-printer-gone"))),
                ("console-queued", count(LetterState::Queued)),
                ("console-claimed", count(LetterState::Claimed)),
                ("console-printed", count(LetterState::Printed)),
            ],
        )
    }

    /// The newest of each state, each with its page.
    async fn letters(&self, web: &Web, operator: &Operator) -> Result<Section, PageError> {
        let mut facts = Vec::new();
        for state in IN_HAND {
            let (state, printer) = (Some(state), Some(self.name.clone()));
            let which = LetterFilter { state, printer, limit: NAMED, ..LetterFilter::default() };
            for letter in web.ledger.letters(&which).await? {
                facts.push(Fact {
                    name: operator.words().say(&format!("letter-{}", letter.state.as_str())),
                    value: letter.job_id.to_string(),
                    url: Some(format!("/console/letters/{}", letter.job_id)),
                });
            }
        }
        Ok(Section { title: operator.words().say("console-printer-letters"), facts })
    }
}

/// Its page: what it has, and what can be done about it.
pub(super) async fn show(
    web: &Web,
    operator: &Operator,
    name: &str,
) -> Result<Response, PageError> {
    let gone = find(web, name).await?.ok_or(PageError::NotFound)?;
    let lead = operator.words().with("console-printer-gone-lead", "printer", name);
    let detail = Detail {
        current: URL,
        title: name.to_owned(),
        lead: Some(lead.into()),
        sections: vec![gone.facts(operator), gone.letters(web, operator).await?],
        url: address(name),
        forms: moving(operator, name).into_iter().collect(),
    };
    detail::show(operator, detail)
}
