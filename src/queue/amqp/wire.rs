//! Between the port's words and lapin's.

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::queue::{Death, Inbound, Properties, QueueError, Tag};

const PUBLISHED_US: &str = "facteur-published-us";
const FIRST_DEATH_QUEUE: &str = "x-first-death-queue";
const FIRST_DEATH_REASON: &str = "x-first-death-reason";
const PERSISTENT: u8 = 2;

/// A name or property as AMQP carries it: at most 255 bytes. lapin's own
/// conversion panics on more.
pub(super) fn name(text: &str) -> Result<ShortString, QueueError> {
    ShortString::try_new(text).map_err(|_| {
        let start: String = text.chars().take(40).collect();
        QueueError::Forbidden(format!("{start:?}… is longer than the 255 bytes of AMQP"))
    })
}

pub(super) fn outgoing(properties: &Properties) -> Result<BasicProperties, QueueError> {
    let mut wire = BasicProperties::default().with_delivery_mode(PERSISTENT);
    if let Some(id) = &properties.message_id {
        wire = wire.with_message_id(name(id)?);
    }
    if let Some(application) = &properties.app_id {
        wire = wire.with_app_id(name(application)?);
    }
    if let Some(account) = &properties.user_id {
        wire = wire.with_user_id(name(account)?);
    }
    if let Some(media_type) = &properties.content_type {
        wire = wire.with_content_type(name(media_type)?);
    }
    if let Some(published_us) = properties.published_us {
        let mut headers = FieldTable::default();
        headers.insert(PUBLISHED_US.into(), AMQPValue::LongLongInt(published_us));
        wire = wire.with_headers(headers);
    }
    Ok(wire)
}

pub(super) fn incoming(delivery: &mut Delivery) -> Inbound {
    let headers = delivery.properties.headers().as_ref();
    Inbound {
        properties: properties(&delivery.properties),
        death: headers.and_then(death),
        routing_key: delivery.routing_key.to_string(),
        redelivered: delivery.redelivered,
        tag: Tag(delivery.delivery_tag),
        body: Bytes::from(std::mem::take(&mut delivery.data)),
    }
}

fn properties(wire: &BasicProperties) -> Properties {
    let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string);
    let headers = wire.headers().as_ref();
    Properties {
        message_id: text(wire.message_id()),
        app_id: text(wire.app_id()),
        user_id: text(wire.user_id()),
        content_type: text(wire.content_type()),
        published_us: headers.and_then(published_us),
    }
}

/// The header is the sender's word: anything but a 64-bit number is left out.
fn published_us(headers: &FieldTable) -> Option<i64> {
    headers.inner().get(PUBLISHED_US)?.as_long_long_int()
}

fn death(headers: &FieldTable) -> Option<Death> {
    Some(Death {
        queue: text_header(headers, FIRST_DEATH_QUEUE)?,
        reason: text_header(headers, FIRST_DEATH_REASON)?,
    })
}

fn text_header(headers: &FieldTable, name: &str) -> Option<String> {
    let text = headers.inner().get(name)?.as_long_string()?;
    Some(String::from_utf8_lossy(text.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_longer_than_amqp_allows_is_an_error() {
        assert!(name(&"é".repeat(127)).is_ok());
        assert!(matches!(name(&"é".repeat(128)), Err(QueueError::Forbidden(_))));
    }

    #[test]
    fn properties_survive_the_way_there_and_back() {
        let given = Properties {
            message_id: Some("key-1".into()),
            app_id: Some("tax:assessment".into()),
            user_id: Some("tax".into()),
            content_type: Some("application/json".into()),
            published_us: Some(1_763_884_800_000_001),
        };
        assert_eq!(properties(&outgoing(&given).unwrap()), given);
        let nothing = Properties::default();
        assert_eq!(properties(&outgoing(&nothing).unwrap()), nothing);
    }

    #[test]
    fn a_foreign_header_of_our_name_is_not_believed() {
        let mut headers = FieldTable::default();
        headers.insert(PUBLISHED_US.into(), AMQPValue::LongString("now".into()));
        assert_eq!(published_us(&headers), None);
    }
}
