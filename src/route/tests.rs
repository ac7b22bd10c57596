use super::*;
use crate::domain::{GrantId, PersonId};

const COMPANY: &str = "0852093431";
const ONSS: &str = "0206731645";
const OTHER: &str = "0406798006";

fn number(text: &str) -> EnterpriseNumber {
    text.parse().unwrap()
}

fn grant(person: &str, scope: Scope) -> Grant {
    Grant {
        enterprise: number(COMPANY),
        id: GrantId::new(format!("{person}-{scope:?}")).unwrap(),
        person: PersonId::new(person).unwrap(),
        scope,
        partition: None,
        from: None,
        to: None,
    }
}

fn rule(priority: u32, partition: &str) -> RoutingRule {
    RoutingRule {
        enterprise: number(COMPANY),
        priority,
        partition: PartitionId::new(partition).unwrap(),
        message_type: None,
        application: None,
        organization: None,
    }
}

struct Sample {
    message_type: MessageTypeId,
    service: Option<ServiceId>,
    application: ApplicationId,
    level: AccessLevel,
}

impl Sample {
    fn new(level: AccessLevel) -> Self {
        Self {
            message_type: MessageTypeId::new("DMFA-RECEIPT").unwrap(),
            service: Some(ServiceId::new("dmfa").unwrap()),
            application: ApplicationId::new("onss:dmfa").unwrap(),
            level,
        }
    }

    fn item(&self) -> Item<'_> {
        Item {
            message_type: &self.message_type,
            level: self.level,
            service: self.service.as_ref(),
            organization: number(ONSS),
            application: &self.application,
        }
    }
}

fn today() -> Date {
    "2026-06-15".parse().unwrap()
}

fn names(routing: &Routing) -> Vec<&str> {
    routing.persons.ids().iter().map(PersonId::as_str).collect()
}

#[test]
fn each_scope_opens_what_it_says_at_each_level() {
    let type_id = |text| Scope::Type(MessageTypeId::new(text).unwrap());
    let service = |text| Scope::Service(ServiceId::new(text).unwrap());
    for (scope, level_1, level_2) in [
        (Scope::Manager, true, true),
        (Scope::All, true, false),
        (type_id("DMFA-RECEIPT"), true, true),
        (type_id("DIMONA1"), false, false),
        (service("dmfa"), true, true),
        (service("dimona"), false, false),
        (Scope::Organization(number(ONSS)), true, false),
        (Scope::Organization(number(OTHER)), false, false),
        (Scope::Application(ApplicationId::new("onss:dmfa").unwrap()), true, false),
    ] {
        let grant = grant("ann", scope);
        for (level, expected) in [(AccessLevel::Box, level_1), (AccessLevel::Type, level_2)] {
            let sample = Sample::new(level);
            let found = opens(&grant, sample.item(), &PartitionId::general(), today());
            assert_eq!(found, expected, "{:?} at {level:?}", grant.scope);
        }
    }
}

#[test]
fn a_grant_ends_at_its_partition_and_its_days() {
    let sample = Sample::new(AccessLevel::Box);
    let mut grant = grant("ann", Scope::All);
    grant.partition = Some(PartitionId::new("HR").unwrap());
    assert!(!opens(&grant, sample.item(), &PartitionId::general(), today()));
    assert!(opens(&grant, sample.item(), &PartitionId::new("HR").unwrap(), today()));
    grant.partition = None;
    for (from, to, is_open) in [
        (Some("2026-06-15"), Some("2026-06-15"), true),
        (Some("2026-06-16"), None, false),
        (None, Some("2026-06-14"), false),
    ] {
        grant.from = from.map(|day| day.parse().unwrap());
        grant.to = to.map(|day| day.parse().unwrap());
        let found = opens(&grant, sample.item(), &PartitionId::general(), today());
        assert_eq!(found, is_open, "{from:?} to {to:?}");
    }
}

#[test]
fn the_first_rule_that_matches_wins() {
    let mut by_type = rule(1, "HR");
    by_type.message_type = Some(MessageTypeId::new("DIMONA1").unwrap());
    let mut by_sender = rule(2, "SOCIAL");
    by_sender.organization = Some(number(ONSS));
    by_sender.application = Some(ApplicationId::new("onss:dmfa").unwrap());
    let access =
        BoxAccess { rules: vec![by_type, by_sender, rule(3, "REST")], ..BoxAccess::default() };
    let routing = route(&access, Sample::new(AccessLevel::Box).item(), today());
    assert_eq!((routing.partition.as_str(), routing.rule), ("SOCIAL", Some(2)));

    let nothing = route(&BoxAccess::default(), Sample::new(AccessLevel::Box).item(), today());
    assert_eq!((nothing.partition.as_str(), nothing.rule), ("GENERAL", None));
}

#[test]
fn the_audience_is_the_granted_else_the_managers_else_nobody() {
    let grants = |list: &[(&str, Scope)]| BoxAccess {
        grants: list.iter().map(|(person, scope)| grant(person, scope.clone())).collect(),
        ..BoxAccess::default()
    };
    let level_2 = Sample::new(AccessLevel::Type);
    for (access, persons, kind) in [
        (
            grants(&[
                ("zoe", Scope::Manager),
                ("ann", Scope::Service(ServiceId::new("dmfa").unwrap())),
            ]),
            vec!["ann", "zoe"],
            AudienceKind::Granted,
        ),
        (
            grants(&[("zoe", Scope::Manager), ("ann", Scope::All)]),
            vec!["zoe"],
            AudienceKind::AccessManagers,
        ),
        (grants(&[("ann", Scope::All)]), vec![], AudienceKind::Nobody),
        (grants(&[]), vec![], AudienceKind::Nobody),
    ] {
        let routing = route(&access, level_2.item(), today());
        assert_eq!((names(&routing), routing.audience), (persons, kind));
    }
}

#[test]
fn everybody_is_the_same_set_as_those_found_one_by_one() {
    let grants =
        vec![grant("dan", Scope::All), grant("ann", Scope::All), grant("ann", Scope::Manager)];
    let sample = Sample::new(AccessLevel::Box);
    let all = BoxAccess::new(Vec::new(), grants.clone(), Vec::new());
    let mut with_other = grants;
    with_other.push(grant("eve", Scope::Organization(number(OTHER))));
    let some = BoxAccess::new(Vec::new(), with_other, Vec::new());
    let (all, some) = (route(&all, sample.item(), today()), route(&some, sample.item(), today()));
    assert_eq!(names(&all), ["ann", "dan"]);
    assert_eq!(all.persons, some.persons);
}

/// What [`reach`] says of a type holds for each of its messages.
#[test]
fn reach_says_of_a_type_what_opens_says_of_its_messages() {
    let scopes = [
        Scope::Manager,
        Scope::Liquidator,
        Scope::All,
        Scope::Type(MessageTypeId::new("DMFA-RECEIPT").unwrap()),
        Scope::Type(MessageTypeId::new("ANOTHER").unwrap()),
        Scope::Service(ServiceId::new("dmfa").unwrap()),
        Scope::Service(ServiceId::new("other").unwrap()),
        Scope::Organization(number(ONSS)),
        Scope::Application(ApplicationId::new("onss:dmfa").unwrap()),
    ];
    let partitions = [None, Some(PartitionId::general()), Some(PartitionId::new("HR").unwrap())];
    for level in [AccessLevel::Box, AccessLevel::Type] {
        for (scope, partition) in
            scopes.iter().flat_map(|scope| partitions.iter().map(move |it| (scope, it)))
        {
            let grant = Grant { partition: partition.clone(), ..grant("anne", scope.clone()) };
            let sample = Sample::new(level);
            let kind = kind(&sample);
            let opened: Vec<bool> =
                messages(&sample, |item, partition| opens(&grant, item, partition, today()));
            match reach(&grant, &kind) {
                None => assert!(opened.iter().all(|it| !it), "{grant:?} {level:?}"),
                Some(reach) => {
                    assert!(opened.iter().any(|it| *it), "{grant:?} {level:?}");
                    assert_eq!(reach.is_whole(), opened.iter().all(|it| *it), "{grant:?}");
                }
            }
        }
    }
}

fn kind(sample: &Sample) -> crate::domain::MessageType {
    serde_json::from_value(serde_json::json!({
        "id": sample.message_type, "name": { "fr": "x" }, "level": u8::from(sample.level),
        "validity": { "count": 1, "unit": "year" }, "service": sample.service,
    }))
    .unwrap()
}

/// Messages of one type: from two senders by two applications, in two places.
fn messages(sample: &Sample, ask: impl Fn(Item<'_>, &PartitionId) -> bool) -> Vec<bool> {
    let programs = [sample.application.clone(), ApplicationId::new("another").unwrap()];
    let places = [PartitionId::general(), PartitionId::new("HR").unwrap()];
    let mut answers = Vec::new();
    for organization in [number(ONSS), number(OTHER)] {
        for (application, place) in programs.iter().flat_map(|a| places.iter().map(move |p| (a, p)))
        {
            answers.push(ask(Item { organization, application, ..sample.item() }, place));
        }
    }
    answers
}

#[test]
fn destinations_end_with_the_rule_that_takes_the_rest() {
    let kind = MessageTypeId::new("DMFA-RECEIPT").unwrap();
    let of = |rules: &[RoutingRule]| {
        let found = destinations(&kind, rules);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(of(&[]), ["GENERAL"]);
    let another = RoutingRule {
        message_type: Some(MessageTypeId::new("ANOTHER").unwrap()),
        ..rule(1, "OTHER")
    };
    let sender = RoutingRule { organization: Some(number(ONSS)), ..rule(2, "HR") };
    let own = RoutingRule { message_type: Some(kind.clone()), ..rule(3, "PAY") };
    assert_eq!(of(&[another.clone(), sender.clone()]), ["HR", "GENERAL"]);
    assert_eq!(of(&[another, sender, own, rule(4, "LAST")]), ["HR", "PAY"]);
}
