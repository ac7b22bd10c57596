//! What readers see of their boxes and do with them.
//!
//! Every question begins with a [`Look`]: today's grants of one person, read
//! in the transaction that answers. `predicate` turns them into SQL, in one
//! place for all lists, counts and look-ups; `message` asks the pure predicate
//! for one message.

mod audit;
mod boxes;
mod filter;
mod forget;
mod glance;
mod kept;
mod label_changes;
mod label_rules;
mod labels;
mod list;
mod look;
mod manage;
mod mark;
mod marks;
mod message;
mod narrow;
mod page;
mod predicate;
mod register;
mod reply;
mod rows;
mod seal;
mod totals;
mod unrecorded;
mod views;
mod work;

pub(super) use audit::record;
pub use audit::{Deed, Deeds, Looks};
pub(in crate::ledger) use audit::{NO_BOX, record_operated};
pub use boxes::BoxSeen;
pub use filter::{Filter, Hidden, Order, Place};
pub use glance::{Glance, Glanced};
pub use label_changes::{LabelChange, LabelChanged};
pub use list::Stretch;
pub use look::Look;
pub(super) use look::is_over;
pub use manage::{Managed, Management, Replaced};
pub use mark::Mark;
pub use marks::Marked;
pub use message::{LetterState, LetterStep};
pub use reply::{Replied, ReplyRow};
pub use rows::Line;
pub use seal::SealHead;
pub(super) use totals::Totals;
pub use views::{View, ViewId};

use super::{json, micros};
