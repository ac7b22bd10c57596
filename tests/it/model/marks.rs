//! What a person may do with messages, asked so that nothing is done: a move
//! to where a message lies, and one that is taken back with what follows it.

use anyhow::Result;
use facteur::domain::LabelId;
use facteur::ledger::{Mark, Marked};
use facteur::mailbox::Reader;
use uuid::Uuid;

use super::compare::differ;
use super::story::{PARTITIONS, Story};
use super::truth::Message;

impl Story<'_> {
    /// Every message, and every partition for those that are seen.
    pub(super) async fn marks(&self, person: &str, who: &Reader) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for message in self.truth.messages.values() {
            let sees = self.truth.sees(person, message);
            let right =
                if sees { Marked::Done { changed: 0, position: 0 } } else { Marked::NotFound };
            let stays = Mark::Move(message.partition.parse()?);
            let marked =
                self.house.ledger.mark(&who.person, &[message.id], &stays, self.truth.now).await?;
            found.extend(differ(&format!("{person} marks {message:?}"), &marked, &right));
            if sees {
                found.extend(self.moves(person, who, message).await?);
            }
        }
        Ok(found)
    }

    /// There is no such label, so what went before it is taken back.
    async fn moves(&self, person: &str, who: &Reader, message: &Message) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for to in PARTITIONS {
            let marks = [Mark::Move(to.parse()?), Mark::Label(LabelId(Uuid::nil()))];
            let changes = marks.map(|mark| (vec![message.id], mark));
            let moved = self.house.ledger.mark_all(&who.person, &changes, self.truth.now).await?;
            let right = match self.truth.sees_in(person, message, to) {
                true => Marked::NotFound,
                false => Marked::Forbidden,
            };
            found.extend(differ(&format!("{person} moves {message:?} to {to}"), &moved, &right));
        }
        Ok(found)
    }
}
