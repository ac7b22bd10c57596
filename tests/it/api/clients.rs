//! Clients of others' making against the running program.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::counter::{file, message, whole};
use super::running::Running;
use crate::shipped::ROOT;
use crate::support::program::python;
use crate::support::world::{Company, NOTICE, ONSS, TAX, notice_with};

/// How long schemathesis may take of CI's time.
const EXPLORE_SECS: u32 = 100;

/// A publication in the shape of version 2.1.
fn publication(attachments: &Value) -> Value {
    let is_text = attachments.as_array().is_none_or(Vec::is_empty);
    let mut publication = json!({
        "recipient": { "eboxType": "enterprise", "eboxIdValue": Company::Active.number() },
        "subject": { "fr": "Avis de paiement" },
        "messageTypeId": NOTICE,
        "senderOrganizationId": ONSS,
        "senderApplicationId": TAX,
        "attachments": attachments,
        "bodyMainContent": is_text,
        "replyAuthorized": false,
    });
    if is_text {
        publication["bodyContent"] = json!({ "fr": "Bonjour" });
    }
    publication
}

#[tokio::test]
async fn a_client_made_of_the_interfaces_file_finds_every_operation() -> Result<()> {
    let running = Running::start().await?;
    let attachments = json!([
        { "httpPartName": "upfile1", "mainContent": true },
        { "httpPartName": "upfile2", "mainContent": false, "attachmentTitle": { "fr": "Annexe" } },
    ]);
    let task = json!({
        "interface": format!("{ROOT}/schemas/vendor/ebox-rest-2.1.openapi.yaml"),
        "url": running.url,
        "token": running.token(),
        "text": publication(&json!([])),
        "files": publication(&attachments),
        "documents": { "upfile1": "%PDF-1.7 a letter", "upfile2": "%PDF-1.7 and an annex" },
    });
    let asked = python("reference_client.py", &task).await?;
    let operations: BTreeSet<&str> =
        asked.iter().filter_map(|line| line["operation"].as_str()).collect();
    ensure!(operations.len() == 20, "{operations:?}");
    Ok(())
}

/// Everything that the document describes, with what fits it and what does
/// not: no answer that it does not name, and none that says "our fault".
#[tokio::test]
async fn schemathesis_finds_nothing_that_the_document_does_not_say() -> Result<()> {
    let mut running = Running::start().await?;
    let body = whole(&[
        message(&notice_with(json!([{ "httpPartName": "upfile1", "isMainContent": true }]))),
        file("upfile1", b"%PDF-1.7"),
    ]);
    let published = running.publication("there", &body).send().await;
    let id = published.json()["messageId"].as_str().context("no message")?.to_owned();
    let number = Company::Active.number().to_string();
    let program = running.program.set("FACTEUR_MESSAGE", &id);
    running.program = program.set("FACTEUR_ENTERPRISE", &number);
    let (document, token) = (format!("{}/openapi.json", running.url), running.token());
    let config = format!("{ROOT}/tests/foreign/schemathesis.toml");
    let header = format!("Authorization: Bearer {token}");
    let seconds = EXPLORE_SECS.to_string();
    let ended = running
        .python(&[
            "-m",
            "schemathesis.cli",
            "--config-file",
            &config,
            "run",
            &document,
            "--header",
            &header,
            "--max-time",
            &seconds,
            "--no-color",
        ])
        .await?;
    ensure!(ended.code == Some(0), "{}\n{}", ended.out, ended.err);
    // All but the document, which it has already.
    let operations = facteur::web::openapi().matches("\"operationId\"").count() - 1;
    ensure!(ended.out.contains(&format!("Tested: {operations}\n")), "{}", ended.out);
    Ok(())
}
