//! A client that asks as fast as it is answered, or at a rate.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::cost::Meter;

/// Connections that ask at the same time.
const CONNECTIONS: usize = 64;
/// Before anything is counted.
const WARM: Duration = Duration::from_secs(2);

/// How long answers took, from when they should have been asked for.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Times {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// How fast a server answered, and the processor time of one answer, its own
/// and its database's: on a machine that others use too, the firmer number.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Rate {
    pub(crate) per_s: u64,
    pub(crate) server_us: u64,
    pub(crate) database_us: u64,
}

type Answered = Pin<Box<dyn Future<Output = Result<()>> + Send>>;
/// Asks the nth question.
pub(crate) type Ask = Arc<dyn Fn(u64) -> Answered + Send + Sync>;

/// Questions of one kind.
pub(crate) struct Load(Ask);

impl Load {
    pub(crate) fn of(ask: Ask) -> Self {
        Self(ask)
    }

    /// Answers a second, with all connections busy, and what one cost.
    pub(crate) async fn flat_out(self, time: Duration, meter: &Meter) -> Result<Rate> {
        let before = meter.read()?;
        let (next, counted) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (from, until) = (Instant::now() + WARM, Instant::now() + WARM + time);
        let workers = (0..CONNECTIONS).map(|_| {
            let (ask, next, counted) =
                (Arc::clone(&self.0), Arc::clone(&next), Arc::clone(&counted));
            tokio::spawn(async move {
                while Instant::now() < until {
                    ask(next.fetch_add(1, Ordering::Relaxed)).await?;
                    let now = Instant::now();
                    counted.fetch_add(u64::from(now >= from && now < until), Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await??;
        }
        let cost = meter.read()?.since(before, next.load(Ordering::Relaxed));
        let per_s = (counted.load(Ordering::Relaxed) as f64 / time.as_secs_f64()) as u64;
        Ok(Rate { per_s, server_us: cost.engine_us, database_us: cost.database_us })
    }

    /// Times at so many questions a second, however slow the answers are.
    pub(crate) async fn at(self, per_s: u64, time: Duration) -> Result<Times> {
        ensure!(per_s > 0, "nothing was answered at full load");
        let started = Instant::now();
        let mut asked = Vec::new();
        for n in 0..per_s * time.as_secs() {
            let due = started + Duration::from_secs_f64(n as f64 / per_s as f64);
            tokio::time::sleep_until(due.into()).await;
            let answer = (self.0)(1_000_000 + n);
            asked.push(tokio::spawn(async move {
                answer.await?;
                anyhow::Ok(due.elapsed().as_secs_f64() * 1_000.0)
            }));
        }
        let mut times = Vec::new();
        for answer in asked {
            times.push(answer.await??);
        }
        times.sort_by(f64::total_cmp);
        let at = |share: usize| (times[(times.len() - 1) * share / 100] * 10.0).round() / 10.0;
        Ok(Times { p50_ms: at(50), p99_ms: at(99) })
    }
}

/// A client with connections that are kept.
pub(crate) fn client() -> Result<reqwest::Client> {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().pool_max_idle_per_host(CONNECTIONS).build()?)
}

/// A PDF of 50 KB that nobody sent before.
pub(crate) fn pdf(n: u64) -> Vec<u8> {
    let mut pdf = format!("%PDF-1.7\n% {} {n}\n", std::process::id()).into_bytes();
    pdf.resize(50 * 1024, b'x');
    pdf
}
