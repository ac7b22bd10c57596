//! A client that sends what a test writes, however wrong it is.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What a server says that begins to read a body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every header of a name.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let of_name = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value).collect()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert!(problem["message"].is_string() && problem["pointer"].is_string(), "{problem}");
        problem["code"].as_str().unwrap().to_owned()
    }
}

/// A request under construction.
pub(crate) struct Request {
    address: SocketAddr,
    head: String,
    body: Vec<u8>,
    is_framed: bool,
}

impl Request {
    pub(crate) fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        Self::to(address, "test", method, path)
    }

    /// A request for a host of a name.
    pub(crate) fn to(address: SocketAddr, host: &str, method: &str, path: &str) -> Self {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        Self { address, head, body: Vec::new(), is_framed: false }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self.is_framed |= matches!(name, "content-length" | "transfer-encoding");
        self
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        let text = STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {text}"))
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// Sends head and body, and reads to the end.
    pub(crate) async fn send(self) -> Answer {
        let (mut read, mut write) = self.connect().await;
        let writing = async {
            // A server that has answered need not read the rest.
            let _sent = write.write_all(&self.bytes()).await;
        };
        let reading = async {
            let mut bytes = Vec::new();
            while !is_whole(&bytes) && read.read_buf(&mut bytes).await? > 0 {}
            std::io::Result::Ok(bytes)
        };
        let ((), bytes) = tokio::join!(writing, reading);
        parse(&bytes.unwrap())
    }

    /// Sends to a server that may hang up before it has read all: its status,
    /// unless that was lost with the connection.
    pub(crate) async fn send_to_a_closed_door(self) -> Option<u16> {
        let (mut read, mut write) = self.connect().await;
        let writing = async {
            let _sent = write.write_all(&self.bytes()).await;
        };
        let reading = async {
            let mut bytes = Vec::new();
            while !is_whole(&bytes) && read.read_buf(&mut bytes).await.is_ok_and(|count| count > 0)
            {
            }
            bytes
        };
        let ((), bytes) = tokio::join!(writing, reading);
        (!bytes.is_empty()).then(|| parse(&bytes).status)
    }

    /// Sends head and body, and then one byte after the other at a pace, until
    /// it is answered. Says when the server begins to read the body: it was
    /// asked to (RFC 9110 §10.1.1).
    pub(crate) async fn send_trickling(self, pace: Duration, is_read: impl FnOnce()) -> Answer {
        let request = self.header("expect", "100-continue");
        let (mut read, mut write) = request.connect().await;
        write.write_all(&request.bytes()).await.unwrap();
        let trickling = async {
            let mut pace = tokio::time::interval(pace);
            while write.write_all(b"x").await.is_ok() {
                pace.tick().await;
            }
            std::future::pending::<()>().await;
        };
        let reading = async {
            let (mut bytes, mut is_read) = (Vec::new(), Some(is_read));
            loop {
                if bytes.starts_with(CONTINUE) {
                    bytes.drain(..CONTINUE.len());
                    is_read.take().into_iter().for_each(|say| say());
                }
                if is_whole(&bytes) || !read.read_buf(&mut bytes).await.is_ok_and(|n| n > 0) {
                    return bytes;
                }
            }
        };
        tokio::select! {
            bytes = reading => parse(&bytes),
            () = trickling => unreachable!("it never ends"),
        }
    }

    /// Sends what there is, hangs up, and waits until the server did too.
    pub(crate) async fn send_and_hang_up(self) {
        let (mut read, mut write) = self.connect().await;
        write.write_all(&self.bytes()).await.unwrap();
        write.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _whatever = read.read_to_end(&mut rest).await;
    }

    /// Sends what there is to a server that may die before it answers.
    pub(crate) async fn send_unheard(self) {
        let (mut read, mut write) = self.connect().await;
        write.write_all(&self.bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _whatever = read.read_to_end(&mut rest).await;
    }

    async fn connect(&self) -> (OwnedReadHalf, OwnedWriteHalf) {
        TcpStream::connect(self.address).await.unwrap().into_split()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = self.head.clone();
        if !self.is_framed {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// Whether an answer that says how long it is has come: not every server hangs
/// up, though it was asked to.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() >= end + 4 + length)
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let raw = &bytes[end + 4..];
    let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    let body = if is_chunked { unchunk(raw) } else { raw.to_vec() };
    Answer { status, head, body }
}

fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = raw.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&raw[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&raw[line + 2..line + 2 + size]);
        raw = &raw[line + 4 + size..];
    }
}
