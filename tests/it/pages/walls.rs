//! What a visitor may not see is not there.

use std::io::Cursor;

use anyhow::Result;
use facteur::clock::{Clock as _, SystemClock};
use facteur::registry::{self, Options};

use super::site::{Site, inbox, manager, text, without_address};
use crate::support::world::{Company, attachment, notice, notice_with};
use crate::web::client::Request;

/// Everything of a box, with a message of it.
fn pages(company: Company, id: &str) -> Vec<String> {
    let place = inbox(company);
    let below = [
        String::new(),
        "/labels".into(),
        "/completion?q=fin".into(),
        "/management/access".into(),
        "/management/access.csv".into(),
        "/management/partitions".into(),
        "/management/consent".into(),
        "/management/notices".into(),
        "/management/record".into(),
        format!("/messages/{id}"),
        format!("/messages/{id}/content/bill"),
    ];
    below.into_iter().map(|path| format!("{place}{path}")).collect()
}

#[tokio::test]
async fn anothers_box_looks_like_one_that_does_not_exist() -> Result<()> {
    let site = Site::open().await?;
    let publication = notice_with(serde_json::json!([attachment("bill", "SGVsbG8=")]));
    let id = site.post(&publication).await?.to_string();
    let mut owner = site.signed_in(&manager(Company::Active)).await;
    let mut other = site.signed_in(&manager(Company::Occasional)).await;
    let nothing = "01a2078b-ec10-74c5-b402-ef8c377bc990";
    let known = pages(Company::Active, &id);
    for (page, missing) in known.iter().zip(pages(Company::Unknown, nothing)) {
        assert_eq!(owner.get(page).await.status, 200, "{page}");
        let (anothers, none) = (other.get(page).await, other.get(&missing).await);
        assert_eq!(anothers.status, 404, "{page}");
        let (anothers, none) = (without_address(&anothers, page), without_address(&none, &missing));
        assert_eq!(anothers, none, "{page}");
    }
    // Whatever is asked of it that nobody may ask.
    for _ in 0..20 {
        for company in [Company::Active, Company::Unknown] {
            let page = format!("{}?page=99999", inbox(company));
            assert_eq!(other.get(&page).await.status, 404, "{page}");
        }
    }
    // Nor is it found through a box that is one's own, or through all of them.
    for place in [inbox(Company::Occasional), "/boxes/all".into()] {
        let page = format!("{place}/messages/{id}");
        assert_eq!(other.get(&page).await.status, 404, "{page}");
    }
    let mine = format!("{}/messages/{id}", inbox(Company::Active));
    assert_eq!(owner.get(&mine).await.status, 200);
    Ok(())
}

#[tokio::test]
async fn every_page_but_the_public_ones_asks_who_it_is() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut visitor = site.visitor();
    for page in pages(Company::Active, &id) {
        let answer = visitor.get(&page).await;
        assert_eq!(answer.status, 303, "{page}");
        assert!(answer.header("location").unwrap().starts_with("/sign-in?to="), "{page}");
    }
    for page in ["/start", "/sign-in", "/help/start", "/help/access"] {
        assert_eq!(visitor.get(page).await.status, 200, "{page}");
    }
    Ok(())
}

#[tokio::test]
async fn a_number_says_whether_there_is_a_box_and_nothing_else() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.visitor();
    let answer = |page: &str| {
        let (_, answer) = page.split_once("id=\"answer\"").unwrap();
        answer.split("</section>").next().unwrap().to_owned()
    };
    let mut shown = Vec::new();
    for company in [Company::Boxless, Company::Unknown, Company::Closed] {
        let number = company.number();
        let page = text(&visitor.get(&format!("/start?number={number}")).await);
        shown.push(answer(&page).replace(&number.to_string(), "N"));
    }
    assert!(shown[0].contains("Pas encore d’e-Box"), "{}", shown[0]);
    assert_eq!(shown[0], shown[1], "whether the register knows it is not told");
    let page = text(&visitor.get(&format!("/start?number={}", Company::Active.number())).await);
    assert!(page.contains("Oui, cette entreprise a une e-Box") && !page.contains("Active"));
    let wrong = text(&visitor.get("/start?number=0123456789").await);
    assert!(wrong.contains("Ce n’est pas un numéro d’entreprise"));
    // And not for ever: numbers could be tried one by one.
    let mut last = visitor.get("/start").await;
    for _ in 0..40 {
        last = visitor.get(&format!("/start?number={}", Company::Active.number())).await;
    }
    assert_eq!(last.status, 429);
    // It stands where the last answer stood.
    let told = answer(&text(&last));
    assert!(told.contains("Attendez une minute") && !told.contains("Oui,"), "{told}");
    Ok(())
}

/// Whoever is sent to one engine after the other asks no more than of one.
#[tokio::test]
async fn the_pace_of_questions_is_that_of_all_engines_together() -> Result<()> {
    let site = Site::open().await?;
    site.gate.share_among(3);
    let (mut visitor, mut answered) = (site.visitor(), 0);
    while visitor.get(&format!("/start?number={}", Company::Active.number())).await.status == 200 {
        answered += 1;
    }
    // 30 a minute; a slow machine is given one more every six seconds.
    assert!((10..15).contains(&answered), "{answered}");
    Ok(())
}

#[tokio::test]
async fn personas_answer_this_machine_alone() -> Result<()> {
    let site = Site::open().await?;
    for host in ["evil.example", "10.1.2.3:8080", "localhost.evil.example"] {
        let answer = Request::to(site.address, host, "GET", "/sign-in").send().await;
        assert_eq!(answer.status, 403, "{host}");
        assert!(!text(&answer).contains("person-"), "{host}");
    }
    let mut config = facteur::config::Config::load(None, std::iter::empty())?;
    config.web.listen = "0.0.0.0:8080".parse()?;
    let persona = facteur::demo::personas(Company::Boxless.number())?;
    assert!(facteur::web::Pages::new(&config, persona).is_err());
    assert!(facteur::web::Pages::new(&config, vec![]).is_ok());
    Ok(())
}

/// Of a company that ceased, who had access reads why; to everybody else
/// nothing is there, as before.
#[tokio::test]
async fn a_closed_box_says_so_to_who_had_access_alone() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut owner = site.signed_in(&manager(Company::Active)).await;
    let mut other = site.signed_in(&manager(Company::Occasional)).await;
    let number = Company::Active.number();
    let ceased = serde_json::json!({ "kind": "enterprise", "number": number, "name": "Closed NV",
        "language": "fr", "state": "closed", "stateSince": "2026-01-31" });
    let options = Options { actor: "tester", at: SystemClock.now(), progress: &mut |_| {} };
    registry::import(&site.ledger, Cursor::new(format!("{ceased}\n")), options).await?;
    let nothing = "01a2078b-ec10-74c5-b402-ef8c377bc990";
    let known = pages(Company::Active, &id);
    for (page, missing) in known.iter().zip(pages(Company::Unknown, nothing)) {
        let told = owner.get(page).await;
        assert_eq!(told.status, 403, "{page}");
        let told = text(&told);
        for word in ["Closed NV", &number.dotted(), "31 January 2026", "liquidator"] {
            assert!(told.contains(word), "{page}: {word}");
        }
        let (anothers, none) = (other.get(page).await, other.get(&missing).await);
        assert_eq!(anothers.status, 404, "{page}");
        let (anothers, none) = (without_address(&anothers, page), without_address(&none, &missing));
        assert_eq!(anothers, none, "{page}");
    }
    let consent = format!("{}/management/consent", inbox(Company::Active));
    assert_eq!(owner.submit(&consent, &[("consent", "yes")]).await.status, 403);
    assert!(text(&owner.get("/boxes").await).contains("Closed NV"));
    assert_eq!(site.visitor().get(&inbox(Company::Active)).await.status, 303);
    Ok(())
}
