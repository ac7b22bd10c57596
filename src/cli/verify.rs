//! `facteur verify`

use serde::Serialize;

use super::{Answer, Output, open};
use crate::app::Tools;
use crate::config::Config;
use crate::documents::Depth;
use crate::ledger::{Account, Finding, SealHead};
use crate::search::Search;
use crate::verify::{Verdict, verify};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The intake is at rest: look at the search index and the queues as well
    #[arg(long)]
    quiesced: bool,

    /// Read every document and compare it with its SHA-256; without, only
    /// its size is compared
    #[arg(long)]
    contents: bool,

    /// A head of the record of deeds that was printed before and kept
    /// elsewhere, YEAR:NUMBER:DIGEST: the record must still hold it
    #[arg(long = "head", value_name = "YEAR:NUMBER:DIGEST")]
    heads: Vec<SealHead>,
}

/// What is printed as JSON.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    #[serde(flatten)]
    account: &'a Account,
    findings: &'a [Finding],
    seals: &'a [SealHead],
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let verdict = look(&tools, &args, output).await;
    tools.close().await;
    let verdict = verdict?;
    output.show(&report(&verdict), |_| lines(&verdict))?;
    Ok(verdict.is_balanced().into())
}

pub(super) fn report(verdict: &Verdict) -> Report<'_> {
    let Verdict { account, findings, heads } = verdict;
    Report { account, findings, seals: heads }
}

async fn look(tools: &Tools, args: &Args, output: Output) -> anyhow::Result<Verdict> {
    let bar = output.progress("messages", None);
    let documents = tools.documents()?;
    let depth = if args.contents { Depth::Contents } else { Depth::Sizes };
    let told = |seen| bar.set_position(seen);
    let mut verdict = verify(&tools.ledger, &documents, depth, &told).await?;
    bar.finish_and_clear();
    for finding in tools.ledger.verify_heads(&args.heads).await? {
        verdict.add(finding);
    }
    if !args.quiesced {
        return Ok(verdict);
    }
    let search = Search::open(&tools.config.search.path)?;
    Ok(verdict.quiesced(&tools.ledger, tools.queue().await?.as_ref(), &search).await?)
}

/// The account as a table, and what is wrong with it.
pub(super) fn lines(verdict: &Verdict) -> Vec<String> {
    let account = &verdict.account;
    let letters = &account.total.letters;
    let states = letters.by_state().into_iter().filter(|(_, n)| *n > 0);
    let states: Vec<String> = states.map(|(state, n)| format!("{n} {state}")).collect();
    let mut lines = table(account);
    lines.push(format!("letters     {} ({})", letters.total(), states.join(", ")));
    lines.push(format!("documents   {}", account.documents));
    lines.extend(account.indexed.map(|indexed| format!("indexed     {indexed}")));
    lines.extend(verdict.heads.iter().map(|head| format!("record      --head {head}")));
    lines.push(format!("difference  {}", account.difference));
    lines.extend(verdict.findings.iter().map(|f| format!("WRONG: {}: {}", f.what, f.which)));
    lines
}

/// A line for each application, and one for all.
fn table(account: &Account) -> Vec<String> {
    let width = account.applications.keys().map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0).max(11);
    let line = |name: &str, cells: [&dyn std::fmt::Display; 9]| {
        let [received, accepted, digital, paper, both, quarantined, discarded, held, repeats] =
            cells;
        format!(
            "{name:width$} {received:>9} {accepted:>9} {digital:>9} {paper:>9} {both:>9} \
             {quarantined:>11} {discarded:>9} {held:>6} {repeats:>8}"
        )
    };
    let heads: [&dyn std::fmt::Display; 9] = [
        &"received",
        &"accepted",
        &"digital",
        &"paper",
        &"both",
        &"quarantined",
        &"discarded",
        &"held",
        &"repeats",
    ];
    let all = account.applications.iter().map(|(name, own)| (name.as_str(), own));
    let rows = all.chain([("total", &account.total)]).map(|(name, own)| {
        let cells: [&dyn std::fmt::Display; 9] = [
            &own.received,
            &own.accepted,
            &own.digital,
            &own.paper,
            &own.both,
            &own.quarantined,
            &own.discarded,
            &own.held,
            &own.repeats,
        ];
        line(name, cells)
    });
    std::iter::once(line("application", heads)).chain(rows).collect()
}
