//! The ledger, and whether its clock and ours agree.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Examined, Fault};
use crate::config::Config;
use crate::ledger::{Ledger, Reference, Unfit};

/// Leases and links are held by time: engines whose clocks are further apart
/// than this take each other's turns.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_secs(5);

pub(super) struct Found {
    pub(super) ledger: Examined,
    pub(super) clock: Examined,
    /// Whose lanes must be there, and what a policy may name; none, where the
    /// ledger does not say.
    pub(super) reference: Option<Arc<Reference>>,
}

pub(super) async fn examine(config: &Config, now: Timestamp) -> Found {
    let opened = Ledger::open(config.ledger.url.as_str(), 1).await;
    let (fit, reference) = match opened {
        Err(error) => (Err(Unfit::Away(error)), None),
        Ok(ledger) => {
            let fit = ledger.examine().await;
            // One that is away is not waited for again.
            let reference = match &fit {
                Err(Unfit::Away(_) | Unfit::Refused(_) | Unfit::NoDatabase(_)) => None,
                _ => ledger.reference().await.ok(),
            };
            ledger.close().await;
            (fit, reference)
        }
    };
    let clock = match &fit {
        Ok(Some(theirs)) => Examined::new("clock", clock(now, *theirs)),
        // A file's is this machine's.
        Ok(None) => Examined::new("clock", None),
        Err(_) => Examined::not_asked("clock"),
    };
    let fault = fit.err().map(|unfit| {
        let cure = cure(&unfit);
        Fault::new(unfit, cure)
    });
    Found { ledger: Examined::new("ledger", fault), clock, reference }
}

fn cure(unfit: &Unfit) -> &'static str {
    match unfit {
        Unfit::Away(_) => "is ledger.url right, and the database up and reachable from here?",
        Unfit::Refused(_) => "mend user and password in ledger.url (or ledger.url_file's file)",
        Unfit::NoDatabase(_) => "create the database that ledger.url names, then `facteur migrate`",
        Unfit::OldSchema { .. } => "run `facteur migrate`",
        Unfit::NewSchema { .. } => "this program is older than the schema: run the newer release",
        Unfit::NotDurable { .. } => {
            "switch it on (postgresql.conf, or ALTER DATABASE … SET): what was acknowledged would \
             be lost with the power"
        }
        Unfit::ReadOnly(_) => {
            "lead ledger.url to the primary, and to an account that owns the tables (GRANT)"
        }
        Unfit::OldServer { .. } => "upgrade PostgreSQL: older versions were never run",
    }
}

fn clock(ours: Timestamp, theirs: Timestamp) -> Option<Fault> {
    let apart = theirs.duration_since(ours);
    (apart.abs() > CLOCKS_APART_MAX).then(|| Fault {
        what: format!("the ledger's clock is {apart:#} from this machine's"),
        cure: "let both machines follow a time server (chrony, systemd-timesyncd)",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_be_apart_by_seconds() {
        let ours: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        for (seconds, is_fit) in [(0, true), (4, true), (-4, true), (6, false), (-3600, false)] {
            let fault = clock(ours, ours + SignedDuration::from_secs(seconds));
            assert_eq!(fault.is_none(), is_fit, "{seconds}");
        }
    }
}
