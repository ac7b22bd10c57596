//! Every page, in every language, wide and narrow, light and dark: axe finds
//! nothing serious, nothing is wider than the screen, and a picture is kept.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::demo::Demo;
use super::driver::Browser;

const AXE: &str = include_str!("../../vendor/axe-4.14.1.min.js");
const CHECK: &str = "const done = arguments[arguments.length - 1]; \
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], \
    iframes: false }).then(found => done(found.violations), fault => done([{ id: String(fault), \
    impact: 'critical', nodes: [] }]));";

#[tokio::test]
async fn browser_axe_finds_nothing_serious_on_any_page() -> Result<()> {
    let (demo, browser) = (Demo::start(300).await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    demo.enter(&browser, "demo-amelie", "/boxes").await?;
    browser.until_at("the box", |path| path.starts_with("/boxes/0")).await;
    let place = browser.path().await?.split('?').next().context("no path")?.to_owned();
    let link = "return document.querySelector('.row-link').getAttribute('href')";
    let message = browser.run(link, json!([])).await?;
    let message = message.as_str().context("no message")?.to_owned();
    let mut faults = in_each_language(&demo, &browser, &pages(&place, &message)).await?;
    // An accountant of many companies, and somebody who registers one.
    demo.enter(&browser, "demo-sofie", "/boxes").await?;
    let boxes = [("boxes", "/boxes".to_owned()), ("all-boxes", "/boxes/all".to_owned())];
    faults.extend(in_each_language(&demo, &browser, &boxes).await?);
    demo.enter(&browser, "demo-klaus", "/start/register").await?;
    let register = [("register", "/start/register".to_owned())];
    faults.extend(in_each_language(&demo, &browser, &register).await?);
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn browser_axe_finds_nothing_serious_in_the_console() -> Result<()> {
    let (demo, browser) = (Demo::start(300).await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    demo.enter(&browser, "demo-operator", "/console").await?;
    let pages = consoles(&demo, &browser).await?;
    let faults = in_each_language(&demo, &browser, &pages).await?;
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn browser_axe_finds_nothing_serious_before_one_signs_in() -> Result<()> {
    let (demo, browser) = (Demo::start(100).await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    let pages = [("sign-in", "/sign-in".to_owned()), ("home", "/start".to_owned())];
    let faults = in_each_language(&demo, &browser, &pages).await?;
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// Everything that is wrong with some pages, in whatever language.
async fn in_each_language(
    demo: &Demo,
    browser: &Browser,
    pages: &[(&'static str, String)],
) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for language in ["fr", "nl", "de", "en"] {
        browser.screen(1400, 900, false).await?;
        speak(demo, browser, language).await?;
        for (name, path) in pages {
            faults.extend(look(demo, browser, &format!("{name}-{language}"), path).await?);
        }
    }
    Ok(faults)
}

fn pages(place: &str, message: &str) -> Vec<(&'static str, String)> {
    vec![
        ("start", "/start?number=0852093431".into()),
        ("help", "/help/access".into()),
        ("inbox", place.to_owned()),
        ("message", message.to_owned()),
        ("search", format!("{place}?q=dimona&unread=yes")),
        ("labels", format!("{place}/labels")),
        ("access", format!("{place}/management/access")),
        ("partitions", format!("{place}/management/partitions")),
        ("consent", format!("{place}/management/consent")),
        ("notices", format!("{place}/management/notices")),
        ("record", format!("{place}/management/record")),
        ("missing", "/nothing".into()),
    ]
}

/// Pages of the console, with the first of each list.
async fn consoles(demo: &Demo, browser: &Browser) -> Result<Vec<(&'static str, String)>> {
    let mut pages: Vec<(&str, String)> = ["", "/policy", "/find?q=nothing", "/record"]
        .iter()
        .zip(["console", "console-policy", "console-find", "console-record"])
        .map(|(path, name)| (name, format!("/console{path}")))
        .collect();
    for (list, one, path) in [
        ("console-quarantine", "console-entry", "/console/quarantine?state=open"),
        ("console-lanes", "console-lane", "/console/lanes"),
        ("console-types", "console-type", "/console/types"),
        ("console-printers", "console-printer", "/console/printers"),
    ] {
        browser.go(&demo.url(path)).await?;
        let link = "return document.querySelector('tbody a').getAttribute('href')";
        let first = browser.run(link, json!([])).await?;
        pages.push((list, path.to_owned()));
        pages.push((one, first.as_str().context("no link")?.to_owned()));
    }
    Ok(pages)
}

pub(super) async fn speak(demo: &Demo, browser: &Browser, language: &str) -> Result<()> {
    browser.go(&demo.url("/help/start")).await?;
    browser.click(".top-links .menu summary").await?;
    browser.click(&format!("button[value={language}]")).await?;
    let is_said = "return document.documentElement.lang";
    crate::support::wait::until(language, async || {
        browser.run(is_said, json!([])).await.is_ok_and(|now| now == language)
    })
    .await;
    Ok(())
}

/// Everything that is wrong with a page, however it is looked at.
pub(super) async fn look(
    demo: &Demo,
    browser: &Browser,
    name: &str,
    path: &str,
) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (width, height, size) in [(1400, 900, "wide"), (360, 740, "narrow")] {
        for (is_dark, light) in [(false, "light"), (true, "dark")] {
            browser.screen(width, height, is_dark).await?;
            browser.go(&demo.url(path)).await?;
            let name = format!("{name}-{size}-{light}");
            keep(browser, &name).await?;
            let wide =
                browser.run("return document.documentElement.scrollWidth", json!([])).await?;
            if wide.as_u64().is_none_or(|wide| wide > u64::from(width)) {
                faults.push(format!("{name} is {wide} wide"));
            }
            faults.extend(check(browser).await?.into_iter().map(|it| format!("{name}: {it}")));
        }
    }
    Ok(faults)
}

/// The picture is a result of the test, kept beside what cargo built.
pub(super) async fn keep(browser: &Browser, name: &str) -> Result<()> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(target).join("screenshots");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{name}.png")), browser.screenshot().await?)?;
    Ok(())
}

/// What axe calls serious or critical.
pub(super) async fn check(browser: &Browser) -> Result<Vec<String>> {
    browser.run(AXE, json!([])).await?;
    let found = browser.run_async(CHECK).await?;
    let violations = found.as_array().context("no answer of axe")?;
    let is_serious = |it: &&Value| matches!(it["impact"].as_str(), Some("serious" | "critical"));
    Ok(violations.iter().filter(is_serious).map(told).collect())
}

fn told(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
    let nodes: Vec<&str> = nodes.iter().filter_map(|node| node["html"].as_str()).collect();
    format!("{}: {}\n  {}", violation["id"], violation["help"], nodes.join("\n  "))
}
