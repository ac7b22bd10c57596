//! Whoever removes a change from the history is found out.

use anyhow::{Result, ensure};

use super::{at, companies, company, import, reference};
use crate::support::ledgers::{TestLedger, on_both_ledgers};

on_both_ledgers! {
    removed: sqlite_a_change_that_was_removed_is_found_out, postgres_a_change_that_was_removed_is_found_out;
    older: sqlite_changes_of_an_older_engine_are_numbered, postgres_changes_of_an_older_engine_are_numbered;
}

async fn found(ledger: &TestLedger) -> Result<Vec<String>> {
    let findings = ledger.verify_history().await?;
    Ok(findings.into_iter().map(|it| it.which).collect())
}

/// So many changes, one by one.
async fn consents(ledger: &TestLedger, count: usize) -> Result<()> {
    for turn in 0..count {
        let now = at("2026-04-01T08:00:00Z")?;
        let box_of = company(1);
        let written = ledger.change_preference(box_of, turn % 2 == 0, "anne", now).await?;
        ensure!(written == facteur::ledger::Written::Changed);
    }
    Ok(())
}

async fn removed(ledger: &TestLedger) -> Result<()> {
    import(ledger, reference() + &companies(2)).await?;
    consents(ledger, 5).await?;
    ensure!(found(ledger).await?.is_empty(), "{:?}", found(ledger).await?);
    let last =
        ledger.history(company(1), 100).await?.len() + ledger.history(company(0), 100).await?.len();

    // What was never written is no change.
    let copied = format!(
        "INSERT INTO registry_history (at, actor, kind, enterprise, key, number)
         SELECT at, actor, kind, enterprise, key, number FROM registry_history WHERE number = {last}"
    );
    ledger.execute(copied).await?;
    ensure!(found(ledger).await? == [format!("number {last}")], "{:?}", found(ledger).await?);
    ledger.execute(format!("DELETE FROM registry_history WHERE number = {last}")).await?;
    ensure!(
        found(ledger).await? == [format!("number {last}")],
        "the end: {:?}",
        found(ledger).await?
    );

    ledger.execute("DELETE FROM registry_history WHERE number IN (1, 4, 5)".into()).await?;
    let gaps = ["number 1".to_owned(), "numbers 4 to 5".into(), format!("number {last}")];
    ensure!(found(ledger).await? == gaps, "{:?}", found(ledger).await?);
    ledger.execute("DELETE FROM registry_history".into()).await?;
    ensure!(found(ledger).await? == [format!("numbers 1 to {last}")], "{:?}", found(ledger).await?);
    Ok(())
}

async fn older(ledger: &TestLedger) -> Result<()> {
    import(ledger, reference() + &companies(2)).await?;
    let before = ledger.history(company(1), 100).await?.len();
    for key in ["x", "y"] {
        let written = format!(
            "INSERT INTO registry_history (at, actor, kind, enterprise, key)
             VALUES (1, 'older', 'grant', {}, '{key}')",
            company(1).value()
        );
        ledger.execute(written).await?;
    }
    ensure!(found(ledger).await?.is_empty(), "it did no wrong");
    consents(ledger, 1).await?;
    ensure!(found(ledger).await?.is_empty(), "{:?}", found(ledger).await?);
    ensure!(ledger.history(company(1), 100).await?.len() == before + 3);
    ledger.execute("DELETE FROM registry_history WHERE key = 'x'".into()).await?;
    ensure!(found(ledger).await?.len() == 1, "{:?}", found(ledger).await?);
    Ok(())
}
