//! `facteur doctor`: each dependency, what is wrong with it, and the cure.
//!
//! What is broken does not hide what is broken beside it: every part is opened
//! and asked by itself.

mod files;
mod ledger;
mod outside;
mod queue;

use serde_json::{Value, json};

use super::{Answer, Output};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::domain::ApplicationId;

/// What is wrong, and what to do about it.
struct Fault {
    what: String,
    cure: &'static str,
}

impl Fault {
    fn new(error: impl Into<anyhow::Error>, cure: &'static str) -> Self {
        Self { what: chain(error), cure }
    }
}

/// A dependency, and its faults.
struct Examined {
    what: &'static str,
    faults: Vec<Fault>,
    /// Whether the configuration names one: nothing is asked where it does not.
    is_configured: bool,
    /// Whether it could be asked: what is behind something that is broken could
    /// not.
    is_asked: bool,
}

impl Examined {
    fn new(what: &'static str, fault: Option<Fault>) -> Self {
        Self::with(what, fault.into_iter().collect())
    }

    fn not_configured(what: &'static str) -> Self {
        Self { is_configured: false, is_asked: false, ..Self::with(what, Vec::new()) }
    }

    fn not_asked(what: &'static str) -> Self {
        Self { is_asked: false, ..Self::with(what, Vec::new()) }
    }

    fn with(what: &'static str, faults: Vec<Fault>) -> Self {
        Self { what, faults, is_configured: true, is_asked: true }
    }

    fn lines(&self) -> Vec<String> {
        let what = self.what;
        if !self.is_configured {
            return vec![format!("{what:18} not configured")];
        }
        if !self.is_asked {
            return vec![format!("{what:18} not asked: mend what is not fit first")];
        }
        if self.faults.is_empty() {
            return vec![format!("{what:18} fit")];
        }
        let of = |fault: &Fault| {
            [format!("{what:18} NOT FIT: {}", fault.what), format!("{:18} {}", "", fault.cure)]
        };
        self.faults.iter().flat_map(of).collect()
    }

    fn json(&self) -> Value {
        let is_known = self.is_asked || !self.is_configured;
        let is_fit = is_known.then_some(self.faults.is_empty());
        let mut value = json!({ "dependency": self.what, "fit": is_fit,
            "configured": self.is_configured, "asked": self.is_asked });
        if let Some(first) = self.faults.first() {
            value["fault"] = json!(first.what);
            value["cure"] = json!(first.cure);
            let all = self.faults.iter().map(|it| json!({ "fault": it.what, "cure": it.cure }));
            value["faults"] = all.collect();
        }
        value
    }
}

pub(super) async fn run(config: Config, output: Output) -> anyhow::Result<Answer> {
    let examined = examine(&config).await;
    let value: Vec<_> = examined.iter().map(Examined::json).collect();
    output.show(&value, |_| examined.iter().flat_map(Examined::lines).collect())?;
    Ok(examined.iter().all(|examined| examined.faults.is_empty()).into())
}

async fn examine(config: &Config) -> Vec<Examined> {
    let now = SystemClock.now();
    let ledger = ledger::examine(config, now).await;
    let reference = ledger.reference.as_deref();
    let applications = reference.map(|it| it.applications.keys().cloned().collect());
    let applications: Vec<ApplicationId> = applications.unwrap_or_default();
    let queue = queue::examine(config, &applications).await;
    vec![
        files::policy(config, reference),
        files::printers(config),
        ledger.ledger,
        ledger.clock,
        queue,
        files::documents(config).await,
        files::temporary(),
        files::search(config),
        outside::provider(config, now).await,
        outside::issuer(config, now).await,
        outside::mail(config).await,
        files::certificate(config),
    ]
}

/// An error with everything that led to it.
fn chain(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}
