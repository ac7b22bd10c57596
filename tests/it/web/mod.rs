//! The HTTP interface over real sockets, with a ledger and documents in a
//! folder of their own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it should be"
)]

pub(crate) mod client;
mod documents;
mod health;
pub(crate) mod site;
