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
/// that wait: the batches, and its share of every pace.
pub fn run_direct(lifecycle: &Lifecycle, intake: Arc<Intake>, clock: Arc<dyn Clock>, engine: Uuid) {
    spawn_workers(lifecycle, &intake);
    let stop = lifecycle.soft().clone();
    lifecycle.spawn("intake share", async move {
        while !stop.is_cancelled() {
            match intake.ledger().beat(engine, clock.now()).await {
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
        let engines = ledger.beat(self.engine, self.clock.now()).await?;
        self.intake.paces().share_among(engines);
        let reference = ledger.reference().await?;
        if self.seen == Some((reference.version, engines)) {
            return Ok(());
        }
        let ids: Vec<_> = reference.applications.keys().cloned().collect();
        let topology = Arc::new(Topology::for_applications(&ids));
        if let Err(error) = self.queue.declare(&topology).await {
            count::error("declare", error.kind());
            warn!(error = %chain(&error), "failed to declare the topology");
            return Ok(());
        }
        crate::telemetry::start_at_zero(reference.applications.keys(), [], &[]);
        self.open_and_close(&reference, engines, &topology).await;
        self.seen = Some((reference.version, engines));
        let paused = reference.controls.lanes.values().filter(|it| it.is_paused).count();
        info!(lanes = self.lanes.len(), paused, engines, "lanes are open");
        Ok(())
    }

    async fn open_and_close(
        &mut self,
        reference: &Reference,
        engines: u32,
        topology: &Arc<Topology>,
    ) {
        let wanted = wanted(reference);
        // Of paused lanes too: a pause does not open the others anew.
        let lanes = reference.applications.len() + LANES_OF_OUR_OWN;
        self.warn_of_memory(lanes);
        let prefetch = self.intake.settings().prefetch(lanes);
        let obsolete: Vec<Lane> = self
            .lanes
            .iter()
            .filter(|(lane, running)| {
                wanted.get(lane).is_none_or(|(_, pace)| !running.is_right(*pace, engines, prefetch))
            })
            .map(|(lane, _)| lane.clone())
            .collect();
        for lane in obsolete {
            if let Some(running) = self.lanes.remove(&lane) {
                running.close().await;
            }
        }
        for (lane, (queue_name, pace)) in wanted {
            if !self.lanes.contains_key(&lane) {
                let shared = match &lane {
                    Lane::Application(id) => self.intake.paces().of(reference, id),
                    Lane::Unroutable | Lane::Dead => None,
                };
                let pace = pace.map(|per_second| (per_second, engines));
                let running =
                    self.open(lane.clone(), queue_name, (pace, shared), prefetch, topology);
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

    fn open(
        &self,
        lane: Lane,
        queue_name: String,
        (pace, shared): (Option<(u32, u32)>, Option<Arc<Pace>>),
        prefetch: u16,
        topology: &Arc<Topology>,
    ) -> Running {
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
    fn is_right(&self, pace: Option<u32>, engines: u32, prefetch: u16) -> bool {
        self.prefetch == prefetch && self.pace == pace.map(|per_second| (per_second, engines))
    }

    async fn close(self) {
        self.stop.cancel();
        self.ended.cancelled().await;
    }
}

/// What is unroutable, and what the broker gave up.
const LANES_OF_OUR_OWN: usize = 2;

/// Each lane that is not paused, with its queue and pace.
fn wanted(reference: &Reference) -> BTreeMap<Lane, (String, Option<u32>)> {
    let mut lanes: BTreeMap<Lane, (String, Option<u32>)> = reference
        .applications
        .values()
        .filter(|application| !reference.controls.is_lane_paused(&application.id))
        .map(|application| {
            let queue = topology::intake_queue(&application.id);
            (Lane::Application(application.id.clone()), (queue, reference.pace(&application.id)))
        })
        .collect();
    lanes.insert(Lane::Unroutable, (topology::QUEUE_UNROUTABLE.into(), None));
    lanes.insert(Lane::Dead, (topology::QUEUE_DEAD.into(), None));
    lanes
}
