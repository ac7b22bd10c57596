//! The record of deeds, and its seals.

use anyhow::{Error, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Colour, Digest};
use facteur::ledger::SealHead;

use serde_json::Value;

use super::{House, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, notice};

on_both_ledgers! {
    sealed: sqlite_whoever_changes_the_record_is_found_out, postgres_whoever_changes_the_record_is_found_out;
    cut: sqlite_a_record_that_was_cut_off_is_found_out, postgres_a_record_that_was_cut_off_is_found_out;
    year: sqlite_each_year_has_a_chain_of_its_own, postgres_each_year_has_a_chain_of_its_own;
}

/// Deeds of several kinds, in two seals.
async fn deeds(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let chief = reader(&format!("person-{number}"))?;
    let id = house.post(&notice(Company::Active)).await?;
    house.mailbox.open(&chief, id).await?;
    house.mailbox.hide(&chief, &[id]).await?;
    let now = SystemClock.now();
    ensure!(ledger.seal_record(now).await? == 3, "read, opened, hidden");
    ensure!(ledger.seal_record(now).await? == 0);
    house.mailbox.create_label(&chief, number, "Sealed", Colour::Grey).await?;
    house.mailbox.consent(&chief, number, true).await?;
    ensure!(ledger.seal_record(now).await? == 2);
    house.close().await
}

async fn sealed(ledger: &TestLedger) -> Result<()> {
    deeds(ledger).await?;
    ensure!(ledger.verify_seals().await?.is_empty());
    let heads = ledger.seal_heads().await?;
    ensure!(heads.len() == 1 && heads[0].number == 2, "{heads:?}");
    ensure!(heads[0].digest != Digest::of_parts(&[]));
    for (does, undoes) in [
        (
            "UPDATE audit SET actor = 'somebody' WHERE kind = 'hidden'",
            "UPDATE audit SET actor = (SELECT max(actor) FROM audit WHERE kind = 'read')
             WHERE kind = 'hidden'",
        ),
        (
            "UPDATE audit SET at = at + 1 WHERE kind = 'opened'",
            "UPDATE audit SET at = at - 1 WHERE kind = 'opened'",
        ),
        (
            "UPDATE audit SET seal = 2 WHERE kind = 'read'",
            "UPDATE audit SET seal = 1 WHERE kind = 'read'",
        ),
        (
            "UPDATE audit SET seal = NULL WHERE kind = 'consent'",
            "UPDATE audit SET seal = 2 WHERE kind = 'consent'",
        ),
        (
            "INSERT INTO audit (at, enterprise, actor, kind, detail, year, seal)
             SELECT at, enterprise, actor, kind, detail, year, seal FROM audit
             WHERE kind = 'label'",
            "DELETE FROM audit WHERE kind = 'label'
             AND id > (SELECT min(id) FROM audit WHERE kind = 'label')",
        ),
        (
            "UPDATE audit_seals SET number = 3 WHERE number = 1",
            "UPDATE audit_seals SET number = 1 WHERE number = 3",
        ),
    ] {
        ledger.execute(does.to_owned()).await?;
        ensure!(!ledger.verify_seals().await?.is_empty(), "not found out: {does}");
        ledger.execute(undoes.to_owned()).await?;
        let findings = ledger.verify_seals().await?;
        ensure!(findings.is_empty(), "after {undoes}: {findings:?}");
    }
    for gone in
        ["DELETE FROM audit WHERE kind = 'read'", "DELETE FROM audit_seals WHERE number = 2"]
    {
        ledger.execute(gone.to_owned()).await?;
        ensure!(!ledger.verify_seals().await?.is_empty(), "not found out: {gone}");
    }
    Ok(())
}

/// The chain that is left is whole in itself.
async fn cut(ledger: &TestLedger) -> Result<()> {
    deeds(ledger).await?;
    let heads = ledger.seal_heads().await?;
    let printed: Vec<SealHead> = heads
        .iter()
        .map(|head| head.to_string().parse().map_err(Error::msg))
        .collect::<Result<_>>()?;
    ensure!(printed == heads, "{printed:?}");
    ensure!(ledger.verify_heads(&printed).await?.is_empty());
    ensure!(ledger.verify_deeds().await?.is_empty(), "{:?}", ledger.verify_deeds().await?);
    for gone in ["DELETE FROM audit WHERE seal = 2", "DELETE FROM audit_seals WHERE number = 2"] {
        ledger.execute(gone.to_owned()).await?;
    }
    ensure!(ledger.verify_seals().await?.is_empty(), "the chain alone tells nothing");
    let found = ledger.verify_heads(&printed).await?;
    ensure!(found.len() == 1 && found[0].which == printed[0].to_string(), "{found:?}");
    let found = ledger.verify_deeds().await?;
    ensure!(found.len() == 1 && found[0].which == "box preference", "{found:?}");
    // Of what is older than the first deed that is kept nothing is asked.
    let kept = [(Company::Active.number(), None, facteur::mailbox::Deed::Exported, Value::Null)];
    ledger.record_deed(&"person".parse()?, "2020-01-01T00:00:00Z".parse()?, &kept).await?;
    ledger.execute("DELETE FROM audit WHERE kind = 'read'".into()).await?;
    let found = ledger.verify_deeds().await?;
    ensure!(found.iter().any(|it| it.what.contains("was read")), "{found:?}");
    ensure!("2026:1".parse::<SealHead>().is_err() && "a:1:b".parse::<SealHead>().is_err());
    Ok(())
}

async fn year(ledger: &TestLedger) -> Result<()> {
    deeds(ledger).await?;
    let before = ledger.seal_heads().await?.remove(0);
    let place = Company::Active.number();
    let person = "person".parse()?;
    let deed = facteur::mailbox::Deed::Exported;
    // A second before midnight in Belgium, and midnight.
    for at in ["2035-12-31T22:59:59Z", "2035-12-31T23:00:00Z"] {
        let deeds = [(place, None, deed, serde_json::json!({}))];
        ledger.record_deed(&person, at.parse()?, &deeds).await?;
    }
    let now = SystemClock.now();
    ensure!((ledger.seal_record(now).await?, ledger.seal_record(now).await?) == (1, 1));
    let heads = ledger.seal_heads().await?;
    let numbers: Vec<_> = heads.iter().map(|head| (head.year, head.number)).collect();
    ensure!(numbers == [(before.year, 2), (2035, 1), (2036, 1)], "{numbers:?}");
    ensure!(heads[0] == before && ledger.verify_seals().await?.is_empty());
    Ok(())
}
