//! The account: what was received, and what became of it, by identity.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Ledger;
use super::error::LedgerError;
use super::identity::IdentityState;
use super::store::{Row, Statement, Transaction};
use crate::domain::Medium;

/// Letters by state. Names are those of the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the states of a letter")]
pub struct LetterCounts {
    pub queued: i64,
    pub claimed: i64,
    pub printed: i64,
    pub posted: i64,
    pub delivered: i64,
    pub returned: i64,
    pub failed: i64,
    pub cancelled: i64,
    pub held: i64,
}

impl LetterCounts {
    /// Over all states.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.queued
            + self.claimed
            + self.printed
            + self.posted
            + self.delivered
            + self.returned
            + self.failed
            + self.cancelled
            + self.held
    }

    fn slot(&mut self, state: &str) -> Option<&mut i64> {
        Some(match state {
            "queued" => &mut self.queued,
            "claimed" => &mut self.claimed,
            "printed" => &mut self.printed,
            "posted" => &mut self.posted,
            "delivered" => &mut self.delivered,
            "returned" => &mut self.returned,
            "failed" => &mut self.failed,
            "cancelled" => &mut self.cancelled,
            "held" => &mut self.held,
            _ => return None,
        })
    }

    /// Letters that have not come to their end and wait for nobody of ours.
    #[must_use]
    pub fn under_way(&self) -> i64 {
        self.queued + self.claimed + self.printed + self.posted
    }

    /// Each state with its count.
    #[must_use]
    pub fn by_state(&self) -> [(&'static str, i64); 9] {
        [
            ("queued", self.queued),
            ("claimed", self.claimed),
            ("printed", self.printed),
            ("posted", self.posted),
            ("delivered", self.delivered),
            ("returned", self.returned),
            ("failed", self.failed),
            ("cancelled", self.cancelled),
            ("held", self.held),
        ]
    }
}

/// The account of one application, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names of the contract")]
pub struct ApplicationAccount {
    pub received: i64,
    pub accepted: i64,
    pub digital: i64,
    pub paper: i64,
    pub both: i64,
    pub quarantined: i64,
    pub discarded: i64,
    pub held: i64,
    pub repeats: i64,
    pub letters: LetterCounts,
    /// Letters that were made because nobody read their message in time.
    pub letters_unread: i64,
    /// Letters that were made because an earlier one failed or came back.
    pub letters_sent_again: i64,
}

impl ApplicationAccount {
    /// By how many the account's equations are missed, all together.
    #[must_use]
    pub fn difference(&self) -> i64 {
        let received = self.accepted + self.quarantined + self.discarded + self.held;
        let accepted = self.digital + self.paper + self.both;
        let letters = self.paper + self.both + self.letters_unread + self.letters_sent_again;
        (self.received - received).abs()
            + (self.accepted - accepted).abs()
            + (self.letters.total() - letters).abs()
    }

    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.accepted += other.accepted;
        self.digital += other.digital;
        self.paper += other.paper;
        self.both += other.both;
        self.quarantined += other.quarantined;
        self.discarded += other.discarded;
        self.held += other.held;
        self.repeats += other.repeats;
        self.letters_unread += other.letters_unread;
        self.letters_sent_again += other.letters_sent_again;
        for (state, count) in other.letters.by_state() {
            if let Some(slot) = self.letters.slot(state) {
                *slot += count;
            }
        }
    }
}

/// The whole account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Account {
    /// Over all applications.
    #[serde(flatten)]
    pub total: ApplicationAccount,
    /// Messages in the search index; none where no index was looked at.
    pub indexed: Option<u64>,
    /// Documents that messages name.
    pub documents: i64,
    /// 0, or something is missing or double.
    pub difference: i64,
    /// For each application.
    pub applications: BTreeMap<String, ApplicationAccount>,
}

const IDENTITIES: Statement = Statement::same(
    "SELECT application, state, count(*), CAST(sum(seen - 1) AS BIGINT)
     FROM identities GROUP BY application, state",
);
const MESSAGES: Statement = Statement::same(
    "SELECT application, medium, count(*) FROM messages GROUP BY application, medium",
);
const LETTERS: Statement = Statement::same(
    "SELECT application, state, cause, count(*) FROM letters GROUP BY application, state, cause",
);
const DOCUMENTS: Statement = Statement::same("SELECT count(*) FROM documents WHERE used = 1");

impl Ledger {
    /// Counts the account from the ledger's rows, in one consistent view.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn account(&self) -> Result<Account, LedgerError> {
        let mut tx = self.store.begin_read().await?;
        count(&mut tx).await
    }
}

pub(super) async fn count(tx: &mut Transaction) -> Result<Account, LedgerError> {
    let mut account = Account::default();
    for mut row in tx.rows(IDENTITIES, vec![]).await? {
        account.of(&mut row)?.add_identities(row)?;
    }
    for mut row in tx.rows(MESSAGES, vec![]).await? {
        account.of(&mut row)?.add_messages(row)?;
    }
    for mut row in tx.rows(LETTERS, vec![]).await? {
        account.of(&mut row)?.add_letters(row)?;
    }
    if let Some(row) = tx.rows(DOCUMENTS, vec![]).await?.first_mut() {
        account.documents = row.int()?;
    }
    for own in account.applications.values() {
        account.total.add(own);
        account.difference += own.difference();
    }
    Ok(account)
}

impl Account {
    /// Of the application that a row begins with.
    fn of(&mut self, row: &mut Row) -> Result<&mut ApplicationAccount, LedgerError> {
        Ok(self.applications.entry(row.text()?).or_default())
    }
}

impl ApplicationAccount {
    fn add_identities(&mut self, mut row: Row) -> Result<(), LedgerError> {
        let (state, count, repeats) = (row.parsed::<IdentityState>()?, row.int()?, row.int()?);
        self.received += count;
        self.repeats += repeats;
        *match state {
            IdentityState::Accepted => &mut self.accepted,
            IdentityState::Quarantined => &mut self.quarantined,
            IdentityState::Discarded => &mut self.discarded,
            IdentityState::Held => &mut self.held,
        } += count;
        Ok(())
    }

    fn add_messages(&mut self, mut row: Row) -> Result<(), LedgerError> {
        let (medium, count) = (row.parsed::<Medium>()?, row.int()?);
        *match medium {
            Medium::Digital => &mut self.digital,
            Medium::Paper => &mut self.paper,
            Medium::Both => &mut self.both,
        } += count;
        Ok(())
    }

    fn add_letters(&mut self, mut row: Row) -> Result<(), LedgerError> {
        let (state, cause, count) = (row.text()?, row.text()?, row.int()?);
        match cause.as_str() {
            "unread" => self.letters_unread += count,
            "sent_again" => self.letters_sent_again += count,
            _ => {}
        }
        let unknown = || LedgerError::Shape(format!("unknown letter state {state:?}"));
        *self.letters.slot(&state).ok_or_else(unknown)? += count;
        Ok(())
    }
}
