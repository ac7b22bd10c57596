//! A network that can be bad: a TCP relay in front of a service, or of several
//! that are the same to who connects.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What the network does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// They pass.
    Fair,
    /// New connections are closed at once.
    Refusing,
    /// Connections stay open, and no byte passes.
    Silent,
    /// Every piece comes so much later.
    Slow(Duration),
    /// So many bytes pass in a second, each way.
    Thin(u32),
    /// All is fair but at one moment.
    At(Moment, Harm),
}

/// When something befalls a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before a question that holds this is passed on.
    Question(&'static [u8]),
    /// Instead of an answer that holds this: what was asked is done, and who
    /// asked does not learn it in time.
    Answer(&'static [u8]),
    /// When it says its first words.
    Birth,
}

/// What befalls a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Harm {
    /// It is cut.
    Cut,
    /// What was to pass comes late.
    Delay,
    /// What was to pass begins byte by byte.
    Throttle,
    /// Nothing more passes this way; the other stays open.
    HalfClose,
}

#[derive(Clone)]
struct Control {
    weather: Weather,
    /// How often every connection was cut.
    cuts: u64,
    /// How often the way back was closed, and only that.
    halves: u64,
    /// Where new connections lead, the first that answers.
    targets: Arc<[String]>,
    /// How often a moment had come.
    hits: Arc<AtomicU64>,
}

/// Listens on a port of its own.
pub(crate) struct Relay {
    port: u16,
    control: watch::Sender<Control>,
    /// Ends with the relay, and its connections with it.
    _accepting: JoinSet<()>,
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

const BUFFER: usize = 32 * 1024;
/// What is delayed at a moment comes so much later.
const DELAY: Duration = Duration::from_secs(2);
/// A byte of what is throttled.
const DRIP: Duration = Duration::from_millis(40);
const DRIPPING_MAX: usize = 64;

impl Relay {
    /// Leads to the first of these addresses that answers.
    pub(crate) async fn to(targets: Vec<String>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let control = watch::Sender::new(Control {
            weather: Weather::Fair,
            cuts: 0,
            halves: 0,
            targets: targets.into(),
            hits: Arc::default(),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, control.subscribe()));
        Ok(Self { port, control, _accepting: accepting })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// New connections lead to these.
    pub(crate) fn aim(&self, targets: Vec<String>) {
        self.control.send_modify(|control| control.targets = targets.into());
    }

    pub(crate) fn becomes(&self, weather: Weather) {
        self.control.send_modify(|control| control.weather = weather);
    }

    /// Cuts every connection; new ones pass.
    pub(crate) fn cut(&self) {
        self.control.send_modify(|control| control.cuts += 1);
    }

    /// Closes the way back of every connection; the way there stays open.
    pub(crate) fn half_close(&self) {
        self.control.send_modify(|control| control.halves += 1);
    }

    /// How often a moment had come.
    pub(crate) fn hits(&self) -> u64 {
        self.control.borrow().hits.load(Ordering::Relaxed)
    }

    /// Whether it carries a connection: each hears of changes, as does who
    /// accepts them.
    pub(crate) fn is_in_use(&self) -> bool {
        self.control.receiver_count() > 1
    }
}

async fn accept(listener: TcpListener, control: watch::Receiver<Control>) {
    let mut carried = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        if control.borrow().weather != Weather::Refusing {
            carried.spawn(carry(near, control.clone()));
        }
        while carried.try_join_next().is_some() {}
    }
}

/// Carries one connection until an end closes it, or it is cut.
async fn carry(near: TcpStream, mut control: watch::Receiver<Control>) {
    let begun = control.borrow_and_update().clone();
    let Some(far) = connect(&begun.targets).await else { return };
    let _small_pieces_go_at_once = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let there =
        Pump { way: Way::There, is_new: true, begun: begun.clone(), control: control.clone() };
    let back = Pump { way: Way::Back, is_new: true, begun, control };
    // Whichever ends first closes both, but for a way back that was closed on
    // purpose.
    tokio::select! {
        _ended = there.run(near_read, far_write) => {}
        _ended = back.run(far_read, near_write) => {}
    }
}

async fn connect(targets: &[String]) -> Option<TcpStream> {
    for target in targets {
        if let Ok(stream) = TcpStream::connect(target).await {
            return Some(stream);
        }
    }
    None
}

/// One way of one connection.
struct Pump {
    way: Way,
    /// Nothing has passed yet.
    is_new: bool,
    /// What was true when the connection began.
    begun: Control,
    control: watch::Receiver<Control>,
}

impl Pump {
    async fn run(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let length = tokio::select! {
                length = from.read(&mut buffer) => length?,
                () = self.is_cut() => return Ok(()),
                () = self.is_halved() => return self.stay_half_closed(from, to).await,
            };
            let piece = buffer.get(..length).unwrap_or_default();
            if piece.is_empty() || !self.waits(piece.len()).await {
                return Ok(());
            }
            let harm = self.harm(piece);
            self.is_new = false;
            match harm {
                None => to.write_all(piece).await?,
                Some(Harm::Cut) => return Ok(()),
                Some(Harm::HalfClose) => return self.stay_half_closed(from, to).await,
                Some(Harm::Delay) => {
                    sleep(DELAY).await;
                    to.write_all(piece).await?;
                }
                Some(Harm::Throttle) => drip(piece, &mut to).await?,
            }
        }
    }

    /// Waits as the weather asks; answers whether the connection still stands.
    async fn waits(&mut self, length: usize) -> bool {
        loop {
            let now = self.control.borrow_and_update().clone();
            if now.cuts != self.begun.cuts {
                return false;
            }
            match now.weather {
                Weather::Silent => {
                    if self.control.changed().await.is_err() {
                        return false;
                    }
                }
                Weather::Slow(by) => {
                    sleep(by).await;
                    return true;
                }
                Weather::Thin(bytes_per_s) => {
                    let share = f64::from(u32::try_from(length).unwrap_or(u32::MAX));
                    sleep(Duration::from_secs_f64(share / f64::from(bytes_per_s))).await;
                    return true;
                }
                Weather::Fair | Weather::Refusing | Weather::At(..) => return true,
            }
        }
    }

    /// What befalls the connection when this piece is about to pass.
    fn harm(&self, piece: &[u8]) -> Option<Harm> {
        let Weather::At(moment, harm) = self.control.borrow().weather else { return None };
        let has_come = match moment {
            Moment::Question(words) => self.way == Way::There && holds(piece, words),
            Moment::Answer(words) => self.way == Way::Back && holds(piece, words),
            Moment::Birth => self.way == Way::There && self.is_new,
        };
        self.begun.hits.fetch_add(u64::from(has_come), Ordering::Relaxed);
        has_come.then_some(harm)
    }

    async fn is_cut(&self) {
        let begun = self.begun.cuts;
        let mut control = self.control.clone();
        let _or_the_relay_is_gone = control.wait_for(|now| now.cuts != begun).await.is_ok();
    }

    async fn is_halved(&self) {
        if self.way == Way::There {
            return std::future::pending().await;
        }
        let begun = self.begun.halves;
        let mut control = self.control.clone();
        let _or_the_relay_is_gone = control.wait_for(|now| now.halves != begun).await.is_ok();
    }

    /// Says that nothing more comes, and keeps the other way open until it is
    /// cut or the other side gives up.
    async fn stay_half_closed(
        &self,
        _from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
    ) -> io::Result<()> {
        to.shutdown().await?;
        self.is_cut().await;
        Ok(())
    }
}

/// The beginning byte by byte: the other side holds a part of a message for a
/// while. The rest at once, which may be long.
async fn drip(piece: &[u8], to: &mut OwnedWriteHalf) -> io::Result<()> {
    let (dripping, rest) = piece.split_at(piece.len().min(DRIPPING_MAX));
    for byte in dripping {
        to.write_all(std::slice::from_ref(byte)).await?;
        sleep(DRIP).await;
    }
    to.write_all(rest).await
}

/// Servers and clients write short pieces whole, so that words are not looked
/// for across two.
fn holds(piece: &[u8], words: &[u8]) -> bool {
    piece.windows(words.len()).any(|window| window == words)
}
