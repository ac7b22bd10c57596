//! What tests of several subjects share.

pub(crate) mod brokers;
pub(crate) mod desk;
pub(crate) mod engine;
pub(crate) mod ledgers;
pub(crate) mod line;
pub(crate) mod memory;
pub(crate) mod office;
pub(crate) mod program;
pub(crate) mod relay;
pub(crate) mod vhost;
pub(crate) mod wait;
pub(crate) mod world;
