//! What one engine at a time does, by a lease of its own, and what it keeps
//! from one turn to the next.

use tokio::time::Instant;

use super::letters::Out;
use crate::paper::hatch::Hatch;
use crate::queue::{Publisher, Queue, QueueError};

/// One of the relay's tasks.
pub(super) enum Task {
    /// Follows the journal.
    Receipts(Line),
    /// Plans letters and gives out tickets.
    Letters(Line, Out),
    /// Does what nobody asks for; and when it last looked after printers.
    Keeper(Option<Instant>),
}

/// A way to the broker, opened when it is first needed.
#[derive(Default)]
pub(super) struct Line(Option<Box<dyn Publisher>>);

/// As lease, log and metrics call the task that gives out letters.
pub(super) const LETTERS: &str = "letters";

impl Task {
    /// All of them, as they begin.
    pub(super) fn all() -> [Self; 3] {
        [
            Self::Receipts(Line::default()),
            Self::Letters(Line::default(), Out::default()),
            Self::Keeper(None),
        ]
    }

    /// As lease, log and metrics call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Receipts(_) => "receipts",
            Self::Letters(..) => LETTERS,
            Self::Keeper(_) => "keeper",
        }
    }

    /// Another engine may have had its turn, or has it now.
    pub(super) fn forget(&mut self, hatch: &Hatch) {
        if let Self::Letters(_, out) = self {
            out.forget();
            hatch.abandon();
        }
    }

    /// It failed: a publisher's channel may be gone, so it takes a new one.
    pub(super) fn begin_anew(&mut self, hatch: &Hatch) {
        self.forget(hatch);
        if let Self::Receipts(line) | Self::Letters(line, _) = self {
            *line = Line::default();
        }
    }
}

impl Line {
    /// The publisher, opened where there is none.
    pub(super) async fn open(
        &mut self,
        queue: &dyn Queue,
    ) -> Result<&mut dyn Publisher, QueueError> {
        let publisher = match &mut self.0 {
            Some(publisher) => publisher,
            none => none.insert(queue.publisher().await?),
        };
        Ok(publisher.as_mut())
    }
}
