//! Notices by mail: a company is told at night that mail lies unread in its
//! box; neither who sent it nor what it is.
//!
//! The ledger says who is told and keeps one row for each box and night (see
//! `ledger::notices`); here a row becomes a mail and goes to the mail server.
//! Any number of engines do so: a row is in one engine's hand under a lease,
//! and one that is sent again carries the same Message-ID.

mod mail;
mod post;
mod stop;
mod words;

pub use post::{PostError, is_address, prove};
pub use stop::{Addressee, StopLinks};

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::{Ledger, LedgerError, NoticeEnd, NoticeInHand, NoticeTime};
use crate::lifecycle::rest;
use crate::telemetry::log::chain;
use crate::telemetry::measure;
use post::{Answer, Post};

/// Boxes looked at in one transaction.
const BOXES: i64 = 200;
/// Notices in hand at the same time: all are tried well before the lease ends.
const IN_HAND: i64 = 20;
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// Connections to the mail server.
const CONNECTIONS: u32 = 4;
/// Rest while there is nothing to do.
const EVERY: Duration = Duration::from_secs(5);
/// The first wait before another attempt; each is twice the one before.
const WAIT_MIN: SignedDuration = SignedDuration::from_mins(1);
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What tells companies of their mail.
pub struct Notices {
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    engine: Uuid,
    post: Post,
    links: StopLinks,
    /// Where the pages are.
    base_url: String,
}

impl Notices {
    /// With the mail server that the configuration names; none where it names
    /// none.
    ///
    /// # Errors
    /// When what it says of the mail server cannot be used.
    pub async fn open(
        config: &Config,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        engine: Uuid,
    ) -> anyhow::Result<Option<Self>> {
        if config.notices.host.is_empty() {
            return Ok(None);
        }
        let post = Post::new(&config.notices, CONNECTIONS)?;
        let base_url = config.sign_in.base_url.clone();
        let links = StopLinks::open(&ledger, &base_url).await?;
        Ok(Some(Self { ledger, clock, engine, post, links, base_url }))
    }

    /// Tells whom there is to tell, until `stop`.
    ///
    /// # Errors
    /// Never: what fails is counted, and tried again.
    pub async fn run(self, stop: CancellationToken) -> Result<(), std::convert::Infallible> {
        while !stop.is_cancelled() {
            let is_more = self.turn().await.unwrap_or_else(|error| {
                measure::error("notices", error.kind());
                warn!(error = %chain(&error), "notices wait");
                false
            });
            if !is_more {
                rest(&stop, EVERY).await;
            }
        }
        Ok(())
    }

    /// Makes some notices that are due and sends some that were made; answers
    /// whether there may be more to do at once.
    ///
    /// # Errors
    /// When the ledger does not answer. A mail server that does not is no
    /// error: the notice waits.
    pub async fn turn(&self) -> Result<bool, LedgerError> {
        let at = NoticeTime::by(&*self.clock);
        let made = self.ledger.make_notices(BOXES, at).await?;
        let in_hand = self.ledger.claim_notices(self.engine, IN_HAND, LEASE, at).await?;
        let sends = in_hand.into_iter().map(|notice| async move { self.send(&notice).await });
        let at_once = usize::try_from(CONNECTIONS).unwrap_or(1);
        let ends: Vec<_> =
            futures_util::stream::iter(sends).buffer_unordered(at_once).collect().await;
        let ends = ends.into_iter().collect::<Result<Vec<NoticeEnd>, LedgerError>>()?;
        let is_heard = ends.iter().any(|end| !matches!(end, NoticeEnd::Again(..)));
        let sent = ends.iter().filter(|end| **end == NoticeEnd::Sent).count();
        if sent > 0 {
            info!(sent, "boxes were told of their mail");
        }
        Ok(i64::try_from(made.boxes).is_ok_and(|boxes| boxes == BOXES) || is_heard)
    }

    async fn send(&self, notice: &NoticeInHand) -> Result<NoticeEnd, LedgerError> {
        let now = self.clock.now();
        let answer = match mail::write(notice, &self.links, &self.base_url) {
            Ok(mail) => self.post.send(notice, &mail, now).await,
            Err(error) => {
                measure::error("notices", "template");
                Answer::Again(error.to_string())
            }
        };
        let end = match answer {
            Answer::Taken => NoticeEnd::Sent,
            Answer::Refused(words) => NoticeEnd::Refused(words),
            Answer::Again(words) => NoticeEnd::Again(again_at(notice.attempts, now), words),
        };
        self.note(notice, &end);
        self.ledger.end_notice(notice.id, self.engine, &end, self.clock.now()).await?;
        Ok(end)
    }

    /// The address is a personal datum and not logged, though mail servers
    /// repeat it in what they answer.
    fn note(&self, notice: &NoticeInHand, end: &NoticeEnd) {
        let (id, enterprise) = (notice.id, notice.enterprise.number);
        match end {
            NoticeEnd::Sent => {}
            NoticeEnd::Refused(_) => {
                measure::error("notices", "refused");
                warn!(%id, %enterprise, "the mail server refused a notice");
            }
            NoticeEnd::Again(at, answer) => {
                measure::error("notices", "away");
                let answer = without_addresses(answer);
                warn!(%id, %enterprise, %at, answer, "a notice is tried again later");
            }
        }
    }
}

fn without_addresses(answer: &str) -> String {
    let word = |word| if str::contains(word, '@') { "…" } else { word };
    answer.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// Twice as long each time, up to an hour, and not all at the same moment.
fn again_at(attempts: u32, now: Timestamp) -> Timestamp {
    let doubled = WAIT_MIN.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    let wait = doubled.min(WAIT_MAX);
    now + wait.mul_f64(0.5 + rand::random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_server_answers_is_logged_without_the_address() {
        let answer = "transient error (451): 4.7.1 <Amelie@example.be>: greylisted, rcpt=a@b";
        let logged = without_addresses(answer);
        assert_eq!(logged, "transient error (451): 4.7.1 … greylisted, …");
    }

    #[test]
    fn attempts_move_apart_up_to_an_hour() {
        let now: Timestamp = "2026-11-26T05:00:00Z".parse().unwrap();
        for (attempts, least, most) in
            [(1, 30, 60), (2, 60, 120), (5, 480, 960), (9, 1_800, 3_600), (u32::MAX, 1_800, 3_600)]
        {
            let wait = again_at(attempts, now).duration_since(now).as_secs();
            assert!((least..=most).contains(&wait), "{attempts}: {wait}");
        }
    }
}
