//! What is to be done about messages of the story: said by who sends them, and
//! by who reads them.

use anyhow::{Result, ensure};
use facteur::clock::{Clock as _, belgian_day};
use facteur::domain::Task;
use facteur::mailbox::{Deed, MailboxError};
use jiff::ToSpan as _;
use jiff::civil::Date;
use rand::RngExt as _;
use serde_json::{Value, json};

use super::story::{PERSONS, Story};
use super::truth::Message;
use crate::mailbox::reader;

/// What a sender asks for, and how.
pub(super) struct Errand {
    pub(super) task: Task,
    pub(super) due: Option<Date>,
    pub(super) is_registered: bool,
    pub(super) is_digital: bool,
}

impl Errand {
    pub(super) fn data(&self) -> Value {
        let entry = |key: &str, value: &str| json!({ "key": key, "values": [{ "fr": value }] });
        match (self.task, self.due) {
            (_, Some(due)) => json!([entry("FOR_ACTION_DUE_DATE", &due.to_string())]),
            (Task::ToDo, None) => json!([entry("FOR_ACTION", "true")]),
            _ => json!([entry("FOR_ACTION", "false")]),
        }
    }
}

impl Story<'_> {
    pub(super) fn errand(&mut self) -> Result<Errand> {
        let due = self.some_day()?;
        let is_to_do = due.is_some() || self.tasks.random_bool(0.3);
        Ok(Errand {
            task: if is_to_do { Task::ToDo } else { Task::None },
            due,
            is_registered: self.tasks.random_bool(0.3),
            is_digital: self.tasks.random_bool(0.5),
        })
    }

    /// Around today, or none.
    fn some_day(&mut self) -> Result<Option<Date>> {
        let days: i64 = self.tasks.random_range(-2..3);
        let day = belgian_day(self.clock.now()).checked_add(days.days())?;
        Ok(self.tasks.random_bool(0.4).then_some(day))
    }

    /// Somebody says what is to be done, and by when; or that it was, by the
    /// day that is there.
    pub(super) async fn set_task(&mut self) -> Result<()> {
        let all: Vec<Message> = self.truth.messages.values().cloned().collect();
        if all.is_empty() {
            return Ok(());
        }
        let message = &all[self.tasks.random_range(0..all.len())];
        let person = PERSONS[self.tasks.random_range(0..PERSONS.len())];
        let task = [Task::None, Task::ToDo, Task::Done][self.tasks.random_range(0..3)];
        let (who, ids) = (reader(person)?, [message.id]);
        let (is_turn, day) = (self.tasks.random_bool(0.5), self.some_day()?);
        let due = if is_turn { message.due } else { day };
        let done = match is_turn {
            true => self.house.mailbox.turn(&who, &ids, task).await,
            false => self.house.mailbox.set_task(&who, &ids, task, due).await,
        };
        if !self.truth.sees(person, message) {
            ensure!(matches!(done, Err(MailboxError::NotFound)), "{person}: {done:?}");
            return Ok(());
        }
        let is_other = (task, due) != (message.task, message.due);
        ensure!(done? == u64::from(is_other), "{person} says {task:?} {due:?} of {message:?}");
        if is_other {
            self.truth.did(person, message.id, Deed::Task);
        }
        self.change(message.id, |it| (it.task, it.due) = (task, due));
        Ok(())
    }
}
