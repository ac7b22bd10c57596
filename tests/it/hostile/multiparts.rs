//! What agencies send by REST: requests of several parts.

use anyhow::{Result, ensure};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::json::nearly;
use super::seeded;
use crate::api::counter::{Counter, content_type, file, message, whole};
use crate::support::ledgers::sqlite;
use crate::support::wait::soon;
use crate::support::world::{Company, notice, notice_with};

const REQUESTS: u32 = 250;

/// Bytes that mean something between parts.
fn marks() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        Just(b"\r\n".to_vec()),
        Just(b"\r\n\r\n".to_vec()),
        Just(b"\r\n--a-boundary-of-the-tests".to_vec()),
        Just(b"--a-boundary-of-the-tests--\r\n".to_vec()),
        Just(b"content-disposition: form-data; name=\"\"\r\n".to_vec()),
        Just(b"content-disposition: form-data; name=\"a\"; filename*=UTF-8''%00\r\n".to_vec()),
        Just(vec![b'"'; 5_000]),
    ]
}

/// A whole request with some places cut out, written over, or put in.
fn torn(request: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..200_usize, 0..3_u8, marks());
    vec(change, 0..5).prop_map(move |changes| {
        let mut bytes = request.clone();
        for (place, length, how, mark) in changes {
            let from = place.index(bytes.len() + 1);
            let to = if how == 0 { from } else { (from + length).min(bytes.len()) };
            let piece = if how == 1 { Vec::new() } else { mark };
            bytes.splice(from..to, piece);
        }
        bytes
    })
}

fn requests() -> impl Strategy<Value = Vec<u8>> {
    let with_a = json!([{ "httpPartName": "a", "isMainContent": true }]);
    let good = whole(&[message(&notice_with(with_a.clone())), file("a", b"%PDF-1.7")]);
    let publication = nearly(notice_with(with_a));
    let nearly = publication.prop_map(|it| whole(&[message(&it), file("a", b"%PDF-1.7")]));
    prop_oneof![vec(any::<u8>(), 0..2_000), torn(good), nearly]
}

fn boundaries() -> impl Strategy<Value = String> {
    let odd = "[ -~]{0,80}".prop_map(|text| format!("multipart/form-data; boundary={text}"));
    prop_oneof![9 => Just(content_type()), 1 => odd]
}

/// Each is answered, by a refusal or a receipt; the account balances, and who
/// comes next is served.
#[test]
fn any_request_of_parts_is_answered() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ledger = runtime.block_on(sqlite())?;
    let counter = runtime.block_on(Counter::open(&ledger))?;
    let is_answered = |(content_type, body): (String, Vec<u8>)| {
        let request = counter.request("/ebox/messages");
        let request = request.header("idempotency-key", &Uuid::now_v7().to_string());
        let request = request.header("content-type", &content_type).body(&body);
        let answer = runtime.block_on(soon(Box::pin(request.send())));
        prop_assert!((200..500).contains(&answer.status), "{answer:?}");
        Ok(())
    };
    seeded(file!(), REQUESTS).run(&(boundaries(), requests()), is_answered)?;
    runtime.block_on(async {
        let answer = counter.publish("whole", &whole(&[message(&notice(Company::Active))])).await;
        ensure!(answer.status == 201, "{answer:?}");
        let account = counter.account().await?;
        ensure!(account.difference == 0 && account.total.accepted > 1, "{account:?}");
        Ok(())
    })
}
