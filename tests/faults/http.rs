//! A few requests, without a client.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An engine that is stopped answers nobody.
const ANSWER_MAX: Duration = Duration::from_secs(10);

pub(crate) async fn get(port: u16, path: &str) -> Result<(u16, String)> {
    send(port, format!("GET {path} HTTP/1.1\r\nhost: faults\r\nconnection: close\r\n\r\n")).await
}

/// The status and the whole body, for whoever the cookie says.
pub(crate) async fn get_as(port: u16, path: &str, cookie: &str) -> Result<(u16, String)> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: faults\r\nconnection: close\r\n\
         accept: application/json, */*\r\ncookie: {cookie}\r\n\r\n"
    );
    let (status, answer) = send(port, request).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no body")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    ensure!(length.context("no length")?.parse() == Ok(body.len()), "an answer was cut off");
    Ok((status, body.to_owned()))
}

/// Uploads a text; answers the status.
pub(crate) async fn put(
    port: u16,
    path: &str,
    (user, key): (&str, &str),
    text: &str,
) -> Result<u16> {
    let authorization = STANDARD.encode(format!("{user}:{key}"));
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: faults\r\nconnection: close\r\n\
         authorization: Basic {authorization}\r\ncontent-type: text/plain\r\n\
         content-length: {}\r\n\r\n{text}",
        text.len()
    );
    Ok(send(port, head).await?.0)
}

async fn send(port: u16, request: String) -> Result<(u16, String)> {
    let answer = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).context("no status")?.parse()?;
        Ok((status, answer))
    };
    timeout(ANSWER_MAX, answer).await?
}
