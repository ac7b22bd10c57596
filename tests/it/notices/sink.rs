//! A mail server that is not ours, and the mails it has.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

pub(super) struct Sink {
    pub(super) port: u16,
    folder: tempfile::TempDir,
    child: Child,
    /// It ends when this does.
    _input: ChildStdin,
}

impl Sink {
    pub(super) fn start() -> Result<Self> {
        let interpreter = std::env::var("FACTEUR_TEST_PYTHON")
            .context("FACTEUR_TEST_PYTHON is needed: ./dev services env prints it")?;
        let script = format!("{}/tests/foreign/mail_sink.py", env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(interpreter);
        command.args(["-B", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut input = child.stdin.take().context("no input")?;
        writeln!(input, "{}", json!({ "folder": folder.path(), "port": 0 }))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the mail server did not start")?;
        let port = said["port"].as_u64().context("no port")?.try_into()?;
        Ok(Self { port, folder, child, _input: input })
    }

    /// Every mail it has had whole, in order.
    pub(super) fn mails(&self) -> Result<Vec<Value>> {
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
