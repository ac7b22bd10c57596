//! `facteur registry`

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::ProgressBar;
use serde_json::json;

use super::answer::Faulty;
use super::{Answer, Output, actor, open};
use crate::app::Tools;
use crate::config::Config;
use crate::registry::{self, Options, Progress, RegistryError, Report, Step};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Import a file: all of it is checked before any of it is written
    Import(Input),
    /// Write the whole registry as a file
    Export {
        /// Where to; standard output by default
        file: Option<PathBuf>,
    },
    /// Check a file, changing nothing
    Check {
        #[command(flatten)]
        input: Input,
        /// Let the file refer to what the ledger holds, as an import would
        #[arg(long)]
        with_ledger: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Input {
    /// JSON Lines, described in docs/registry.md; `-` is standard input
    file: PathBuf,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    if let Args::Check { input, with_ledger: false } = &args {
        return check(input.open()?, None, output).await;
    }
    let tools = open(config).await?;
    let answer = match args {
        Args::Import(input) => import(&tools, input.open()?, output).await,
        Args::Check { input, .. } => check(input.open()?, Some(&tools), output).await,
        Args::Export { file } => export(&tools, file.as_deref(), output).await,
    };
    tools.close().await;
    answer
}

impl Input {
    /// Standard input is read once, but a file is checked before it is written.
    fn open(&self) -> anyhow::Result<BufReader<File>> {
        if self.file.as_os_str() == "-" {
            return Ok(registry::spool(std::io::stdin().lock())?);
        }
        let file = File::open(&self.file);
        let file = file.map_err(|error| Faulty::unread(&self.file, &error))?;
        Ok(BufReader::new(file))
    }
}

fn show_progress(bar: &ProgressBar, progress: Progress) {
    bar.set_message(match progress.step {
        Step::Reading => "checking lines",
        Step::Referring => "checking references",
        Step::Writing => "writing",
    });
    if let Some(of) = progress.of {
        bar.set_length(of);
    }
    bar.set_position(progress.lines);
}

async fn import(tools: &Tools, file: BufReader<File>, output: Output) -> anyhow::Result<Answer> {
    let bar = output.progress("checking lines", None);
    let (actor, at) = (actor(), tools.clock.now());
    let mut progress = |progress| show_progress(&bar, progress);
    let options = Options { actor: &actor, at, progress: &mut progress };
    let imported = registry::import(&tools.ledger, file, options).await;
    bar.finish_and_clear();
    match imported {
        Ok(imported) => {
            output.show(&imported, |imported| {
                let tally = &imported.tally;
                vec![
                    format!("{} lines", imported.report.lines),
                    format!(
                        "{} added, {} changed, {} removed, {} as they were",
                        tally.added, tally.changed, tally.removed, tally.unchanged
                    ),
                ]
            })?;
            Ok(Answer::Yes)
        }
        Err(RegistryError::Faulty(report)) => {
            output.show(&*report, faults)?;
            Err(Faulty("nothing was imported".into()).into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn check(
    file: BufReader<File>,
    tools: Option<&Tools>,
    output: Output,
) -> anyhow::Result<Answer> {
    let bar = output.progress("checking lines", None);
    let mut progress = |progress| show_progress(&bar, progress);
    let ledger = tools.map(|tools| tools.ledger.as_ref());
    let report = registry::check(file, ledger, &mut progress).await?;
    bar.finish_and_clear();
    output.show(&report, |report| {
        if report.is_clean() {
            vec![format!("{} lines, no fault", report.lines)]
        } else {
            faults(report)
        }
    })?;
    Ok(report.is_clean().into())
}

fn faults(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    lines.push(format!("{} faults in {} lines", report.faults_total, report.lines));
    lines
}

async fn export(tools: &Tools, file: Option<&Path>, output: Output) -> anyhow::Result<Answer> {
    let Some(path) = file else {
        let mut out = BufWriter::new(std::io::stdout());
        registry::export(&tools.ledger, &mut out).await?;
        out.flush()?;
        return Ok(Answer::Yes);
    };
    let created = File::create(path).with_context(|| format!("failed to make {}", path.display()));
    let mut out = BufWriter::new(created?);
    let records = registry::export(&tools.ledger, &mut out).await?;
    out.into_inner()?.sync_all()?;
    output.show(&json!({ "records": records }), |_| vec![format!("{records} records")])?;
    Ok(Answer::Yes)
}
