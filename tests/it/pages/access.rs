//! Persons and access: who sees a type, and whose name is shown.

use anyhow::Result;
use facteur::clock::{Clock as _, SystemClock};
use facteur::domain::{Change, Grant, Record, Scope};

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::world::{ATTEST, Company, NOTICE, ONSS, notice};

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
    give(&mut chief, "edna", "all", &[("from", "2099-01-01")]).await;

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
    assert!(csv.lines().any(|line| line.contains(&format!("{other};{other}"))), "{csv}");

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

fn page_of_access() -> String {
    format!("{}/management/access", inbox(Company::Active))
}

/// What opens everything would say "limited" and open all the same.
#[tokio::test]
async fn an_access_manager_is_not_bounded_to_a_partition() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let partition = [("do", "create"), ("id", "P1"), ("name", "Pay")];
    chief.submit(&format!("{}/management/partitions", inbox(Company::Active)), &partition).await;
    let person = [("person", "mona"), ("scope", "manager"), ("partition", "P1")];
    for wish in ["give", "preview"] {
        let fields = [&[("do", wish)], &person[..]].concat();
        let refused = chief.submit(&page_of_access(), &fields).await;
        assert_eq!(refused.status, 200, "{wish}");
        assert!(text(&refused).contains("cannot be bounded to a partition"), "{wish}");
    }
    assert!(row(&rows(&mut chief, "").await, "mona").is_none());
    // One that was given before is shown as what it does.
    let kept = Grant {
        enterprise: Company::Active.number(),
        id: "old".parse()?,
        person: manager(Company::Occasional).parse()?,
        scope: Scope::Manager,
        partition: Some("P1".parse()?),
        from: None,
        to: None,
    };
    let kept = [Change::Put(Record::Grant(kept))];
    site.ledger.change_registry(&kept, "an earlier release", SystemClock.now()).await?;
    let seen = rows(&mut chief, "?kind=manager").await;
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|row| row.contains("Every partition")), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn a_number_is_never_kept_as_a_name() -> Result<()> {
    const NUMBER: &str = "85.07.30-033.28";
    let site = Site::open_as(&[("SIGN_IN__PERSON_KEY", "a secret of the house")]).await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let form = [("do", "give"), ("person", NUMBER), ("scope", "all")];
    for name in ["", NUMBER] {
        let refused =
            chief.submit(&page_of_access(), &[&form[..], &[("name", name)]].concat()).await;
        assert_eq!(refused.status, 200, "{name:?}");
        assert!(text(&refused).contains("Give the name of the person"), "{name:?}");
    }
    give(&mut chief, NUMBER, "all", &[("name", "Zed")]).await;
    let page = text(&chief.get(&page_of_access()).await);
    assert!(page.contains(">Zed<") && !page.contains("033.28"), "{page}");
    Ok(())
}

#[tokio::test]
async fn who_did_it_is_known_when_access_is_gone() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let days = [("name", "Nora Known"), ("from", "2020-01-01"), ("to", "2035-12-31")];
    give(&mut chief, "nobody", "all", &days).await;
    let mut nora = site.signed_in("nobody").await;
    let message = format!("{}/messages/{id}", inbox(Company::Active));
    assert_eq!(nora.get(&message).await.status, 200);
    let page = text(&chief.get(&page_of_access()).await);
    let (_, rest) = page.split_once(">Nora Known<").unwrap();
    let (_, rest) = rest.split_once("name=\"grant\" value=\"").unwrap();
    let (grant, _) = rest.split_once('"').unwrap();
    let withdrawn = [("do", "withdraw"), ("grant", grant)];
    assert_eq!(chief.submit(&page_of_access(), &withdrawn).await.status, 303);
    assert!(row(&rows(&mut chief, "").await, "Nora Known").is_none());

    let record = format!("{}/management/record", inbox(Company::Active));
    let record = text(&chief.get(&record).await);
    assert!(record.matches(">Nora Known</td>").count() >= 2, "opened and read: {record}");
    let wanted = "withdrawn from Nora Known: All ordinary mail, 1 January 2020 to 31 December 2035";
    assert!(record.contains(wanted), "{record}");
    let history = text(&chief.get(&message).await);
    assert!(history.contains("First read by Nora Known"), "{history}");
    Ok(())
}

#[tokio::test]
async fn access_is_given_once_and_changed_in_its_place() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let named = [("name", "Alma")];
    give(&mut chief, "alma", "all", &named).await;
    let again = [("do", "give"), ("person", "alma"), ("name", "Alma"), ("scope", "all")];
    let again = chief.submit(&page_of_access(), &again).await;
    assert_eq!(again.status, 200);
    assert!(text(&again).contains("has this access already"), "{}", text(&again));
    let page = text(&chief.get(&page_of_access()).await);
    let (_, rest) = page.split_once(">Alma<").unwrap();
    let (_, rest) = rest.split_once("management/access?change=").unwrap();
    let (grant, _) = rest.split_once('#').unwrap();
    let form = text(&chief.get(&format!("{}?change={grant}", page_of_access())).await);
    assert!(form.contains("Change the access of Alma"), "{form}");
    assert!(!form.contains("name=\"person\" required"), "it stays with its person");
    let closed = format!("type:{ATTEST}");
    let fields = [("do", "give"), ("grant", grant), ("scope", &*closed), ("to", "2035-01-31")];
    assert_eq!(chief.submit(&page_of_access(), &fields).await.status, 303);
    let seen = rows(&mut chief, "?person=alma").await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].contains("One message type") && seen[0].contains("2035"), "{seen:?}");
    Ok(())
}
