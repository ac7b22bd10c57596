//! What is promised when something breaks: real processes that are killed,
//! databases and brokers that go away, disks that are full.
//!
//! Each test publishes under way, breaks something, and then asks the oracle:
//! the agencies' own log of confirmed publications against the ledger's rows.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod agencies;
mod broker;
mod database;
mod disk;
mod engines;
mod kills;
mod mail;
mod oracle;
mod printer;
mod site;
mod stop;
mod world;
