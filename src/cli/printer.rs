//! `facteur printer`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use url::Url;

use super::answer::Wrong;
use super::{Answer, Output};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::paper::printer::DEFAULT_PRINTER;
use crate::print_room::{Broker, Engine, Faults, Rate, Rest, Room, Settings, Until, room};
use crate::queue;

/// Takes the tickets of one printer, fetches and prints what they stand for,
/// and reports what became of each letter.
///
/// The folder holds a batch for each time the press ran: print-ready PDF sets,
/// a JSON manifest, and both in a ZIP. A room that was killed goes on where it
/// ended when it is started again with the same folder; nothing is printed
/// twice.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The printer's name; the overflow queue's printer is `overflow`
    #[arg(long, default_value = DEFAULT_PRINTER)]
    name: String,
    /// The folder to print into
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Ask the REST interface at this address instead of the broker of `queue.url`
    #[arg(long, value_name = "URL", requires = "key")]
    rest: Option<Url>,
    /// The printer's key for the REST interface
    #[arg(long, env = "FACTEUR_PRINTER_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The broker account; by default the one in `queue.url`
    #[arg(long)]
    account: Option<String>,
    /// Reject letters of more sheets than this
    #[arg(long, default_value_t = 100, value_name = "SHEETS")]
    sheets_max: u16,
    /// The last that is reported of a letter that goes well
    #[arg(long, value_enum, default_value_t = Until::Delivered)]
    until: Until,
    /// Wait so long between the reports of a letter: `500ms`, `2s`, `1m`
    #[arg(long, value_parser = duration, default_value = "0s")]
    delay: Duration,
    /// Say so often that the room is alive
    #[arg(long, value_parser = duration, default_value = "10s")]
    heartbeat: Duration,
    /// Let so many letters fail, for tests: `5%`
    #[arg(long, default_value = "0%")]
    fail: Rate,
    /// Report so many letters twice, for tests
    #[arg(long, default_value = "0%")]
    repeat: Rate,
    /// Contradict the reports of so many letters, for tests
    #[arg(long, default_value = "0%")]
    contradict: Rate,
    /// What the choice of these letters grows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let the sandbox's enterprise numbers choose what becomes of their letters
    #[arg(long)]
    sandbox: bool,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let lifecycle = Lifecycle::new();
    lifecycle.signals()?;
    let queue = match &args.rest {
        Some(_) => None,
        None => Some(queue::open(config.queue.url.as_str()).await?),
    };
    let engine = engine(&args, &config, queue.clone())?;
    let program = std::env::current_exe().context("failed to find this program")?;
    let room = Room::open(settings(&args, program), engine, Arc::new(SystemClock))
        .context("failed to open the print room")?;
    let tally = room.run(lifecycle.soft().clone()).await.context("the print room stopped")?;
    if let Some(queue) = queue {
        queue.close().await;
    }
    output.show(&tally, |tally| {
        vec![format!(
            "{} printed, {} rejected, {} repeats, {} not claimed, {} reports",
            tally.printed, tally.rejected, tally.repeats, tally.refused, tally.reported
        )]
    })?;
    Ok(Answer::Yes)
}

fn engine(
    args: &Args,
    config: &Config,
    queue: Option<Arc<dyn queue::Queue>>,
) -> anyhow::Result<Engine> {
    if let (Some(base), Some(key)) = (&args.rest, &args.key) {
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Wrong(format!("--rest {base}: http:// or https:// is expected")).into());
        }
        return Ok(Engine::Rest(Rest::new(base.clone(), &args.name, key.clone())));
    }
    let queue = queue.context("a broker or --rest is needed")?;
    let account = args.account.clone().or_else(|| account(config.queue.url.as_str()));
    let prefetch = u16::try_from(2 * room::BATCH_MAX).unwrap_or(u16::MAX);
    Ok(Engine::Broker(Broker::new(queue, &args.name, account, prefetch)))
}

/// The account in the broker's address, which the broker checks.
fn account(address: &str) -> Option<String> {
    let address = Url::parse(address).ok().filter(|it| it.scheme().starts_with("amqp"))?;
    let name = percent_encoding::percent_decode_str(address.username()).decode_utf8().ok()?;
    (!name.is_empty()).then(|| name.into_owned())
}

fn settings(args: &Args, program: PathBuf) -> Settings {
    Settings {
        printer: args.name.clone(),
        out: args.out.clone(),
        program,
        sheets_max: args.sheets_max,
        until: args.until,
        delay: args.delay,
        heartbeat: args.heartbeat.max(Duration::from_secs(1)),
        faults: Faults {
            fail: args.fail,
            repeat: args.repeat,
            contradict: args.contradict,
            seed: args.seed,
            sandbox: args.sandbox,
        },
    }
}

/// A number with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let fault = || format!("{text:?} is no duration: a number with ms, s or m");
    let (number, unit_ms) = [("ms", 1), ("s", 1_000), ("m", 60_000)]
        .into_iter()
        .find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, ms)))
        .ok_or_else(fault)?;
    let number: u64 = number.trim().parse().map_err(|_| fault())?;
    number.checked_mul(unit_ms).map(Duration::from_millis).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, ms) in [("500ms", 500), ("2s", 2_000), ("1m", 60_000), ("0s", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for wrong in ["", "2", "s", "-1s", "1.5s", "99999999999999999999s", "18446744073709551615m"]
        {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_account_is_that_of_the_address() {
        assert_eq!(account("amqp://li%C3%A8ge:x@localhost/"), Some("liège".into()));
        assert_eq!(account("amqp://localhost/"), None);
        assert_eq!(account("embedded://data/queue.db"), None);
    }
}
