//! Uploads: what is taken, what is not, and who reads it.

use std::time::Duration;

use facteur::clock::Stopwatch;
use facteur::domain::{ApplicationId, Digest};
use facteur::ledger::{DocumentKey, Wanted};

use super::site::{AGENCY, KEYLESS, OTHER, Site};

const CONTENT: &[u8] = b"%PDF-1.7 a letter";

fn key(application: &str, content: &[u8]) -> DocumentKey {
    (ApplicationId::new(application).unwrap(), Digest::of(content))
}

/// Whether a publication of this application may name it.
async fn is_known(site: &Site, key: &DocumentKey) -> bool {
    let mut batch = site.ledger.begin().await.unwrap();
    let wanted = Wanted { documents: [key.clone()].into(), ..Wanted::default() };
    let reference = batch.reference().await.unwrap();
    batch.look_up(reference, &wanted).await.unwrap().documents.contains_key(key)
}

#[tokio::test]
async fn an_upload_is_read_back_by_its_application_to_be_saved_and_not_shown() {
    let site = Site::start().await;
    assert_eq!(site.upload(AGENCY, CONTENT).send().await.status, 201);
    assert_eq!(site.upload(AGENCY, CONTENT).send().await.status, 200);
    assert!(is_known(&site, &key(AGENCY, CONTENT)).await);

    let digest = Digest::of(CONTENT);
    let answer = site.document("GET", AGENCY, digest).send().await;
    assert_eq!((answer.status, &*answer.body), (200, CONTENT));
    let tag = format!("\"{digest}\"");
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("content-length", "17"),
        ("etag", &tag),
        ("content-disposition", "attachment"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let again = site.document("GET", AGENCY, digest).header("if-none-match", &tag).send().await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let head = site.document("HEAD", AGENCY, digest).send().await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("17")));
}

#[tokio::test]
async fn whoever_is_not_proven_learns_nothing() {
    let site = Site::start().await;
    assert_eq!(site.upload(AGENCY, CONTENT).send().await.status, 201);
    let path = format!("/documents/{}", Digest::of(CONTENT));
    let right = "key-of-employment-job-attest-werkkaart";
    let request = |method| site.request(method, &path).header("content-type", "application/pdf");
    for method in ["GET", "PUT"] {
        let strangers = [
            request(method),
            request(method).basic(AGENCY, "wrong"),
            request(method).basic(AGENCY, ""),
            request(method).basic(OTHER, right),
            request(method).basic("employment:unknown", right),
            request(method).basic(KEYLESS, "key-of-archive-records"),
            request(method).basic(KEYLESS, ""),
            request(method).basic("", ""),
            request(method).header("authorization", "Basic"),
            request(method).header("authorization", "Basic not*base64"),
            request(method).header("authorization", &format!("Bearer {right}")),
        ];
        let mut bodies = Vec::new();
        for stranger in strangers {
            let answer = stranger.body(CONTENT).send().await;
            assert_eq!((answer.status, &*answer.code()), (401, "UNAUTHENTICATED"));
            assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="));
            bodies.push(answer.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "one answer for every reason");
    }
}

#[tokio::test]
async fn anothers_document_is_as_missing_as_one_that_never_was() {
    let site = Site::start().await;
    assert_eq!(site.upload(AGENCY, CONTENT).send().await.status, 201);
    let anothers = site.document("GET", OTHER, Digest::of(CONTENT)).send().await;
    let missing = site.document("GET", OTHER, Digest::of(b"never uploaded")).send().await;
    assert_eq!((anothers.status, &*anothers.code()), (404, "UNKNOWN_DOCUMENT"));
    assert_eq!((anothers.status, &anothers.body), (missing.status, &missing.body));
    assert!(!is_known(&site, &key(OTHER, CONTENT)).await);
    // Uploading it takes the content, not its name; and then it is new.
    assert_eq!(site.upload(OTHER, CONTENT).send().await.status, 201);
}

#[tokio::test]
async fn a_body_at_fault_is_told_so_and_leaves_nothing() {
    let site = Site::start().await;
    let digest = Digest::of(CONTENT);
    let put = || site.document("PUT", AGENCY, digest).header("content-type", "application/pdf");
    let mebibytes = |n: usize| vec![b'x'; n << 20];
    let chunked = |content: &[u8]| {
        let head = format!("{:x}\r\n", content.len());
        [head.as_bytes(), content, b"\r\n0\r\n\r\n"].concat()
    };
    let declared = (31 << 20).to_string();
    for (request, status, code) in [
        (put().body(b"another"), 422, "DIGEST_DO_NOT_MATCH"),
        (put(), 422, "DIGEST_DO_NOT_MATCH"),
        (put().header("content-length", &declared), 413, "TOO_LARGE"),
        (
            put().header("transfer-encoding", "chunked").body(&chunked(&mebibytes(31))),
            413,
            "TOO_LARGE",
        ),
        (put().header("transfer-encoding", "chunked").body(b"not a size\r\n"), 400, "MALFORMED"),
    ] {
        let answer = request.send().await;
        assert_eq!((answer.status, &*answer.code()), (status, code));
        assert_eq!(site.files(), 0, "{code}");
        assert!(!is_known(&site, &key(AGENCY, CONTENT)).await, "{code}");
        assert_eq!(site.document("GET", AGENCY, digest).send().await.status, 404, "{code}");
    }
    assert_eq!(site.upload(AGENCY, CONTENT).send().await.status, 201, "and then it is whole");
}

#[tokio::test]
async fn an_upload_whose_sender_hangs_up_leaves_nothing() {
    let site = Site::start().await;
    let content = vec![b'x'; 8 << 20];
    let digest = Digest::of(&content);
    let put = site.document("PUT", AGENCY, digest).header("content-type", "application/pdf");
    let put = put.header("content-length", &(9 << 20).to_string());
    put.body(&content).send_and_hang_up().await;
    let waiting = Stopwatch::start();
    while site.files() > 0 {
        assert!(waiting.elapsed() < Duration::from_secs(10), "something is left behind");
        tokio::task::yield_now().await;
    }
    assert!(!is_known(&site, &key(AGENCY, &content)).await);
    assert_eq!(site.document("GET", AGENCY, digest).send().await.status, 404);
    assert_eq!(site.upload(AGENCY, &content).send().await.status, 201);
}

#[tokio::test]
async fn thirty_megabytes_are_taken_in_pieces() {
    let site = Site::start().await;
    let content = vec![b'x'; 30 << 20];
    assert_eq!(site.upload(AGENCY, &content).send().await.status, 201);
    let answer = site.document("GET", AGENCY, Digest::of(&content)).send().await;
    assert!(answer.body == content);
}

#[tokio::test]
async fn only_listed_media_types_are_taken_and_one_stays() {
    let site = Site::start().await;
    let digest = Digest::of(CONTENT);
    for hostile in [
        "image/svg+xml",
        "text/javascript",
        "application/pdf, text/html",
        "application/pdf\u{b}",
        "application/x-msdownload",
        "*/*",
        "",
    ] {
        let put = site.document("PUT", AGENCY, digest).header("content-type", hostile);
        let answer = put.body(CONTENT).send().await;
        match answer.status {
            // A control character is no HTTP.
            400 => assert!(hostile.contains('\u{b}'), "{hostile:?}"),
            status => assert_eq!((status, &*answer.code()), (415, "MEDIA_TYPE_NOT_ALLOWED")),
        }
    }
    let without = site.document("PUT", AGENCY, digest).body(CONTENT).send().await;
    assert_eq!(without.status, 415);
    let packed = site.upload(AGENCY, CONTENT).header("content-encoding", "gzip").send().await;
    assert_eq!(packed.status, 415);

    let put = |media_type| site.document("PUT", AGENCY, digest).header("content-type", media_type);
    let first = put("Text/HTML; charset=utf-8").body(CONTENT).send().await;
    assert_eq!(first.status, 201);
    let other = put("application/pdf").body(CONTENT).send().await;
    assert_eq!((other.status, &*other.code()), (409, "MEDIA_TYPE_DIFFERS"));
    let read = site.document("GET", AGENCY, digest).send().await;
    assert_eq!(read.header("content-type"), Some("text/html"));
}

#[tokio::test]
async fn a_name_that_is_no_digest_is_explained() {
    let site = Site::start().await;
    for (name, said) in [
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "hexadecimal"),
        ("..%2f..%2fledger.db", "43 characters"),
        ("x", "43 characters"),
    ] {
        let request = site.request("GET", &format!("/documents/{name}"));
        let answer = request.basic(OTHER, "key-of-finance-notices").send().await;
        assert_eq!((answer.status, &*answer.code()), (422, "DIGEST_DO_NOT_MATCH"));
        assert!(answer.json()["message"].as_str().unwrap().contains(said), "{name}");
    }
}

#[tokio::test]
async fn a_stored_document_that_is_missing_is_an_error_of_ours() {
    let site = Site::start().await;
    assert_eq!(site.upload(AGENCY, CONTENT).send().await.status, 201);
    site.store.delete(&key(AGENCY, CONTENT)).await.unwrap();
    let answer = site.document("GET", AGENCY, Digest::of(CONTENT)).send().await;
    assert_eq!((answer.status, &*answer.code()), (500, "INTERNAL"));
    assert_eq!(site.upload(AGENCY, CONTENT).send().await.status, 201, "it is put back");
}

#[tokio::test]
async fn without_a_ledger_the_caller_is_asked_to_come_again() {
    let site = Site::start().await;
    site.ledger.close().await;
    let answer = site.upload(AGENCY, CONTENT).send().await;
    assert_eq!((answer.status, &*answer.code()), (503, "UNAVAILABLE"));
    assert!(answer.header("retry-after").is_some());
}
