//! What a candidate is counted by.

use crate::domain::{Application, Code, Refusal};
use crate::intake::admit;
use crate::intake::arrival::{Candidate, Lane};
use crate::ledger::{IdentityKey, Reference};

/// What a candidate is counted by, and the application it comes from, if it
/// does.
///
/// By key only where the account is the one registered for the lane: nobody
/// can use up another one's keys. By bytes otherwise, on the account of the
/// application that published.
pub(super) fn identify<'a>(
    candidate: &Candidate,
    reference: &'a Reference,
) -> (IdentityKey, Result<&'a Application, Refusal>) {
    let (arrival, lane) = (&candidate.arrival, candidate.arrival.lane_name());
    let key = arrival.properties.message_id.as_deref();
    let by_bytes = |owner: &str| IdentityKey::of_bytes(owner, lane, key, &arrival.body);
    match admit::authenticate(arrival, reference) {
        Ok(Some(application)) => {
            let identity = keyed(candidate, lane).unwrap_or_else(|| by_bytes(lane));
            (identity, Ok(application))
        }
        Ok(None) => {
            let owner = admit::accountable(arrival, reference);
            let is_owners = arrival.lane == Lane::Dead && owner == lane;
            let by_key = keyed(candidate, lane).filter(|_| is_owners);
            (by_key.unwrap_or_else(|| by_bytes(&owner)), Err(given_up(candidate)))
        }
        Err(refusal) => (by_bytes(&admit::accountable(arrival, reference)), Err(refusal)),
    }
}

fn keyed(candidate: &Candidate, application: &str) -> Option<IdentityKey> {
    let (organization, key) = (candidate.organization?, candidate.key.as_ref()?);
    Some(IdentityKey::of_key(organization, application, key.as_str()))
}

fn given_up(candidate: &Candidate) -> Refusal {
    match &candidate.parsed {
        Err(refusal) => refusal.clone(),
        Ok(_) => Refusal::new(Code::Unroutable, "", "it came on no lane"),
    }
}
