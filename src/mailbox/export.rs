//! A selection of messages as a list for a spreadsheet.

use std::collections::BTreeSet;

use serde_json::json;

use super::csv::{Cells, Csv};
use super::marks::check_count;
use super::{Deed, Filter, Hidden, Line, Mailbox, MailboxError, Reader};
use crate::domain::{EnterpriseNumber, Label, MessageId};
use crate::ledger::Reference;

const HEADINGS: [&str; 14] = [
    "message",
    "enterprise",
    "arrived",
    "sender",
    "sender_name",
    "type",
    "type_name",
    "subject",
    "partition",
    "medium",
    "registered",
    "read",
    "due",
    "labels",
];

impl Mailbox {
    /// A list of messages as CSV, in the reader's language, in the
    /// order in which they are named: all of them, or none.
    ///
    /// # Errors
    /// `NotFound` unless the reader may see every one, `Invalid` for more than
    /// 1,000, and whatever keeps the ledger from answering.
    pub async fn list_csv(
        &self,
        reader: &Reader,
        ids: &[MessageId],
    ) -> Result<String, MailboxError> {
        check_count(ids)?;
        self.list_csv_in(reader, ids, &[]).await
    }

    /// The same, and where in an archive each message lies.
    pub(super) async fn list_csv_in(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        folders: &[String],
    ) -> Result<String, MailboxError> {
        let now = self.clock.now();
        let look = self.ledger.look_at_messages(&reader.person, ids, now).await?;
        let mut look = look.ok_or(MailboxError::NotFound)?;
        let everything = Filter { hidden: Hidden::With, ..Filter::default() };
        let lines = look.lines(ids, &everything).await?;
        let labels: BTreeSet<_> = lines.iter().flat_map(|line| line.labels.clone()).collect();
        let labels = look.labels_called(&labels.into_iter().collect::<Vec<_>>()).await?;
        let folder = if folders.is_empty() { None } else { Some("folder") };
        let headings: Vec<&str> = HEADINGS.into_iter().chain(folder).collect();
        let words = self.cells(reader.claims.language);
        let mut csv = Csv::with(&words.headings(&headings));
        let mut folders = folders.iter();
        for line in &lines {
            let cells = cells(line, &look.reference, &labels, &words);
            let cells = cells.into_iter().chain(folders.next().cloned());
            csv.row(&cells.collect::<Vec<_>>());
        }
        drop(look);
        let boxes: BTreeSet<EnterpriseNumber> = lines.iter().map(|line| line.enterprise).collect();
        let count = |number| lines.iter().filter(|line| line.enterprise == number).count();
        let deeds: Vec<_> = boxes
            .into_iter()
            .map(|number| {
                let detail = json!({ "what": "messages", "count": count(number) });
                (number, None, Deed::Exported, detail)
            })
            .collect();
        self.ledger.record_deed(&reader.person, now, &deeds).await?;
        Ok(csv.finish())
    }
}

fn cells(
    line: &Line,
    reference: &Reference,
    labels: &[Label],
    words: &Cells<'_>,
) -> [String; HEADINGS.len()] {
    let language = words.language;
    let sender = reference.organizations.get(&line.organization);
    let of_type = reference.message_types.get(&line.message_type);
    let labels = labels.iter().filter(|label| line.labels.contains(&label.id));
    let labels: Vec<&str> = labels.map(|label| label.name.as_str()).collect();
    [
        line.id.to_string(),
        line.enterprise.to_string(),
        Cells::time(line.arrived_at),
        line.organization.to_string(),
        sender.map(|it| it.name.best(language).to_owned()).unwrap_or_default(),
        line.message_type.to_string(),
        of_type.map(|it| it.name.best(language).to_owned()).unwrap_or_default(),
        line.subject.best(language).to_owned(),
        line.partition.to_string(),
        words.say(&format!("medium-{}", line.medium.as_str())),
        words.yes(line.is_registered),
        line.read.as_ref().map(|(at, _)| Cells::time(*at)).unwrap_or_default(),
        Cells::day(line.due),
        labels.join(", "),
    ]
}
