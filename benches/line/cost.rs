//! Processor time, by who spent it: on a shared machine it says more than a
//! rate, and tells which part a change made cheaper.

use std::fs;

use anyhow::{Context, Result};

/// Ticks of /proc in a second (`sysconf(_SC_CLK_TCK)`; 100 on Linux).
const TICKS_PER_S: u64 = 100;

/// Where to look for the three processes of a line.
pub(crate) struct Meter {
    engine: u32,
    postmaster: u32,
    broker: u32,
}

/// Processor time so far, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) engine_us: u64,
    pub(crate) database_us: u64,
    pub(crate) broker_us: u64,
}

impl Meter {
    pub(crate) fn new(engine: u32, postmaster: u32, broker: u32) -> Self {
        Self { engine, postmaster, broker }
    }

    pub(crate) fn read(&self) -> Result<Cost> {
        Ok(Cost {
            engine_us: micros(stat(self.engine)?.own),
            database_us: micros(family(self.postmaster)?),
            broker_us: micros(stat(self.broker)?.own),
        })
    }
}

impl Cost {
    /// What each spent since `before`, a document.
    pub(crate) fn since(self, before: Self, documents: u64) -> Self {
        let each = |now: u64, before: u64| (now - before) / documents.max(1);
        Self {
            engine_us: each(self.engine_us, before.engine_us),
            database_us: each(self.database_us, before.database_us),
            broker_us: each(self.broker_us, before.broker_us),
        }
    }
}

fn micros(ticks: u64) -> u64 {
    ticks * 1_000_000 / TICKS_PER_S
}

/// The process that started this one.
pub(crate) fn parent(pid: u32) -> Result<u32> {
    Ok(u32::try_from(stat(pid)?.parent)?)
}

struct Stat {
    parent: u64,
    own: u64,
    reaped: u64,
}

/// Fields 4 and 14 to 17 of /proc/PID/stat (proc(5)).
fn stat(pid: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after_name) = text.rsplit_once(") ").context("an odd /proc/PID/stat")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let field = |n: usize| -> Result<u64> { Ok(fields.get(n - 3).context("short")?.parse()?) };
    Ok(Stat { parent: field(4)?, own: field(14)? + field(15)?, reaped: field(16)? + field(17)? })
}

/// The server, its living children, and those that it waited for.
fn family(postmaster: u32) -> Result<u64> {
    let server = stat(postmaster)?;
    let children = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| stat(pid).ok())
        .filter(|stat| stat.parent == u64::from(postmaster));
    Ok(server.own + server.reaped + children.map(|child| child.own).sum::<u64>())
}
