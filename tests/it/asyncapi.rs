//! `schemas/asyncapi.yaml` is AsyncAPI, and says of the broker what the code
//! does: exchanges, queues, arguments, bindings, and the schemas of messages.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use facteur::domain::ApplicationId;
use facteur::queue::ExchangeKind;
use facteur::queue::topology::{QueueDefinition, Topology};
use facteur::schema::SCHEMAS;
use serde_json::{Value, json};

use crate::shipped;

pub(crate) fn document() -> Result<Value> {
    shipped::yaml("schemas/asyncapi.yaml")
}

/// What the engine declares for one application and one named printer, in the
/// words of the document.
fn topology() -> Result<Topology> {
    let application = ApplicationId::new("{application}")?;
    Ok(Topology::for_applications(&[application]).with_printer("{printer}"))
}

#[test]
fn it_follows_the_specification() -> Result<()> {
    let schema = shipped::json("schemas/vendor/asyncapi-3.0.0.json")?;
    let validator = jsonschema::draft7::new(&schema)?;
    let document = document()?;
    let faults: Vec<_> = validator
        .iter_errors(&document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));

    let mut misspelt = document;
    misspelt["channels"]["intake"]["bindings"]["amqp"]["is"] = json!("a queue");
    assert!(!validator.is_valid(&misspelt), "the schema lets anything pass");
    Ok(())
}

#[test]
fn its_exchanges_are_those_that_are_declared() -> Result<()> {
    let kind = |kind| match kind {
        ExchangeKind::Direct => "direct",
        ExchangeKind::Fanout => "fanout",
    };
    let declared: BTreeMap<String, Value> = topology()?
        .exchanges
        .into_iter()
        .map(|it| (it.name, json!([kind(it.kind), true, it.alternate])))
        .collect();
    let described = named(&document()?, "exchange", |amqp, exchange| {
        json!([exchange["type"], exchange["durable"], amqp["x-alternate-exchange"]])
    })?;
    assert_eq!(described, declared);
    Ok(())
}

#[test]
fn its_queues_are_those_that_are_declared() -> Result<()> {
    let topology = topology()?;
    let declared: BTreeMap<String, Value> = topology
        .queues
        .iter()
        .map(|queue| (queue.name.clone(), json!([true, arguments(queue), bound(&topology, queue)])))
        .collect();
    let described = named(&document()?, "queue", |amqp, queue| {
        json!([queue["durable"], amqp["x-arguments"], amqp["x-bound-to"]])
    })?;
    assert_eq!(described, declared);
    Ok(())
}

#[test]
fn a_channel_of_a_queue_has_its_name_for_an_address() -> Result<()> {
    for (name, channel) in channels(&document()?)? {
        let amqp = &channel["bindings"]["amqp"];
        if amqp["is"] == "queue" {
            assert_eq!(channel["address"], amqp["queue"]["name"], "{name}");
        }
    }
    Ok(())
}

#[test]
fn its_messages_have_shipped_schemas_and_its_examples_fit_them() -> Result<()> {
    let document = document()?;
    let messages = document["components"]["messages"].as_object().context("no messages")?;
    // A file, and a part of a package: neither travels through the broker.
    let mut named =
        BTreeSet::from(["registry.schema.json", "manifest.schema.json"].map(str::to_owned));
    for (name, message) in messages {
        let Some(file) = message["payload"]["schema"]["$ref"].as_str() else {
            assert_eq!(name, "anything", "a message without a schema");
            continue;
        };
        named.extend([&message["x-event-schema"]].into_iter().filter_map(text));
        named.insert(file.to_owned());
        let validator = shipped::validator(file)?;
        for example in message["examples"].as_array().into_iter().flatten() {
            let path = example["payload"]["$ref"].as_str().context("an example without a file")?;
            let payload = shipped::json(path.trim_start_matches("../"))?;
            shipped::fits(&validator, &payload, path);
        }
    }
    let shipped = SCHEMAS.iter().map(|schema| format!("{}.schema.json", schema.name)).collect();
    assert_eq!(named, shipped, "a schema that no message has, or the other way round");
    Ok(())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn channels(document: &Value) -> Result<impl Iterator<Item = (&String, &Value)>> {
    Ok(document["channels"].as_object().context("no channels")?.iter())
}

/// What the channels of one kind say, by the name of the exchange or queue.
fn named(
    document: &Value,
    what: &str,
    say: impl Fn(&Value, &Value) -> Value,
) -> Result<BTreeMap<String, Value>> {
    let mut said = BTreeMap::new();
    for (channel, content) in channels(document)? {
        let amqp = &content["bindings"]["amqp"];
        let Some(object) = amqp.get(what) else { continue };
        let name = text(&object["name"]).with_context(|| format!("{channel} has no name"))?;
        assert!(said.insert(name, say(amqp, object)).is_none(), "{channel} says it again");
    }
    Ok(said)
}

fn arguments(queue: &QueueDefinition) -> Value {
    let mut arguments = json!({
        "x-queue-type": "quorum",
        "x-overflow": "reject-publish",
        "x-delivery-limit": queue.delivery_limit,
    });
    if let Some(exchange) = &queue.dead_letters {
        arguments["x-dead-letter-exchange"] = json!(exchange);
        arguments["x-dead-letter-strategy"] = json!("at-least-once");
    }
    if let Some(max_length) = queue.max_length {
        arguments["x-max-length"] = json!(max_length);
    }
    arguments
}

fn bound(topology: &Topology, queue: &QueueDefinition) -> Vec<Value> {
    let bindings = topology.bindings.iter().filter(|binding| binding.queue == queue.name);
    bindings.map(|it| json!({ "exchange": it.exchange, "routingKey": it.routing_key })).collect()
}
