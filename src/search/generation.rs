//! One index on disk: what was projected, and up to where.
//!
//! The commit publishes documents and position **together**: the position is
//! in tantivy's commit payload. Whatever happens in between, the next opening
//! starts from the last commit and asks the ledger for what came after.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::query::TermSetQuery;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyError, Term};
use uuid::Uuid;

use super::error::{SearchError, is_surroundings};
use super::folder::Folder;
use super::integrity::{Between, Integrity};
use super::schema::{Fields, fingerprint, register_tokenizer};
use super::source::{Page, Projected};
use crate::domain::MessageId;

/// Memory of the writer before it writes a segment, in bytes. Somewhat above
/// tantivy's floor (15 MB): with 30 MB the engine had 20 MB more at its peak, and
/// was not faster.
const HEAP_BYTES: usize = 20_000_000;

/// How far work that nobody waits for stands back, of 19.
const NICENESS: i32 = 10;

/// Part of a segment's documents that may be deleted before it is rewritten:
/// every read mark and label replaces a document.
const DELETED_RATIO_MAX: f32 = 0.3;

const PAYLOAD_VERSION: u32 = 1;

/// What every commit carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    v: u32,
    /// The ledger that was followed.
    pub(super) epoch: Uuid,
    /// Everything up to here is in the index.
    pub(super) position: i64,
    /// Fingerprint of the schema and of the text rules.
    schema: String,
}

/// Why a generation cannot be used.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It is not there, or nothing was ever committed to it.
    Missing,
    /// It was made under another schema or other text rules.
    OtherSchema,
    /// It cannot be read.
    Damaged(TantivyError),
    /// The machine is at fault; the index may be sound.
    Unreadable(SearchError),
}

/// What readers share: reloaded after each commit.
#[derive(Clone)]
pub(super) struct View {
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
}

/// An index, open for writing.
pub(super) struct Generation {
    path: PathBuf,
    schema: String,
    view: View,
    integrity: Integrity,
    /// Kept for life: dropping a writer ends its merges.
    writer: IndexWriter,
    /// The last commit.
    mark: Option<Mark>,
    /// Everything up to here has been handed to the writer.
    applied: i64,
    applied_at: Option<Timestamp>,
    /// Documents handed to the writer since the last commit.
    pending: usize,
}

impl Generation {
    /// A new one, in an empty folder.
    pub(super) fn create(path: &Path) -> Result<Self, SearchError> {
        let (schema, fields) = Fields::build();
        let fingerprint = fingerprint(&schema).map_err(TantivyError::from)?;
        let directory = Folder::open(path).map_err(TantivyError::from)?;
        let index = Index::create(directory, schema, IndexSettings::default())?;
        Self::start(path, &index, fields, fingerprint, None)
    }

    /// One that was committed to before.
    pub(super) fn open(path: &Path) -> Result<Self, Unfit> {
        let (index, fields, mark) = open_index(path)?;
        let fingerprint = mark.schema.clone();
        Self::start(path, &index, fields, fingerprint, Some(mark)).map_err(Unfit::from)
    }

    fn start(
        path: &Path,
        index: &Index,
        fields: Fields,
        schema: String,
        mark: Option<Mark>,
    ) -> Result<Self, SearchError> {
        register_tokenizer(index.tokenizers());
        let view = View::new(index, fields)?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            view,
            integrity: match mark {
                Some(_) => Integrity::unknown(),
                None => Integrity::written(),
            },
            writer: writer(index)?,
            applied: mark.as_ref().map_or(0, |mark| mark.position),
            mark,
            applied_at: None,
            pending: 0,
        })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What readers use.
    pub(super) fn view(&self) -> View {
        self.view.clone()
    }

    /// The ledger it follows, once anything was committed.
    pub(super) fn epoch(&self) -> Option<Uuid> {
        self.mark.as_ref().map(|mark| mark.epoch)
    }

    /// Everything up to here has been handed to the writer.
    pub(super) fn applied(&self) -> i64 {
        self.applied
    }

    /// Everything up to here can be found.
    pub(super) fn committed(&self) -> i64 {
        self.mark.as_ref().map_or(0, |mark| mark.position)
    }

    /// When the last change handed to the writer was made.
    pub(super) fn applied_at(&self) -> Option<Timestamp> {
        self.applied_at
    }

    /// Documents handed to the writer since the last commit.
    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    /// Whether its files are to be read through: after a search failed, when
    /// `is_doubted`.
    pub(super) fn is_reading_due(&self, between: Between, is_doubted: bool) -> bool {
        self.integrity.is_due(between, is_doubted)
    }

    /// They are read later: it is in use again after a failure.
    pub(super) fn put_off_reading(&mut self) {
        self.integrity.put_off();
    }

    /// Begins to read them through, beside whatever else is done.
    pub(super) fn read_through(&mut self) {
        let index = self.view.reader.searcher().index().clone();
        self.integrity.begin(index, self.path.clone());
    }

    /// Whether a reading found them damaged.
    pub(super) fn is_damaged(&mut self) -> bool {
        self.integrity.is_damaged()
    }

    /// Hands a page to the writer. Each message replaces what was there, so a
    /// page that comes again changes nothing.
    pub(super) fn apply(&mut self, page: &Page) -> Result<(), SearchError> {
        let fields = self.view.fields;
        let messages = last_states(page);
        let replaced = messages.iter().map(|message| message.id).chain(page.gone.iter().copied());
        self.forget(replaced.map(|id| fields.id_term(id)))?;
        for message in &messages {
            if let Err(error) = self.writer.add_document(fields.document(message)) {
                return Err(self.cause(error).into());
            }
        }
        self.pending += messages.len() + page.gone.len();
        self.applied = self.applied.max(page.through);
        self.applied_at = page.through_at.or(self.applied_at);
        Ok(())
    }

    /// Removes what the index holds of these messages.
    ///
    /// One query for a page: ids are ordered by time, so a set of new ones
    /// leaves an old segment's terms at the first bytes, where a deletion for
    /// each would look for each in every segment.
    fn forget(&self, ids: impl Iterator<Item = Term>) -> Result<(), SearchError> {
        let mut ids = ids.peekable();
        if ids.peek().is_some() {
            self.writer.delete_query(Box::new(TermSetQuery::new(ids)))?;
        }
        Ok(())
    }

    /// Makes everything applied findable, and the position with it.
    ///
    /// **The only place that commits**: a plain tantivy commit clears the
    /// payload, and with it the position.
    pub(super) fn commit(&mut self, epoch: Uuid) -> Result<(), SearchError> {
        let mark =
            Mark { v: PAYLOAD_VERSION, epoch, position: self.applied, schema: self.schema.clone() };
        let payload = serde_json::to_string(&mark).map_err(TantivyError::from)?;
        let mut prepared = self.writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.view.reader.reload()?;
        self.mark = Some(mark);
        self.pending = 0;
        Ok(())
    }

    /// A writer whose worker failed only says that it was killed; joining the
    /// worker tells why (a full disk, say).
    fn cause(&mut self, error: TantivyError) -> TantivyError {
        match self.writer.prepare_commit() {
            Err(cause) => cause,
            Ok(_) => error,
        }
    }
}

impl View {
    fn new(index: &Index, fields: Fields) -> Result<Self, TantivyError> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { reader, fields })
    }

    /// A generation as another process may read it: as of its last commit.
    pub(super) fn open(path: &Path) -> Result<(Self, Mark), Unfit> {
        let (index, fields, mark) = open_index(path)?;
        register_tokenizer(index.tokenizers());
        Ok((Self::new(&index, fields)?, mark))
    }
}

fn open_index(path: &Path) -> Result<(Index, Fields, Mark), Unfit> {
    if !path.is_dir() {
        return Err(Unfit::Missing);
    }
    let directory = Folder::open(path).map_err(TantivyError::from)?;
    let index = Index::open(directory)?;
    let payload = index.load_metas()?.payload.ok_or(Unfit::Missing)?;
    let (schema, fields) = Fields::build();
    let fingerprint = fingerprint(&schema).map_err(TantivyError::from)?;
    match serde_json::from_str::<Mark>(&payload) {
        Ok(mark) if mark.v == PAYLOAD_VERSION && mark.schema == fingerprint => {
            Ok((index, fields, mark))
        }
        _ => Err(Unfit::OtherSchema),
    }
}

/// The last state of each message in the page: documents added together after
/// one deletion must not be of the same message, nor of one that is gone.
fn last_states(page: &Page) -> Vec<&Projected> {
    let mut seen: HashSet<MessageId> = page.gone.iter().copied().collect();
    page.messages.iter().rev().filter(|message| seen.insert(message.id)).collect()
}

fn writer(index: &Index) -> Result<IndexWriter, TantivyError> {
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread(HEAP_BYTES)
        .num_worker_threads(1)
        .num_merge_threads(1)
        .build();
    let writer = giving_way(|| index.writer_with_options(options))?;
    let mut merges = LogMergePolicy::default();
    merges.set_del_docs_ratio_before_merge(DELETED_RATIO_MAX);
    writer.set_merge_policy(Box::new(merges));
    Ok(writer)
}

/// Makes a writer on a thread that gives way to others. Its merging threads
/// inherit that: a merge may take a processor for a second, and whoever waits
/// for a document to be recorded waits for it.
fn giving_way<T: Send>(
    make: impl FnOnce() -> Result<T, TantivyError> + Send,
) -> Result<T, TantivyError> {
    let on_its_thread = || {
        give_way();
        make()
    };
    std::thread::scope(|scope| scope.spawn(on_its_thread).join())
        .unwrap_or_else(|_| Err(TantivyError::ErrorInThread("the writer's thread died".into())))
}

/// Lets others go first, from here on and on this thread only.
pub(super) fn give_way() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "work on the index will not give way to others");
    }
}

impl From<TantivyError> for Unfit {
    fn from(error: TantivyError) -> Self {
        if is_surroundings(&error) || matches!(error, TantivyError::LockFailure(..)) {
            Self::Unreadable(error.into())
        } else {
            Self::Damaged(error)
        }
    }
}

impl From<SearchError> for Unfit {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Index(error) => error.into(),
            error => Self::Unreadable(error),
        }
    }
}
