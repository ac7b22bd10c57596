//! The connection of one role, opened when it is needed and again when it was
//! lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::patience::{ANSWER_TIMEOUT, in_time};
use crate::queue::QueueError;

/// How long a goodbye waits. The client never ends one that meets a connection
/// which it has just given up itself.
pub(super) const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long one handshake may take. Longer than a call waits: a handshake that
/// is given up keeps a thread and a socket until the other side closes it, so
/// calls share the one under way rather than begin their own.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);
/// A silent broker is found out after twice this time. RabbitMQ's own default
/// of 60 s would leave a lane blind for two minutes.
const HEARTBEAT_SECONDS: u16 = 10;
pub(super) const REPLY_SUCCESS: u16 = 200;

pub(super) struct Link {
    uri: AMQPUri,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Arc<Connection>>,
    /// At most one.
    handshake: JoinSet<lapin::Result<Connection>>,
}

impl Link {
    pub(super) fn new(address: &str) -> Result<Self, QueueError> {
        // lapin's own message may repeat the address, password included.
        let mut uri: AMQPUri = address.parse().map_err(|_| {
            QueueError::Address("amqp://user:password@host:port/vhost is expected".into())
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self { uri, state: Mutex::default() })
    }

    /// A new channel, on a connection that is opened when there is none.
    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        let channel = async { self.connection().await?.create_channel().await };
        in_time(ANSWER_TIMEOUT, channel).await
    }

    pub(super) async fn close(&self) {
        let State { open, .. } = std::mem::take(&mut *self.state.lock().await);
        let Some(connection) = open else { return };
        // lapin closes a channel that was dropped somewhat later, and takes it for
        // an error of the connection when that is closing by then. What it was
        // asked before, it does before it answers this; and this one it keeps.
        let _last = in_time(ANSWER_TIMEOUT, connection.create_channel()).await;
        let goodbye = connection.close(REPLY_SUCCESS, "bye".into());
        if let Err(error) = in_time(GOODBYE_TIMEOUT, goodbye).await {
            tracing::debug!(%error, "the broker's connection was gone before it was closed");
        }
    }

    async fn connection(&self) -> lapin::Result<Arc<Connection>> {
        let mut state = self.state.lock().await;
        match &state.open {
            Some(open) if open.status().connected() => Ok(Arc::clone(open)),
            _ => state.connect(&self.uri).await,
        }
    }
}

impl State {
    async fn connect(&mut self, uri: &AMQPUri) -> lapin::Result<Arc<Connection>> {
        if self.handshake.is_empty() {
            self.handshake.spawn(in_time(HANDSHAKE_TIMEOUT, handshake(uri.clone())));
        }
        let connection = match self.handshake.join_next().await {
            Some(Ok(outcome)) => Arc::new(outcome?),
            Some(Err(died)) => return Err(io::Error::other(died).into()),
            None => return Err(io::Error::from(io::ErrorKind::NotConnected).into()),
        };
        tracing::info!(
            host = uri.authority.host,
            port = uri.authority.port,
            "connected to the broker"
        );
        self.open = Some(Arc::clone(&connection));
        Ok(connection)
    }
}

async fn handshake(uri: AMQPUri) -> lapin::Result<Connection> {
    let properties = ConnectionProperties::default().with_connection_name("facteur".into());
    Connection::connect_uri(uri, properties).await
}
