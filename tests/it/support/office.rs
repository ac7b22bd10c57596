//! A post office over a test's ledger.

use std::sync::Arc;

use anyhow::Result;
use facteur::clock::{Clock, SystemClock};
use facteur::documents::DocumentStore;
use facteur::ledger::Ledger;
use facteur::paper::links::Links;
use facteur::paper::office::Office;
use facteur::paper::pages::PageCounter;
use facteur::paper::printer::Printers;
use jiff::SignedDuration;

/// The printers that ship: one, which takes everything on any day.
pub(crate) const PRINTERS: &str = include_str!("../../../config/printers.toml");

/// Links of test offices lead nowhere that a test would go.
const BASE: &str = "http://printers.test";

/// An office by the machine's clock.
pub(crate) fn over(
    ledger: &Arc<Ledger>,
    documents: &DocumentStore,
    printers: &str,
) -> Result<Arc<Office>> {
    at(ledger, documents, printers, Arc::new(SystemClock))
}

/// An office by a clock of the test's own.
pub(crate) fn at(
    ledger: &Arc<Ledger>,
    documents: &DocumentStore,
    printers: &str,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Office>> {
    let printers: Printers = toml::from_str(printers)?;
    let links = Links::new(BASE, vec![7; 32], SignedDuration::from_hours(72));
    let pages = PageCounter::new(env!("CARGO_BIN_EXE_facteur"));
    let (ledger, documents) = (Arc::clone(ledger), documents.clone());
    Ok(Arc::new(Office::new(ledger, documents, clock, Arc::new(printers), links, pages)))
}

/// The token of a link.
pub(crate) fn token(link: &str) -> &str {
    link.split_once("token=").map_or("", |(_, token)| token)
}
