//! Partitions by the names that their companies gave them.

use std::collections::{BTreeSet, HashMap};

use super::place::At;
use super::side::Side;
use crate::domain::{EnterpriseNumber, PartitionId};
use crate::mailbox::{Line, MailboxError, Place};
use crate::web::Web;
use crate::web::page::PageError;

/// The names of the partitions that some messages lie in.
pub(super) struct PartitionNames<'a> {
    side: &'a Side,
    /// Of other boxes than that of the side.
    elsewhere: HashMap<(EnterpriseNumber, PartitionId), String>,
}

impl<'a> PartitionNames<'a> {
    /// In one box the side knows them. Of all boxes together, those are asked
    /// of which something lies in a partition of their own.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub(super) async fn of(
        web: &Web,
        at: &At,
        side: &'a Side,
        lines: &[Line],
    ) -> Result<Self, PageError> {
        let mut elsewhere = HashMap::new();
        if at.place == Place::All {
            let lines = lines.iter().filter(|line| !line.partition.is_general());
            let boxes: BTreeSet<EnterpriseNumber> = lines.map(|line| line.enterprise).collect();
            for number in boxes {
                let known = match web.mailbox.partitions(&at.reader, number).await {
                    Ok(known) => known,
                    // Access ended while the page was made.
                    Err(MailboxError::NotFound) => Vec::new(),
                    Err(error) => return Err(error.into()),
                };
                elsewhere.extend(known.into_iter().map(|it| ((number, it.id), it.name)));
            }
        }
        Ok(Self { side, elsewhere })
    }

    /// Where a message lies.
    pub(super) fn of_line(&self, line: &Line) -> String {
        self.name(line.enterprise, &line.partition)
    }

    /// The id of one that is gone stays: nothing else is known of it.
    pub(super) fn name(&self, number: EnterpriseNumber, id: &PartitionId) -> String {
        let elsewhere = self.elsewhere.get(&(number, id.clone()));
        elsewhere.cloned().unwrap_or_else(|| self.side.partition_name(id))
    }
}
