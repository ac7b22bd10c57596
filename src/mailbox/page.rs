//! Pages and totals.

use super::MailboxError;
use crate::search::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, REACH_MAX};

/// Totals are counted exactly up to here.
pub const COUNT_MAX: u32 = 10_000;

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Messages on it: 1 to 100.
    pub size: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, size: PAGE_SIZE_DEFAULT }
    }
}

impl Page {
    /// Whether the page can be asked for: within the first 10,000 messages.
    pub(super) fn check(self) -> Result<Self, MailboxError> {
        if self.is_page()?.is_beyond(REACH_MAX) {
            let message = format!("a list reaches {REACH_MAX} messages: narrow it");
            return Err(MailboxError::invalid("page", message));
        }
        Ok(self)
    }

    /// Whether it is a page at all, however far down.
    pub(super) fn is_page(self) -> Result<Self, MailboxError> {
        let is_there = self.number > 0 && (1..=PAGE_SIZE_MAX).contains(&self.size);
        if !is_there || self.number.checked_mul(self.size).is_none() {
            let message = format!("pages count from 1 and hold 1 to {PAGE_SIZE_MAX} messages");
            return Err(MailboxError::invalid("page", message));
        }
        Ok(self)
    }

    /// Whether it ends after so many messages.
    pub(super) fn is_beyond(self, reach: u32) -> bool {
        u64::from(self.number) * u64::from(self.size) > u64::from(reach)
    }

    /// Messages before it.
    pub(super) fn skip(self) -> u32 {
        (self.number - 1) * self.size
    }
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exactly(u64),
    /// More than so many: shown as "10,000+".
    MoreThan(u64),
}

impl Total {
    /// From a count that may be large.
    pub(super) fn of(count: u64) -> Self {
        let max = u64::from(COUNT_MAX);
        if count > max { Self::MoreThan(max) } else { Self::Exactly(count) }
    }

    /// The number counted.
    #[must_use]
    pub fn count(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::MoreThan(count) => count,
        }
    }
}
