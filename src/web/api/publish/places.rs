//! Places for publications that are taken in: so many together, and at most
//! half of them for one application, so that one which trickles, or floods,
//! leaves room for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::domain::ApplicationId;
use crate::web::Problem;

/// How long a request waits for its place.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The places of this engine.
pub(in crate::web) struct Places {
    all: Semaphore,
    share: usize,
    /// Applications that ever asked: no more than are registered.
    by_application: Mutex<HashMap<ApplicationId, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
pub(super) struct Place<'p> {
    _own: OwnedSemaphorePermit,
    _common: SemaphorePermit<'p>,
}

impl Places {
    pub(in crate::web) fn new(places: usize) -> Self {
        Self {
            all: Semaphore::new(places),
            share: places.div_ceil(2),
            by_application: Mutex::default(),
        }
    }

    /// A place for an application.
    ///
    /// # Errors
    /// 429 where it has all of its own in use, 503 where all together are.
    pub(super) async fn take(&self, application: &ApplicationId) -> Result<Place<'_>, Problem> {
        let own = timeout(WAIT_MAX, self.of(application).acquire_owned()).await;
        let own = own.map_err(|_| Problem::too_fast(Duration::from_secs(1)))?;
        let common = timeout(WAIT_MAX, self.all.acquire()).await;
        let common = common.map_err(|_| Problem::unavailable())?;
        let closed = |_| Problem::unavailable();
        Ok(Place { _own: own.map_err(closed)?, _common: common.map_err(closed)? })
    }

    fn of(&self, application: &ApplicationId) -> Arc<Semaphore> {
        let mut all = self.by_application.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(application.clone());
        Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(self.share))))
    }
}
