//! Rules and grants of boxes: read in the transaction that needs them, and
//! kept only under the version that the box had when they were read.

use std::collections::HashMap;
use std::sync::Arc;

use super::Ledger;
use super::error::LedgerError;
use super::reference::enterprise_number;
use super::store::{Statement, Transaction, Value};
use crate::domain::{EnterpriseNumber, Grant, LabelRule, PersonId, RoutingRule};
use crate::route::BoxAccess;

/// The access of one box at one version.
#[derive(Clone)]
pub(super) struct CachedAccess {
    version: i64,
    access: Arc<BoxAccess>,
}

impl CachedAccess {
    /// The version that the box had.
    pub(super) fn version(&self) -> i64 {
        self.version
    }

    /// What was given to a person, in force or not.
    pub(super) fn grants_of(&self, person: &PersonId) -> &[Grant] {
        let grants = &self.access.grants;
        let from = grants.partition_point(|grant| grant.person < *person);
        let rest = grants.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|grant| grant.person == *person).count();
        rest.get(..count).unwrap_or_default()
    }

    pub(super) fn weight(&self) -> u64 {
        let BoxAccess { grants, rules, label_rules, .. } = &*self.access;
        (grants.len() + rules.len() + label_rules.len() + 1) as u64
    }
}

/// Which of a box's three lists a row of [`ACCESS`] holds, as JSON.
const GRANTS: i64 = 1;
const RULES: i64 = 2;
const LABEL_RULES: i64 = 3;

// One row for each box and list, not for each grant: a box may have hundreds. One
// statement for all three: a batch waits for a processor at each round trip.
const ACCESS: Statement = Statement {
    postgres: "SELECT enterprise, CAST(1 AS BIGINT), '[' || string_agg(record, ',') || ']'
        FROM grants WHERE enterprise = ANY($1) GROUP BY enterprise
        UNION ALL SELECT enterprise, 2, '[' || string_agg(record, ',' ORDER BY priority) || ']'
        FROM routing_rules WHERE enterprise = ANY($1) GROUP BY enterprise
        UNION ALL SELECT enterprise, 3, '[' || string_agg(record, ',') || ']'
        FROM label_rules WHERE enterprise = ANY($1) GROUP BY enterprise",
    sqlite: "SELECT enterprise, 1, '[' || group_concat(record, ',') || ']'
        FROM grants WHERE enterprise IN (SELECT value FROM json_each($1)) GROUP BY enterprise
        UNION ALL SELECT enterprise, 2, '[' || group_concat(record, ',' ORDER BY priority) || ']'
        FROM routing_rules WHERE enterprise IN (SELECT value FROM json_each($1))
        GROUP BY enterprise
        UNION ALL SELECT enterprise, 3, '[' || group_concat(record, ',') || ']'
        FROM label_rules WHERE enterprise IN (SELECT value FROM json_each($1))
        GROUP BY enterprise",
};

type Boxes = HashMap<EnterpriseNumber, Arc<BoxAccess>>;

impl Ledger {
    /// The access of these boxes, each at the version that this transaction
    /// sees. What is kept under that version is not read again.
    pub(super) async fn access_in(
        &self,
        tx: &mut Transaction,
        wanted: &[(EnterpriseNumber, i64)],
    ) -> Result<Boxes, LedgerError> {
        let mut found = Boxes::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for &(number, version) in wanted {
            match self.access.get(&number).filter(|cached| cached.version == version) {
                Some(cached) => drop(found.insert(number, cached.access)),
                None => missing.push((number, version)),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let mut loaded = load(tx, &missing).await?;
        for (number, version) in missing {
            let access = Arc::new(loaded.remove(&number).unwrap_or_default());
            self.access.insert(number, CachedAccess { version, access: Arc::clone(&access) });
            found.insert(number, access);
        }
        Ok(found)
    }
}

async fn load(
    tx: &mut Transaction,
    wanted: &[(EnterpriseNumber, i64)],
) -> Result<HashMap<EnterpriseNumber, BoxAccess>, LedgerError> {
    let numbers: Vec<i64> = wanted.iter().map(|(number, _)| number.value()).collect();
    let mut loaded: HashMap<EnterpriseNumber, BoxAccess> = HashMap::new();
    for mut row in tx.rows(ACCESS, vec![Value::Ints(numbers)]).await? {
        let entry = loaded.entry(enterprise_number(row.int()?)?).or_default();
        match row.int()? {
            GRANTS => entry.grants = in_order(row.json()?),
            RULES => entry.rules = row.json::<Vec<RoutingRule>>()?,
            LABEL_RULES => entry.label_rules = row.json::<Vec<LabelRule>>()?,
            other => return Err(LedgerError::Shape(format!("access has no list {other}"))),
        }
    }
    Ok(loaded)
}

/// Each routing sorts the persons that it found: in order they cost nothing.
fn in_order(mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.shrink_to_fit();
    grants.sort_unstable_by(|one, other| one.person.cmp(&other.person));
    grants
}
