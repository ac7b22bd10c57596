//! Every answer fits the interface's own schema of it.

use anyhow::Result;
use serde_json::json;

use super::{code, definition, described, get};
use crate::pages::site::{Site, manager};
use crate::shipped;
use crate::support::world::{ATTEST, Company, ONSS, TAX, attachment, attest, notice, notice_with};

#[tokio::test]
async fn answers_fit_the_interfaces_own_schemas() -> Result<()> {
    let site = Site::open().await?;
    let with_text = site.post(&notice(Company::Active)).await?;
    let mut with_file = notice_with(json!([attachment("bill", "SGVsbG8=")]));
    with_file.as_object_mut().unwrap().remove("bodyContent");
    let with_file = site.post(&with_file).await?;
    site.post(&attest(Company::Active)).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let (text, file) =
        (format!("/ebox/messages/{with_text}"), format!("/ebox/messages/{with_file}"));
    for (path, name) in [
        ("/ebox".to_owned(), "Ebox"),
        ("/ebox/messages".into(), "Messages"),
        ("/ebox/messages?page=2&pageSize=1".into(), "Messages"),
        (text.clone(), "Message"),
        (file.clone(), "Message"),
        (format!("{file}/attachments"), "Attachments"),
        (format!("{text}/attachments"), "Attachments"),
        (format!("{file}/attachments/bill"), "Attachment"),
        (format!("{text}/body"), "TranslatedString"),
        ("/referenceData/messageTypes".into(), "MessageTypes"),
        (format!("/referenceData/messageTypes/{ATTEST}"), "MessageType"),
        ("/referenceData/senderApplications".into(), "SenderApplications"),
        (format!("/referenceData/senderApplications/{TAX}"), "SenderApplication"),
        ("/referenceData/senderOrganizations".into(), "SenderOrganizations"),
        (format!("/referenceData/senderOrganizations/{ONSS}"), "SenderOrganization"),
    ] {
        let answer = get(&program, &path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        let body = answer.json();
        shipped::fits(&definition(name)?, &body, &path);
        shipped::fits(&described(name)?, &body, &path);
        assert!(!body.to_string().contains("null"), "{path}: {body}");
        dates_are_whole(&body, &path);
    }
    for path in [
        format!("{file}/body"),
        format!("{text}/paymentData"),
        "/referenceData/messageTypes/NONE".into(),
        format!("/referenceData/senderApplications/{TAX}/images/1/content"),
        format!("/referenceData/senderOrganizations/{ONSS}/images/1/content"),
    ] {
        let answer = get(&program, &path).await;
        assert_eq!((answer.status, &*code(&answer)), (404, "NOT_FOUND"), "{path}");
    }
    Ok(())
}

/// Everything that a sender may say, beside what it must.
fn full() -> serde_json::Value {
    let mut bill = attachment("bill", "SGVsbG8=");
    bill["attachmentTitle"] = json!({ "fr": "Facture", "nl": "Factuur" });
    let mut annex = attachment("annex", "SGVsbG8=");
    annex["isMainContent"] = json!(false);
    let mut full = notice_with(json!([bill, annex]));
    full["forTheAttentionOf"] = json!({ "ssin": "85073003328", "label": "Comptabilité" });
    full["businessDataList"] = json!([
        { "key": "FOR_ACTION", "values": [{ "fr": "true" }] },
        { "key": "FOR_ACTION_DUE_DATE", "values": [{ "fr": "2027-01-31" }] },
    ]);
    full["isReplyAuthorized"] = json!(true);
    full
}

/// Each property that the file requires of an answer, found at some depth of
/// what is answered: a schema whose part is never there proves nothing.
#[tokio::test]
async fn every_property_that_the_interface_requires_is_answered() -> Result<()> {
    let interface = shipped::yaml("schemas/vendor/ebox-rest-2.1.openapi.yaml")?;
    let site = Site::open().await?;
    let id = site.post(&full()).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let message = get(&program, &format!("/ebox/messages/{id}")).await.json();
    let types = get(&program, &format!("/referenceData/messageTypes/{ATTEST}")).await.json();
    for (name, answered) in [
        ("Message", &message),
        ("Attachment", &message["attachments"]["items"][0]),
        ("Digest", &message["attachments"]["items"][0]["digest"]),
        ("BusinessData", &message["businessDataList"]["items"][0]),
        ("MessageType", &types),
        ("ValidityPeriod", &types["validityPeriod"]),
    ] {
        let required = interface["definitions"][name]["required"].as_array().unwrap();
        assert!(!required.is_empty(), "{name}");
        for property in required {
            let value = &answered[property.as_str().unwrap()];
            assert!(!value.is_null(), "{name} without {property}: {answered:#}");
            // And the schema would tell if it were not there.
            let mut without = answered.clone();
            without.as_object_mut().unwrap().remove(property.as_str().unwrap());
            assert!(!definition(name)?.is_valid(&without), "{name} needs no {property}");
        }
        shipped::fits(&definition(name)?, answered, name);
    }
    Ok(())
}

/// Of `bodyMainContent` the file says that it is only there with a body, and
/// that each message has it. It is always there: false where there is no body.
#[tokio::test]
async fn where_the_interface_contradicts_itself_what_it_requires_is_answered() -> Result<()> {
    let interface = shipped::yaml("schemas/vendor/ebox-rest-2.1.openapi.yaml")?;
    let of_message = &interface["definitions"]["Message"];
    let required = of_message["required"].as_array().unwrap();
    assert!(required.contains(&json!("bodyMainContent")));
    let described = of_message["properties"]["bodyMainContent"]["description"].as_str().unwrap();
    assert!(described.contains("must be present only if there is a body"), "{described}");
    let site = Site::open().await?;
    let mut bodiless = full();
    bodiless.as_object_mut().unwrap().remove("bodyContent");
    let id = site.post(&bodiless).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let message = get(&program, &format!("/ebox/messages/{id}")).await.json();
    assert_eq!(message["bodyMainContent"], false);
    let listed = get(&program, "/ebox/messages").await.json();
    assert_eq!(listed["items"][0]["bodyMainContent"], false);
    Ok(())
}

/// The file lists media types without pictures, which senders may send: what
/// was sent is named rightly, and nothing else of it is out of the file.
#[tokio::test]
async fn a_picture_is_named_though_the_interface_lists_none() -> Result<()> {
    let site = Site::open().await?;
    let mut picture = attachment("plan", "SGVsbG8=");
    (picture["fileName"], picture["mediaType"]) = (json!("plan.png"), json!("image/png"));
    let id = site.post(&notice_with(json!([picture]))).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let answer = get(&program, &format!("/ebox/messages/{id}/attachments/plan")).await.json();
    assert_eq!(answer["mediaType"], "image/png");
    let validator = definition("Attachment")?;
    let places: Vec<String> =
        validator.iter_errors(&answer).map(|it| it.instance_path().to_string()).collect();
    assert_eq!(places, ["/mediaType"], "{answer}");
    shipped::fits(&described("Attachment")?, &answer, "our own document");
    Ok(())
}

#[tokio::test]
async fn every_operation_of_the_interface_is_there() -> Result<()> {
    let interface = shipped::yaml("schemas/vendor/ebox-rest-2.1.openapi.yaml")?;
    let document: serde_json::Value = serde_json::from_str(facteur::web::openapi())?;
    let operations = |of: &serde_json::Value| -> Vec<(String, String)> {
        let paths = of["paths"].as_object().unwrap();
        let methods = |(path, item): (&String, &serde_json::Value)| {
            let names: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
            names.into_iter().map(|method| (path.clone(), method)).collect::<Vec<_>>()
        };
        paths.iter().flat_map(methods).collect()
    };
    let (wanted, served) = (operations(&interface), operations(&document));
    assert_eq!(wanted.len(), 20);
    for operation in &wanted {
        assert!(served.contains(operation), "{operation:?}");
    }
    for (path, method) in &wanted {
        let of = |document: &serde_json::Value| -> Vec<String> {
            let parameters = document["paths"][path][method]["parameters"].as_array().cloned();
            let parameters = parameters.unwrap_or_default().into_iter();
            let named = parameters.filter(|it| it["in"] != "body" && it["in"] != "formData");
            named.filter_map(|it| Some(it["name"].as_str()?.to_owned())).collect()
        };
        let (wanted, served) = (of(&interface), of(&document));
        assert!(wanted.iter().all(|name| served.contains(name)), "{path}: {served:?}");
    }
    Ok(())
}

/// `yyyy-MM-dd'T'HH:mm:ssXXX`, as the file has it.
fn dates_are_whole(value: &serde_json::Value, path: &str) {
    let format = regex::Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$").unwrap();
    match value {
        serde_json::Value::Object(properties) => {
            for (name, value) in properties {
                if let (true, Some(date)) = (name.ends_with("Date"), value.as_str()) {
                    assert!(format.is_match(date), "{path}: {name} is {date}");
                }
                dates_are_whole(value, path);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|it| dates_are_whole(it, path)),
        _ => {}
    }
}
