//! The demonstration: the whole line on embedded parts, with simulated
//! agencies that publish, companies that change their minds, and a printer.
//!
//! Everything random comes from one seed, so a run can be repeated.

mod agencies;
mod companies;
mod mail;
mod printer;
mod world;

pub use agencies::{AGENCIES, Agency};
pub use companies::live;
pub use mail::{Mail, Sent};
pub use printer::print;
pub use world::world;

/// The world and the mail of a seed are always the same.
pub const SEED: u64 = 20_160_101;

/// How many simulated companies there are.
pub const COMPANIES: u32 = 5_000;
