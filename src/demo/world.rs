//! The registry of the demonstration: 5,000 companies in every state a
//! recipient can be in.

use jiff::{SignedDuration, Timestamp, civil::Date};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::agencies::{AGENCIES, Agency, Kind};
use super::{COMPANIES, SEED, personas};
use crate::domain::{
    AccessLevel, AccountName, Address, Application, ApplicationId, DigitalForm, Enterprise,
    EnterpriseNumber, Grant, GrantId, IdError, Language, LegalState, MailBox, MessageType,
    MessageTypeId, OnlineService, Organization, Partition, PartitionId, Person, PersonId, Record,
    RoutingRule, Scope, ServiceId, Texts, Trio, Validity, ValidityUnit,
};

const FIRST: &[&str] = &[
    "Atelier",
    "Bakkerij",
    "Boulangerie",
    "Brasserie",
    "Bouwwerken",
    "Garage",
    "Imprimerie",
    "Kapsalon",
    "Librairie",
    "Maison",
    "Molkerei",
    "Pharmacie",
    "Schreinerei",
    "Transport",
];
const SECOND: &[&str] = &[
    "Claes",
    "Dubois",
    "De Smet",
    "Fourneau",
    "Goossens",
    "Hermans",
    "Jacobs",
    "Lambert",
    "Maes",
    "Noël",
    "Peeters",
    "Renard",
    "Schmitz",
    "Van Damme",
    "Willems",
];
const TOWNS: &[(&str, &str, Language)] = &[
    ("1000", "Bruxelles", Language::Fr),
    ("4000", "Liège", Language::Fr),
    ("5000", "Namur", Language::Fr),
    ("2000", "Antwerpen", Language::Nl),
    ("9000", "Gent", Language::Nl),
    ("8000", "Brugge", Language::Nl),
    ("4700", "Eupen", Language::De),
];

/// Of so many companies, one in a hundred is closed.
const CLOSED_EVERY: u32 = 100;

/// The number of the nth simulated company.
pub(super) fn company(n: u32) -> EnterpriseNumber {
    EnterpriseNumber::from_stem(4_000_000 + n * 7)
}

/// Every record, in an order in which none refers to a later one.
///
/// # Errors
/// Never in practice: every id written here is valid, which a test shows.
pub fn world(now: Timestamp) -> Result<Vec<Record>, IdError> {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut records = reference()?;
    for n in 0..COMPANIES {
        records.extend(self::company_records(n, now, &mut random)?);
    }
    personas::settle(&mut records, now)?;
    Ok(records)
}

fn texts(names: [&str; 4]) -> Texts {
    let [fr, nl, de, en] = names.map(|name| Some(name.to_owned()));
    Texts { fr, nl, de, en }
}

fn reference() -> Result<Vec<Record>, IdError> {
    let mut records = Vec::new();
    for agency in AGENCIES {
        let number = organization(agency);
        records.push(Record::Organization(Organization { number, name: texts(agency.names) }));
    }
    records.dedup();
    for agency in AGENCIES {
        records.push(Record::Application(Application {
            id: ApplicationId::new(agency.application)?,
            name: texts(agency.names),
            account: AccountName::new(agency.account())?,
            pace_per_second: None,
            upload_key_digest: None,
        }));
        let id = ServiceId::new(agency.service)?;
        records.push(Record::Service(OnlineService { id, name: texts(agency.service_names()) }));
        for kind in agency.types {
            records.push(Record::MessageType(message_type(agency, kind)?));
            records.push(Record::Trio(Trio {
                organization: organization(agency),
                application: ApplicationId::new(agency.application)?,
                message_type: MessageTypeId::new(kind.id)?,
            }));
        }
    }
    Ok(records)
}

pub(super) fn organization(agency: &Agency) -> EnterpriseNumber {
    agency.organization.parse().unwrap_or_else(|_| EnterpriseNumber::from_stem(2_000_000))
}

fn message_type(agency: &Agency, kind: &Kind) -> Result<MessageType, IdError> {
    Ok(MessageType {
        id: MessageTypeId::new(kind.id)?,
        name: texts(kind.names),
        description: Texts::default(),
        validity: Validity { count: 2, unit: ValidityUnit::Year },
        level: if kind.level == 2 { AccessLevel::Type } else { AccessLevel::Box },
        service: Some(ServiceId::new(agency.service)?),
        digital_form: match kind.form {
            "none" => DigitalForm::None,
            "only" => DigitalForm::Only,
            _ => DigitalForm::Exists,
        },
        registered_on_paper: kind.registered_on_paper,
        unread_to_paper_hours: None,
        business_data: Vec::new(),
    })
}

fn company_records(n: u32, now: Timestamp, random: &mut StdRng) -> Result<Vec<Record>, IdError> {
    let mut records = vec![Record::Enterprise(enterprise(n, random))];
    let number = company(n);
    // No box at all, never opened, seldom opened, in use.
    let last_connection = match random.random_range(0..100) {
        0..15 => return Ok(records),
        15..25 => None,
        25..40 => Some(now - SignedDuration::from_hours(24 * random.random_range(181..900))),
        _ => Some(now - SignedDuration::from_hours(random.random_range(1..24 * 150))),
    };
    let all_digital = random.random_range(0..100) < 12;
    let mailbox = MailBox { enterprise: number, last_connection, all_digital };
    records.push(Record::Box(mailbox));
    records.extend(access(number, random)?);
    Ok(records)
}

fn enterprise(n: u32, random: &mut StdRng) -> Enterprise {
    let (postal_code, town, language) = TOWNS[random.random_range(0..TOWNS.len())];
    let first = FIRST[random.random_range(0..FIRST.len())];
    let second = SECOND[random.random_range(0..SECOND.len())];
    let is_closed = n % CLOSED_EVERY == CLOSED_EVERY - 1;
    Enterprise {
        number: company(n),
        name: name(first, second, n),
        language,
        address: Some(Address {
            lines: vec![format!("Rue du Facteur {}", random.random_range(1..300))],
            postal_code: postal_code.into(),
            town: town.into(),
            country: "BE".into(),
        }),
        state: if is_closed { LegalState::Closed } else { LegalState::Active },
        state_since: Some(Date::constant(2010, 1, 1)),
    }
}

/// Told apart by its number; the one that everybody looks at needs none.
fn name(first: &str, second: &str, n: u32) -> String {
    if n == 0 { format!("{first} {second}") } else { format!("{first} {second} {n}") }
}

/// Somebody's name, the same every time.
fn name_of(role: &str, number: EnterpriseNumber) -> &'static str {
    let drawn = role.bytes().map(usize::from).sum::<usize>();
    let number = usize::try_from(number.value() / 100).unwrap_or_default();
    NAMES[(drawn + number) % NAMES.len()]
}

const NAMES: [&str; 13] = [
    "Anne Lejeune",
    "Bart De Vos",
    "Camille Fontaine",
    "Dirk Wouters",
    "Élise Moreau",
    "Femke Aerts",
    "Günter Backes",
    "Hilde Martens",
    "Isabelle Noël",
    "Jürgen Kohl",
    "Karim Haddad",
    "Lotte Jacobs",
    "Marc Thys",
];

/// An access manager in most boxes, colleagues in some, a partition for human
/// resources in the larger ones.
fn access(number: EnterpriseNumber, random: &mut StdRng) -> Result<Vec<Record>, IdError> {
    let mut records = Vec::new();
    let mut grants = Vec::new();
    if random.random_range(0..100) < 95 {
        grants.push(("manager", Scope::Manager, None));
    }
    if random.random_range(0..100) < 60 {
        grants.push(("colleague", Scope::All, None));
    }
    if random.random_range(0..100) < 30 {
        let hr = PartitionId::new("HR")?;
        records.push(Record::Partition(Partition {
            enterprise: number,
            id: hr.clone(),
            name: "Human resources".into(),
        }));
        for (priority, organization) in [(1, AGENCIES.first()), (2, AGENCIES.get(2))] {
            records.push(Record::Rule(RoutingRule {
                enterprise: number,
                priority,
                partition: hr.clone(),
                message_type: None,
                application: None,
                organization: organization.map(self::organization),
            }));
        }
        grants.push(("payroll", Scope::Service(ServiceId::new("dmfa")?), Some(hr)));
    }
    for (role, scope, partition) in grants {
        let id = PersonId::new(format!("{role}-{number}"))?;
        records.push(Record::Person(Person {
            id: id.clone(),
            name: name_of(role, number).to_owned(),
            language: Language::Fr,
        }));
        records.push(Record::Grant(Grant {
            enterprise: number,
            id: GrantId::new(role)?,
            person: id,
            scope,
            partition,
            from: None,
            to: None,
        }));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_world_is_whole() {
        let records = world(Timestamp::UNIX_EPOCH).unwrap();
        let mut known = HashSet::new();
        for record in &records {
            for (place, key) in record.references() {
                assert!(known.contains(&key), "{place} of {record:?}");
            }
            assert!(known.insert(record.key()), "twice: {record:?}");
        }
        let boxes = records.iter().filter(|record| matches!(record, Record::Box(_))).count();
        assert!((4_000..4_500).contains(&boxes), "{boxes}");
        let agencies: HashSet<_> = AGENCIES.iter().map(|agency| agency.organization).collect();
        assert_eq!(agencies.len(), 12);
        for agency in AGENCIES {
            assert_eq!(organization(agency).to_string(), agency.organization);
        }
    }
}
