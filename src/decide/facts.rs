//! What a decision may look at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{ApplicationId, DigitalForm, EnterpriseNumber, MessageTypeId, Precondition};

/// What the engine can observe of a company's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoxState {
    /// It has none, or the registry does not know the company.
    None,
    /// It was never opened.
    NeverOpened,
    /// It was last opened so many whole days ago.
    Opened {
        /// Days since the last connection.
        days_ago: u32,
    },
}

/// Everything a decision was made on; kept with the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The type.
    pub message_type: MessageTypeId,
    /// The sender organization.
    pub organization: EnterpriseNumber,
    /// The sender application.
    pub application: ApplicationId,
    /// Whether the type exists in digital form.
    pub digital_form: DigitalForm,
    /// Whether registered items of this type stay on paper.
    pub registered_on_paper: bool,
    /// Whether the sender wants it never on paper.
    pub digital_only: bool,
    /// Whether it is a registered item.
    pub registered: bool,
    /// What the sender demands of the box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precondition: Option<Precondition>,
    /// The company's box.
    pub recipient: BoxState,
    /// The company's all-digital consent.
    pub consent: bool,
    /// Whether anybody in the company could open this message.
    pub somebody_can_open: bool,
}

impl Facts {
    /// Whether the box meets what the sender of a registered item demands.
    /// Ordinary items demand nothing.
    #[must_use]
    pub fn precondition_met(&self) -> bool {
        let is_opened = matches!(self.recipient, BoxState::Opened { .. });
        match self.precondition {
            _ if !self.registered => true,
            None | Some(Precondition::Bypass) => true,
            Some(Precondition::Activated) => is_opened,
            Some(Precondition::Preferred) => is_opened && self.consent,
        }
    }

    /// Whether paper is out of the question: the type is digital-only, or the
    /// publication is.
    #[must_use]
    pub fn is_digital_only(&self) -> bool {
        self.digital_only || self.digital_form == DigitalForm::Only
    }
}
