//! One engine: its connections, and at most one batch, held at its steps.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use facteur::clock::FixedClock;
use facteur::documents::DocumentStore;
use facteur::domain::ApplicationId;
use facteur::intake::{Arrival, Hold, Intake, Lane, Outcome, Source, Step};
use facteur::ledger::{Ledger, LedgerError};
use facteur::queue::{Consumer, Queue, topology};
use futures_util::FutureExt as _;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::place::{NOW, Place};
use crate::support::memory::{Connection, Memory};
use crate::support::world::{TAX, WORK};

/// A step's answer: go on, or fail.
pub(super) type Fate = Result<(), LedgerError>;

/// Where a batch is held.
#[derive(Default)]
struct Gate {
    held: Mutex<Option<(Step, oneshot::Sender<Fate>)>>,
    arrived: Notify,
}

pub(super) struct Engine {
    ledger: Arc<Ledger>,
    intake: Arc<Intake>,
    connection: Arc<Connection>,
    lanes: Vec<OpenLane>,
    gate: Arc<Gate>,
    work: Option<Pin<Box<dyn Future<Output = Outcome>>>>,
    /// Sources of lost connections, until their lanes have noticed.
    lost: Vec<Arc<Source>>,
}

struct OpenLane {
    lane: Lane,
    consumer: Box<dyn Consumer>,
    source: Arc<Source>,
}

const PREFETCH: u16 = 20;

impl Engine {
    pub(super) async fn start(place: &Place, memory: &Memory) -> Self {
        let ledger = place.ledger().await;
        let documents = DocumentStore::open(&place.documents_url()).unwrap();
        let (rulebook, settings) = (place.rulebook.clone(), place.settings.clone());
        let clock = Arc::new(FixedClock::new(NOW.parse().unwrap()));
        let gate = Arc::new(Gate::default());
        let intake = Intake::new(Arc::clone(&ledger), documents, rulebook, settings, clock);
        let intake = Arc::new(intake.held_by(hold(&gate)));
        let connection = memory.connect();
        let lanes = Vec::new();
        let mut engine =
            Self { ledger, intake, connection, lanes, gate, work: None, lost: Vec::new() };
        engine.open_lanes().await;
        engine
    }

    async fn open_lanes(&mut self) {
        for application in [TAX, WORK] {
            let application = ApplicationId::new(application).unwrap();
            let queue = topology::intake_queue(&application);
            let consumer = self.connection.consume(&queue, PREFETCH).await.unwrap();
            let source = Source::new(consumer.settler());
            self.lanes.push(OpenLane { lane: Lane::Application(application), consumer, source });
        }
    }

    /// The step at which its batch is held; none: it has no batch.
    pub(super) fn step(&self) -> Option<Step> {
        self.gate.held.lock().unwrap().as_ref().map(|(step, _)| *step)
    }

    /// Whether its batch has a transaction open, so that others must wait.
    pub(super) fn is_in_transaction(&self) -> bool {
        matches!(self.step(), Some(Step::LookedUp | Step::Recorded))
    }

    /// Takes so many deliveries a lane, at most, into a batch; answers how many.
    pub(super) async fn take(&mut self, a_lane: usize) -> usize {
        let mut arrivals = Vec::new();
        for open in &mut self.lanes {
            for _ in 0..a_lane {
                let Some(inbound) = open.consumer.next().now_or_never() else { break };
                let inbound = inbound.unwrap();
                open.source.take(inbound.tag).await;
                arrivals.push(Arrival::taken(open.lane.clone(), inbound, &open.source));
            }
        }
        let count = arrivals.len();
        if count > 0 {
            let intake = Arc::clone(&self.intake);
            self.work =
                Some(Box::pin(
                    async move { intake.deliver(arrivals, &CancellationToken::new()).await },
                ));
            self.until_held().await;
        }
        count
    }

    /// Lets its batch go on, or its step fail, to the next step or its end.
    pub(super) async fn go_on(&mut self, fate: Fate) {
        let held = self.gate.held.lock().unwrap().take();
        let (step, answer) = held.unwrap();
        assert!(answer.send(fate).is_ok(), "the batch waits for its answer");
        self.until_held().await;
        // It is late that a lane notices, and its batch meets the loss before.
        if step > Step::InlineStored && self.step() == Some(Step::InlineStored) {
            self.lost.drain(..).for_each(|source| source.is_gone());
        }
    }

    async fn until_held(&mut self) {
        let Some(work) = &mut self.work else { return };
        tokio::select! {
            biased;
            outcome = work => {
                assert!(matches!(outcome, Outcome::Recorded(_)), "nobody stopped it: {outcome:?}");
                self.work = None;
            }
            () = self.gate.arrived.notified() => {}
        }
    }

    /// Its connection to the broker is lost, and opened anew.
    pub(super) async fn cut(&mut self) {
        self.vanish();
        self.open_lanes().await;
    }

    /// Its connection to the broker is lost for good; its batch goes on.
    pub(super) fn vanish(&mut self) {
        self.connection.cut();
        self.lost.extend(self.lanes.drain(..).map(|open| open.source));
    }

    pub(super) async fn end(mut self) {
        self.work = None;
        self.ledger.close().await;
    }
}

fn hold(gate: &Arc<Gate>) -> Hold {
    let gate = Arc::clone(gate);
    Arc::new(move |step| {
        let (answer, told) = oneshot::channel();
        *gate.held.lock().unwrap() = Some((step, answer));
        gate.arrived.notify_one();
        // Nobody answers an engine that dies.
        async move { told.await.unwrap_or(Err(LedgerError::Conflict)) }.boxed()
    })
}
