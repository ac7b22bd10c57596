//! Sessions of the pages: who is signed in, by the digest of a secret that
//! only the browser has.

use jiff::{SignedDuration, Timestamp};

use super::error::LedgerError;
use super::store::Statement;
use super::{Ledger, micros, time};
use crate::domain::{Digest, PersonId};

/// A session as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// Who.
    pub person: PersonId,
    /// As the identity provider names this person.
    pub name: String,
    /// What else it said, as JSON.
    pub proven: String,
    /// When it was last used, give or take a minute.
    pub seen_at: Timestamp,
    /// When it ends, whatever happens.
    pub until: Timestamp,
}

const FORGET: Statement = Statement::same("DELETE FROM sessions WHERE until_at < $1");

/// What an engine of the release before kept of an ID token says who somebody
/// is in plain words: it goes with its session, whose person signs in again.
const SWEEP: Statement = Statement::same(
    r#"DELETE FROM sessions WHERE until_at <= $1 OR seen_at <= $2 OR proven LIKE '%"id_token"%'"#,
);

const OPEN: Statement = Statement::same(
    "INSERT INTO sessions (digest, person, name, proven, seen_at, until_at)
     VALUES ($1, $2, $3, $4, $5, $6)",
);

const FIND: Statement = Statement::same(
    "SELECT person, name, proven, seen_at, until_at FROM sessions
     WHERE digest = $1 AND until_at > $2 AND seen_at > $3",
);

const TOUCH: Statement = Statement::same("UPDATE sessions SET seen_at = $2 WHERE digest = $1");

const CLOSE: Statement = Statement::same("DELETE FROM sessions WHERE digest = $1");

impl Ledger {
    /// Begins a session, and forgets those that are over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_session(
        &self,
        digest: &Digest,
        session: &SessionRow,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        tx.execute(FORGET, vec![micros(now).into()]).await?;
        let values = vec![
            digest.as_bytes().to_vec().into(),
            session.person.as_str().into(),
            session.name.as_str().into(),
            session.proven.as_str().into(),
            micros(session.seen_at).into(),
            micros(session.until).into(),
        ];
        tx.execute(OPEN, values).await?;
        tx.commit().await
    }

    /// A session that is neither over nor was left alone for longer than
    /// `idle`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(
        &self,
        digest: &Digest,
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<Option<SessionRow>, LedgerError> {
        let values =
            vec![digest.as_bytes().to_vec().into(), micros(now).into(), micros(now - idle).into()];
        let mut rows = self.store.glance(FIND, values).await?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        Ok(Some(SessionRow {
            person: row.parsed()?,
            name: row.text()?,
            proven: row.text()?,
            seen_at: time(row.int()?)?,
            until: time(row.int()?)?,
        }))
    }

    /// Forgets the sessions that are over or were left alone for `idle`; answers
    /// how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_sessions(
        &self,
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<u64, LedgerError> {
        self.store.execute(SWEEP, vec![micros(now).into(), micros(now - idle).into()]).await
    }

    /// Notes that a session is used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn touch_session(&self, digest: &Digest, now: Timestamp) -> Result<(), LedgerError> {
        let values = vec![digest.as_bytes().to_vec().into(), micros(now).into()];
        self.store.execute(TOUCH, values).await.map(drop)
    }

    /// Ends a session; one that does not exist is no error.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn close_session(&self, digest: &Digest) -> Result<(), LedgerError> {
        self.store.execute(CLOSE, vec![digest.as_bytes().to_vec().into()]).await.map(drop)
    }
}
