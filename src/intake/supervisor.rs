//! Opens and closes lanes as the registry says, and works on what they bring.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::arrival::Lane;
use super::batch::{Intake, Outcome};
use super::count;
use super::lane::LaneTask;
use super::pace::Pace;
use super::ready::Ready;
use crate::clock::Clock;
use crate::domain::ApplicationId;
use crate::ledger::{LedgerError, Reference};
use crate::lifecycle::Lifecycle;
use crate::queue::{Queue, Topology, topology};
use crate::telemetry::log::chain;

/// How often the registry is asked whether the lanes are still right.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Runs the intake until the lifecycle's soft stop: lanes first, then the
/// batches in work, then whatever still waits is left to come again.
pub fn run(
    lifecycle: &Lifecycle,
    intake: Arc<Intake>,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    engine: Uuid,
) {
    spawn_workers(lifecycle, &intake);
    let ready = Arc::clone(intake.ready());
    let (held, time) = (Arc::clone(&intake), Arc::clone(&clock));
    let resumed = super::resume::run(held, time, engine, lifecycle.soft().clone());
    lifecycle.spawn("held documents", resumed);
    let supervisor = Supervisor {
        intake,
        queue,
        clock,
        engine,
        ready,
        stop: lifecycle.soft().clone(),
        lanes: BTreeMap::new(),
        seen: None,
        lifecycle: lifecycle.clone(),
    };
    lifecycle.spawn("intake supervisor", supervisor.run());
}

/// Runs what an engine without lanes needs to take publications from senders
/// that wait: the batches, and its share of every pace while there are some.
/// For the second until the others see that it takes, all may take more by a
/// share than the pace, as when an engine starts.
pub fn run_direct(lifecycle: &Lifecycle, intake: Arc<Intake>, clock: Arc<dyn Clock>, engine: Uuid) {
    spawn_workers(lifecycle, &intake);
    let stop = lifecycle.soft().clone();
    lifecycle.spawn("intake share", async move {
        while !stop.is_cancelled() {
            let is_idle = intake.paces().are_idle();
            match intake.ledger().beat_sharing(engine, is_idle, clock.now()).await {
                Ok(engines) => intake.paces().share_among(engines),
                Err(error) => count::error("supervise", error.kind()),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        if let Err(error) = intake.ledger().leave(engine, clock.now()).await {
            count::error("supervise", error.kind());
        }
        Ok::<(), std::convert::Infallible>(())
    });
}

fn spawn_workers(lifecycle: &Lifecycle, intake: &Arc<Intake>) {
    for number in 0..intake.settings().workers.max(1) {
        let stop = lifecycle.soft().clone();
        let worker = work(Arc::clone(intake), Arc::clone(intake.ready()), stop);
        lifecycle.spawn(format!("intake worker {number}"), worker);
    }
}

/// A batch in work is finished; one that the ledger does not take now is left
/// to come again, so a database that is away does not keep a stopping engine.
async fn work(
    intake: Arc<Intake>,
    ready: Arc<Ready>,
    stop: CancellationToken,
) -> Result<(), std::convert::Infallible> {
    loop {
        let (batch, _held) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            batch = ready.batch(intake.settings()) => batch,
        };
        if let Outcome::Stopped = intake.deliver(batch, &stop).await {
            break;
        }
    }
    ready.close();
    Ok(())
}

struct Supervisor {
    intake: Arc<Intake>,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    engine: Uuid,
    ready: Arc<Ready>,
    stop: CancellationToken,
    lanes: BTreeMap<Lane, Running>,
    /// Version of the reference data and number of engines that the lanes
    /// were opened for.
    seen: Option<(i64, u32)>,
    lifecycle: Lifecycle,
}

/// A lane that should be open.
struct Wanted {
    queue_name: String,
    prefetch: u16,
    /// Per second, and for how many engines.
    pace: Option<(u32, u32)>,
    /// The same, shared with what comes by REST.
    shared: Option<Arc<Pace>>,
}

impl Wanted {
    fn unpaced(queue_name: &str, prefetch: u16) -> Self {
        Self { queue_name: queue_name.to_owned(), prefetch, pace: None, shared: None }
    }
}

/// A lane that was opened.
struct Running {
    stop: CancellationToken,
    /// Cancelled when the lane's task has ended, however it did.
    ended: CancellationToken,
    prefetch: u16,
    /// Per second, and for how many engines.
    pace: Option<(u32, u32)>,
}

impl Supervisor {
    async fn run(mut self) -> Result<(), std::convert::Infallible> {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.look().await {
                count::error("supervise", error.kind());
                warn!(error = %chain(&error), "failed to look after the lanes");
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        self.close_all().await;
        Ok(())
    }

    async fn look(&mut self) -> Result<(), LedgerError> {
        let ledger = Arc::clone(self.intake.ledger());
        let engines = ledger.beat_sharing(self.engine, false, self.clock.now()).await?;
        self.intake.paces().share_among(engines);
        let reference = ledger.reference().await?;
        if self.seen == Some((reference.version, engines)) {
            return Ok(());
        }
        // What an operator ordered waits for no declaration.
        let wanted = self.wanted(&reference, engines);
        self.close_obsolete(&wanted).await;
        let ids: Vec<_> = reference.applications.keys().cloned().collect();
        let topology = Arc::new(Topology::for_applications(&ids));
        if !self.is_declared(&topology).await {
            return Ok(());
        }
        crate::telemetry::start_at_zero(reference.applications.keys(), [], &[]);
        self.open_missing(wanted, &topology);
        self.seen = Some((reference.version, engines));
        let paused = reference.controls.lanes.values().filter(|it| it.is_paused).count();
        info!(lanes = self.lanes.len(), paused, engines, "lanes are open");
        Ok(())
    }

    /// Declares what the lanes need; answers whether the broker was there. What
    /// exists otherwise is for an operator, and closes no lane but, where the
    /// queue cannot be consumed, its own.
    async fn is_declared(&self, topology: &Topology) -> bool {
        let Err(error) = self.queue.declare(topology).await else { return true };
        count::error("declare", error.kind());
        warn!(error = %chain(&error), "failed to declare all of the topology");
        !error.is_transient()
    }

    /// Each lane that is not paused.
    fn wanted(&self, reference: &Reference, engines: u32) -> BTreeMap<Lane, Wanted> {
        // Of paused lanes too: a pause does not open the others anew.
        let lanes = reference.applications.len() + LANES_OF_OUR_OWN;
        self.warn_of_memory(lanes);
        let prefetch = self.intake.settings().prefetch(lanes);
        let is_open = |id: &ApplicationId| !reference.controls.is_lane_paused(id);
        let of_application = |id: &ApplicationId| {
            let pace = reference.pace(id).map(|per_second| (per_second, engines));
            let shared = self.intake.paces().of(reference, id);
            let queue_name = topology::intake_queue(id);
            (Lane::Application(id.clone()), Wanted { queue_name, prefetch, pace, shared })
        };
        let applications = reference.applications.keys().filter(|id| is_open(id));
        let ours =
            [(Lane::Unroutable, topology::QUEUE_UNROUTABLE), (Lane::Dead, topology::QUEUE_DEAD)];
        let ours = ours.map(|(lane, queue)| (lane, Wanted::unpaced(queue, prefetch)));
        applications.map(of_application).chain(ours).collect()
    }

    async fn close_obsolete(&mut self, wanted: &BTreeMap<Lane, Wanted>) {
        let is_right = |lane: &Lane, running: &Running| {
            wanted.get(lane).is_some_and(|wanted| running.is_right(wanted))
        };
        let obsolete = self.lanes.extract_if(.., |lane, running| !is_right(lane, running));
        let obsolete: Vec<(Lane, Running)> = obsolete.collect();
        for (_, running) in obsolete {
            running.close().await;
        }
    }

    fn open_missing(&mut self, wanted: BTreeMap<Lane, Wanted>, topology: &Arc<Topology>) {
        for (lane, wanted) in wanted {
            if !self.lanes.contains_key(&lane) {
                let running = self.open(lane.clone(), wanted, topology);
                self.lanes.insert(lane, running);
            }
        }
    }

    /// Every lane holds at least one body: from so many lanes on the budget is
    /// only a wish.
    fn warn_of_memory(&self, lanes: usize) {
        let lanes_max = self.intake.settings().lanes_max();
        if lanes > lanes_max {
            warn!(
                lanes,
                lanes_max,
                "more lanes than intake.memory_bytes_max holds bodies of intake.body_bytes_max: \
                 raise the one or lower the other"
            );
        }
    }

    fn open(&self, lane: Lane, wanted: Wanted, topology: &Arc<Topology>) -> Running {
        let Wanted { queue_name, prefetch, pace, shared } = wanted;
        let stop = self.stop.child_token();
        let task = LaneTask {
            lane,
            queue_name,
            queue: Arc::clone(&self.queue),
            topology: Arc::clone(topology),
            ready: Arc::clone(&self.ready),
            prefetch,
            pace: shared,
            stop: stop.clone(),
        };
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        self.lifecycle.spawn(format!("lane {}", task.queue_name), async move {
            task.run().await;
            drop(end);
            Ok::<(), std::convert::Infallible>(())
        });
        Running { stop, ended, prefetch, pace }
    }

    async fn close_all(&mut self) {
        for (_, running) in std::mem::take(&mut self.lanes) {
            running.close().await;
        }
        if let Err(error) = self.intake.ledger().leave(self.engine, self.clock.now()).await {
            count::error("supervise", error.kind());
        }
    }
}

impl Running {
    fn is_right(&self, wanted: &Wanted) -> bool {
        self.prefetch == wanted.prefetch && self.pace == wanted.pace
    }

    async fn close(self) {
        self.stop.cancel();
        self.ended.cancelled().await;
    }
}

/// What is unroutable, and what the broker gave up.
const LANES_OF_OUR_OWN: usize = 2;
