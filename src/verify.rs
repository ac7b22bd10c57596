//! Verifying: does the account balance, and is everything it names there?
//!
//! Recounts from the ledger's rows, then looks at every document that a
//! message names: whether it is there with the size that was recorded and, if
//! asked, whether its bytes are those of its digest; with the intake at rest, for
//! every message in the search index and for anything left in the queues.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::documents::{Depth, DocumentError, DocumentStore, Fault};
use crate::domain::MessageId;
use crate::ledger::{Account, DocumentKey, Finding, Ledger, LedgerError, SealHead};
use crate::queue::{Queue, QueueError, topology};
use crate::search::{Query, QueryError, Search};

/// What was counted and what was found.
#[derive(Debug)]
pub struct Verdict {
    /// The account; its difference includes the findings.
    pub account: Account,
    /// What is missing or double.
    pub findings: Vec<Finding>,
    /// The last seal of the record in each year.
    pub heads: Vec<SealHead>,
}

/// Why it could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The ledger did not answer.
    #[error("the ledger did not answer")]
    Ledger(#[from] LedgerError),
    /// The documents could not be looked at.
    #[error("the documents could not be looked at")]
    Documents(#[from] DocumentError),
    /// The broker did not answer.
    #[error("the broker did not answer")]
    Queue(#[from] QueueError),
    /// The search index did not answer.
    #[error("the search index did not answer")]
    Search(#[from] QueryError),
}

const PAGE: i64 = 2_000;

/// Verifies the ledger and, to a `depth`, its documents. `progress` hears how
/// many messages have been looked at.
///
/// # Errors
/// When something does not answer. What is wrong is a finding, not an error.
pub async fn verify(
    ledger: &Ledger,
    documents: &DocumentStore,
    depth: Depth,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Verdict, VerifyError> {
    let (account, mut findings) = ledger.verify().await?;
    let examined = Examined { documents, depth, whole: BTreeSet::new() };
    findings.extend(document_faults(ledger, examined, progress).await?);
    findings.extend(ledger.verify_seals().await?);
    findings.extend(ledger.verify_deeds().await?);
    findings.extend(ledger.verify_history().await?);
    let heads = ledger.seal_heads().await?;
    Ok(Verdict { account, findings, heads }.counted())
}

impl Verdict {
    fn counted(mut self) -> Self {
        let findings = i64::try_from(self.findings.len()).unwrap_or(i64::MAX);
        self.account.difference = self.account.difference.max(findings);
        self
    }

    /// Adds what somebody else found.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.account.difference += 1;
    }

    /// Whether nothing is missing or double.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.account.difference == 0
    }

    /// Looks at the search index and the queues as well: only with the intake
    /// at rest is there nothing on the way.
    ///
    /// # Errors
    /// When something does not answer.
    pub async fn quiesced(
        mut self,
        ledger: &Ledger,
        queue: &dyn Queue,
        search: &Search,
    ) -> Result<Self, VerifyError> {
        let indexed = search.find(Query { size: 1, ..Query::everywhere() }).await?.total;
        self.account.indexed = Some(indexed);
        self.findings.extend(index_differs(ledger, search, indexed).await?);
        let reference = ledger.reference().await?;
        let lanes = reference.applications.keys().map(topology::intake_queue);
        let last = [topology::QUEUE_UNROUTABLE, topology::QUEUE_DEAD].map(str::to_owned);
        let documents = lanes.chain(last).map(|name| ("documents that were not taken in", name));
        let reports = topology::QUEUE_PRINT_EVENTS.to_owned();
        let reports = [("printers' reports that were not taken in", reports)];
        for (what, name) in documents.chain(reports) {
            let depth = queue.depth(&name).await?;
            if depth != 0 {
                let which = format!("{depth} in {name}");
                self.findings.push(Finding { what: what.into(), which });
            }
        }
        Ok(self.counted())
    }
}

/// Messages that the index does not hold, and what it holds beside them.
async fn index_differs(
    ledger: &Ledger,
    search: &Search,
    indexed: u64,
) -> Result<Vec<Finding>, VerifyError> {
    let (mut findings, mut kept, mut after) = (Vec::new(), 0, MessageId(Uuid::nil()));
    loop {
        let page = ledger.kept_messages(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        (after, kept) = (*last, kept + page.len() as u64);
        let missing = search.missing(page).await?.into_iter().map(|id| Finding {
            what: "a message is not in the search index".into(),
            which: id.to_string(),
        });
        findings.extend(missing);
    }
    let found = kept - findings.len() as u64;
    if indexed != found {
        findings.push(Finding {
            what: "the search index holds what is no message".into(),
            which: format!("{indexed} for {found}"),
        });
    }
    Ok(findings)
}

/// What is wrong with the documents that messages name.
async fn document_faults(
    ledger: &Ledger,
    mut examined: Examined<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Finding>, VerifyError> {
    let mut findings = Vec::new();
    let (mut after, mut seen) = (MessageId(Uuid::nil()), 0u64);
    while let Some(page) = ledger.named_documents(after, PAGE).await? {
        let keys: BTreeSet<DocumentKey> = page.named.iter().map(|(_, key)| key.clone()).collect();
        let held = ledger.held_documents(&keys).await?;
        let faults = examined.faults(keys, &held).await?;
        findings.extend(page.named.iter().filter_map(|(message, key)| {
            let ((application, digest), fault) = (key, faults.get(key)?);
            Some(Finding {
                what: fault.as_str().into(),
                which: format!("{digest} of {application}, named by message {message}"),
            })
        }));
        seen += page.messages;
        progress(seen);
        after = page.last;
    }
    Ok(findings)
}

/// Documents that many messages name are looked at once, as long as
/// remembering them stays cheap.
const REMEMBERED_MAX: usize = 200_000;

/// The store, and what was found whole in it.
struct Examined<'a> {
    documents: &'a DocumentStore,
    depth: Depth,
    whole: BTreeSet<DocumentKey>,
}

impl Examined<'_> {
    /// What is wrong with which of these; those that the ledger does not hold
    /// are missing.
    async fn faults(
        &mut self,
        keys: BTreeSet<DocumentKey>,
        held: &BTreeMap<DocumentKey, u64>,
    ) -> Result<BTreeMap<DocumentKey, Fault>, DocumentError> {
        let mut faults = BTreeMap::new();
        for key in keys {
            let fault = match held.get(&key) {
                Some(size) => self.fault(&key, *size).await?,
                None => Some(Fault::Missing),
            };
            faults.extend(fault.map(|fault| (key, fault)));
        }
        Ok(faults)
    }

    async fn fault(
        &mut self,
        key: &DocumentKey,
        size: u64,
    ) -> Result<Option<Fault>, DocumentError> {
        if self.whole.contains(key) {
            return Ok(None);
        }
        let fault = self.documents.examine(key, size, self.depth).await?;
        if fault.is_none() && self.whole.len() < REMEMBERED_MAX {
            self.whole.insert(key.clone());
        }
        Ok(fault)
    }
}
