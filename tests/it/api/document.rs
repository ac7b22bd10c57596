//! The OpenAPI document says what is there: every operation that it names
//! answers as it says, and there is no route that it does not name.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::get;
use super::running::Running;
use crate::pages::site::{Site, text};
use crate::shipped::{self, ROOT};
use crate::support::world::TAX;
use crate::web::client::Request;

fn document() -> Value {
    shipped::json("schemas/openapi.json").unwrap()
}

/// Path, method and object of every operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((path.clone(), method.to_uppercase(), operation.clone()));
        }
    }
    all
}

#[tokio::test]
async fn the_document_is_served_to_anybody() -> Result<()> {
    let site = Site::open().await?;
    let answer = get(&site.visitor(), "/openapi.json").await;
    assert_eq!(answer.json(), document());
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    Ok(())
}

#[tokio::test]
async fn the_document_can_be_read_as_a_page_that_runs_nothing_of_others() -> Result<()> {
    let site = Site::open().await?;
    let answer = site.visitor().get("/openapi").await;
    let page = text(&answer);
    assert_eq!(answer.status, 200, "{page}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    for (path, method, operation) in operations(&document()) {
        assert!(page.contains(&format!("{method} {path}")), "{method} {path}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for name in document()["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "of another site");
    let start = text(&site.visitor().get("/start").await);
    assert!(start.contains("href=\"/openapi\""), "nothing leads to it");
    Ok(())
}

fn request(running: &Running, path: &str, method: &str) -> Request {
    let request = running.engine.request(method, &filled(path));
    request.header("content-type", "application/json").body(b"{\"items\":[]}")
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() -> Result<()> {
    let running = Running::start().await?;
    let bearer = format!("Bearer {}", running.token());
    let mut asked = 0;
    for (path, method, operation) in operations(&document()) {
        let request = request(&running, &path, &method).header("authorization", &bearer);
        let answer = request.send().await;
        let documented = &operation["responses"][answer.status.to_string()];
        ensure!(documented.is_object(), "{method} {path}: {}", answer.status);
        ensure!(![405, 500].contains(&answer.status), "{method} {path}: {}", answer.status);
        if let Some(content) = documented["content"].as_object() {
            let media_type = answer.header("content-type").context("no media type")?;
            let is_named = content.keys().any(|it| media_type.starts_with(&**it));
            ensure!(is_named || content.contains_key("*/*"), "{path}: {media_type}");
        }
        asked += 1;
    }
    ensure!(asked == 39, "{asked}");
    Ok(())
}

#[tokio::test]
async fn what_the_document_says_of_keys_is_so() -> Result<()> {
    let running = Running::start().await?;
    for (path, method, operation) in operations(&document()) {
        let answer = request(&running, &path, &method).send().await;
        let is_refused = answer.status == 401;
        ensure!(is_refused == operation["security"].is_array(), "{method} {path}: {answer:?}");
        let documented = operation["responses"][answer.status.to_string()].is_object();
        ensure!(documented, "{method} {path}: {}", answer.status);
    }
    Ok(())
}

/// A route for programs is added with its description: nothing else of these
/// rooms may name a route, but the page that shows the document.
#[test]
fn no_route_for_programs_is_without_description() -> Result<()> {
    let mut bare = Vec::new();
    let mut folders =
        ["api", "operate"].map(|room| format!("{ROOT}/src/web/{room}").into()).to_vec();
    let mut files: Vec<std::path::PathBuf> =
        ["printers", "documents", "events", "health"].map(named).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir::<std::path::PathBuf>(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for file in files {
        let count = std::fs::read_to_string(&file)?.matches(".route(").count();
        if count > 0 {
            let name = file.strip_prefix(ROOT)?.display().to_string();
            bare.push((name, count));
        }
    }
    bare.sort();
    let described = ("src/web/api/describe/mod.rs".to_owned(), 2);
    ensure!(bare == [described, ("src/web/api/mod.rs".to_owned(), 1)], "{bare:?}");
    Ok(())
}

fn named(room: &str) -> std::path::PathBuf {
    format!("{ROOT}/src/web/{room}.rs").into()
}

/// A template with something in each of its places.
fn filled(template: &str) -> String {
    template
        .replace("{messageId}", "01a2078b-ec10-74c5-b402-ef8c377bc990")
        .replace("{senderApplicationId}", TAX)
        .replace("{printer}", super::running::PRINTER)
        .replace(['{', '}'], "")
}
