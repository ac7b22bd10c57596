//! Finds rules that can never match, by trying every combination of facts
//! that the rules can tell apart. The space is small: facts are enumerations,
//! days only matter around the thresholds named, ids only by which rules name
//! them.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{BoxState, Facts};
use super::policy::Rule;
use crate::domain::{ApplicationId, DigitalForm, EnterpriseNumber, MessageTypeId, Precondition};

/// The number of the first rule that no facts can reach.
pub(super) fn first_unreachable(rules: &[Rule]) -> Option<usize> {
    let mut is_reached = vec![false; rules.len()];
    let names = names(rules);
    let boxes = boxes(rules);
    for base in names {
        for facts in combinations(&base, &boxes) {
            if let Some(hit) = rules.iter().position(|rule| rule.when.matches(&facts)) {
                is_reached[hit] = true;
            }
        }
    }
    is_reached.iter().position(|reached| !reached)
}

/// One representative for each set of ids that the rules treat alike.
fn names(rules: &[Rule]) -> Vec<Facts> {
    let types = classes(rules, |rule| rule.when.message_types.as_ref(), a_type());
    let organizations = classes(rules, |rule| rule.when.organizations.as_ref(), an_organization());
    let applications = classes(rules, |rule| rule.when.applications.as_ref(), an_application());
    let mut all = Vec::new();
    for message_type in &types {
        for organization in &organizations {
            for application in &applications {
                all.push(facts(message_type, *organization, application));
            }
        }
    }
    all
}

fn classes<T: Clone + PartialEq>(
    rules: &[Rule],
    named: impl Fn(&Rule) -> Option<&Vec<T>>,
    other: Option<T>,
) -> Vec<T> {
    let all = rules.iter().filter_map(&named).flatten().cloned().chain(other);
    let mut by_signature: BTreeMap<Vec<bool>, T> = BTreeMap::new();
    for id in all {
        let signature = rules.iter().map(|rule| named(rule).is_none_or(|ids| ids.contains(&id)));
        by_signature.entry(signature.collect()).or_insert(id);
    }
    by_signature.into_values().collect()
}

/// Ids that no policy names: they stand for all the others.
fn a_type() -> Option<MessageTypeId> {
    MessageTypeId::new("any other type").ok()
}

fn an_application() -> Option<ApplicationId> {
    ApplicationId::new("any other application").ok()
}

fn an_organization() -> Option<EnterpriseNumber> {
    Some(EnterpriseNumber::from_stem(19_999_999))
}

fn facts(
    message_type: &MessageTypeId,
    organization: EnterpriseNumber,
    application: &ApplicationId,
) -> Facts {
    Facts {
        message_type: message_type.clone(),
        organization,
        application: application.clone(),
        digital_form: DigitalForm::Exists,
        registered_on_paper: false,
        digital_only: false,
        registered: false,
        precondition: None,
        recipient: BoxState::None,
        consent: false,
        somebody_can_open: false,
    }
}

/// Every state of a box with consent and readers; without a box there is
/// neither.
fn boxes(rules: &[Rule]) -> Vec<(BoxState, bool, bool)> {
    let thresholds = rules.iter().filter_map(|rule| rule.when.opened_within_days);
    let days: BTreeSet<u32> =
        thresholds.flat_map(|days| [days, days.saturating_add(1)]).chain([0]).collect();
    let states = days
        .into_iter()
        .map(|days_ago| BoxState::Opened { days_ago })
        .chain([BoxState::NeverOpened]);
    let mut all = vec![(BoxState::None, false, false)];
    for state in states {
        for consent in [false, true] {
            all.extend([false, true].map(|readers| (state, consent, readers)));
        }
    }
    all
}

fn combinations<'a>(
    base: &'a Facts,
    boxes: &'a [(BoxState, bool, bool)],
) -> impl Iterator<Item = Facts> + 'a {
    items().into_iter().flat_map(move |item| {
        boxes.iter().map(move |&(recipient, consent, somebody_can_open)| {
            let mut facts = base.clone();
            (facts.digital_form, facts.registered_on_paper, facts.digital_only) = item.0;
            (facts.registered, facts.precondition) = item.1;
            (facts.recipient, facts.consent) = (recipient, consent);
            facts.somebody_can_open = somebody_can_open;
            facts
        })
    })
}

type ItemFacts = ((DigitalForm, bool, bool), (bool, Option<Precondition>));

fn items() -> Vec<ItemFacts> {
    let registrations = [
        (false, None),
        (true, None),
        (true, Some(Precondition::Activated)),
        (true, Some(Precondition::Preferred)),
    ];
    let mut all = Vec::new();
    for form in [DigitalForm::None, DigitalForm::Exists, DigitalForm::Only] {
        for on_paper in [false, true] {
            for only in [false, true] {
                all.extend(
                    registrations.map(|registration| ((form, on_paper, only), registration)),
                );
            }
        }
    }
    all
}
