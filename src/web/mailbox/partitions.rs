//! Partitions, routing rules, and "where would this go?".

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::answer::done;
use super::choices::{Choice, trio};
use super::place::{At, Shown};
use super::query::ListQuery;
use super::routing::{change_rules, invalid};
use super::rules::{self, Fault, criteria};
use super::side::{Around, Side, around};
use crate::domain::{EnterpriseNumber, PartitionId, RoutingRule};
use crate::mailbox::{Destination, MailboxError};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};

#[derive(Template)]
#[template(path = "partitions.html")]
struct PartitionsPage {
    frame: Frame,
    place: Shown,
    side: Side,
    fault: Option<String>,
    partitions: Vec<PartitionShown>,
    rules: Vec<RuleShown>,
    /// By which a form knows them again.
    seen: String,
    next_priority: u32,
    criteria: Vec<Choice>,
    choices: Vec<Choice>,
    test: Option<String>,
}

struct PartitionShown {
    id: String,
    name: String,
    can_go: bool,
}

struct RuleShown {
    priority: u32,
    when: String,
    partition: String,
    is_hit: bool,
}

/// `GET /boxes/{place}/management/partitions`
pub(super) async fn show(
    State(web): State<Web>,
    at: At,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let asked = ListQuery::read(raw.as_deref());
    shown(&web, &at, &asked, &Fields::default(), None).await
}

/// With what was asked of the rules, or a form that was not taken.
async fn shown(
    web: &Web,
    at: &At,
    asked: &ListQuery,
    form: &Fields,
    fault: Option<&Fault>,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let rules = web.mailbox.rules(&at.reader, number).await?;
    let Around { place, side, .. } = around(web, at, &ListQuery::default(), "partitions").await?;
    let found = destination(web, at, number, asked).await?;
    let hit = found.as_ref().and_then(|found| found.rule);
    let partition = |item: &super::side::Item| PartitionShown {
        id: item.id.clone(),
        name: item.name.clone(),
        can_go: item.id != PartitionId::GENERAL,
    };
    let next_priority = rules.last().map_or(1, |rule| rule.priority + 1);
    page(&PartitionsPage {
        frame: Frame::new(&at.visitor, "access"),
        fault: fault.and_then(Fault::above),
        partitions: side.partitions.iter().map(partition).collect(),
        rules: rules.iter().map(|rule| rule_shown(at, &side, rule, hit)).collect(),
        seen: rules::seen(&rules)?,
        next_priority,
        criteria: rules::choices(at, form, fault),
        choices: trio(at, asked),
        test: found.map(|found| answer(at, &side, &found)),
        place,
        side,
    })
}

async fn destination(
    web: &Web,
    at: &At,
    number: EnterpriseNumber,
    asked: &ListQuery,
) -> Result<Option<Destination>, PageError> {
    let (Some(sender), Some(application), Some(kind)) =
        (asked.sender, &asked.application, &asked.kind)
    else {
        return Ok(None);
    };
    let what = (sender, application, kind);
    match web.mailbox.destination(&at.reader, number, what, None).await {
        Ok(found) => Ok(Some(found)),
        Err(MailboxError::Invalid { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn answer(at: &At, side: &Side, found: &Destination) -> String {
    let (words, partition) = (at.words(), side.partition_name(&found.partition));
    match found.rule {
        Some(rule) => {
            let rule = words.number(u64::from(rule));
            words.with_all("rule-test-answer", &[("partition", &partition), ("rule", &rule)])
        }
        None => words.with("rule-test-general", "partition", &partition),
    }
}

fn rule_shown(at: &At, side: &Side, rule: &RoutingRule, hit: Option<u32>) -> RuleShown {
    let reference = &at.reference;
    let kind = rule.message_type.as_ref().and_then(|it| reference.message_types.get(it));
    let application = rule.application.as_ref().and_then(|it| reference.applications.get(it));
    let names = [
        rule.organization.and_then(|it| reference.organizations.get(&it)).map(|it| &it.name),
        kind.map(|it| &it.name),
        application.map(|it| &it.name),
    ];
    RuleShown {
        priority: rule.priority,
        when: criteria(at.words(), names),
        partition: side.partition_name(&rule.partition),
        is_hit: hit == Some(rule.priority),
    }
}

/// `POST /boxes/{place}/management/partitions`
pub(super) async fn change(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let to = format!("{}/management/partitions", at.url());
    let (mailbox, reader) = (&web.mailbox, &at.reader);
    let id = fields.parsed::<PartitionId>("id");
    let (result, said) = match (fields.one("do"), id) {
        (Some("create"), Some(id)) => {
            let name = fields.one("name").unwrap_or_default();
            (mailbox.create_partition(reader, number, id, name).await, "said-created")
        }
        (Some("rename"), Some(id)) => {
            let name = fields.one("name").unwrap_or_default();
            (mailbox.rename_partition(reader, number, id, name).await, "said-saved")
        }
        (Some("delete"), Some(id)) => {
            (mailbox.delete_partition(reader, number, id).await, "said-deleted")
        }
        (Some("rule-create"), _) => {
            (change_rules(&web, &at, number, &fields).await, "said-created")
        }
        (Some("rule-delete"), _) => {
            (change_rules(&web, &at, number, &fields).await, "said-deleted")
        }
        _ => return done(Err::<(), _>(invalid()), &to, ""),
    };
    match result.as_ref().err().and_then(|error| Fault::of(error, at.words())) {
        Some(fault) => {
            let page = shown(&web, &at, &ListQuery::default(), &fields, Some(&fault)).await?;
            Ok(fault.on(page))
        }
        None => done(result, &to, said),
    }
}
