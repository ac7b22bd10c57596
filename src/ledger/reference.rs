//! Reference data: small, read whole, kept as long as its version number says
//! that it is still what the ledger holds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::Ledger;
use super::controls::{self, Controls};
use super::error::LedgerError;
use super::store::{Row, Statement, Transaction};
use crate::domain::{
    Application, ApplicationId, EnterpriseNumber, Language, MessageType, MessageTypeId,
    OnlineService, Organization, ServiceId, Texts,
};
use crate::search::{Named, contains};

/// Organizations, applications, types, and who may send what.
#[derive(Debug, Default)]
pub struct Reference {
    /// Grows with every change.
    pub version: i64,
    /// By number.
    pub organizations: HashMap<EnterpriseNumber, Organization>,
    /// By id, in order: the lanes.
    pub applications: BTreeMap<ApplicationId, Application>,
    /// By id.
    pub message_types: HashMap<MessageTypeId, MessageType>,
    /// By id.
    pub services: HashMap<ServiceId, OnlineService>,
    /// What operators ordered.
    pub controls: Controls,
    trios: HashMap<ApplicationId, HashMap<MessageTypeId, HashSet<EnterpriseNumber>>>,
}

impl Reference {
    /// Documents a second that an application may have taken in: what an
    /// operator ordered, else what the registry says; none: any number.
    #[must_use]
    pub fn pace(&self, application: &ApplicationId) -> Option<u32> {
        let registered = || self.applications.get(application)?.pace_per_second;
        self.controls.pace(application).or_else(registered)
    }

    /// Whether an application may send a type for an organization.
    #[must_use]
    pub fn allows(
        &self,
        organization: EnterpriseNumber,
        application: &ApplicationId,
        message_type: &MessageTypeId,
    ) -> bool {
        self.trios
            .get(application)
            .and_then(|types| types.get(message_type))
            .is_some_and(|organizations| organizations.contains(&organization))
    }

    /// Every trio: who may send what.
    pub fn trios(
        &self,
    ) -> impl Iterator<Item = (EnterpriseNumber, &ApplicationId, &MessageTypeId)> {
        self.trios.iter().flat_map(|(application, types)| {
            types.iter().flat_map(move |(message_type, organizations)| {
                organizations.iter().map(move |&number| (number, application, message_type))
            })
        })
    }

    /// What a searched text means in the names of senders and types.
    #[must_use]
    pub fn named(&self, language: Language, part: &str) -> Named {
        let has = |texts: &Texts| texts.get(language).is_some_and(|text| contains(text, part));
        let organizations = self.organizations.values().filter(|it| has(&it.name));
        let applications = self.applications.values().filter(|it| has(&it.name));
        let types = self.message_types.values();
        let types = types.filter(|it| has(&it.name) || has(&it.description));
        Named {
            organizations: organizations.map(|it| it.number).collect(),
            applications: applications.map(|it| it.id.clone()).collect(),
            message_types: types.map(|it| it.id.clone()).collect(),
        }
    }

    /// The application that an account publishes for; the first by id where
    /// there are several.
    #[must_use]
    pub fn application_of_account(&self, account: &str) -> Option<&Application> {
        self.applications.values().find(|application| application.account.as_str() == account)
    }
}

/// So long others wait for one who reads the version: many times what it takes.
pub(super) const READING_TURN_MAX: Duration = Duration::from_secs(1);

const VERSION: Statement = Statement::same("SELECT reference_version FROM clock");
const ORGANIZATIONS: Statement = Statement::same("SELECT record FROM organizations");
const APPLICATIONS: Statement = Statement::same("SELECT record FROM applications");
const TYPES: Statement = Statement::same("SELECT record FROM message_types");
const SERVICES: Statement = Statement::same("SELECT record FROM services");
const TRIOS: Statement =
    Statement::same("SELECT organization, application, message_type FROM trios");

impl Ledger {
    /// Today's reference data. Those who ask while it is being read share the
    /// next reading.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reference(&self) -> Result<Arc<Reference>, LedgerError> {
        self.readings.ask(|| self.read_reference()).await
    }

    async fn read_reference(&self) -> Result<Arc<Reference>, LedgerError> {
        let version = version(self.store.glance(VERSION, vec![]).await?)?;
        match self.kept_reference(version) {
            Some(reference) => Ok(reference),
            // Rare, and large.
            None => Box::pin(self.reference_in(&mut self.store.begin_read().await?)).await,
        }
    }

    /// The reference data as this transaction sees it.
    pub(super) async fn reference_in(
        &self,
        tx: &mut Transaction,
    ) -> Result<Arc<Reference>, LedgerError> {
        let version = version(tx.rows(VERSION, vec![]).await?)?;
        if let Some(reference) = self.kept_reference(version) {
            return Ok(reference);
        }
        let reference = Arc::new(load(tx, version).await?);
        if let Ok(mut kept) = self.reference.write() {
            *kept = Some(Arc::clone(&reference));
        }
        Ok(reference)
    }

    /// Those that were read last; they may not be today's.
    pub(super) fn last_reference(&self) -> Option<Arc<Reference>> {
        self.reference.read().ok()?.clone()
    }

    fn kept_reference(&self, version: i64) -> Option<Arc<Reference>> {
        let kept = self.reference.read().ok()?;
        kept.as_ref().filter(|reference| reference.version == version).cloned()
    }
}

fn version(mut rows: Vec<Row>) -> Result<i64, LedgerError> {
    rows.first_mut().ok_or_else(|| LedgerError::Shape("the clock is missing".into()))?.int()
}

async fn load(tx: &mut Transaction, version: i64) -> Result<Reference, LedgerError> {
    let mut reference = Reference { version, ..Reference::default() };
    reference.controls = controls::load(tx).await?;
    for mut row in tx.rows(ORGANIZATIONS, vec![]).await? {
        let organization: Organization = row.json()?;
        reference.organizations.insert(organization.number, organization);
    }
    for mut row in tx.rows(APPLICATIONS, vec![]).await? {
        let application: Application = row.json()?;
        reference.applications.insert(application.id.clone(), application);
    }
    for mut row in tx.rows(TYPES, vec![]).await? {
        let message_type: MessageType = row.json()?;
        reference.message_types.insert(message_type.id.clone(), message_type);
    }
    for mut row in tx.rows(SERVICES, vec![]).await? {
        let service: OnlineService = row.json()?;
        reference.services.insert(service.id.clone(), service);
    }
    for mut row in tx.rows(TRIOS, vec![]).await? {
        let (organization, application, message_type) = trio(&mut row)?;
        let types = reference.trios.entry(application).or_default();
        types.entry(message_type).or_default().insert(organization);
    }
    Ok(reference)
}

fn trio(row: &mut Row) -> Result<(EnterpriseNumber, ApplicationId, MessageTypeId), LedgerError> {
    Ok((enterprise_number(row.int()?)?, row.parsed()?, row.parsed()?))
}

/// An enterprise number as it was stored.
pub(super) fn enterprise_number(value: i64) -> Result<EnterpriseNumber, LedgerError> {
    u64::try_from(value)
        .ok()
        .and_then(|value| EnterpriseNumber::from_value(value).ok())
        .ok_or_else(|| LedgerError::Shape(format!("{value} is no enterprise number")))
}
