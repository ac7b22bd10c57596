//! The whole registry, page by page, as it stood at one moment.

use super::kept::mailbox;
use super::rows::parts;
use crate::domain::{Kind, Record, RecordKey, Trio};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Transaction, Value};

/// A consistent view of the registry, read from the first record to the last.
pub struct RegistryPages {
    tx: Transaction,
    /// The kind being read, and those after it.
    kind: Option<Kind>,
    kinds: std::array::IntoIter<Kind, 12>,
    /// The last record read of this kind.
    after: Option<RecordKey>,
}

const ORGANIZATIONS: Statement =
    Statement::same("SELECT record FROM organizations WHERE number > $1 ORDER BY number LIMIT $2");
const APPLICATIONS: Statement =
    Statement::same("SELECT record FROM applications WHERE id > $1 ORDER BY id LIMIT $2");
const SERVICES: Statement =
    Statement::same("SELECT record FROM services WHERE id > $1 ORDER BY id LIMIT $2");
const MESSAGE_TYPES: Statement =
    Statement::same("SELECT record FROM message_types WHERE id > $1 ORDER BY id LIMIT $2");
const TRIOS: Statement = Statement::same(
    "SELECT organization, application, message_type FROM trios
     WHERE (organization, application, message_type) > ($1, $2, $3)
     ORDER BY organization, application, message_type LIMIT $4",
);
const ENTERPRISES: Statement =
    Statement::same("SELECT record FROM enterprises WHERE number > $1 ORDER BY number LIMIT $2");
const BOXES: Statement = Statement::same(
    "SELECT enterprise, last_connection_at, all_digital FROM boxes
     WHERE enterprise > $1 ORDER BY enterprise LIMIT $2",
);
const PERSONS: Statement =
    Statement::same("SELECT record FROM persons WHERE id > $1 ORDER BY id LIMIT $2");
const PARTITIONS: Statement = Statement::same(
    "SELECT record FROM partitions WHERE (enterprise, id) > ($1, $2)
     ORDER BY enterprise, id LIMIT $3",
);
const RULES: Statement = Statement::same(
    "SELECT record FROM routing_rules WHERE (enterprise, priority) > ($1, $2)
     ORDER BY enterprise, priority LIMIT $3",
);
const GRANTS: Statement = Statement::same(
    "SELECT record FROM grants WHERE (enterprise, id) > ($1, $2)
     ORDER BY enterprise, id LIMIT $3",
);
const MANDATES: Statement = Statement::same(
    "SELECT record FROM mandates WHERE (mandator, holder) > ($1, $2)
     ORDER BY mandator, holder LIMIT $3",
);

impl Ledger {
    /// Begins to read the whole registry.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn registry_pages(&self) -> Result<RegistryPages, LedgerError> {
        let mut kinds = Kind::ALL.into_iter();
        Ok(RegistryPages {
            tx: self.store.begin_read().await?,
            kind: kinds.next(),
            kinds,
            after: None,
        })
    }
}

impl RegistryPages {
    /// The next records, all of one kind and at most so many; empty at the
    /// end. They come in the order of [`Kind::ALL`], then of their keys.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn next(&mut self, limit: u32) -> Result<Vec<Record>, LedgerError> {
        while let Some(kind) = self.kind {
            let (statement, mut values) = page(kind, self.after.as_ref());
            values.push(i64::from(limit).into());
            let rows = self.tx.rows(statement, values).await?;
            let page: Vec<Record> =
                rows.into_iter().map(|row| record(kind, row)).collect::<Result<_, _>>()?;
            self.after = page.last().map(Record::key);
            if !page.is_empty() {
                return Ok(page);
            }
            self.kind = self.kinds.next();
        }
        Ok(vec![])
    }
}

/// The statement of a kind's next page, with the key it goes on after.
fn page(kind: Kind, after: Option<&RecordKey>) -> (Statement, Vec<Value>) {
    // Before every record: numbers are not negative, ids not empty.
    let (number, a, b) = after.map_or((-1, String::new(), String::new()), parts);
    let second: Value = a.parse::<i64>().unwrap_or(-1).into();
    let (number, a, b): (Value, Value, Value) = (number.into(), a.into(), b.into());
    match kind {
        Kind::Organization => (ORGANIZATIONS, vec![number]),
        Kind::Application => (APPLICATIONS, vec![a]),
        Kind::Service => (SERVICES, vec![a]),
        Kind::MessageType => (MESSAGE_TYPES, vec![a]),
        Kind::Trio => (TRIOS, vec![number, a, b]),
        Kind::Enterprise => (ENTERPRISES, vec![number]),
        Kind::Box => (BOXES, vec![number]),
        Kind::Person => (PERSONS, vec![a]),
        Kind::Partition => (PARTITIONS, vec![number, a]),
        Kind::Rule => (RULES, vec![number, second]),
        Kind::Grant => (GRANTS, vec![number, a]),
        Kind::Mandate => (MANDATES, vec![number, second]),
    }
}

fn record(kind: Kind, mut row: Row) -> Result<Record, LedgerError> {
    Ok(match kind {
        Kind::Organization => Record::Organization(row.json()?),
        Kind::Application => Record::Application(row.json()?),
        Kind::Service => Record::Service(row.json()?),
        Kind::MessageType => Record::MessageType(row.json()?),
        Kind::Trio => Record::Trio(Trio {
            organization: enterprise_number(row.int()?)?,
            application: row.parsed()?,
            message_type: row.parsed()?,
        }),
        Kind::Enterprise => Record::Enterprise(row.json()?),
        Kind::Box => Record::Box(mailbox(row.int()?, &mut row)?),
        Kind::Person => Record::Person(row.json()?),
        Kind::Partition => Record::Partition(row.json()?),
        Kind::Rule => Record::Rule(row.json()?),
        Kind::Grant => Record::Grant(row.json()?),
        Kind::Mandate => Record::Mandate(row.json()?),
    })
}
