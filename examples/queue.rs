//! Publishes a text through RabbitMQ, and waits for its receipt.
//!
//! ```text
//! cargo run --example queue -- amqp://USER:PASSWORD@HOST:PORT/VHOST \
//!     APPLICATION ORGANIZATION ENTERPRISE TYPE
//! ```
//!
//! The user is the account that the registry names for the application.
#![expect(clippy::print_stdout, reason = "what a program of the command line does")]

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use serde_json::{Value, json};

const PERSISTENT: u8 = 2;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, application, organization, enterprise, message_type] = arguments.as_slice() else {
        bail!("URL APPLICATION ORGANIZATION ENTERPRISE TYPE");
    };
    let uri: AMQPUri = url.parse().map_err(anyhow::Error::msg)?;
    let user = uri.authority.userinfo.username.clone();
    let connection = Connection::connect_uri(uri, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let document = json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": organization },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": enterprise },
        "subject": { "fr": "Un avis", "nl": "Een bericht" },
        "senderApplicationId": application,
        "messageTypeId": message_type,
        "bodyContent": { "fr": "Bonjour", "nl": "Dag" },
        "isBodyMainContent": true,
    });
    let key = uuid::Uuid::now_v7().to_string();
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        // The idempotency key.
        .with_message_id(key.as_str().into())
        .with_app_id(application.as_str().into())
        .with_user_id(user.as_str().into());
    publish(&channel, application, &document, properties).await?;
    let receipt = receipt(&channel, application, &key).await?;
    println!("{}", receipt["type"].as_str().context("no type")?);
    Ok(())
}

/// Confirmed and not returned; anything else is sent again with the same key.
async fn publish(
    channel: &Channel,
    application: &str,
    document: &Value,
    properties: BasicProperties,
) -> Result<()> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let body = document.to_string();
    let (exchange, lane) = ("facteur.documents".into(), application.into());
    let sent = channel.basic_publish(exchange, lane, options, body.as_bytes(), properties);
    let confirmation = sent.await?.await?;
    let is_taken = matches!(confirmation, Confirmation::Ack(None));
    ensure!(is_taken, "the broker did not take it: {confirmation:?}");
    Ok(())
}

/// Receipts come in batches, at least once: a program drops repeats by id.
async fn receipt(channel: &Channel, application: &str, key: &str) -> Result<Value> {
    let queue = format!("facteur.receipts.{application}");
    let options = BasicConsumeOptions::default();
    let (queue, tag) = (queue.as_str().into(), "example".into());
    let consumer = channel.basic_consume(queue, tag, options, FieldTable::default());
    let mut consumer = consumer.await?;
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        let events: Vec<Value> = serde_json::from_slice(&delivery.data)?;
        delivery.acker.ack(BasicAckOptions::default()).await?;
        let ours = events.into_iter().find(|event| event["data"]["idempotencyKey"] == key);
        if let Some(event) = ours {
            return Ok(event);
        }
    }
    bail!("the broker closed the queue")
}
