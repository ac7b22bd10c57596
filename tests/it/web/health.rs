//! Health, metrics, and the way a site ends.

use facteur::config::Config;
use facteur::web::Bounds;
use facteur::{telemetry, web};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::client::Request;
use super::site::Site;

#[tokio::test]
async fn readiness_names_each_dependency_and_follows_it() {
    let is_there = Arc::new(AtomicBool::new(false));
    let queue = Arc::clone(&is_there);
    let site = Site::start_with(|readiness| {
        readiness.with("ledger", || async { Ok::<_, std::io::Error>(()) }).with(
            "queue",
            move || {
                let is_there = queue.load(Ordering::SeqCst);
                async move { is_there.then_some(()).ok_or("amqp://guest:s3cret@broker is away") }
            },
        )
    })
    .await;
    let away = site.request("GET", "/readyz").send().await;
    assert_eq!(away.status, 503);
    let dependencies = serde_json::json!({ "ledger": "ok", "queue": "away" });
    let expected = serde_json::json!(
        { "ready": false, "stopping": false, "dependencies": dependencies });
    assert_eq!(away.json(), expected);
    is_there.store(true, Ordering::SeqCst);
    assert_eq!(site.request("GET", "/readyz").send().await.status, 200);
    assert_eq!(site.request("GET", "/healthz").send().await.status, 200);
}

#[tokio::test]
async fn a_dependency_that_never_answers_counts_as_away() {
    let site = Site::start_with(|readiness| {
        readiness.with("ledger", std::future::pending::<Result<(), std::io::Error>>)
    })
    .await;
    let answer = site.request("GET", "/readyz").send().await;
    assert_eq!((answer.status, &answer.json()["dependencies"]["ledger"]), (503, &"away".into()));
}

#[tokio::test]
async fn a_site_that_stops_is_not_ready_and_then_ends() {
    let site = Site::start().await;
    assert_eq!(site.request("GET", "/readyz").send().await.status, 200);
    site.stopping.cancel();
    site.served.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(site.address).await.is_err());
}

#[tokio::test]
async fn nothing_else_is_there() {
    let site = Site::start().await;
    let nothing = site.request("GET", "/etc/passwd").send().await;
    assert_eq!((nothing.status, &*nothing.code()), (404, "NOT_FOUND"));
    let method = site.request("DELETE", "/healthz").send().await;
    assert_eq!((method.status, &*method.code()), (405, "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn requests_are_measured_by_template_and_known_method() {
    let site = Site::start().await;
    site.request("GET", "/documents/never-a-label").send().await;
    site.request("BREW", "/never-a-label-either").send().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = CancellationToken::new();
    let router = web::metrics_router(telemetry::install().unwrap());
    let bounds = Bounds::of(&Config::load(None, std::iter::empty()).unwrap().web);
    let scrape = async {
        let page = Request::new(address, "GET", "/metrics").send().await;
        stopping.cancel();
        page
    };
    let serving = web::serve(listener, router, bounds, stopping.clone());
    let (page, served) = tokio::join!(scrape, serving);
    served.unwrap();
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let page = String::from_utf8(page.body).unwrap();
    for labels in [
        "{route=\"/documents/{sha256}\",method=\"GET\",status=\"401\"}",
        "{route=\"unmatched\",method=\"other\",status=\"404\"}",
    ] {
        assert!(page.contains(&format!("facteur_http_seconds_count{labels}")), "{page}");
    }
    assert!(!page.contains("never-a-label"));
}
