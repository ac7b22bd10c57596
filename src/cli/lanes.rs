//! `facteur lanes`

use serde_json::{Value, json};

use super::answer::Nothing;
use super::{Answer, Output, actor, open};
use crate::app::Tools;
use crate::config::Config;
use crate::domain::{Application, ApplicationId};
use crate::ledger::{Act, Control, Controlled, LaneOrder, Reference};
use crate::queue::topology;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List lanes: state, pace, what waits at the broker, and how many engines take from it
    List,
    /// Take nothing from lanes until they are resumed; their documents wait at the broker
    Pause {
        /// Their applications
        #[arg(required = true)]
        applications: Vec<ApplicationId>,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let paused lanes go on
    Resume {
        /// Their applications
        #[arg(required = true)]
        applications: Vec<ApplicationId>,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Set a lane's pace, over all engines, in place of the registry's
    #[command(group = clap::ArgGroup::new("pace").required(true).args(["per_second", "registry"]))]
    Pace {
        /// Its application
        application: ApplicationId,
        /// Documents a second
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        per_second: Option<u32>,
        /// As the registry says
        #[arg(long)]
        registry: bool,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let answer = match args {
        Args::List => list(&tools, output).await,
        Args::Pause { applications, reason } => {
            order(&tools, &applications, LaneOrder::Pause, &reason, output).await
        }
        Args::Resume { applications, reason } => {
            order(&tools, &applications, LaneOrder::Resume, &reason, output).await
        }
        Args::Pace { application, per_second, reason, .. } => {
            order(&tools, &[application], LaneOrder::Pace(per_second), &reason, output).await
        }
    };
    tools.close().await;
    answer
}

async fn list(tools: &Tools, output: Output) -> anyhow::Result<Answer> {
    let reference = tools.ledger.reference().await?;
    let mut lanes = Vec::with_capacity(reference.applications.len());
    for application in reference.applications.values() {
        // A broker that is away does not keep the rest from being seen.
        let queue = topology::intake_queue(&application.id);
        let mut lane = lane(application, &reference);
        lane["waiting"] = json!(tools.queue().await?.depth(&queue).await.ok());
        lane["consumers"] = json!(tools.queue().await?.consumers(&queue).await.ok().flatten());
        lanes.push(lane);
    }
    output.show(&lanes, |lanes| lanes.iter().map(line).collect())?;
    Ok(Answer::Yes)
}

fn lane(application: &Application, reference: &Reference) -> Value {
    let control = reference.controls.lanes.get(&application.id);
    let pace = control.and_then(|it| it.pace);
    json!({
        "application": application.id,
        "paused": control.is_some_and(|it| it.is_paused),
        "pacePerSecond": reference.pace(&application.id),
        "paceOf": if pace.is_some() { "operator" } else { "registry" },
        "ordered": control.map(ordered),
    })
}

/// Who ordered what is in force, when and why.
pub(super) fn ordered(control: &Control) -> Value {
    json!({ "at": control.at, "by": control.actor, "reason": control.reason })
}

fn line(lane: &Value) -> String {
    let text = |name: &str| lane[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| lane[name].as_u64().map_or("-".to_owned(), |it| it.to_string());
    let state = if lane["paused"] == true { "paused" } else { "open" };
    let why = lane["ordered"]["reason"].as_str().filter(|it| !it.is_empty());
    let why = why.map(|it| format!("  ({it})")).unwrap_or_default();
    let (application, pace) = (text("application"), number("pacePerSecond"));
    let (waiting, consumers) = (number("waiting"), number("consumers"));
    format!(
        "{state:8}{application:44} pace {pace:>8}  waiting {waiting:>8}  consumers {consumers:>3}{why}"
    )
}

async fn order(
    tools: &Tools,
    lanes: &[ApplicationId],
    order: LaneOrder,
    reason: &str,
    output: Output,
) -> anyhow::Result<Answer> {
    let actor = actor();
    for lane in lanes {
        let act = Act { actor: &actor, reason, at: tools.clock.now() };
        let done = tools.ledger.control_lane(lane, order, act).await?;
        let outcome = outcome(done, &format!("the registry knows no application {lane}"))?;
        let value = json!({ "application": lane, "order": words(order), "outcome": outcome });
        output.show(&value, |_| vec![format!("{lane}  {}: {outcome}", words(order))])?;
    }
    Ok(Answer::Yes)
}

fn words(order: LaneOrder) -> String {
    match order {
        LaneOrder::Pause => "pause".into(),
        LaneOrder::Resume => "resume".into(),
        LaneOrder::Pace(Some(pace)) => format!("pace {pace}/s"),
        LaneOrder::Pace(None) => "pace of the registry".into(),
    }
}

/// What became of an order, in a word; an error where its object is unknown.
pub(super) fn outcome(done: Controlled, unknown: &str) -> anyhow::Result<&'static str> {
    match done {
        Controlled::Done => Ok("done"),
        Controlled::Same => Ok("in force already"),
        Controlled::Unknown => Err(Nothing(unknown.to_owned()).into()),
    }
}
