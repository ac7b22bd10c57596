//! Who sends: organizations, their applications, and what each may send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountName, ApplicationId, EnterpriseNumber, MessageTypeId, ServiceId, Texts};

/// A public body that sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Organization {
    /// Its enterprise number.
    pub number: EnterpriseNumber,
    /// Its name.
    pub name: Texts,
}

/// A sender application: it has a lane, and an account on the broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Application {
    /// Its id; also the routing key of its lane.
    pub id: ApplicationId,
    /// Its name.
    pub name: Texts,
    /// The broker account that must publish for it (`user_id`).
    pub account: AccountName,
    /// Documents a second, over all engines; without it, as fast as the line goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace_per_second: Option<u32>,
    /// SHA-256 (base64url) of its key for uploading documents over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_key_digest: Option<super::Digest>,
}

/// An online service that message types belong to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OnlineService {
    /// Its id.
    pub id: ServiceId,
    /// Its name.
    pub name: Texts,
}

/// What may be sent by whom: a publication is allowed only where its trio is
/// registered.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Trio {
    /// The organization.
    pub organization: EnterpriseNumber,
    /// One of its applications.
    pub application: ApplicationId,
    /// A type that this application may send for this organization.
    pub message_type: MessageTypeId,
}
