//! Forms: from where they may come, and where they lead.

use anyhow::Result;

use super::site::{Site, inbox, manager, text};
use crate::support::world::{Company, notice};

#[tokio::test]
async fn a_form_of_another_site_does_nothing() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let path = format!("{}/messages", inbox(Company::Active));
    let fields = [("do", "hide"), ("message", &*id)];
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let answer = visitor.form(&path, &fields).header(name, value).send().await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert!(text(&answer).contains("The request came from another site"), "{}", text(&answer));
    }
    assert!(text(&visitor.get(&inbox(Company::Active)).await).contains(&id), "still there");
    let own = visitor.submit(&path, &fields).await;
    assert_eq!(own.status, 303);
    assert!(!text(&visitor.get(&inbox(Company::Active)).await).contains(&id), "hidden");
    Ok(())
}

#[tokio::test]
async fn no_form_and_no_link_leads_to_another_host() -> Result<()> {
    let site = Site::open().await?;
    let manager = manager(Company::Active);
    for to in ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"] {
        let mut visitor = site.visitor();
        let fields = [("person", &*manager), ("to", to)];
        let answer = visitor.submit("/sign-in/persona", &fields).await;
        assert_eq!(answer.header("location"), Some("/"), "{to:?}");
        let answer = visitor.submit("/language", &[("language", "nl"), ("to", to)]).await;
        assert_eq!(answer.header("location"), Some("/"), "{to:?}");
        let path = format!("{}/favourite", inbox(Company::Active));
        let answer = visitor.submit(&path, &[("on", "yes"), ("to", to)]).await;
        assert_eq!(answer.header("location"), Some("/?said=said-saved"), "{to:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_done_is_said_in_words_of_ours_alone() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let page = inbox(Company::Active);
    let said = text(&visitor.get(&format!("{page}?said=said-saved")).await);
    assert!(said.contains("role=\"status\">Saved.<"), "{said}");
    for invented in ["Call+0900-1234", "said-%3Cb%3E", "error-internal"] {
        let page = text(&visitor.get(&format!("{page}?said={invented}")).await);
        assert!(!page.contains("role=\"status\""), "{invented}");
    }
    Ok(())
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_refused_and_changes_nothing() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let path = format!("{}/messages", inbox(Company::Active));
    for fields in [
        vec![("do", "erase"), ("message", "x")],
        vec![("message", "00000000-0000-0000-0000-000000000000")],
        vec![("do", "hide"), ("message", "not-an-id")],
        vec![("do", "label:nothing")],
    ] {
        assert_eq!(visitor.submit(&path, &fields).await.status, 400, "{fields:?}");
    }
    let none = visitor.submit(&path, &[("do", "hide")]).await;
    assert!(none.header("location").unwrap().ends_with("said=said-nothing"));
    let guessed = [("do", "hide"), ("message", "01a2078b-ec10-74c5-b402-ef8c377bc990")];
    assert_eq!(visitor.submit(&path, &guessed).await.status, 404);
    let huge = "x".repeat(3 << 20);
    assert_eq!(visitor.submit(&path, &[("do", &huge)]).await.status, 400);
    Ok(())
}

#[tokio::test]
async fn the_history_says_where_a_message_was_moved() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let inbox = inbox(Company::Active);
    let partition = [("do", "create"), ("id", "ARCHIVES"), ("name", "Archives")];
    visitor.submit(&format!("{inbox}/management/partitions"), &partition).await;
    let moved = [("do", "move:ARCHIVES"), ("message", &*id)];
    assert_eq!(visitor.submit(&format!("{inbox}/messages"), &moved).await.status, 303);
    let page = text(&visitor.get(&format!("{inbox}/messages/{id}")).await);
    assert!(page.contains("Moved to Archives by"), "{page}");
    Ok(())
}

#[tokio::test]
async fn a_representative_registers_once_and_nobody_else_does() -> Result<()> {
    let site = Site::open().await?;
    let number = Company::Boxless.number().to_string();
    let mut nobody = site.signed_in("nobody").await;
    let refused = nobody.submit("/start/register", &[("number", &*number)]).await;
    assert!(text(&refused).contains("role=\"alert\""), "{}", text(&refused));
    let mut newcomer = site.signed_in("newcomer").await;
    let page = text(&newcomer.get("/start/register").await);
    assert!(page.contains("Boxless"), "{page}");
    let done = newcomer.submit("/start/register", &[("number", &*number)]).await;
    assert_eq!(done.header("location"), Some(&*format!("/boxes/{number}?said=said-registered")));
    assert_eq!(newcomer.get(&format!("/boxes/{number}/management/access")).await.status, 200);
    let again = newcomer.submit("/start/register", &[("number", &*number)]).await;
    assert!(text(&again).contains("role=\"alert\""));
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_not_understood_gets_a_page() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    for path in ["/boxes?shown=abc", "/start?number=1&number=2", "/sign-in?to=a&to=b", "/help/%ff"]
    {
        let answer = chief.get(path).await;
        let page = text(&answer);
        assert_eq!(answer.status, 400, "{path}: {page}");
        assert!(page.contains("This request cannot be read"), "{path}: {page}");
    }
    Ok(())
}

#[tokio::test]
async fn an_error_knows_who_it_is_told_and_where() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let missing = format!("{}/messages/none?unread=yes", inbox(Company::Active));
    let page = text(&chief.get(&missing).await);
    assert!(page.contains("Nothing at this address"), "{page}");
    assert!(page.contains(&format!("Name of {}", manager(Company::Active))), "{page}");
    assert!(page.contains(&format!("name=\"to\" value=\"{missing}\"")), "{page}");
    assert!(!text(&site.visitor().get("/nowhere").await).contains("Name of"));
    Ok(())
}

#[tokio::test]
async fn what_is_no_hour_starts_no_notices() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let notices = format!("{}/management/notices", inbox(Company::Active));
    for (address, hour, said) in [
        ("a@example.be", "zz", "This is not an hour."),
        ("a@example.be,b@example.be", "6", "This is not an e-mail address."),
    ] {
        let fields = [("address", address), ("hour", hour)];
        let refused = chief.submit(&notices, &fields).await;
        assert_eq!(refused.status, 200, "{address} {hour}");
        assert!(text(&refused).contains(said), "{address} {hour}");
        let kept = text(&chief.get(&notices).await);
        assert!(!kept.contains(address), "{kept}");
    }
    Ok(())
}

#[tokio::test]
async fn a_partition_is_made_once_and_renamed_by_its_own_form() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let partitions = format!("{}/management/partitions", inbox(Company::Active));
    for (wish, id, name, said) in [
        ("create", "P1", "Pay", "said-created"),
        ("create", "P1", "Other", "said-name-taken"),
        ("rename", "P1", "Wages", "said-saved"),
    ] {
        let answer = chief.submit(&partitions, &[("do", wish), ("id", id), ("name", name)]).await;
        let to = answer.header("location").unwrap_or_default();
        assert!(to.ends_with(said), "{wish} {name}: {to}");
    }
    chief.submit(&partitions, &[("do", "create"), ("id", "a b"), ("name", "Spaced")]).await;
    let page = text(&chief.get(&partitions).await);
    assert!(page.contains("value=\"Wages\""), "{page}");
    assert!(!page.contains("Other") && !page.contains("Spaced"), "{page}");
    Ok(())
}
