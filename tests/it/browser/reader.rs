//! A day with a box: reading, keys, labels, views, search, in two languages.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::demo::Demo;
use super::driver::Browser;
use super::publication;
use crate::support::wait::{until, until_worked_off};

#[tokio::test]
async fn browser_a_reader_works_through_a_box() -> Result<()> {
    let (demo, browser) = (Demo::start(400).await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    demo.enter(&browser, "demo-amelie", "/boxes").await?;
    browser.until_at("the box", |path| path.starts_with("/boxes/0")).await;
    let place = browser.path().await?.split('?').next().context("no path")?.to_owned();
    browser.until_shown("Réception").await;
    reads(&browser, &place).await?;
    leaves_unread(&demo, &browser, &place).await?;
    labels(&demo, &browser, &place).await?;
    hides(&demo, &browser, &place).await?;
    saves_a_view(&demo, &browser, &place).await?;
    searches(&demo, &browser, &place).await?;
    in_dutch(&demo, &browser, &place).await
}

/// With keys alone: the first message, then the second.
async fn reads(browser: &Browser, place: &str) -> Result<()> {
    let before = browser.count(".row.unread").await?;
    ensure!(before > 2, "{before} unread");
    browser.press("j").await?;
    browser.press("\u{e007}").await?;
    browser.until_at("a message", |path| path.contains("/messages/")).await;
    until("it is shown beside the list", async || opened(browser).await.is_some()).await;
    ensure!(browser.count(".row").await? > 2, "the list stays");
    let heading = opened(browser).await.context("nothing is open")?;
    browser.press("j").await?;
    until("the next one", async || opened(browser).await.is_some_and(|it| it != heading)).await;
    browser.run("history.back()", json!([])).await?;
    until("back at the first", async || opened(browser).await.is_some_and(|it| it == heading))
        .await;
    browser.press("u").await?;
    browser
        .until_at("the list", |path| path.starts_with(place) && !path.contains("messages"))
        .await;
    Ok(())
}

/// The heading of the message in the pane, once the pane has settled: the
/// window's title and the mark on its row come a moment after the heading.
async fn opened(browser: &Browser) -> Option<String> {
    let script = "const [title, rows] = [document.title, document.querySelectorAll('.row.open')];\
        const heading = document.querySelector('#reading .message h1')?.innerText;\
        return rows.length === 1 && title === `${heading} · e-Box` ? heading : null";
    Some(browser.run(script, json!([])).await.ok()?.as_str()?.to_owned())
}

/// What no page shows is read when it is fetched, and not before.
async fn leaves_unread(demo: &Demo, browser: &Browser, place: &str) -> Result<()> {
    let (number, subject) = (place.trim_start_matches("/boxes/"), "Fichier à télécharger");
    let (kind, application) = ("DIMONA1", "onss:dimona:notification");
    let mut message = publication("0206731645", application, kind, number, subject);
    message["isBodyMainContent"] = json!(false);
    message["attachments"] = json!([{
        "httpPartName": "file", "isMainContent": true, "fileName": "file.html",
        "mediaType": "text/html", "content": { "inline": "PGI+" },
    }]);
    demo.publish(application, &message).await?;
    until_worked_off("it arrived", async || {
        let shown = browser.go(&demo.url(place)).await.is_ok();
        shown && browser.text().await.is_ok_and(|text| text.contains(subject))
    })
    .await;
    browser.click(".row:nth-child(1) .row-link").await?;
    until("it is shown", async || opened(browser).await.is_some_and(|it| it == subject)).await;
    ensure!(browser.count(".row.open.unread").await? == 1, "it was only looked at");
    browser.click("#reading [data-reads]").await?;
    ensure!(browser.count(".row.open.unread").await? == 0);
    Ok(())
}

async fn labels(demo: &Demo, browser: &Browser, place: &str) -> Result<()> {
    browser.go(&demo.url(&format!("{place}/labels"))).await?;
    browser.fill("form input[name=name]", "À payer").await?;
    browser.click("button[value=create]").await?;
    browser.until_shown("Créé.").await;
    browser.go(&demo.url(place)).await?;
    browser.click(".rows .row:nth-child(1) input").await?;
    browser.click(".rows .row:nth-child(2) input").await?;
    browser.click(".bulk .menu summary").await?;
    browser.click(".bulk .menu-list button").await?;
    browser.until_shown("Libellé mis.").await;
    ensure!(browser.count(".row .label").await? == 2);
    browser.click("nav.side a[href*=\"label=\"]").await?;
    browser.until_at("the label's list", |path| path.contains("label=")).await;
    ensure!(browser.count(".row").await? == 2);
    Ok(())
}

/// Not beside the message that is read, and not where somebody turned them off.
async fn keys_stay_where_they_belong(browser: &Browser) -> Result<()> {
    let is_there = async || Ok::<_, anyhow::Error>(browser.path().await?.contains("/messages/"));
    let first = browser.run("return document.querySelector('.row-link').href", json!([])).await?;
    browser.go(first.as_str().context("no message")?).await?;
    browser.run("document.querySelector('.brand').focus()", json!([])).await?;
    browser.press("h").await?;
    browser.press("u").await?;
    browser.until_at("the list", |path| !path.contains("/messages/")).await;
    ensure!(!browser.text().await?.contains("Masqué."), "h acted with the focus elsewhere");
    browser.press("?").await?;
    browser.click("#keys [data-keys-on]").await?;
    browser.click("#keys button").await?;
    browser.press("j").await?;
    browser.press("\u{e007}").await?;
    ensure!(!is_there().await?, "j acted though keys are off");
    browser.run("localStorage.clear()", json!([])).await?;
    Ok(())
}

async fn hides(demo: &Demo, browser: &Browser, place: &str) -> Result<()> {
    browser.go(&demo.url(place)).await?;
    let first = browser.text_of(".row:nth-child(1) .subject").await?;
    keys_stay_where_they_belong(browser).await?;
    browser.go(&demo.url(place)).await?;
    browser.press("j").await?;
    browser.press("h").await?;
    browser.until_shown("Masqué.").await;
    ensure!(browser.text_of(".row:nth-child(1) .subject").await? != first);
    browser.go(&demo.url(&format!("{place}?hidden=yes"))).await?;
    ensure!(browser.text_of(".row .subject").await? == first);
    browser.click(".rows input").await?;
    browser.click("button[value=show]").await?;
    browser.until_shown("Affiché de nouveau.").await;
    Ok(())
}

async fn saves_a_view(demo: &Demo, browser: &Browser, place: &str) -> Result<()> {
    let wanted = "unread=yes&column=subject&column=type&column=arrived&density=compact";
    browser.go(&demo.url(&format!("{place}?{wanted}"))).await?;
    browser.click(".view-menu summary").await?;
    browser.fill(".view-menu input[name=name]", "Nouveautés").await?;
    browser.click(".view-menu input[name=default]").await?;
    browser.click(".view-menu form[action$=views] button").await?;
    browser.until_shown("Enregistré.").await;
    browser.go(&demo.url(place)).await?;
    browser.until_at("the default view", |path| path.contains("density=compact")).await;
    ensure!(browser.text_of(".list-head h1").await? == "Nouveautés");
    ensure!(browser.count(".list.compact .row:not(.unread)").await? == 0);
    ensure!(browser.count(".row:nth-child(1) .cell").await? == 3);
    Ok(())
}

/// Found words are marked; a proposal filters.
async fn searches(demo: &Demo, browser: &Browser, place: &str) -> Result<()> {
    browser.go(&demo.url(&format!("{place}?q=TRIMESTR"))).await?;
    ensure!(browser.count(".row").await? > 0);
    let marked = browser.text_of(".row:nth-child(1) mark").await?;
    ensure!(marked.to_lowercase() == "trimestr", "{marked}");
    browser.go(&demo.url(&format!("{place}?in=inbox"))).await?;
    browser.fill("#q", "dimon").await?;
    until("proposals", async || browser.count("#completion a").await.is_ok_and(|n| n > 0)).await;
    browser.press("\u{e015}").await?;
    browser.press("\u{e007}").await?;
    browser.until_at("a filter", |path| path.contains("type=") || path.contains("sender=")).await;
    ensure!(browser.count(".chip.removable").await? == 1);
    Ok(())
}

async fn in_dutch(demo: &Demo, browser: &Browser, place: &str) -> Result<()> {
    browser.click(".top-links .menu summary").await?;
    browser.click("button[value=nl]").await?;
    browser.until_shown("Ongelezen").await;
    let language = browser.run("return document.documentElement.lang", json!([])).await?;
    ensure!(language == "nl");
    browser.go(&demo.url(&format!("{place}?q=kwartaal"))).await?;
    ensure!(browser.count(".row mark").await? > 0, "{}", browser.text().await?);
    Ok(())
}
