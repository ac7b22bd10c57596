//! What is done with messages, as statements.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::audit::Deed;
use super::look::Look;
use super::micros;
use crate::domain::{LabelId, PartitionId, Task, day_number};
use crate::ledger::journal::EntryKind;
use crate::ledger::store::{Statement, Value};

/// What is done with messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// The main content was opened: counts once.
    Read,
    /// Out of the list.
    Hide,
    /// Back into the list.
    Show,
    /// What is to be done, and by when.
    Task(Task, Option<Date>),
    /// That it is to be done or was, by the day that is there.
    Turn(Task),
    /// To another partition, which the mover must be able to see them in.
    Move(PartitionId),
    /// A label on.
    Label(LabelId),
    /// A label off.
    Unlabel(LabelId),
}

macro_rules! of_messages {
    ($set:literal, $when:literal) => {
        Statement {
            postgres: concat!(
                "UPDATE messages SET ",
                $set,
                " WHERE enterprise = ANY ($1) AND id = ANY ($2) AND ",
                $when,
                " RETURNING id"
            ),
            sqlite: concat!(
                "UPDATE messages SET ",
                $set,
                " WHERE enterprise IN (SELECT value FROM json_each($1))
                  AND id IN (SELECT unhex(value) FROM json_each($2)) AND ",
                $when,
                " RETURNING id"
            ),
        }
    };
}

const READ: Statement = of_messages!("read_at = $3, read_by = $4", "read_at IS NULL");
const HIDE: Statement = of_messages!("hidden = 1", "hidden = 0");
const SHOW: Statement = of_messages!("hidden = 0", "hidden = 1");
const TASK: Statement = of_messages!(
    "task = $3, due_on = $4",
    "(task <> $3 OR COALESCE(due_on, -1) <> COALESCE($4, -1))"
);
const TURN: Statement = of_messages!("task = $3", "task <> $3");
const MOVE: Statement = of_messages!("partition = $3", "partition <> $3");

const LABEL: Statement = Statement {
    postgres: "INSERT INTO message_labels (enterprise, message, label)
        SELECT m.enterprise, m.id, $3 FROM messages m
        WHERE m.enterprise = ANY ($1) AND m.id = ANY ($2)
        ON CONFLICT (enterprise, message, label) DO NOTHING RETURNING message",
    sqlite: "INSERT INTO message_labels (enterprise, message, label)
        SELECT m.enterprise, m.id, $3 FROM messages m
        WHERE m.enterprise IN (SELECT value FROM json_each($1))
          AND m.id IN (SELECT unhex(value) FROM json_each($2))
        ON CONFLICT (enterprise, message, label) DO NOTHING RETURNING message",
};

/// With the labels that were merged into it.
const UNLABEL: Statement = Statement {
    postgres: "DELETE FROM message_labels WHERE enterprise = ANY ($1) AND message = ANY ($2)
        AND label IN (SELECT id FROM labels WHERE enterprise = ANY ($1)
            AND (id = $3 OR merged_into = $3)) RETURNING message",
    sqlite: "DELETE FROM message_labels
        WHERE enterprise IN (SELECT value FROM json_each($1))
          AND message IN (SELECT unhex(value) FROM json_each($2))
          AND label IN (SELECT id FROM labels
              WHERE enterprise IN (SELECT value FROM json_each($1))
                AND (id = $3 OR merged_into = $3)) RETURNING message",
};

impl Mark {
    pub(super) fn deed(&self) -> (Deed, EntryKind, Json) {
        match self {
            Self::Read => (Deed::Read, EntryKind::Read, json!({})),
            Self::Hide => (Deed::Hidden, EntryKind::Marked, json!({})),
            Self::Show => (Deed::Shown, EntryKind::Marked, json!({})),
            Self::Task(task, due) => {
                (Deed::Task, EntryKind::Marked, json!({ "task": task, "due": due }))
            }
            Self::Turn(task) => (Deed::Task, EntryKind::Marked, json!({ "task": task })),
            Self::Move(to) => (Deed::Moved, EntryKind::Moved, json!({ "partition": to })),
            Self::Label(label) => (Deed::Labelled, EntryKind::Labelled, json!({ "label": label })),
            Self::Unlabel(label) => {
                (Deed::Unlabelled, EntryKind::Labelled, json!({ "label": label }))
            }
        }
    }

    pub(super) fn statement(&self, look: &Look) -> (Statement, Vec<Value>) {
        match self {
            Self::Read => (READ, vec![micros(look.now).into(), look.person.as_str().into()]),
            Self::Hide => (HIDE, vec![]),
            Self::Show => (SHOW, vec![]),
            Self::Task(task, due) => (TASK, vec![task.value().into(), due.map(day_number).into()]),
            Self::Turn(task) => (TURN, vec![task.value().into()]),
            Self::Move(to) => (MOVE, vec![to.as_str().into()]),
            Self::Label(label) => (LABEL, vec![label.0.into()]),
            Self::Unlabel(label) => (UNLABEL, vec![label.0.into()]),
        }
    }
}
