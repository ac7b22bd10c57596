//! Reports that wait for their time.

use std::collections::{HashSet, VecDeque};

use tokio::time::Instant;
use uuid::Uuid;

use super::script::Saying;

/// What is to be reported, the earliest first; each event once.
#[derive(Default)]
pub(super) struct Due {
    waiting: VecDeque<(Instant, Uuid, Saying)>,
    events: HashSet<String>,
}

impl Due {
    /// When the next is to be reported.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.front().map(|(at, ..)| *at)
    }

    /// Adds a report, behind those of the same time; nothing where it waits
    /// already.
    pub(super) fn add(&mut self, at: Instant, job: Uuid, saying: Saying) {
        if self.events.insert(saying.event.clone()) {
            let place = self.waiting.partition_point(|(other, ..)| *other <= at);
            self.waiting.insert(place, (at, job, saying));
        }
    }

    /// The first of those whose time has come, at most so many. They stay
    /// until they are [`Due::said`].
    pub(super) fn ready(&self, now: Instant, max: usize) -> Vec<(Uuid, Saying)> {
        let count = self.waiting.partition_point(|(at, ..)| *at <= now).min(max);
        self.waiting.iter().take(count).map(|(_, job, saying)| (*job, saying.clone())).collect()
    }

    /// The first so many were reported.
    pub(super) fn said(&mut self, count: usize) {
        for (.., saying) in self.waiting.drain(..count.min(self.waiting.len())) {
            self.events.remove(&saying.event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::paper::report::ReportKind;

    fn saying(event: &str) -> Saying {
        let event = event.to_owned();
        Saying { event, kind: ReportKind::Taken, cause: None, detail: None, times: 1, step: 0 }
    }

    #[test]
    fn reports_come_in_order_and_once() {
        let (mut due, now, job) = (Due::default(), Instant::now(), Uuid::nil());
        let later = now + Duration::from_secs(2);
        for (at, event) in [(later, "c"), (now, "a"), (now, "b"), (later, "a")] {
            due.add(at, job, saying(event));
        }
        let names = |ready: Vec<(Uuid, Saying)>| -> Vec<String> {
            ready.into_iter().map(|(_, saying)| saying.event).collect()
        };
        assert_eq!(names(due.ready(now, 9)), ["a", "b"]);
        assert_eq!(names(due.ready(now, 1)), ["a"], "they stay until they are said");
        due.said(2);
        assert_eq!((due.next(), names(due.ready(now, 9)).len()), (Some(later), 0));
        due.add(now, job, saying("a"));
        assert_eq!(names(due.ready(later, 9)), ["a", "c"]);
    }
}
