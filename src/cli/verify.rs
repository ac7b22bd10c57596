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
    let total = &account.total;
    let width = account.applications.keys().map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0).max(11);
    let mut lines = vec![format!(
        "{:width$} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9} {:>6} {:>8}",
        "application",
        "received",
        "accepted",
        "digital",
        "paper",
        "both",
        "quarantined",
        "discarded",
        "held",
        "repeats"
    )];
    let all = account.applications.iter().map(|(name, own)| (name.as_str(), own));
    for (name, own) in all.chain([("total", total)]) {
        lines.push(format!(
            "{name:width$} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9} {:>6} {:>8}",
            own.received,
            own.accepted,
            own.digital,
            own.paper,
            own.both,
            own.quarantined,
            own.discarded,
            own.held,
            own.repeats
        ));
    }
    let states = total.letters.by_state();
    let states: Vec<String> =
        states.iter().filter(|(_, n)| *n > 0).map(|(state, n)| format!("{n} {state}")).collect();
    lines.push(format!("letters     {} ({})", total.letters.total(), states.join(", ")));
    lines.push(format!("documents   {}", account.documents));
    if let Some(indexed) = account.indexed {
        lines.push(format!("indexed     {indexed}"));
    }
    let heads = verdict.heads.iter();
    lines.extend(heads.map(|head| format!("record      --head {head}")));
    lines.push(format!("difference  {}", account.difference));
    lines.extend(verdict.findings.iter().map(|f| format!("WRONG: {}: {}", f.what, f.which)));
    lines
}
