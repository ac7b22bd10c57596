//! How far the index has come, for gauges and for those who wait.

use jiff::Timestamp;

/// How far the index has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Everything up to this position can be found; 0 while an index of
    /// another ledger is being replaced.
    pub position: i64,
    /// The ledger's last position, when it was last asked.
    pub ledger_position: i64,
    /// Since when there has been something that cannot be found yet.
    pub behind_since: Option<Timestamp>,
    /// While an index is rebuilt beside the one in use: how far it has come.
    pub rebuilt: Option<i64>,
}

/// How far the index is behind the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lag {
    /// Changes that cannot be found yet.
    pub documents: u64,
    /// Age of the oldest of them, in seconds; at most a page too much.
    pub seconds: f64,
}

impl Progress {
    /// How far the index is behind at `now`.
    #[must_use]
    pub fn lag(&self, now: Timestamp) -> Lag {
        let missing = self.ledger_position.saturating_sub(self.position);
        let age = |since: Timestamp| now.duration_since(since).as_secs_f64().max(0.0);
        Lag {
            documents: u64::try_from(missing).unwrap_or(0),
            seconds: self.behind_since.map_or(0.0, age),
        }
    }

    /// The same after a look at the ledger: what is new there is not older
    /// than this look, unless something was missing before.
    pub(super) fn seen(mut self, ledger_position: i64, now: Timestamp) -> Self {
        self.ledger_position = ledger_position;
        self.behind_since =
            if ledger_position > self.position { self.behind_since.or(Some(now)) } else { None };
        self
    }

    /// The same after a commit: what is still missing is younger than the
    /// last change committed.
    pub(super) fn committed(mut self, position: i64, at: Option<Timestamp>) -> Self {
        self.position = position;
        self.ledger_position = self.ledger_position.max(position);
        let is_behind = self.ledger_position > position;
        self.behind_since = at.or(self.behind_since).filter(|_| is_behind);
        self
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn lag_is_the_age_of_the_oldest_change_that_is_missing() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds: i64| start + seconds.seconds();
        let lag = |progress: &Progress, second: i64| {
            let lag = progress.lag(at(second));
            (lag.documents, lag.seconds)
        };
        let progress = Progress::default().seen(0, at(0));
        assert_eq!(lag(&progress, 3600), (0, 0.0), "at rest there is no lag");
        let progress = progress.seen(10, at(3600));
        assert_eq!(lag(&progress, 3605), (10, 5.0));
        let progress = progress.seen(20, at(3606));
        assert_eq!(lag(&progress, 3608), (20, 8.0), "the oldest counts");
        let progress = progress.committed(15, Some(at(3604)));
        assert_eq!(lag(&progress, 3608), (5, 4.0));
        let progress = progress.committed(20, Some(at(3606)));
        assert_eq!(lag(&progress, 9999), (0, 0.0));
    }
}
