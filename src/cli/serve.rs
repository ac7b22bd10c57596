//! `facteur serve`

use std::collections::BTreeSet;

use super::Answer;
use crate::app::{App, Role};
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::telemetry;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What this engine does; all by default
    #[arg(long, value_delimiter = ',', value_enum)]
    roles: Vec<Role>,
}

pub(super) async fn run(args: Args, config: Config) -> anyhow::Result<Answer> {
    let roles: BTreeSet<Role> =
        if args.roles.is_empty() { Role::all() } else { args.roles.into_iter().collect() };
    let grace = config.shutdown.grace();
    let telemetry = telemetry::install()?;
    let app = App::open(config).await?;
    let lifecycle = Lifecycle::new();
    lifecycle.signals()?;
    app.policy.hang_ups(&lifecycle)?;
    // A database that is away at the start is waited for, as it is later.
    let started = tokio::select! {
        started = app.start_patiently(&roles, &lifecycle, &telemetry) => started,
        () = lifecycle.soft().cancelled() => return Ok(Answer::Yes),
    };
    if let Err(error) = started {
        lifecycle.hard().cancel();
        return Err(error);
    }
    lifecycle.soft().cancelled().await;
    let outcome = lifecycle.finish(grace).await;
    app.close().await;
    for name in &outcome.failed {
        tracing::error!(task = name, "a task failed");
    }
    for name in &outcome.unfinished {
        tracing::warn!(task = name, "did not end in time; what it had in hand comes again");
    }
    Ok(outcome.is_success().into())
}
