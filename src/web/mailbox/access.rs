//! Persons and grants, in one table.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;

use super::access_form::{Draft, Group, changed, new_grant, scopes};
use super::answer::done;
use super::choices::{ChoiceOption, options};
use super::place::{At, Shown, person_name};
use super::query::ListQuery;
use super::side::{Around, Side, around};
use super::who_sees::{Answer, TypeAsked};
use crate::domain::{Scope, Texts};
use crate::mailbox::{GrantLine, MailboxError, Preview, Total};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::{Spoken, Words};

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
    /// Whether a person must be given a name.
    is_named: bool,
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
    detail: Option<Spoken>,
    partition: String,
    period: String,
    is_in_force: bool,
    /// Given by the register: nobody here withdraws it.
    is_fixed: bool,
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
    let known = web.mailbox.access(&at.reader, at.one()?).await?;
    let changed = fields.one("change").and_then(|id| changed(&known, id));
    let draft = changed.map(|line| Draft::of(line, at.words())).unwrap_or_default();
    table(&web, &at, &fields, draft, None, None).await
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
        name: words.say(&format!("scope-{it}")).into(),
        is_chosen: it == kind,
    });
    let partition = |it: &super::side::Item| ChoiceOption {
        value: it.id.clone(),
        name: it.name.clone().into(),
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
        is_named: web.pages.is_keyed(),
        partitions: side.partitions.iter().map(partition).collect(),
        place,
        side,
        draft,
        preview,
    })
}

pub(super) fn kind_of(scope: &Scope) -> &'static str {
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
    let partition = grant.bounds().map(|id| side.partition_name(id));
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

pub(super) fn detail(at: &At, scope: &Scope) -> Option<Spoken> {
    let reference = &at.reference;
    let named = |texts: Option<&Texts>, id: String| {
        Some(texts.map_or_else(|| id.into(), |texts| at.words().of(texts)))
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

pub(super) fn period(words: Words, from: Option<Date>, to: Option<Date>) -> String {
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
    let known = web.mailbox.access(&at.reader, number).await?;
    let new = match new_grant(&web, &at, &known, &fields) {
        Ok(new) => new,
        Err(fault) => return refused(&web, &at, &fields, fault).await,
    };
    if fields.one("do") == Some("preview") {
        let name = new.person.name.clone();
        return match web.mailbox.preview(&at.reader, number, new).await {
            Ok(preview) => {
                let shown = preview_shown(&at, &name, &preview);
                let changed = fields.one("grant").and_then(|id| changed(&known, id));
                let draft = Draft::filled(&fields, changed, at.words());
                table(&web, &at, &Fields::default(), draft, None, Some(shown)).await
            }
            Err(error) => match fault_of(&error) {
                Some(fault) => refused(&web, &at, &fields, fault).await,
                None => Err(error.into()),
            },
        };
    }
    let said = if new.id.is_some() { "said-saved" } else { "said-given" };
    let given = web.mailbox.give(&at.reader, number, new).await;
    match given.as_ref().err().and_then(fault_of) {
        Some(fault) => refused(&web, &at, &fields, fault).await,
        None => done(given, &to, said),
    }
}

/// The text for what the person can mend in the form.
fn fault_of(error: &MailboxError) -> Option<&'static str> {
    match error {
        MailboxError::Invalid { field: "partition", .. } => Some("access-fault-whole"),
        MailboxError::Given => Some("access-fault-given"),
        MailboxError::Invalid { .. } | MailboxError::Unknown(_) => Some("access-fault"),
        _ => None,
    }
}

async fn refused(web: &Web, at: &At, fields: &Fields, fault: &str) -> Result<Response, PageError> {
    let known = web.mailbox.access(&at.reader, at.one()?).await?;
    let changed = fields.one("grant").and_then(|id| changed(&known, id));
    let draft = Draft::filled(fields, changed, at.words());
    table(web, at, &Fields::default(), draft, Some(at.words().say(fault)), None).await
}

fn preview_shown(at: &At, name: &str, preview: &Preview) -> PreviewShown {
    let words = at.words();
    let count = match preview.total {
        Total::Exactly(count) => words.number(count),
        Total::MoreThan(count) => format!("{}+", words.number(count)),
    };
    let subject = |line: &crate::mailbox::Line| {
        let kind = at.reference.message_types.get(&line.message_type);
        let kind =
            kind.map_or_else(|| line.message_type.to_string(), |it| it.name.best(words.0).into());
        format!("{kind} · {}", line.subject.best(words.0))
    };
    let day = preview.begins.map(|day| words.long_day(day));
    let title = match &day {
        Some(day) => {
            words.with_all("preview-title-later", &[("name", name), ("n", &count), ("day", day)])
        }
        None => words.with_all("preview-title", &[("name", name), ("n", &count)]),
    };
    PreviewShown { title, lines: preview.newest.iter().map(subject).collect() }
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
