//! The demonstration as a process, with its pages.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::driver::Browser;
use crate::support::engine::facteur;

/// A debug build makes 5,000 companies on a machine that does other things.
const START_MAX: Duration = Duration::from_secs(300);

pub(crate) struct Demo {
    child: Child,
    pub(crate) address: String,
    folder: TempDir,
}

impl Demo {
    /// With so many publications, all of them recorded and findable.
    pub(crate) async fn start(documents: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command: Command = facteur();
        command.args(["demo", "--documents", &documents.to_string(), "--folder"]);
        command.arg(folder.path()).env_remove("FACTEUR_CONFIG").current_dir(folder.path());
        command.env("FACTEUR__WEB__LISTEN", "127.0.0.1:0");
        command.env("FACTEUR__METRICS__LISTEN", "127.0.0.1:0");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().context("no output")?;
        let (says, said) = mpsc::channel();
        // Reads to the end, so that the demonstration never waits for us.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _nobody_listens = says.send(line);
            }
        });
        let mut demo = Self { child, address: String::new(), folder };
        demo.address = tokio::task::spawn_blocking(move || ready(&said, documents)).await??;
        Ok(demo)
    }

    /// Publishes a document through the same queue, as an agency would; and
    /// waits for nothing.
    pub(crate) async fn publish(&self, application: &str, publication: &Value) -> Result<()> {
        let path = self.folder.path().join(format!("{}.json", uuid::Uuid::now_v7()));
        std::fs::write(&path, publication.to_string())?;
        let path = path.display().to_string();
        self.run(&["publish", "--application", application, &path]).await.map(drop)
    }

    /// Runs another command over the same parts; its answer.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<String> {
        let place = self.folder.path().display().to_string();
        let mut command = facteur();
        command.args(arguments).env_remove("FACTEUR_CONFIG").current_dir(self.folder.path());
        for (key, value) in [
            ("LEDGER", format!("sqlite://{place}/facteur.db")),
            ("QUEUE", format!("embedded://{place}/queue.db")),
            ("DOCUMENTS", format!("file://{place}/documents")),
        ] {
            command.env(format!("FACTEUR__{key}__URL"), value);
        }
        let ended = tokio::task::spawn_blocking(move || command.output()).await??;
        ensure!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        Ok(String::from_utf8(ended.stdout)?)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Signs a persona in and goes to a page.
    pub(crate) async fn enter(&self, browser: &Browser, persona: &str, path: &str) -> Result<()> {
        browser.go(&self.url("/sign-in")).await?;
        if browser.count("form[action=\"/sign-out\"]").await? > 0 {
            browser.go(&self.url("/start")).await?;
            let script = "document.querySelector('form[action=\"/sign-out\"]').requestSubmit()";
            browser.run(script, serde_json::json!([])).await?;
            browser.until_at("signed out", |path| path.contains("said-signed-out")).await;
            browser.go(&self.url("/sign-in")).await?;
        }
        browser.click(&format!("button[value=\"{persona}\"]")).await?;
        browser.until_at("signed in", |path| !path.starts_with("/sign-in")).await;
        browser.go(&self.url(path)).await
    }
}

/// Where it listens, once everything that was sent is to be found.
fn ready(said: &mpsc::Receiver<String>, documents: u32) -> Result<String> {
    let mut address = None;
    loop {
        let line = said.recv_timeout(START_MAX).context("the demonstration says nothing")?;
        if let Some(rest) = line.strip_prefix("pages on ") {
            address = rest.split(',').next().map(str::to_owned);
        }
        let is_sent = line.trim_start().starts_with(&format!("{documents} sent"));
        if is_sent && line.trim_end().ends_with(" 0 to index") && settled(&line, documents) {
            return address.context("it did not say where");
        }
    }
}

/// Digital, paper, both, quarantined and repeats are all that was sent.
fn settled(line: &str, documents: u32) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let before = |word: &str| {
        let place = words.iter().position(|it| *it == word)?;
        words.get(place.checked_sub(1)?)?.parse::<u32>().ok()
    };
    let parts = ["digital", "paper", "both", "quarantined", "repeats"];
    parts.iter().filter_map(|word| before(word)).sum::<u32>() >= documents
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
