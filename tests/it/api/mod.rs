//! The REST interface: tokens of an issuer that the tests make, and of one
//! that is not ours.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod bad_requests;
mod counter;
mod issuer;
mod lookups;
mod publishing;
mod tls;
mod tokens;
