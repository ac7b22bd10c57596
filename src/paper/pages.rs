//! How many pages the documents of letters have, for their tickets.
//!
//! A PDF may be made to eat memory or to never end. So another process counts
//! (`facteur count-pages`): its memory is bounded, it has some seconds for a
//! document, and what ends it is a document whose pages nobody knows.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::contents;
use super::office::{Office, key};
use crate::documents::DocumentError;
use crate::ledger::{DocumentKey, LedgerError, LetterTicket, PageCounts};
use crate::print_room::pages::READY;
use crate::telemetry::log::chain;

/// For one document.
const DOCUMENT_MAX: Duration = Duration::from_secs(5);
/// For the process to begin, on a machine that has much to do.
const START_MAX: Duration = Duration::from_secs(10);
/// For the documents of one piece of letters: what is left then is counted
/// when its letter is claimed, or with the next one that has it.
const PIECE_MAX: Duration = Duration::from_secs(3);

/// Counts pages, one document after the other.
pub struct PageCounter {
    program: OsString,
    running: tokio::sync::Mutex<Option<Running>>,
}

/// A process that counts, and its pipes; it ends with this.
struct Running {
    process: Process,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// By which it is ended from outside.
#[derive(Clone)]
struct Process(Arc<Mutex<Child>>);

impl PageCounter {
    /// A counter that runs this program, which must be `facteur`.
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), running: tokio::sync::Mutex::default() }
    }

    /// The pages of a document; none where it has none, or where counting them
    /// took too long or too much.
    ///
    /// # Errors
    /// When the process cannot be started: nothing is known of the document.
    pub async fn count(&self, content: Bytes) -> io::Result<Option<u32>> {
        let mut running = self.running.lock().await;
        let mut asked = match running.take() {
            Some(asked) => asked,
            None => Running::start(&self.program).await?,
        };
        let (process, length) = (asked.process.clone(), content.len());
        let asking = spawn_blocking(move || {
            let pages = asked.ask(&content)?;
            io::Result::Ok((asked, pages))
        });
        match timeout(DOCUMENT_MAX, asking).await {
            Ok(Ok(Ok((asked, pages)))) => {
                *running = Some(asked);
                Ok(pages)
            }
            // It is ended with its process, which ends the question too.
            _ => {
                process.end();
                info!(bytes = length, "the pages of a document cannot be counted");
                Ok(None)
            }
        }
    }
}

impl Running {
    async fn start(program: &OsString) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("count-pages").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn()?;
        let none = || io::Error::other("it has no pipes");
        let questions = child.stdin.take().ok_or_else(none)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(none)?);
        let process = Process(Arc::new(Mutex::new(child)));
        let mut running = Self { process: process.clone(), questions, answers };
        let begun = spawn_blocking(move || {
            let said = running.line()?;
            io::Result::Ok((running, said))
        });
        match timeout(START_MAX, begun).await {
            Ok(Ok(Ok((running, said)))) if said == READY => Ok(running),
            _ => {
                process.end();
                Err(io::Error::other("it does not count pages"))
            }
        }
    }

    fn ask(&mut self, content: &[u8]) -> io::Result<Option<u32>> {
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        self.questions.write_all(&length.to_be_bytes())?;
        self.questions.write_all(content)?;
        self.questions.flush()?;
        Ok(self.line()?.parse().ok())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.end();
    }
}

impl Process {
    fn end(&self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Ended already, or by somebody else: in either case it is waited for.
        drop(child.kill());
        drop(child.wait());
    }
}

impl Office {
    /// Writes into letters how many pages their documents have, and counts
    /// what nobody counted before. No letter waits for it long: what cannot be
    /// counted now is left out of its ticket.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn fill_pages(&self, letters: &mut [LetterTicket]) -> Result<(), LedgerError> {
        let wanted: BTreeSet<DocumentKey> = letters
            .iter()
            .map(stored)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<DocumentKey> = wanted.into_iter().collect();
        let mut known = self.ledger.page_counts(&wanted).await?;
        let unknown = wanted.into_iter().filter(|key| !known.contains_key(key)).collect();
        let counted = self.count(unknown).await;
        self.ledger.pages_counted(&counted, self.clock.now()).await?;
        known.extend(counted);
        for letter in letters {
            let pages = |key: DocumentKey| Some((key.1, (*known.get(&key)?)?));
            letter.pages = stored(letter)?.into_iter().filter_map(pages).collect();
        }
        Ok(())
    }

    async fn count(&self, unknown: Vec<DocumentKey>) -> PageCounts {
        let until = Instant::now() + PIECE_MAX;
        let mut counted = PageCounts::new();
        for key in unknown {
            if Instant::now() > until {
                warn!("counting pages takes long: some tickets go out without them");
                break;
            }
            match self.count_one(&key).await {
                // What is missing is found, and told, when it is claimed.
                Ok(None) => {}
                Ok(Some(pages)) => {
                    counted.insert(key, pages);
                }
                Err(error) => {
                    warn!(error = %chain(&error), "pages are not counted");
                    break;
                }
            }
        }
        counted
    }

    async fn count_one(&self, key: &DocumentKey) -> Result<Option<Option<u32>>, CountError> {
        let Some(mut content) = self.documents.get(key).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        while let Some(piece) = content.pieces.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(Some(self.pages.count(bytes.into()).await?))
    }
}

/// The documents of a letter that are in the store.
fn stored(letter: &LetterTicket) -> Result<Vec<DocumentKey>, LedgerError> {
    let attached = contents::attached(letter);
    attached.iter().map(|document| key(letter, document)).collect()
}

/// Why a document's pages were not counted, this time.
#[derive(Debug, thiserror::Error)]
enum CountError {
    #[error("the document store did not answer")]
    Documents(#[from] DocumentError),
    #[error("the process that counts cannot be started")]
    Process(#[from] io::Error),
}
