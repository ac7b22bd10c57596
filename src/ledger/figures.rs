//! The figures of every engine, as its own `/metrics` had them last, and their
//! sums over the last minutes: what the console adds up.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::documents::digest;
use super::error::LedgerError;
use super::store::{Row, Statement, Value};
use super::{Ledger, json, micros, time};
use crate::domain::Digest;

/// What an engine tells of itself.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// Which engine.
    pub engine: Uuid,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Its counters and gauges: each series as `/metrics` writes it.
    pub series: &'a BTreeMap<String, f64>,
    /// Sums of them, for charts.
    pub totals: &'a BTreeMap<String, f64>,
    /// The policy that it decides by.
    pub policy: Digest,
    /// Why the policy's file was not taken when it was last read.
    pub policy_fault: Option<&'a str>,
}

/// What an engine told last.
#[derive(Clone, Debug)]
pub struct EngineFigures {
    /// Which engine.
    pub engine: Uuid,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// When it told.
    pub at: Timestamp,
    /// Its counters and gauges.
    pub series: BTreeMap<String, f64>,
    /// The policy that it decides by.
    pub policy: Digest,
    /// Why the policy's file was not taken when it was last read.
    pub policy_fault: Option<String>,
    /// Whether it is the one that counts for the whole installation.
    pub is_watching: bool,
}

/// Sums of an engine's figures at some moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Which engine.
    pub engine: Uuid,
    /// When.
    pub at: Timestamp,
    /// By name.
    pub totals: BTreeMap<String, f64>,
}

/// How often an engine tells.
pub const TOLD_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// How far back the sums go.
pub const TOLD_KEPT: SignedDuration = SignedDuration::from_mins(15);
/// One that told nothing for so long is not counted any more.
const SILENCE_MAX: SignedDuration = SignedDuration::from_secs(20);

const TELL: Statement = Statement::same(
    "INSERT INTO figures (engine, started_at, at, series, policy, policy_fault)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (engine) DO UPDATE SET at = excluded.at, series = excluded.series,
         policy = excluded.policy, policy_fault = excluded.policy_fault",
);

const TURN: Statement = Statement::same(
    "INSERT INTO figures_ring (engine, slot, at, totals) VALUES ($1, $2, $3, $4)
     ON CONFLICT (engine, slot) DO UPDATE SET at = excluded.at, totals = excluded.totals",
);

const FORGET: Statement = Statement::same("DELETE FROM figures WHERE at < $1");
const FORGET_RING: Statement = Statement::same("DELETE FROM figures_ring WHERE at < $1");

const LATEST: Statement = Statement::same(
    "SELECT f.engine, f.started_at, f.at, f.series, f.policy, f.policy_fault,
            CAST(CASE WHEN l.owner IS NULL THEN 0 ELSE 1 END AS BIGINT)
     FROM figures f LEFT JOIN leases l ON l.name = 'watch' AND l.owner = f.engine
     WHERE f.at >= $1 ORDER BY f.started_at, f.engine",
);

const RING: Statement =
    Statement::same("SELECT engine, at, totals FROM figures_ring WHERE at >= $1 ORDER BY at");

impl Ledger {
    /// Tells an engine's figures to all; those of engines that are gone are
    /// forgotten.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn tell_figures(&self, told: &Told<'_>, now: Timestamp) -> Result<(), LedgerError> {
        let slots = TOLD_KEPT.as_secs() / TOLD_EVERY.as_secs();
        let slot = now.as_second() / TOLD_EVERY.as_secs() % slots;
        let oldest: Value = micros(now - TOLD_KEPT).into();
        let policy = told.policy.as_bytes().to_vec();
        let fault = Value::Text(told.policy_fault.map(str::to_owned));
        let (at, engine): (Value, Value) = (micros(now).into(), told.engine.into());
        let started: Value = micros(told.started_at).into();
        let series = json(told.series)?.into();
        let mut tx = self.store.begin().await?;
        let values = vec![engine.clone(), started, at.clone(), series, policy.into(), fault];
        tx.execute(TELL, values).await?;
        tx.execute(TURN, vec![engine, slot.into(), at, json(told.totals)?.into()]).await?;
        tx.execute(FORGET, vec![oldest.clone()]).await?;
        tx.execute(FORGET_RING, vec![oldest]).await?;
        tx.commit().await
    }

    /// What each living engine told last, and the sums of the last minutes of
    /// all, oldest first: one view of both.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn figures(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<EngineFigures>, Vec<Moment>), LedgerError> {
        let mut tx = self.store.begin_read().await?;
        let since = vec![micros(now - SILENCE_MAX).into()];
        let latest =
            tx.rows(LATEST, since).await?.into_iter().map(engine).collect::<Result<_, _>>();
        let ring = tx.rows(RING, vec![micros(now - TOLD_KEPT).into()]).await?;
        let ring = ring.into_iter().map(moment).collect::<Result<_, _>>();
        Ok((latest?, ring?))
    }
}

fn engine(mut row: Row) -> Result<EngineFigures, LedgerError> {
    Ok(EngineFigures {
        engine: row.id()?,
        started_at: time(row.int()?)?,
        at: time(row.int()?)?,
        series: row.json()?,
        policy: digest(&row.bytes()?)?,
        policy_fault: row.opt_text()?,
        is_watching: row.flag()?,
    })
}

fn moment(mut row: Row) -> Result<Moment, LedgerError> {
    Ok(Moment { engine: row.id()?, at: time(row.int()?)?, totals: row.json()? })
}
