//! Who has access to a box: shown, given, withdrawn, tried out, exported.

use jiff::civil::Date;
use serde_json::json;

use super::csv::{Cells, Csv};
use super::register::new_grant_id;
use super::{COUNT_MAX, Deed, Filter, Line, Mailbox, MailboxError, Order, Reader, Total};
use crate::clock::belgian_day;
use crate::domain::{EnterpriseNumber, Grant, GrantId, PartitionId, Person, Scope};
use crate::ledger::{Management, Stretch};
use crate::route::Opening;

/// Everybody's access to a box.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessTable {
    /// One for each grant, by the person's name.
    pub grants: Vec<GrantLine>,
}

/// One grant, with its person.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantLine {
    /// What was given.
    pub grant: Grant,
    /// To whom.
    pub person: Option<Person>,
    /// Whether it is in force today.
    pub is_in_force: bool,
}

/// Access to be given.
#[derive(Clone, Debug, PartialEq)]
pub struct NewGrant {
    /// Which grant is changed; none: a new one.
    pub id: Option<GrantId>,
    /// To whom. A person that nobody knows yet is made known by this record;
    /// that of a known one stays as it is.
    pub person: Person,
    /// What.
    pub scope: Scope,
    /// Only in this partition.
    pub partition: Option<PartitionId>,
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
}

/// What a person would see today.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The parts of the box that would be open.
    pub openings: Vec<Opening>,
    /// How many messages of today that is.
    pub total: Total,
    /// The newest of them.
    pub newest: Vec<Line>,
    /// The day on which it begins, where that is still to come.
    pub begins: Option<Date>,
}

const HEADINGS: [&str; 8] =
    ["person", "name", "scope", "of", "partition", "from", "to", "in_force"];

/// Messages that a preview shows.
const PREVIEWED: u32 = 10;

impl Mailbox {
    /// Everybody's access to a box.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` for who does not manage it, and whatever keeps
    /// the ledger from answering.
    pub async fn access(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<AccessTable, MailboxError> {
        let mut look = self.look_as_manager(reader, enterprise).await?;
        let persons = look.persons_in(enterprise, &[]).await?;
        let day = belgian_day(self.clock.now());
        let line = |grant: Grant| GrantLine {
            person: persons.iter().find(|person| person.id == grant.person).cloned(),
            is_in_force: grant.is_in_force(day),
            grant,
        };
        let mut grants: Vec<GrantLine> =
            look.grants_in(enterprise).await?.into_iter().map(line).collect();
        grants.sort_by_cached_key(|it| {
            let name = it.person.as_ref().map(|person| person.name.to_lowercase());
            (name, it.grant.person.clone(), it.grant.id.as_str().to_owned())
        });
        Ok(AccessTable { grants })
    }

    /// Gives access, or changes what was given; effective at once.
    ///
    /// # Errors
    /// `Invalid` for days in the wrong order and for new access whose last day is
    /// over, `Unknown` for what does not exist, `LastManager`; as [`Mailbox::access`].
    pub async fn give(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        new: NewGrant,
    ) -> Result<GrantId, MailboxError> {
        let person = new.person.clone();
        let grant = grant(enterprise, new, belgian_day(self.clock.now()))?;
        let id = grant.id.clone();
        self.manage(reader, enterprise, Management::PutGrant(grant, Some(person))).await?;
        Ok(id)
    }

    /// Withdraws access, at once.
    ///
    /// # Errors
    /// `LastManager`; as [`Mailbox::access`].
    pub async fn withdraw(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        id: GrantId,
    ) -> Result<(), MailboxError> {
        self.manage(reader, enterprise, Management::WithdrawGrant(id)).await
    }

    /// What a person would see today if this were given, and had begun, besides
    /// what that person has already. Changes nothing.
    ///
    /// # Errors
    /// `Invalid` for days in the wrong order; as [`Mailbox::access`].
    pub async fn preview(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        new: NewGrant,
    ) -> Result<Preview, MailboxError> {
        let today = belgian_day(self.clock.now());
        let mut grant = grant(enterprise, new, today)?;
        let begins = grant.from.take_if(|from| *from > today);
        let mut look = self.look_as_manager(reader, enterprise).await?;
        let mut grants = look.grants_in(enterprise).await?;
        grants.retain(|it| it.person == grant.person && it.id != grant.id);
        grants.push(grant);
        let mut look = look.with_grants(grants);
        let (order, filter) = (Order::Newest, Filter::default());
        let stretch = Stretch { order, after: None, skip: 0, take: PREVIEWED, reach: None };
        let ids = look.walk(&filter, stretch).await?;
        Ok(Preview {
            newest: look.lines(&ids, &filter).await?,
            total: Total::of(look.count(&filter, COUNT_MAX + 1).await?),
            openings: look.openings.clone(),
            begins,
        })
    }

    /// The access list as CSV, in the reader's language.
    ///
    /// # Errors
    /// As [`Mailbox::access`].
    pub async fn access_csv(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<String, MailboxError> {
        let table = self.access(reader, enterprise).await?;
        let words = self.cells(reader.claims.language);
        let mut csv = Csv::with(&words.headings(&HEADINGS));
        for line in &table.grants {
            csv.row(&cells(&words, line));
        }
        let deed = (enterprise, None, Deed::Exported, json!({ "what": "access" }));
        self.ledger.record_deed(&reader.person, self.clock.now(), &[deed]).await?;
        Ok(csv.finish())
    }
}

fn cells(words: &Cells<'_>, line: &GrantLine) -> [String; HEADINGS.len()] {
    let (scope, of) = scope(&line.grant.scope);
    [
        line.grant.person.to_string(),
        line.person.as_ref().map(|person| person.name.clone()).unwrap_or_default(),
        words.say(&format!("scope-{scope}")),
        of,
        line.grant.bounds().map(ToString::to_string).unwrap_or_default(),
        Cells::day(line.grant.from),
        Cells::day(line.grant.to),
        words.yes(line.is_in_force),
    ]
}

fn grant(enterprise: EnterpriseNumber, new: NewGrant, today: Date) -> Result<Grant, MailboxError> {
    let NewGrant { id, person, scope, partition, from, to } = new;
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(MailboxError::invalid("to", "the last day is before the first"));
    }
    if id.is_none() && to.is_some_and(|to| to < today) {
        return Err(MailboxError::invalid("to", "the last day is over"));
    }
    if person.name.trim().is_empty() {
        return Err(MailboxError::invalid("name", "the name is empty"));
    }
    let id = match id {
        Some(id) => id,
        None => new_grant_id()?,
    };
    let grant = Grant { enterprise, id, person: person.id, scope, partition, from, to };
    grant.check().map_err(|error| MailboxError::invalid("partition", error.to_string()))?;
    Ok(grant)
}

fn scope(scope: &Scope) -> (&'static str, String) {
    match scope {
        Scope::Manager => ("manager", String::new()),
        Scope::Liquidator => ("liquidator", String::new()),
        Scope::All => ("all", String::new()),
        Scope::Type(id) => ("type", id.to_string()),
        Scope::Service(id) => ("service", id.to_string()),
        Scope::Organization(number) => ("organization", number.to_string()),
        Scope::Application(id) => ("application", id.to_string()),
    }
}
