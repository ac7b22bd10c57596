//! `facteur demo`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

use super::verify::{lines, report};
use super::{Answer, Output};
use crate::app::{App, Role, Started};
use crate::clock::Stopwatch;
use crate::config::{Config, Contact};
use crate::demo::{self, Mail};
use crate::documents::Depth;
use crate::domain::{Change, Record};
use crate::ledger::{Account, Finding};
use crate::lifecycle::{Lifecycle, rest};
use crate::queue::{Publisher, Topology};
use crate::telemetry;
use crate::verify::{Verdict, verify};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Publications to send, repeats and bad ones included; without it, for ever
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    documents: Option<u64>,
    /// Leave when all are through, with status 0 only if the account balances
    #[arg(long, requires = "documents")]
    exit: bool,
    /// Where to keep everything, instead of what the configuration names
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// So many publications await their confirms together.
const PIECE: u64 = 250;
/// Without an end, the agencies send at a walk.
const STROLL: Duration = Duration::from_secs(1);

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let config = of_a_demonstration(config, &args);
    telemetry::log::init(&config.log)?;
    let telemetry = telemetry::install()?;
    let mut app = App::open(config).await?;
    let records = demo::world(app.clock.now())?;
    app.personas = demo::personas(demo::newcomer(&records))?;
    let app = Arc::new(app);
    app.migrate().await.context("failed to make the ledger")?;
    let is_new = settle_world(&app, records).await?;
    let before = app.ledger.account().await?;
    let lifecycle = Lifecycle::new();
    lifecycle.signals()?;
    let started = app.start(&Role::all(), &lifecycle, &telemetry).await?;
    say_where(&started, output)?;
    play_the_others(&app, &started, &lifecycle);
    let running = Stopwatch::start();
    let mut show = Show { app: &app, started: &started, output, is_new, before: &before, running };
    let verdict = show.run(&args, lifecycle.soft()).await;
    lifecycle.soft().cancel();
    let outcome = lifecycle.finish(app.config.shutdown.grace()).await;
    app.close().await;
    let Some(verdict) = verdict? else { return Ok(outcome.is_success().into()) };
    output.show(&report(&verdict), |_| lines(&verdict))?;
    Ok((verdict.is_balanced() && outcome.is_success()).into())
}

fn of_a_demonstration(mut config: Config, args: &Args) -> Config {
    if let Some(folder) = &args.folder {
        config.move_to(folder);
    }
    if args.exit {
        // Nobody looks at a run that leaves by itself; two may run at once.
        config.web.listen.set_port(0);
        config.metrics.listen.set_port(0);
    }
    if config.contact == Contact::default() {
        config.contact.name = "e-Box Demo".into();
        config.contact.phone = "02 555 01 23".into();
    }
    // The picture is the log of a demonstration.
    config.log.filter = "warn,lapin::channel=off".into();
    config
}

fn say_where(started: &Started, output: Output) -> anyhow::Result<()> {
    let Some(web) = started.web.filter(|_| !output.is_json()) else { return Ok(()) };
    let metrics = started.metrics;
    output.text(&format!("pages on http://{web}, metrics on http://{metrics}/metrics\n"))?;
    Ok(())
}

/// Companies that change their minds, and a printer.
fn play_the_others(app: &App, started: &Started, lifecycle: &Lifecycle) {
    let stop = || lifecycle.soft().clone();
    let companies = demo::live(Arc::clone(&app.ledger), Arc::clone(&app.clock), stop());
    lifecycle.spawn("companies", companies);
    let (office, queue) = (Arc::clone(&started.office), Arc::clone(&app.queue));
    lifecycle.spawn("printer", demo::print(office, queue, stop()));
}

/// Whether the ledger was new.
async fn settle_world(app: &App, records: Vec<Record>) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let changes: Vec<Change> = records.into_iter().map(Change::Put).collect();
    let is_new = app.ledger.reference().await?.applications.is_empty();
    if is_new {
        for chunk in changes.chunks(2_000) {
            app.ledger.change_registry(chunk, "demo", now).await?;
        }
    }
    Ok(is_new)
}

struct Show<'a> {
    app: &'a App,
    started: &'a Started,
    output: Output,
    /// A run that was killed leaves documents in the lanes, and this one takes them.
    is_new: bool,
    before: &'a Account,
    running: Stopwatch,
}

impl Show<'_> {
    async fn run(
        &mut self,
        args: &Args,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Verdict>> {
        let sent = self.send(args.documents, stop).await?;
        if args.exit {
            self.wait_until_through(sent, stop).await?;
            return self.verdict(sent).await.map(Some);
        }
        while !stop.is_cancelled() {
            self.picture(sent, stop).await?;
        }
        Ok(None)
    }

    /// Sends the mail; answers how many publications the broker took.
    async fn send(&self, documents: Option<u64>, stop: &CancellationToken) -> anyhow::Result<u64> {
        let reference = self.app.ledger.reference().await?;
        let ids: Vec<_> = reference.applications.keys().cloned().collect();
        self.app.queue.declare(&Topology::for_applications(&ids)).await?;
        let mut publisher = self.app.queue.publisher().await?;
        let mut mail = Mail::new(&self.app.engine.simple().to_string());
        let bar = self.output.progress("sent", documents);
        let mut sent = 0;
        while documents.is_none_or(|documents| sent < documents) && !stop.is_cancelled() {
            let piece = documents.map_or(PIECE, |documents| PIECE.min(documents - sent));
            self.publish(publisher.as_mut(), &mut mail, piece).await?;
            sent += piece;
            bar.set_position(sent);
            if documents.is_none() {
                self.picture(sent, stop).await?;
            }
        }
        bar.finish_and_clear();
        Ok(sent)
    }

    async fn publish(
        &self,
        publisher: &mut dyn Publisher,
        mail: &mut Mail,
        count: u64,
    ) -> anyhow::Result<()> {
        let now = self.app.clock.now();
        let messages = (0..count).map(|_| mail.next(now).message).collect();
        for result in publisher.publish(messages).await {
            result.context("the broker did not take a publication")?;
        }
        Ok(())
    }

    fn through(&self, account: &Account) -> u64 {
        let count = |account: &Account| account.total.received + account.total.repeats;
        u64::try_from(count(account) - count(self.before)).unwrap_or(0)
    }

    /// Everything that was sent is in the account, every letter has come to its
    /// end, every receipt is on its way, and the index has caught up.
    async fn wait_until_through(&self, sent: u64, stop: &CancellationToken) -> anyhow::Result<()> {
        let bar = self.output.progress("recorded", Some(sent));
        loop {
            let account = self.app.ledger.account().await?;
            let through = self.through(&account);
            bar.set_position(through);
            let is_printed = account.total.letters.under_way() == 0;
            if through >= sent && is_printed && self.is_followed().await? {
                bar.finish_and_clear();
                return Ok(());
            }
            tokio::select! {
                () = stop.cancelled() => bail!("stopped before everything was through"),
                () = tokio::time::sleep(Duration::from_millis(200)) => {}
            }
        }
    }

    async fn is_followed(&self) -> anyhow::Result<bool> {
        let position = self.app.ledger.position().await?;
        let cursors = self.app.ledger.cursors("receipts").await?;
        let has_told = cursors.iter().all(|cursor| cursor.position >= position);
        let search = self.started.search.as_ref();
        let is_indexed =
            search.is_none_or(|search| search.progress().borrow().position >= position);
        Ok(has_told && !cursors.is_empty() && is_indexed)
    }

    async fn verdict(&self, sent: u64) -> anyhow::Result<Verdict> {
        let verdict =
            verify(&self.app.ledger, &self.app.documents, Depth::Contents, &|_| {}).await?;
        let Some(search) = &self.started.search else { return Ok(verdict) };
        let ledger = &self.app.ledger;
        let mut verdict = verdict.quiesced(ledger, self.app.queue.as_ref(), search).await?;
        let through = self.through(&verdict.account);
        if through < sent || (self.is_new && through > sent) {
            verdict.add(Finding {
                what: "sent is not received and repeated".into(),
                which: format!("{sent} sent, {through} through"),
            });
        }
        Ok(verdict)
    }

    /// One line for each moment: rates, media, quarantine, lag.
    async fn picture(&self, sent: u64, stop: &CancellationToken) -> anyhow::Result<()> {
        let account = self.app.ledger.account().await?;
        let total = &account.total;
        let letters = &total.letters;
        let (waiting, ended) = (letters.under_way(), letters.total() - letters.under_way());
        let now = self.app.clock.now();
        let lag = self.started.search.as_ref().map(|search| search.lag(now));
        let behind = lag.map_or(0, |lag| lag.documents);
        let uptime = self.running.elapsed().as_secs().max(1);
        let rate = self.through(&account) / uptime;
        self.output.text(&format!(
            "{sent:>9} sent  {rate:>6}/s  {:>8} digital {:>8} paper {:>8} both  \
             {:>6} quarantined {:>6} repeats  {waiting:>6} letters under way {ended:>8} ended  {behind:>6} to index\n",
            total.digital, total.paper, total.both, total.quarantined, total.repeats
        ))?;
        rest(stop, STROLL).await;
        Ok(())
    }
}
