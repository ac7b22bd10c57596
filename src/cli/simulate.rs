//! `facteur simulate`

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use anyhow::Context;
use bytes::Bytes;

use super::answer::Faulty;
use super::{Answer, Output};
use crate::app::App;
use crate::config::Config;
use crate::paper::printer::Printers;
use crate::simulate::{Outlook, PIECE, Rules, Simulation, printers_now};

/// Each line of the file is a publication (JSON), as for `facteur publish`,
/// of whatever application it names. Nothing is published, recorded or
/// printed; what the registry, the policy and the printers say now decides.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Publications, one a line (.jsonl)
    file: PathBuf,
    /// Printers to spread letters over, instead of those of `paper.printers`
    #[arg(long, value_name = "FILE")]
    printers: Option<PathBuf>,
}

pub(super) async fn run(args: Args, mut config: Config, output: Output) -> anyhow::Result<Answer> {
    let file = File::open(&args.file);
    let file = file.map_err(|error| Faulty::unread(&args.file, &error))?;
    if let Some(printers) = args.printers {
        config.paper.printers = printers;
    }
    // Not brought up to date: this changes nothing.
    let app = App::open(config).await?;
    let outlook = look(&app, BufReader::new(file), output).await;
    app.close().await;
    let outlook = outlook?;
    output.show(&outlook, lines)?;
    Ok((outlook.refused.is_empty() && outlook.held.is_empty()).into())
}

async fn look(app: &App, mut file: BufReader<File>, output: Output) -> anyhow::Result<Outlook> {
    let now = app.clock.now();
    let rules = Rules {
        rulebook: app.rulebook(),
        limits: app.config.intake.limits(),
        body_bytes_max: app.config.intake.body_bytes_max,
        now,
    };
    let mut simulation = Simulation::new(&app.ledger, rules);
    let bar = output.progress("publications", None);
    loop {
        let piece = piece(&mut file).context("failed to read the publications")?;
        if piece.is_empty() {
            break;
        }
        bar.inc(piece.len() as u64);
        simulation.add(piece).await?;
    }
    bar.finish_and_clear();
    let printers = Printers::clone(&app.printers);
    let (printers, taken) = printers_now(&app.ledger, printers, now).await?;
    Ok(simulation.finish(&printers, &taken))
}

/// The next lines; an empty line is one, so that places stay those of the file.
fn piece(file: &mut BufReader<File>) -> std::io::Result<Vec<Bytes>> {
    let mut piece = Vec::new();
    while piece.len() < PIECE {
        let mut line = Vec::new();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        while line.last().is_some_and(u8::is_ascii_whitespace) {
            line.pop();
        }
        piece.push(line.into());
    }
    Ok(piece)
}

fn lines(outlook: &Outlook) -> Vec<String> {
    let mut lines = vec![format!("{} publications", outlook.publications)];
    let mut table = |title: &str, rows: Vec<(String, u64)>| {
        if rows.is_empty() {
            return;
        }
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        lines.extend([String::new(), title.to_owned()]);
        lines.extend(rows.iter().map(|(name, count)| format!("  {name:width$}  {count:>9}")));
    };
    let media = outlook.media.iter();
    let media = media.map(|it| (format!("{:8} {}", it.medium.as_str(), it.reason), it.messages));
    table("messages by medium and reason", media.collect());
    let letters = outlook.letters.iter();
    let letters = letters.map(|it| (format!("{}  {}", it.day, it.printer), it.letters));
    table("letters by day and printer", letters.collect());
    let held = outlook.held_letters.iter().map(|(why, count)| (why.clone(), *count));
    table("letters that would be held", held.collect());
    if outlook.repeats > 0 {
        table("not counted again", vec![("repeats".into(), outlook.repeats)]);
    }
    let codes = |codes: &std::collections::BTreeMap<crate::domain::Code, u64>| {
        codes.iter().map(|(code, count)| (code.as_str().to_owned(), *count)).collect()
    };
    table("publications that would wait for an operator", codes(&outlook.held));
    table("publications that would be refused", codes(&outlook.refused));
    lines.extend(outlook.refusals.iter().map(|refused| {
        let code = refused.code.as_str();
        let place = if refused.pointer.is_empty() { "/" } else { &refused.pointer };
        format!("  line {}: {code} at {place}: {}", refused.line, refused.message)
    }));
    lines
}
