//! A program of ours that is started, hurt and started again, as by a
//! supervisor.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

type Recipe = Box<dyn Fn() -> Command + Send + Sync>;

pub(crate) struct Process {
    pub(crate) name: String,
    recipe: Recipe,
    log: PathBuf,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    child: Option<Child>,
    /// How it ended when nobody had asked it to.
    fell: Vec<String>,
}

/// Longer than any grace.
const END_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Process {
    pub(crate) fn new(
        name: &str,
        log: PathBuf,
        recipe: impl Fn() -> Command + Send + Sync + 'static,
    ) -> Self {
        let running = Mutex::default();
        Self { name: name.to_owned(), recipe: Box::new(recipe), log, running }
    }

    pub(crate) async fn start(&self) -> Result<()> {
        let mut running = self.running.lock().await;
        ensure!(running.child.is_none(), "{} runs already", self.name);
        running.child = Some(self.spawn()?);
        Ok(())
    }

    fn spawn(&self) -> Result<Child> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = (self.recipe)();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().with_context(|| format!("failed to start {}", self.name))
    }

    /// Starts it again when it has ended by itself.
    pub(crate) async fn keep(&self) -> Result<()> {
        let mut running = self.running.lock().await;
        let Some(child) = &mut running.child else { return Ok(()) };
        if let Some(status) = child.try_wait()? {
            running.fell.push(status.to_string());
            running.child = Some(self.spawn()?);
        }
        Ok(())
    }

    /// Ends it at once, without a chance to tidy up.
    pub(crate) async fn kill(&self) -> Result<()> {
        let mut running = self.running.lock().await;
        let mut child = running.child.take().context("it does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Asks it to end, which must succeed.
    pub(crate) async fn end(&self) -> Result<()> {
        let mut running = self.running.lock().await;
        let Some(mut child) = running.child.take() else { return Ok(()) };
        signal("TERM", child.id())?;
        let ended = async {
            loop {
                match child.try_wait()? {
                    Some(status) => return Ok::<_, anyhow::Error>(status),
                    None => sleep(LOOK_EVERY).await,
                }
            }
        };
        let status = timeout(END_MAX, ended).await.context("it does not end")??;
        ensure!(status.success(), "{} ended with {status}; see {}", self.name, self.log.display());
        Ok(())
    }

    /// `STOP`, `CONT` or `HUP`.
    pub(crate) async fn signal(&self, name: &str) -> Result<()> {
        let running = self.running.lock().await;
        signal(name, running.child.as_ref().context("it does not run")?.id())
    }

    /// How it ended when nobody had asked it to.
    pub(crate) async fn fell(&self) -> Vec<String> {
        self.running.lock().await.fell.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running.get_mut().child {
            let _dead_already = child.kill();
            let _nobody_waits = child.wait();
        }
    }
}

fn signal(name: &str, pid: u32) -> Result<()> {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status()?;
    ensure!(sent.success(), "no process {pid}");
    Ok(())
}
