//! What people of the story do with messages; what the engine answers is part
//! of the comparison.

use anyhow::{Result, ensure};
use facteur::domain::{Colour, LabelId, MessageId};
use facteur::mailbox::{Deed, Mailbox, MailboxError, Purpose, Reader};
use rand::RngExt;

use super::story::{APPLICATIONS, COMPANIES, PARTITIONS, PERSONS, Story, company};
use super::truth::{Label, Message};
use crate::mailbox::download::files;
use crate::mailbox::reader;

impl Story<'_> {
    pub(super) async fn route(&mut self) -> Result<()> {
        let n = self.random.random_range(0..COMPANIES);
        let rule = facteur::domain::RoutingRule {
            enterprise: company(n),
            priority: 1,
            partition: self.one(&PARTITIONS).parse()?,
            message_type: None,
            application: Some(self.one(&APPLICATIONS).parse()?),
            organization: None,
        };
        let chief = reader("chief")?;
        Ok(self.house.mailbox.set_rules(&chief, company(n), vec![rule]).await?)
    }

    pub(super) async fn move_one(&mut self) -> Result<()> {
        let Some(message) = self.any_message() else { return Ok(()) };
        let (person, to) = (self.one(&PERSONS), self.one(&PARTITIONS));
        let moved = self.house.mailbox.move_to(&reader(person)?, &[message.id], to.parse()?).await;
        if !self.truth.sees(person, &message) {
            ensure!(matches!(moved, Err(MailboxError::NotFound)), "{person} moves: {moved:?}");
        } else if !self.truth.sees_in(person, &message, to) {
            ensure!(matches!(moved, Err(MailboxError::Forbidden)), "{person} moves: {moved:?}");
        } else {
            moved?;
            if message.partition != to {
                self.truth.did(person, message.id, Deed::Moved);
            }
            self.change(message.id, |it| to.clone_into(&mut it.partition));
        }
        Ok(())
    }

    pub(super) fn change(&mut self, id: MessageId, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.truth.messages.get_mut(&id.0) {
            change(message);
        }
    }

    pub(super) async fn hide_or_open(&mut self) -> Result<()> {
        let Some(message) = self.any_message() else { return Ok(()) };
        let person = self.one(&PERSONS);
        let who = reader(person)?;
        let is_opening = self.random.random_bool(0.5);
        let done = if is_opening {
            self.house.mailbox.content(&who, message.id, "main", Purpose::Download).await.map(drop)
        } else {
            self.house.mailbox.hide(&who, &[message.id]).await.map(drop)
        };
        if !self.truth.sees(person, &message) {
            ensure!(matches!(done, Err(MailboxError::NotFound)), "{person}: {done:?}");
            return Ok(());
        }
        done?;
        if is_opening {
            self.has_fetched(person, message.id);
        } else {
            if !message.is_hidden {
                self.truth.did(person, message.id, Deed::Hidden);
            }
            self.change(message.id, |it| it.is_hidden = true);
        }
        Ok(())
    }

    /// Whoever fetches the main content has read it for the company, once.
    pub(super) fn has_fetched(&mut self, person: &str, id: MessageId) {
        if self.truth.messages.get(&id.0).is_some_and(|it| !it.is_read) {
            self.truth.did(person, id, Deed::Read);
        }
        self.truth.did(person, id, Deed::Downloaded);
        self.change(id, |it| it.is_read = true);
    }

    pub(super) async fn reply(&mut self) -> Result<()> {
        let Some(message) = self.any_message() else { return Ok(()) };
        let (person, key) = (self.one(&PERSONS), uuid::Uuid::now_v7());
        let mailbox = &self.house.mailbox;
        let replied = mailbox.reply(&reader(person)?, message.id, key, ("Re", "Oui")).await;
        if !self.truth.sees(person, &message) {
            ensure!(matches!(replied, Err(MailboxError::NotFound)), "{person}: {replied:?}");
            return Ok(());
        }
        replied?;
        self.truth.did(person, message.id, Deed::Replied);
        self.change(message.id, |it| it.replies += 1);
        Ok(())
    }

    /// A selection as a ZIP: the documents of what the person sees, all of
    /// them, and read from then on; or nothing at all.
    pub(super) async fn download(&mut self) -> Result<()> {
        let person = self.one(&PERSONS);
        let who = reader(person)?;
        let mut wanted: Vec<Message> = (0..3).filter_map(|_| self.any_message()).collect();
        if self.random.random_bool(0.7) {
            wanted.retain(|it| self.truth.sees(person, it));
        }
        let mut seen = std::collections::BTreeSet::new();
        wanted.retain(|it| seen.insert(it.id.0));
        let ids: Vec<MessageId> = wanted.iter().map(|it| it.id).collect();
        let archive = self.house.mailbox.download(&who, &ids).await;
        if !wanted.iter().all(|it| self.truth.sees(person, it)) {
            let is_refused = matches!(archive, Err(MailboxError::NotFound));
            ensure!(is_refused, "{person} downloads what is not open");
            return Ok(());
        }
        let files = files(archive?).await?;
        let listed = |id: &MessageId| files[0].1.contains(&id.to_string());
        ensure!(files[0].1.lines().count() == ids.len() + 1 && ids.iter().all(listed), "{files:?}");
        ensure!(files.len() == ids.len() + 1, "{person} downloads {files:?}");
        for (message, (path, content)) in wanted.iter().zip(&files[1..]) {
            let is_right = path.contains(message.word) && path.ends_with("/a.pdf");
            ensure!(is_right && content == "Hello", "{path}: {content}");
            self.has_fetched(person, message.id);
        }
        Ok(())
    }

    pub(super) async fn label(&mut self) -> Result<()> {
        let Some(message) = self.any_message() else { return Ok(()) };
        let person = self.one(&PERSONS);
        let (who, number) = (reader(person)?, company(message.company));
        let name = format!("L{}", self.random.random_range(0..4));
        let mailbox: &Mailbox = &self.house.mailbox;
        let made = mailbox.create_label(&who, number, &name, Colour::Blue).await;
        match made {
            Ok(id) => {
                ensure!(self.truth.enters(person, message.company), "{person} labels");
                ensure!(!self.sees_label(person, &message, &name), "{name} is there: {person}");
                let maker = person.to_owned();
                let label = Label { company: message.company, maker, name };
                self.truth.labels.insert(id, label);
            }
            Err(MailboxError::NotFound) => {
                ensure!(!self.truth.enters(person, message.company), "{person} cannot label");
            }
            Err(MailboxError::NameTaken) => {
                ensure!(self.sees_label(person, &message, &name), "{person} is told of {name}");
            }
            Err(error) => return Err(error.into()),
        }
        self.put_label(&who, person, &message).await
    }

    /// Whether a person sees a label of this name in the box of a message.
    fn sees_label(&self, person: &str, message: &Message, name: &str) -> bool {
        let seen = self.truth.labels_seen(person, message.company);
        self.truth.labels.iter().any(|(id, label)| seen.contains(id) && label.name == name)
    }

    async fn put_label(&mut self, who: &Reader, person: &str, message: &Message) -> Result<()> {
        let of_company = |(_, label): &(&LabelId, &Label)| label.company == message.company;
        let labels: Vec<LabelId> =
            self.truth.labels.iter().filter(of_company).map(|(id, _)| *id).collect();
        if labels.is_empty() {
            return Ok(());
        }
        let label = self.one(&labels);
        let put = self.house.mailbox.put_label(who, &[message.id], label).await;
        if !self.truth.sees(person, message) {
            ensure!(matches!(put, Err(MailboxError::NotFound)), "{person} labels: {put:?}");
            return Ok(());
        }
        put?;
        if !message.labels.contains(&label) {
            self.truth.did(person, message.id, Deed::Labelled);
        }
        self.change(message.id, |it| it.labels.extend([label]));
        Ok(())
    }
}
