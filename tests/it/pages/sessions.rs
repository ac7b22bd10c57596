//! Who is signed in, for how long, and that nobody signs in for another.

use anyhow::Result;
use jiff::SignedDuration;

use super::site::{OPERATOR, Site, inbox, manager, text};
use crate::support::world::Company;

#[tokio::test]
async fn who_is_not_signed_in_is_led_there_and_back() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.visitor();
    let asked = visitor.get(&format!("{}?unread=yes", inbox(Company::Active))).await;
    assert_eq!(asked.status, 303);
    let to = asked.header("location").unwrap();
    let back = format!("/boxes/{}?unread=yes", Company::Active.number());
    assert_eq!(to, format!("/sign-in?to={}", encoded(&back)));
    let page = visitor.get(to).await;
    assert!(text(&page).contains("name=\"to\" value=\"/boxes/"), "{}", text(&page));
    let fields = [("person", &*manager(Company::Active)), ("to", &back)];
    let signed_in = visitor.submit("/sign-in/persona", &fields).await;
    assert_eq!(signed_in.header("location"), Some(&*back));
    assert_eq!(visitor.get(&back).await.status, 200);
    // A part of a page takes the whole page to the sign-in.
    let part = site.visitor().request("GET", &back).header("hx-request", "true").send().await;
    assert_eq!(part.status, 401);
    assert!(part.header("hx-redirect").unwrap().starts_with("/sign-in?to="));
    Ok(())
}

#[tokio::test]
async fn a_planted_session_is_worth_nothing() -> Result<()> {
    let site = Site::open().await?;
    let mut attacker = site.signed_in(&manager(Company::Occasional)).await;
    let planted = attacker.cookie("facteur").unwrap();
    let mut victim = site.visitor();
    victim.set_cookie("facteur", &planted);
    let fields = [("person", &*manager(Company::Active))];
    victim.submit("/sign-in/persona", &fields).await;
    assert_ne!(victim.cookie("facteur").unwrap(), planted, "a new word at sign-in");
    assert_eq!(victim.get(&inbox(Company::Active)).await.status, 200);
    // The planted one ended: it is neither the victim's nor the attacker's.
    assert_eq!(attacker.get(&inbox(Company::Active)).await.status, 303);
    let mut invented = site.visitor();
    invented.set_cookie("facteur", "a-word-that-somebody-thought-up");
    assert_eq!(invented.get(&inbox(Company::Active)).await.status, 303);
    Ok(())
}

#[tokio::test]
async fn a_session_ends_when_it_is_left_alone_and_in_any_case() -> Result<()> {
    let site = Site::open().await?;
    let (mut visitor, page) =
        (site.signed_in(&manager(Company::Active)).await, inbox(Company::Active));
    for _ in 0..4 {
        site.clock.advance(SignedDuration::from_mins(29));
        assert_eq!(visitor.get(&page).await.status, 200, "used within half an hour");
    }
    site.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(visitor.get(&page).await.status, 303, "left alone");
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    for _ in 0..28 {
        site.clock.advance(SignedDuration::from_mins(25));
        assert_eq!(visitor.get(&page).await.status, 200);
    }
    site.clock.advance(SignedDuration::from_mins(25));
    assert_eq!(visitor.get(&page).await.status, 303, "twelve hours are over");
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_the_session_itself_and_not_only_the_cookie() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let mut copy = visitor.clone();
    assert_eq!(visitor.submit("/sign-out", &[]).await.status, 303);
    assert_eq!(visitor.cookie("facteur"), None);
    assert_eq!(copy.get(&inbox(Company::Active)).await.status, 303);
    Ok(())
}

#[tokio::test]
async fn the_cookie_is_for_this_site_and_for_no_script() -> Result<()> {
    let site = Site::open().await?;
    let form = site.visitor().form("/sign-in/persona", &[("person", "nobody")]);
    let answer = form.send().await;
    let cookies = answer.headers("set-cookie");
    let session = cookies.iter().find(|cookie| cookie.starts_with("facteur=")).unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(session.contains(part), "{session}");
    }
    Ok(())
}

/// The console asks for its figures by itself, whether anybody looks or not.
#[tokio::test]
async fn what_a_page_asks_by_itself_keeps_nobody_signed_in() -> Result<()> {
    let site = Site::open().await?;
    let mut operator = site.signed_in(OPERATOR).await;
    assert!(text(&operator.get("/console").await).contains("facteur-by-itself"));
    for _ in 0..6 {
        site.clock.advance(SignedDuration::from_mins(5));
        let poll = operator.request("GET", "/console").header("facteur-by-itself", "yes");
        poll.send().await;
    }
    site.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(operator.get("/boxes").await.status, 303, "left alone for half an hour");
    Ok(())
}

#[tokio::test]
async fn a_session_of_a_minute_lasts_while_it_is_used() -> Result<()> {
    let site = Site::open_as(&[("SIGN_IN__IDLE_MINUTES", "1")]).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    for _ in 0..4 {
        site.clock.advance(SignedDuration::from_secs(40));
        assert_eq!(reader.get(&inbox(Company::Active)).await.status, 200, "used within a minute");
    }
    site.clock.advance(SignedDuration::from_secs(61));
    assert_eq!(reader.get(&inbox(Company::Active)).await.status, 303);
    Ok(())
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
