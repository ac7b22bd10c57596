//! What a publication holds: texts, attachments, digests, business data.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use facteur::domain::{Code, Digest};
use serde_json::{Value, json};

use super::Case;
use crate::support::world::{Company, WORK, attachment, attest, notice, notice_with};

pub(super) fn cases() -> Result<Vec<Case>> {
    let mut cases = texts()?;
    cases.extend(main_contents()?);
    cases.extend(attachments()?);
    cases.extend(file_names()?);
    cases.extend(digests()?);
    cases.extend(business_data()?);
    Ok(cases)
}

fn set(name: &str, value: Value) -> Value {
    let mut publication = notice(Company::Active);
    publication[name] = value;
    publication
}

fn texts() -> Result<Vec<Case>> {
    let long = |n: usize| "é".repeat(n);
    let attention = |label: &str| set("forTheAttentionOf", json!({ "label": label }));
    let address = json!({ "lines": ["Rue Haute 1"], "town": "Paris", "country": "France" });
    [
        ("401 characters", set("subject", json!({ "nl": long(401) })), "/subject/nl"),
        ("no subject", set("subject", json!({})), "/subject"),
        ("a subject of nothing", set("subject", json!({ "fr": "" })), "/subject/fr"),
        ("NUL in the subject", set("subject", json!({ "fr": "a\0b" })), "/subject/fr"),
        ("escape in the body", set("bodyContent", json!({ "de": "\u{1b}[2J" })), "/bodyContent/de"),
        ("a label without end", attention(&long(101)), "/forTheAttentionOf/label"),
        ("NUL in a label", attention("\0"), "/forTheAttentionOf/label"),
        (
            "ten digits for a person",
            set("forTheAttentionOf", json!({ "ssin": "8501011234" })),
            "/forTheAttentionOf/ssin",
        ),
        ("an answer to nothing", set("originalMessageId", json!("1")), "/originalMessageId"),
        (
            "a country in words",
            set("postal", json!({ "address": address })),
            "/postal/address/country",
        ),
    ]
    .into_iter()
    .map(|(name, publication, pointer)| Case::of(name, &publication, Code::InvalidInput, pointer))
    .collect()
}

fn main_contents() -> Result<Vec<Case>> {
    let two = json!([attachment("a", "YQ=="), attachment("b", "Yg==")]);
    let mut both = notice(Company::Active);
    both["attachments"] = json!([attachment("a", "YQ==")]);
    let mut without_body = notice(Company::Active);
    without_body["bodyContent"] = json!({});
    let code = Code::InvalidInput;
    Ok(vec![
        Case::of("two main attachments", &notice_with(two), code, "")?,
        Case::of("a main attachment and the body", &both, code, "")?,
        Case::of("none", &set("isBodyMainContent", json!(false)), code, "")?,
        Case::of("a body that is not there", &without_body, code, "/isBodyMainContent")?,
    ])
}

fn attachments() -> Result<Vec<Case>> {
    let one = |change: fn(&mut Value)| {
        let mut attachment = attachment("a", "YQ==");
        change(&mut attachment);
        notice_with(json!([attachment]))
    };
    let remove = |name: &str| {
        let mut attachment = attachment("a", "YQ==");
        attachment.as_object_mut().map(|object| object.remove(name));
        notice_with(json!([attachment]))
    };
    let mut twins = [attachment("a", "YQ=="), attachment("a", "Yg==")];
    twins[1]["isMainContent"] = json!(false);
    let mut seven: Vec<Value> = (0..7).map(|n| attachment(&format!("a{n}"), "YQ==")).collect();
    seven[1..].iter_mut().for_each(|other| other["isMainContent"] = json!(false));
    let too_big =
        notice_with(json!([attachment("a", &STANDARD.encode(vec![b'x'; 32 * 1024 + 1]))]));
    let huge = Digest::of(b"huge");
    let mut uploaded = attachment("a", "");
    uploaded["content"] = json!({ "sha256": huge, "size": 31u64 << 20 });
    [
        (
            "base64 that is none",
            one(|it| it["content"]["inline"] = json!("Y?==")),
            "/attachments/0/content/inline",
        ),
        (
            "base64 cut off",
            one(|it| it["content"]["inline"] = json!("YQ=")),
            "/attachments/0/content/inline",
        ),
        (
            "base64url",
            one(|it| it["content"]["inline"] = json!("-_-_")),
            "/attachments/0/content/inline",
        ),
        (
            "a media type of programs",
            one(|it| it["mediaType"] = json!("application/x-sh")),
            "/attachments/0/mediaType",
        ),
        (
            "a part without a name",
            one(|it| it["httpPartName"] = json!("")),
            "/attachments/0/httpPartName",
        ),
        ("no media type", remove("mediaType"), "/attachments/0/mediaType"),
        ("no file name", remove("fileName"), "/attachments/0/fileName"),
        ("no content", remove("content"), "/attachments/0/content"),
        ("two parts of one name", notice_with(json!(twins)), "/attachments/1/httpPartName"),
        ("seven", notice_with(json!(seven)), "/attachments"),
        ("too much inline", too_big, "/attachments/0/content"),
        ("more than 30 MB", notice_with(json!([uploaded])), "/attachments/0/content"),
    ]
    .into_iter()
    .map(|(name, publication, pointer)| Case::of(name, &publication, Code::InvalidInput, pointer))
    .collect()
}

/// Each would be something else than a name to a file system, a header or a
/// screen.
fn file_names() -> Result<Vec<Case>> {
    let long = "x".repeat(256);
    [
        "../../etc/passwd",
        "..\\boot.ini",
        "/etc/passwd",
        "..",
        ".",
        " ",
        "%2e%2e",
        "%2e%2e%2fpasswd",
        "a%00.pdf",
        "a\0.pdf",
        "a\r\nSet-Cookie: b",
        "%ff.pdf",
        "€.pdf",
        "",
        &long,
    ]
    .into_iter()
    .map(|name| {
        let mut attachment = attachment("a", "YQ==");
        attachment["fileName"] = json!(name);
        let publication = notice_with(json!([attachment]));
        Case::of(&format!("{name:?}"), &publication, Code::InvalidInput, "/attachments/0/fileName")
    })
    .collect()
}

fn digests() -> Result<Vec<Case>> {
    // Its base64url holds both characters that plain base64 writes otherwise.
    let right = Digest::of(b"").to_string();
    let plain = right.replace('-', "+").replace('_', "/");
    let hex: String = Digest::of(b"").as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let given = |digest: &str| {
        let mut attachment = attachment("a", "");
        attachment["digest"] = json!(digest);
        notice_with(json!([attachment]))
    };
    let other = Digest::of(b"other").to_string();
    let named = |digest: &str| {
        let mut attachment = attachment("a", "");
        attachment["content"] = json!({ "sha256": digest, "size": 0 });
        notice_with(json!([attachment]))
    };
    let place = "/attachments/0/digest";
    let content = "/attachments/0/content/sha256";
    Ok(vec![
        Case::of("named in hex", &named(&hex), Code::Digest, content)?,
        Case::of("named in plain base64", &named(&plain), Code::Digest, content)?,
        Case::of("of other content", &given(&other), Code::Digest, place)?,
        Case::of("in hex", &given(&hex), Code::Digest, place)?,
        Case::of("in plain base64", &given(&plain), Code::Digest, place)?,
        Case::of("of nothing", &given(""), Code::Digest, place)?,
        Case::of("never uploaded", &named(&other), Code::UnknownDocument, content)?,
    ])
}

fn business_data() -> Result<Vec<Case>> {
    let with = |list: Value| {
        let mut publication = attest(Company::Active);
        publication["businessDataList"] = list;
        publication
    };
    let data = |key: &str, value: &str| json!({ "key": key, "values": [{ "fr": value }] });
    let right = data("EMPNOSSBENOSS", "12345678");
    let long = "1".repeat(257);
    let key = with(json!([right, data("SURPRISE", "1")]));
    let value = with(json!([data("EMPNOSSBENOSS", "123")]));
    let too_long = with(json!([data("EMPNOSSBENOSS", &long)]));
    let no_values = with(json!([{ "key": "EMPNOSSBENOSS", "values": [] }]));
    let first = "/businessDataList/0/values/0/fr";
    Ok(vec![
        Case::of("a key of no dictionary", &key, Code::BusinessDataKey, "/businessDataList/1/key")?,
        Case::of("a value of another form", &value, Code::BusinessDataValue, first)?,
        Case::of(
            "a missing key",
            &with(json!([])),
            Code::BusinessDataMissing,
            "/businessDataList",
        )?,
        Case::of("257 characters", &too_long, Code::InvalidInput, first)?,
        Case::of("no values", &no_values, Code::InvalidInput, "/businessDataList/0/values")?,
    ]
    .into_iter()
    .map(|case| case.told(WORK))
    .collect())
}
