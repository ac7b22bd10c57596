//! Sessions of the pages: found while they live, and by nothing but their
//! digest.

use anyhow::{Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Digest, PersonId};
use facteur::ledger::SessionRow;
use jiff::SignedDuration;

use crate::support::ledgers::{TestLedger, on_both_ledgers};

on_both_ledgers! {
    life: sqlite_a_session_lives_as_long_as_it_is_used, postgres_a_session_lives_as_long_as_it_is_used;
}

const IDLE: SignedDuration = SignedDuration::from_mins(30);

async fn life(ledger: &TestLedger) -> Result<()> {
    let now = SystemClock.now();
    let (digest, minute) = (Digest::of(b"word"), SignedDuration::from_mins(1));
    let session = SessionRow {
        person: PersonId::new("somebody")?,
        name: "Sömebody".into(),
        proven: "{}".into(),
        seen_at: now,
        until: now + minute * 60,
    };
    ledger.open_session(&digest, &session, now).await?;
    ensure!(ledger.session(&digest, now, IDLE).await? == Some(session.clone()));
    ensure!(ledger.session(&Digest::of(b"other"), now, IDLE).await?.is_none());
    ensure!(ledger.session(&digest, now + minute * 31, IDLE).await?.is_none(), "left alone");
    ledger.touch_session(&digest, now + minute * 20).await?;
    ensure!(ledger.session(&digest, now + minute * 31, IDLE).await?.is_some());
    ledger.touch_session(&digest, now + minute * 59).await?;
    ensure!(ledger.session(&digest, now + minute * 61, IDLE).await?.is_none(), "over");
    ledger.close_session(&digest).await?;
    ledger.close_session(&digest).await?;
    ensure!(ledger.session(&digest, now, IDLE).await?.is_none());
    // What is over is forgotten when somebody signs in.
    ledger.open_session(&digest, &session, now).await?;
    ledger.open_session(&Digest::of(b"next"), &session, now + minute * 61).await?;
    ensure!(ledger.session(&digest, now, IDLE).await?.is_none());
    Ok(())
}
