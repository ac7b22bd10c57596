//! `facteur policy`

use serde_json::{Value, json};

use super::{Answer, Output, actor, open};
use crate::app::Tools;
use crate::config::Config;
use crate::decide::Policy;
use crate::ledger::{Act, EngineFigures};
use crate::policy_file;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Check the policy of this configuration, and that the registry knows what it names
    Check,
    /// Say which policy each engine decides by, and whether its file was refused
    Status,
    /// Have every engine read its policy again; a faulty file is refused and the old one stays
    Reload {
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let answer = match args {
        Args::Check => check(&tools, output).await,
        Args::Status => status(&tools, output).await,
        Args::Reload { reason } => reload(&tools, &reason, output).await,
    };
    tools.close().await;
    answer
}

/// The answer is no where a rule names what the registry does not know.
async fn check(tools: &Tools, output: Output) -> anyhow::Result<Answer> {
    let policy = policy_file::read(&tools.config)?;
    let unknown = unknown(tools, &policy).await?;
    let rules = policy.rules.len();
    let value = json!({ "policy": policy.digest, "rules": rules, "unknown": unknown });
    output.show(&value, |_| match unknown.is_empty() {
        true => vec![format!("the policy is in order ({rules} rules and a default)")],
        false => unknown.clone(),
    })?;
    Ok(unknown.is_empty().into())
}

/// What the policy names and the registry does not know, with the line.
async fn unknown(tools: &Tools, policy: &Policy) -> anyhow::Result<Vec<String>> {
    let reference = tools.ledger.reference().await?;
    Ok(policy_file::strangers(policy, &reference).iter().map(ToString::to_string).collect())
}

/// The answer is no where an engine refused its file.
async fn status(tools: &Tools, output: Output) -> anyhow::Result<Answer> {
    let (engines, _) = tools.ledger.figures(tools.clock.now()).await?;
    let values: Vec<Value> = engines.iter().map(value).collect();
    output.show(&values, |_| engines.iter().map(line).collect())?;
    Ok(engines.iter().all(|engine| engine.policy_fault.is_none()).into())
}

fn value(engine: &EngineFigures) -> Value {
    json!({
        "engine": engine.engine, "startedAt": engine.started_at, "toldAt": engine.at,
        "policy": engine.policy, "fault": engine.policy_fault,
    })
}

fn line(engine: &EngineFigures) -> String {
    let fault = engine.policy_fault.as_ref();
    let fault = fault.map(|it| format!("  its file was refused: {it}")).unwrap_or_default();
    format!("{}  policy {}{fault}", engine.engine, engine.policy)
}

async fn reload(tools: &Tools, reason: &str, output: Output) -> anyhow::Result<Answer> {
    // Seen here first: nobody need look into the logs of engines for a slip.
    let policy = policy_file::read(&tools.config)?;
    let unknown = unknown(tools, &policy).await?;
    let act = Act { actor: &actor(), reason, at: tools.clock.now() };
    tools.ledger.ask_for_policy(act).await?;
    let value = json!({ "asked": true, "policyHere": policy.digest, "unknown": unknown });
    output.show(&value, |_| {
        let asked = format!("asked; the policy of this configuration is {}", policy.digest);
        [asked].into_iter().chain(unknown.iter().cloned()).collect()
    })?;
    Ok(Answer::Yes)
}
