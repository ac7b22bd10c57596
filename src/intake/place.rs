//! Content that comes beside a publication whose sender waits: placed in the
//! store before the publication joins a batch, so that no batch waits for a
//! file, and none for the slowest of several.
//!
//! Claimed first, like all content: then no sweep takes it. Those who claim at
//! the same moment do so in one statement.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::batch::{Intake, IntakeError};
use super::direct::Direct;
use crate::domain::Digest;
use crate::ledger::{Claimed, LedgerError};
use crate::telemetry::log::chain;

/// A claim, and who waits for it; told whether nobody says that the content is
/// there.
type Asked = (Claimed, oneshot::Sender<bool>);

/// Claims that wait to be made together.
#[derive(Default)]
pub(super) struct Claims {
    asked: Mutex<Vec<Asked>>,
    turn: tokio::sync::Mutex<()>,
}

impl Claims {
    fn ask(&self, claim: Claimed) -> oneshot::Receiver<bool> {
        let (asker, answer) = oneshot::channel();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((claim, asker));
        answer
    }

    fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intake {
    /// Whether everything that comes beside a publication is durable, and
    /// claimed. What is not is left to its batch, which tries for longer.
    pub(super) async fn is_placed(&self, direct: &Direct) -> bool {
        for (digest, content) in &direct.carried {
            if let Err(error) = self.place(direct, *digest, content).await {
                tracing::warn!(error = %chain(&error), "content was not placed; its batch tries");
                return false;
            }
        }
        true
    }

    async fn place(
        &self,
        direct: &Direct,
        digest: Digest,
        content: &Bytes,
    ) -> Result<(), IntakeError> {
        let key = (direct.application.clone(), digest);
        let size = content.len() as u64;
        let is_new = self.claim(Claimed { key: key.clone(), size, media_type: None }).await?;
        match is_new {
            true => self.documents().put(&key, content.clone()).await?,
            false => self.documents().put_many(vec![(key, content.clone())]).await?,
        }
        Ok(())
    }

    async fn claim(&self, claim: Claimed) -> Result<bool, LedgerError> {
        loop {
            let mut made = self.claims().ask(claim.clone());
            let _turn = self.claims().turn.lock().await;
            let (claims, askers): (Vec<_>, Vec<_>) = self.claims().take().into_iter().unzip();
            let new = match claims.is_empty() {
                true => BTreeSet::new(),
                false => self.ledger().claim_documents(&claims, self.now()).await?,
            };
            for (claim, asker) in claims.iter().zip(askers) {
                let _gone_away = asker.send(new.contains(&claim.key));
            }
            // Asked by one who was called away before the answer: once more.
            if let Ok(is_new) = made.try_recv() {
                return Ok(is_new);
            }
        }
    }
}
