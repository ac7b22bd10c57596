//! `facteur doctor`

use serde_json::json;

use super::{Answer, Output};
use crate::app::App;
use crate::config::Config;
use crate::search::{Search, SearchError};

struct Examined {
    what: &'static str,
    /// What is wrong, and what to do about it.
    fault: Option<(String, &'static str)>,
}

pub(super) async fn run(config: Config, output: Output) -> anyhow::Result<Answer> {
    let app = App::open(config).await?;
    let examined = [ledger(&app).await, queue(&app).await, documents(&app).await, search(&app)];
    app.close().await;
    let is_fit = examined.iter().all(|examined| examined.fault.is_none());
    let value: Vec<_> = examined
        .iter()
        .map(|e| match &e.fault {
            None => json!({ "dependency": e.what, "fit": true }),
            Some((fault, cure)) => {
                json!({ "dependency": e.what, "fit": false, "fault": fault, "cure": cure })
            }
        })
        .collect();
    output.show(&value, |_| examined.iter().flat_map(lines).collect())?;
    Ok(is_fit.into())
}

fn lines(examined: &Examined) -> Vec<String> {
    match &examined.fault {
        None => vec![format!("{:10} fit", examined.what)],
        Some((fault, cure)) => {
            vec![format!("{:10} NOT FIT: {fault}", examined.what), format!("{:10} {cure}", "")]
        }
    }
}

/// An error with everything that led to it.
fn chain(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}

async fn ledger(app: &App) -> Examined {
    let fault = app.ledger.ping().await.err().map(|error| {
        (
            chain(error),
            "is ledger.url right, and the database up? `facteur migrate` makes its schema",
        )
    });
    Examined { what: "ledger", fault }
}

async fn queue(app: &App) -> Examined {
    let fault = app.queue.ping().await.err().map(|error| {
        (chain(error), "is queue.url right, the broker up, and may this account use the vhost?")
    });
    Examined { what: "queue", fault }
}

async fn documents(app: &App) -> Examined {
    let fault = app.documents.ping().await.err().map(|error| {
        (chain(error), "is documents.url right, may this process write there, is the disk full?")
    });
    Examined { what: "documents", fault }
}

fn search(app: &App) -> Examined {
    let fault = match Search::open(&app.config.search.path) {
        // It is made by the first engine that needs it.
        Ok(_) | Err(SearchError::NoIndex) => None,
        Err(error) => {
            Some((chain(error), "`facteur search rebuild` makes it anew from the ledger"))
        }
    };
    Examined { what: "search", fault }
}
