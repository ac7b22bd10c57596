//! Lists: where their links lead, and by what names they call things.

use anyhow::Result;
use serde_json::json;

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::wait::until;
use crate::support::world::{Company, LETTER, attest, notice};

/// Every address that a page links to.
fn links(page: &str) -> Vec<&str> {
    let links = page.split("href=\"").skip(1);
    links.filter_map(|rest| rest.split('"').next()).collect()
}

/// Who has a default view finds the way out of it, by whatever link.
#[tokio::test]
async fn no_link_but_the_box_itself_leads_to_the_default_view() -> Result<()> {
    let site = Site::open().await?;
    let mut ids = Vec::new();
    for _ in 0..26 {
        ids.push(site.post(&notice(Company::Active)).await?.to_string());
    }
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    let view = [("name", "Paper"), ("query", "medium=paper&unread=yes"), ("default", "yes")];
    reader.submit(&format!("{place}/views"), &view).await;
    let redirect = reader.get(&place).await;
    assert!(redirect.header("location").unwrap().contains("medium=paper"));
    for page in [
        format!("{place}?in=inbox"),
        format!("{place}?page=2"),
        // One chip, that is taken off; nothing found, and shown all.
        format!("{place}?registered=yes"),
        format!("{place}?medium=paper&unread=yes"),
        format!("{place}?sort=oldest"),
        format!("{place}/messages/{}", ids[0]),
        format!("{place}/messages/{}?page=2", ids[0]),
        format!("{place}/labels"),
        format!("{place}/management/record"),
    ] {
        let shown = text(&reader.get(&page).await);
        let bare: Vec<&str> = links(&shown).into_iter().filter(|link| *link == place).collect();
        assert!(bare.is_empty(), "{page} leads back to the default view");
    }
    let everything = text(&reader.get(&format!("{place}?in=inbox")).await);
    assert_eq!(everything.matches("class=\"row-link\"").count(), 25);
    Ok(())
}

/// The columns of a list, from left to right, as it is shown.
fn columns(page: &str) -> Vec<&str> {
    let (_, heads) = page.split_once("class=\"bulk-columns\"").unwrap();
    let heads = heads.split("</div>").next().unwrap().split("<span class=\"c-").skip(1);
    heads.filter_map(|rest| rest.split('"').next()).collect()
}

/// Where the link with this text leads.
fn leads<'p>(page: &'p str, text: &str) -> Option<&'p str> {
    let (before, _) = page.split_once(&format!(">{text}<"))?;
    before.rsplit_once("href=\"")?.1.split('"').next()
}

/// By links alone, and a saved view keeps it.
#[tokio::test]
async fn columns_stand_where_a_reader_moves_them() -> Result<()> {
    let site = Site::open().await?;
    site.post(&notice(Company::Active)).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    reader.submit("/language", &[("language", "en")]).await;
    let place = inbox(Company::Active);
    let page = text(&reader.get(&format!("{place}?unread=yes")).await);
    assert_eq!(columns(&page), ["sender", "subject", "marks", "due", "arrived"], "{page}");
    assert!(leads(&page, "Move Sender left").is_none(), "it is the first");
    assert!(leads(&page, "Move Arrived right").is_none(), "it is the last");
    assert!(!page.contains("view-menu\" open"), "{page}");

    let moved = leads(&page, "Move Subject left").unwrap().replace("&#38;", "&");
    let (moved, at) = moved.split_once('#').unwrap();
    let page = text(&reader.get(moved).await);
    assert_eq!(columns(&page), ["subject", "sender", "marks", "due", "arrived"], "{moved}");
    let (_, row) = page.split_once("class=\"row-link\"").unwrap();
    let (subject, sender) = (row.find("cell c-subject"), row.find("cell c-sender"));
    assert!(subject.is_some() && subject < sender, "{row}");
    assert!(page.contains("view-menu\" open"), "the next move is at hand");
    let back = page.split("name=\"to\" value=\"").skip(1).filter_map(|to| to.split('"').next());
    let back: Vec<&str> = back.collect();
    assert!(!back.is_empty() && back.iter().all(|to| !to.contains("arranging")), "{back:?}");
    assert!(page.contains(&format!("id=\"{at}\"")) && moved.contains("unread=yes"), "{moved}");

    let query = moved.split_once('?').unwrap().1;
    let view = [("name", "Mine"), ("query", query), ("default", "yes")];
    assert_eq!(reader.submit(&format!("{place}/views"), &view).await.status, 303);
    let default = reader.get(&place).await;
    let page = text(&reader.get(default.header("location").unwrap()).await);
    assert_eq!(columns(&page), ["subject", "sender", "marks", "due", "arrived"], "{page}");
    assert!(!page.contains("view-menu\" open"), "{page}");
    Ok(())
}

/// As when the last messages of a page were hidden or read.
#[tokio::test]
async fn a_page_beyond_the_last_leads_to_the_last() -> Result<()> {
    let site = Site::open().await?;
    for _ in 0..26 {
        site.post(&notice(Company::Active)).await?;
    }
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    reader.submit("/language", &[("language", "en")]).await;
    let place = inbox(Company::Active);
    for (page, leads_to) in [(2, "in=inbox"), (3, "page=2"), (9, "page=2")] {
        let page = text(&reader.get(&format!("{place}?page={page}")).await);
        let before = page.split("rel=\"prev\" href=\"").nth(1).and_then(|it| it.split('"').next());
        assert!(before.is_some_and(|url| url.ends_with(leads_to)), "{before:?}: {page}");
        assert_eq!(page.contains("Nothing is left on this page."), !page.contains("row-link"));
    }
    Ok(())
}

/// What is filtered by, though this reader does not see it or it is gone.
#[tokio::test]
async fn a_label_that_nobody_knows_filters_in_sight() -> Result<()> {
    let site = Site::open().await?;
    site.post(&notice(Company::Active)).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    reader.submit("/language", &[("language", "en")]).await;
    let label = uuid::Uuid::now_v7();
    let page = text(&reader.get(&format!("{}?label={label}", inbox(Company::Active))).await);
    assert!(page.contains("Label: unknown"), "{page}");
    Ok(())
}

/// Whatever name is looked for.
#[tokio::test]
async fn who_has_one_box_is_led_into_it() -> Result<()> {
    let site = Site::open().await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    for page in ["/boxes", "/boxes?q=nothing"] {
        let led = reader.get(page).await;
        assert_eq!(led.header("location"), Some(&*inbox(Company::Active)), "{page}");
    }
    Ok(())
}

/// Beside the mark for who hears it, and in a column for who wants to see it.
#[tokio::test]
async fn a_paper_item_says_where_its_letter_stands() -> Result<()> {
    let site = Site::open().await?;
    site.post(&notice(Company::Active)).await?;
    let mut letter = notice(Company::Active);
    letter["messageTypeId"] = json!(LETTER);
    site.post(&letter).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    reader.submit("/language", &[("language", "en")]).await;
    let place = inbox(Company::Active);
    let marked = text(&reader.get(&format!("{place}?in=inbox")).await);
    let mark = "class=\"mark-text\">Paper: letter ";
    assert_eq!(marked.matches(mark).count(), 1, "{marked}");
    let page = text(&reader.get(&format!("{place}?column=letter&column=subject")).await);
    assert_eq!(columns(&page), ["letter", "subject"], "{page}");
    assert_eq!(page.matches("<span>letter ").count(), 1, "{page}");
    Ok(())
}

/// A partition with a message in it, and a colleague who reads there alone.
async fn archives(site: &Site, chief: &mut Visitor<'_>) -> Result<String> {
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let place = inbox(Company::Active);
    let partition = [("do", "create"), ("id", "P7"), ("name", "Old things")];
    chief.submit(&format!("{place}/management/partitions"), &partition).await;
    let moved = [("do", "move:P7"), ("message", &*id)];
    chief.submit(&format!("{place}/messages"), &moved).await;
    let grant = [("do", "give"), ("person", "nobody"), ("scope", "all"), ("partition", "P7")];
    chief.submit(&format!("{place}/management/access"), &grant).await;
    Ok(id)
}

#[tokio::test]
async fn a_partition_is_called_by_its_name() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let id = archives(&site, &mut chief).await?;
    site.post(&notice(Company::Active)).await?;
    for place in [inbox(Company::Active), "/boxes/all".into()] {
        let list = text(&chief.get(&format!("{place}?column=subject&column=partition")).await);
        let (_, rows) = list.split_once("<ol class=\"rows\">").unwrap();
        assert!(rows.contains("Old things") && rows.contains("General"), "{place}: {rows}");
        assert!(!rows.contains("GENERAL"), "{place}: {rows}");
        let message = text(&chief.get(&format!("{place}/messages/{id}")).await);
        assert!(message.contains("<dd>Old things</dd>"), "{place}: {message}");
        assert!(message.contains("Moved to Old things by"), "{place}: {message}");
    }
    let access = format!("{}/management/access", inbox(Company::Active));
    let access = text(&chief.get(&access).await);
    assert!(access.contains(">Old things</td>"), "{access}");
    Ok(())
}

/// A person with two boxes, in each of which a label is called the same.
#[tokio::test]
async fn labels_and_partitions_are_there_among_all_boxes() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let mut other = site.signed_in(&manager(Company::Occasional)).await;
    let grant = [("do", "give"), ("person", &*manager(Company::Active)), ("scope", "manager")];
    let access = format!("{}/management/access", inbox(Company::Occasional));
    assert_eq!(other.submit(&access, &grant).await.status, 303);
    let mut ids = Vec::new();
    for company in [Company::Active, Company::Occasional, Company::Occasional] {
        let label = [("do", "create"), ("name", "Payroll"), ("colour", "red")];
        chief.submit(&format!("{}/labels", inbox(company)), &label).await;
        ids.push(site.post(&notice(company)).await?.to_string());
    }
    // Put on from the message's page, among all boxes.
    for id in &ids[..2] {
        let path = format!("/boxes/all/messages/{id}");
        let page = text(&chief.get(&path).await);
        let (_, label) = page.split_once("value=\"label:").unwrap();
        let label = format!("label:{}", label.split_once('"').unwrap().0);
        assert_eq!(chief.submit(&path, &[("do", &*label)]).await.status, 303);
        assert!(page.contains("value=\"move:WORK\""), "{page}");
    }
    let moved = [("do", "move:WORK")];
    let moved = chief.submit(&format!("/boxes/all/messages/{}", ids[0]), &moved).await;
    assert_eq!(moved.status, 303);

    let list = text(&chief.get("/boxes/all?column=subject&column=partition").await);
    let (_, rows) = list.split_once("<ol class=\"rows\">").unwrap();
    assert_eq!(rows.matches(">Payroll</span>").count(), 2, "{rows}");
    assert_eq!(rows.matches("Work").count(), 1, "{rows}");
    let labelled = text(&chief.get("/boxes/all?labelled=Payroll").await);
    assert_eq!(labelled.matches("class=\"row-link\"").count(), 2, "{labelled}");
    assert!(labelled.contains("<option value=\"Payroll\">"), "{labelled}");
    let unknown = text(&chief.get("/boxes/all?labelled=%3Cb%3E").await);
    assert!(!unknown.contains("row-link") && !unknown.contains("<b>"), "{unknown}");
    // Who is not in the other box finds nothing of it.
    let mine = text(&other.get("/boxes/all?labelled=Payroll").await);
    assert_eq!(mine.matches("class=\"row-link\"").count(), 1, "{mine}");
    Ok(())
}

#[tokio::test]
async fn what_was_found_outside_the_subject_is_shown() -> Result<()> {
    let site = Site::searching().await?;
    let mut publication = attest(Company::Active);
    publication["subject"] = json!({ "fr": "Document" });
    publication["forTheAttentionOf"] = json!({ "label": "<i>Service de la paie</i>" });
    site.post(&publication).await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    chief.submit("/language", &[("language", "fr")]).await;
    let place = inbox(Company::Active);
    let visitor = chief.clone();
    until("it is indexed", async || {
        let found = visitor.clone().get(&format!("{place}?q=paie")).await;
        text(&found).contains("row-link")
    })
    .await;
    for (wanted, shown) in [
        (
            "PAIE",
            "À l’attention de\u{a0}: <span>&#60;i&#62;Service de la <mark>paie</mark>&#60;/i&#62;",
        ),
        ("345678", "Numéro ONSS\u{a0}: <span>12<mark>345678</mark>"),
        ("attestation", "Type de message\u{a0}: <span><mark>Attestation</mark>"),
        ("payement", ""),
    ] {
        let found = text(&chief.get(&format!("{place}?q={wanted}")).await);
        let excerpt = found.split_once("class=\"found-in\">").map(|(_, rest)| rest);
        let excerpt = excerpt.and_then(|rest| rest.split_once("</span>")).map_or("", |it| it.0);
        assert_eq!(excerpt, shown, "{wanted}: {found}");
    }
    // What is in the subject is marked there alone.
    let page = text(&chief.get(&format!("{place}?q=document")).await);
    assert!(page.contains("<mark>Document</mark>") && !page.contains("found-in"), "{page}");
    Ok(())
}

/// What a sender wrote in one language is marked as such on a page in another
/// (WCAG 2.2, 3.1.2), and on a page in its own it is not.
#[tokio::test]
async fn what_is_in_another_language_than_the_page_says_so() -> Result<()> {
    let site = Site::open().await?;
    let mut both = notice(Company::Active);
    both["subject"] = json!({ "nl": "Aanslag", "de": "Bescheid" });
    both["bodyContent"] = json!({ "fr": "Bonjour" });
    let id = site.post(&both).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let (list, record) =
        (inbox(Company::Active), format!("{}/management/record", inbox(Company::Active)));
    let message = format!("{list}/messages/{id}");
    for (page, subject, body) in [
        ("en", "lang=\"nl\">Aanslag", "text\" lang=\"fr\"><p>Bonjour"),
        ("nl", ">Aanslag", "text\" lang=\"fr\"><p>Bonjour"),
        ("de", ">Bescheid", "text\" lang=\"fr\"><p>Bonjour"),
        ("fr", "lang=\"nl\">Aanslag", "text\"><p>Bonjour"),
    ] {
        reader.submit("/language", &[("language", page), ("to", "/")]).await;
        let opened = text(&reader.get(&message).await);
        let shown =
            [text(&reader.get(&list).await), opened.clone(), text(&reader.get(&record).await)];
        for shown in shown {
            assert!(shown.contains(subject), "{page}: {shown}");
            let marked = shown.contains(&format!("lang=\"{page}\">Aanslag"));
            assert!(!marked, "what the page says already");
        }
        assert!(opened.contains(body), "{page}: {opened}");
    }
    Ok(())
}
