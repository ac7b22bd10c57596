//! The rules that need the registry: who may send what to whom.

use jiff::civil::Date;

use super::arrival::{Arrival, Candidate, Lane, Parsed};
use crate::domain::{Application, Code, DigitalForm, MessageType, Refusal, check_business_data};
use crate::ledger::{Recipient, Reference, Snapshot};

/// A publication that may be accepted, with what the registry says of it.
pub(super) struct Admitted<'a> {
    pub(super) parsed: &'a Parsed,
    pub(super) message_type: &'a MessageType,
    /// None: a valid number that the registry does not know.
    pub(super) recipient: Option<&'a Recipient>,
}

/// Whose publication this is: the account that the broker checked must be the
/// one registered for the application of the lane.
///
/// # Errors
/// The refusal, for the application of the account that published; never for
/// the one it claimed to be.
pub(super) fn authenticate<'a>(
    arrival: &Arrival,
    reference: &'a Reference,
) -> Result<Option<&'a Application>, Refusal> {
    let Lane::Application(lane) = &arrival.lane else { return Ok(None) };
    let properties = &arrival.properties;
    let forged = |message: String| Err(Refusal::new(Code::Forged, "", message));
    let Some(account) = properties.user_id.as_deref() else {
        return forged("the property user_id is missing".into());
    };
    let Some(application) = reference.applications.get(lane) else {
        return forged(format!("{lane} is not a registered application"));
    };
    if application.account.as_str() != account {
        return forged(format!("the account {account:?} may not publish for {lane}"));
    }
    if arrival.routing_key != lane.as_str() {
        return forged(format!("the routing key {:?} is not the lane's", arrival.routing_key));
    }
    match properties.app_id.as_deref() {
        Some(app_id) if app_id == lane.as_str() => Ok(Some(application)),
        Some(app_id) => forged(format!("the property app_id is {app_id:?}, on the lane of {lane}")),
        None => forged("the property app_id is missing".into()),
    }
}

/// The application that is accountable for a delivery that is not what it
/// says it is.
pub(super) fn accountable(arrival: &Arrival, reference: &Reference) -> String {
    let account = arrival.properties.user_id.as_deref();
    account
        .and_then(|account| reference.application_of_account(account))
        .map_or_else(|| UNKNOWN.to_owned(), |application| application.id.to_string())
}

/// Stands for a sender that nobody registered.
pub(super) const UNKNOWN: &str = "unknown";

/// Checks everything that the registry decides, except routing and medium.
///
/// # Errors
/// The first rule that is broken.
pub(super) fn admit<'a>(
    candidate: &'a Candidate,
    application: &Application,
    snapshot: &'a Snapshot,
    is_registry_complete: bool,
) -> Result<Admitted<'a>, Refusal> {
    let parsed = candidate.parsed.as_ref().map_err(Clone::clone)?;
    let message_type = trio(parsed, application, &snapshot.reference)?;
    check_business_data(&parsed.publication.business_data_list, &message_type.business_data)?;
    uploaded(parsed, snapshot)?;
    let recipient = snapshot.recipients.get(&parsed.valid.recipient);
    if recipient.is_none() && is_registry_complete {
        let message = "no enterprise has this number";
        return Err(Refusal::new(Code::InvalidInput, "/recipient/enterpriseNumber", message));
    }
    Ok(Admitted { parsed, message_type, recipient })
}

fn trio<'a>(
    parsed: &Parsed,
    application: &Application,
    reference: &'a Reference,
) -> Result<&'a MessageType, Refusal> {
    let valid = &parsed.valid;
    let refused =
        |pointer: &str, message: &str| Err(Refusal::new(Code::InvalidSender, pointer, message));
    if valid.application != application.id {
        return refused("/senderApplicationId", "not the application that published");
    }
    if !reference.organizations.contains_key(&valid.organization) {
        return refused("/sender/enterpriseNumber", "not a registered sender organization");
    }
    let Some(message_type) = reference.message_types.get(&valid.message_type) else {
        return refused("/messageTypeId", "not a registered message type");
    };
    if !reference.allows(valid.organization, &valid.application, &valid.message_type) {
        return refused(
            "",
            "organization, application and message type were not configured together",
        );
    }
    Ok(message_type)
}

/// A digest names a document only for the application that uploaded it.
fn uploaded(parsed: &Parsed, snapshot: &Snapshot) -> Result<(), Refusal> {
    for (i, digest, size) in &parsed.valid.uploaded {
        let key = (parsed.valid.application.clone(), *digest);
        let pointer = || format!("/attachments/{i}/content");
        match snapshot.documents.get(&key) {
            Some(known) if known.size == *size => {}
            Some(known) => {
                let message = format!("the uploaded document has {} bytes, not {size}", known.size);
                return Err(Refusal::new(Code::Digest, pointer() + "/size", message));
            }
            None => {
                let message = "this application uploaded no document with this digest";
                return Err(Refusal::new(Code::UnknownDocument, pointer() + "/sha256", message));
            }
        }
    }
    Ok(())
}

/// Whether an enterprise that has ceased by a day stands in the way.
pub(super) fn is_closed(admitted: &Admitted<'_>, day: Date) -> bool {
    admitted.recipient.is_some_and(|it| it.state.is_over(it.state_since, day))
}

/// Whether the enterprise is so new that its box is not used yet.
pub(super) fn is_in_grace(admitted: &Admitted<'_>, day: Date, grace_days: u16) -> bool {
    admitted.recipient.is_some_and(|it| it.state.is_new(it.state_since, day, grace_days))
}

/// Whether the type exists in digital form only, or the sender wants it so.
pub(super) fn digital_form(admitted: &Admitted<'_>) -> DigitalForm {
    admitted.message_type.digital_form
}
