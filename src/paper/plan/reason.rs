//! Why a letter goes where the plan sends it.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

/// A letter's printer and day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The printer's name.
    pub printer: String,
    /// The day on which it is to be printed.
    pub day: Date,
    /// Why there.
    pub matched: Match,
    /// Why this one of those that could.
    pub choice: Choice,
    /// The printer's first day in the plan, where that had no room left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_from: Option<Date>,
}

/// What makes a printer one that may take a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// One of its lanes matches: the first that does, from 1.
    Lane(usize),
    /// It names no lane, and so takes everything.
    Everything,
    /// It is the default printer, and no other's lane matches.
    Default,
}

/// What decided between printers that may take a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// There was one only.
    Only,
    /// It has room before the others have.
    FirstFree,
    /// It has the most room on that day.
    MostRoom,
    /// As much room as another; it was given fewer so far, or stands first.
    Even,
}

/// Why a letter gets no printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// No printer's lane matches, and there is no default printer.
    #[error("no printer takes it")]
    NoPrinter,
    /// Those whose lane matches are paused.
    #[error("every printer that takes it is paused")]
    Paused,
    /// None of those whose lane matches has room on any day in reach.
    #[error("no printer that takes it has room on any day")]
    NoDay,
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}, {}", self.printer, self.day, self.matched, self.choice)?;
        match self.rolled_from {
            Some(day) => write!(f, "; it was full from {day}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lane(number) => write!(f, "its lane {number} matches"),
            Self::Everything => f.write_str("it takes everything"),
            Self::Default => f.write_str("no other printer's lane matches"),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Only => "the only one",
            Self::FirstFree => "the first with room",
            Self::MostRoom => "the one with the most room",
            Self::Even => "as much room as another's",
        })
    }
}
