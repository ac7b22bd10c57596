//! Publications by REST: accepted, repeated, refused, and counted.

use anyhow::{Context as _, Result, ensure};
use facteur::domain::{ApplicationId, Digest, MessageId};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::counter::{Counter, content_type, file, message, whole};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, ONSS, TAX, WORK, notice, notice_with};

on_both_ledgers! {
    accepted: sqlite_a_publication_is_answered_after_its_commit,
        postgres_a_publication_is_answered_after_its_commit;
    refused: sqlite_a_refusal_is_an_answer_and_nothing_is_kept,
        postgres_a_refusal_is_an_answer_and_nothing_is_kept;
    together: sqlite_one_key_at_the_same_time_makes_one_message,
        postgres_one_key_at_the_same_time_makes_one_message;
}

fn with_file(name: &str, more: &Value) -> Value {
    let mut attachment = json!({ "httpPartName": name, "isMainContent": true });
    for (key, value) in more.as_object().into_iter().flatten() {
        attachment[key] = value.clone();
    }
    notice_with(json!([attachment]))
}

async fn stored(counter: &Counter, content: &[u8]) -> Result<Vec<u8>> {
    let key = (ApplicationId::new(TAX)?, Digest::of(content));
    let mut found = counter.desk.documents.get(&key).await?.context("not stored")?;
    let mut back = Vec::new();
    while let Some(piece) = found.pieces.next().await {
        back.extend_from_slice(&piece?);
    }
    Ok(back)
}

/// Documents in memory and in a file, before and behind the publication.
async fn accepted(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    for (key, size, is_last) in
        [("small", 2_000, false), ("large", 3_000_000, true), ("again", 2_000, true)]
    {
        let content = vec![b'x'; size];
        let publication = message(&with_file("letter", &json!({})));
        let document = file("letter", &content);
        let parts = if is_last { [document, publication] } else { [publication, document] };
        let answer = counter.publish(key, &whole(&parts)).await;
        ensure!(answer.status == 201, "{key}: {answer:?}");
        let said = answer.json();
        let id: MessageId = said["messageId"].as_str().context("no id")?.parse()?;
        ensure!(said["expirationDate"].is_string() && said["code"].is_null(), "{said}");
        let explained = counter.ledger.explain(id).await?.context("not recorded")?;
        ensure!(explained.key == key && explained.publication.contains("letter.pdf"));
        ensure!(stored(&counter, &content).await? == content);

        let repeat = counter.publish(key, &whole(&[message(&notice(Company::Boxless))])).await;
        ensure!(repeat.status == 409 && repeat.json()["messageId"] == said["messageId"]);
        ensure!(repeat.json()["code"] == "DUPLICATE_MESSAGE");
    }
    let unopened = counter.publish("flag", &whole(&[message(&notice(Company::NeverOpened))])).await;
    ensure!(unopened.status == 201 && unopened.json()["code"] == "NO_DIGITAL_USER");
    let account = serde_json::to_value(counter.account().await?)?;
    for (name, count) in [("received", 4), ("accepted", 4), ("repeats", 3), ("quarantined", 0)] {
        ensure!(account[name] == count, "{name}: {account}");
    }
    Ok(())
}

#[expect(clippy::too_many_lines, reason = "a table")]
async fn refused(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    let mut two_mains = notice(Company::Active);
    two_mains["attachments"] = json!([{ "httpPartName": "a", "isMainContent": true }]);
    let mut citizen = notice(Company::Active);
    citizen["recipient"] = json!({ "eboxType": "citizen", "enterpriseNumber": "1" });
    let mut number = notice(Company::Active);
    number["recipient"]["enterpriseNumber"] = json!("0123456789");
    let mut unknown_type = notice(Company::Active);
    unknown_type["messageTypeId"] = json!("NOBODY-KNOWS");
    let mut others = notice(Company::Active);
    others["senderApplicationId"] = json!(WORK);
    let mut property = notice(Company::Active);
    property["subject"]["fr"] = Value::Null;
    let mut business = notice(Company::Active);
    business["businessDataList"] = json!([{ "key": "NOBODY", "values": [{ "fr": "1" }] }]);
    let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let wrong = Digest::of(b"other").to_string();
    let digest = |digest: &str| with_file("a", &json!({ "digest": digest }));
    let a = || file("a", b"%PDF-1.7");
    for (what, parts, status, code, pointer) in [
        ("two mains", vec![message(&two_mains), a()], 400, "INVALID_INPUT", ""),
        ("citizen", vec![message(&citizen)], 400, "INVALID_INPUT", "/recipient/eboxType"),
        ("number", vec![message(&number)], 400, "INVALID_INPUT", "/recipient/enterpriseNumber"),
        ("type", vec![message(&unknown_type)], 403, "INVALID_SENDER", "/messageTypeId"),
        ("not its own", vec![message(&others)], 403, "INVALID_SENDER", "/senderApplicationId"),
        ("null", vec![message(&property)], 400, "MALFORMED", "/subject/fr"),
        (
            "business",
            vec![message(&business)],
            400,
            "BUSINESS_DATA_KEY_NOT_ALLOWED",
            "/businessDataList/0/key",
        ),
        (
            "closed",
            vec![message(&notice(Company::Closed))],
            400,
            "ENTERPRISE_NOT_ACTIVE",
            "/recipient/enterpriseNumber",
        ),
        (
            "hex",
            vec![message(&digest(hex)), a()],
            400,
            "DIGEST_DO_NOT_MATCH",
            "/attachments/0/digest",
        ),
        (
            "base64",
            vec![message(&digest(base64)), a()],
            400,
            "DIGEST_DO_NOT_MATCH",
            "/attachments/0/digest",
        ),
        (
            "other",
            vec![message(&digest(&wrong)), a()],
            400,
            "DIGEST_DO_NOT_MATCH",
            "/attachments/0/digest",
        ),
    ] {
        let answer = counter.publish("refused", &whole(&parts)).await;
        let said = answer.json();
        ensure!(answer.status == status, "{what}: {answer:?} {said}");
        ensure!(said["code"] == code && said["pointer"] == pointer, "{what}: {said}");
        ensure!(said["id"].is_string() && said["message"].is_string(), "{what}: {said}");
    }
    let account = serde_json::to_value(counter.account().await?)?;
    ensure!(account["received"] == 0 && account["quarantined"] == 0, "{account}");
    ensure!(account["repeats"] == 0 && account["difference"] == 0, "{account}");
    in_every_language(&counter).await
}

/// Only acceptance uses a key up, and several languages are one publication.
async fn in_every_language(counter: &Counter) -> Result<()> {
    let mut languages = notice(Company::Active);
    languages["subject"] =
        json!({ "fr": "Avis", "nl": "Bericht", "de": "Bescheid", "en": "Notice" });
    let answer = counter.publish("refused", &whole(&[message(&languages)])).await;
    ensure!(answer.status == 201, "{answer:?}");
    Ok(())
}

async fn together(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    let all = (0..8).map(|_| counter.publish("one", &body));
    let answers = futures_util::future::join_all(all).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let repeats = answers.iter().filter(|answer| answer.status == 409).count();
    ensure!((created, repeats) == (1, 7), "{answers:?}");
    let ids: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.json()["messageId"].to_string()).collect();
    ensure!(ids.len() == 1, "{ids:?}");
    Ok(())
}

#[tokio::test]
async fn version_2_1_is_taken_and_the_same_content_again_is_a_repeat() -> Result<()> {
    let ledger = crate::support::ledgers::sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let publication = json!({
        "recipient": { "eboxType": "enterprise", "eboxIdValue": Company::Active.number() },
        "subject": { "fr": "Avis" },
        "messageTypeId": "TAX-NOTICE",
        "senderOrganizationId": ONSS,
        "senderApplicationId": TAX,
        "attachments": [{ "httpPartName": "upfile1", "mainContent": true,
            "digest": { "digestMethod": "sha_256", "digestValue": Digest::of(b"%PDF").to_string() } }],
        "bodyMainContent": false,
        "replyAuthorized": false,
    });
    let body = whole(&[file("upfile1", b"%PDF"), message(&publication)]);
    let send = || counter.request("/publishMessage").header("content-type", &content_type());
    let first = send().body(&body).send().await;
    ensure!(first.status == 201, "{first:?}");
    let again = send().body(&body).send().await;
    ensure!(again.status == 409 && again.json()["messageId"] == first.json()["messageId"]);

    let mut paid = publication.clone();
    paid["paymentData"] = json!({});
    let answer = send().body(&whole(&[file("upfile1", b"%PDF"), message(&paid)])).send().await;
    ensure!(answer.status == 400 && answer.json()["pointer"] == "/paymentData", "{answer:?}");
    let linked = counter.ask("/linkEboxMessage", &json!({})).await;
    ensure!(linked.status == 501 && linked.json()["code"] == "NOT_IMPLEMENTED");
    Ok(())
}

#[tokio::test]
async fn a_token_for_an_enterprise_sends_for_it_and_its_mandators_alone() -> Result<()> {
    let ledger = crate::support::ledgers::sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let send = async |enterprise: &Value, key: &str| {
        let token = counter.token(TAX, &json!({ "enterprise": enterprise }));
        let request = counter.request_as(&token, "/ebox/messages").header("idempotency-key", key);
        let request = request.header("content-type", &content_type());
        request.body(&whole(&[message(&notice(Company::Active))])).send().await
    };
    ensure!(send(&json!(ONSS), "own").await.status == 201);
    let holder = Company::Boxless.number();
    let refused = send(&json!(holder), "for another").await;
    ensure!(refused.status == 403 && refused.json()["pointer"] == "/sender/enterpriseNumber");
    ensure!(send(&json!("0123456789"), "unreadable").await.status == 401);
    Ok(())
}
