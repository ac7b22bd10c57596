//! Labels: made, renamed, merged, deleted; and the rules that put them on.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::answer::done;
use super::choices::Choice;
use super::place::{At, Shown};
use super::query::ListQuery;
use super::rules::{self, Fault, When, criteria};
use super::side::{Around, Side, around};
use crate::domain::{Colour, EnterpriseNumber, Label, LabelId, LabelRule};
use crate::mailbox::MailboxError;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};

#[derive(Template)]
#[template(path = "labels.html")]
struct LabelsPage {
    frame: Frame,
    place: Shown,
    side: Side,
    fault: Option<String>,
    labels: Vec<LabelShown>,
    /// Whether two of them may be merged.
    may_merge: bool,
    tints: Vec<Tint>,
    rules: Vec<RuleShown>,
    /// By which a form knows them again.
    seen: String,
    choices: Vec<Choice>,
    is_manager: bool,
}

struct LabelShown {
    id: String,
    name: String,
    tint: &'static str,
    /// By this reader: its maker, or whoever manages the box.
    may_change: bool,
}

struct Tint {
    value: &'static str,
    name: String,
}

struct RuleShown {
    id: String,
    text: String,
    label: String,
    tint: &'static str,
}

/// `GET /boxes/{place}/labels`
pub(super) async fn show(State(web): State<Web>, at: At) -> Result<Response, PageError> {
    shown(&web, &at, &Fields::default(), None).await
}

/// With a form that was not taken.
async fn shown(
    web: &Web,
    at: &At,
    form: &Fields,
    fault: Option<&Fault>,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let query = ListQuery::default();
    let Around { place, side, labels, .. } = around(web, at, &query, "labels").await?;
    let rules = match side.is_manager {
        true => web.mailbox.label_rules(&at.reader, number).await?,
        false => Vec::new(),
    };
    let changeable = web.mailbox.changeable_labels(&at.reader, number).await?;
    let words = at.words();
    let tint = |colour: &Colour| Tint {
        value: colour.as_str(),
        name: words.say(&format!("tint-{}", colour.as_str())),
    };
    let label = |label: &Label| LabelShown {
        id: label.id.to_string(),
        name: label.name.clone(),
        tint: label.colour.as_str(),
        may_change: changeable.contains(&label.id),
    };
    page(&LabelsPage {
        frame: Frame::new(&at.visitor, "labels"),
        fault: fault.and_then(Fault::above),
        labels: labels.iter().map(label).collect(),
        may_merge: changeable.len() > 1,
        tints: Colour::ALL.iter().map(tint).collect(),
        rules: rules.iter().filter_map(|rule| rule_shown(at, rule, &labels)).collect(),
        seen: rules::seen(&rules)?,
        choices: rules::choices(at, form, fault),
        is_manager: side.is_manager,
        place,
        side,
    })
}

fn rule_shown(at: &At, rule: &LabelRule, labels: &[Label]) -> Option<RuleShown> {
    let label = labels.iter().find(|label| label.id == rule.label)?;
    let (sender, application, kind) =
        (rule.organization, rule.application.as_ref(), rule.message_type.as_ref());
    let reference = &at.reference;
    let names = [
        sender.and_then(|it| reference.organizations.get(&it)).map(|it| &it.name),
        kind.and_then(|it| reference.message_types.get(it)).map(|it| &it.name),
        application.and_then(|it| reference.applications.get(it)).map(|it| &it.name),
    ];
    Some(RuleShown {
        id: rule.id.to_string(),
        text: criteria(at.words(), names),
        label: label.name.clone(),
        tint: label.colour.as_str(),
    })
}

/// `POST /boxes/{place}/labels`
pub(super) async fn change(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let to = format!("{}/labels", at.url());
    let wish = fields.one("do").unwrap_or_default();
    let said = match wish {
        "create" | "rule-create" => "said-created",
        "delete" | "rule-delete" => "said-deleted",
        _ => "said-saved",
    };
    let result = match wish {
        "rule-create" | "rule-delete" => change_rules(&web, &at, number, &fields).await,
        _ => change_label(&web, &at, number, &fields).await,
    };
    match result.as_ref().err().and_then(|error| Fault::of(error, at.words())) {
        Some(fault) => Ok(fault.on(shown(&web, &at, &fields, Some(&fault)).await?)),
        None => done(result, &to, said),
    }
}

async fn change_label(
    web: &Web,
    at: &At,
    number: EnterpriseNumber,
    fields: &Fields,
) -> Result<(), MailboxError> {
    let (mailbox, reader) = (&web.mailbox, &at.reader);
    let name = fields.one("name").unwrap_or_default();
    let colour = fields.parsed("colour").unwrap_or_default();
    let label: Option<LabelId> = fields.parsed("label");
    let wish = fields.one("do").unwrap_or_default();
    match (wish, label, fields.parsed("into")) {
        ("create", _, _) => mailbox.create_label(reader, number, name, colour).await.map(drop),
        ("change", Some(label), _) => {
            mailbox.change_label(reader, number, label, name, colour).await.map(drop)
        }
        ("merge", Some(label), Some(into)) => {
            mailbox.merge_labels(reader, number, label, into).await.map(drop)
        }
        ("delete", Some(label), _) => mailbox.delete_label(reader, number, label).await,
        _ => Err(MailboxError::NotFound),
    }
}

async fn change_rules(
    web: &Web,
    at: &At,
    number: EnterpriseNumber,
    fields: &Fields,
) -> Result<(), MailboxError> {
    let before = web.mailbox.label_rules(&at.reader, number).await?;
    rules::are_seen(&before, fields)?;
    let mut after = before.clone();
    if let Some(gone) = fields.one("rule") {
        after.retain(|rule| rule.id.to_string() != gone);
    } else {
        let When { sender, kind, application } = When::read(at, fields)?;
        after.push(LabelRule {
            id: uuid::Uuid::nil(),
            enterprise: number,
            label: fields.parsed("label").ok_or(MailboxError::NotFound)?,
            message_type: kind,
            application,
            organization: sender,
        });
    }
    web.mailbox.change_label_rules(&at.reader, number, before, after).await
}
