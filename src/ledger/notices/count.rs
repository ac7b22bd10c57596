//! What a notice tells: how much lies unread, of what age.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::clock::Clock;
use crate::domain::{Condition, EnterpriseNumber};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Transaction, Value};
use crate::ledger::{micros, time};

/// How much of a box lies unread. Counts end at [`UnreadMail::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadMail {
    /// Messages that arrived since the last notice.
    pub new: u64,
    /// Messages that have lain for 15 days.
    pub reminders: u64,
    /// Messages that leave the box within 7 days.
    pub expiring: u64,
    /// When the first of those does.
    pub first_expiry: Option<Timestamp>,
}

impl UnreadMail {
    /// Beyond this a number says no more than "more".
    pub const MAX: u64 = 1_000;

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.new == 0 && self.reminders == 0 && self.expiring == 0
    }
}

/// The time by which boxes are told.
#[derive(Clone, Copy, Debug)]
pub struct NoticeTime {
    /// Now.
    pub now: Timestamp,
    /// Whether ids of messages, which show the machine's time, show it as well:
    /// not where a day passes in seconds.
    pub is_shown_by_ids: bool,
}

impl NoticeTime {
    /// What a clock shows.
    #[must_use]
    pub fn by(clock: &dyn Clock) -> Self {
        Self { now: clock.now(), is_shown_by_ids: clock.keeps_time() }
    }

    /// The ids that can have been drawn for what arrived in a time.
    fn ids(self, (after, through): (Timestamp, Timestamp)) -> (Uuid, Uuid) {
        if self.is_shown_by_ids {
            (first_id(after - DRAWN_BEFORE), first_id(through + CLOCKS))
        } else {
            (Uuid::nil(), Uuid::max())
        }
    }
}

/// After a long silence no older mail than this is called new; what came of age
/// in it is told again all the same.
const NEW_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Age of what is told again (domain facts: a reminder after 15 days unread).
const REMINDER_AFTER: SignedDuration = SignedDuration::from_hours(15 * 24);
/// How long before it leaves the box a message is told of.
const ALERT_BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Ids are drawn in order of time, this long before the message was recorded
/// at most: a document is held up while the database is away.
const DRAWN_BEFORE: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Clocks of two engines differ by less.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);
/// Unread messages of one box that are looked at for their end, oldest first.
const LOOKED_AT: i64 = 100_000;

macro_rules! arrived {
    ($which:literal) => {
        Statement::same(concat!(
            "SELECT count(*) FROM (SELECT 1 FROM messages WHERE enterprise = $1 AND ",
            $which,
            " AND id >= $2 AND id <= $3
              AND arrived_at > $4 AND arrived_at <= $5 AND expires_at > $6 LIMIT $7) m"
        ))
    };
}

/// By the index of what is unread, within the ids of that time.
const ARRIVED: Statement = arrived!("read_at IS NULL AND hidden = 0");

#[cfg(feature = "failpoints")]
fn arrived_statement() -> Statement {
    match () {
        () if Condition::NoticeUnread.is_left_out() => arrived!("hidden = 0"),
        () if Condition::NoticeHidden.is_left_out() => arrived!("read_at IS NULL"),
        () => ARRIVED,
    }
}

#[cfg(not(feature = "failpoints"))]
fn arrived_statement() -> Statement {
    ARRIVED
}

/// What comes into its last days for the first time: by age, or by arrival.
const EXPIRING: Statement = Statement::same(
    "SELECT count(*), min(expires_at) FROM (
         SELECT expires_at FROM (
             SELECT expires_at, arrived_at FROM messages
             WHERE enterprise = $1 AND read_at IS NULL AND hidden = 0 ORDER BY id LIMIT $2) u
         WHERE expires_at > $3 AND expires_at <= $4 AND (expires_at > $5 OR arrived_at > $6)
         LIMIT $7) m",
);

/// Counts what is to be told of the time after `since`, up to `until`.
pub(super) async fn count(
    tx: &mut Transaction,
    enterprise: EnterpriseNumber,
    (since, until): (Timestamp, Timestamp),
    at: NoticeTime,
) -> Result<UnreadMail, LedgerError> {
    let old = (since - REMINDER_AFTER, until - REMINDER_AFTER);
    let mut told = UnreadMail {
        new: arrived(tx, enterprise, (since.max(until - NEW_MAX), until), at).await?,
        reminders: arrived(tx, enterprise, old, at).await?,
        ..UnreadMail::default()
    };
    let values = [at.now, until + ALERT_BEFORE, since + ALERT_BEFORE, since];
    let values = values.map(|at| Value::from(micros(at)));
    let given = [enterprise.value().into(), LOOKED_AT.into()].into_iter().chain(values);
    let values = given.chain([Value::from(MAX)]).collect();
    if let Some(row) = tx.rows(EXPIRING, values).await?.first_mut() {
        told.expiring = number(row)?;
        told.first_expiry = row.opt_int()?.map(time).transpose()?;
    }
    Ok(told)
}

const MAX: i64 = UnreadMail::MAX as i64;

async fn arrived(
    tx: &mut Transaction,
    enterprise: EnterpriseNumber,
    (after, through): (Timestamp, Timestamp),
    at: NoticeTime,
) -> Result<u64, LedgerError> {
    let (first, last) = at.ids((after, through));
    let after = if Condition::NoticeSince.is_left_out() { Timestamp::UNIX_EPOCH } else { after };
    let values = vec![
        enterprise.value().into(),
        first.into(),
        last.into(),
        micros(after).into(),
        micros(through).into(),
        micros(at.now).into(),
        MAX.into(),
    ];
    tx.rows(arrived_statement(), values).await?.first_mut().map_or(Ok(0), number)
}

fn number(row: &mut Row) -> Result<u64, LedgerError> {
    row.int().map(|count| u64::try_from(count).unwrap_or(0))
}

/// The least id (UUID version 7) that can be drawn at a moment.
fn first_id(at: Timestamp) -> Uuid {
    let millis = u128::try_from(at.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}
