//! Persons and grants, in one table.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;

use super::answer::done;
use super::choices::{ChoiceOption, options};
use super::list::counted;
use super::place::{At, Shown, person_name};
use super::query::ListQuery;
use super::side::{Around, Side, around};
use super::who_sees::{Answer, TypeAsked};
use crate::domain::{
    ApplicationId, EnterpriseNumber, MessageTypeId, Person, Scope, ServiceId, Texts,
};
use crate::mailbox::{GrantLine, MailboxError, NewGrant, Preview};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Words;

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    frame: Frame,
    place: Shown,
    side: Side,
    fault: Option<String>,
    filter_person: String,
    kinds: Vec<ChoiceOption>,
    types: Vec<ChoiceOption>,
    /// Of the type that is asked about, if one is.
    who_sees: Option<Answer>,
    grants: Vec<GrantShown>,
    scopes: Vec<Group>,
    partitions: Vec<ChoiceOption>,
    draft: Draft,
    preview: Option<PreviewShown>,
}

struct GrantShown {
    id: String,
    /// What else it depends on whether a message of the type asked about is
    /// seen by it.
    conditions: Vec<String>,
    person: String,
    person_id: String,
    scope: String,
    detail: Option<String>,
    partition: String,
    period: String,
    is_in_force: bool,
    /// Given by the register: nobody here withdraws it.
    is_fixed: bool,
}

struct Group {
    name: String,
    options: Vec<ChoiceOption>,
}

/// What was filled in, so that a preview or a fault loses none of it.
#[derive(Default)]
struct Draft {
    person: String,
    name: String,
    scope: String,
    partition: String,
    from: String,
    to: String,
}

struct PreviewShown {
    title: String,
    lines: Vec<String>,
}

const KINDS: [&str; 6] = ["manager", "all", "type", "service", "organization", "application"];

/// `GET /boxes/{place}/management/access`
pub(super) async fn show(
    State(web): State<Web>,
    at: At,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let fields = Fields::of_query(raw.as_deref());
    table(&web, &at, &fields, Draft::default(), None, None).await
}

async fn table(
    web: &Web,
    at: &At,
    filter: &Fields,
    draft: Draft,
    fault: Option<String>,
    preview: Option<PreviewShown>,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let table = web.mailbox.access(&at.reader, number).await?;
    let Around { place, side, .. } = around(web, at, &ListQuery::default(), "access").await?;
    let words = at.words();
    let person = filter.one("person").unwrap_or_default().to_lowercase();
    let kind = filter.one("kind").unwrap_or_default();
    let asked = TypeAsked::read(web, at, filter).await?;
    let is_wanted = |line: &&GrantLine| {
        let name = person_name(line.person.as_ref(), words).to_lowercase();
        let id = line.grant.person.as_str().to_lowercase();
        (name.contains(&person) || id.contains(&person))
            && (kind.is_empty() || kind_of(&line.grant.scope) == kind)
            && asked.as_ref().is_none_or(|asked| asked.is_seen_by(line))
    };
    let shown = |line: &GrantLine| grant(at, &side, line, asked.as_ref());
    let kinds = KINDS.map(|it| ChoiceOption {
        value: it.into(),
        name: words.say(&format!("scope-{it}")),
        is_chosen: it == kind,
    });
    let partition = |it: &super::side::Item| ChoiceOption {
        value: it.id.clone(),
        name: it.name.clone(),
        is_chosen: it.id == draft.partition,
    };
    page(&AccessPage {
        frame: Frame::new(&at.visitor, "access"),
        fault,
        filter_person: filter.one("person").unwrap_or_default().to_owned(),
        kinds: kinds.into(),
        types: types(at, filter.one("type")),
        who_sees: asked.as_ref().map(|asked| asked.answer(at, &side, &table.grants)),
        grants: table.grants.iter().filter(is_wanted).map(shown).collect(),
        scopes: scopes(at, &draft.scope),
        partitions: side.partitions.iter().map(partition).collect(),
        place,
        side,
        draft,
        preview,
    })
}

fn kind_of(scope: &Scope) -> &'static str {
    match scope {
        Scope::Manager => "manager",
        Scope::Liquidator => "liquidator",
        Scope::All => "all",
        Scope::Type(_) => "type",
        Scope::Service(_) => "service",
        Scope::Organization(_) => "organization",
        Scope::Application(_) => "application",
    }
}

fn types(at: &At, chosen: Option<&str>) -> Vec<ChoiceOption> {
    let kinds = at.reference.message_types.values().map(|it| (it.id.to_string(), &it.name));
    options(kinds, chosen, at.words())
}

fn grant(at: &At, side: &Side, line: &GrantLine, asked: Option<&TypeAsked>) -> GrantShown {
    let (words, grant) = (at.words(), &line.grant);
    let partition = grant.partition.as_ref().map(|id| side.partition_name(id));
    GrantShown {
        id: grant.id.to_string(),
        conditions: asked.map(|asked| asked.conditions(at, side, grant)).unwrap_or_default(),
        person: person_name(line.person.as_ref(), words),
        person_id: grant.person.to_string(),
        scope: words.say(&format!("scope-{}", kind_of(&grant.scope))),
        detail: detail(at, &grant.scope),
        partition: partition.unwrap_or_else(|| words.say("access-every-partition")),
        period: period(words, grant.from, grant.to),
        is_in_force: line.is_in_force,
        is_fixed: grant.scope == Scope::Liquidator,
    }
}

pub(super) fn detail(at: &At, scope: &Scope) -> Option<String> {
    let reference = &at.reference;
    let named = |texts: Option<&Texts>, id: String| {
        Some(texts.map_or(id, |texts| texts.best(at.words().0).to_owned()))
    };
    match scope {
        Scope::Manager | Scope::Liquidator | Scope::All => None,
        Scope::Type(id) => {
            named(reference.message_types.get(id).map(|it| &it.name), id.to_string())
        }
        Scope::Service(id) => named(reference.services.get(id).map(|it| &it.name), id.to_string()),
        Scope::Organization(number) => {
            named(reference.organizations.get(number).map(|it| &it.name), number.to_string())
        }
        Scope::Application(id) => {
            named(reference.applications.get(id).map(|it| &it.name), id.to_string())
        }
    }
}

fn period(words: Words, from: Option<Date>, to: Option<Date>) -> String {
    let day = |day| words.long_day(day);
    match (from, to) {
        (None, None) => words.say("period-always"),
        (Some(from), None) => words.with("period-from", "from", &day(from)),
        (None, Some(to)) => words.with("period-to", "to", &day(to)),
        (Some(from), Some(to)) => {
            words.with_all("period-from-to", &[("from", &day(from)), ("to", &day(to))])
        }
    }
}

/// Everything that can be given, in groups.
fn scopes(at: &At, chosen: &str) -> Vec<Group> {
    let (words, reference) = (at.words(), &at.reference);
    let plain = |kind: &str| ChoiceOption {
        value: kind.into(),
        name: words.say(&format!("scope-{kind}")),
        is_chosen: chosen == kind,
    };
    let group =
        |kind: &'static str, options| Group { name: words.say(&format!("scope-{kind}")), options };
    let chosen = (!chosen.is_empty()).then_some(chosen);
    let kinds = reference.message_types.values().map(|it| (format!("type:{}", it.id), &it.name));
    let services = reference.services.values().map(|it| (format!("service:{}", it.id), &it.name));
    let senders = reference
        .organizations
        .values()
        .map(|it| (format!("organization:{}", it.number), &it.name));
    let programs =
        reference.applications.values().map(|it| (format!("application:{}", it.id), &it.name));
    vec![
        Group { name: words.say("scope-whole"), options: vec![plain("all"), plain("manager")] },
        group("service", options(services, chosen, words)),
        group("type", options(kinds, chosen, words)),
        group("organization", options(senders, chosen, words)),
        group("application", options(programs, chosen, words)),
    ]
}

fn scope(text: &str) -> Option<Scope> {
    let (kind, of) = text.split_once(':').unwrap_or((text, ""));
    Some(match kind {
        "manager" => Scope::Manager,
        "all" => Scope::All,
        "type" => Scope::Type(MessageTypeId::new(of).ok()?),
        "service" => Scope::Service(ServiceId::new(of).ok()?),
        "organization" => Scope::Organization(of.parse::<EnterpriseNumber>().ok()?),
        "application" => Scope::Application(ApplicationId::new(of).ok()?),
        _ => return None,
    })
}

/// `POST /boxes/{place}/management/access`
pub(super) async fn change(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let to = format!("{}/management/access", at.url());
    if fields.one("do") == Some("withdraw") {
        let id = fields.parsed("grant").ok_or(PageError::BadRequest)?;
        return done(web.mailbox.withdraw(&at.reader, number, id).await, &to, "said-withdrawn");
    }
    let Some(new) = new_grant(&web, &at, &fields) else {
        return refused(&web, &at, &fields).await;
    };
    if fields.one("do") == Some("preview") {
        let name = new.person.name.clone();
        return match web.mailbox.preview(&at.reader, number, new).await {
            Ok(preview) => {
                let shown = preview_shown(&at, &name, &preview);
                table(&web, &at, &Fields::default(), draft(&fields), None, Some(shown)).await
            }
            Err(MailboxError::Invalid { .. }) => refused(&web, &at, &fields).await,
            Err(error) => Err(error.into()),
        };
    }
    match web.mailbox.give(&at.reader, number, new).await {
        Err(MailboxError::Invalid { .. } | MailboxError::Unknown(_)) => {
            refused(&web, &at, &fields).await
        }
        other => done(other, &to, "said-given"),
    }
}

async fn refused(web: &Web, at: &At, fields: &Fields) -> Result<Response, PageError> {
    let fault = at.words().say("access-fault");
    table(web, at, &Fields::default(), draft(fields), Some(fault), None).await
}

fn draft(fields: &Fields) -> Draft {
    let text = |name: &str| fields.one(name).unwrap_or_default().to_owned();
    Draft {
        person: text("person"),
        name: text("name"),
        scope: text("scope"),
        partition: text("partition"),
        from: text("from"),
        to: text("to"),
    }
}

/// A day that is filled in must be one: it bounds access.
fn new_grant(web: &Web, at: &At, fields: &Fields) -> Option<NewGrant> {
    let day = |name: &str| match fields.one(name) {
        None => Some(None),
        Some(text) => text.parse::<Date>().ok().map(Some),
    };
    let subject = fields.one("person")?;
    let name = fields.one("name").unwrap_or(subject).to_owned();
    let id = web.pages.person_id(subject)?;
    let partition = match fields.one("partition") {
        None => None,
        Some(text) => Some(text.parse().ok()?),
    };
    Some(NewGrant {
        id: None,
        person: Person { id, name, language: at.words().0 },
        scope: scope(fields.one("scope")?)?,
        partition,
        from: day("from")?,
        to: day("to")?,
    })
}

fn preview_shown(at: &At, name: &str, preview: &Preview) -> PreviewShown {
    let words = at.words();
    let count = counted(words, preview.total);
    let subject = |line: &crate::mailbox::Line| {
        let kind = at.reference.message_types.get(&line.message_type);
        let kind =
            kind.map_or_else(|| line.message_type.to_string(), |it| it.name.best(words.0).into());
        format!("{kind} · {}", line.subject.best(words.0))
    };
    PreviewShown {
        title: words.with_all("preview-title", &[("name", name), ("count", &count)]),
        lines: preview.newest.iter().map(subject).collect(),
    }
}

/// `GET /boxes/{place}/management/access.csv`
pub(super) async fn export(State(web): State<Web>, at: At) -> Result<Response, PageError> {
    let number = at.one()?;
    let csv = web.mailbox.access_csv(&at.reader, number).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"access-{number}.csv\"")),
    ];
    Ok((headers, csv).into_response())
}
