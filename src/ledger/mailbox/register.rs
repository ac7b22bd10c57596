//! A box for a company that had none.

use jiff::Timestamp;
use serde_json::json;

use super::audit::{self, Deed};
use super::manage::Managed;
use crate::domain::{
    Change, EnterpriseNumber, Grant, GrantId, LegalState, MailBox, Person, Record, RecordKey, Scope,
};
use crate::ledger::error::LedgerError;
use crate::ledger::registry::{apply, lock, unknown};
use crate::ledger::{Ledger, Registered};

impl Ledger {
    /// Makes a box for a company, with the person who registers it as its
    /// access manager. `Unknown` when the register does not know the company
    /// or it has ceased to exist; `Unchanged` when it has a box already.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn register_box(
        &self,
        person: &Person,
        enterprise: EnterpriseNumber,
        grant: GrantId,
        now: Timestamp,
    ) -> Result<Managed, LedgerError> {
        let unknown_company = Managed::Unknown(RecordKey::Enterprise(enterprise));
        let registered = self.enterprise(enterprise).await?;
        let is_active = |it: &Registered| it.enterprise.state == LegalState::Active;
        if !registered.as_ref().is_some_and(is_active) {
            return Ok(unknown_company);
        }
        let mut tx = self.store.begin().await?;
        let version = lock(&mut tx).await?;
        let key = RecordKey::Box(enterprise);
        if unknown(&mut tx, &[key]).await?.is_empty() {
            return Ok(Managed::Unchanged);
        }
        let mut changes = vec![
            Change::Put(Record::Box(MailBox {
                enterprise,
                last_connection: Some(now),
                all_digital: false,
            })),
            Change::Put(Record::Grant(Grant {
                enterprise,
                id: grant,
                person: person.id.clone(),
                scope: Scope::Manager,
                partition: None,
                from: None,
                to: None,
            })),
        ];
        if !unknown(&mut tx, &[RecordKey::Person(person.id.clone())]).await?.is_empty() {
            changes.push(Change::Put(Record::Person(person.clone())));
        }
        let actor = person.id.as_str();
        apply(&mut tx, version, &changes, actor, now).await?;
        let what = (enterprise, None, Deed::Registered, json!({}));
        audit::record(&mut tx, actor, now, &[what]).await?;
        tx.commit().await?;
        Ok(Managed::Changed)
    }
}
