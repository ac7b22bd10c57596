//! A TCP relay between the engine and a service, for tests of what happens
//! when the network fails.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the relay does with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Bytes pass.
    Forward,
    /// Connections are closed as soon as they are accepted.
    Refuse,
    /// Connections are accepted and no byte passes.
    Stall,
    /// Questions pass, and answers until one says this.
    UntilSaid(&'static [u8]),
}

/// What connections hear of the relay.
#[derive(Clone, Copy)]
struct Control {
    mode: Mode,
    /// How often all connections were cut.
    cuts: u64,
    /// How often all connections were abandoned.
    losses: u64,
}

/// Listens on a port of its own and forwards to one address.
pub(crate) struct Relay {
    port: u16,
    control: watch::Sender<Control>,
    /// Ends with the relay, and its connections with it.
    _accept: JoinSet<()>,
}

impl Relay {
    /// Forwards to `target` (`host:port`).
    pub(crate) async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().map(|address: SocketAddr| address.port()).unwrap();
        let control = watch::Sender::new(Control { mode: Mode::Forward, cuts: 0, losses: 0 });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, target.to_owned(), control.subscribe()));
        Self { port, control, _accept: tasks }
    }

    /// The port it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections it carries.
    pub(crate) fn connections(&self) -> usize {
        // The task that accepts has one receiver itself.
        self.control.receiver_count() - 1
    }

    /// Cuts every connection; new ones pass.
    pub(crate) fn cut(&self) {
        self.control.send_modify(|control| control.cuts += 1);
    }

    /// Cuts every connection and lets no new one pass.
    pub(crate) fn refuse(&self) {
        self.set(Mode::Refuse);
        self.cut();
    }

    /// Keeps connections open, old and new, and moves no byte.
    pub(crate) fn stall(&self) {
        self.set(Mode::Stall);
    }

    /// Cuts each connection at the first answer that holds these words, and
    /// keeps the answer: what was asked is done, and the one who asked does
    /// not learn it.
    pub(crate) fn lose_answer(&self, words: &'static [u8]) {
        self.set(Mode::UntilSaid(words));
    }

    /// Forgets every connection without closing it, as a network does that has
    /// lost a machine; new ones pass.
    pub(crate) fn abandon(&self) {
        self.control.send_modify(|control| control.losses += 1);
    }

    /// Lets everything pass again.
    pub(crate) fn restore(&self) {
        self.set(Mode::Forward);
    }

    fn set(&self, mode: Mode) {
        self.control.send_modify(|control| control.mode = mode);
    }
}

async fn accept(listener: TcpListener, target: String, control: watch::Receiver<Control>) {
    let mut carried = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        if control.borrow().mode != Mode::Refuse {
            carried.spawn(carry(near, target.clone(), control.clone()));
        }
    }
}

/// Carries one connection until an end closes it, or it is cut. A change of
/// the mode opens the copying anew on the same sockets.
async fn carry(mut near: TcpStream, target: String, mut control: watch::Receiver<Control>) {
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    let begun = *control.borrow_and_update();
    loop {
        let now = *control.borrow_and_update();
        // One that was accepted just before the others were refused goes too.
        if now.cuts != begun.cuts || now.mode == Mode::Refuse {
            return;
        }
        let mode = if now.losses == begun.losses { now.mode } else { Mode::Stall };
        tokio::select! {
            () = pass(&mut near, &mut far, mode) => return,
            changed = control.changed() => if changed.is_err() { return },
        }
    }
}

/// Returns when an end closes the connection.
async fn pass(near: &mut TcpStream, far: &mut TcpStream, mode: Mode) {
    let _how_it_ended = match mode {
        Mode::Forward => copy_bidirectional(near, far).await.map(drop),
        Mode::UntilSaid(words) => until_said(near, far, words).await,
        Mode::Refuse | Mode::Stall => std::future::pending().await,
    };
}

/// Passes bytes until an answer holds the words. A server writes a short answer
/// in one piece, so that they are not looked for across two.
async fn until_said(near: &mut TcpStream, far: &mut TcpStream, words: &[u8]) -> io::Result<()> {
    let (mut from_near, mut to_near) = near.split();
    let (mut from_far, mut to_far) = far.split();
    let answers = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = from_far.read(&mut buffer).await?;
            let said = buffer.get(..length).unwrap_or_default();
            if length == 0 || said.windows(words.len()).any(|window| window == words) {
                return Ok(());
            }
            to_near.write_all(said).await?;
        }
    };
    tokio::select! {
        ended = answers => ended,
        ended = copy(&mut from_near, &mut to_far) => ended.map(drop),
    }
}
