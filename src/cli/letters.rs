//! `facteur letters`

mod args;
mod shown;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::answer::{Nothing, Wrong};
use super::{Answer, Output, actor, open};
use crate::app::Tools;
use crate::config::Config;
use crate::ledger::{Act, LedgerError, LetterFilter, OrderRefusal, Ordered, RecallScope, Source};
use crate::paper::days;
pub(super) use args::Args;
use args::Scope;

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let answer = Desk { tools: &tools, output, now: tools.clock.now() }.answer(args).await;
    tools.close().await;
    answer
}

struct Desk<'a> {
    tools: &'a Tools,
    output: Output,
    now: Timestamp,
}

type Done = Result<Result<Ordered, OrderRefusal>, LedgerError>;

impl Desk<'_> {
    async fn answer(&self, args: Args) -> anyhow::Result<Answer> {
        let ledger = &self.tools.ledger;
        match args {
            Args::List { state, printer, application, message, limit } => {
                let limit = limit.into();
                self.list(&LetterFilter { state, printer, application, message, limit }).await
            }
            Args::Show { job } => self.show(job).await,
            Args::Release { job, envelope } => {
                let block = envelope.block()?;
                let done = ledger.release_letter(job, block.as_ref(), &actor(), self.now).await;
                self.ordered(job, done)
            }
            Args::Cancel(scope) => self.cancel(scope).await,
            Args::Move { job: Some(job), printer, .. } => self.move_one(job, &printer).await,
            Args::Move { from, printer, reason, .. } => {
                self.move_all(&from.unwrap_or_default(), &printer, &reason).await
            }
            Args::SendAgain { job, envelope } => {
                let block = envelope.block()?;
                let done = ledger.send_letter_again(job, block.as_ref(), self.now).await;
                self.ordered(job, done)
            }
            Args::Strays { limit } => self.strays(limit).await,
            Args::Printers => self.printers().await,
            Args::Pause { printer, resume, reason } => self.pause(&printer, resume, &reason).await,
        }
    }

    async fn cancel(&self, scope: Scope) -> anyhow::Result<Answer> {
        let mut is_done = self.recall(&scope.jobs).await?;
        let wide = scope.wide();
        if let Some(wide) = wide {
            // First: what becomes a letter meanwhile is found below.
            self.call_off(&wide).await?;
            let mut after = Uuid::nil();
            loop {
                let jobs = self.tools.ledger.letters_in_scope(&wide, after, PAGE).await?;
                let Some(last) = jobs.last() else { break };
                after = *last;
                is_done &= self.recall(&jobs).await?;
            }
        }
        Ok(is_done.into())
    }

    async fn call_off(&self, scope: &RecallScope) -> anyhow::Result<()> {
        let (ledger, actor) = (&self.tools.ledger, actor());
        let act = Act { actor: &actor, reason: "", at: self.now };
        ledger.record_act("paper-called-off", &scope.to_string(), act).await?;
        let mut messages = 0;
        loop {
            match ledger.call_off_unread(scope, PAGE).await? {
                0 => break,
                some => messages += some,
            }
        }
        self.output.show(&json!({ "unreadCalledOff": messages }), |_| {
            vec![format!("{messages} unread messages will not become letters")]
        })?;
        Ok(())
    }

    /// Whether each was cancelled, or its printer asked.
    async fn recall(&self, jobs: &[Uuid]) -> anyhow::Result<bool> {
        let mut is_done = true;
        let answers = self.tools.ledger.recall_letters(jobs, &actor(), self.now).await?;
        for (job, answer) in jobs.iter().zip(answers) {
            is_done &= answer.is_ok();
            // A program reads one value a line.
            let _said = self.ordered(*job, Ok(answer))?;
        }
        Ok(is_done)
    }

    async fn move_one(&self, job: Uuid, printer: &str) -> anyhow::Result<Answer> {
        self.known(printer)?;
        let today = days::today(self.now);
        let done = self.tools.ledger.move_letter(job, printer, today, &actor(), self.now).await;
        self.ordered(job, done)
    }

    async fn move_all(&self, from: &str, to: &str, reason: &str) -> anyhow::Result<Answer> {
        self.had_letters(from).await?;
        self.known(to)?;
        if from == to {
            return Err(Wrong(format!("{to:?} has them already")).into());
        }
        let (ledger, actor, now) = (&self.tools.ledger, actor(), self.now);
        let act = Act { actor: &actor, reason, at: now };
        ledger.record_act("letters-moved", &format!("{from} → {to}"), act).await?;
        let (day, source, mut moved) = (days::today(now), Source::Operator(actor.clone()), 0);
        loop {
            match ledger.move_unclaimed(from, to, day, PAGE, &source, now).await? {
                0 => break,
                some => moved += some,
            }
        }
        self.output.show(&json!({ "from": from, "printer": to, "moved": moved }), |_| {
            vec![format!("{moved} moved from {from} to {to}")]
        })?;
        Ok(Answer::Yes)
    }

    async fn pause(&self, printer: &str, resume: bool, reason: &str) -> anyhow::Result<Answer> {
        self.known(printer)?;
        let act = Act { actor: &actor(), reason, at: self.now };
        self.tools.ledger.pause_printer(printer, !resume, act).await?;
        let word = if resume { "goes on" } else { "is paused" };
        self.output.show(&json!({ "printer": printer, "paused": !resume }), |_| {
            vec![format!("{printer} {word}")]
        })?;
        Ok(Answer::Yes)
    }

    /// One that left the printers' file may have letters still.
    async fn had_letters(&self, printer: &str) -> anyhow::Result<()> {
        let counts = self.tools.ledger.letters_by_printer().await?;
        match !printer.is_empty() && counts.iter().any(|(name, ..)| name == printer) {
            true => Ok(()),
            false => self.known(printer),
        }
    }

    fn known(&self, printer: &str) -> anyhow::Result<()> {
        match self.tools.printers()?.get(printer) {
            Some(_) => Ok(()),
            None => Err(Nothing(format!("paper.printers names no printer {printer:?}")).into()),
        }
    }

    fn ordered(&self, job: Uuid, done: Done) -> anyhow::Result<Answer> {
        let done = done?;
        let (outcome, detail) = match &done {
            Ok(Ordered::Done) => ("done", None),
            Ok(Ordered::Asked) => ("asked", Some("its printer was asked".to_owned())),
            Ok(Ordered::Cancelled) => ("cancelled", Some("it was wanted back".to_owned())),
            Ok(Ordered::Made(new)) => ("made", Some(new.to_string())),
            Err(refusal) => ("not done", Some(refusal.to_string())),
        };
        let value = json!({ "jobId": job, "outcome": outcome, "detail": detail });
        self.output.show(&value, |_| {
            vec![format!(
                "{job}  {outcome}{}",
                detail.map(|it| format!(": {it}")).unwrap_or_default()
            )]
        })?;
        Ok(done.is_ok().into())
    }
}

const PAGE: i64 = 1_000;
