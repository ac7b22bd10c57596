//! A publication that passes every rule and that the database will never
//! take: it ends alone in the quarantine, its batch goes on.

use anyhow::{Result, bail, ensure};
use facteur::domain::Code;
use facteur::intake::{Arrival, Judged};
use facteur::ledger::EntryKind;
use serde_json::json;

use crate::support::desk::{Desk, posted_as};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::wait::{soon, stays_quiet};
use crate::support::world::{Company, notice};

on_both_ledgers! {
    waits: sqlite_what_cannot_even_be_quarantined_waits, postgres_what_cannot_even_be_quarantined_waits;
    alone: sqlite_what_the_database_refuses_ends_alone, postgres_what_the_database_refuses_ends_alone;
}

/// What the database is made to refuse.
const POISON: &str = "poison";

async fn refuse(ledger: &TestLedger, table: &str, column: &str, pattern: &str) -> Result<()> {
    let statement = match ledger.backend() {
        "sqlite" => format!(
            "CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} WHEN NEW.{column} LIKE '{pattern}'
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
        _ => format!(
            "ALTER TABLE {table} ADD CONSTRAINT refuse_{table} CHECK ({column} NOT LIKE '{pattern}')"
        ),
    };
    ledger.execute(statement).await
}

async fn mend(ledger: &TestLedger, table: &str) -> Result<()> {
    let statement = match ledger.backend() {
        "sqlite" => format!("DROP TRIGGER refuse_{table}"),
        _ => format!("ALTER TABLE {table} DROP CONSTRAINT refuse_{table}"),
    };
    ledger.execute(statement).await
}

fn poison(key: &str) -> Result<Arrival> {
    let mut publication = notice(Company::Active);
    publication["subject"] = json!({ "fr": POISON });
    posted_as(key, &publication)
}

async fn alone(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    refuse(ledger, "messages", "publication", &format!("%{POISON}%")).await?;
    for place in [0, 4, 9] {
        let arrivals: Result<Vec<Arrival>> = (0..10)
            .map(|n| {
                let key = format!("{place}-{n}");
                if n == place { poison(&key) } else { posted_as(&key, &notice(Company::Active)) }
            })
            .collect();
        let position = ledger.position().await?;
        let judged = desk.deliver(arrivals?).await?;
        is_alone(&judged, place)?;
        let journal = ledger.journal_after(position, 100).await?;
        let keys: Vec<&str> = journal.iter().map(|entry| entry.key.as_str()).collect();
        let in_order: Vec<String> = (0..10).map(|n| format!("{place}-{n}")).collect();
        ensure!(keys == in_order, "{keys:?}");
        ensure!(journal[place].kind == EntryKind::Refused, "{journal:?}");
    }
    let (account, findings) = ledger.verify().await?;
    ensure!((account.total.accepted, account.total.quarantined) == (27, 3), "{account:?}");
    ensure!(account.difference == 0 && findings.is_empty(), "{findings:?}");
    let entries = ledger.quarantine(None, None, Some(Code::Unstorable), 10).await?;
    ensure!(entries.len() == 3, "{entries:?}");
    Ok(())
}

fn is_alone(judged: &[Judged], place: usize) -> Result<()> {
    for (n, judged) in judged.iter().enumerate() {
        match judged {
            Judged::Accepted { .. } if n != place => {}
            Judged::Quarantined(refusal) if n == place => {
                ensure!(refusal.code == Code::Unstorable, "{refusal:?}");
            }
            other => bail!("{n}: {other:?}"),
        }
    }
    ensure!(judged.len() == 10);
    Ok(())
}

/// A database that refuses even the entry is somebody's to mend: until then
/// the document waits, unsettled, and its neighbours are recorded.
async fn waits(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    refuse(ledger, "messages", "publication", &format!("%{POISON}%")).await?;
    refuse(ledger, "quarantine", "code", "UNSTORABLE").await?;
    let batch = desk.deliver(vec![posted_as("before", &notice(Company::Active))?, poison("it")?]);
    let mut batch = std::pin::pin!(batch);
    ensure!(stays_quiet(&mut batch).await, "it was recorded somewhere");
    ensure!(ledger.account().await?.total.accepted == 1, "its neighbour waits too");
    // Together: a batch that nobody drives may hold what mending waits for.
    let (mended, judged) = tokio::join!(mend(ledger, "quarantine"), soon(batch));
    mended?;
    let judged = judged?;
    ensure!(matches!(judged[1], Judged::Quarantined(_)), "{judged:?}");
    let (account, findings) = ledger.verify().await?;
    ensure!((account.total.received, account.difference) == (2, 0) && findings.is_empty());
    Ok(())
}
