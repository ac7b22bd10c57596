//! What is to be done about a message, and by when.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::BusinessData;

/// What a company has to do about a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Nothing.
    #[default]
    None,
    /// Something.
    ToDo,
    /// It was done.
    Done,
}

impl Task {
    /// The number stored.
    #[must_use]
    pub fn value(self) -> i64 {
        match self {
            Self::None => 0,
            Self::ToDo => 1,
            Self::Done => 2,
        }
    }

    /// From the number stored.
    #[must_use]
    pub fn from_value(value: i64) -> Option<Self> {
        [Self::None, Self::ToDo, Self::Done].into_iter().find(|task| task.value() == value)
    }
}

/// What the sender says is to be done: `FOR_ACTION`, or a due date
/// (`FOR_ACTION_DUE_DATE`, the earliest where there are several).
#[must_use]
pub fn task_on_arrival(list: &[BusinessData]) -> (Task, Option<Date>) {
    let values = |key: &'static str| {
        let of_key = list.iter().filter(move |data| data.key == key);
        of_key.flat_map(|data| &data.values).flat_map(|texts| texts.iter().map(|(_, text)| text))
    };
    let due = values("FOR_ACTION_DUE_DATE").filter_map(|text| text.parse().ok()).min();
    let is_to_do = due.is_some() || values("FOR_ACTION").any(|text| text == "true");
    (if is_to_do { Task::ToDo } else { Task::None }, due)
}

const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day as a number that orders and compares: days since 1970.
#[must_use]
pub fn day_number(day: Date) -> i64 {
    EPOCH.until(day).map_or(0, |span| i64::from(span.get_days()))
}

/// The day of a number; none beyond the calendar.
#[must_use]
pub fn day_of_number(number: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(number).ok()?;
    EPOCH.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Language, Texts};

    fn data(key: &str, value: &str) -> BusinessData {
        BusinessData { key: key.into(), values: vec![Texts::one(Language::Nl, value)] }
    }

    #[test]
    fn the_sender_says_what_is_to_be_done() {
        let day: Date = "2026-11-30".parse().unwrap();
        for (list, task) in [
            (vec![], (Task::None, None)),
            (vec![data("FOR_ACTION", "true")], (Task::ToDo, None)),
            (vec![data("FOR_ACTION", "false")], (Task::None, None)),
            (vec![data("FOR_ACTION_DUE_DATE", "2026-11-30")], (Task::ToDo, Some(day))),
        ] {
            assert_eq!(task_on_arrival(&list), task, "{list:?}");
        }
    }

    #[test]
    fn days_have_numbers() {
        for (text, number) in [("1970-01-01", 0), ("1969-12-31", -1), ("2026-03-29", 20_541)] {
            let day: Date = text.parse().unwrap();
            assert_eq!((day_number(day), day_of_number(number)), (number, Some(day)));
        }
        assert_eq!(day_of_number(i64::MAX), None);
    }
}
