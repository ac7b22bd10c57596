//! Partitions and the rules by which mail goes to them.

use super::{Line, Mailbox, MailboxError, Place, Reader};
use crate::domain::{EnterpriseNumber, Partition, PartitionId, RoutingRule};
use crate::ledger::{Management, Replaced};

const PARTITION_NAME_CHARS_MAX: usize = 100;
const RULES_MAX: usize = 500;

impl Mailbox {
    /// The partitions of a box, without `GENERAL`, which every box has. For
    /// everybody who has access: histories name them.
    ///
    /// # Errors
    /// `NotFound`, and whatever keeps the ledger from answering.
    pub async fn partitions(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<Vec<Partition>, MailboxError> {
        let mut look = self.look(reader, Place::Box(enterprise)).await?;
        Ok(look.partitions_in(enterprise).await?)
    }

    /// Where else in its box the reader may move a message: to where the reader
    /// would still see it. Each with its name, `GENERAL` without one.
    ///
    /// # Errors
    /// As [`Mailbox::partitions`].
    pub async fn elsewhere(
        &self,
        reader: &Reader,
        line: &Line,
    ) -> Result<Vec<(PartitionId, Option<String>)>, MailboxError> {
        let mut look = self.look(reader, Place::Box(line.enterprise)).await?;
        let others = look.partitions_in(line.enterprise).await?;
        let others = others.into_iter().map(|it| (it.id, Some(it.name)));
        let all = std::iter::once((PartitionId::general(), None)).chain(others);
        let is_reached = |id: &PartitionId| *id != line.partition && look.may_see_in(line, id);
        Ok(all.filter(|(id, _)| is_reached(id)).collect())
    }

    /// Makes a partition.
    ///
    /// # Errors
    /// `NameTaken` where one has this id; `Invalid` for an id that is more than
    /// letters, digits, `_` and `-`; as [`Mailbox::rename_partition`].
    pub async fn create_partition(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        id: PartitionId,
        name: &str,
    ) -> Result<(), MailboxError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !id.as_str().chars().all(is_plain) {
            return Err(MailboxError::invalid("id", "letters, digits, _ and -"));
        }
        if id.as_str().eq_ignore_ascii_case(PartitionId::GENERAL) {
            return Err(MailboxError::NameTaken);
        }
        let partition = partition(enterprise, id, name)?;
        self.manage(reader, enterprise, Management::CreatePartition(partition)).await
    }

    /// Renames a partition.
    ///
    /// # Errors
    /// `Unknown` where there is none, `Invalid` for `GENERAL` and for a name that
    /// is none; `NotFound`, `Forbidden`, and whatever keeps the ledger from
    /// answering.
    pub async fn rename_partition(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        id: PartitionId,
        name: &str,
    ) -> Result<(), MailboxError> {
        let partition = partition(enterprise, id, name)?;
        self.manage(reader, enterprise, Management::RenamePartition(partition)).await
    }

    /// Deletes an empty partition.
    ///
    /// # Errors
    /// `InUse` while messages lie in it or a rule or grant names it; as
    /// [`Mailbox::rename_partition`].
    pub async fn delete_partition(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        id: PartitionId,
    ) -> Result<(), MailboxError> {
        if id.is_general() {
            return Err(MailboxError::invalid("id", "GENERAL is in every box"));
        }
        self.manage(reader, enterprise, Management::DeletePartition(id)).await
    }

    /// The routing rules of a box, in order.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, and whatever keeps the ledger from answering.
    pub async fn rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<Vec<RoutingRule>, MailboxError> {
        Ok(self.look_as_manager(reader, enterprise).await?.rules_in(enterprise).await?)
    }

    /// Replaces the routing rules by these, in this order, for what arrives
    /// from now on.
    ///
    /// # Errors
    /// `Unknown` for what a rule names that does not exist; as
    /// [`Mailbox::rules`].
    pub async fn set_rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        rules: Vec<RoutingRule>,
    ) -> Result<(), MailboxError> {
        self.replace_rules(reader, enterprise, Replaced { before: None, rules }).await
    }

    /// Replaces these routing rules by others.
    ///
    /// # Errors
    /// `Overtaken` when they are others by now; as [`Mailbox::set_rules`].
    pub async fn change_rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        before: Vec<RoutingRule>,
        rules: Vec<RoutingRule>,
    ) -> Result<(), MailboxError> {
        self.replace_rules(reader, enterprise, Replaced { before: Some(before), rules }).await
    }

    async fn replace_rules(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        mut set: Replaced<RoutingRule>,
    ) -> Result<(), MailboxError> {
        if set.rules.len() > RULES_MAX {
            return Err(MailboxError::invalid("rules", format!("at most {RULES_MAX}")));
        }
        for (priority, rule) in (1..).zip(&mut set.rules) {
            rule.enterprise = enterprise;
            rule.priority = priority;
        }
        self.manage(reader, enterprise, Management::Rules(set)).await
    }
}

fn partition(
    enterprise: EnterpriseNumber,
    id: PartitionId,
    name: &str,
) -> Result<Partition, MailboxError> {
    if id.is_general() {
        return Err(MailboxError::invalid("id", "GENERAL is in every box"));
    }
    Ok(Partition { enterprise, id, name: text("name", name, PARTITION_NAME_CHARS_MAX)? })
}

fn text(field: &'static str, text: &str, max: usize) -> Result<String, MailboxError> {
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 || count > max || text.chars().any(char::is_control) {
        let message = format!("1 to {max} printable characters");
        return Err(MailboxError::invalid(field, message));
    }
    Ok(text.to_owned())
}
