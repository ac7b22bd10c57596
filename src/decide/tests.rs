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
        ("shadowed", rule("{ consent = true }") + &second + default, 6, "never match"),
        ("impossible", rule("{ box = [\"none\"], consent = true }") + default, 1, "never match"),
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
