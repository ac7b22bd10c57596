//! The policy in force, and the file that it is read from: at the start, on
//! SIGHUP, and whenever an operator has every engine read it again.
//!
//! A faulty file is refused with its line, and the policy that was in force
//! stays. Each decision is recorded with the text that it was made by, so
//! nothing that was decided before changes its meaning.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::{Closed, Config, ConfigError};
use crate::decide::{self, Known, Policy, PolicyError, Stranger};
use crate::domain::{ApplicationId, Digest, EnterpriseNumber, Medium, MessageTypeId};
use crate::intake::{ClosedEnterprise, Rulebook};
use crate::ledger::{Ledger, Reference};
use crate::lifecycle::{Lifecycle, rest};
use crate::telemetry::log::chain;
use crate::telemetry::{self, measure};

/// How often it is looked whether an operator asked.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Why a policy is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// There is no such file, or it cannot be read.
    #[error("failed to read policy.path")]
    File(#[from] ConfigError),
    /// It is no policy; names the line.
    #[error("the policy {} is faulty", path.display())]
    Faulty {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong there.
        #[source]
        error: PolicyError,
    },
}

/// What the intake judges by, for as long as the process lives.
pub struct PolicyFile {
    config: Config,
    current: watch::Sender<Rulebook>,
    /// Why the file was not taken when it was last read.
    fault: Mutex<Option<String>>,
}

impl PolicyFile {
    /// Reads the policy that a configuration names.
    ///
    /// # Errors
    /// Names the file and the line.
    pub fn open(config: &Config) -> Result<Self, PolicyFileError> {
        let rulebook = Rulebook {
            policy: Arc::new(read(config)?),
            is_registry_complete: config.registry.complete,
            grace_days: config.registry.grace_days,
            closed: match config.registry.closed {
                Closed::Refuse => ClosedEnterprise::Refuse,
                Closed::Hold => ClosedEnterprise::Hold,
            },
        };
        let current = watch::channel(rulebook).0;
        Ok(Self { config: config.clone(), current, fault: Mutex::default() })
    }

    /// What is judged by now.
    #[must_use]
    pub fn rulebook(&self) -> Rulebook {
        self.current.borrow().clone()
    }

    /// What is judged by, from now on.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Rulebook> {
        self.current.subscribe()
    }

    /// The digest of the policy in force, and why the file was not taken when
    /// it was last read, if it was not.
    #[must_use]
    pub fn standing(&self) -> (Digest, Option<String>) {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (self.current.borrow().policy.digest, fault)
    }

    /// Reads the file again. A faulty one changes nothing.
    ///
    /// # Errors
    /// Names the file and the line.
    pub fn read_again(&self) -> Result<Digest, PolicyFileError> {
        let result = read(&self.config);
        let fault = result.as_ref().err().map(chain_text);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        let policy = Arc::new(result?);
        start_counters(&policy);
        let digest = policy.digest;
        self.current.send_modify(|rulebook| rulebook.policy = policy);
        Ok(digest)
    }

    /// Reads the file again and says in the log what became of it.
    pub fn read_again_and_say(&self) {
        match self.read_again() {
            Ok(digest) => info!(policy = %digest, "the policy was read again"),
            Err(error) => {
                measure::error("policy", "faulty");
                error!(error = %chain(&error), "the policy in force stays");
            }
        }
    }

    /// On a thread that may wait: a file may be slow, and a long policy takes
    /// its time to be checked.
    async fn read_beside(file: &Arc<Self>) {
        let file = Arc::clone(file);
        if tokio::task::spawn_blocking(move || file.read_again_and_say()).await.is_err() {
            measure::error("policy", "died");
        }
    }

    /// Reads the file again whenever an operator asks every engine to, and
    /// says which of its ids the registry does not know when either is new.
    ///
    /// # Errors
    /// Never.
    pub async fn run(
        self: Arc<Self>,
        ledger: Arc<Ledger>,
        stop: CancellationToken,
    ) -> Result<(), Infallible> {
        let mut seen: Option<Option<jiff::Timestamp>> = None;
        let mut held_against = None;
        while !stop.is_cancelled() {
            match ledger.reference().await {
                Ok(reference) => {
                    let asked = reference.controls.policy_asked_at;
                    // It was read at the start: what was asked before is done.
                    if seen.is_some_and(|seen| seen != asked) {
                        Self::read_beside(&self).await;
                    }
                    seen = Some(asked);
                    self.say_strangers(&reference, &mut held_against);
                }
                Err(error) => measure::error("policy", error.kind()),
            }
            rest(&stop, LOOK_AGAIN).await;
        }
        Ok(())
    }

    fn say_strangers(&self, reference: &Reference, last: &mut Option<(Digest, i64)>) {
        let policy = self.rulebook().policy;
        let both = (policy.digest, reference.version);
        if last.replace(both) == Some(both) {
            return;
        }
        for stranger in strangers(&policy, reference) {
            warn!(%stranger, "a rule of the policy waits for what the registry does not know");
        }
    }

    /// Reads the file again on SIGHUP.
    ///
    /// # Errors
    /// When the signal cannot be caught.
    pub fn hang_ups(self: &Arc<Self>, lifecycle: &Lifecycle) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hang_up = signal(SignalKind::hangup())?;
        let (file, stop) = (Arc::clone(self), lifecycle.soft().clone());
        lifecycle.spawn("policy on SIGHUP", async move {
            while let Some(Some(())) = stop.run_until_cancelled(hang_up.recv()).await {
                Self::read_beside(&file).await;
            }
            Ok::<(), Infallible>(())
        });
        Ok(())
    }
}

/// The policy that a configuration names.
///
/// # Errors
/// Names the file and the line.
pub fn read(config: &Config) -> Result<Policy, PolicyFileError> {
    let text = config.policy_text()?;
    let faulty = |error| PolicyFileError::Faulty { path: config.policy.path.clone(), error };
    Policy::parse(&text).map_err(faulty)
}

/// What a policy names and the registry does not know; nothing as long as no
/// registry was imported.
#[must_use]
pub fn strangers(policy: &Policy, reference: &Reference) -> Vec<Stranger> {
    match reference.message_types.is_empty() {
        true => Vec::new(),
        false => decide::strangers(policy, reference),
    }
}

impl Known for Reference {
    fn knows_message_type(&self, id: &MessageTypeId) -> bool {
        self.message_types.contains_key(id)
    }

    fn knows_organization(&self, number: EnterpriseNumber) -> bool {
        self.organizations.contains_key(&number)
    }

    fn knows_application(&self, id: &ApplicationId) -> bool {
        self.applications.contains_key(id)
    }
}

fn chain_text(error: &PolicyFileError) -> String {
    chain(error).to_string()
}

/// New reasons are counted from 0.
fn start_counters(policy: &Policy) {
    telemetry::start_at_zero([], decided(policy), &[]);
}

/// What decisions are counted by: each medium with each reason for it.
pub(crate) fn decided(policy: &Policy) -> impl Iterator<Item = (Medium, &str)> {
    policy.reasons().filter_map(|(ruling, reason)| Some((ruling.medium()?, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_file_keeps_what_is_in_force_and_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::load(None, std::iter::empty()).unwrap();
        config.policy.path = folder.path().join("policy.toml");
        let rule = "[default]\nruling = \"paper\"\nreason = \"ONE\"\n";
        std::fs::write(&config.policy.path, rule).unwrap();
        let file = PolicyFile::open(&config).unwrap();
        let mut followed = file.follow();
        let before = file.standing().0;

        std::fs::write(&config.policy.path, format!("{rule}sometimes = true\n")).unwrap();
        let error = chain(&file.read_again().unwrap_err()).to_string();
        assert!(error.contains("line 4"), "{error}");
        assert_eq!(file.standing(), (before, Some(error)));
        assert!(!followed.has_changed().unwrap());

        std::fs::write(&config.policy.path, rule.replace("ONE", "TWO")).unwrap();
        let after = file.read_again().unwrap();
        assert_ne!(after, before);
        assert_eq!(file.standing(), (after, None));
        assert_eq!(followed.borrow_and_update().policy.digest, after);
    }
}
