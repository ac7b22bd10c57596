//! The registry of the bench.

use facteur::domain::{
    AccessLevel, AccountName, Address, Application, ApplicationId, Change, Digest, DigitalForm,
    Enterprise, EnterpriseNumber, Grant, GrantId, Language, LegalState, MailBox, MessageType,
    MessageTypeId, Organization, Person, PersonId, Record, Scope, Texts, Trio, Validity,
    ValidityUnit,
};
use jiff::{SignedDuration, Timestamp};

pub(crate) const ORGANIZATION: &str = "0206731645";
pub(crate) const TYPES: [&str; 4] = ["DIMONA1", "DMFA-RECEIPT", "C30bister2", "VAT-NOTICE"];
/// Uploaded documents of each application that publications refer to.
pub(crate) const UPLOADS: usize = 100;

pub(crate) struct World {
    pub(crate) enterprises: u32,
    readers: u32,
}

impl World {
    pub(crate) fn new(enterprises: u32, readers: u32) -> Self {
        Self { enterprises, readers }
    }

    pub(crate) fn company(&self, n: u32) -> EnterpriseNumber {
        EnterpriseNumber::from_stem(5_000_000 + (n % self.enterprises) * 3)
    }

    /// Companies, boxes, persons and grants.
    pub(crate) fn companies(&self, now: Timestamp) -> impl Iterator<Item = Change> + '_ {
        let persons = (0..self.readers.max(200)).map(|n| {
            let name = format!("Reader {n}");
            Record::Person(Person { id: person(n), name, language: Language::Fr })
        });
        let companies = (0..self.enterprises).flat_map(move |n| self.of_company(n, now));
        persons.chain(companies).map(Change::Put)
    }

    fn of_company(&self, n: u32, now: Timestamp) -> Vec<Record> {
        let number = self.company(n);
        let mut records = vec![Record::Enterprise(Enterprise {
            number,
            name: format!("Company {n}"),
            language: Language::Fr,
            address: Some(address(n)),
            state: LegalState::Active,
            state_since: None,
        })];
        if n % 10 == 9 {
            return records; // No box: paper.
        }
        let days = i64::from(n % 200);
        let last_connection = Some(now - SignedDuration::from_hours(24 * days));
        records.push(Record::Box(MailBox {
            enterprise: number,
            last_connection,
            all_digital: n.is_multiple_of(7),
        }));
        records.extend((0..self.readers).map(|reader| {
            Record::Grant(Grant {
                enterprise: number,
                id: GrantId::new(format!("g{reader}")).unwrap(),
                person: person((n + reader) % self.readers.max(200)),
                scope: if reader == 0 { Scope::Manager } else { Scope::All },
                partition: None,
                from: None,
                to: None,
            })
        }));
        records
    }

    /// Organization, types, and these applications.
    pub(crate) fn reference(&self, lanes: &[String]) -> Vec<Change> {
        let number: EnterpriseNumber = ORGANIZATION.parse().unwrap();
        let name = |text: &str| Texts::one(Language::Fr, text);
        let mut records = vec![Record::Organization(Organization { number, name: name("ONSS") })];
        records.extend(TYPES.map(|id| {
            Record::MessageType(MessageType {
                id: MessageTypeId::new(id).unwrap(),
                name: name(id),
                description: Texts::default(),
                validity: Validity { count: 2, unit: ValidityUnit::Year },
                level: AccessLevel::Box,
                service: None,
                digital_form: DigitalForm::Exists,
                registered_on_paper: false,
                unread_to_paper_hours: None,
                business_data: Vec::new(),
            })
        }));
        for lane in lanes {
            let id = ApplicationId::new(lane.as_str()).unwrap();
            records.push(Record::Application(Application {
                id: id.clone(),
                name: name(lane),
                account: AccountName::new("guest").unwrap(),
                pace_per_second: None,
                upload_key_digest: None,
            }));
            records.extend(TYPES.map(|message_type| {
                Record::Trio(Trio {
                    organization: number,
                    application: id.clone(),
                    message_type: MessageTypeId::new(message_type).unwrap(),
                })
            }));
        }
        records.into_iter().map(Change::Put).collect()
    }
}

/// A letter without one is held, and its agency told: more than one event.
fn address(n: u32) -> Address {
    Address {
        lines: vec![format!("Rue Haute {}", n % 300 + 1)],
        postal_code: (1_000 + n % 9_000).to_string(),
        town: "Ville".into(),
        country: "BE".into(),
    }
}

fn person(n: u32) -> PersonId {
    PersonId::new(format!("person-{n:08}")).unwrap()
}

/// The nth uploaded document.
pub(crate) fn upload(n: usize) -> (Digest, Vec<u8>) {
    let content = format!("%PDF-1.4 bench document {n}\n").into_bytes();
    (Digest::of(&content), content)
}
