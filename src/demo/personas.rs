//! Persons whom one may be in a demonstration: a manager, a payroll clerk, a
//! colleague, an accountant of many companies, an operator, and a newcomer.

use jiff::{SignedDuration, Timestamp};

use super::COMPANIES;
use super::world::company;
use crate::domain::{
    EnterpriseNumber, Grant, GrantId, IdError, Language, LegalState, MailBox, Person, PersonId,
    Record, Scope, ServiceId, Texts,
};
use crate::web::Persona;

/// Boxes of the accountant at most: the first of those that exist.
const BOOKKEPT: u32 = 1_000;

/// The company of three of them: the one that most mail goes to.
fn bakery() -> EnterpriseNumber {
    company(0)
}

/// The personas, and the company that the newcomer represents.
///
/// # Errors
/// Never in practice: every id written here is valid, which a test shows.
pub fn personas(newcomers: EnterpriseNumber) -> Result<Vec<Persona>, IdError> {
    Ok(vec![
        persona(
            "demo-amelie",
            "Amélie Dubois",
            Language::Fr,
            [
                "Gérante : voit toute la boîte de son entreprise et donne accès aux autres.",
                "Zaakvoerder: ziet de hele box van haar onderneming en geeft anderen toegang.",
                "Geschäftsführerin: sieht die ganze Box ihres Unternehmens und gibt Zugang.",
                "Managing director: sees all of her company’s box and gives others access.",
            ],
        )?,
        persona(
            "demo-joris",
            "Joris Peeters",
            Language::Nl,
            [
                "Paie de la même entreprise : ne voit que la DmfA.",
                "Loonadministratie van dezelfde onderneming: ziet alleen de DmfA.",
                "Lohnbuchhaltung desselben Unternehmens: sieht nur die DmfA.",
                "Payroll of the same company: sees the DmfA alone.",
            ],
        )?,
        persona(
            "demo-emma",
            "Emma Taylor",
            Language::En,
            [
                "Collègue : voit le courrier ordinaire.",
                "Collega: ziet de gewone post.",
                "Kollegin: sieht die gewöhnliche Post.",
                "Colleague: sees the ordinary mail.",
            ],
        )?,
        persona(
            "demo-sofie",
            "Sofie Claes",
            Language::Nl,
            [
                "Comptable de près de 1 000 entreprises.",
                "Boekhouder van bijna 1.000 ondernemingen.",
                "Buchhalterin von fast 1.000 Unternehmen.",
                "Accountant of nearly 1,000 companies.",
            ],
        )?,
        operator()?,
        Persona {
            represents: vec![newcomers],
            ..persona(
                "demo-klaus",
                "Klaus Schmitz",
                Language::De,
                [
                    "Nouveau : représente une entreprise qui n’a pas encore d’e-Box.",
                    "Nieuwkomer: vertegenwoordigt een onderneming die nog geen e-Box heeft.",
                    "Neuling: vertritt ein Unternehmen, das noch keine e-Box hat.",
                    "Newcomer: represents a company that has no e-Box yet.",
                ],
            )?
        },
    ])
}

fn persona(id: &str, name: &str, language: Language, about: [&str; 4]) -> Result<Persona, IdError> {
    let [fr, nl, de, en] = about.map(|text| Some(text.to_owned()));
    let (id, name) = (PersonId::new(id)?, name.to_owned());
    let about = Texts { fr, nl, de, en };
    Ok(Persona { id, name, language, about, represents: Vec::new(), is_operator: false })
}

fn operator() -> Result<Persona, IdError> {
    let persona = persona(
        "demo-operator",
        "Nadia Lambert",
        Language::Fr,
        [
            "Exploitante : surveille et dirige l’ensemble, et ne lit le courrier de personne.",
            "Operator: bewaakt en stuurt het geheel, en leest niemands post.",
            "Betreiberin: überwacht und steuert das Ganze und liest niemandes Post.",
            "Operator: watches and steers the whole, and reads nobody’s mail.",
        ],
    )?;
    Ok(Persona { is_operator: true, ..persona })
}

/// A company that could register: active, and without a box.
#[must_use]
pub fn newcomer(records: &[Record]) -> EnterpriseNumber {
    let has_box = |number: EnterpriseNumber| {
        records.iter().any(|it| matches!(it, Record::Box(it) if it.enterprise == number))
    };
    let candidates = records.iter().filter_map(|record| match record {
        Record::Enterprise(it) if it.state == LegalState::Active => Some(it.number),
        _ => None,
    });
    candidates.into_iter().find(|number| !has_box(*number)).unwrap_or(company(COMPANIES - 2))
}

/// What the registry must know of them, added to a world: persons, grants,
/// and that the bakery's box is in use.
pub(super) fn settle(records: &mut Vec<Record>, now: Timestamp) -> Result<(), IdError> {
    open_box(records, now);
    let boxes: Vec<EnterpriseNumber> = records.iter().filter_map(boxed).collect();
    for persona in personas(bakery())? {
        let Persona { id, name, language, .. } = persona;
        records.push(Record::Person(Person { id, name, language }));
    }
    let dmfa = Scope::Service(ServiceId::new("dmfa")?);
    grant(records, bakery(), "demo-amelie", Scope::Manager)?;
    grant(records, bakery(), "demo-joris", dmfa)?;
    grant(records, bakery(), "demo-emma", Scope::All)?;
    let last = company(BOOKKEPT);
    for number in boxes.into_iter().filter(|number| *number < last) {
        grant(records, number, "demo-sofie", Scope::All)?;
    }
    Ok(())
}

fn boxed(record: &Record) -> Option<EnterpriseNumber> {
    match record {
        Record::Box(mailbox) => Some(mailbox.enterprise),
        _ => None,
    }
}

fn open_box(records: &mut Vec<Record>, now: Timestamp) {
    let opened = Some(now - SignedDuration::from_hours(20));
    for record in records.iter_mut() {
        if let Record::Box(mailbox) = record
            && mailbox.enterprise == bakery()
        {
            mailbox.last_connection = opened;
            return;
        }
    }
    let mailbox = MailBox { enterprise: bakery(), last_connection: opened, all_digital: false };
    records.push(Record::Box(mailbox));
}

fn grant(
    records: &mut Vec<Record>,
    enterprise: EnterpriseNumber,
    person: &str,
    scope: Scope,
) -> Result<(), IdError> {
    records.push(Record::Grant(Grant {
        enterprise,
        id: GrantId::new(person)?,
        person: PersonId::new(person)?,
        scope,
        partition: None,
        from: None,
        to: None,
    }));
    Ok(())
}
