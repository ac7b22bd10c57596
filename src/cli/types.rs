//! `facteur types`

use serde_json::{Value, json};

use super::lanes::{ordered, outcome};
use super::{Answer, Output, actor, open};
use crate::app::Tools;
use crate::config::Config;
use crate::domain::MessageTypeId;
use crate::ledger::{Act, Reference};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List message types, and which are paused
    List,
    /// Hold documents of message types until they are resumed
    Pause(Which),
    /// Let paused message types go on, and what was held of them
    Resume(Which),
}

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Their ids
    #[arg(required = true)]
    types: Vec<MessageTypeId>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let answer = match args {
        Args::List => list(&tools, output).await,
        Args::Pause(which) => order(&tools, &which, true, output).await,
        Args::Resume(which) => order(&tools, &which, false, output).await,
    };
    tools.close().await;
    answer
}

async fn list(tools: &Tools, output: Output) -> anyhow::Result<Answer> {
    let reference = tools.ledger.reference().await?;
    let mut ids: Vec<&MessageTypeId> = reference.message_types.keys().collect();
    ids.sort_unstable();
    let types: Vec<Value> = ids.into_iter().map(|id| value(id, &reference)).collect();
    output.show(&types, |types| types.iter().map(line).collect())?;
    Ok(Answer::Yes)
}

fn value(id: &MessageTypeId, reference: &Reference) -> Value {
    let control = reference.controls.types.get(id);
    let is_paused = control.is_some_and(|it| it.is_paused);
    json!({ "messageTypeId": id, "paused": is_paused, "ordered": control.map(ordered) })
}

fn line(value: &Value) -> String {
    let state = if value["paused"] == true { "paused" } else { "open" };
    format!("{state:8}{}", value["messageTypeId"].as_str().unwrap_or_default())
}

async fn order(
    tools: &Tools,
    which: &Which,
    is_paused: bool,
    output: Output,
) -> anyhow::Result<Answer> {
    let actor = actor();
    let word = if is_paused { "pause" } else { "resume" };
    for kind in &which.types {
        let act = Act { actor: &actor, reason: &which.reason, at: tools.clock.now() };
        let done = tools.ledger.control_type(kind, is_paused, act).await?;
        let outcome = outcome(done, &format!("the registry knows no message type {kind}"))?;
        let value = json!({ "messageTypeId": kind, "order": word, "outcome": outcome });
        output.show(&value, |_| vec![format!("{kind}  {word}: {outcome}")])?;
    }
    Ok(Answer::Yes)
}
