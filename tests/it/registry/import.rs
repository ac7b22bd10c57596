//! Imported whole or not at all, once or twice; exported as it was imported.

use std::io::Cursor;

use anyhow::{Context, Result, bail, ensure};
use facteur::domain::{Change, PartitionId, RecordKey};
use facteur::ledger::Tally;
use facteur::registry::{self, Imported, Options, Progress, RegistryError, Step};
use jiff::Timestamp;
use tokio::sync::Notify;

use super::{ACTOR, companies, company, export, import, reference};
use crate::support::ledgers::{TestLedger, on_both_ledgers};

on_both_ledgers! {
    exported_as_imported: sqlite_registry_is_exported_as_imported, postgres_registry_is_exported_as_imported;
    imported_twice: sqlite_second_import_changes_nothing, postgres_second_import_changes_nothing;
    interrupted: sqlite_interrupted_import_is_finished_by_another, postgres_interrupted_import_is_finished_by_another;
    late_fault: sqlite_fault_in_line_700_000_imports_nothing, postgres_fault_in_line_700_000_imports_nothing;
    large: sqlite_100_000_companies_are_imported_in_steps, postgres_100_000_companies_are_imported_in_steps;
    references: sqlite_references_to_the_ledger_count, postgres_references_to_the_ledger_count;
    deletions: sqlite_deletions_are_checked_and_made, postgres_deletions_are_checked_and_made;
    at_once: sqlite_two_imports_at_once_are_as_one, postgres_two_imports_at_once_are_as_one;
    occupied: sqlite_occupied_partition_stays, postgres_occupied_partition_stays;
}

async fn exported_as_imported(ledger: &TestLedger) -> Result<()> {
    let imported = import(ledger, reference() + &companies(1_500)).await?;
    ensure!(imported.tally.added == imported.report.lines, "{imported:?}");
    let first = export(ledger).await?;
    ensure!(first.lines().count() as u64 == imported.report.lines);
    let other = match ledger.backend() {
        "sqlite" => crate::support::ledgers::sqlite().await?,
        _ => crate::support::ledgers::postgres().await?,
    };
    import(&other, first.clone()).await?;
    ensure!(export(&other).await? == first, "another export");
    Ok(())
}

async fn imported_twice(ledger: &TestLedger) -> Result<()> {
    let text = reference() + &companies(1_000);
    let first = import(ledger, text.clone()).await?;
    let version = ledger.reference().await?.version;
    let history = ledger.history(company(0), 100).await?;
    let second = import(ledger, text).await?;
    let expected = Tally { unchanged: first.report.lines, ..Tally::default() };
    ensure!(second.tally == expected, "{:?}", second.tally);
    ensure!(ledger.reference().await?.version == version);
    ensure!(ledger.history(company(0), 100).await? == history);
    let kinds: Vec<&str> = history.iter().map(|entry| entry.kind.as_str()).collect();
    ensure!(kinds.len() == 5, "grant, consent, rule, partition, mandate: {kinds:?}");
    Ok(())
}

/// Dropped between two chunks, as a killed process would leave it.
async fn interrupted(ledger: &TestLedger) -> Result<()> {
    let text = reference() + &companies(2_000);
    let first_chunk = Notify::new();
    let options = Options {
        actor: ACTOR,
        at: Timestamp::UNIX_EPOCH,
        progress: &mut |progress| {
            if progress.step == Step::Writing {
                first_chunk.notify_one();
            }
        },
    };
    tokio::select! {
        biased;
        () = first_chunk.notified() => {}
        done = registry::import(ledger, Cursor::new(&text), options) => {
            bail!("it was not interrupted: {done:?}");
        }
    }
    let Imported { report, tally } = import(ledger, text).await?;
    ensure!(tally.added > 0 && tally.unchanged > 0, "{tally:?}");
    ensure!(tally.added + tally.unchanged == report.lines, "{tally:?}");
    ensure!(export(ledger).await?.lines().count() as u64 == report.lines);
    Ok(())
}

fn only_companies(count: u32) -> Vec<String> {
    let line = |i: u32| {
        let number = company(i);
        format!(r#"{{"kind":"enterprise","number":"{number}","name":"C{i}","language":"fr"}}"#)
    };
    (1..=count).map(line).collect()
}

async fn late_fault(ledger: &TestLedger) -> Result<()> {
    let mut lines = only_companies(750_000);
    lines[699_999] = lines[699_999].replace(r#""fr""#, r#""it""#);
    let Err(RegistryError::Faulty(report)) = import(ledger, lines.join("\n")).await else {
        bail!("imported");
    };
    ensure!(report.faults_total == 1 && report.faults[0].line == 700_000, "{report:?}");
    ensure!(report.faults[0].pointer == "/language", "{report:?}");
    ensure!(export(ledger).await?.is_empty(), "half imported");
    Ok(())
}

async fn large(ledger: &TestLedger) -> Result<()> {
    let right = only_companies(100_000).join("\n");
    let mut steps: Vec<Progress> = Vec::new();
    let options = Options {
        actor: ACTOR,
        at: Timestamp::UNIX_EPOCH,
        progress: &mut |progress| steps.push(progress),
    };
    let imported = registry::import(ledger, Cursor::new(&right), options).await?;
    ensure!(imported.tally.added == 100_000);
    let last = steps.last().context("no progress")?;
    ensure!((last.step, last.lines, last.of) == (Step::Writing, 100_000, Some(100_000)));
    let again = import(ledger, right).await?;
    ensure!(again.tally.unchanged == 100_000 && !again.tally.is_written());
    Ok(())
}

async fn references(ledger: &TestLedger) -> Result<()> {
    import(ledger, reference() + &companies(2)).await?;
    let grant = |person: &str| {
        let number = company(0);
        format!(
            r#"{{"kind":"grant","enterprise":"{number}","id":"h","person":"{person}","scope":{{"kind":"service","of":"dmfa"}},"partition":"PAY"}}"#
        )
    };
    let Err(RegistryError::Faulty(report)) = import(ledger, grant("p77")).await else {
        bail!("imported");
    };
    ensure!(report.faults.len() == 1 && report.faults[0].pointer == "/person", "{report:?}");
    ensure!(import(ledger, grant("p0")).await?.tally.added == 1);
    Ok(())
}

async fn deletions(ledger: &TestLedger) -> Result<()> {
    import(ledger, reference() + &companies(3)).await?;
    let number = company(0);
    let partition =
        format!(r#"{{"kind":"partition","delete":true,"enterprise":"{number}","id":"PAY"}}"#);
    let rule = format!(r#"{{"kind":"rule","delete":true,"enterprise":"{number}","priority":1}}"#);
    let Err(RegistryError::Faulty(report)) = import(ledger, partition.clone()).await else {
        bail!("a partition was deleted that a rule names");
    };
    ensure!(report.faults[0].message.contains("rule 1"), "{report:?}");
    let both = format!("{partition}\n{rule}\n");
    ensure!(import(ledger, both.clone()).await?.tally.removed == 2);
    ensure!(import(ledger, both).await?.tally.unchanged == 2);
    let gone = ledger.history(number, 2).await?;
    ensure!(gone.iter().all(|entry| entry.before.is_some() && entry.after.is_none()));
    let key = RecordKey::Partition(number, PartitionId::new("PAY")?);
    ensure!(ledger.unknown_records(&[key]).await?.len() == 1);
    Ok(())
}

async fn at_once(ledger: &TestLedger) -> Result<()> {
    let text = reference() + &companies(1_000);
    let (first, second) = tokio::join!(import(ledger, text.clone()), import(ledger, text));
    let (first, second) = (first?, second?);
    ensure!(first.tally.added + second.tally.added == first.report.lines);
    ensure!(first.tally.unchanged + second.tally.unchanged == first.report.lines);
    ensure!(ledger.history(company(0), 100).await?.len() == 5);
    Ok(())
}

/// Where a message lies, its partition stays.
async fn occupied(ledger: &TestLedger) -> Result<()> {
    import(ledger, reference() + &companies(2)).await?;
    let number = company(0);
    let (id, bytes) = match ledger.backend() {
        "sqlite" => ("x'01'", "x'01'"),
        _ => ("gen_random_uuid()", "'\\x01'"),
    };
    let message = format!(
        "INSERT INTO messages VALUES ({}, {id}, 206731645, 'onss:dmfa', 'k', 'DMFA-NOTICE', 'PAY',
           NULL, {bytes}, 'all', 'digital', 'r', 'r', NULL, '{{}}', {bytes}, '{{}}', {bytes},
           NULL, 0, 0, NULL, NULL, 0, 0, 0, NULL, NULL)",
        number.value()
    );
    ledger.execute(message).await?;
    let delete = |kind: &str, key: &str| {
        format!(r#"{{"kind":"{kind}","delete":true,"enterprise":"{number}",{key}}}"#)
    };
    let rule = delete("rule", r#""priority":1"#);
    let partition = delete("partition", r#""id":"PAY""#);
    let both = import(ledger, format!("{rule}\n{partition}")).await;
    let Err(RegistryError::Faulty(report)) = both else {
        bail!("deleted");
    };
    ensure!(report.faults_total == 1 && report.faults[0].line == 2, "{report:?}");
    let key = RecordKey::Partition(number, PartitionId::new("PAY")?);
    let changes = [Change::Delete(key)];
    let tally = ledger.change_registry(&changes, ACTOR, Timestamp::UNIX_EPOCH).await?;
    ensure!((tally.occupied, tally.removed) == (1, 0), "{tally:?}");
    Ok(())
}
