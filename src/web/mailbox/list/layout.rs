//! The columns, orders, densities and sizes to choose from.

use crate::mailbox::{Order, Place};
use crate::web::mailbox::choices::ChoiceOption;
use crate::web::mailbox::query::{Column, Density, ListQuery};
use crate::web::words::Words;

pub(super) struct Heading {
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) sort_url: Option<String>,
    pub(super) is_sorted: bool,
    pub(super) is_descending: bool,
}

pub(super) struct ColumnChoice {
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) is_shown: bool,
    /// The same list with this column one place further, where it can go there.
    pub(super) left: Option<String>,
    pub(super) right: Option<String>,
}

fn column_name(words: Words, column: Column) -> String {
    words.say(&format!("column-{}", column.word()))
}

pub(super) fn heading(words: Words, query: &ListQuery, url: &str, column: Column) -> Heading {
    let is_sorted = column == Column::Arrived && query.text.is_empty();
    let turned = match query.order {
        Order::Newest => Order::Oldest,
        Order::Oldest => Order::Newest,
    };
    Heading {
        id: column.word(),
        name: column_name(words, column),
        sort_url: is_sorted.then(|| query.but(|it| it.order = turned).list_url(url)),
        is_sorted,
        is_descending: query.order == Order::Newest,
    }
}

/// The columns that are shown, in their order, and then the others.
pub(super) fn all_columns(
    words: Words,
    place: Place,
    query: &ListQuery,
    url: &str,
    shown: &[Column],
) -> Vec<ColumnChoice> {
    let others = Column::ALL.iter().copied().filter(|column| !shown.contains(column));
    let others = others.filter(|column| *column != Column::Company || matches!(place, Place::All));
    let moved = |from: usize, to: Option<usize>| {
        let to = to.filter(|to| *to < shown.len())?;
        Some(query.arranged_url(url, shown, from, to))
    };
    let choice = |(at, column): (usize, Column)| ColumnChoice {
        id: column.word(),
        name: column_name(words, column),
        is_shown: at < shown.len(),
        left: (at < shown.len()).then(|| moved(at, at.checked_sub(1))).flatten(),
        right: (at < shown.len()).then(|| moved(at, at.checked_add(1))).flatten(),
    };
    shown.iter().copied().chain(others).enumerate().map(choice).collect()
}

pub(super) fn orders(words: Words, chosen: Order) -> Vec<ChoiceOption> {
    let all =
        [("newest", "order-newest", Order::Newest), ("oldest", "order-oldest", Order::Oldest)];
    let option = |(value, name, order): (&str, &str, Order)| ChoiceOption {
        value: value.into(),
        name: words.say(name).into(),
        is_chosen: order == chosen,
    };
    all.map(option).into()
}

pub(super) fn densities(words: Words, chosen: Density) -> Vec<ChoiceOption> {
    let option = |density: &Density| ChoiceOption {
        value: density.word().into(),
        name: words.say(&format!("density-{}", density.word())).into(),
        is_chosen: *density == chosen,
    };
    Density::ALL.iter().map(option).collect()
}

pub(super) fn size_option(words: Words, size: u32, chosen: u32) -> ChoiceOption {
    let name = words.number(u64::from(size)).into();
    ChoiceOption { value: size.to_string(), name, is_chosen: size == chosen }
}
