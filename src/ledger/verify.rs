//! Looks for what is missing or double, row by row.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::documents::{self, DocumentKey};
use super::error::LedgerError;
use super::expiry::documents_of;
use super::store::{Row, Statement};
use super::{Account, Ledger, account};
use crate::domain::MessageId;

/// Something that should not be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What is wrong, in words.
    pub what: String,
    /// Which row: a message id, a key, a digest.
    pub which: String,
}

/// A check answers (application, id or key) of every row that is wrong.
struct Check {
    what: &'static str,
    statement: Statement,
}

/// So many rows of one kind are named; more are counted by running again.
const NAMED_MAX: i64 = 1_000;

/// A letter that was made after its message was recorded is told of itself.
macro_rules! steps_and_told {
    ($job:literal) => {
        concat!(
            "SELECT l.application, m.key, l.job FROM letters l
             LEFT JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
             LEFT JOIN (SELECT job, count(*) AS n FROM letter_events
                WHERE verdict = 'applied' OR (verdict = 'late' AND kind = 'posted')
                   OR (verdict = 'noted' AND kind = 'not_cancelled') GROUP BY job) e
               ON e.job = l.job
             LEFT JOIN (SELECT ",
            $job,
            " AS job, count(*) AS n FROM journal WHERE kind = 'letter' GROUP BY 1) told
               ON told.job = l.job
             WHERE COALESCE(told.n, 0) <>
                COALESCE(e.n, 0) + CASE l.cause WHEN 'decision' THEN 0 ELSE 1 END LIMIT $1"
        )
    };
}

const CHECKS: &[Check] = &[
    Check {
        what: "accepted, but there is no message",
        statement: Statement::same(
            "SELECT i.application, i.key, i.message FROM identities i
             LEFT JOIN messages m ON m.enterprise = i.enterprise AND m.id = i.message
             WHERE i.state = 'accepted' AND m.id IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a message that no accepted identity names",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN identities i ON i.organization = m.organization
              AND i.application = m.application AND i.key = 'k:' || m.key
              AND i.message = m.id AND i.state = 'accepted'
             WHERE i.key IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a message without its journal entry",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN journal j ON j.message = m.id AND j.kind = 'accepted'
             WHERE j.position IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a message on paper without a letter",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN letters l ON l.message = m.id AND l.cause = 'decision'
             WHERE m.medium IN ('paper', 'both') AND l.job IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a letter that was not decided",
        statement: Statement::same(
            "SELECT l.application, m.key, l.job FROM letters l
             LEFT JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
             WHERE m.id IS NULL OR (l.cause = 'decision' AND m.medium = 'digital') LIMIT $1",
        ),
    },
    Check {
        what: "two letters for one decision",
        statement: Statement::same(
            "SELECT min(application), 'message', message FROM letters
             WHERE cause = 'decision' GROUP BY message HAVING count(*) > 1 LIMIT $1",
        ),
    },
    Check {
        what: "two letters because one message was not read",
        statement: Statement::same(
            "SELECT min(application), 'message', message FROM letters
             WHERE cause = 'unread' GROUP BY message HAVING count(*) > 1 LIMIT $1",
        ),
    },
    Check {
        what: "a letter sent again for none that failed or came back",
        statement: Statement::same(
            "SELECT l.application, l.cause, l.job FROM letters l
             LEFT JOIN letters o ON o.job = l.original AND o.state IN ('failed', 'returned')
             WHERE (l.cause = 'sent_again' AND o.job IS NULL)
                OR (l.cause <> 'sent_again' AND l.original IS NOT NULL) LIMIT $1",
        ),
    },
    Check {
        what: "a letter whose state is not what its events made of it",
        statement: Statement::same(
            "SELECT l.application, l.state, l.job FROM letters l
             LEFT JOIN letter_events e ON e.id =
                (SELECT max(last.id) FROM letter_events last WHERE last.job = l.job)
             WHERE l.state <> COALESCE(e.state, 'queued') LIMIT $1",
        ),
    },
    Check {
        what: "a letter whose steps are not those that its agency was told",
        statement: Statement {
            postgres: steps_and_told!("(detail::JSONB ->> 'jobId')::UUID"),
            sqlite: steps_and_told!("unhex(replace(detail ->> 'jobId', '-', ''))"),
        },
    },
    Check {
        what: "a letter that is planned and has no address: nobody can print it",
        statement: Statement::same(
            "SELECT application, printer, job FROM letters
             WHERE state = 'queued' AND day IS NOT NULL AND address IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a letter that was claimed and has no claimant, or the other way round",
        statement: Statement::same(
            "SELECT application, state, job FROM letters
             WHERE (state IN ('claimed', 'printed', 'posted', 'delivered') AND claimed_at IS NULL)
                OR (state IN ('queued', 'held') AND claimed_at IS NOT NULL) LIMIT $1",
        ),
    },
    Check {
        what: "a letter claimed twice",
        statement: Statement::same(
            "SELECT min(l.application), 'job', l.job FROM letters l
             JOIN letter_events e ON e.job = l.job AND e.verdict = 'applied'
             GROUP BY l.job
             HAVING sum(CASE e.kind WHEN 'claimed' THEN 1 ELSE 0 END)
                  > sum(CASE e.kind WHEN 'moved' THEN 1 ELSE 0 END) + 1 LIMIT $1",
        ),
    },
    Check {
        what: "in the quarantine by the account, but there is no entry",
        statement: Statement::same(
            "SELECT i.application, i.key, i.message FROM identities i
             LEFT JOIN quarantine q ON q.organization = i.organization
              AND q.application = i.application AND q.key = i.key
              AND q.state = CASE i.state WHEN 'quarantined' THEN 'open' ELSE i.state END
             WHERE i.state <> 'accepted' AND q.id IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a quarantine entry that no identity stands for",
        statement: Statement::same(
            "SELECT q.application, q.key, q.id FROM quarantine q
             LEFT JOIN identities i ON i.organization = q.organization
              AND i.application = q.application AND i.key = q.key
             WHERE i.key IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a message whose audience is not stored",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN audiences a ON a.digest = m.audience
             WHERE a.digest IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a message whose policy is not stored",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN policies p ON p.digest = m.policy
             WHERE p.digest IS NULL LIMIT $1",
        ),
    },
    // Once its messages have expired, an operator may delete a partition.
    Check {
        what: "a message in a partition that its box does not have",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN partitions p ON p.enterprise = m.enterprise AND p.id = m.partition
             WHERE m.partition <> 'GENERAL' AND m.expired_at IS NULL AND p.id IS NULL LIMIT $1",
        ),
    },
    // The registry never deletes one of the three that follow.
    Check {
        what: "a message whose type the registry does not know",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN message_types t ON t.id = m.message_type
             WHERE t.id IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a message whose organization the registry does not know",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN organizations o ON o.number = m.organization
             WHERE o.number IS NULL LIMIT $1",
        ),
    },
    Check {
        what: "a message whose application the registry does not know",
        statement: Statement::same(
            "SELECT m.application, m.key, m.id FROM messages m
             LEFT JOIN applications a ON a.id = m.application
             WHERE a.id IS NULL LIMIT $1",
        ),
    },
];

const JOURNAL: Statement = Statement::same(
    "SELECT (SELECT position FROM clock), (SELECT count(*) FROM journal),
            COALESCE((SELECT max(position) FROM journal), 0)",
);

const NAMED: Statement = Statement::same(
    "SELECT id, application, CASE WHEN expired_at IS NULL THEN documents ELSE $3 END FROM messages
     WHERE id > $1 ORDER BY id LIMIT $2",
);

const KEPT: Statement = Statement::same(
    "SELECT id FROM messages WHERE expired_at IS NULL AND id > $1 ORDER BY id LIMIT $2",
);

const HELD: Statement = Statement {
    postgres:
        "SELECT d.application, d.digest, d.size FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS named (a, b)
        JOIN documents d ON d.application = named.a AND d.digest = named.b AND d.used = 1",
    sqlite: "SELECT d.application, d.digest, d.size FROM json_each($1) named
        CROSS JOIN documents d ON d.application = named.value ->> 0
         AND d.digest = unhex(named.value ->> 1) AND d.used = 1",
};

impl Ledger {
    /// Counts the account and looks for rows that are missing or double, in
    /// one consistent view.
    ///
    /// # Errors
    /// When the database does not answer. What is wrong with the account is
    /// not an error but a finding.
    pub async fn verify(&self) -> Result<(Account, Vec<Finding>), LedgerError> {
        let mut tx = self.store.begin_read().await?;
        let mut findings = Vec::new();
        let account = account::count(&mut tx).await?;
        for check in CHECKS {
            let rows = tx.rows(check.statement, vec![NAMED_MAX.into()]).await?;
            for row in rows {
                findings.push(finding(check.what, row)?);
            }
        }
        for mut row in tx.rows(JOURNAL, vec![]).await? {
            findings.extend(gap(row.int()?, row.int()?, row.int()?));
        }
        Ok((account, findings))
    }

    /// The next messages after `after` that lie in boxes: what a search index
    /// holds.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn kept_messages(
        &self,
        after: MessageId,
        limit: i64,
    ) -> Result<Vec<MessageId>, LedgerError> {
        let rows = self.store.rows(KEPT, vec![after.0.into(), limit.into()]).await?;
        rows.into_iter().map(|mut row| row.id().map(MessageId)).collect()
    }

    /// The documents that the next messages after `after` name, and those of
    /// them that the ledger does not hold as used.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn named_documents(
        &self,
        after: MessageId,
        limit: i64,
    ) -> Result<Option<NamedDocuments>, LedgerError> {
        let rows =
            self.store.rows(NAMED, vec![after.0.into(), limit.into(), Vec::new().into()]).await?;
        let mut page = NamedDocuments { last: after, messages: 0, named: Vec::new() };
        for mut row in rows {
            let (id, named) = documents_of(&mut row)?;
            (page.messages, page.last) = (page.messages + 1, MessageId(id));
            page.named.extend(named.into_iter().map(|key| (page.last, key)));
        }
        Ok((page.messages > 0).then_some(page))
    }

    /// Which of these documents the ledger holds as used, and their sizes in
    /// bytes.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn held_documents(
        &self,
        keys: &BTreeSet<DocumentKey>,
    ) -> Result<BTreeMap<DocumentKey, u64>, LedgerError> {
        let rows = self.store.rows(HELD, vec![documents::pairs(keys)]).await?;
        let held = |mut row: Row| Ok((documents::key(&mut row)?, documents::size(&mut row)?));
        rows.into_iter().map(held).collect()
    }
}

/// The documents that a page of messages names.
#[derive(Debug)]
pub struct NamedDocuments {
    /// The last message of the page.
    pub last: MessageId,
    /// How many messages it has.
    pub messages: u64,
    /// Message and document.
    pub named: Vec<(MessageId, DocumentKey)>,
}

fn finding(what: &str, mut row: Row) -> Result<Finding, LedgerError> {
    let application = row.opt_text()?.unwrap_or_default();
    let key = row.opt_text()?.unwrap_or_default();
    let id = row.opt_id()?.as_ref().map(Uuid::to_string).unwrap_or_default();
    Ok(Finding { what: what.to_owned(), which: format!("{application} {key} {id}") })
}

fn gap(position: i64, count: i64, last: i64) -> Option<Finding> {
    let is_dense = position == count && position == last;
    (!is_dense).then(|| Finding {
        what: "the journal has gaps".into(),
        which: format!("position {position}, {count} entries, the last at {last}"),
    })
}
