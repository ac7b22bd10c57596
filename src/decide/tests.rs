use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{ApplicationId, DigitalForm, EnterpriseNumber, MessageTypeId, Precondition};

const DEFAULT: &str = include_str!("../../config/policy.toml");
const ONSS: &str = include_str!("../../config/policies/onss-2016.toml");
const FINANCE: &str = include_str!("../../config/policies/fps-finance-2025.toml");
const BANK: &str = include_str!("../../config/policies/national-bank.toml");
const EMPLOYMENT: &str = include_str!("../../config/policies/fps-employment.toml");

fn facts(recipient: BoxState) -> Facts {
    Facts {
        message_type: MessageTypeId::new("DIMONA1").unwrap(),
        organization: EnterpriseNumber::from_stem(2_067_316),
        application: ApplicationId::new("onss:dimona").unwrap(),
        digital_form: DigitalForm::Exists,
        registered_on_paper: false,
        digital_only: false,
        registered: false,
        precondition: None,
        recipient,
        consent: false,
        somebody_can_open: recipient != BoxState::None,
    }
}

fn with(mut base: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    change(&mut base);
    base
}

const NONE: BoxState = BoxState::None;
const NEVER: BoxState = BoxState::NeverOpened;
const fn opened(days_ago: u32) -> BoxState {
    BoxState::Opened { days_ago }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_default_policy_decides_as_documented() {
    use Ruling::{Both, Digital, Paper, Refuse};
    let policy = Policy::parse(DEFAULT).unwrap();
    let registered = |state, precondition| {
        with(facts(state), |f| (f.registered, f.precondition) = (true, precondition))
    };
    for (name, facts, ruling, reason, flag) in [
        ("active", facts(opened(0)), Digital, "BOX_IN_USE", None),
        ("the 180th day", facts(opened(180)), Digital, "BOX_IN_USE", None),
        ("the 181st day", facts(opened(181)), Both, "BOX_SELDOM_USED", None),
        ("never opened", facts(NEVER), Paper, "BOX_NEVER_OPENED", Some("NO_DIGITAL_USER")),
        ("no box", facts(NONE), Paper, "NO_BOX", None),
        ("consent", with(facts(NEVER), |f| f.consent = true), Digital, "ALL_DIGITAL_CONSENT", None),
        (
            "paper form beats consent",
            with(facts(opened(0)), |f| (f.digital_form, f.consent) = (DigitalForm::None, true)),
            Paper,
            "NO_DIGITAL_FORM",
            None,
        ),
        (
            "digital-only type waits for the box to come",
            with(facts(NONE), |f| f.digital_form = DigitalForm::Only),
            Digital,
            "DIGITAL_ONLY",
            None,
        ),
        (
            "digital-only publication",
            with(facts(NONE), |f| f.digital_only = true),
            Digital,
            "DIGITAL_ONLY",
            None,
        ),
        (
            "a type without digital form beats digital-only",
            with(facts(NONE), |f| (f.digital_only, f.digital_form) = (true, DigitalForm::None)),
            Paper,
            "NO_DIGITAL_FORM",
            None,
        ),
        ("bypass", registered(NONE, Some(Precondition::Bypass)), Paper, "NO_BOX", None),
        (
            "activated, unmet",
            registered(NEVER, Some(Precondition::Activated)),
            Refuse,
            "PRECONDITION_NOT_MET",
            None,
        ),
        (
            "activated, met",
            registered(opened(1), Some(Precondition::Activated)),
            Digital,
            "BOX_IN_USE",
            None,
        ),
        (
            "preferred, unmet",
            registered(opened(1), Some(Precondition::Preferred)),
            Refuse,
            "PRECONDITION_NOT_MET",
            None,
        ),
        (
            "preferred, met",
            with(registered(opened(1), Some(Precondition::Preferred)), |f| f.consent = true),
            Digital,
            "ALL_DIGITAL_CONSENT",
            None,
        ),
        (
            "a precondition on an ordinary item demands nothing",
            with(facts(NEVER), |f| f.precondition = Some(Precondition::Activated)),
            Paper,
            "BOX_NEVER_OPENED",
            Some("NO_DIGITAL_USER"),
        ),
        (
            "registered items of the type stay on paper",
            with(registered(opened(0), None), |f| {
                (f.registered_on_paper, f.consent) = (true, true);
            }),
            Paper,
            "REGISTERED_ON_PAPER",
            None,
        ),
        (
            "ordinary items of such a type do not",
            with(facts(opened(0)), |f| f.registered_on_paper = true),
            Digital,
            "BOX_IN_USE",
            None,
        ),
    ] {
        let decision = decide(&policy, &facts);
        let found = (decision.ruling, &*decision.reason, decision.flag.as_deref());
        assert_eq!(found, (ruling, reason, flag), "{name}");
    }
}

#[test]
fn the_four_real_policies_and_paper_only_types() {
    use Ruling::{Both, Digital, Paper};
    let registered = with(facts(opened(3)), |f| f.registered = true);
    for (name, text, facts, ruling) in [
        ("ONSS active", ONSS, facts(opened(10)), Digital),
        ("ONSS occasional", ONSS, facts(opened(400)), Both),
        ("ONSS no box", ONSS, facts(NONE), Paper),
        ("Finance activated", FINANCE, facts(opened(3000)), Digital),
        ("Finance never opened", FINANCE, facts(NEVER), Paper),
        ("Finance no box", FINANCE, facts(NONE), Paper),
        ("Bank no box", BANK, facts(NONE), Digital),
        ("Bank active", BANK, facts(opened(0)), Digital),
        ("Employment ordinary", EMPLOYMENT, facts(opened(0)), Digital),
        ("Employment registered", EMPLOYMENT, registered, Paper),
    ] {
        let policy = Policy::parse(text).unwrap();
        assert_eq!(decide(&policy, &facts).ruling, ruling, "{name}");
        let paper_only = with(facts, |f| f.digital_form = DigitalForm::None);
        assert_eq!(decide(&policy, &paper_only).ruling, Paper, "{name}, paper only");
    }
}

#[test]
fn a_faulty_policy_is_refused_with_its_line() {
    let default = "\n[default]\nruling = \"paper\"\nreason = \"NO_BOX\"\n";
    let rule = |when: &str| {
        format!("[[rule]]\nname = \"a\"\nwhen = {when}\nruling = \"digital\"\nreason = \"A\"\n")
    };
    let second = rule("{ consent = true, registered = true }").replace("\"a\"", "\"b\"");
    for (name, text, line, part) in [
        ("unknown condition", rule("{ moon = true }") + default, 3, "moon"),
        (
            "unknown medium",
            rule("{ consent = true }").replace("digital", "pigeon") + default,
            4,
            "pigeon",
        ),
        ("unknown key", rule("{ consent = true }") + "colour = 1\n" + default, 6, "colour"),
        (
            "reason in prose",
            rule("{ consent = true }").replace("\"A\"", "\"because\"") + default,
            1,
            "because",
        ),
        ("no default", rule("{ consent = true }"), 5, "default"),
        (
            "twice the same name",
            rule("{ consent = true }") + &rule("{ consent = false }") + default,
            6,
            "named",
        ),
        ("shadowed", rule("{ consent = true }") + &second + default, 6, "the rules before it"),
        ("impossible", rule("{ box = [\"none\"], consent = true }") + default, 1, "contradict"),
        ("rule without condition", rule("{}").replace("when = {}\n", "") + default, 1, "condition"),
        ("not TOML", "[[rule".to_owned(), 1, ""),
    ] {
        let error = Policy::parse(&text).expect_err(name);
        assert_eq!(error.line, line, "{name}: {error}");
        assert!(error.message.contains(part), "{name}: {error}");
    }
}

#[test]
fn rules_about_named_types_reach_only_those() {
    let text = DEFAULT.replace(
        "[[rule]]\nname = \"no-digital-form\"",
        "[[rule]]\nname = \"dimona\"\nwhen = { message_types = [\"DIMONA1\"] }\nruling = \"both\"\nreason = \"TRIAL\"\n\n[[rule]]\nname = \"no-digital-form\"",
    );
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(&*decide(&policy, &facts(NONE)).rule, "dimona");
    let other = with(facts(NONE), |f| f.message_type = MessageTypeId::new("C30bister2").unwrap());
    assert_eq!(&*decide(&policy, &other).rule, "default");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,400}") {
        drop(Policy::parse(&text));
    }

    #[test]
    fn consent_never_turns_digital_into_paper(days in 0u32..1000, registered: bool) {
        let policy = Policy::parse(DEFAULT).unwrap();
        let without = with(facts(opened(days)), |f| f.registered = registered);
        let consented = with(without.clone(), |f| f.consent = true);
        prop_assert_eq!(decide(&policy, &consented).ruling, Ruling::Digital);
        prop_assert_ne!(decide(&policy, &without).ruling, Ruling::Refuse);
    }
}

/// A rule that names one id of each kind, about boxes opened within some days.
fn rule_about(n: usize, kinds: [bool; 3]) -> String {
    let number = EnterpriseNumber::from_stem(1_000_000 + u32::try_from(n).unwrap());
    let ids = [
        format!("message_types = [\"TYPE-{n}\"], "),
        format!("organizations = [\"{number}\"], "),
        format!("applications = [\"sender:{n}\"], "),
    ];
    let ids = ids.iter().zip(kinds).filter(|(_, is_named)| *is_named).map(|(id, _)| id.as_str());
    let ids: String = ids.collect();
    format!(
        "[[rule]]\nname = \"r{n}\"\nwhen = {{ {ids}opened_within_days = {} }}\n\
         ruling = \"digital\"\nreason = \"R{n}\"\n",
        n + 1
    )
}

/// The bound is on steps, not on time, which a busy machine stretches.
#[test]
fn a_long_policy_is_checked_in_as_many_steps_as_it_has_rules() {
    let kinds = [[true; 3], [true, false, false], [false, true, false], [false, false, true]];
    let rules = (0..RULES_MAX - 1).map(|n| rule_about(n, kinds[n % kinds.len()]));
    let default = "[default]\nruling = \"paper\"\nreason = \"NO_BOX\"\n";
    let text = rules.collect::<String>() + default;
    let policy = Policy::parse(&text).unwrap();
    let mut reach = super::reach::Reach::of(&policy.rules);
    assert_eq!(reach.first_unreachable(), None);
    assert_eq!(reach.steps, policy.rules.len() as u64);
    let one_more = rule_about(RULES_MAX, kinds[0]) + &rule_about(RULES_MAX + 1, kinds[0]);
    let error = Policy::parse(&(one_more + &text)).unwrap_err();
    assert!(error.message.contains("more than 200 rules"), "{error}");
}

/// Conditions over few ids and facts, so that rules take from each other.
fn a_condition() -> impl Strategy<Value = String> {
    let ids = || proptest::sample::subsequence(vec![0, 1, 2], 0..=2);
    let flag = || proptest::option::of(any::<bool>());
    (ids(), ids(), ids(), flag(), flag(), proptest::option::of(0u32..3)).prop_map(
        |(types, organizations, applications, consent, precondition, days)| {
            let number = |n: &u32| EnterpriseNumber::from_stem(1_000_000 + n).to_string();
            let named = |key: &str, ids: Vec<String>| match ids.is_empty() {
                true => String::new(),
                false => format!("{key} = {ids:?}, "),
            };
            let types = types.iter().map(|n| format!("TYPE-{n}")).collect();
            let applications = applications.iter().map(|n| format!("sender:{n}")).collect();
            [
                named("message_types", types),
                named("organizations", organizations.iter().map(number).collect()),
                named("applications", applications),
                consent.map(|is| format!("consent = {is}, ")).unwrap_or_default(),
                precondition.map(|is| format!("precondition_met = {is}, ")).unwrap_or_default(),
                days.map(|days| format!("opened_within_days = {days}, ")).unwrap_or_default(),
            ]
            .concat()
        },
    )
}

type Change = Box<dyn Fn(&mut Facts)>;

/// Facts over the same ids, every combination that the conditions tell apart.
fn all_facts() -> Vec<Facts> {
    let mut all = vec![facts(NONE)];
    let states = [NONE, NEVER, opened(0), opened(1), opened(2), opened(3)];
    let wide = |all: Vec<Facts>, changes: Vec<Change>| -> Vec<Facts> {
        let changed = |facts: &Facts| -> Vec<Facts> {
            changes.iter().map(|change| with(facts.clone(), |f| change(f))).collect()
        };
        all.iter().flat_map(changed).collect()
    };
    all = wide(all, states.map(|s| Box::new(move |f: &mut Facts| f.recipient = s) as _).into());
    let types = (0..4).map(|n| {
        let id = MessageTypeId::new(format!("TYPE-{n}")).unwrap();
        Box::new(move |f: &mut Facts| f.message_type = id.clone()) as Change
    });
    all = wide(all, types.collect());
    let organizations = (0..4).map(|n| {
        let id = EnterpriseNumber::from_stem(1_000_000 + n);
        Box::new(move |f: &mut Facts| f.organization = id) as Change
    });
    all = wide(all, organizations.collect());
    let applications = (0..4).map(|n| {
        let id = ApplicationId::new(format!("sender:{n}")).unwrap();
        Box::new(move |f: &mut Facts| f.application = id.clone()) as Change
    });
    all = wide(all, applications.collect());
    let demands = [None, Some(Precondition::Activated), Some(Precondition::Preferred)];
    let demands = demands.map(|p| {
        Box::new(move |f: &mut Facts| (f.registered, f.precondition) = (true, p)) as Change
    });
    all = wide(all, demands.into());
    let consents = [false, true]
        .map(|is| Box::new(move |f: &mut Facts| f.consent = is && f.recipient != NONE) as Change);
    wide(all, consents.into())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// What is found unreachable is reached by no facts, tried one by one, and
    /// the rules before it are.
    #[test]
    fn what_no_facts_reach_is_what_is_refused(conditions in prop::collection::vec(a_condition(), 1..6)) {
        let rule = |(n, when): (usize, &String)| format!(
            "[[rule]]\nname = \"r{n}\"\nwhen = {{ {} }}\nruling = \"digital\"\nreason = \"R\"\n",
            when.trim_end_matches(", "));
        let rules: String = conditions.iter().enumerate().map(rule).collect();
        let refused = Policy::parse(&(rules + "[default]\nruling = \"paper\"\nreason = \"N\"\n"));
        let alone = |when: &String| -> Condition {
            let text = format!("when = {{ {} }}", when.trim_end_matches(", "));
            let mut read: BTreeMap<String, Condition> = toml::from_str(&text).unwrap();
            read.remove("when").unwrap()
        };
        let parsed: Vec<Condition> = conditions.iter().map(alone).collect();
        let mut is_reached = vec![false; parsed.len()];
        for facts in all_facts() {
            let hit = parsed.iter().position(|condition| condition.matches(&facts));
            if let Some(hit) = hit {
                is_reached[hit] = true;
            }
        }
        let first = is_reached.iter().position(|reached| !reached);
        let line = refused.err().map(|error| error.line);
        prop_assert_eq!(line, first.map(|first| first * 5 + 1));
    }
}
