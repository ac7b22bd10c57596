//! The form in which access is given or changed.

use jiff::civil::Date;

use super::access::kind_of;
use super::choices::{ChoiceOption, options};
use super::place::{At, person_name};
use crate::domain::{ApplicationId, EnterpriseNumber, MessageTypeId, Person, Scope, ServiceId};
use crate::mailbox::{AccessTable, GrantLine, NewGrant};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::words::Words;

/// What can be given, of one kind.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) options: Vec<ChoiceOption>,
}

/// What was filled in, so that a preview or a fault loses none of it.
#[derive(Default)]
pub(super) struct Draft {
    /// The grant that is changed: it stays with its person.
    pub(super) grant: Option<String>,
    pub(super) person: String,
    pub(super) name: String,
    pub(super) scope: String,
    pub(super) partition: String,
    pub(super) from: String,
    pub(super) to: String,
}

impl Draft {
    /// What was given.
    pub(super) fn of(line: &GrantLine, words: Words) -> Self {
        let grant = &line.grant;
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            grant: Some(grant.id.to_string()),
            person: grant.person.to_string(),
            name: person_name(line.person.as_ref(), words),
            scope: word(&grant.scope),
            partition: grant.bounds().map(ToString::to_string).unwrap_or_default(),
            from: day(grant.from),
            to: day(grant.to),
        }
    }

    /// What a form says, of what was given or is new.
    pub(super) fn filled(fields: &Fields, changed: Option<&GrantLine>, words: Words) -> Self {
        let text = |name: &str| fields.one(name).unwrap_or_default().to_owned();
        let person = match changed {
            Some(line) => Self::of(line, words),
            None => Self { person: text("person"), name: text("name"), ..Self::default() },
        };
        Self {
            scope: text("scope"),
            partition: text("partition"),
            from: text("from"),
            to: text("to"),
            ..person
        }
    }
}

/// A grant of the box that may be changed here.
pub(super) fn changed<'t>(known: &'t AccessTable, id: &str) -> Option<&'t GrantLine> {
    let mut grants = known.grants.iter();
    grants.find(|it| it.grant.id.as_str() == id && it.grant.scope != Scope::Liquidator)
}

/// Everything that can be given, in groups.
pub(super) fn scopes(at: &At, chosen: &str) -> Vec<Group> {
    let (words, reference) = (at.words(), &at.reference);
    let plain = |kind: &str| ChoiceOption {
        value: kind.into(),
        name: words.say(&format!("scope-{kind}")).into(),
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

/// As [`scope`] reads it.
fn word(scope: &Scope) -> String {
    let kind = kind_of(scope);
    match scope {
        Scope::Manager | Scope::Liquidator | Scope::All => kind.to_owned(),
        Scope::Type(id) => format!("{kind}:{id}"),
        Scope::Service(id) => format!("{kind}:{id}"),
        Scope::Organization(number) => format!("{kind}:{number}"),
        Scope::Application(id) => format!("{kind}:{id}"),
    }
}

/// What a form asks for, or the text that says why it cannot be given.
pub(super) fn new_grant(
    web: &Web,
    at: &At,
    known: &AccessTable,
    fields: &Fields,
) -> Result<NewGrant, &'static str> {
    let changed = match fields.one("grant") {
        None => None,
        Some(id) => Some(changed(known, id).ok_or(FAULT)?),
    };
    let person = match changed {
        None => new_person(web, at, fields)?,
        Some(line) => {
            let name = person_name(line.person.as_ref(), at.words());
            Person { id: line.grant.person.clone(), name, language: at.words().0 }
        }
    };
    bounded(changed, person, fields).ok_or(FAULT)
}

const FAULT: &str = "access-fault";

/// Where persons are known by keyed hashes, the name is not what the hash is
/// made of: that may be a personal number.
fn new_person(web: &Web, at: &At, fields: &Fields) -> Result<Person, &'static str> {
    let subject = fields.one("person").ok_or(FAULT)?;
    let id = web.pages.person_id(subject).ok_or(FAULT)?;
    let name = match (fields.one("name"), web.pages.is_keyed()) {
        (None, true) => return Err("access-fault-name"),
        (Some(name), true) if names(name, subject) => return Err("access-fault-name"),
        (name, _) => name.unwrap_or(subject).to_owned(),
    };
    Ok(Person { id, name, language: at.words().0 })
}

/// Whether a name says by what its person signs in; a number, however it is
/// written.
fn names(name: &str, subject: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let is_number = !subject.chars().any(char::is_alphabetic);
    name.contains(subject) || is_number && digits(name).contains(&digits(subject))
}

/// A day that is filled in must be one: it bounds access.
fn bounded(changed: Option<&GrantLine>, person: Person, fields: &Fields) -> Option<NewGrant> {
    let day = |name: &str| match fields.one(name) {
        None => Some(None),
        Some(text) => text.parse::<Date>().ok().map(Some),
    };
    let partition = match fields.one("partition") {
        None => None,
        Some(text) => Some(text.parse().ok()?),
    };
    Some(NewGrant {
        id: changed.map(|line| line.grant.id.clone()),
        person,
        scope: scope(fields.one("scope")?)?,
        partition,
        from: day("from")?,
        to: day("to")?,
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_tells_no_number_however_it_is_written() {
        for (name, subject, is_told) in [
            ("Jan 85073003329", "85073003329", true),
            ("Jan 85.07.30-033.29", "85073003329", true),
            ("Jan 85 07 30 033 29", "85.07.30-033.29", true),
            ("Jan Peeters 2", "85073003329", false),
            ("Emma 2", "demo-emma2", false),
            ("demo-emma2", "demo-emma2", true),
        ] {
            assert_eq!(names(name, subject), is_told, "{name} {subject}");
        }
    }
}
