//! The sections. Units are the last word of a key.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Secret, ServiceUrl};

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $kind,)* }
    )*};
}

sections! {
    /// `[ledger]`
    Ledger {
        /// `sqlite://…` or `postgres://…`.
        url: ServiceUrl,
        /// Bounds the pool of connections.
        connections: u32,
    }
    /// `[queue]`
    Queue {
        /// `embedded://…`, `amqp://…` or `amqps://…`.
        url: ServiceUrl,
    }
    /// `[documents]`
    Documents {
        /// `file://…` or `s3://…`.
        url: ServiceUrl,
        /// Age at which an upload that no message names is deleted.
        unreferenced_days: u16,
    }
    /// `[search]`
    Search {
        /// The folder of the index.
        path: PathBuf,
    }
    /// `[web]`
    Web {
        /// Where pages and the REST interface are served.
        listen: SocketAddr,
        /// Our certificate and those above it, as PEM; empty: no TLS.
        tls_certificate: PathBuf,
        /// Its private key, as PEM.
        tls_key: PathBuf,
        /// Addresses of proxies that say for whom they ask, separated by blanks.
        proxies: String,
        /// How long the head of a request may take, and a connection lie idle.
        head_secs: u16,
        /// How long a client may take nothing of what it is sent.
        unread_secs: u16,
        /// Connections at the same time.
        connections_max: u16,
    }
    /// `[api]`
    Api {
        /// Who issues bearer tokens; empty: nobody.
        issuer: String,
        /// Where its keys are; empty: where its configuration says.
        keys_url: String,
        /// This interface's name in tokens.
        audience: String,
        /// Signatures that are believed, separated by blanks.
        algorithms: String,
        /// How far its clock and ours may differ.
        clock_skew_secs: u16,
        /// Where opaque tokens are asked about; empty: none are taken.
        introspection_url: String,
        /// Our name there.
        introspection_client_id: String,
        /// Our secret there.
        introspection_client_secret: Secret,
        /// How long an answer about a token is taken as it was.
        introspection_kept_secs: u16,
        /// The scope of agencies.
        scope_publish: String,
        /// The scope of companies' software.
        scope_consume: String,
        /// The scope of printers.
        scope_print: String,
        /// The scope of operators.
        scope_operate: String,
        /// The claim that says which application publishes.
        application_claim: String,
        /// The claim that says for which enterprise a client acts.
        enterprise_claim: String,
        /// The claim that says which printer asks.
        printer_claim: String,
        /// The claim by which the registry knows a client as a person.
        person_claim: String,
        /// Requests of one client.
        requests_per_second: u32,
        /// Publications that are taken in at the same time.
        publications_max: u16,
        /// A body that is silent for longer has broken off.
        silence_secs: u16,
        /// A body that takes longer to arrive has broken off.
        arrival_secs: u16,
    }
    /// `[sign_in]`
    SignIn {
        /// The identity provider; empty: none.
        issuer: String,
        /// Our name there.
        client_id: String,
        /// Our secret there; empty for a public client.
        client_secret: Secret,
        /// Scopes besides `openid`, separated by blanks.
        scopes: String,
        /// The claim that says who.
        person_claim: String,
        /// Makes the id of a person from that claim; empty: the claim is it.
        person_key: Secret,
        /// The claim with the name.
        name_claim: String,
        /// The claim with the companies that somebody represents.
        represents_claim: String,
        /// The claim that says who is an operator.
        operator_claim: String,
        /// What it says of one; empty: nobody is.
        operator_value: String,
        /// Where browsers find the pages, without a slash at the end.
        base_url: String,
        /// Time without a click after which a session ends.
        idle_minutes: u16,
        /// Time after which a session ends in any case.
        life_hours: u16,
    }
    /// `[contact]`
    #[derive(Default)]
    Contact {
        /// Of the contact centre.
        name: String,
        /// Its telephone.
        phone: String,
        /// Its address for mail.
        mail: String,
        /// When somebody answers.
        hours: String,
    }
    /// `[metrics]`
    Metrics {
        /// Where `/metrics` is served.
        listen: SocketAddr,
    }
    /// `[policy]`
    Policy {
        /// The file of the channel policy; see [`super::Config::policy_text`].
        path: PathBuf,
    }
    /// `[registry]`
    Registry {
        /// Whether a number that the registry does not know is a refusal.
        complete: bool,
        /// What becomes of documents for closed enterprises.
        closed: Closed,
        /// Days for which the box of a new enterprise is not used.
        grace_days: u16,
    }
    /// `[intake]`
    Intake {
        /// Documents in a batch.
        batch_count_max: usize,
        /// Bytes of bodies in a batch.
        batch_bytes_max: usize,
        /// Wait after the first document of a batch.
        batch_wait_ms_max: u64,
        /// Batches recorded at the same time.
        workers: usize,
        /// Unsettled deliveries of one lane; see [`Intake::prefetch`].
        prefetch_max: u16,
        /// Bytes of bodies that all lanes hold.
        memory_bytes_max: usize,
        /// Bytes of one body.
        body_bytes_max: usize,
        /// Bytes of inline content of one publication, decoded.
        inline_bytes_max: usize,
    }
    /// `[relay]`
    Relay {
        /// Receipts in one message.
        receipts_per_message_max: usize,
        /// Letters handed to the printers and not yet taken.
        letters_window: u32,
        /// Time between two looks for work.
        interval_ms: u64,
    }
    /// `[paper]`
    Paper {
        /// The file of the printers; see [`super::Config::printers`].
        printers: PathBuf,
        /// Under which address printers reach the web.
        link_base: String,
        /// Time that a link holds.
        link_hours: u32,
        /// Time that a lease holds.
        lease_minutes: u32,
    }
    /// `[notices]`
    Notices {
        /// The mail server; empty: no mail is sent.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is protected.
        tls: MailTls,
        /// Our name there; empty: it asks for none.
        user: String,
        /// Our password there.
        password: Secret,
        /// From whom the mails come.
        sender: String,
    }
    /// `[sandbox]`
    Sandbox {
        /// Time in which a day passes; 0: as much as a day has.
        day_in_secs: u32,
    }
    /// `[record]`
    Record {
        /// How long it is kept, from the next 1 January on.
        years: u16,
    }
    /// `[shutdown]`
    Shutdown {
        /// Time that running work gets.
        grace_secs: u64,
    }
    /// `[log]`
    Log {
        /// For people or for programs.
        format: LogFormat,
        /// Directives of `tracing_subscriber::EnvFilter`.
        filter: String,
    }
}

/// What becomes of a document for a closed enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Closed {
    /// Into the quarantine, with the code `ENTERPRISE_NOT_ACTIVE`.
    Refuse,
    /// It waits for an operator.
    Hold,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Not at all: for a server on this machine.
    None,
    /// By STARTTLS, without which nothing is sent.
    Starttls,
    /// From the first byte.
    Tls,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Intake {
    /// The prefetch of each of `lanes` lanes: `prefetch_max`, or less so that
    /// prefetch × body limit of all lanes stays inside `memory_bytes_max`. At
    /// least 1, so the budget holds for up to [`Intake::lanes_max`] lanes.
    #[must_use]
    pub fn prefetch(&self, lanes: usize) -> u16 {
        let share = self.lanes_max() / lanes.max(1);
        u16::try_from(share).unwrap_or(u16::MAX).clamp(1, self.prefetch_max.max(1))
    }

    /// How many lanes the memory budget feeds, with one body each.
    #[must_use]
    pub fn lanes_max(&self) -> usize {
        self.memory_bytes_max / self.body_bytes_max.max(1)
    }

    /// The bounds of a publication.
    #[must_use]
    pub fn limits(&self) -> crate::domain::Limits {
        crate::domain::Limits { inline_bytes_max: self.inline_bytes_max }
    }

    /// The longest wait after the first document of a batch.
    #[must_use]
    pub fn batch_wait_max(&self) -> Duration {
        Duration::from_millis(self.batch_wait_ms_max)
    }
}

impl Relay {
    /// Time between two looks for work.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }
}

impl Shutdown {
    /// Time that running work gets after the first signal.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_secs)
    }
}
