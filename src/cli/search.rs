//! `facteur search`

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::answer::Wrong;
use super::{Answer, Output, open};
use crate::app::Tools;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::domain::{
    ApplicationId, EnterpriseNumber, Language, Medium, MessageTypeId, PartitionId,
};
use crate::search::{Boxes, PAGE_SIZE_DEFAULT, Projection, Query, Search, Text};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Find messages, newest first, as operators do: over all boxes
    Query(Box<Criteria>),
    /// Make the index anew from the ledger
    Rebuild,
}

/// All criteria must hold; of a repeated one, any.
#[derive(Debug, clap::Args)]
pub(super) struct Criteria {
    /// In this company's box
    #[arg(long)]
    enterprise: Vec<EnterpriseNumber>,
    /// From this organization
    #[arg(long)]
    organization: Vec<EnterpriseNumber>,
    /// From this application
    #[arg(long)]
    application: Vec<ApplicationId>,
    /// Of this type
    #[arg(long = "type")]
    message_type: Vec<MessageTypeId>,
    /// In this partition
    #[arg(long)]
    partition: Vec<PartitionId>,
    /// With this label
    #[arg(long)]
    label: Vec<String>,
    /// Sent this way: digital, paper, both
    #[arg(long)]
    medium: Vec<Medium>,
    /// Read, or unread
    #[arg(long)]
    read: Option<bool>,
    /// Arrived at or after
    #[arg(long)]
    from: Option<Timestamp>,
    /// Arrived before
    #[arg(long)]
    to: Option<Timestamp>,
    /// Holds this text; one or two characters must begin a word
    #[arg(long)]
    text: Option<String>,
    /// The language of the text
    #[arg(long, default_value = "fr")]
    language: Language,
    /// Which page
    #[arg(long, default_value_t = 1)]
    page: u32,
    /// Messages on a page
    #[arg(long, default_value_t = PAGE_SIZE_DEFAULT)]
    size: u32,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let answer = match args {
        Args::Query(criteria) => query(&tools, *criteria, output).await,
        Args::Rebuild => rebuild(&tools, output).await,
    };
    tools.close().await;
    answer
}

async fn query(tools: &Tools, criteria: Criteria, output: Output) -> anyhow::Result<Answer> {
    let search = Search::open(&tools.config.search.path).map_err(|error| match error.kind() {
        "index" => anyhow::Error::new(error).context(DAMAGED),
        _ => error.into(),
    })?;
    let query = criteria.into_query(&*tools.ledger.reference().await?);
    let found = search.find(query).await.map_err(|error| match error.is_callers() {
        true => anyhow::Error::new(Wrong(error.to_string())),
        false => anyhow::Error::new(error).context(DAMAGED),
    })?;
    let value = json!({ "totalItems": found.total, "items": found.ids });
    output.show(&value, |_| {
        let ids = found.ids.iter().map(ToString::to_string);
        ids.chain([format!("{} in all", found.total)]).collect()
    })?;
    Ok(Answer::Yes)
}

/// What to do about an index that cannot be read.
const DAMAGED: &str = "the search index seems to be damaged: a running engine makes it anew by \
     itself; with the engine stopped, `facteur search rebuild` does";

async fn rebuild(tools: &Tools, output: Output) -> anyhow::Result<Answer> {
    let path = tools.config.search.path.clone();
    let mut projection = Projection::open(&path, || SystemClock.now(), Arc::new(()))?;
    let rebuilt = projection.rebuild(tools.ledger.as_ref(), &CancellationToken::new()).await?;
    let value = json!({ "messages": rebuilt.messages, "position": rebuilt.position });
    output.show(&value, |_| {
        vec![format!(
            "{} messages are indexed, through position {}",
            rebuilt.messages, rebuilt.position
        )]
    })?;
    Ok(Answer::Yes)
}

impl Criteria {
    fn into_query(self, reference: &crate::ledger::Reference) -> Query {
        let boxes =
            if self.enterprise.is_empty() { Boxes::All } else { Boxes::Of(self.enterprise) };
        let language = self.language;
        let text = self.text.map(|part| {
            let named = reference.named(language, &part);
            Text { language, part, named }
        });
        Query {
            boxes,
            organizations: self.organization,
            applications: self.application,
            message_types: self.message_type,
            partitions: self.partition,
            labels: self.label,
            media: self.medium,
            is_read: self.read,
            arrived_from: self.from,
            arrived_to: self.to,
            text,
            page: self.page,
            size: self.size,
            ..Query::everywhere()
        }
    }
}
