//! Sign-in at an identity provider that is not ours.

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Result, ensure};
use facteur::mailbox::PersonKey;
use serde_json::json;

use super::driver::Browser;
use crate::support::foreign::Foreign;
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, registry};

const KEY: &str = "a secret of the house";
const NUMBER: &str = "85073003328";

/// Its redirect addresses are registered before we listen, so the port is
/// drawn before as well.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[tokio::test]
async fn browser_signs_in_and_out_at_a_provider_that_is_not_ours() -> Result<()> {
    let address = format!("127.0.0.1:{}", free_port()?);
    let pages = format!("http://{address}");
    let provider = Foreign::start("identity_provider.mjs", &[&pages]).await?;
    let program = Program::new()?
        .with("WEB__LISTEN", &address)
        .with("SIGN_IN__BASE_URL", &pages)
        .with("SIGN_IN__ISSUER", &provider.address)
        .with("SIGN_IN__CLIENT_ID", "facteur")
        .with("SIGN_IN__CLIENT_SECRET", "a-secret-of-the-tests")
        .with("SIGN_IN__PERSON_KEY", KEY);
    program.ask(&["migrate"]).await?;
    let person = format!("person-{}", Company::Active.number());
    let kept = PersonKey::new(KEY.as_bytes()).person(&provider.address, &person);
    let lines = registry(now())?.replace(&person, kept.as_str());
    let file = program.file("registry.jsonl", &lines)?;
    program.ask(&["registry", "import", &file]).await?;
    let _engine = program.serve().await;
    let browser = Browser::start().await?;

    sign_in(&browser, &pages, &person).await?;
    let place = format!("/boxes/{}", Company::Active.number());
    browser.until_at("one's only box", |path| path.starts_with(&place)).await;
    browser.click(".top-links details:nth-of-type(2) summary").await?;
    browser.until_shown(&format!("Name of {person}")).await;

    // An answer that this browser never asked for signs nobody in.
    let stolen = format!("{pages}/sign-in/back?code=stolen&state=guessed");
    browser.go(&stolen).await?;
    browser.until_at("refused", |path| path.contains("fault=failed")).await;

    // Signing out ends both sessions: the provider asks again who one is.
    browser.go(&format!("{pages}/start")).await?;
    let script = "document.querySelector('form[action=\"/sign-out\"]').requestSubmit()";
    browser.run(script, json!([])).await?;
    until("at the provider", async || {
        browser
            .run("return location.origin", json!([]))
            .await
            .is_ok_and(|at| at == provider.address)
    })
    .await;
    browser.click("button[name=logout], button[value=yes], form button").await?;
    until("back", async || {
        browser.run("return location.origin", json!([])).await.is_ok_and(|at| at == pages)
    })
    .await;
    browser.go(&format!("{pages}{place}")).await?;
    browser.until_at("signed out", |path| path.starts_with("/sign-in?to=")).await;

    // A representative is proved by the provider's claims.
    sign_in(&browser, &pages, NUMBER).await?;
    browser.go(&format!("{pages}/start/register")).await?;
    browser.until_shown("Boxless").await;
    browser.click("main form button.primary").await?;
    browser.until_at("a new box", |path| path.contains("said-registered")).await;
    holds_no_number(program.folder.path())
}

/// Neither the number nor a token (the start of any that is signed) that says
/// it, while a session is open.
fn holds_no_number(folder: &Path) -> Result<()> {
    let mut is_session_there = false;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        ensure!(!holds(NUMBER) && !holds("eyJhbGciOi"), "{} holds it", path.display());
        is_session_there |= holds("Name of somebody");
    }
    ensure!(is_session_there, "looked in the wrong place");
    Ok(())
}

fn now() -> jiff::Timestamp {
    use facteur::clock::Clock as _;
    facteur::clock::SystemClock.now()
}

async fn sign_in(browser: &Browser, pages: &str, person: &str) -> Result<()> {
    browser.go(&format!("{pages}/sign-in?to=%2Fboxes")).await?;
    browser.click("main a.button.primary").await?;
    until("the provider asks", async || browser.count("input[name=login]").await.ok() == Some(1))
        .await;
    browser.fill("input[name=login]", person).await?;
    browser.fill("input[name=password]", "anything").await?;
    browser.click("button[type=submit]").await?;
    until("the provider asks for consent, or is done", async || {
        let form = browser.count("input[name=prompt][value=consent]").await;
        let is_home = browser.run("return location.origin", json!([])).await;
        form.ok() == Some(1) || is_home.is_ok_and(|at| at == pages)
    })
    .await;
    if browser.count("input[name=prompt][value=consent]").await? == 1 {
        browser.click("button[type=submit]").await?;
    }
    until("signed in", async || {
        browser.run("return location.origin", json!([])).await.is_ok_and(|at| at == pages)
    })
    .await;
    Ok(())
}
