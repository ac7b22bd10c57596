//! Every state that rules can tell apart, beside ids, and which of them each
//! rule holds for. The space is small: facts are enumerations, and days only
//! matter around the thresholds that are named.

use std::collections::BTreeSet;

use super::facts::{BoxState, Facts};
use super::policy::{Condition, Rule};
use crate::domain::{ApplicationId, DigitalForm, EnterpriseNumber, MessageTypeId, Precondition};

/// A set of states, a bit each.
pub(super) struct States(Vec<u64>);

impl States {
    /// Whether it holds one that none of the others does.
    pub(super) fn exceed<'s>(&self, others: impl Iterator<Item = &'s Self>) -> bool {
        let mut left = self.0.clone();
        for other in others {
            left.iter_mut().zip(&other.0).for_each(|(left, other)| *left &= !other);
        }
        left.iter().any(|word| *word != 0)
    }

    fn add(&mut self, number: usize) {
        let (word, bit) = (number / 64, number % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }
}

/// For each rule the states that it holds for, whatever ids it names.
pub(super) fn states(rules: &[Rule]) -> Vec<States> {
    let conditions: Vec<Condition> = rules.iter().map(|rule| without_ids(&rule.when)).collect();
    let mut all: Vec<States> = rules.iter().map(|_| States(Vec::new())).collect();
    let Some(any) = any_facts() else { return all };
    let boxes = boxes(rules);
    let facts = items().into_iter().flat_map(|item| boxes.iter().map(move |state| (item, *state)));
    for (number, (item, state)) in facts.enumerate() {
        let facts = with(&any, item, state);
        for (condition, states) in conditions.iter().zip(&mut all) {
            if condition.matches(&facts) {
                states.add(number);
            }
        }
    }
    let words = all.iter().map(|states| states.0.len()).max().unwrap_or(0);
    all.iter_mut().for_each(|states| states.0.resize(words, 0));
    all
}

fn without_ids(condition: &Condition) -> Condition {
    let (message_types, organizations, applications) = (None, None, None);
    Condition { message_types, organizations, applications, ..condition.clone() }
}

/// About ids that no policy names.
fn any_facts() -> Option<Facts> {
    Some(Facts {
        message_type: MessageTypeId::new("any other type").ok()?,
        organization: EnterpriseNumber::from_stem(19_999_999),
        application: ApplicationId::new("any other application").ok()?,
        digital_form: DigitalForm::Exists,
        registered_on_paper: false,
        digital_only: false,
        registered: false,
        precondition: None,
        recipient: BoxState::None,
        consent: false,
        somebody_can_open: false,
    })
}

type BoxFacts = (BoxState, bool, bool);

/// Every state of a box with consent and readers; without a box there is
/// neither.
fn boxes(rules: &[Rule]) -> Vec<BoxFacts> {
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

fn with(any: &Facts, item: ItemFacts, (recipient, consent, somebody_can_open): BoxFacts) -> Facts {
    let mut facts = any.clone();
    (facts.digital_form, facts.registered_on_paper, facts.digital_only) = item.0;
    (facts.registered, facts.precondition) = item.1;
    (facts.recipient, facts.consent) = (recipient, consent);
    facts.somebody_can_open = somebody_can_open;
    facts
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
