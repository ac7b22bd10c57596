//! What lapin's errors mean here.

use lapin::ErrorKind;
use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError};

use crate::queue::{Door, QueueError};

/// An error, by what it calls for. The texts are the broker's own: they name
/// exchange, queue, virtual host and account, never a password.
#[derive(Debug)]
pub(super) enum Fault {
    /// The exchange or queue does not exist.
    NotFound(String),
    /// A declaration differs from what exists, or a message is not admissible.
    Precondition(String),
    /// The account may not do this.
    Forbidden(String),
    /// The connection or the channel is lost.
    Lost(lapin::Error),
}

impl Fault {
    pub(super) fn of(error: lapin::Error) -> Self {
        let Some(refusal) = refusal(&error) else { return Self::Lost(error) };
        let text = refusal.get_message().to_string();
        match refusal.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Self::NotFound(text),
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Self::Precondition(text),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Self::Forbidden(text),
            AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => Self::Lost(error),
        }
    }
}

impl From<Fault> for QueueError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound(text) | Fault::Precondition(text) => Self::Topology(text),
            Fault::Forbidden(text) => Self::Forbidden(text),
            Fault::Lost(error) => unavailable(error),
        }
    }
}

/// Whether the broker closed the channel because of what was asked of it.
pub(super) fn is_refusal(error: &lapin::Error) -> bool {
    refusal(error).is_some()
}

/// Whether that was because an exchange or a queue does not exist.
pub(super) fn is_not_found(error: &lapin::Error) -> bool {
    let kind = refusal(error).map(AMQPError::kind);
    matches!(kind, Some(AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
}

/// What a broker that answers did not let us through, by the codes of AMQP
/// 0-9-1 with which it closes the connection.
pub(super) fn door(error: &lapin::Error) -> Option<Door> {
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return None };
    match refusal.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Some(Door::Account),
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => Some(Door::VirtualHost),
        AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => None,
    }
}

/// For calls that fail only when the broker is away.
pub(super) fn unavailable(error: lapin::Error) -> QueueError {
    QueueError::Unavailable(Box::new(error))
}

fn refusal(error: &lapin::Error) -> Option<&AMQPError> {
    match error.kind() {
        ErrorKind::ProtocolError(refusal) if error.is_amqp_soft_error() => Some(refusal),
        _ => None,
    }
}
