//! Inputs that look like the real ones.

use std::sync::Arc;

use async_trait::async_trait;
use facteur::clock::{Clock, SystemClock};
use facteur::config::{Config, Intake};
use facteur::decide::{BoxState, Facts, Policy};
use facteur::demo;
use facteur::domain::{
    AccessLevel, ApplicationId, Change, DigitalForm, EnterpriseNumber, Grant, GrantId, Language,
    Medium, MessageId, MessageTypeId, PartitionId, PersonId, Scope, Task,
};
use facteur::intake::{Arrival, Candidate, ClosedEnterprise, Lane, Rulebook, decode};
use facteur::ledger::Ledger;
use facteur::queue::Properties;
use facteur::route::{BoxAccess, Item};
use facteur::search::source::{Page, Projected, Source, SourceError};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use std::sync::LazyLock;
use uuid::Uuid;

const APPLICATION: &str = "onss:dimona:notification";
const ORGANIZATION: &str = "0206731645";
const TYPE: &str = "DIMONA1";

pub(crate) struct Site {
    pub(crate) intake: Intake,
    pub(crate) rulebook: Rulebook,
}

impl Site {
    pub(crate) fn sample() -> Self {
        let policy = Policy::parse(include_str!("../../config/policy.toml")).unwrap();
        Self {
            intake: Config::load(None, std::iter::empty()).unwrap().intake,
            rulebook: Rulebook {
                grace_days: 0,
                policy: Arc::new(policy),
                is_registry_complete: false,
                closed: ClosedEnterprise::Refuse,
            },
        }
    }
}

pub(crate) fn arrival(number: u64) -> Arrival {
    let company =
        EnterpriseNumber::from_stem(4_000_000 + u32::try_from(number % 5_000).unwrap() * 7);
    let mut publication = json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": ORGANIZATION },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": company },
        "subject": { "fr": format!("Notification Dimona, 3e trimestre, n° {number}") },
        "senderApplicationId": APPLICATION,
        "messageTypeId": TYPE,
        "businessDataList": [{ "key": "FOR_ACTION", "values": [{ "fr": "true" }] }],
        "isBodyMainContent": true,
        "bodyContent": { "fr": "" },
    });
    let missing = 1024usize.saturating_sub(publication.to_string().len());
    publication["bodyContent"]["fr"] = json!("x".repeat(missing));
    let application = ApplicationId::new(APPLICATION).unwrap();
    let properties = Properties {
        message_id: Some(format!("bench-{number}")),
        app_id: Some(APPLICATION.into()),
        user_id: Some("account-onss-dimona-notification".into()),
        ..Properties::default()
    };
    let body = publication.to_string().into();
    Arrival::unqueued(Lane::Application(application), APPLICATION.into(), body, properties)
}

pub(crate) fn candidates(from: u64, count: u64, site: &Site) -> Vec<Candidate> {
    let (limits, max) = (site.intake.limits(), site.intake.body_bytes_max);
    (from..from + count).map(|number| decode(arrival(number), limits, max)).collect()
}

static TYPE_ID: LazyLock<MessageTypeId> = LazyLock::new(|| MessageTypeId::new(TYPE).unwrap());
static APPLICATION_ID: LazyLock<ApplicationId> =
    LazyLock::new(|| ApplicationId::new(APPLICATION).unwrap());

pub(crate) fn item() -> Item<'static> {
    Item {
        message_type: &TYPE_ID,
        level: AccessLevel::Box,
        service: None,
        organization: ORGANIZATION.parse().unwrap(),
        application: &APPLICATION_ID,
    }
}

pub(crate) fn today() -> Date {
    Date::constant(2026, 6, 15)
}

pub(crate) fn access(readers: u32) -> BoxAccess {
    let grant = |n: u32| Grant {
        enterprise: EnterpriseNumber::from_stem(4_000_000),
        id: GrantId::new(format!("g{n}")).unwrap(),
        person: PersonId::new(format!("person-{n:08}")).unwrap(),
        scope: if n == 0 { Scope::Manager } else { Scope::All },
        partition: None,
        from: None,
        to: None,
    };
    BoxAccess::new(Vec::new(), (0..readers).map(grant).collect(), Vec::new())
}

pub(crate) fn facts() -> Facts {
    Facts {
        message_type: TYPE_ID.clone(),
        organization: ORGANIZATION.parse().unwrap(),
        application: APPLICATION_ID.clone(),
        digital_form: DigitalForm::Exists,
        registered_on_paper: false,
        digital_only: false,
        registered: false,
        precondition: None,
        recipient: BoxState::None,
        consent: false,
        somebody_can_open: false,
    }
}

/// A ledger with the demonstration's registry.
pub(crate) async fn ledger() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/ledger.db", folder.path().display());
    let ledger = Ledger::open(&url, 2).await.unwrap();
    ledger.migrate().await.unwrap();
    let now = SystemClock.now();
    let world = demo::world(now).unwrap();
    let changes: Vec<Change> = world.into_iter().map(Change::Put).collect();
    for chunk in changes.chunks(5_000) {
        ledger.change_registry(chunk, "bench", now).await.unwrap();
    }
    (folder, ledger)
}

/// A ledger that is a list.
pub(crate) struct Memory(Vec<Projected>);

impl Memory {
    pub(crate) fn new(messages: u64) -> Self {
        Self((1..=messages).map(projected).collect())
    }
}

fn projected(n: u64) -> Projected {
    let number = u32::try_from(n).unwrap();
    Projected {
        position: i64::from(number),
        id: MessageId(Uuid::from_u128(u128::from(n))),
        enterprise: EnterpriseNumber::from_stem(number % 5_000),
        organization: ORGANIZATION.parse().unwrap(),
        application: APPLICATION_ID.clone(),
        message_type: TYPE_ID.clone(),
        partition: PartitionId::general(),
        arrived_at: Timestamp::UNIX_EPOCH,
        medium: Medium::Digital,
        is_read: false,
        is_hidden: false,
        is_registered: false,
        task: Task::None,
        due: None,
        labels: Vec::new(),
        texts: vec![
            (Language::Fr, format!("Accusé de réception DmfA, 3e trimestre, n° {n}")),
            (Language::Fr, "SOCIAL_SECURITY".into()),
        ],
    }
}

#[async_trait]
impl Source for Memory {
    async fn epoch(&self) -> Result<Uuid, SourceError> {
        Ok(Uuid::nil())
    }

    async fn position(&self) -> Result<i64, SourceError> {
        Ok(self.0.last().map_or(0, |message| message.position))
    }

    async fn after(&self, position: i64, limit: usize) -> Result<Page, SourceError> {
        let from = usize::try_from(position).unwrap_or(0);
        let messages: Vec<Projected> = self.0.iter().skip(from).take(limit).cloned().collect();
        let through = messages.last().map_or(position, |message| message.position);
        let through_at = messages.last().map(|message| message.arrived_at);
        Ok(Page { messages, through, through_at, gone: Vec::new() })
    }
}
