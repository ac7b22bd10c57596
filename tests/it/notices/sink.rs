//! A mail server that is not ours, and the mails it has.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Made for `localhost` by `openssl`.
pub(crate) const CERTIFICATE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/tls/certificate.pem");
pub(crate) const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/tls/key.pem");
pub(crate) const USER: &str = "facteur";
pub(crate) const PASSWORD: &str = "a word that nobody overhears";

pub(crate) struct Sink {
    pub(crate) port: u16,
    folder: tempfile::TempDir,
    child: Child,
    /// It ends when this does.
    _input: ChildStdin,
}

impl Sink {
    pub(crate) fn start() -> Result<Self> {
        Self::with(&json!({}))
    }

    /// One that takes mail over TLS alone (`starttls` or `tls`), from who knows
    /// the password.
    pub(crate) fn over(tls: &str) -> Result<Self> {
        Self::with(&json!({
            "tls": tls, "certificate": CERTIFICATE, "key": KEY, "user": USER, "password": PASSWORD,
        }))
    }

    fn with(more: &Value) -> Result<Self> {
        let interpreter = std::env::var("FACTEUR_TEST_PYTHON")
            .context("FACTEUR_TEST_PYTHON is needed: ./dev services env prints it")?;
        let script = format!("{}/tests/foreign/mail_sink.py", env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(interpreter);
        command.args(["-B", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut input = child.stdin.take().context("no input")?;
        let mut task = json!({ "folder": folder.path(), "port": 0 });
        for (name, value) in more.as_object().into_iter().flatten() {
            task[name] = value.clone();
        }
        writeln!(input, "{task}")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the mail server did not start")?;
        let port = said["port"].as_u64().context("no port")?.try_into()?;
        Ok(Self { port, folder, child, _input: input })
    }

    /// Every mail it has had whole, in order.
    pub(crate) fn mails(&self) -> Result<Vec<Value>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "json") {
                files.push(path);
            }
        }
        files.sort();
        files.iter().map(|path| Ok(serde_json::from_slice(&std::fs::read(path)?)?)).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}
