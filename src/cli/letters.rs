//! `facteur letters`

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Nothing, Wrong};
use super::{Answer, Output, actor, open};
use crate::app::Tools;
use crate::config::Config;
use crate::domain::{Address, ApplicationId, EnterpriseNumber, MessageId, MessageTypeId};
use crate::ledger::{
    Act, LedgerError, LetterEvent, LetterFilter, LetterRow, OrderRefusal, Ordered, RecallScope,
    Source,
};
use crate::paper::address::{self, AddressBlock};
use crate::paper::days;
use crate::paper::letter::LetterState;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List letters, newest first
    List {
        /// Only this state: queued, claimed, printed, posted, delivered, returned, failed,
        /// cancelled, held
        #[arg(long)]
        state: Option<LetterState>,
        /// Only this printer's
        #[arg(long)]
        printer: Option<String>,
        /// Only this application's
        #[arg(long)]
        application: Option<String>,
        /// Only this message's
        #[arg(long)]
        message: Option<MessageId>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show a letter with everything that was recorded of it
    Show {
        /// Its job id
        job: Uuid,
    },
    /// Let a held letter go on
    Release {
        /// Its job id
        job: Uuid,
        #[command(flatten)]
        envelope: Envelope,
    },
    /// Recall letters: cancel what no printer has claimed, ask for the rest, and make none of
    /// what is still unread
    Cancel(Scope),
    /// Give a letter to another printer, even one that is claimed; or all that a printer has
    /// not claimed
    Move {
        /// Its job id
        #[arg(required_unless_present = "from")]
        job: Option<Uuid>,
        /// The printer that has not claimed them, instead of a job
        #[arg(long, value_name = "PRINTER", conflicts_with = "job")]
        from: Option<String>,
        /// The other printer
        #[arg(long)]
        printer: String,
        /// Why, for the record, with --from
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Make a new letter of one that failed or came back
    SendAgain {
        /// Its job id
        job: Uuid,
        #[command(flatten)]
        envelope: Envelope,
    },
    /// List what printers reported and is no letter's
    Strays {
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// List printers: when they were heard, silent or stopped
    Printers,
    /// Stop a printer, or let it go on
    Pause {
        /// Its name
        printer: String,
        /// Let it go on
        #[arg(long)]
        resume: bool,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// What is to stand on the envelope instead.
#[derive(Debug, clap::Args)]
pub(super) struct Envelope {
    /// Another name, with --address
    #[arg(long, requires = "address")]
    name: Option<String>,
    /// Another address, as JSON: {"lines":[…],"postalCode":…,"town":…,"country":…}
    #[arg(long, requires = "name")]
    address: Option<String>,
}

/// Which letters are wanted back.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Scope {
    /// Single letters
    jobs: Vec<Uuid>,
    /// Those of a message
    #[arg(long)]
    message: Option<MessageId>,
    /// Those of a message type
    #[arg(long, value_name = "TYPE")]
    r#type: Option<MessageTypeId>,
    /// Those of a sender organization
    #[arg(long)]
    organization: Option<EnterpriseNumber>,
    /// Those of a sender application
    #[arg(long)]
    application: Option<ApplicationId>,
}

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
                let filter = LetterFilter { state, printer, application, message, limit };
                let letters = ledger.letters(&filter).await?;
                self.output.show(&letters, |letters| letters.iter().map(line).collect())?;
                Ok(Answer::Yes)
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

    async fn show(&self, job: Uuid) -> anyhow::Result<Answer> {
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

    async fn strays(&self, limit: u32) -> anyhow::Result<Answer> {
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

    async fn printers(&self) -> anyhow::Result<Answer> {
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

impl Envelope {
    fn block(&self) -> anyhow::Result<Option<AddressBlock>> {
        let (Some(name), Some(text)) = (&self.name, &self.address) else { return Ok(None) };
        let given: Address =
            serde_json::from_str(text).map_err(|error| Wrong(format!("--address: {error}")))?;
        let block = address::block(name, &given);
        block.map(Some).map_err(|error| Wrong(format!("--address: {error}")).into())
    }
}

impl Scope {
    fn wide(self) -> Option<RecallScope> {
        let scope = RecallScope {
            message: self.message,
            message_type: self.r#type.map(|it| it.to_string()),
            organization: self.organization,
            application: self.application.map(|it| it.to_string()),
        };
        let is_named = scope.message.is_some()
            || scope.message_type.is_some()
            || scope.organization.is_some()
            || scope.application.is_some();
        is_named.then_some(scope)
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
