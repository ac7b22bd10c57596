//! Sessions of the pages: found while they live, and by nothing but their
//! digest.

use anyhow::{Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Digest, PersonId};
use facteur::ledger::SessionRow;
use jiff::{SignedDuration, Timestamp};

use crate::support::ledgers::{TestLedger, on_both_ledgers};

on_both_ledgers! {
    life: sqlite_a_session_lives_as_long_as_it_is_used, postgres_a_session_lives_as_long_as_it_is_used;
    swept: sqlite_sessions_that_are_over_are_swept, postgres_sessions_that_are_over_are_swept;
}

const IDLE: SignedDuration = SignedDuration::from_mins(30);

/// Seen at a moment, and good for an hour.
fn session(now: Timestamp) -> Result<SessionRow> {
    Ok(SessionRow {
        person: PersonId::new("somebody")?,
        name: "Sömebody".into(),
        proven: "{}".into(),
        seen_at: now,
        until: now + SignedDuration::from_hours(1),
    })
}

async fn life(ledger: &TestLedger) -> Result<()> {
    let now = SystemClock.now();
    let (digest, minute) = (Digest::of(b"word"), SignedDuration::from_mins(1));
    let session = session(now)?;
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

/// Nobody has to sign in for it.
async fn swept(ledger: &TestLedger) -> Result<()> {
    let (now, minute) = (SystemClock.now(), SignedDuration::from_mins(1));
    let live = session(now)?;
    let alone = SessionRow { seen_at: now - IDLE, ..live.clone() };
    let over = SessionRow { until: now, ..live.clone() };
    // As an engine of the release before leaves it.
    let proven = r#"{"represents":[],"id_token":"eyJhbGciOiJub25lIn0"}"#.into();
    let told = SessionRow { proven, ..live.clone() };
    for (word, row) in [("live", &live), ("alone", &alone), ("over", &over), ("told", &told)] {
        ledger.open_session(&Digest::of(word.as_bytes()), row, now - minute).await?;
    }
    ensure!(ledger.texts("SELECT person FROM sessions").await?.len() == 4);
    ensure!(ledger.forget_sessions(now, IDLE).await? == 3);
    ensure!(ledger.forget_sessions(now, IDLE).await? == 0);
    ensure!(ledger.session(&Digest::of(b"live"), now, IDLE).await? == Some(live));
    Ok(())
}
