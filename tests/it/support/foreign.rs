//! Servers of somebody else's making, run by Node.js for the time of a test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const START_MAX: Duration = Duration::from_secs(60);

/// A running server; killed when it is dropped.
pub(crate) struct Foreign {
    child: Child,
    /// `http://127.0.0.1:port`, as it says on its first line.
    pub(crate) address: String,
}

impl Foreign {
    /// Starts a script of `tests/foreign/`, and waits until it says where it
    /// listens.
    pub(crate) async fn start(script: &str, arguments: &[&str]) -> Result<Self> {
        std::env::var("FACTEUR_TEST_NODE_MODULES")
            .context("FACTEUR_TEST_NODE_MODULES is needed: ./dev services env prints it")?;
        let script = format!("{}/tests/foreign/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new("node")
            .arg(&script)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("node is needed: ./dev services up installs it")?;
        let output = child.stdout.take().context("no output")?;
        let (says, said) = std::sync::mpsc::channel();
        // Reads to the end: a program whose output nobody takes ends.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _nobody_listens = says.send(line);
            }
        });
        let first = tokio::task::spawn_blocking(move || said.recv_timeout(START_MAX)).await?;
        let address = first.with_context(|| format!("{script} says nothing"))?;
        ensure!(address.starts_with("http://127.0.0.1:"), "{address}");
        Ok(Self { child, address })
    }

    pub(crate) fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap_or_default()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
