//! The operators' console: for operators, and for nobody else there at all.

use anyhow::{Context, Result};
use facteur::clock::Clock as _;
use facteur::domain::{ApplicationId, MessageTypeId};
use facteur::intake::Judged;
use facteur::ledger::{Claim, ClaimAnswer, LetterFilter, PlannedLetter, QuarantineState};
use facteur::paper::address::AddressBlock;
use uuid::Uuid;

use super::site::{OPERATOR, Site, Visitor, manager, text, without_address};
use crate::support::desk::{arrival, posted};
use crate::support::world::{Company, LETTER, NOTICE, TAX, attachment, notice, notice_with};

/// Every page, with things that exist.
async fn pages(site: &Site) -> Result<Vec<String>> {
    let message = site.post(&notice(Company::Active)).await?;
    let entry = quarantined(site, "no publication").await?;
    Ok(vec![
        "/console".into(),
        "/console?still=yes".into(),
        "/console/quarantine".into(),
        "/console/quarantine?state=open&application=&code=MALFORMED".into(),
        format!("/console/quarantine/{entry}"),
        "/console/lanes".into(),
        format!("/console/lanes/{}", TAX.replace(':', "%3A")),
        "/console/types".into(),
        format!("/console/types/{NOTICE}"),
        "/console/printers".into(),
        "/console/printers/overflow".into(),
        "/console/find".into(),
        "/console/find?q=nothing".into(),
        format!("/console/messages/{message}"),
        format!("/console/enterprises/{}", Company::Active.number()),
        "/console/policy".into(),
        "/console/record".into(),
    ])
}

async fn quarantined(site: &Site, body: &str) -> Result<Uuid> {
    site.desk.deliver_one(arrival(TAX, &format!("key-{}", body.len()), body.to_owned())?).await?;
    let entries = site.ledger.quarantine(Some(QuarantineState::Open), None, None, 1).await?;
    Ok(entries.first().context("nothing is in the quarantine")?.id)
}

async fn operator(site: &Site) -> Visitor<'_> {
    site.signed_in(OPERATOR).await
}

/// What operators did, newest first: act, subject, reason.
async fn acts(site: &Site) -> Result<Vec<(String, String, String)>> {
    let acts = site.ledger.acts(None, 50).await?;
    Ok(acts.into_iter().map(|it| (it.act, it.subject, it.reason)).collect())
}

#[tokio::test]
async fn the_console_is_there_for_operators_alone() -> Result<()> {
    let site = Site::open().await?;
    let pages = pages(&site).await?;
    let mut operator = operator(&site).await;
    let strangers = [site.visitor(), site.signed_in(&manager(Company::Active)).await];
    for page in &pages {
        let answer = operator.get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", text(&answer));
        for stranger in &strangers {
            for method in ["GET", "POST", "PUT", "DELETE", "HEAD"] {
                for accept in ["text/html", "application/json"] {
                    let ask = |path: &str| stranger.request(method, path).header("accept", accept);
                    let (there, nowhere) = (ask(page).send().await, ask("/nowhere").send().await);
                    assert_eq!(there.status, 404, "{method} {page}");
                    assert_eq!(there.status, nowhere.status, "{method} {page}");
                    let body = without_address(&there, page);
                    assert_eq!(body, without_address(&nowhere, "/nowhere"), "{method} {page}");
                    let kind = "content-type";
                    assert_eq!(there.header(kind), nowhere.header(kind), "{method} {page}");
                }
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_operator_reads_nobodys_mail() -> Result<()> {
    let site = Site::open().await?;
    let publication = notice_with(serde_json::json!([attachment("bill", "SGVsbG8=")]));
    let message = site.post(&publication).await?;
    let mut operator = operator(&site).await;
    let page = text(&operator.get(&format!("/console/messages/{message}")).await);
    assert!(page.contains("BOX_IN_USE") && page.contains(TAX), "{page}");
    for secret in ["Avis de paiement", "bill", "Hello", "SGVsbG8="] {
        assert!(!page.contains(secret), "{secret} is shown");
    }
    let box_of = format!("/boxes/{}", Company::Active.number());
    assert_eq!(operator.get(&box_of).await.status, 404);
    assert_eq!(operator.get(&format!("{box_of}/messages/{message}")).await.status, 404);
    let looked = acts(&site).await?;
    assert_eq!(looked[0].0, "message-explained");
    Ok(())
}

#[tokio::test]
async fn the_bytes_of_an_entry_take_a_reason_that_is_recorded() -> Result<()> {
    let site = Site::open().await?;
    let entry = quarantined(&site, "a <secret> that is no JSON").await?;
    let mut operator = operator(&site).await;
    let url = format!("/console/quarantine/{entry}");
    let page = text(&operator.get(&url).await);
    assert!(page.contains("MALFORMED") && page.contains("messageId"), "{page}");
    assert!(!page.contains("secret"), "the bytes are shown");
    let refused = operator.submit(&url, &[("do", "content"), ("reason", "  ")]).await;
    assert!(refused.header("location").unwrap().contains("said-reason-missing"));
    assert!(acts(&site).await?.is_empty());
    let bytes = operator.submit(&url, &[("do", "content"), ("reason", "a complaint")]).await;
    assert_eq!((bytes.status, text(&bytes).as_str()), (200, "a <secret> that is no JSON"));
    assert_eq!(bytes.header("content-type"), Some("application/octet-stream"));
    assert!(bytes.header("content-disposition").unwrap().starts_with("attachment"));
    let wanted = ("content-opened".into(), entry.to_string(), "a complaint".into());
    assert_eq!(acts(&site).await?, [wanted]);
    Ok(())
}

#[tokio::test]
async fn entries_are_replayed_and_discarded() -> Result<()> {
    let site = Site::open().await?;
    let mut operator = operator(&site).await;
    let kind = MessageTypeId::new(NOTICE)?;
    let types = format!("/console/types/{NOTICE}");
    operator.submit(&types, &[("do", "pause"), ("reason", "a mistake")]).await;
    let judged = site.desk.deliver_one(posted(&notice(Company::Active))?).await?;
    assert!(matches!(judged, Judged::Held(_)), "{judged:?}");
    let held = site.ledger.held_of_type(&kind, uuid::Uuid::nil(), 1).await?[0];
    let url = format!("/console/quarantine/{held}");
    let said = |answer: &crate::web::client::Answer| answer.header("location").unwrap().to_owned();
    let answer = operator.submit(&url, &[("do", "replay")]).await;
    assert!(said(&answer).contains("said-still-held"), "{}", said(&answer));
    operator.submit(&types, &[("do", "resume")]).await;
    let answer = operator.submit(&url, &[("do", "replay"), ("reason", "mended")]).await;
    assert!(said(&answer).contains("said-replayed"), "{}", said(&answer));
    let answer = operator.submit(&url, &[("do", "replay")]).await;
    assert!(said(&answer).contains("said-not-waiting"), "{}", said(&answer));

    let bad = quarantined(&site, "never any good").await?;
    let url = format!("/console/quarantine/{bad}");
    let answer = operator.submit(&url, &[("do", "discard")]).await;
    assert!(said(&answer).contains("said-reason-missing"), "{}", said(&answer));
    let answer = operator.submit(&url, &[("do", "discard"), ("reason", "nonsense")]).await;
    assert!(said(&answer).contains("said-discarded"), "{}", said(&answer));
    let account = site.ledger.account().await?;
    assert_eq!((account.total.accepted, account.total.discarded, account.difference), (1, 1, 0));
    let words: Vec<String> = acts(&site).await?.into_iter().map(|it| it.0).collect();
    assert_eq!(words, ["discarded", "replayed", "type-resumed", "replayed", "type-paused"]);
    Ok(())
}

#[tokio::test]
async fn lanes_and_printers_are_steered_and_forms_of_others_are_not() -> Result<()> {
    let site = Site::open().await?;
    let mut operator = operator(&site).await;
    let lane = format!("/console/lanes/{}", TAX.replace(':', "%3A"));
    let pause = [("do", "pause"), ("reason", "a flood")];
    let foreign = operator.form(&lane, &pause).header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send().await.status, 403);
    assert!(acts(&site).await?.is_empty(), "another site's form acted");
    for (fields, said) in [
        (&[("do", "pause")][..], "said-reason-missing"),
        (&pause, "said-ordered"),
        (&pause, "said-in-force"),
        (&[("do", "pace"), ("number", "0")], "said-refused"),
        (&[("do", "pace"), ("number", "12")], "said-ordered"),
    ] {
        let answer = operator.submit(&lane, fields).await;
        let to = answer.header("location").unwrap();
        assert!(to.contains(said), "{fields:?}: {to}");
    }
    let reference = site.ledger.reference().await?;
    let id = ApplicationId::new(TAX)?;
    assert!(reference.controls.is_lane_paused(&id) && reference.controls.pace(&id) == Some(12));
    let page = text(&operator.get(&lane).await);
    assert!(page.contains("a flood") || page.contains("12 per second"), "{page}");
    let stranger = operator.submit("/console/lanes/nobody", &pause).await;
    assert_eq!(stranger.status, 404);

    let printer = "/console/printers/overflow";
    operator.submit(printer, &[("do", "pause"), ("reason", "no toner")]).await;
    let standings = site.ledger.printer_standings().await?;
    assert!(standings.iter().any(|it| it.name == "overflow" && it.is_paused), "{standings:?}");
    let reload = operator.submit("/console/policy", &[("do", "reload")]).await;
    assert!(reload.header("location").unwrap().contains("said-policy-asked"));
    let asked = site.ledger.reference().await?.controls.policy_asked_at;
    assert_eq!(asked, Some(site.clock.now()));
    let record = text(&operator.get("/console/record").await);
    assert!(record.contains("console:operator") && record.contains("no toner"), "{record}");
    Ok(())
}

/// A letter that is planned for a printer, whatever its file says.
async fn letter_with(site: &Site, printer: &str) -> Result<Uuid> {
    let mut publication = notice(Company::Boxless);
    publication["messageTypeId"] = LETTER.into();
    let message = Some(site.post(&publication).await?);
    let which = LetterFilter { message, limit: 1, ..LetterFilter::default() };
    let job = site.ledger.letters(&which).await?.first().context("no letter")?.job_id;
    let address = AddressBlock {
        lines: ["SA", "Rue 16", "4000 Liège"].map(str::to_owned).into(),
        postal_code: "4000".into(),
        country: "BE".into(),
    };
    let (printer, why) = (printer.to_owned(), "its lane".to_owned());
    let (day, address, is_released) = (1, Some(address), false);
    let planned = PlannedLetter::Printed { job, printer, day, address, why, is_released };
    site.ledger.plan_letters(&[planned], site.clock.now()).await?;
    Ok(job)
}

#[tokio::test]
async fn a_printer_that_left_its_file_is_shown_while_it_has_letters() -> Result<()> {
    let site = Site::open().await?;
    site.ledger.list_printers(&["overflow", "namur"]).await?;
    let mut operator = operator(&site).await;
    let page = "/console/printers/namur";
    for nobody in [page, "/console/printers/%00", "/console/printers/unplanned"] {
        assert_eq!(operator.get(nobody).await.status, 404, "nobody has heard of {nobody}");
    }
    let (claimed, waiting) =
        (letter_with(&site, "namur").await?, letter_with(&site, "namur").await?);
    let claim = Claim { job: claimed, printer: "namur".into(), claimant: "one".into() };
    assert_eq!(site.ledger.claim(&[claim], site.clock.now()).await?, [ClaimAnswer::Claimed]);
    let list = text(&operator.get("/console/printers").await);
    assert!(list.contains(&format!("<a href=\"{page}\"")), "{list}");
    for language in ["en", "fr", "nl", "de"] {
        let ask = operator.request("GET", page).header("accept", "text/html");
        let shown = ask.header("accept-language", language).send().await;
        assert_eq!(shown.status, 200, "{language}");
        let shown = text(&shown);
        assert!(shown.contains("facteur letters move --from namur"), "{language}: {shown}");
        for job in [claimed, waiting] {
            assert!(shown.contains(&format!("/console/letters/{job}")), "{language}: {shown}");
        }
    }
    for (fields, status) in [
        (&[("do", "pause"), ("reason", "gone")][..], 400),
        (&[("do", "move"), ("printer", "namur"), ("reason", "gone")], 400),
        (&[("do", "move"), ("printer", "overflow"), ("reason", "gone")], 303),
    ] {
        assert_eq!(operator.submit(page, fields).await.status, status, "{fields:?}");
    }
    let printer = async |job| {
        let found = site.ledger.letter(job).await?.context("no such letter")?;
        anyhow::Ok(found.0.printer)
    };
    assert_eq!(printer(waiting).await?, "overflow");
    assert_eq!(printer(claimed).await?, "namur", "what it claimed may be on paper");
    assert_eq!(acts(&site).await?[0].1, "namur → overflow");
    assert_eq!(operator.get(page).await.status, 200);
    let fields = [("do", "move"), ("printer", "overflow"), ("reason", "not printed")];
    operator.submit(&format!("/console/letters/{claimed}"), &fields).await;
    assert_eq!(printer(claimed).await?, "overflow");
    assert_eq!(operator.get(page).await.status, 404, "it has none any more");
    Ok(())
}

#[tokio::test]
async fn whatever_one_has_in_hand_is_found() -> Result<()> {
    let site = Site::open().await?;
    let message = site.post(&notice(Company::Active)).await?;
    let entry = quarantined(&site, "x").await?;
    let mut operator = operator(&site).await;
    let number = Company::Active.number();
    for (text, to) in [
        (message.to_string(), format!("/console/messages/{message}")),
        (entry.to_string(), format!("/console/quarantine/{entry}")),
        (number.dotted(), format!("/console/enterprises/{number}")),
        (TAX.into(), "/console/lanes/tax%3Aassessment".into()),
        (NOTICE.into(), "/console/types/TAX%2DNOTICE".into()),
    ] {
        let query = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let answer = operator.get(&format!("/console/find?q={query}")).await;
        assert_eq!(answer.header("location"), Some(to.as_str()), "{text}");
        assert_eq!(operator.get(&to).await.status, 200, "{to}");
    }
    let nothing = operator.get("/console/find?q=%3Cb%3Enothing").await;
    assert!(text(&nothing).contains("&#60;b&#62;nothing"), "{}", text(&nothing));
    Ok(())
}

/// Words of programmers are nobody's language.
#[tokio::test]
async fn no_page_shows_how_the_program_calls_things() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?;
    let mut operator = operator(&site).await;
    for path in [
        format!("/console/messages/{id}"),
        format!("/console/types/{NOTICE}"),
        "/console/policy".into(),
    ] {
        let page = text(&operator.get(&path).await);
        for word in ["Opened {", "NeverOpened", "Exists", "days_ago", "<dd>Box<"] {
            assert!(!page.contains(word), "{path} says {word}: {page}");
        }
    }
    let page = text(&operator.get(&format!("/console/messages/{id}")).await);
    assert!(page.contains("opened 1 day ago") || page.contains("never opened"), "{page}");
    Ok(())
}
