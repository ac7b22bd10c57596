//! The command line: one file for each command.

mod answer;
mod config;
mod demo;
mod doctor;
mod explain;
mod lanes;
mod letters;
mod migrate;
mod notices;
mod output;
mod policy;
mod printer;
mod publish;
mod quarantine;
mod registry;
mod schema;
mod search;
mod serve;
mod simulate;
mod topology;
mod types;
mod verify;

pub use answer::Answer;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::app::{App, Tools};
use crate::config::Config;
use crate::print_room::{apart, pages};
use answer::exit_code;
use output::Output;

const EXIT_CODES: &str = "Exit codes:
  0  done, and the answer is yes
  1  done, and the answer is no: the account does not balance, a document was
     refused, a check found faults, there is no such thing
  2  wrong arguments
  3  the configuration, the policy or a given file is faulty or cannot be read
  4  the ledger, the broker, the documents or the search index cannot be reached
  5  anything else";

/// The delivery and routing engine behind a company mailbox.
#[derive(Debug, Parser)]
#[command(name = "facteur", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// Configuration that overrides the default (see `facteur config print`)
    #[arg(long, global = true, value_name = "FILE", env = "FACTEUR_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole line on embedded parts, with simulated agencies and companies
    Demo(demo::Args),
    /// Run an engine in some or all of its roles
    Serve(serve::Args),
    /// Bring the ledger's schema up to date
    Migrate,
    /// Check or print the configuration
    #[command(subcommand)]
    Config(config::Args),
    /// Ask whether each dependency is reachable and fit
    Doctor,
    /// Import, export or check the registry
    #[command(subcommand)]
    Registry(registry::Args),
    /// Publish documents from files, as an agency would
    Publish(publish::Args),
    /// Count the pages of documents on standard input, for an engine
    #[command(hide = true)]
    CountPages,
    /// Draw one letter onto standard output, for a print room
    #[command(hide = true)]
    DrawLetter(apart::Letter),
    /// Print letters as a real small print room, and report on them
    Printer(Box<printer::Args>),
    /// Say everything that was decided about a message, and why
    Explain(explain::Args),
    /// Say what a campaign would do, changing nothing
    Simulate(simulate::Args),
    /// Look after what could not be accepted
    #[command(subcommand)]
    Quarantine(quarantine::Args),
    /// Look after lanes: list, pause, resume, pace
    #[command(subcommand)]
    Lanes(lanes::Args),
    /// Pause and resume message types
    #[command(subcommand)]
    Types(types::Args),
    /// Have the policy read again, and say who decides by which
    #[command(subcommand)]
    Policy(policy::Args),
    /// Look after letters: list, show, recall, release, move, send again
    #[command(subcommand)]
    Letters(letters::Args),
    /// Look after notices by mail: list, send again
    #[command(subcommand)]
    Notices(notices::Args),
    /// Recount the account and look for everything it names
    Verify(verify::Args),
    /// Ask or rebuild the search index
    #[command(subcommand)]
    Search(search::Args),
    /// Print the JSON Schemas
    Schema(schema::Args),
    /// Declare or check exchanges, queues and bindings
    #[command(subcommand)]
    Topology(topology::Args),
}

/// Reads the arguments, runs the command, says how it went. Here and not in
/// the program, so that the program need not compile the library again.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        // Their memory is bounded: without threads, and what they set aside.
        Command::CountPages => count_pages(),
        Command::DrawLetter(letter) => draw_letter(&letter),
        _ => tokio::runtime::Runtime::new().context("failed to start").and_then(|runtime| {
            let result = runtime.block_on(cli.run());
            // Work that blocks cannot be stopped, and keeps nobody here.
            runtime.shutdown_background();
            result
        }),
    };
    if let Err(error) = &result {
        complain(error);
    }
    exit_code(&result)
}

fn count_pages() -> anyhow::Result<Answer> {
    pages::serve(std::io::stdin().lock(), std::io::stdout().lock())?;
    Ok(Answer::Yes)
}

fn draw_letter(letter: &apart::Letter) -> anyhow::Result<Answer> {
    apart::serve(letter, std::io::stdout().lock())?;
    Ok(Answer::Yes)
}

#[expect(clippy::print_stderr, reason = "the last word of a program that fails")]
fn complain(error: &anyhow::Error) {
    eprintln!("facteur: {error:#}");
}

impl Cli {
    async fn run(self) -> anyhow::Result<Answer> {
        let config = Config::load(self.config.as_deref(), std::env::vars())?;
        let output = Output::new(self.json);
        let mut log = config.log.clone();
        if matches!(self.command, Command::Doctor) {
            // It says itself, with the cure, what the client would cry out.
            log.filter += ",lapin=off";
        }
        if !matches!(self.command, Command::Demo(_)) {
            crate::telemetry::log::init(&log)?;
        }
        match self.command {
            Command::Demo(args) => demo::run(args, config, output).await,
            Command::Serve(args) => serve::run(args, config).await,
            Command::Migrate => migrate::run(config, output).await,
            Command::Config(args) => config::run(&args, &config, output),
            Command::Doctor => Box::pin(doctor::run(config, output)).await,
            Command::Registry(args) => registry::run(args, config, output).await,
            Command::Publish(args) => publish::run(args, config, output).await,
            Command::CountPages => count_pages(),
            Command::DrawLetter(letter) => draw_letter(&letter),
            Command::Printer(args) => printer::run(*args, config, output).await,
            Command::Explain(args) => explain::run(args, config, output).await,
            Command::Simulate(args) => simulate::run(args, config, output).await,
            Command::Quarantine(args) => Box::pin(quarantine::run(args, config, output)).await,
            Command::Lanes(args) => lanes::run(args, config, output).await,
            Command::Types(args) => types::run(args, config, output).await,
            Command::Policy(args) => policy::run(args, config, output).await,
            Command::Letters(args) => letters::run(args, config, output).await,
            Command::Notices(args) => notices::run(args, config, output).await,
            Command::Verify(args) => verify::run(args, config, output).await,
            Command::Search(args) => search::run(args, config, output).await,
            Command::Schema(args) => schema::run(&args, output),
            Command::Topology(args) => topology::run(args, config, output).await,
        }
    }
}

/// Opens the ledger, brings it up to date, and nothing else that a command may
/// not need.
async fn open(config: Config) -> anyhow::Result<Tools> {
    let tools = Tools::open(config).await?;
    tools.migrate().await.context("failed to reach the ledger")?;
    Ok(tools)
}

/// Opens everything, for what judges as an engine does.
async fn open_all(config: Config) -> anyhow::Result<App> {
    let app = App::open(config).await?;
    app.migrate().await.context("failed to reach the ledger")?;
    Ok(app)
}

/// Who acts, as the records name it.
fn actor() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "operator".into());
    format!("cli:{user}")
}
