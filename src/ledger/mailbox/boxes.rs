//! The boxes of a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::filter::{Filter, Place};
use super::look::Look;
use super::predicate::{admitted, bound, given, wanted};
use crate::domain::{Enterprise, EnterpriseNumber, PersonId};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::{Ledger, time};

/// A box that a person has access to.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxSeen {
    /// Whose.
    pub enterprise: Enterprise,
    /// When anybody last opened it.
    pub last_connection: Option<Timestamp>,
    /// The all-digital consent.
    pub all_digital: bool,
    /// Whether the person is an access manager of it.
    pub is_manager: bool,
    /// Whether it is one of the person's favourites.
    pub is_favourite: bool,
}

const BOXES: Statement = Statement {
    postgres: "SELECT e.record, b.last_connection_at, b.all_digital,
            CAST(EXISTS (SELECT 1 FROM favourites v
                WHERE v.person = $2 AND v.enterprise = b.enterprise) AS INT)::BIGINT
        FROM boxes b JOIN enterprises e ON e.number = b.enterprise
        WHERE b.enterprise = ANY ($1) ORDER BY b.enterprise",
    sqlite: "SELECT e.record, b.last_connection_at, b.all_digital,
            EXISTS (SELECT 1 FROM favourites v
                WHERE v.person = $2 AND v.enterprise = b.enterprise)
        FROM boxes b JOIN enterprises e ON e.number = b.enterprise
        WHERE b.enterprise IN (SELECT value FROM json_each($1)) ORDER BY b.enterprise",
};

const CLOSED: Statement = Statement {
    postgres: "SELECT record FROM enterprises WHERE number = ANY ($1) ORDER BY number",
    sqlite: "SELECT record FROM enterprises
        WHERE number IN (SELECT value FROM json_each($1)) ORDER BY number",
};

/// Up to `$4` for each opening.
const UNREAD: Statement = Statement {
    postgres: concat!(
        given!(postgres),
        " SELECT y.enterprise, count(*) FROM (
             SELECT DISTINCT o.enterprise, x.id FROM o CROSS JOIN f CROSS JOIN LATERAL (
                 SELECT m.id FROM (
                     SELECT * FROM messages w WHERE w.enterprise = o.enterprise
                     AND w.read_at IS NULL AND w.hidden = 0 ORDER BY w.id DESC LIMIT $5) m
                 WHERE ",
        admitted!(postgres),
        " AND ",
        wanted!(postgres),
        " LIMIT $4) x) y GROUP BY y.enterprise"
    ),
    sqlite: concat!(
        given!(sqlite),
        " SELECT m.enterprise, count(*) FROM messages m
         WHERE m.enterprise IN (SELECT enterprise FROM o) AND $4 > 0 AND $5 > 0
         AND m.read_at IS NULL AND m.hidden = 0 AND ",
        wanted!(sqlite),
        "
         AND EXISTS (SELECT 1 FROM o WHERE o.enterprise = m.enterprise AND ",
        admitted!(sqlite),
        ") GROUP BY m.enterprise"
    ),
};

const POSITION: Statement = Statement {
    postgres: "SELECT CAST(COALESCE(max(mail_position), 0) AS BIGINT) FROM boxes
        WHERE enterprise = ANY ($1)",
    sqlite: "SELECT COALESCE(max(mail_position), 0) FROM boxes
        WHERE enterprise IN (SELECT value FROM json_each($1))",
};

const SIZE: Statement = Statement {
    postgres: "SELECT count(*) FROM (
            SELECT 1 FROM messages WHERE enterprise = ANY ($1) LIMIT $2) m",
    sqlite: "SELECT count(*) FROM (SELECT 1 FROM messages
            WHERE enterprise IN (SELECT value FROM json_each($1)) LIMIT $2)",
};

const FAVOUR: Statement = Statement::same(
    "INSERT INTO favourites (person, enterprise) VALUES ($1, $2)
     ON CONFLICT (person, enterprise) DO NOTHING",
);
const UNFAVOUR: Statement =
    Statement::same("DELETE FROM favourites WHERE person = $1 AND enterprise = $2");

impl Look {
    fn numbers(&self) -> Value {
        let mut numbers: Vec<i64> =
            self.grants.iter().map(|grant| grant.enterprise.value()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Value::Ints(numbers)
    }

    /// The boxes looked at, by number.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn boxes(&mut self) -> Result<Vec<BoxSeen>, LedgerError> {
        let values = vec![self.numbers(), self.person.as_str().into()];
        let rows = self.tx.rows(BOXES, values).await?;
        let mut boxes = Vec::with_capacity(rows.len());
        for mut row in rows {
            let enterprise: Enterprise = row.json()?;
            boxes.push(BoxSeen {
                is_manager: false,
                enterprise,
                last_connection: row.opt_int()?.map(time).transpose()?,
                all_digital: row.flag()?,
                is_favourite: row.flag()?,
            });
        }
        let managed = self.managed();
        for it in &mut boxes {
            it.is_manager = managed.contains(&it.enterprise.number);
        }
        Ok(boxes)
    }

    /// The companies that ceased, and whose boxes would be open to this person
    /// otherwise.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn closed_boxes(&mut self) -> Result<Vec<Enterprise>, LedgerError> {
        let numbers = self.closed.iter().map(|number| number.value()).collect();
        let rows = self.tx.rows(CLOSED, vec![Value::Ints(numbers)]).await?;
        rows.into_iter().map(|mut row| row.json()).collect()
    }

    fn managed(&self) -> std::collections::HashSet<EnterpriseNumber> {
        let manager = crate::domain::Scope::Manager;
        let grants = self.grants.iter().filter(|grant| grant.scope == manager);
        grants.map(|grant| grant.enterprise).collect()
    }

    /// How many unread messages lie in each of these boxes that has any, up to
    /// `cap`.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn unread(
        &mut self,
        boxes: &[EnterpriseNumber],
        cap: u32,
    ) -> Result<BTreeMap<EnterpriseNumber, u64>, LedgerError> {
        let mut openings = self.openings.clone();
        let boxes: BTreeSet<EnterpriseNumber> = boxes.iter().copied().collect();
        openings.retain(|opening| boxes.contains(&opening.enterprise));
        let mut values = bound(&openings, &Filter::unread(), self.now)?;
        values.extend([i64::from(cap).into(), i64::MAX.into()]);
        let mut counts = BTreeMap::new();
        for mut row in self.tx.rows(UNREAD, values).await? {
            let number = enterprise_number(row.int()?)?;
            let count = u64::try_from(row.int()?).unwrap_or(0);
            counts.insert(number, count.min(u64::from(cap)));
        }
        Ok(counts)
    }

    /// Whether at most so many messages lie in the boxes looked at, seen or
    /// not: then every question about them is cheap.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn is_small(&mut self, max: u32) -> Result<bool, LedgerError> {
        let values = vec![self.numbers(), (i64::from(max) + 1).into()];
        let mut rows = self.tx.rows(SIZE, values).await?;
        Ok(rows.first_mut().map_or(Ok(0), Row::int)? <= i64::from(max))
    }

    /// What search must have reached to know what readers did here.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn mail_position(&mut self) -> Result<i64, LedgerError> {
        let numbers = self.numbers();
        let mut rows = self.tx.rows(POSITION, vec![numbers]).await?;
        rows.first_mut().map_or(Ok(0), Row::int)
    }
}

impl Ledger {
    /// Makes a box a favourite, or no longer; answers whether the person has
    /// access to it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn favour(
        &self,
        person: &PersonId,
        enterprise: EnterpriseNumber,
        is_favourite: bool,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        if self.look(person, Place::Box(enterprise), now).await?.is_none() {
            return Ok(false);
        }
        let statement = if is_favourite { FAVOUR } else { UNFAVOUR };
        let values = vec![person.as_str().into(), enterprise.value().into()];
        self.store.execute(statement, values).await?;
        Ok(true)
    }
}
