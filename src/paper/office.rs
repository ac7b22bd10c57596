//! The post office: what the engine does with letters, whoever asks for it.
//! The queue and REST come through here, so both mean the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::contents::{self, Document};
use super::links::{LinkError, Links};
use super::loads::Loads;
use super::package::{self, PackageError};
use super::pages::PageCounter;
use super::printer::Printers;
use super::ticket::{Manifest, Ticket};
use crate::clock::Clock;
use crate::documents::{DocumentError, DocumentStore};
use crate::domain::ApplicationId;
use crate::ledger::{Claim, ClaimAnswer, DocumentKey, Ledger, LedgerError, LetterTicket};

/// Letters, their printers, and everything that is done with them.
pub struct Office {
    pub(super) ledger: Arc<Ledger>,
    pub(super) documents: DocumentStore,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) printers: Arc<Printers>,
    pub(super) pages: PageCounter,
    links: Links,
    claims: Claims,
    /// What printers were given, as last counted.
    pub(super) loads: tokio::sync::Mutex<Option<Loads>>,
    /// How far the letters that wait were looked at.
    pub(super) retried: tokio::sync::Mutex<Uuid>,
    /// When printers were last heard of, so that not every word is a write.
    heard: Mutex<HashMap<String, Timestamp>>,
}

/// Why a package is not handed out.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The link opens nothing.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The claim was refused.
    #[error("the letter cannot be claimed")]
    Refused(ClaimAnswer),
    /// A document is not in the store: the letter is held.
    #[error("a document of the letter is missing")]
    Missing,
    /// The ledger did not answer.
    #[error("the ledger did not answer")]
    Ledger(#[from] LedgerError),
    /// The store did not answer.
    #[error("the document store did not answer")]
    Documents(#[from] DocumentError),
    /// The manifest cannot be written: a defect.
    #[error("the manifest cannot be written")]
    Encode(#[from] serde_json::Error),
}

/// A claimed letter's content.
pub struct Package {
    /// Its ticket.
    pub ticket: Ticket,
    /// The ZIP, piece by piece.
    pub pieces: futures_util::stream::BoxStream<'static, Result<bytes::Bytes, PackageError>>,
}

const HEARD_FOR: SignedDuration = SignedDuration::from_secs(5);

impl Office {
    /// An office over these parts.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        documents: DocumentStore,
        clock: Arc<dyn Clock>,
        printers: Arc<Printers>,
        links: Links,
        pages: PageCounter,
    ) -> Self {
        let (heard, retried) = (Mutex::default(), tokio::sync::Mutex::default());
        let (claims, loads) = (Claims::default(), tokio::sync::Mutex::default());
        Self { ledger, documents, clock, printers, pages, links, claims, loads, retried, heard }
    }

    /// The printers of this installation.
    #[must_use]
    pub fn printers(&self) -> &Printers {
        &self.printers
    }

    /// Its ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long a ticket's link holds.
    #[must_use]
    pub fn link_lifetime(&self) -> SignedDuration {
        self.links.lifetime()
    }

    /// The ticket of a letter; none before it is planned.
    #[must_use]
    pub fn ticket(&self, letter: &LetterTicket) -> Option<Ticket> {
        contents::ticket(letter, &self.links, self.clock.now())
    }

    /// Holds a letter that has a printer and cannot be addressed.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn hold_unaddressed(&self, letter: &LetterTicket) -> Result<(), LedgerError> {
        let postal = letter.publication.postal.as_ref();
        let Err(why) = contents::envelope(postal, letter.record.as_ref()) else { return Ok(()) };
        let now = self.clock.now();
        self.ledger.hold_letter(letter, why.as_str(), why.to_string(), now).await
    }

    /// Claims a job by its link and hands its package out. The content is
    /// looked for first: what cannot be printed is held and not claimed.
    ///
    /// # Errors
    /// Why it is not handed out.
    pub async fn fetch(
        &self,
        job: Uuid,
        token: &str,
        claimant: Option<&str>,
    ) -> Result<Package, FetchError> {
        let printer = self.links.read(job, token, self.clock.now())?;
        self.heard(&printer).await?;
        let letter = self.ledger.letter_ticket(job).await?;
        let mut letter = letter.ok_or(FetchError::Refused(ClaimAnswer::Unknown))?;
        let documents = contents::documents(&letter);
        self.look_for(&letter, &documents).await?;
        let claimant = claimant.unwrap_or(&printer).to_owned();
        match self.claim(Claim { job, printer, claimant }).await? {
            ClaimAnswer::Claimed | ClaimAnswer::Again => {
                self.fill_pages(std::slice::from_mut(&mut letter)).await?;
                self.package(&letter, documents)
            }
            refused => Err(FetchError::Refused(refused)),
        }
    }

    /// A printer gave a sign of life.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn heard(&self, printer: &str) -> Result<(), LedgerError> {
        let now = self.clock.now();
        if self.printers.get(printer).is_none() || self.heard_since(printer, now - HEARD_FOR) {
            return Ok(());
        }
        self.ledger.printer_seen(printer, now).await?;
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(printer.to_owned(), now);
        Ok(())
    }

    fn heard_since(&self, printer: &str, since: Timestamp) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(printer).is_some_and(|at| *at > since)
    }

    async fn look_for(
        &self,
        letter: &LetterTicket,
        documents: &[Document],
    ) -> Result<(), FetchError> {
        for document in documents.iter().filter(|document| document.text.is_none()) {
            let key = key(letter, document)?;
            if self.documents.head(&key).await?.is_none() {
                let detail = format!("document {} is not in the store", key.1);
                let now = self.clock.now();
                self.ledger.hold_letter(letter, "document_missing", detail, now).await?;
                return Err(FetchError::Missing);
            }
        }
        Ok(())
    }

    fn package(
        &self,
        letter: &LetterTicket,
        documents: Vec<Document>,
    ) -> Result<Package, FetchError> {
        let ticket = self.ticket(letter).ok_or(FetchError::Refused(ClaimAnswer::Held))?;
        let named = contents::files(&documents);
        let manifest = Manifest { ticket: ticket.clone(), files: named.clone() };
        let manifest = serde_json::to_vec_pretty(&manifest)?;
        let mut files = vec![("manifest.json".to_owned(), package::Source::Text(manifest.into()))];
        for (file, document) in named.into_iter().zip(documents) {
            let source = match &document.text {
                Some(text) => package::Source::Text(text.clone()),
                None => package::Source::Stored(key(letter, &document)?),
            };
            files.push((file.path, source));
        }
        Ok(Package { ticket, pieces: package::zip(self.documents.clone(), files) })
    }

    /// Claims together with whoever asks at the same moment: a commit waits for
    /// the disk once for many claims as for one.
    async fn claim(&self, claim: Claim) -> Result<ClaimAnswer, LedgerError> {
        loop {
            let mut answer = self.claims.ask(claim.clone());
            let _turn = self.claims.turn.lock().await;
            let asked = self.claims.take();
            if !asked.is_empty() {
                self.answer(asked).await?;
            }
            // Asked by one who was called away before it answered: once more.
            if let Ok(answer) = answer.try_recv() {
                return Ok(answer);
            }
        }
    }

    async fn answer(&self, asked: Vec<Asked>) -> Result<(), LedgerError> {
        let (claims, askers): (Vec<Claim>, Vec<_>) = asked.into_iter().unzip();
        let answers = self.ledger.claim(&claims, self.clock.now()).await?;
        for (asker, answer) in askers.into_iter().zip(answers) {
            let _gone_away = asker.send(answer);
        }
        Ok(())
    }
}

pub(super) fn key(letter: &LetterTicket, document: &Document) -> Result<DocumentKey, LedgerError> {
    let application = ApplicationId::new(letter.application.as_str());
    let application = application.map_err(|error| LedgerError::Shape(error.to_string()))?;
    Ok((application, document.document.sha256))
}

type Asked = (Claim, oneshot::Sender<ClaimAnswer>);

/// Claims that wait to be made together.
#[derive(Default)]
struct Claims {
    asked: Mutex<Vec<Asked>>,
    turn: tokio::sync::Mutex<()>,
}

impl Claims {
    fn ask(&self, claim: Claim) -> oneshot::Receiver<ClaimAnswer> {
        let (asker, answer) = oneshot::channel();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((claim, asker));
        answer
    }

    fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
