//! `facteur notices`

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, Output, open};
use crate::app::Tools;
use crate::config::Config;
use crate::domain::EnterpriseNumber;
use crate::ledger::{NoticeRow, NoticeState};

/// Notices that one command sends again.
const RETRIED_MAX: u32 = 10_000;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List notices, newest first
    List {
        /// Only this state: waiting, sent, refused, dropped, merged
        #[arg(long)]
        state: Option<NoticeState>,
        /// Only this company's
        #[arg(long)]
        enterprise: Option<EnterpriseNumber>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Send notices now that were refused, or that wait for a later attempt
    Retry {
        /// Which
        #[arg(required_unless_present = "refused", conflicts_with = "refused")]
        ids: Vec<Uuid>,
        /// Every one that was refused
        #[arg(long)]
        refused: bool,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: Uuid,
    enterprise: EnterpriseNumber,
    night: Option<jiff::civil::Date>,
    state: &'static str,
    attempts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

impl From<NoticeRow> for Shown {
    fn from(row: NoticeRow) -> Self {
        Self {
            id: row.id,
            enterprise: row.enterprise,
            night: row.day,
            state: row.state.as_str(),
            attempts: row.attempts,
            next_attempt: (row.state == NoticeState::Waiting).then_some(row.try_at),
            ended_at: row.ended_at,
            answer: row.answer,
        }
    }
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let answer = match args {
        Args::List { state, enterprise, limit } => {
            let rows = tools.ledger.notices(state, enterprise, limit).await?;
            let shown: Vec<Shown> = rows.into_iter().map(Shown::from).collect();
            output.show(&shown, |shown| shown.iter().map(line).collect())?;
            Ok(Answer::Yes)
        }
        Args::Retry { ids, refused: false } => retry(&tools, &ids, output).await,
        Args::Retry { .. } => {
            let rows = tools.ledger.notices(Some(NoticeState::Refused), None, RETRIED_MAX).await?;
            let ids: Vec<Uuid> = rows.into_iter().map(|row| row.id).collect();
            retry(&tools, &ids, output).await
        }
    };
    tools.close().await;
    answer
}

fn line(it: &Shown) -> String {
    let night = it.night.map(|day| day.to_string()).unwrap_or_default();
    let answer = it.answer.as_deref().unwrap_or_default();
    let (id, state, attempts) = (it.id, it.state, it.attempts);
    format!("{id}  {night}  {}  {state:8}  {attempts} attempts  {answer}", it.enterprise)
}

async fn retry(tools: &Tools, ids: &[Uuid], output: Output) -> anyhow::Result<Answer> {
    let (mut retried, mut others) = (Vec::new(), Vec::new());
    for id in ids {
        match tools.ledger.retry_notice(*id, tools.clock.now()).await? {
            true => retried.push(*id),
            false => others.push(*id),
        }
    }
    output.show(&json!({ "retried": retried, "notWaiting": others }), |_| {
        let done = retried.iter().map(|id| format!("{id}  is sent now"));
        let not = others.iter().map(|id| format!("{id}  not there, or not waiting any more"));
        done.chain(not).collect()
    })?;
    Ok(others.is_empty().into())
}
