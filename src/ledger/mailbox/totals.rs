//! Totals that were counted before, for as long as nothing changed that they
//! count.
//!
//! Programs ask for the same box again and again, and counting is most of the
//! answer: it looks at each message, where what tells that nothing changed is
//! read from keys alone. No row of a message is ever deleted, so a box holds
//! the same messages as long as it holds as many; what readers do with them
//! moves the box's `mail_position`; whom it is open to stands under versions;
//! and when the next message leaves it is known.

use jiff::Timestamp;
use quick_cache::sync::Cache;

use super::filter::{Filter, Hidden};
use crate::clock::belgian_day;
use crate::domain::{EnterpriseNumber, PersonId};
use crate::ledger::micros;

/// Totals in memory, about 150 bytes each.
const TOTALS_CACHED: usize = 50_000;

/// Which list: of a person, in a box, on a Belgian day, since grants are for
/// days.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct List {
    person: PersonId,
    enterprise: EnterpriseNumber,
    day: jiff::civil::Date,
    hidden: Hidden,
    is_unread: Option<bool>,
}

/// What a total stands and falls with, as a statement read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Under {
    /// Of the reference data and of the box's access.
    pub(super) versions: (i64, i64),
    /// Where a reader last changed a message of the box.
    pub(super) mail_position: i64,
    /// Messages in the box.
    pub(super) messages: i64,
}

/// How many messages a list has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) under: Under,
    pub(super) total: u64,
    /// From when on, and until when the first of them leaves, in microseconds
    /// since 1970.
    pub(super) holds: (i64, i64),
}

/// What was counted last.
pub(in crate::ledger) struct Totals(Cache<List, Counted>);

impl Default for Totals {
    fn default() -> Self {
        Self(Cache::new(TOTALS_CACHED))
    }
}

impl List {
    /// None for one that is not asked for often: it is counted.
    pub(super) fn of(
        person: &PersonId,
        enterprise: EnterpriseNumber,
        filter: &Filter,
        now: Timestamp,
    ) -> Option<Self> {
        let Filter { hidden, is_unread, .. } = *filter;
        let is_plain = *filter == Filter { hidden, is_unread, ..Filter::default() };
        let (person, day) = (person.clone(), belgian_day(now));
        is_plain.then_some(Self { person, enterprise, day, hidden, is_unread })
    }
}

impl Totals {
    /// What was counted, if it may still hold: whether it does, [`Under`] tells.
    pub(super) fn get(&self, list: &List, now: Timestamp) -> Option<Counted> {
        let now = micros(now);
        self.0.get(list).filter(|counted| (counted.holds.0..counted.holds.1).contains(&now))
    }

    pub(super) fn keep(&self, list: List, counted: Counted) {
        self.0.insert(list, counted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(filter: &Filter, at: &str) -> Option<List> {
        let person = "person-0206731645".parse().unwrap();
        List::of(&person, "0206731645".parse().unwrap(), filter, at.parse().unwrap())
    }

    #[test]
    fn a_list_is_known_by_its_belgian_day_and_what_it_leaves_out() {
        let plain = Filter::default();
        let evening = list(&plain, "2026-11-27T22:59:59Z").unwrap();
        assert_eq!(Some(&evening), list(&plain, "2026-11-27T08:00:00Z").as_ref());
        assert_ne!(Some(&evening), list(&plain, "2026-11-27T23:00:00Z").as_ref());
        let unread = list(&Filter::unread(), "2026-11-27T08:00:00Z");
        assert!(unread.is_some_and(|it| it != evening));
        let with_hidden = Filter { hidden: Hidden::With, ..Filter::default() };
        assert!(list(&with_hidden, "2026-11-27T08:00:00Z").is_some_and(|it| it != evening));
        let narrow = Filter { is_registered: Some(true), ..Filter::default() };
        assert_eq!(list(&narrow, "2026-11-27T08:00:00Z"), None);
    }

    #[test]
    fn a_total_holds_until_the_first_message_leaves() {
        let under = Under { versions: (1, 1), mail_position: 0, messages: 3 };
        let totals = Totals::default();
        let list = list(&Filter::default(), "1970-01-01T00:00:00Z").unwrap();
        let at = |micros| Timestamp::from_microsecond(micros).unwrap();
        assert!(totals.get(&list, at(10)).is_none());
        totals.keep(list.clone(), Counted { under, total: 3, holds: (10, 20) });
        for (now, holds) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(totals.get(&list, at(now)).is_some(), holds, "{now}");
        }
    }
}
