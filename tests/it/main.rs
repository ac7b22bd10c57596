//! Everything that is tested from outside: real brokers, databases, processes.
//! Where they are comes from the environment (`FACTEUR_TEST_…`, set by
//! `./dev`); a service that is missing is a failure.

mod api;
mod asyncapi;
mod bad_input;
mod browser;
mod commands;
mod faults;
mod foreign;
mod hostile;
mod house;
mod ledger_conformance;
mod mailbox;
mod manual;
mod mentions;
mod model;
mod operators;
mod pages;
mod paper;
mod print_room;
mod queue_amqp;
mod queue_conformance;
mod queue_embedded;
mod registry;
mod relaying;
mod shipped;
mod simulate;
mod simulation;
mod support;
mod walls;
mod web;
mod wire;
