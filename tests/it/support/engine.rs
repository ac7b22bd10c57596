//! The program itself, as a process that a test starts, kills and reads.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::wait::until;
use crate::web::client::{Answer, Request};

pub(crate) const SIGABRT: i32 = 6;
pub(crate) const SIGKILL: i32 = 9;

/// The program, to be given arguments and environment.
pub(crate) fn facteur() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command.env_remove("FAILPOINTS").stdin(Stdio::null());
    command
}

/// A running engine; killed when it is dropped, also by a test that fails.
pub(crate) struct Engine {
    child: Child,
    log: PathBuf,
}

impl Engine {
    /// Starts it; its log, as JSON, goes into a file.
    pub(crate) fn spawn(mut command: Command, log: &Path) -> Self {
        let file = File::create(log).unwrap();
        let child = command.stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Self { child, log: log.to_owned() }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it can do its work.
    pub(crate) async fn ready(&mut self) {
        until("the engine listens", async || {
            assert!(self.is_running(), "it ended: {}", self.log());
            self.listens_on("web.listen").is_some() && self.listens_on("metrics.listen").is_some()
        })
        .await;
        until("the engine is ready", async || self.readiness().await.status == 200).await;
    }

    pub(crate) async fn readiness(&self) -> Answer {
        self.request("GET", "/readyz").send().await
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.listens_on("web.listen").unwrap(), method, path)
    }

    /// Its page for Prometheus.
    pub(crate) async fn metrics(&self) -> String {
        let address = self.listens_on("metrics.listen").unwrap();
        let page = Request::new(address, "GET", "/metrics").send().await.body;
        String::from_utf8(page).unwrap()
    }

    /// The sum over all series of a metric whose labels hold all these.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let page = self.metrics().await;
        let series = page.lines().filter_map(|line| line.rsplit_once(' '));
        series
            .filter(|(key, _)| key.split('{').next() == Some(name))
            .filter(|(key, _)| labels.iter().all(|label| key.contains(label)))
            .map(|(_, value)| value.parse::<f64>().unwrap())
            .sum()
    }

    /// Ends it without a chance to tidy up.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.ended().await.signal(), Some(SIGKILL), "{}", self.log());
    }

    /// Asks it to end, as a supervisor does.
    pub(crate) fn terminate(&self) {
        let line = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        until("the engine ends", async || self.child.try_wait().unwrap().is_some()).await;
        self.child.wait().unwrap()
    }

    /// Asks it to end, which must succeed.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        let status = self.ended().await;
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Waits until a dependency that is away is named, and nothing else is.
    pub(crate) async fn misses(&self, dependency: &str) {
        until("the engine says what it misses", async || {
            let answer = self.readiness().await;
            answer.status == 503 && answer.json()["dependencies"][dependency] == "away"
        })
        .await;
    }

    /// How many lines of its log hold all these words.
    pub(crate) fn logged(&self, words: &[&str]) -> usize {
        self.log().lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    /// Everything that it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn listens_on(&self, key: &str) -> Option<SocketAddr> {
        let log = self.log();
        let events = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        let mut events = events.filter(|event: &serde_json::Value| event["message"] == "listening");
        events.find(|event| event["key"] == key)?["address"].as_str()?.parse().ok()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _dead_already = self.child.kill();
        let _nobody_waits = self.child.wait();
        if std::thread::panicking() {
            self.show_log();
        }
    }
}

impl Engine {
    #[expect(clippy::print_stderr, reason = "shown with the test that failed")]
    fn show_log(&self) {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(LINES_SHOWN).collect();
        tail.iter().rev().for_each(|line| eprintln!("{line}"));
    }
}

const LINES_SHOWN: usize = 40;
