//! What a reader may look for, and the same for the model: for each filter of
//! a list, its own way of being wrong.

use facteur::clock::belgian_day;
use facteur::domain::{Medium, Task};
use facteur::mailbox::Filter;
use jiff::{SignedDuration, Timestamp};

use super::story::{APPLICATIONS, BRIEF, ORGANIZATIONS};
use super::truth::{Message, Mutation, Truth};

/// A filter, and the same for the model.
pub(super) type Case = (Filter, Box<dyn Fn(&Message) -> bool>);

pub(super) fn cases(truth: &Truth) -> Vec<Case> {
    let mut cases: Vec<Case> = vec![
        (Filter::default(), Box::new(|_| true)),
        (Filter::unread(), Box::new(|it| !it.is_read)),
        (Filter { is_unread: Some(false), ..Filter::default() }, Box::new(|it| it.is_read)),
    ];
    for partition in ["GENERAL", "HR"] {
        let partitions = partition.parse().into_iter().collect();
        let filter = Filter { partitions, ..Filter::default() };
        cases.push((filter, Box::new(move |it| it.partition == partition)));
    }
    for application in APPLICATIONS {
        let applications = application.parse().into_iter().collect();
        let organizations = ORGANIZATIONS[0].parse().into_iter().collect();
        let filter = Filter { applications, organizations, ..Filter::default() };
        cases.push((
            filter,
            Box::new(move |it| {
                it.application == application && it.organization == ORGANIZATIONS[0]
            }),
        ));
    }
    for &label in truth.labels.keys().take(3) {
        let filter = Filter { labels: vec![label], ..Filter::default() };
        cases.push((filter, Box::new(move |it| it.labels.contains(&label))));
    }
    cases.extend(tasks(truth));
    cases.extend(kinds(truth));
    cases.extend(dates(truth));
    cases
}

/// What is to be done, what was, and by which day.
fn tasks(truth: &Truth) -> Vec<Case> {
    let (is_all, is_late) =
        (truth.is_wrong(Mutation::TaskIgnored), truth.is_wrong(Mutation::DueIgnored));
    let today = belgian_day(truth.now);
    let of = |task| Filter { task: Some(task), ..Filter::default() };
    vec![
        (of(Task::ToDo), Box::new(move |it| is_all || it.task == Task::ToDo)),
        (of(Task::Done), Box::new(move |it| is_all || it.task == Task::Done)),
        (
            Filter { due_through: Some(today), ..Filter::default() },
            Box::new(move |it| it.due.is_some_and(|due| is_late || due <= today)),
        ),
    ]
}

/// How it was sent, and what it is.
fn kinds(truth: &Truth) -> Vec<Case> {
    let (any_medium, any_item, any_type) = (
        truth.is_wrong(Mutation::MediumIgnored),
        truth.is_wrong(Mutation::RegisteredIgnored),
        truth.is_wrong(Mutation::TypeIgnored),
    );
    let message_types = BRIEF.parse().into_iter().collect();
    vec![
        (
            Filter { media: vec![Medium::Digital], ..Filter::default() },
            Box::new(move |it| any_medium || it.medium == Medium::Digital),
        ),
        (
            Filter { is_registered: Some(true), ..Filter::default() },
            Box::new(move |it| any_item || it.is_registered),
        ),
        (
            Filter { message_types, is_registered: Some(false), ..Filter::default() },
            Box::new(move |it| {
                (any_type || it.message_type == BRIEF) && (any_item || !it.is_registered)
            }),
        ),
    ]
}

/// The first moment of a stretch belongs to it, the last does not. Those of a
/// story are moments at which something arrives or leaves.
fn dates(truth: &Truth) -> Vec<Case> {
    let (any_arrival, any_end) =
        (truth.is_wrong(Mutation::ArrivalIgnored), truth.is_wrong(Mutation::ExpiryIgnored));
    // To the microsecond, as moments are stored.
    let to = Timestamp::from_microsecond(truth.now.as_microsecond()).unwrap_or(truth.now);
    let from = to - SignedDuration::from_hours(48);
    let mut ends: Vec<_> = truth.messages.values().map(|it| it.expires_at).collect();
    ends.sort_unstable();
    let middle = ends.get(ends.len() / 2).copied().unwrap_or(truth.now);
    vec![
        (
            Filter { arrived_from: Some(from), arrived_to: Some(to), ..Filter::default() },
            Box::new(move |it| any_arrival || (it.arrived_at >= from && it.arrived_at < to)),
        ),
        (
            Filter { expires_from: Some(middle), ..Filter::default() },
            Box::new(move |it| any_end || it.expires_at >= middle),
        ),
        (
            Filter { expires_to: Some(middle), ..Filter::default() },
            Box::new(move |it| any_end || it.expires_at < middle),
        ),
    ]
}
