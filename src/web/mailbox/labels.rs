//! Labels: made, renamed, merged, deleted; and the rules that put them on.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::answer::done;
use super::choices::{Choice, trio};
use super::place::{At, Shown};
use super::query::ListQuery;
use super::side::{Around, Side, around};
use crate::domain::{Colour, EnterpriseNumber, Label, LabelId, LabelRule, Texts};
use crate::mailbox::MailboxError;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Words;

#[derive(Template)]
#[template(path = "labels.html")]
struct LabelsPage {
    frame: Frame,
    place: Shown,
    side: Side,
    fault: Option<String>,
    labels: Vec<LabelShown>,
    tints: Vec<Tint>,
    rules: Vec<RuleShown>,
    choices: Vec<Choice>,
    is_manager: bool,
}

struct LabelShown {
    id: String,
    name: String,
    tint: &'static str,
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
    let number = at.one()?;
    let query = ListQuery::default();
    let Around { place, side, labels, .. } = around(&web, &at, &query, "labels").await?;
    let rules = match side.is_manager {
        true => web.mailbox.label_rules(&at.reader, number).await?,
        false => Vec::new(),
    };
    let words = at.words();
    let tint = |colour: &Colour| Tint {
        value: colour.as_str(),
        name: words.say(&format!("tint-{}", colour.as_str())),
    };
    let label = |label: &Label| LabelShown {
        id: label.id.to_string(),
        name: label.name.clone(),
        tint: label.colour.as_str(),
    };
    page(&LabelsPage {
        frame: Frame::new(&at.visitor, "labels"),
        fault: None,
        labels: labels.iter().map(label).collect(),
        tints: Colour::ALL.iter().map(tint).collect(),
        rules: rules.iter().filter_map(|rule| rule_shown(&at, rule, &labels)).collect(),
        choices: trio(&at, &query),
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

/// The criteria of a rule in words.
pub(super) fn criteria(words: Words, names: [Option<&Texts>; 3]) -> String {
    let labels = ["column-sender", "column-type", "column-application"];
    let named = labels.into_iter().zip(names);
    let parts: Vec<String> = named
        .filter_map(|(label, name)| Some(format!("{}: {}", words.say(label), name?.best(words.0))))
        .collect();
    if parts.is_empty() { words.say("rule-everything") } else { parts.join(" · ") }
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
    let (word, of) = wish.split_once(':').unwrap_or((wish, ""));
    let said = match word {
        "create" | "rule-create" => "said-created",
        "delete" | "rule-delete" => "said-deleted",
        _ => "said-saved",
    };
    let result = match word {
        "rule-create" | "rule-delete" => change_rules(&web, &at, number, &fields).await,
        _ => change_label(&web, &at, number, &fields, (word, of)).await,
    };
    done(result, &to, said)
}

async fn change_label(
    web: &Web,
    at: &At,
    number: EnterpriseNumber,
    fields: &Fields,
    (word, of): (&str, &str),
) -> Result<(), MailboxError> {
    let (mailbox, reader) = (&web.mailbox, &at.reader);
    let name = fields.one("name").unwrap_or_default();
    let colour = fields.parsed("colour").unwrap_or_default();
    let label: Option<LabelId> = fields.parsed("label");
    match (word, label, of.parse::<LabelId>().ok()) {
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
    let mut rules = web.mailbox.label_rules(&at.reader, number).await?;
    match fields.one("rule") {
        Some(gone) => rules.retain(|rule| rule.id.to_string() != gone),
        None => rules.push(LabelRule {
            id: uuid::Uuid::nil(),
            enterprise: number,
            label: fields.parsed("label").ok_or(MailboxError::NotFound)?,
            message_type: fields.parsed("type"),
            application: fields.parsed("application"),
            organization: fields.parsed("sender"),
        }),
    }
    web.mailbox.set_label_rules(&at.reader, number, rules).await
}
