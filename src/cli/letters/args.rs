//! What `facteur letters` is told.

use uuid::Uuid;

use crate::cli::answer::Wrong;
use crate::domain::{Address, ApplicationId, EnterpriseNumber, MessageId, MessageTypeId};
use crate::ledger::RecallScope;
use crate::paper::address::{self, AddressBlock};
use crate::paper::letter::LetterState;

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Args {
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
pub(in crate::cli) struct Envelope {
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
pub(in crate::cli) struct Scope {
    /// Single letters
    pub(super) jobs: Vec<Uuid>,
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

impl Envelope {
    pub(super) fn block(&self) -> anyhow::Result<Option<AddressBlock>> {
        let (Some(name), Some(text)) = (&self.name, &self.address) else { return Ok(None) };
        let given: Address =
            serde_json::from_str(text).map_err(|error| Wrong(format!("--address: {error}")))?;
        let block = address::block(name, &given);
        block.map(Some).map_err(|error| Wrong(format!("--address: {error}")).into())
    }
}

impl Scope {
    pub(super) fn wide(self) -> Option<RecallScope> {
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
