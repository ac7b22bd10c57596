//! The check of a whole file, in two passes: what each line defines, then
//! whether everything that is referred to is defined, here or in the ledger.
//!
//! Records may come in any order, since each may be named once in a file. Of
//! each, 8 bytes are kept: a hash of its key under a secret of this process.
//! Two keys of ten million fall together once in 300,000 files; the file is
//! then refused for a duplicate that is none, and passes when checked again.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, Seek};

use super::changes::{Changes, Read};
use super::format::Defect;
use super::report::Report;
use super::{Progress, RegistryError, Step, sense};
use crate::domain::{Change, EnterpriseNumber, PartitionId, Record, RecordKey};
use crate::ledger::Ledger;

/// What a check found, and what an import writes first.
pub(super) struct Checked {
    pub(super) report: Report,
    /// Reference data: small, and read whole by every engine anyway.
    pub(super) reference: Vec<Change>,
}

/// Checks a file. References are looked up in it and, where one is given, in
/// the ledger.
pub(super) async fn run<R: BufRead + Seek>(
    source: &mut R,
    ledger: Option<&Ledger>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Checked, RegistryError> {
    let mut check = Check::new(ledger);
    let mut changes = Changes::new(&mut *source)?;
    while let Some(chunk) = changes.chunk()? {
        check.define(chunk);
        progress(Progress::new(Step::Reading, changes.number, None));
        tokio::task::yield_now().await;
    }
    check.report.lines = changes.number;
    let mut changes = Changes::new(source)?;
    while let Some(chunk) = changes.chunk()? {
        check.refer(chunk).await?;
        let lines = Some(check.report.lines);
        progress(Progress::new(Step::Referring, changes.number, lines));
        tokio::task::yield_now().await;
    }
    check.report.faults.sort();
    Ok(Checked { report: check.report, reference: check.reference })
}

struct Check<'a> {
    ledger: Option<&'a Ledger>,
    hasher: RandomState,
    /// Every record that a line names.
    named: HashSet<u64>,
    /// Those of them that shall not be there.
    deleted: HashSet<u64>,
    reference: Vec<Change>,
    report: Report,
}

/// A record that a line refers to and the file does not define.
struct Reference {
    line: u64,
    pointer: &'static str,
    key: RecordKey,
}

impl<'a> Check<'a> {
    fn new(ledger: Option<&'a Ledger>) -> Self {
        Self {
            ledger,
            hasher: RandomState::new(),
            named: HashSet::new(),
            deleted: HashSet::new(),
            reference: Vec::new(),
            report: Report::default(),
        }
    }

    fn define(&mut self, chunk: Vec<Read>) {
        for (line, read) in chunk {
            match read {
                Ok(change) => self.define_one(line, change),
                Err(defect) => self.report.push(line, defect),
            }
        }
    }

    fn define_one(&mut self, line: u64, change: Change) {
        let key = change.key();
        for defect in sense::defects(&change) {
            self.report.push(line, defect);
        }
        let hash = self.hasher.hash_one(&key);
        if !self.named.insert(hash) {
            self.report.push(line, duplicate(&key));
        }
        if matches!(change, Change::Delete(_)) {
            self.deleted.insert(hash);
        }
        self.report.count(key.kind());
        if key.kind().is_reference() {
            self.reference.push(change);
        }
    }

    async fn refer(&mut self, chunk: Vec<Read>) -> Result<(), RegistryError> {
        let mut elsewhere = Vec::new();
        for (line, read) in chunk {
            match read {
                Ok(Change::Put(record)) => self.refer_one(line, &record, &mut elsewhere),
                Ok(Change::Delete(RecordKey::Partition(enterprise, id))) => {
                    self.empty(line, enterprise, &id).await?;
                }
                Ok(Change::Delete(_)) | Err(_) => {}
            }
        }
        self.look_up(elsewhere).await
    }

    fn refer_one(&mut self, line: u64, record: &Record, elsewhere: &mut Vec<Reference>) {
        for (pointer, key) in record.references() {
            let hash = self.hasher.hash_one(&key);
            if self.deleted.contains(&hash) {
                let message = format!("this file deletes {key}");
                self.report.push(line, Defect::new(pointer, message));
            } else if !self.named.contains(&hash) {
                elsewhere.push(Reference { line, pointer, key });
            }
        }
    }

    async fn look_up(&mut self, references: Vec<Reference>) -> Result<(), RegistryError> {
        if references.is_empty() {
            return Ok(());
        }
        let keys: HashSet<RecordKey> = references.iter().map(|it| it.key.clone()).collect();
        let unknown = match self.ledger {
            Some(ledger) => {
                let keys: Vec<RecordKey> = keys.into_iter().collect();
                ledger.unknown_records(&keys).await?
            }
            None => keys,
        };
        for Reference { line, pointer, key } in references {
            if unknown.contains(&key) {
                let message = format!("there is no {key}");
                self.report.push(line, Defect::new(pointer, message));
            }
        }
        Ok(())
    }

    /// Only an empty partition can be deleted. What the file itself says of a
    /// rule or grant that names it is checked where it says so.
    async fn empty(
        &mut self,
        line: u64,
        enterprise: EnterpriseNumber,
        id: &PartitionId,
    ) -> Result<(), RegistryError> {
        let Some(ledger) = self.ledger else {
            return Ok(());
        };
        let found = ledger.partition_use(enterprise, id).await?;
        if found.has_messages {
            let message =
                format!("messages lie in partition {id}: only an empty one can be deleted");
            self.report.push(line, Defect::new("/id", message));
        }
        for key in found.records {
            if !self.named.contains(&self.hasher.hash_one(&key)) {
                let message = format!("{key} names partition {id}");
                self.report.push(line, Defect::new("/id", message));
            }
        }
        Ok(())
    }
}

fn duplicate(key: &RecordKey) -> Defect {
    let (pointer, message) = match key {
        RecordKey::Rule(enterprise, priority) => {
            ("/priority", format!("two rules of {enterprise} have the priority {priority}"))
        }
        key => ("", format!("the file names {key} twice")),
    };
    Defect::new(pointer, message)
}
