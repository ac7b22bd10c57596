//! What is broken, in which order, for how long: drawn from a seed, so that a
//! run can be repeated.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::relay::Harm;
use crate::site::ENGINES;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    EngineKilled,
    EngineStopped,
    EngineRolled,
    NodeKilled,
    NodeStopped,
    PostgresKilled,
    PostgresStopped,
    QueueCut,
    QueueSilent,
    QueueSlow,
    QueueThin,
    QueueHalfClosed,
    QueueAt(QueueStep, Harm),
    LedgerSilent,
    LedgerSlow,
    LedgerHalfClosed,
    LedgerAt(LedgerStep, Harm),
    LedgerDiskFull,
    DocumentsDiskFull,
    IndexDiskFull,
    IndexDeleted,
    IndexDamaged,
    ClockJumped,
    KilledInTheFuture,
    PolicyReloaded,
    Poison,
    PrinterKilled,
    PrinterStopped,
}

/// Where an engine is with the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum QueueStep {
    /// After the commit, before the broker hears of it.
    Acknowledgement,
    /// Coming back after the connection was lost.
    Recovery,
}

/// Where an engine is with the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LedgerStep {
    BeforeCommit,
    /// It is done, and the engine does not know.
    AfterCommit,
    /// Coming back after the connection was lost.
    Recovery,
}

const SIMPLE: [Kind; 26] = [
    Kind::EngineKilled,
    Kind::EngineStopped,
    Kind::EngineRolled,
    Kind::NodeKilled,
    Kind::NodeStopped,
    Kind::PostgresKilled,
    Kind::PostgresStopped,
    Kind::QueueCut,
    Kind::QueueSilent,
    Kind::QueueSlow,
    Kind::QueueThin,
    Kind::QueueHalfClosed,
    Kind::LedgerSilent,
    Kind::LedgerSlow,
    Kind::LedgerHalfClosed,
    Kind::LedgerDiskFull,
    Kind::DocumentsDiskFull,
    Kind::IndexDiskFull,
    Kind::IndexDeleted,
    Kind::IndexDamaged,
    Kind::ClockJumped,
    Kind::KilledInTheFuture,
    Kind::PolicyReloaded,
    Kind::Poison,
    Kind::PrinterKilled,
    Kind::PrinterStopped,
];
const HARMS: [Harm; 4] = [Harm::Cut, Harm::Delay, Harm::Throttle, Harm::HalfClose];

impl Kind {
    /// Each once: what happens at a step of the line, in every way that harms.
    pub(crate) fn all() -> Vec<Self> {
        let of_ledger = [LedgerStep::BeforeCommit, LedgerStep::AfterCommit, LedgerStep::Recovery]
            .map(|step| HARMS.map(|harm| Self::LedgerAt(step, harm)));
        let of_queue = [QueueStep::Acknowledgement, QueueStep::Recovery]
            .map(|step| HARMS.map(|harm| Self::QueueAt(step, harm)));
        let steps = of_ledger.into_iter().chain(of_queue).flatten();
        SIMPLE.into_iter().chain(steps).collect()
    }

    /// In words.
    pub(crate) fn words(self) -> String {
        let words = match self {
            Self::QueueAt(step, harm) => {
                return format!("engine-broker: {}, {}", harm.words(), step.words());
            }
            Self::LedgerAt(step, harm) => {
                return format!("engine-ledger: {}, {}", harm.words(), step.words());
            }
            Self::EngineKilled => "engine: SIGKILL",
            Self::EngineStopped => "engine: SIGSTOP, SIGCONT",
            Self::EngineRolled => "engine: SIGTERM and started again",
            Self::NodeKilled => "broker node: SIGKILL",
            Self::NodeStopped => "broker node: SIGSTOP, SIGCONT",
            Self::PostgresKilled => "PostgreSQL: SIGKILL",
            Self::PostgresStopped => "PostgreSQL: SIGSTOP, SIGCONT",
            Self::QueueCut => "engine-broker: cut",
            Self::QueueSilent => "engine-broker: no byte passes",
            Self::QueueSlow => "engine-broker: slow",
            Self::QueueThin => "engine-broker: few bytes a second",
            Self::QueueHalfClosed => "engine-broker: half closed",
            Self::LedgerSilent => "engine-ledger: no byte passes",
            Self::LedgerSlow => "engine-ledger: slow",
            Self::LedgerHalfClosed => "engine-ledger: half closed",
            Self::LedgerDiskFull => "disk of the ledger: full",
            Self::DocumentsDiskFull => "disk of the documents: full",
            Self::IndexDiskFull => "disk of an index: full",
            Self::IndexDeleted => "index: folder deleted",
            Self::IndexDamaged => "index: every file damaged",
            Self::ClockJumped => "engine: clock jumps there and back",
            Self::KilledInTheFuture => "engine: SIGKILL with a fast clock",
            Self::PolicyReloaded => "engine: SIGHUP on a faulty policy, and on a new one",
            Self::Poison => "document that the ledger never takes",
            Self::PrinterKilled => "print room: SIGKILL",
            Self::PrinterStopped => "print room: SIGSTOP, SIGCONT",
        };
        words.to_owned()
    }

    /// Two faults of one place do not meet.
    pub(crate) fn place(self, target: usize) -> Place {
        match self {
            Self::NodeKilled | Self::NodeStopped => Place::Cluster,
            Self::PostgresKilled | Self::PostgresStopped | Self::LedgerDiskFull => Place::Ledger,
            Self::DocumentsDiskFull => Place::Documents,
            Self::Poison => Place::Mail,
            Self::PrinterKilled | Self::PrinterStopped => Place::Printer(target),
            _ => Place::Engine(target),
        }
    }

    fn targets(self, nodes: usize) -> usize {
        match self.place(0) {
            Place::Cluster => nodes,
            Place::Engine(_) | Place::Printer(_) => ENGINES,
            Place::Ledger | Place::Documents | Place::Mail => 1,
        }
    }
}

impl QueueStep {
    fn words(self) -> &'static str {
        match self {
            Self::Acknowledgement => "after the commit, before the acknowledgement",
            Self::Recovery => "in recovery",
        }
    }
}

impl LedgerStep {
    fn words(self) -> &'static str {
        match self {
            Self::BeforeCommit => "before COMMIT",
            Self::AfterCommit => "after COMMIT, before its answer",
            Self::Recovery => "in recovery",
        }
    }
}

impl Harm {
    fn words(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Delay => "delayed",
            Self::Throttle => "byte by byte",
            Self::HalfClose => "half closed",
        }
    }
}

/// Where a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Engine(usize),
    Printer(usize),
    Cluster,
    Ledger,
    Documents,
    Mail,
}

/// One fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// Which engine, node or print room.
    pub(crate) target: usize,
    /// How long it lasts, where it lasts.
    pub(crate) hold: Duration,
    /// After the one before it.
    pub(crate) after: Duration,
    /// How far a clock jumps (s).
    pub(crate) jump_s: i64,
}

impl Fault {
    pub(crate) fn place(self) -> Place {
        self.kind.place(self.target)
    }
}

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// What is stopped.
    pub(crate) stop: Duration,
    /// A bad network, a full disk, a wrong clock: at most (ms).
    pub(crate) bad_ms_max: u64,
}

/// A multiple of how many engines, nodes or print rooms there may be.
const TARGETS_MAX: usize = 6;
/// Beyond 5 minutes reports of printers are of the future, and letters would wait
/// for somebody.
const JUMPS_S: [i64; 4] = [240, -240, 60, -60];

/// So many faults; every kind comes once before any comes again, and hits another
/// engine, node or print room each time until it has hit them all.
pub(crate) fn schedule(seed: u64, count: usize, nodes: usize, times: Times) -> Vec<Fault> {
    let mut random = StdRng::seed_from_u64(seed);
    let firsts: BTreeMap<Kind, usize> =
        Kind::all().into_iter().map(|kind| (kind, random.random_range(0..TARGETS_MAX))).collect();
    let mut faults = Vec::with_capacity(count);
    for round in 0..count.div_ceil(firsts.len()) {
        let mut kinds = Kind::all();
        kinds.shuffle(&mut random);
        faults.extend(kinds.into_iter().map(|kind| {
            let target = (firsts[&kind] + round) % kind.targets(nodes);
            fault(kind, target, times, &mut random)
        }));
    }
    faults.truncate(count);
    faults
}

fn fault(kind: Kind, target: usize, times: Times, random: &mut StdRng) -> Fault {
    let is_stop = matches!(
        kind,
        Kind::EngineStopped | Kind::NodeStopped | Kind::PostgresStopped | Kind::PrinterStopped
    );
    let bad = random.random_range(500..=times.bad_ms_max);
    Fault {
        kind,
        target,
        hold: if is_stop { times.stop } else { Duration::from_millis(bad) },
        after: Duration::from_millis(random.random_range(100..1_500)),
        jump_s: JUMPS_S[random.random_range(0..JUMPS_S.len())],
    }
}
