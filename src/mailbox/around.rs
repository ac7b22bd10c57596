//! What stands around the lists of a place, all of one look.

use std::collections::BTreeSet;

use super::boxes::the_box;
use super::counters::Counters;
use super::{BoxSeen, Mailbox, MailboxError, Place, Reader};
use crate::domain::{Label, Partition, PartitionId};

/// What stands around the lists of a place.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What lies there.
    pub counters: Counters,
    /// Of one box, what it has besides.
    pub of_box: Option<BoxSurroundings>,
}

/// What stands around the lists of one box.
#[derive(Clone, Debug)]
pub struct BoxSurroundings {
    /// The box.
    pub entry: BoxSeen,
    /// The labels that the reader sees, by name.
    pub labels: Vec<Label>,
    /// Its partitions, without `GENERAL`, which every box has: histories name
    /// them.
    pub partitions: Vec<Partition>,
    /// Those, `GENERAL` among them, in which anything is open to the reader:
    /// what lies there may be seen, and moved to there.
    pub open: BTreeSet<PartitionId>,
}

impl Mailbox {
    /// Looks around in a place.
    ///
    /// # Errors
    /// `NotFound` where the reader has no access, and whatever keeps the
    /// ledger from answering.
    pub async fn around(
        &self,
        reader: &Reader,
        place: Place,
    ) -> Result<Surroundings, MailboxError> {
        let mut look = self.look(reader, place).await?;
        let counters = self.counters(&mut look).await?;
        let Place::Box(number) = place else { return Ok(Surroundings { counters, of_box: None }) };
        let entry = the_box(&mut look).await?;
        let labels = look.labels().await?;
        let partitions = look.partitions_in(number).await?;
        let ids = partitions.iter().map(|it| it.id.clone()).chain([PartitionId::general()]);
        let open = ids.filter(|id| look.is_open_in(number, id)).collect();
        let of_box = Some(BoxSurroundings { entry, labels, partitions, open });
        Ok(Surroundings { counters, of_box })
    }
}
