//! The REST interface, in the names and shapes of the eBox REST interface:
//! who asks ([`Gate`], the callers), and what agencies do.

pub(super) mod callers;
mod fault;
mod gate;
pub(super) mod token;

pub(super) use fault::Fault;
pub use gate::Gate;
pub(super) use gate::forbidden;
