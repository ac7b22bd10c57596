//! An operator's life: a new release over an old ledger, engines that are
//! exchanged one by one, and a ledger that comes back from its copy.

mod migrations;
mod recorded;
mod restore;
mod rolling;
mod schema;
