//! `facteur quarantine`

use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Answer, Output, actor, open, open_all};
use crate::app::{App, Tools};
use crate::config::Config;
use crate::domain::Code;
use crate::intake::Judged;
use crate::ledger::{Act, QuarantineEntry, QuarantineState};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List entries, newest first
    List {
        /// Only this state: open, held, replayed, discarded, superseded
        #[arg(long)]
        state: Option<QuarantineState>,
        /// Only this application's
        #[arg(long)]
        application: Option<String>,
        /// Only this code
        #[arg(long)]
        code: Option<Code>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show an entry with its bytes
    Show {
        /// Which
        id: Uuid,
    },
    /// Send entries through the line again, by today's registry and policy
    Replay {
        /// Which
        #[arg(required = true)]
        ids: Vec<Uuid>,
    },
    /// Throw entries away; their sender is told
    Discard {
        /// Which
        #[arg(required = true)]
        ids: Vec<Uuid>,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: Uuid,
    state: &'static str,
    at: jiff::Timestamp,
    lane: String,
    application: String,
    key: String,
    code: Code,
    pointer: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<String>,
}

impl From<QuarantineEntry> for Shown {
    fn from(entry: QuarantineEntry) -> Self {
        Self {
            id: entry.id,
            state: entry.state.as_str(),
            at: entry.at,
            lane: entry.lane,
            application: entry.application,
            key: entry.key,
            code: entry.refusal.code,
            pointer: entry.refusal.pointer,
            message: entry.refusal.message,
            resolved_by: entry.resolved_by,
        }
    }
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    // What waits is looked at and discarded whatever the policy says.
    if let Args::Replay { ids } = &args {
        return replay_all(ids, config, output).await;
    }
    let tools = open(config).await?;
    let answer = match args {
        Args::List { state, application, code, limit } => {
            let application = application.as_deref();
            let entries = tools.ledger.quarantine(state, application, code, limit.into()).await?;
            list(entries, output)
        }
        Args::Show { id } => show(&tools, id, output).await,
        Args::Discard { ids, reason } => discard(&tools, &ids, &reason, output).await,
        Args::Replay { .. } => Ok(Answer::No), // Done above.
    };
    tools.close().await;
    answer
}

async fn replay_all(ids: &[Uuid], config: Config, output: Output) -> anyhow::Result<Answer> {
    let app = open_all(config).await?;
    let answer = replay(&app, ids, output).await;
    app.close().await;
    answer
}

fn list(entries: Vec<QuarantineEntry>, output: Output) -> anyhow::Result<Answer> {
    let shown: Vec<Shown> = entries.into_iter().map(Shown::from).collect();
    output.show(&shown, |shown| shown.iter().map(line).collect())?;
    Ok(Answer::Yes)
}

fn line(entry: &Shown) -> String {
    let place = if entry.pointer.is_empty() { "/" } else { &entry.pointer };
    let (code, lane, message) = (entry.code, &entry.lane, &entry.message);
    format!("{}  {:10}  {lane}  {code} at {place}: {message}", entry.id, entry.state)
}

async fn show(tools: &Tools, id: Uuid, output: Output) -> anyhow::Result<Answer> {
    let Some((entry, body)) = tools.ledger.quarantined(id).await? else {
        return unknown(id, output);
    };
    let properties = entry.properties.clone();
    let entry = Shown::from(entry);
    let body = String::from_utf8_lossy(&body).into_owned();
    let value = json!({ "entry": entry, "properties": properties, "body": body });
    output.show(&value, |_| vec![line(&entry), properties.clone(), body.clone()])?;
    Ok(Answer::Yes)
}

fn unknown(id: Uuid, output: Output) -> anyhow::Result<Answer> {
    let message = format!("there is no quarantine entry {id}");
    output.show(&json!({ "error": message }), |_| vec![message.clone()])?;
    Ok(Answer::No)
}

async fn replay(app: &App, ids: &[Uuid], output: Output) -> anyhow::Result<Answer> {
    let intake = app.intake();
    let mut is_accepted = true;
    for id in ids {
        let result = match intake.replay(*id, &actor(), &CancellationToken::new()).await {
            Ok(Judged::Accepted { id, medium, .. }) => {
                Ok(format!("message {id}, {}", medium.as_str()))
            }
            Ok(Judged::Quarantined(refusal) | Judged::Refused(refusal)) => {
                Err(format!("still refused: {refusal}"))
            }
            Ok(Judged::Held(refusal)) => Err(format!("still held: {refusal}")),
            Ok(Judged::Repeat { first }) => Err(format!(
                "a repeat of message {}; discard it",
                first.map(|id| id.to_string()).unwrap_or_default()
            )),
            Ok(Judged::Redelivered | Judged::Stale) => Err("recorded before".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        is_accepted &= result.is_ok();
        let (outcome, text) = match &result {
            Ok(text) => ("accepted", text),
            Err(text) => ("not accepted", text),
        };
        let value = json!({ "id": id, "outcome": outcome, "detail": text });
        output.show(&value, |_| vec![format!("{id}  {outcome}: {text}")])?;
    }
    Ok(is_accepted.into())
}

async fn discard(
    tools: &Tools,
    ids: &[Uuid],
    reason: &str,
    output: Output,
) -> anyhow::Result<Answer> {
    let mut is_done = true;
    let actor = actor();
    for id in ids {
        let act = Act { actor: &actor, reason, at: tools.clock.now() };
        let discarded = tools.ledger.discard(*id, act).await?;
        is_done &= discarded;
        output.show(&json!({ "id": id, "discarded": discarded }), |_| {
            let word = if discarded { "discarded" } else { "not there, or not waiting any more" };
            vec![format!("{id}  {word}")]
        })?;
    }
    Ok(is_done.into())
}
