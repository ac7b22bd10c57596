//! Has letters drawn by processes that may fall: `facteur draw-letter`, one for
//! each letter.

use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::error;

use super::apart::{Answer, Letter, READY};
use super::rejection::Rejection;
use super::set::Set;

/// For one letter, from the start of its process.
const DRAWN_WITHIN: Duration = Duration::from_mins(1);
/// No set is larger.
const ANSWER_BYTES_MAX: u64 = 1 << 28;

/// Starts the processes.
#[derive(Clone, Debug)]
pub(super) struct Drawer {
    program: PathBuf,
    within: Duration,
}

/// A process that draws; it ends with this.
struct Process(Child);

impl Drawer {
    /// One that runs this program, which must be `facteur`.
    pub(super) fn new(program: PathBuf) -> Self {
        Self { program, within: DRAWN_WITHIN }
    }

    /// Draws a letter, or says why it cannot be.
    ///
    /// # Errors
    /// When the process cannot be started: nothing is known of the letter.
    pub(super) async fn draw(&self, letter: &Letter) -> io::Result<Result<Set, Rejection>> {
        let mut process = Process::start(&self.program, letter)?;
        let said = process.0.stdout.take().ok_or_else(|| io::Error::other("it has no pipe"))?;
        let answer = timeout(self.within, spawn_blocking(move || heard(said))).await;
        let fall = match answer {
            Err(_) => format!("it is not drawn within {:?}", self.within),
            Ok(Ok(Ok(Some(drawn)))) => return Ok(drawn),
            Ok(Ok(Err(error))) => return Err(error),
            // What it died of: memory that it may not have, or a defect.
            Ok(_) => process.end(),
        };
        error!(job = %letter.job, fall, "a document made the press fall");
        let detail = format!("a document that cannot be read to its end ({fall})");
        Ok(Err(Rejection::unprintable(detail)))
    }
}

impl Process {
    fn start(program: &PathBuf, letter: &Letter) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("draw-letter").arg("--package").arg(&letter.package);
        command.arg("--job").arg(letter.job.to_string());
        command.arg("--sheets-max").arg(letter.sheets_max.to_string());
        command.args(letter.two_sided.then_some("--two-sided"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map(Self)
    }

    /// Ends it where it has not ended; answers how it did.
    fn end(&mut self) -> String {
        drop(self.0.kill());
        self.0.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the process answers; none where it fell on the way.
fn heard(said: impl Read) -> io::Result<Option<Result<Set, Rejection>>> {
    let mut said = BufReader::new(said).take(ANSWER_BYTES_MAX);
    if line(&mut said)? != READY {
        return Err(io::Error::other("it draws no letters"));
    }
    let Ok(answer) = serde_json::from_str(&line(&mut said)?) else { return Ok(None) };
    Ok(match answer {
        Answer::Rejected { cause, detail } => Some(Err(Rejection { cause, detail })),
        Answer::Drawn { bytes, pages, sheets } => {
            let mut pdf = Vec::new();
            said.read_to_end(&mut pdf)?;
            (pdf.len() as u64 == bytes).then_some(Ok(Set { pdf, pages, sheets }))
        }
    })
}

fn line(said: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    said.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use uuid::Uuid;

    use super::*;

    /// What a drawer makes of a program that does this.
    async fn draws(script: &str) -> io::Result<Result<Set, Rejection>> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("draws");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n"))?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700))?;
        let package = folder.path().join("package.zip");
        let letter = Letter { package, job: Uuid::nil(), two_sided: false, sheets_max: 1 };
        let drawer = Drawer { program, within: Duration::from_millis(700) };
        drawer.draw(&letter).await
    }

    #[tokio::test]
    async fn what_falls_or_never_ends_is_rejected_with_its_cause() {
        let ready = format!("echo '{READY}'");
        for (script, detail) in [
            ("kill -ABRT $$", "signal: 6"),
            ("exec sleep 60", "not drawn within"),
            (r#"echo '{"drawn":{"bytes":9,"pages":1,"sheets":1}}'; echo PDF"#, "exit status: 0"),
        ] {
            let drawn = draws(&format!("{ready}\n{script}")).await.unwrap();
            let rejection = drawn.unwrap_err();
            assert!(rejection.detail.contains(detail), "{script}: {rejection}");
        }
    }

    #[tokio::test]
    async fn a_program_that_draws_nothing_rejects_no_letter() {
        assert!(draws("echo hello").await.is_err());
        assert!(draws("exit 5").await.is_err());
    }
}
