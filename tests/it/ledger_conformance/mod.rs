//! What both ledgers promise the line, under one suite.

mod damage;
mod identities;
mod order;
mod placed;
mod readings;
mod schema;
mod sessions;
mod sharing;
mod uploads;
