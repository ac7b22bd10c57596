//! What a candidate is counted by.

use crate::domain::{Application, ApplicationId, Code, Refusal};
use crate::intake::admit;
use crate::intake::arrival::{Arrival, Candidate, Lane};
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
            let is_lanes = arrival.lane == Lane::Dead && is_by_account_of(lane, arrival, reference);
            let by_key = keyed(candidate, lane).filter(|_| is_lanes);
            let identity = by_key.unwrap_or_else(|| by_bytes(&owner(arrival, reference)));
            (identity, Err(given_up(candidate)))
        }
        Err(refusal) => (by_bytes(&owner(arrival, reference)), Err(refusal)),
    }
}

/// Of the applications that share an account, it is the lane's own.
fn owner(arrival: &Arrival, reference: &Reference) -> String {
    let lane = arrival.lane_name();
    match is_by_account_of(lane, arrival, reference) {
        true => lane.to_owned(),
        false => admit::accountable(arrival, reference),
    }
}

fn is_by_account_of(lane: &str, arrival: &Arrival, reference: &Reference) -> bool {
    let application = ApplicationId::new(lane).ok().and_then(|id| reference.applications.get(&id));
    let account = application.map(|application| application.account.as_str());
    account.is_some() && account == arrival.properties.user_id.as_deref()
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
