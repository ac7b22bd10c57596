//! The real program, with a configuration of the test's own.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::engine::{Engine, facteur};

/// A folder, and what of the configuration differs in it.
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The last line of standard output as JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        let last = self.out.lines().last().context("no output")?;
        serde_json::from_str(last).with_context(|| format!("{self:?}"))
    }
}

impl Program {
    /// Embedded parts in a folder of their own; ports that are free.
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = folder.path().display();
        let variables = [
            ("LEDGER__URL", format!("sqlite://{place}/facteur.db")),
            ("QUEUE__URL", format!("embedded://{place}/queue.db")),
            ("DOCUMENTS__URL", format!("file://{place}/documents")),
            ("SEARCH__PATH", format!("{place}/search")),
            ("WEB__LISTEN", "127.0.0.1:0".into()),
            ("METRICS__LISTEN", "127.0.0.1:0".into()),
            ("LOG__FILTER", "warn".into()),
        ];
        let program = Self { folder, variables: Vec::new() };
        Ok(variables.iter().fold(program, |program, (name, value)| program.with(name, value)))
    }

    /// With a key of the configuration set: `LEDGER__URL`.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.set(&format!("FACTEUR__{name}"), value)
    }

    /// With a variable of the environment.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    /// Runs what a manual tells people to type, up to the first that fails;
    /// `facteur` is this program.
    pub(crate) async fn shell(&self, script: &str) -> Result<Ended> {
        let facteur = Path::new(env!("CARGO_BIN_EXE_facteur"));
        let folder = facteur.parent().context("the program has no folder")?;
        let path = std::env::var("PATH")?;
        let mut command = Command::new("bash");
        command.args(["-euxc", script]);
        command.env("PATH", format!("{}:{path}", folder.display()));
        ended(self.dressed(command), String::new()).await
    }

    /// Runs a program that is not ours, in its folder.
    pub(crate) async fn foreign(&self, program: &str, arguments: &[&str]) -> Result<Ended> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        ended(self.dressed(command), String::new()).await
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = facteur();
        command.args(arguments);
        self.dressed(command)
    }

    fn dressed(&self, mut command: Command) -> Command {
        command.envs(self.variables.iter().cloned());
        command.current_dir(self.folder.path()).env_remove("FACTEUR_CONFIG");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Ended> {
        ended(self.command(arguments), String::new()).await
    }

    /// Runs a command that must succeed; its answer as JSON.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Result<Value> {
        let arguments = [arguments, &["--json"]].concat();
        let ended = self.run(&arguments).await?;
        ensure!(ended.code == Some(0), "{arguments:?}: {ended:?}");
        ended.json()
    }

    /// Starts a command that runs until it is stopped.
    pub(crate) fn start(&self, arguments: &[&str], log: &str) -> Engine {
        let mut command = self.command(arguments);
        command.env("FACTEUR__LOG__FORMAT", "json").env("FACTEUR__LOG__FILTER", "info");
        Engine::spawn(command, &self.folder.path().join(log))
    }

    /// Starts an engine and waits until it can do its work.
    pub(crate) async fn serve(&self) -> Engine {
        let mut command = self.command(&["serve"]);
        command.env("FACTEUR__LOG__FORMAT", "json");
        if !self.says_all() {
            command.env("FACTEUR__LOG__FILTER", "info");
        }
        let mut engine = Engine::spawn(command, &self.folder.path().join("engine.log"));
        engine.ready().await;
        engine
    }
}

impl Program {
    /// Whether a test wants every event in the log.
    fn says_all(&self) -> bool {
        let is_set =
            |(name, value): &(String, String)| name == "FACTEUR__LOG__FILTER" && value == "trace";
        self.variables.iter().any(is_set)
    }
}

/// What runs an example that is written in Python and in Rust: a program, and
/// what comes before its arguments.
pub(crate) fn example(name: &str) -> Result<[(String, Vec<String>); 2]> {
    let python = std::env::var("FACTEUR_TEST_PYTHON");
    let python = python.context("FACTEUR_TEST_PYTHON is needed: ./dev services env prints it")?;
    let folder = Path::new(env!("CARGO_BIN_EXE_facteur")).parent().context("no folder")?;
    let rust = folder.join("examples").join(name);
    ensure!(rust.try_exists()?, "{} is not built: cargo build --examples", rust.display());
    let script = format!("{}/examples/{name}.py", env!("CARGO_MANIFEST_DIR"));
    Ok([(python, vec!["-B".into(), script]), (rust.display().to_string(), Vec::new())])
}

/// Runs a Python program with the client that is not ours: its task on
/// standard input, JSON lines on standard output.
pub(crate) async fn python(script: &str, task: &Value) -> Result<Vec<Value>> {
    let interpreter = std::env::var("FACTEUR_TEST_PYTHON")
        .context("FACTEUR_TEST_PYTHON is needed: ./dev services env prints it")?;
    let script = format!("{}/tests/foreign/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(interpreter);
    command.args(["-B", &script]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = ended(command, task.to_string()).await?;
    ensure!(ended.code == Some(0), "{script}: {}", ended.err);
    ended.out.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// On a thread that may wait.
async fn ended(mut command: Command, input: String) -> Result<Ended> {
    spawn_blocking(move || {
        let mut child = command.spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        Ok(Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout)?,
            err: String::from_utf8(output.stderr)?,
        })
    })
    .await?
}
