//! `facteur migrate`

use serde_json::json;

use super::{Answer, Output, open};
use crate::config::Config;

pub(super) async fn run(config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let epoch = tools.ledger.epoch().await?;
    let backend = tools.ledger.backend();
    output.show(&json!({ "ledger": backend, "epoch": epoch }), |_| {
        vec![format!("the {backend} ledger {epoch} is up to date")]
    })?;
    tools.close().await;
    Ok(Answer::Yes)
}
