//! `facteur migrate`

use serde_json::json;

use super::{Answer, Output, open};
use crate::config::Config;

pub(super) async fn run(config: Config, output: Output) -> anyhow::Result<Answer> {
    let app = open(config).await?;
    let epoch = app.ledger.epoch().await?;
    let backend = app.ledger.backend();
    output.show(&json!({ "ledger": backend, "epoch": epoch }), |_| {
        vec![format!("the {backend} ledger {epoch} is up to date")]
    })?;
    app.close().await;
    Ok(Answer::Yes)
}
