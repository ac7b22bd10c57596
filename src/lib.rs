//! Facteur: the delivery and routing engine behind a company mailbox.
//!
//! ```text
//! agency ─▶ queue ─▶ intake ─▶ route ─▶ decide ─▶ ledger ─┬▶ relay ─▶ letters, receipts, notices
//!                   (batch)    (pure)    (pure)  (1 commit)├▶ search (follows the ledger)
//!                                                          └▶ web
//! ```
//!
//! Agencies publish documents. The engine takes them off the queue in batches,
//! routes each to the partition and persons of its company's box, decides
//! digital or paper by the policy, and records all of it in one transaction;
//! only then does the broker hear that it may forget. Everything that leaves
//! is derived from the ledger. `ARCHITECTURE.md` says the same at length, with
//! the invariants and the words.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decide;
pub mod demo;
pub mod documents;
pub mod domain;
mod failpoint;
pub mod intake;
pub mod ledger;
pub mod lifecycle;
pub mod mailbox;
pub mod notices;
pub mod paper;
pub mod policy_file;
pub mod print_room;
pub mod pulse;
pub mod queue;
pub mod recount;
pub mod registry;
pub mod relay;
pub mod retention;
pub mod route;
pub mod schema;
pub mod search;
pub mod simulate;
mod sqlite;
pub mod telemetry;
pub mod verify;
pub mod watch;
pub mod web;
