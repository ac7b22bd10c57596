//! What crosses the border fits the shipped schemas: what a running line takes
//! in, and what it sends of every outcome that a receipt can tell of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use facteur::app::{App, Role};
use facteur::config::Config;
use facteur::demo::{self, Mail};
use facteur::domain::{ApplicationId, Change, Record, Reply, Scope};
use facteur::ledger::{Detail, QuarantineState, Replied};
use facteur::lifecycle::Lifecycle;
use facteur::queue::{Inbound, Topology, topology};
use facteur::telemetry;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::desk::by;
use crate::support::line::{publish_all, take};
use crate::support::wait::until;
use crate::{asyncapi, shipped};

const SENT: usize = 400;

#[tokio::test]
async fn what_crosses_the_border_fits_the_shipped_schemas() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let app = open(folder.path()).await?;
    let lifecycle = Lifecycle::new();
    let roles = BTreeSet::from([Role::Intake, Role::Relay]);
    app.start(&roles, &lifecycle, &telemetry::install()?).await?;
    let applications: Vec<ApplicationId> =
        app.ledger.reference().await?.applications.keys().cloned().collect();
    let sent = publish(&app, &applications).await?;
    until("everything is recorded", async || is_recorded(&app).await.unwrap_or(false)).await;
    discard_one(&app).await?;
    reply_to_one(&app).await?;
    // Later than the validity of any type.
    let late = app.clock.now() + jiff::SignedDuration::from_hours(24 * 366 * 150);
    assert!(app.ledger.expire_messages(10, late).await? > 0);
    until("everything is sent", async || is_sent(&app).await.unwrap_or(false)).await;
    lifecycle.soft().cancel();
    assert!(lifecycle.finish(Duration::from_secs(20)).await.is_success());

    let told = receipts(&app, &applications).await?;
    publications_fit(&sent, &told)?;
    tickets_fit(&app).await?;
    app.close().await;
    Ok(())
}

async fn open(folder: &Path) -> Result<App> {
    let set = [
        ("FACTEUR__WEB__LISTEN", "127.0.0.1:0"),
        ("FACTEUR__METRICS__LISTEN", "127.0.0.1:0"),
        ("FACTEUR__REGISTRY__CLOSED", "hold"),
    ];
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut config = Config::load(None, set.into_iter())?;
    config.move_to(folder);
    let app = App::open(config).await?;
    app.ledger.migrate().await?;
    let now = app.clock.now();
    let world: Vec<Change> = demo::world(now)?.into_iter().map(Change::Put).collect();
    app.ledger.change_registry(&world, "test", now).await?;
    Ok(app)
}

/// Sends the agencies' mail; answers the bodies by key.
async fn publish(app: &App, applications: &[ApplicationId]) -> Result<BTreeMap<String, Vec<u8>>> {
    app.queue.declare(&Topology::for_applications(applications)).await?;
    let (mut mail, now) = (Mail::new("wire"), app.clock.now());
    let messages: Vec<_> = (0..SENT).map(|_| mail.next(now).message).collect();
    let keyed = messages.iter().filter_map(|message| {
        Some((message.properties.message_id.clone()?, message.body.to_vec()))
    });
    let sent = keyed.collect();
    publish_all(app.queue.publisher().await?.as_mut(), messages).await;
    Ok(sent)
}

async fn is_recorded(app: &App) -> Result<bool> {
    let total = app.ledger.account().await?.total;
    Ok(usize::try_from(total.received + total.repeats)? >= SENT)
}

async fn is_sent(app: &App) -> Result<bool> {
    let position = app.ledger.position().await?;
    let cursors = app.ledger.cursors("receipts").await?;
    let has_told = !cursors.is_empty() && cursors.iter().all(|it| it.position >= position);
    Ok(has_told && app.ledger.unreleased_letters().await? == 0)
}

async fn discard_one(app: &App) -> Result<()> {
    let open = Some(QuarantineState::Open);
    let entries = app.ledger.quarantine(open, None, None, 100).await?;
    let entry = entries.iter().find(|it| it.application != "unknown").context("no refusal")?;
    assert!(app.ledger.discard(entry.id, by("test", app.clock.now())).await?);
    Ok(())
}

/// As the manager of a box does, once the engine has told that it is no older
/// one.
async fn reply_to_one(app: &App) -> Result<()> {
    let now = app.clock.now();
    let manages = |record: &Record| match record {
        Record::Grant(it) if it.scope == Scope::Manager => Some((it.enterprise, it.person.clone())),
        _ => None,
    };
    let managers: BTreeMap<_, _> = demo::world(now)?.iter().filter_map(manages).collect();
    let entries = app.ledger.journal_after(0, 10_000).await?;
    let mail: Vec<_> = entries.iter().filter_map(|it| it.message).collect();
    let reply = Reply::new("Re", "Oui")?;
    until("somebody replies", async || {
        for (id, number) in &mail {
            let Some(person) = managers.get(number) else { continue };
            let replied = app.ledger.reply(person, *id, (&reply, Uuid::nil()), now).await;
            if matches!(replied, Ok(Replied::Sent)) {
                return true;
            }
        }
        false
    })
    .await;
    Ok(())
}

/// Checks what lies on every receipts queue; answers the events.
async fn receipts(app: &App, applications: &[ApplicationId]) -> Result<Vec<Value>> {
    let (batch, single) =
        (shipped::validator("receipts.schema.json")?, shipped::validator("receipt.schema.json")?);
    let mut events = Vec::new();
    for application in applications {
        for message in drain(app, &topology::receipts_queue(application)).await? {
            let body = body_of(&message, "receipts")?;
            shipped::fits(&batch, &body, "receipts");
            events.extend(body.as_array().context("not a batch")?.clone());
        }
    }
    for event in &events {
        shipped::fits(&single, event, "a receipt");
        serde_json::from_value::<Detail>(event["data"]["detail"].clone())?;
    }
    let types: BTreeSet<&str> = events.iter().filter_map(|it| it["type"].as_str()).collect();
    let document = asyncapi::document()?;
    let described = document["components"]["messages"]["receipts"]["x-event-types"].as_array();
    let described = described.context("no types")?.iter().filter_map(Value::as_str);
    // Letters go their way later; their receipts have tests of their own.
    let is_documents = |it: &&str| it.starts_with("facteur.document.");
    let types: BTreeSet<&str> = types.into_iter().filter(is_documents).collect();
    assert_eq!(types, described.filter(is_documents).collect());
    Ok(events)
}

fn publications_fit(sent: &BTreeMap<String, Vec<u8>>, events: &[Value]) -> Result<()> {
    let validator = shipped::validator("publication.schema.json")?;
    let mut count = 0;
    for event in events.iter().filter(|it| it["type"] == "facteur.document.accepted") {
        let key = event["data"]["idempotencyKey"].as_str().context("no key")?;
        let mut publication: Value = serde_json::from_slice(&sent[key])?;
        shipped::fits(&validator, &publication, key);
        publication["surprise"] = json!(true);
        assert!(!validator.is_valid(&publication), "the schema lets anything pass");
        count += 1;
    }
    assert!(count > SENT / 2, "only {count} were accepted");
    Ok(())
}

async fn tickets_fit(app: &App) -> Result<()> {
    let validator = shipped::validator("ticket.schema.json")?;
    let tickets = drain(app, topology::QUEUE_PRINT_OVERFLOW).await?;
    assert!(!tickets.is_empty(), "no letter was released");
    for message in &tickets {
        let event = body_of(message, "ticket")?;
        shipped::fits(&validator, &event, "a ticket");
        assert_eq!(event["type"], "facteur.letter.ticket");
        assert_eq!(message.properties.message_id.as_deref(), event["data"]["jobId"].as_str());
    }
    Ok(())
}

/// The body of a message whose media type is the one that is described.
fn body_of(message: &Inbound, described: &str) -> Result<Value> {
    let document = asyncapi::document()?;
    let media_type = &document["components"]["messages"][described]["contentType"];
    assert_eq!(message.properties.content_type.as_deref(), media_type.as_str());
    Ok(serde_json::from_slice(&message.body)?)
}

async fn drain(app: &App, queue: &str) -> Result<Vec<Inbound>> {
    let depth = usize::try_from(app.queue.depth(queue).await?)?;
    let mut consumer = app.queue.consume(queue, 1_000).await?;
    Ok(take(consumer.as_mut(), depth).await)
}
