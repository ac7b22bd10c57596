//! Labels and the rules that put them on what arrives.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{LabelChange, Line, Mailbox, MailboxError, Place, Reader};
use crate::domain::{Colour, EnterpriseNumber, Label, LabelId, LabelRule, label_name};
use crate::ledger::{LabelChanged, Management, Replaced};

/// Label rules of one box at most.
const RULES_MAX: usize = 200;

impl Mailbox {
    /// The labels that the reader sees in a place, by name: all of them as an
    /// access manager, else the reader's own and those on messages that the
    /// reader may see.
    ///
    /// # Errors
    /// `NotFound` where the reader has no access, and whatever keeps the
    /// ledger from answering.
    pub async fn labels(&self, reader: &Reader, place: Place) -> Result<Vec<Label>, MailboxError> {
        Ok(self.look(reader, place).await?.labels().await?)
    }

    /// Those of a box that the reader may rename, merge and delete.
    ///
    /// # Errors
    /// As [`Mailbox::labels`].
    pub async fn changeable_labels(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<BTreeSet<LabelId>, MailboxError> {
        Ok(self.look(reader, Place::Box(enterprise)).await?.changeable_labels().await?)
    }

    /// The labels on messages of a list, by name, whichever box's they are.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn labels_on(&self, lines: &[Line]) -> Result<Vec<Label>, MailboxError> {
        let ids: BTreeSet<LabelId> = lines.iter().flat_map(|line| &line.labels).copied().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.ledger.labels_called(&ids.into_iter().collect::<Vec<_>>()).await?)
    }

    /// What a filter names for labels of a name, in every box of a place. Where
    /// there are none it finds nothing.
    ///
    /// # Errors
    /// As [`Mailbox::labels`].
    pub async fn labels_named(
        &self,
        reader: &Reader,
        place: Place,
        name: &str,
    ) -> Result<Vec<LabelId>, MailboxError> {
        let found = self.look(reader, place).await?.labels_named(name).await?;
        Ok(if found.is_empty() { vec![LabelId(Uuid::nil())] } else { found })
    }

    /// Makes a label.
    ///
    /// # Errors
    /// `NameTaken`, `LabelsFull` where the box has 200, `Invalid` for a name that
    /// is none, `NotFound` where the reader has no access, and whatever keeps the ledger from answering.
    pub async fn create_label(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        name: &str,
        colour: Colour,
    ) -> Result<LabelId, MailboxError> {
        let name = checked(name)?;
        self.change_labels(reader, enterprise, LabelChange::Create { name, colour }).await
    }

    /// Changes the name and colour of a label. Only its maker and access
    /// managers may.
    ///
    /// # Errors
    /// As [`Mailbox::create_label`]; `Forbidden`.
    pub async fn change_label(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        label: LabelId,
        name: &str,
        colour: Colour,
    ) -> Result<LabelId, MailboxError> {
        let name = checked(name)?;
        self.change_labels(reader, enterprise, LabelChange::Change { label, name, colour }).await
    }

    /// Merges a label into another, which stands for both from now on.
    ///
    /// # Errors
    /// As [`Mailbox::change_label`].
    pub async fn merge_labels(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        from: LabelId,
        into: LabelId,
    ) -> Result<LabelId, MailboxError> {
        self.change_labels(reader, enterprise, LabelChange::Merge { from, into }).await
    }

    /// Takes a label off every message and forgets it.
    ///
    /// # Errors
    /// As [`Mailbox::change_label`].
    pub async fn delete_label(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        label: LabelId,
    ) -> Result<(), MailboxError> {
        self.change_labels(reader, enterprise, LabelChange::Delete(label)).await.map(drop)
    }

    async fn change_labels(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        change: LabelChange,
    ) -> Result<LabelId, MailboxError> {
        let now = self.clock.now();
        match self.ledger.change_labels(&reader.person, enterprise, &change, now).await? {
            LabelChanged::Done(label) => Ok(label),
            LabelChanged::NotFound => Err(MailboxError::NotFound),
            LabelChanged::NameTaken => Err(MailboxError::NameTaken),
            LabelChanged::Forbidden => Err(MailboxError::Forbidden),
            LabelChanged::Full => Err(MailboxError::LabelsFull),
        }
    }

    /// The rules that put labels on what arrives in a box.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` for who does not manage the box, and whatever
    /// keeps the ledger from answering.
    pub async fn label_rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<Vec<LabelRule>, MailboxError> {
        Ok(self.look_as_manager(reader, enterprise).await?.label_rules_in(enterprise).await?)
    }

    /// Replaces them, effective for the next message; rules without an id
    /// (nil) are given theirs here.
    ///
    /// # Errors
    /// As [`Mailbox::label_rules`]; `NotFound` also for a label that is not in
    /// the box.
    pub async fn set_label_rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        rules: Vec<LabelRule>,
    ) -> Result<(), MailboxError> {
        self.replace_label_rules(reader, enterprise, Replaced { before: None, rules }).await
    }

    /// Replaces these rules by others.
    ///
    /// # Errors
    /// `Overtaken` when they are others by now; as
    /// [`Mailbox::set_label_rules`].
    pub async fn change_label_rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        before: Vec<LabelRule>,
        rules: Vec<LabelRule>,
    ) -> Result<(), MailboxError> {
        let set = Replaced { before: Some(before), rules };
        self.replace_label_rules(reader, enterprise, set).await
    }

    async fn replace_label_rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        mut set: Replaced<LabelRule>,
    ) -> Result<(), MailboxError> {
        if set.rules.len() > RULES_MAX {
            return Err(MailboxError::invalid("rules", format!("at most {RULES_MAX}")));
        }
        for rule in &mut set.rules {
            rule.enterprise = enterprise;
            if rule.id.is_nil() {
                rule.id = Uuid::now_v7();
            }
        }
        self.manage(reader, enterprise, Management::LabelRules(set)).await
    }
}

fn checked(name: &str) -> Result<String, MailboxError> {
    label_name(name).map_err(|error| MailboxError::invalid("name", error.to_string()))
}
