//! Forms about rules: of the list that was seen, and of nothing more than what
//! was filled in.

use anyhow::Result;

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::world::{Company, NOTICE, TAX};

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

async fn seen(visitor: &mut Visitor<'_>, path: &str) -> String {
    hidden(&text(&visitor.get(path).await), "seen").unwrap()
}

#[tokio::test]
async fn a_double_click_deletes_one_routing_rule() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let path = format!("{}/management/partitions", inbox(Company::Active));
    for kind in [NOTICE, ""] {
        let seen = seen(&mut visitor, &path).await;
        let rule = [("do", "rule-create"), ("seen", &seen), ("priority", "9"), ("type", kind)];
        let rule = [&rule[..], &[("partition", "WORK")]].concat();
        assert_eq!(visitor.submit(&path, &rule).await.status, 303);
        let again = visitor.submit(&path, &rule).await;
        assert_eq!(again.status, 409, "the same list is not changed twice");
        assert!(text(&again).contains("changed meanwhile"), "{}", text(&again));
    }
    let count = async |visitor: &mut Visitor<'_>| {
        text(&visitor.get(&path).await).matches("value=\"rule-delete\"").count()
    };
    let (before, seen) = (count(&mut visitor).await, seen(&mut visitor, &path).await);
    let gone = [("do", "rule-delete"), ("seen", &*seen), ("priority", "1")];
    assert_eq!(visitor.submit(&path, &gone).await.status, 303);
    assert_eq!(visitor.submit(&path, &gone).await.status, 409);
    assert_eq!(visitor.submit(&path, &[gone[0], gone[2]]).await.status, 409, "it saw nothing");
    assert_eq!(count(&mut visitor).await, before - 1);
    Ok(())
}

#[tokio::test]
async fn a_label_rule_is_of_the_list_that_was_seen() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let path = format!("{}/labels", inbox(Company::Active));
    let label = [("do", "create"), ("name", "Rouge"), ("colour", "red")];
    assert_eq!(visitor.submit(&path, &label).await.status, 303);
    let page = text(&visitor.get(&path).await);
    let (label, seen) = (hidden(&page, "label").unwrap(), hidden(&page, "seen").unwrap());
    let rule = [("do", "rule-create"), ("seen", &*seen), ("label", &*label), ("type", NOTICE)];
    assert_eq!(visitor.submit(&path, &rule).await.status, 303);
    let again = visitor.submit(&path, &rule).await;
    assert_eq!(again.status, 409);
    let page = text(&again);
    assert!(page.contains("changed meanwhile"), "{page}");
    let (rule, seen) = (hidden(&page, "rule").unwrap(), hidden(&page, "seen").unwrap());
    let gone = [("do", "rule-delete"), ("seen", &*seen), ("rule", &*rule)];
    assert_eq!(visitor.submit(&path, &gone).await.status, 303);
    assert_eq!(visitor.submit(&path, &gone).await.status, 409);
    Ok(())
}

#[tokio::test]
async fn a_criterion_that_is_not_understood_makes_no_rule() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.signed_in(&manager(Company::Active)).await;
    let labels = format!("{}/labels", inbox(Company::Active));
    let label = [("do", "create"), ("name", "Rouge"), ("colour", "red")];
    visitor.submit(&labels, &label).await;
    let label = hidden(&text(&visitor.get(&labels).await), "label").unwrap();
    let partitions = format!("{}/management/partitions", inbox(Company::Active));
    for (path, own) in [(&labels, ("label", &*label)), (&partitions, ("partition", "WORK"))] {
        for wrong in [("type", "no type"), ("sender", "0206731646"), ("application", "tax assess")]
        {
            let seen = seen(&mut visitor, path).await;
            let form = [("do", "rule-create"), ("seen", &*seen), ("priority", "1"), own, wrong];
            let other =
                if wrong.0 == "application" { ("type", NOTICE) } else { ("application", TAX) };
            let answer = visitor.submit(path, &[&form[..], &[other]].concat()).await;
            let page = text(&answer);
            assert_eq!(answer.status, 400, "{path}: {wrong:?}");
            let field = format!("name=\"{}\" aria-invalid=\"true\"", wrong.0);
            assert!(page.contains(&field) && page.contains("This choice is not known."), "{page}");
            assert!(page.contains(&format!("value=\"{}\" selected", other.1)), "{page}");
            assert_eq!(hidden(&page, "seen").unwrap(), seen, "nothing was changed");
        }
    }
    let unknown = [("do", "rule-create"), ("priority", "1"), ("partition", "WORK")];
    let seen = seen(&mut visitor, &partitions).await;
    let unknown = [&unknown[..], &[("seen", &*seen), ("type", "NO-SUCH")]].concat();
    let answer = visitor.submit(&partitions, &unknown).await;
    assert!(answer.status == 400 && text(&answer).contains("This choice is not known."));
    Ok(())
}
