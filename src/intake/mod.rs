//! Intake: from the queue to the ledger.
//!
//! ```text
//! lane ─┐                    ┌ decode ┐   ┌──────── one transaction ────────┐
//! lane ─┼▶ ready ─▶ batch ─▶ ┤        ├─▶ │ look up ─▶ judge ─▶ record ─▶ commit │ ─▶ settle
//! lane ─┘  (in turn)         └ store  ┘   └─────────────────────────────────┘
//! ```
//!
//! One lane for each application, with an AMQP channel of its own; batches are
//! filled from the lanes in turn. A delivery is settled only after the commit
//! of what it became. Whatever fails for a passing reason is tried again for
//! ever; a batch that the database refuses is split until the one document
//! that it will never take is alone, and that one goes into the quarantine.

mod admit;
mod arrival;
mod batch;
mod count;
mod decode;
mod direct;
mod foresee;
mod in_work;
mod judge;
mod lane;
mod pace;
mod place;
mod ready;
mod replay;
mod resume;
mod source;
mod steps;
mod supervisor;
mod whose;
mod window;

pub use arrival::{Arrival, Candidate, Lane, Parsed, Replay};
pub use batch::{Intake, IntakeError, Outcome};
pub use decode::{decode, decode_publication, locate, read_publication};
pub use direct::{Direct, NotTaken, Verdict};
pub use foresee::{ForeseeError, Foreseen};
pub use judge::{ClosedEnterprise, Judged, Rulebook, judge, wanted};
pub use replay::ReplayError;
pub use source::Source;
pub use steps::{Hold, Step};
pub use supervisor::{run, run_direct};
pub use whose::WhoseError;

pub use crate::config::Intake as Settings;
