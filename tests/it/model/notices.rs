//! What boxes are told by mail: how much arrived unread since the last notice,
//! how much has lain for 15 days, and how much leaves within 7. Each box is told of all its mail, whoever
//! may see it; so a notice says neither sender nor subject.

use std::collections::BTreeMap;

use anyhow::Result;
use facteur::domain::EnterpriseNumber;
use facteur::ledger::{NoticeTime, UnreadMail};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::compare::differ;
use super::story::{COMPANIES, Story, company};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const REMINDED_AFTER: i32 = 15;
/// No older mail is called new.
const TOLD_MAX: i32 = 7;

impl Story<'_> {
    /// The notices of today, and those of 15 days later.
    pub(super) async fn notices(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for days in [0, REMINDED_AFTER] {
            let now = self.truth.now + DAY * days;
            let since = (self.last_notice() + DAY * days).max(now - DAY * TOLD_MAX);
            let arrived = (since - DAY * days, now - DAY * days);
            let today = (self.truth.today + i64::from(days), now);
            let told = self.told(since, now).await?;
            let told: BTreeMap<_, _> = told
                .into_iter()
                .map(|(box_of, told)| {
                    let arrived = if days == 0 { told.new } else { told.reminders };
                    (box_of, (arrived, told.expiring))
                })
                .filter(|(_, counts)| *counts != (0, 0))
                .collect();
            let right: BTreeMap<EnterpriseNumber, (u64, u64)> = (0..COMPANIES)
                .map(|n| {
                    let ending = self.truth.told_of_end(n, since, today);
                    (company(n), (self.truth.told(n, arrived, today), ending))
                })
                .filter(|(_, counts)| *counts != (0, 0))
                .collect();
            found.extend(differ(&format!("told after {days} days"), &told, &right));
        }
        Ok(found)
    }

    /// Between the first and the last arrival.
    fn last_notice(&self) -> Timestamp {
        let mut moments: Vec<_> = self.truth.messages.values().map(|it| it.arrived_at).collect();
        moments.sort_unstable();
        moments.dedup();
        let middle = moments.get(moments.len() / 2).copied().unwrap_or_default();
        if moments.len() > 1 { middle } else { middle - DAY }
    }

    /// Has every box told as if it last was at `since`: its number, and of what.
    async fn told(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<(EnterpriseNumber, UnreadMail)>> {
        let ledger = self.house.ledger;
        ledger.execute("DELETE FROM notices".to_owned()).await?;
        let (due, until) = (now.as_microsecond(), since.as_microsecond());
        ledger
            .execute(format!(
                "UPDATE notification_settings SET next_notice_at = {due}, told_until = {until}"
            ))
            .await?;
        let at = NoticeTime { now, is_shown_by_ids: true };
        ledger.make_notices(100, at).await?;
        let lease = SignedDuration::from_mins(1);
        let in_hand = ledger.claim_notices(Uuid::now_v7(), 100, lease, at).await?;
        let told = in_hand.into_iter();
        Ok(told.map(|it| (it.enterprise.number, it.told)).collect())
    }
}
