//! `facteur publish`

use std::path::{Path, PathBuf};

use serde_json::json;

use super::answer::{Faulty, Nothing, Wrong};
use super::{Answer, Output, open};
use crate::app::Tools;
use crate::config::Config;
use crate::domain::{ApplicationId, Digest, IdempotencyKey};
use crate::queue::{Outbound, Properties, Topology, topology};

/// Each file holds one publication (JSON), or one a line (.jsonl).
///
/// The idempotency key of a publication is the digest of its text, so that
/// publishing a file twice is a repeat, unless --key says otherwise.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The sender application: the lane
    #[arg(long)]
    application: ApplicationId,
    /// The broker account; by default the one registered for the application
    #[arg(long)]
    account: Option<String>,
    /// The idempotency key, for a single publication
    #[arg(long)]
    key: Option<IdempotencyKey>,
    /// Publications
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// So many publications await their confirms together.
const PIECE: usize = 500;

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let bodies = read(&args)?;
    let tools = open(config).await?;
    let answer = publish(&tools, &args, bodies, output).await;
    tools.close().await;
    answer
}

fn read(args: &Args) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut bodies = Vec::new();
    for path in &args.files {
        let bytes = std::fs::read(path).map_err(|error| Faulty::unread(path, &error))?;
        if is_lines(path) {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            bodies.extend(lines.map(<[u8]>::to_vec));
        } else {
            bodies.push(bytes);
        }
    }
    if args.key.is_some() && bodies.len() != 1 {
        return Err(Wrong("--key is for a single publication".into()).into());
    }
    Ok(bodies)
}

fn is_lines(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

async fn publish(
    tools: &Tools,
    args: &Args,
    bodies: Vec<Vec<u8>>,
    output: Output,
) -> anyhow::Result<Answer> {
    let reference = tools.ledger.reference().await?;
    let registered = reference.applications.get(&args.application);
    let account = args.account.clone().or_else(|| registered.map(|a| a.account.to_string()));
    let account = account.ok_or_else(|| {
        Nothing(format!("{} is not registered: name an --account", args.application))
    })?;
    // Another's queue is none of its business, and no lane is made of a slip.
    let ids: Vec<ApplicationId> = registered.map(|it| it.id.clone()).into_iter().collect();
    tools.queue().await?.declare(&Topology::for_applications(&ids)).await?;
    let mut publisher = tools.queue().await?.publisher().await?;
    let bar = output.progress("published", Some(bodies.len() as u64));
    let (mut taken, mut refused) = (0u64, Vec::new());
    for piece in bodies.chunks(PIECE) {
        let messages = piece.iter().map(|body| message(tools, args, &account, body)).collect();
        for result in publisher.publish(messages).await {
            match result {
                Ok(()) => taken += 1,
                Err(error) => refused.push(error.to_string()),
            }
        }
        bar.set_position(taken);
    }
    bar.finish_and_clear();
    output.show(&json!({ "published": taken, "notTaken": refused }), |_| {
        let all = refused.iter().map(|error| format!("not taken: {error}"));
        all.chain([format!("{taken} published")]).collect()
    })?;
    Ok(refused.is_empty().into())
}

fn message(tools: &Tools, args: &Args, account: &str, body: &[u8]) -> Outbound {
    let key = args.key.as_ref().map_or_else(|| Digest::of(body).to_string(), ToString::to_string);
    Outbound {
        exchange: topology::EXCHANGE_DOCUMENTS.into(),
        routing_key: args.application.to_string(),
        body: body.to_vec().into(),
        properties: Properties {
            message_id: Some(key),
            app_id: Some(args.application.to_string()),
            user_id: Some(account.to_owned()),
            content_type: Some("application/json".into()),
            published_us: Some(tools.clock.now().as_microsecond()),
        },
    }
}
