//! Counts what became of batches: once for each set of labels, not once for
//! each document.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::arrival::{Candidate, Lane};
use super::judge::Judged;
use crate::domain::Medium;
use crate::route::AudienceKind;
use crate::telemetry::measure::{self, Outcome, PartitionKind};

pub(super) use crate::telemetry::measure::error;

/// Nothing lies in a queue for longer.
const AGE_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A batch was committed.
pub(super) fn recorded(piece: &[Candidate], judged: &[Judged], now: Timestamp) {
    let mut received: BTreeMap<(&str, Outcome), u64> = BTreeMap::new();
    let mut decided: BTreeMap<(Medium, Arc<str>), u64> = BTreeMap::new();
    let mut routed: BTreeMap<(PartitionKind, AudienceKind), u64> = BTreeMap::new();
    for (candidate, judged) in piece.iter().zip(judged) {
        let Some(outcome) = outcome(judged) else { continue };
        // What is replayed was received, and waited, before.
        if candidate.replay.is_none() {
            *received.entry((candidate.arrival.lane_name(), outcome)).or_default() += 1;
        }
        if let Judged::Accepted { medium, reason, is_general, audience, .. } = judged {
            let kind = if *is_general { PartitionKind::General } else { PartitionKind::Own };
            *decided.entry((*medium, Arc::clone(reason))).or_default() += 1;
            *routed.entry((kind, *audience)).or_default() += 1;
        }
    }
    received.into_iter().for_each(|((lane, outcome), n)| measure::received(lane, outcome, n));
    decided.into_iter().for_each(|((medium, reason), n)| measure::decision(medium, &reason, n));
    routed.into_iter().for_each(|((kind, audience), n)| measure::routed(kind, audience, n));
    measure::batch_documents(piece.len());
    let arrived = || piece.iter().filter(|candidate| candidate.replay.is_none());
    measure::record_seconds(arrived().map(|candidate| candidate.arrival.taken_at.elapsed()));
    measure::end_to_end_seconds(
        arrived().filter_map(|candidate| age(candidate.arrival.properties.published_us, now)),
    );
}

fn outcome(judged: &Judged) -> Option<Outcome> {
    Some(match judged {
        Judged::Accepted { .. } => Outcome::Accepted,
        Judged::Quarantined(_) => Outcome::Quarantined,
        Judged::Held(_) => Outcome::Held,
        Judged::Repeat { .. } => Outcome::Repeat,
        Judged::Redelivered => Outcome::Redelivered,
        // No document was taken; the answer is counted as HTTP.
        Judged::Refused(_) | Judged::Stale => return None,
    })
}

/// Since when it says that it is under way; none where that cannot be: one clock
/// that is far off would be most of the sum of all.
fn age(published_us: Option<i64>, now: Timestamp) -> Option<Duration> {
    let age = now.as_microsecond().checked_sub(published_us?)?;
    let age = u64::try_from(age).ok().map(Duration::from_micros)?;
    (age <= AGE_MAX).then_some(age)
}

/// A lane waited for its pace.
pub(super) fn throttled(lane: &Lane) {
    if let Lane::Application(id) = lane {
        measure::throttled(id.as_str(), 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_cannot_be_is_no_age() {
        let now = Timestamp::from_second(1_763_884_800).unwrap();
        let of = |published_us| age(Some(published_us), now);
        assert_eq!(of(now.as_microsecond() - 1_500), Some(Duration::from_micros(1_500)));
        for wrong in [i64::MIN, i64::MIN + 1, -1, 0, now.as_microsecond() + 1, i64::MAX] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(age(None, now), None);
    }
}
