//! Publications that come straight from their sender, who waits for the
//! verdict: they join the batches that lanes fill, take turns with the lane of
//! their application, share its pace, and never pass the broker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::arrival::{Arrival, Lane};
use super::batch::Intake;
use super::count;
use super::judge::Judged;
use crate::domain::{ApplicationId, Digest, IdempotencyKey, MessageId};
use crate::ledger::Reference;
use crate::queue::Properties;

/// A sender waits so long for its turn; a longer wait is told to it.
const SITTING_MAX: Duration = Duration::from_secs(1);
/// How long a sender waits for a commit, above all while the database is away.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// What became of a publication, after its commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The id that it has as a message, if it became one.
    pub id: MessageId,
    /// What became of it.
    pub judged: Judged,
}

/// Nothing is known to have become of a publication: its sender sends it again
/// with the same key.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The application is not, or no longer, registered.
    #[error("the application is not registered")]
    Unknown,
    /// Its pace asks for a longer wait.
    #[error("the application's pace asks to wait for {0:?}")]
    TooFast(Duration),
    /// An operator paused the application's lane.
    #[error("an operator paused the application's lane")]
    Paused,
    /// The engine stops, or the ledger does not take it for now. It may have
    /// been recorded.
    #[error("not recorded for now")]
    Away,
}

/// Where a verdict goes, once.
pub(super) struct Waiter(Mutex<Option<oneshot::Sender<Verdict>>>);

impl Waiter {
    pub(super) fn new() -> (Arc<Self>, oneshot::Receiver<Verdict>) {
        let (says, hears) = oneshot::channel();
        (Arc::new(Self(Mutex::new(Some(says)))), hears)
    }

    pub(super) fn answer(&self, id: MessageId, judged: Judged) {
        let says = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A sender that hung up asks again, with the same key.
        let _nobody_waits = says.map(|says| says.send(Verdict { id, judged }));
    }
}

/// A publication as its sender, already proven, handed it over.
#[derive(Clone)]
pub struct Direct {
    /// The application that publishes.
    pub application: ApplicationId,
    /// The reference data by which it was proven: its account, its pace. What
    /// decides is read anew with the batch.
    pub reference: Arc<Reference>,
    /// Its key for this publication.
    pub key: IdempotencyKey,
    /// The publication as JSON, with every content named by digest.
    pub body: Bytes,
    /// Content that is not stored yet: small, and stored before the commit.
    pub carried: Vec<(Digest, Bytes)>,
}

impl Intake {
    /// Takes a publication's turn under the pace of its application, before
    /// anything of it is read: nothing is held for one whose turn is far off.
    ///
    /// # Errors
    /// While the lane is paused; and where the turn does not come within a
    /// second, whoever else waits for one.
    pub async fn turn(&self, reference: &Reference, id: &ApplicationId) -> Result<(), NotTaken> {
        if reference.controls.is_lane_paused(id) {
            return Err(NotTaken::Paused);
        }
        let Some(pace) = self.paces().of(reference, id) else { return Ok(()) };
        let lane = Lane::Application(id.clone());
        let last = Instant::now() + SITTING_MAX;
        while let Err(wait) = pace.turn() {
            count::throttled(&lane);
            if Instant::now() + wait > last {
                return Err(NotTaken::TooFast(wait));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Records a publication and answers after the commit.
    ///
    /// # Errors
    /// When it was not, or may not have been, recorded.
    pub async fn publish(&self, direct: Direct) -> Result<Verdict, NotTaken> {
        let (waiter, hears) = Waiter::new();
        let deadline = Instant::now() + ANSWER_MAX;
        // Where placing takes too long, the batch does it.
        let placing = tokio::time::timeout_at(deadline, self.is_placed(&direct));
        let is_placed = placing.await.unwrap_or(false);
        let arrival = arrival(direct, waiter)?;
        self.ready().push(Arrival { is_placed, ..arrival });
        match tokio::time::timeout_at(deadline, hears).await {
            Ok(Ok(verdict)) => Ok(verdict),
            Ok(Err(_)) | Err(_) => Err(NotTaken::Away),
        }
    }
}

/// With the properties that the application's own account would have set.
pub(super) fn arrival(direct: Direct, waiter: Arc<Waiter>) -> Result<Arrival, NotTaken> {
    let id = direct.application.to_string();
    let application = direct.reference.applications.get(&direct.application);
    let account = application.ok_or(NotTaken::Unknown)?.account.to_string();
    let properties = Properties {
        message_id: Some(direct.key.to_string()),
        app_id: Some(id.clone()),
        user_id: Some(account),
        content_type: Some("application/json".to_owned()),
        published_us: None,
    };
    let lane = Lane::Application(direct.application);
    let mut arrival = Arrival::unqueued(lane, id, direct.body, properties);
    (arrival.waiter, arrival.carried) = (Some(waiter), direct.carried);
    Ok(arrival)
}
