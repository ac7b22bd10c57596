//! Persons and access: who sees a type, and whose name is shown.

use anyhow::Result;

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::world::{ATTEST, Company, NOTICE, ONSS};

async fn give(chief: &mut Visitor<'_>, person: &str, scope: &str, more: &[(&str, &str)]) {
    let fields = [&[("do", "give"), ("person", person), ("scope", scope)], more].concat();
    let path = format!("{}/management/access", inbox(Company::Active));
    let given = chief.submit(&path, &fields).await;
    assert_eq!(given.status, 303, "{person}: {}", text(&given));
}

/// The rows of the table, by person.
async fn rows(chief: &mut Visitor<'_>, query: &str) -> Vec<String> {
    let path = format!("{}/management/access{query}", inbox(Company::Active));
    let page = text(&chief.get(&path).await);
    let (_, body) = page.split_once("<tbody>").unwrap_or_default();
    let (body, _) = body.split_once("</tbody>").unwrap_or_default();
    body.split("<tr").skip(1).map(str::to_owned).collect()
}

fn row<'r>(rows: &'r [String], person: &str) -> Option<&'r str> {
    rows.iter().find(|row| row.contains(&format!(">{person}<"))).map(String::as_str)
}

#[tokio::test]
async fn a_chosen_type_shows_every_access_that_opens_it() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let partition = [("do", "create"), ("id", "P1"), ("name", "Pay")];
    let partitions = format!("{}/management/partitions", inbox(Company::Active));
    assert_eq!(chief.submit(&partitions, &partition).await.status, 303);
    give(&mut chief, "alma", "all", &[]).await;
    give(&mut chief, "bert", &format!("type:{ATTEST}"), &[]).await;
    give(&mut chief, "cora", &format!("organization:{ONSS}"), &[]).await;
    give(&mut chief, "dirk", "all", &[("partition", "P1")]).await;
    give(&mut chief, "edna", "all", &[("to", "2020-01-01")]).await;

    let all = rows(&mut chief, "").await;
    for person in ["alma", "bert", "cora", "dirk", "edna"] {
        assert!(row(&all, person).is_some(), "{person}: {all:?}");
    }
    let seen = rows(&mut chief, &format!("?type={NOTICE}")).await;
    assert!(row(&seen, "bert").is_none() && row(&seen, "edna").is_none(), "{seen:?}");
    let is_whole = |person| row(&seen, person).is_some_and(|row| !row.contains("condition"));
    assert!(is_whole("alma") && is_whole("Anne"), "{seen:?}");
    assert!(row(&seen, "cora").is_some_and(|row| row.contains("Only what ")), "{seen:?}");
    let moved = "Only what is moved to Pay: no rule puts it there";
    assert!(row(&seen, "dirk").is_some_and(|row| row.contains(moved)), "{seen:?}");

    let both = rows(&mut chief, &format!("?type={NOTICE}&person=dirk")).await;
    assert_eq!(both.len(), 1, "{both:?}");
    // What does not exist filters nothing, and is not repeated.
    let unknown = rows(&mut chief, "?type=%3Cscript%3E").await;
    assert_eq!(unknown.len(), all.len());
    Ok(())
}

#[tokio::test]
async fn where_rules_put_a_type_is_said() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let path = format!("{}/management/access?type={ATTEST}", inbox(Company::Active));
    let page = text(&chief.get(&path).await);
    assert!(page.contains("New messages of this type are put into: Work."), "{page}");
    assert!(page.contains("Attestation: reserved mail."), "{page}");
    Ok(())
}

/// Who types a number learns no name by it.
#[tokio::test]
async fn a_number_does_not_tell_whose_it_is() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let other = manager(Company::Occasional);
    give(&mut chief, &other, "all", &[]).await;
    let seen = rows(&mut chief, "").await;
    assert!(row(&seen, &other).is_some(), "what was typed is shown: {seen:?}");
    let csv = format!("{}/management/access.csv", inbox(Company::Active));
    let csv = text(&chief.get(&csv).await);
    assert!(csv.lines().any(|line| line.contains(&format!("{other},{other}"))), "{csv}");

    // Who has access already keeps the name that is known here.
    give(&mut chief, &manager(Company::Active), "all", &[("name", "Another")]).await;
    let seen = rows(&mut chief, "").await;
    assert!(row(&seen, "Another").is_none() && row(&seen, "Anne").is_some(), "{seen:?}");
    // In its own box the person is called as before.
    let mut there = site.signed_in(&other).await;
    let page = format!("{}/management/access", inbox(Company::Occasional));
    assert!(text(&there.get(&page).await).contains(">Anne<"));
    Ok(())
}
