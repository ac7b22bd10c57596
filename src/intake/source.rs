//! One incarnation of a lane's consumer, as a batch sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::window::Window;
use crate::queue::{QueueError, Settled, Settler, Tag};

/// Where deliveries came from, and where they are settled.
pub struct Source {
    settler: Arc<dyn Settler>,
    /// Held while settling: two settlements of one channel must reach the
    /// broker in the order of their tags.
    window: Mutex<Window>,
    is_alive: AtomicBool,
}

impl Source {
    /// Settles there.
    #[must_use]
    pub fn new(settler: Arc<dyn Settler>) -> Arc<Self> {
        let window = Mutex::new(Window::default());
        Arc::new(Self { settler, window, is_alive: AtomicBool::new(true) })
    }

    /// Whether its connection was not seen to break.
    pub(super) fn is_alive(&self) -> bool {
        self.is_alive.load(Ordering::Acquire)
    }

    /// Its connection is gone: everything unsettled comes again.
    pub fn is_gone(&self) {
        self.is_alive.store(false, Ordering::Release);
    }

    /// A delivery was taken into a batch. Tags only grow.
    pub async fn take(&self, tag: Tag) {
        self.window.lock().await.take(tag);
    }

    /// Settles what a committed batch took from here.
    pub(super) async fn settle(&self, tags: &[Tag]) -> Result<Settled, QueueError> {
        let mut window = self.window.lock().await;
        tags.iter().for_each(|tag| window.settle(*tag));
        match window.advance() {
            Some(tag) => self.settler.settle_through(tag).await,
            None => Ok(Settled::Yes),
        }
    }

    /// Asks the broker whether what came from here is still this engine's.
    pub(super) async fn still_holds(&self) -> Result<Settled, QueueError> {
        self.settler.still_holds().await
    }

    pub(super) async fn give_back(&self, tag: Tag) -> Result<Settled, QueueError> {
        self.settler.give_back(&[tag]).await
    }
}
