//! What can be asked, what it may cost, and what is answered.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{
    ApplicationId, EnterpriseNumber, Language, Medium, MessageId, MessageTypeId, PartitionId, Task,
};

/// Characters that a searched text may have.
pub const TEXT_CHARS_MAX: usize = 256;
/// Values that one list of a query may have.
pub const VALUES_MAX: usize = 10_000;
/// Messages on one page, unless told.
pub const PAGE_SIZE_DEFAULT: u32 = 25;
/// Messages on one page, at most.
pub const PAGE_SIZE_MAX: u32 = 100;
/// How far one can page. Whoever needs more narrows the criteria, or reads the
/// ledger's list.
pub const REACH_MAX: u32 = 10_000;

/// Where to look.
///
/// Two names rather than "an empty list is everything": a list that is empty
/// by mistake finds nothing instead of everybody's mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Boxes {
    /// In these boxes.
    Of(Vec<EnterpriseNumber>),
    /// In what is open to a reader: in any of these parts of boxes. No part
    /// is nothing.
    Opened(Vec<Part>),
    /// In every box: for operators.
    All,
}

/// The same part of several boxes. `None` is no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of these boxes.
    pub boxes: Vec<EnterpriseNumber>,
    /// Of these types.
    pub message_types: Option<Vec<MessageTypeId>>,
    /// From this organization.
    pub organization: Option<EnterpriseNumber>,
    /// From this application.
    pub application: Option<ApplicationId>,
    /// In this partition.
    pub partition: Option<PartitionId>,
}

/// A search. Criteria are ANDed; the values of one list are alternatives; an
/// empty list is no criterion (except [`Boxes::Of`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// In whose boxes.
    pub boxes: Boxes,
    /// From which organizations.
    pub organizations: Vec<EnterpriseNumber>,
    /// From which applications.
    pub applications: Vec<ApplicationId>,
    /// Of which types.
    pub message_types: Vec<MessageTypeId>,
    /// In which partitions.
    pub partitions: Vec<PartitionId>,
    /// With at least one of these labels, written exactly so.
    pub labels: Vec<String>,
    /// Sent by one of these media.
    pub media: Vec<Medium>,
    /// Read, or unread.
    pub is_read: Option<bool>,
    /// Hidden, or not.
    pub is_hidden: Option<bool>,
    /// Registered, or not.
    pub is_registered: Option<bool>,
    /// What is to be done.
    pub task: Option<Task>,
    /// To be done on this day or before.
    pub due_through: Option<Date>,
    /// Arrived then or later.
    pub arrived_from: Option<Timestamp>,
    /// Arrived before then.
    pub arrived_to: Option<Timestamp>,
    /// Containing a text.
    pub text: Option<Text>,
    /// Which page, from 1.
    pub page: u32,
    /// Messages on a page: 1 to [`PAGE_SIZE_MAX`].
    pub size: u32,
    /// How far matches are counted: whoever is shown "10,000+" need not wait
    /// until the others are.
    pub count_max: u64,
}

/// A text criterion: found in the message's own texts, or in the names of its
/// sender or type.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The one language to look in.
    pub language: Language,
    /// A part of a text, of [`TEXT_CHARS_MAX`] characters at most; case,
    /// accents and the width of white space make no difference. One or two
    /// characters find what begins a word. A blank text is no criterion.
    pub part: String,
    /// What the text means in the reference data.
    pub named: Named,
}

/// The ids whose names or descriptions contain the searched text. Names are
/// not indexed with each message, so the caller looks them up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// Organizations so named.
    pub organizations: Vec<EnterpriseNumber>,
    /// Applications so named.
    pub applications: Vec<ApplicationId>,
    /// Message types so named.
    pub message_types: Vec<MessageTypeId>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages of the page, newest first (by arrival, then by id).
    pub ids: Vec<MessageId>,
    /// How many there are over all pages, as of the last commit of the index,
    /// also beyond [`REACH_MAX`]. From [`Query::count_max`] on: at least so many.
    pub total: u64,
}

/// Why a search was not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The searched text is too long.
    #[error("a searched text has {TEXT_CHARS_MAX} characters at most")]
    TextTooLong,
    /// A list of alternatives is too long.
    #[error("a search takes {VALUES_MAX} {list} at most")]
    TooManyValues {
        /// Which list.
        list: &'static str,
    },
    /// The page or its size is out of range.
    #[error("pages count from 1 and hold 1 to {PAGE_SIZE_MAX} messages")]
    Page,
    /// The page lies beyond [`REACH_MAX`].
    #[error("a search reaches {REACH_MAX} messages: narrow it")]
    TooDeep,
    /// The index could not be read.
    #[error("the search index cannot be read")]
    Index(#[source] tantivy::TantivyError),
    /// Reading the index ended in a panic, or the process is stopping.
    #[error("the search was interrupted")]
    Interrupted,
}

impl QueryError {
    /// Whether the question, rather than the index, is at fault.
    #[must_use]
    pub fn is_callers(&self) -> bool {
        match self {
            Self::TextTooLong | Self::TooManyValues { .. } | Self::Page | Self::TooDeep => true,
            Self::Index(_) | Self::Interrupted => false,
        }
    }
}

impl Query {
    /// Everything in these boxes.
    #[must_use]
    pub fn in_boxes(boxes: Vec<EnterpriseNumber>) -> Self {
        Self::within(Boxes::Of(boxes))
    }

    /// Everything everywhere: for operators.
    #[must_use]
    pub fn everywhere() -> Self {
        Self::within(Boxes::All)
    }

    /// Everything in these parts of boxes.
    #[must_use]
    pub fn in_parts(parts: Vec<Part>) -> Self {
        Self::within(Boxes::Opened(parts))
    }

    fn within(boxes: Boxes) -> Self {
        Self {
            boxes,
            organizations: Vec::new(),
            applications: Vec::new(),
            message_types: Vec::new(),
            partitions: Vec::new(),
            labels: Vec::new(),
            media: Vec::new(),
            is_read: None,
            is_hidden: None,
            is_registered: None,
            task: None,
            due_through: None,
            arrived_from: None,
            arrived_to: None,
            text: None,
            page: 1,
            size: PAGE_SIZE_DEFAULT,
            count_max: u64::MAX,
        }
    }

    /// Checks what the search may cost.
    ///
    /// # Errors
    /// The first bound that is passed.
    pub fn check(&self) -> Result<(), QueryError> {
        if self.page == 0 || !(1..=PAGE_SIZE_MAX).contains(&self.size) {
            return Err(QueryError::Page);
        }
        if self.last_row() > u64::from(REACH_MAX) {
            return Err(QueryError::TooDeep);
        }
        self.check_text()?;
        let too_long = self.lists().into_iter().find(|(_, len)| *len > VALUES_MAX);
        too_long.map_or(Ok(()), |(list, _)| Err(QueryError::TooManyValues { list }))
    }

    fn last_row(&self) -> u64 {
        u64::from(self.page) * u64::from(self.size)
    }

    fn check_text(&self) -> Result<(), QueryError> {
        let is_too_long = |text: &Text| text.part.chars().nth(TEXT_CHARS_MAX).is_some();
        match &self.text {
            Some(text) if is_too_long(text) => Err(QueryError::TextTooLong),
            _ => Ok(()),
        }
    }

    fn lists(&self) -> Vec<(&'static str, usize)> {
        let boxes = match &self.boxes {
            Boxes::Of(boxes) => boxes.len(),
            Boxes::Opened(parts) => parts.iter().map(|part| part.boxes.len()).sum(),
            Boxes::All => 0,
        };
        let mut lists = vec![
            ("boxes", boxes),
            ("organizations", self.organizations.len()),
            ("applications", self.applications.len()),
            ("message types", self.message_types.len()),
            ("partitions", self.partitions.len()),
            ("labels", self.labels.len()),
            ("media", self.media.len()),
        ];
        if let Some(Text { named, .. }) = &self.text {
            lists.extend([
                ("named organizations", named.organizations.len()),
                ("named applications", named.applications.len()),
                ("named message types", named.message_types.len()),
            ]);
        }
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(chars: usize) -> Option<Text> {
        Some(Text { language: Language::Fr, part: "é".repeat(chars), named: Named::default() })
    }

    #[test]
    fn bounds_are_checked() {
        let at = |page, size| Query { page, size, ..Query::everywhere() };
        assert!(at(1, 100).check().is_ok());
        assert!(at(100, 100).check().is_ok());
        assert!(matches!(at(0, 25).check(), Err(QueryError::Page)));
        assert!(matches!(at(1, 0).check(), Err(QueryError::Page)));
        assert!(matches!(at(1, 101).check(), Err(QueryError::Page)));
        assert!(matches!(at(101, 100).check(), Err(QueryError::TooDeep)));
        assert!(matches!(at(u32::MAX, 100).check(), Err(QueryError::TooDeep)));
        let of = |chars| Query { text: text(chars), ..Query::everywhere() };
        assert!(of(256).check().is_ok());
        assert!(matches!(of(257).check(), Err(QueryError::TextTooLong)));
        let labels = vec![String::new(); VALUES_MAX + 1];
        let many = Query { labels, ..Query::everywhere() };
        assert!(matches!(many.check(), Err(QueryError::TooManyValues { list: "labels" })));
    }
}
