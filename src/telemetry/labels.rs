//! Which label values exist. Only registered applications are named: a sender
//! that invents names must not be able to fill Prometheus' memory.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use metrics::SharedString;

use super::measure::{self as record, Outcome};
use crate::domain::{ApplicationId, Code, Medium};
use crate::route::AudienceKind;

/// What a sender that the registry does not know is counted as.
pub(super) const UNKNOWN: &str = "unknown";

/// Of the whole process, as the recorder itself is.
static APPLICATIONS: RwLock<BTreeSet<Arc<str>>> = RwLock::new(BTreeSet::new());

/// The label of an application.
pub(super) fn application(id: &str) -> SharedString {
    let known = APPLICATIONS.read().unwrap_or_else(PoisonError::into_inner);
    known.get(id).map_or(SharedString::const_str(UNKNOWN), |id| Arc::clone(id).into())
}

/// Makes the counters of known label values exist at 0, so that the first
/// increase is seen as one; from then on these applications are counted by
/// name. Call it again when the registry or the policy changes.
pub fn start_at_zero<'a>(
    applications: impl IntoIterator<Item = &'a ApplicationId>,
    reasons: impl IntoIterator<Item = (Medium, &'a str)>,
    codes: &[Code],
) {
    for id in applications {
        know(id.as_str());
        count_from_zero(id.as_str());
    }
    count_from_zero(UNKNOWN);
    for (medium, reason) in reasons {
        record::decision(medium, reason, 0);
    }
    for partition in record::PartitionKind::ALL {
        AudienceKind::ALL.iter().for_each(|audience| record::routed(partition, *audience, 0));
    }
    for code in codes {
        record::quarantined_exists(*code);
    }
    record::account_difference_exists();
    record::errors_exist();
    record::histograms_exist();
}

fn know(id: &str) {
    let mut known = APPLICATIONS.write().unwrap_or_else(PoisonError::into_inner);
    if !known.contains(id) {
        known.insert(id.into());
    }
}

fn count_from_zero(application: &str) {
    for outcome in Outcome::ALL {
        record::received(application, outcome, 0);
    }
    record::throttled(application, 0);
}
