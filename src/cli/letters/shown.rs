//! What `facteur letters` shows: letters, what printers reported, printers.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Desk;
use crate::cli::Answer;
use crate::ledger::{LetterEvent, LetterFilter, LetterRow, OrderRefusal};

impl Desk<'_> {
    pub(super) async fn list(&self, filter: &LetterFilter) -> anyhow::Result<Answer> {
        let letters = self.tools.ledger.letters(filter).await?;
        self.output.show(&letters, |letters| letters.iter().map(line).collect())?;
        Ok(Answer::Yes)
    }

    pub(super) async fn show(&self, job: Uuid) -> anyhow::Result<Answer> {
        let Some((letter, events)) = self.tools.ledger.letter(job).await? else {
            return self.ordered(job, Ok(Err(OrderRefusal::Unknown)));
        };
        let value = json!({ "letter": letter, "events": events });
        self.output.show(&value, |_| {
            let address = letter.address.iter().flat_map(|block| &block.lines);
            let address = address.map(|line| format!("    {line}"));
            let head = std::iter::once(line(&letter)).chain(address);
            head.chain(events.iter().map(event_line)).collect()
        })?;
        Ok(Answer::Yes)
    }

    pub(super) async fn strays(&self, limit: u32) -> anyhow::Result<Answer> {
        let strays = self.tools.ledger.strays(limit.into()).await?;
        let values: Vec<Value> = strays
            .iter()
            .map(|(printer, code, explanation, body, at)| {
                let body = String::from_utf8_lossy(body);
                json!({ "at": at, "printer": printer, "code": code, "message": explanation, "body": body })
            })
            .collect();
        self.output.show(&values, |_| {
            let strays = strays.iter();
            strays
                .map(|(printer, code, why, _, at)| format!("{at}  {printer}  {code}: {why}"))
                .collect()
        })?;
        Ok(Answer::Yes)
    }

    pub(super) async fn printers(&self) -> anyhow::Result<Answer> {
        let standings = self.tools.ledger.printer_standings().await?;
        let of = |name: &str| standings.iter().find(|it| it.name == name).cloned();
        let printers = self.tools.printers()?;
        let values: Vec<Value> = printers
            .all
            .iter()
            .map(|printer| {
                let standing = of(&printer.name).unwrap_or_default();
                json!({
                    "name": printer.name, "seenAt": standing.seen_at,
                    "silentSince": standing.silent_since,
                    "paused": standing.is_paused || printer.paused,
                    "unclaimedSince": standing.unclaimed_since,
                })
            })
            .collect();
        self.output.show(&values, |values| values.iter().map(ToString::to_string).collect())?;
        Ok(Answer::Yes)
    }
}

fn line(letter: &LetterRow) -> String {
    let held = letter.held_for.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let printer = if letter.printer.is_empty() { "unplanned" } else { &letter.printer };
    let (state, message) = (letter.state.as_str(), letter.message_id);
    format!("{}  {state}{held}  {printer}  message {message}  {}", letter.job_id, letter.cause)
}

fn event_line(event: &LetterEvent) -> String {
    let cause = event.cause.as_deref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    format!(
        "{}  {}  {}{cause}: {}, then {}",
        event.at,
        event.source,
        event.kind,
        event.verdict,
        event.state.as_str()
    )
}
