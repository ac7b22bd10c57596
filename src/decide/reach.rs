//! Finds rules that can never match.
//!
//! A rule holds for a product of four sets: types, organizations, applications
//! and states (all else that facts hold). It can match where a point of its
//! product lies in that of no rule before it. Where it names no ids of a kind,
//! an id that no policy names is the best to try, since the fewest rules hold
//! for it; where it names some, those are tried for which the fewest hold. So
//! what other rules name is never combined with what others name.

use super::policy::Rule;
use super::states::{States, states};

/// The number of the first rule that no facts can reach.
pub(super) fn first_unreachable(rules: &[Rule]) -> Option<usize> {
    Reach::of(rules).first_unreachable()
}

/// The rules with the states that each holds for.
pub(super) struct Reach<'a> {
    rules: &'a [Rule],
    states: Vec<States>,
    /// How often the states of rules were put together.
    pub(super) steps: u64,
}

impl<'a> Reach<'a> {
    pub(super) fn of(rules: &'a [Rule]) -> Self {
        Self { rules, states: states(rules), steps: 0 }
    }

    pub(super) fn first_unreachable(&mut self) -> Option<usize> {
        (0..self.rules.len()).find(|number| !self.is_reached(*number))
    }

    /// Whether some facts reach a rule past those before it.
    fn is_reached(&mut self, number: usize) -> bool {
        let (rules, own) = (self.rules, &self.rules[number].when);
        let before: Vec<usize> = (0..number).collect();
        let types = |rule: usize| rules[rule].when.message_types.as_ref();
        let organizations = |rule: usize| rules[rule].when.organizations.as_ref();
        let applications = |rule: usize| rules[rule].when.applications.as_ref();
        for before in fewest(own.message_types.as_ref(), &before, types) {
            for before in fewest(own.organizations.as_ref(), &before, organizations) {
                for before in fewest(own.applications.as_ref(), &before, applications) {
                    self.steps += 1;
                    if self.states[number].exceed(before.iter().map(|rule| &self.states[*rule])) {
                        return true;
                    }
                }
            }
        }
        false
    }
}

/// For each id that a rule may hold for, which of these rules hold for it too;
/// without those in which another id's are contained.
fn fewest<'r, T: PartialEq + 'r>(
    own: Option<&'r Vec<T>>,
    rules: &[usize],
    named: impl Fn(usize) -> Option<&'r Vec<T>>,
) -> Vec<Vec<usize>> {
    let holding = |id: Option<&T>| -> Vec<usize> {
        let holds = |ids: &Vec<T>| id.is_some_and(|id| ids.contains(id));
        rules.iter().copied().filter(|rule| named(*rule).is_none_or(holds)).collect()
    };
    let Some(ids) = own else { return vec![holding(None)] };
    let mut all: Vec<Vec<usize>> = ids.iter().map(|id| holding(Some(id))).collect();
    all.sort_by_key(Vec::len);
    let mut kept: Vec<Vec<usize>> = Vec::new();
    for holding in all {
        if !kept.iter().any(|few| few.iter().all(|rule| holding.contains(rule))) {
            kept.push(holding);
        }
    }
    kept
}
