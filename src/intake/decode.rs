//! From bytes to a publication, or to the place of the fault.

use bytes::Bytes;
use uuid::Uuid;

use super::arrival::{Arrival, Candidate, Lane, Parsed};
use crate::domain::{
    Code, Digest, EnterpriseNumber, IdempotencyKey, Limits, MessageId, Object, Publication,
    Refusal, only_enterprises, validate,
};
use crate::ledger::Fingerprint;

/// Decodes a delivery. Never fails: what is wrong becomes part of the
/// candidate.
#[must_use]
pub fn decode(arrival: Arrival, limits: Limits, body_bytes_max: usize) -> Candidate {
    let key = arrival.properties.message_id.as_deref().map(IdempotencyKey::new);
    let key = key.and_then(Result::ok);
    let read = read(&arrival.body, body_bytes_max);
    let organization = match &read {
        Ok(publication) => organization_of(publication),
        Err(refusal) if refusal.code == Code::Malformed => organization_in(&arrival.body),
        Err(_) => None,
    };
    let parsed = refused_by_broker(&arrival)
        .map_or_else(|| read.and_then(|p| decode_publication(p, limits)), Err)
        .and_then(|parsed| usable_key(key.as_ref(), parsed))
        .map(|parsed| with_carried(parsed, &arrival.carried));
    Candidate {
        fingerprint: fingerprint(&arrival.body),
        arrival,
        key,
        organization,
        parsed,
        id: MessageId(Uuid::now_v7()),
        job: Uuid::now_v7(),
        replay: None,
    }
}

/// Reads a publication, with no more than `body_bytes_max` bytes.
///
/// # Errors
/// What is no publication, with the place of the fault.
pub fn read_publication(body: &Bytes, body_bytes_max: usize) -> Result<Publication, Refusal> {
    read(body, body_bytes_max)
}

/// Checks a publication's own rules.
///
/// # Errors
/// The first rule that is broken.
pub fn decode_publication(mut publication: Publication, limits: Limits) -> Result<Parsed, Refusal> {
    let valid = validate(&mut publication, limits)?;
    let json = serde_json::to_string(&publication)
        .map_err(|error| Refusal::new(Code::Malformed, "", error.to_string()))?;
    Ok(Parsed { publication, valid, json })
}

/// Content that came beside the publication is stored like inline content.
fn with_carried(mut parsed: Parsed, carried: &[(Digest, Bytes)]) -> Parsed {
    let content = |digest: &Digest| carried.iter().find(|(known, _)| known == digest);
    let (inline, uploaded) = std::mem::take(&mut parsed.valid.uploaded)
        .into_iter()
        .partition(|(_, digest, _)| content(digest).is_some());
    parsed.valid.uploaded = uploaded;
    let inline: Vec<(usize, Digest, u64)> = inline;
    parsed.valid.inline.extend(inline.iter().filter_map(|(_, digest, _)| content(digest)).cloned());
    parsed
}

fn refused_by_broker(arrival: &Arrival) -> Option<Refusal> {
    match &arrival.lane {
        Lane::Application(_) => None,
        Lane::Unroutable => {
            let message = format!("no lane is registered for {:?}", arrival.routing_key);
            Some(Refusal::new(Code::Unroutable, "", message))
        }
        Lane::Dead => {
            let reason = arrival.death.as_ref().map_or("unknown", |death| death.reason.as_str());
            let message = format!("the broker gave up delivering it ({reason})");
            Some(Refusal::new(Code::DeadLettered, "", message))
        }
    }
}

fn read(body: &Bytes, body_bytes_max: usize) -> Result<Publication, Refusal> {
    let malformed = |message: String| Err(Refusal::new(Code::Malformed, "", message));
    if body.is_empty() {
        return malformed("the body is empty".into());
    }
    if body.len() > body_bytes_max {
        let message =
            format!("the body has {} bytes; at most {body_bytes_max} are taken", body.len());
        return Err(Refusal::new(Code::TooLarge, "", message));
    }
    let read = serde_json::from_slice::<Object<Publication>>(body);
    let read = read.map_err(|_| named(locate::<Object<Publication>>(body), body));
    read.map(|Object(publication)| publication)
}

/// Mistakes that senders often make have names, though the shape is wrong already:
/// a digest in another writing, and a citizen as the recipient.
fn named(fault: Refusal, body: &[u8]) -> Refusal {
    if fault.pointer.ends_with("/content/sha256") {
        return Refusal { code: Code::Digest, ..fault };
    }
    if fault.pointer.starts_with("/recipient") {
        let kind = kind_of_recipient(body);
        let other = kind.and_then(|kind| only_enterprises(&kind, "/recipient/eboxType").err());
        return other.unwrap_or(fault);
    }
    fault
}

fn kind_of_recipient(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Addressed {
        recipient: Party,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Party {
        ebox_type: String,
    }
    serde_json::from_slice(body).ok().map(|Addressed { recipient }| recipient.ebox_type)
}

/// Parses a `T` again to find the place of the fault: only what is refused
/// pays for it.
pub fn locate<T: serde::de::DeserializeOwned>(body: &[u8]) -> Refusal {
    let mut json = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(error) => {
            let pointer = pointer(error.path());
            Refusal::new(Code::Malformed, pointer, error.into_inner().to_string())
        }
        Ok(_) => match json.end() {
            Err(error) => Refusal::new(Code::Malformed, "", error.to_string()),
            Ok(()) => Refusal::new(Code::Malformed, "", "not a publication"),
        },
    }
}

/// A path as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn usable_key(key: Option<&IdempotencyKey>, parsed: Parsed) -> Result<Parsed, Refusal> {
    match key {
        Some(_) => Ok(parsed),
        None => Err(Refusal::new(
            Code::MissingKey,
            "",
            "the property message_id must hold the idempotency key: 1 to 255 printable characters",
        )),
    }
}

fn organization_of(publication: &Publication) -> Option<EnterpriseNumber> {
    publication.sender.enterprise_number.parse().ok()
}

/// Of what is JSON and no publication, so that its key counts and the mended
/// publication takes its place.
fn organization_in(body: &[u8]) -> Option<EnterpriseNumber> {
    #[derive(serde::Deserialize)]
    struct Signed {
        sender: Party,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Party {
        enterprise_number: String,
    }
    let signed: Signed = serde_json::from_slice(body).ok()?;
    signed.sender.enterprise_number.parse().ok()
}

fn fingerprint(body: &[u8]) -> Fingerprint {
    let mut half = Fingerprint::default();
    half.copy_from_slice(&Digest::of(body).as_bytes()[..16]);
    half
}
