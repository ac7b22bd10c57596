//! Sandboxes: enterprise numbers that choose what becomes of a letter, so that
//! an agency can rehearse every end. Pure.
//!
//! The numbers are valid and reserved here; in an installation that serves real
//! companies nobody asks this module.

use super::report::{Cause, ReportKind};
use crate::domain::EnterpriseNumber;

/// The stem (first eight digits) of the first magic number.
const FIRST_STEM: u32 = 19_900_001;

/// One step of a fate: what is reported, and why.
pub type FateStep = (ReportKind, Option<Cause>);

use ReportKind as R;

const TO_THE_POST: [FateStep; 3] = [(R::Taken, None), (R::Printed, None), (R::Posted, None)];

/// What the magic numbers stand for, in order.
const FATES: [(&str, &[FateStep]); 10] = [
    ("delivered", &[(R::Delivered, None)]),
    ("moved", &[(R::NotDelivered, Some(Cause::Moved))]),
    ("unknown", &[(R::NotDelivered, Some(Cause::Unknown))]),
    ("ceased", &[(R::NotDelivered, Some(Cause::Ceased))]),
    ("refused", &[(R::NotDelivered, Some(Cause::Refused))]),
    ("returned", &[(R::NotDelivered, Some(Cause::Address)), (R::Returned, Some(Cause::Address))]),
    ("rejected", &[(R::Rejected, Some(Cause::Unprintable))]),
    ("damaged", &[(R::Damaged, Some(Cause::Damage))]),
    ("posted, and nothing more", &[]),
    (
        "delivered twice, then returned",
        &[(R::Delivered, None), (R::Delivered, None), (R::Returned, Some(Cause::Other))],
    ),
];

/// The magic numbers, each with what it stands for.
#[must_use]
pub fn numbers() -> Vec<(EnterpriseNumber, &'static str)> {
    let stems = (FIRST_STEM..).zip(FATES);
    stems.map(|(stem, (name, _))| (EnterpriseNumber::from_stem(stem), name)).collect()
}

/// What a sandbox's printer reports of a letter to a company, in order: the
/// fate of its number, or a delivery.
#[must_use]
pub fn fate(recipient: EnterpriseNumber) -> Vec<FateStep> {
    chosen(recipient).unwrap_or_else(|| told(FATES[0].1))
}

/// The fate of a magic number; none of any other.
#[must_use]
pub fn chosen(recipient: EnterpriseNumber) -> Option<Vec<FateStep>> {
    let magic = numbers().iter().position(|(number, _)| *number == recipient)?;
    Some(told(FATES[magic].1))
}

fn told(ending: &[FateStep]) -> Vec<FateStep> {
    let before = match ending.first() {
        Some((R::Rejected, _)) => &TO_THE_POST[..1],
        Some((R::Damaged, _)) => &TO_THE_POST[..2],
        _ => &TO_THE_POST[..],
    };
    [before, ending].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper::letter::{Event, LetterState, Outcome, apply};

    fn end(recipient: EnterpriseNumber) -> LetterState {
        fate(recipient).iter().fold(LetterState::Claimed, |state, (kind, _)| {
            match apply(state, Event::from(*kind)) {
                Outcome::Becomes(next) => next,
                _ => state,
            }
        })
    }

    #[test]
    fn numbers_end_as_the_manual_says() {
        let manual = include_str!("../../docs/operations.md");
        for (number, name) in numbers() {
            let line = format!("| {} | {name} | `{}` |", number.dotted(), end(number).as_str());
            assert!(manual.contains(&line), "{line}");
        }
        assert_eq!(end(EnterpriseNumber::from_stem(4_000_000)), LetterState::Delivered);
    }
}
