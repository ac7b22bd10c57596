//! Lists to choose from: senders, applications, types, partitions, labels,
//! media.

use super::place::At;
use super::query::ListQuery;
use super::side::Side;
use crate::domain::{ApplicationId, Medium, MessageTypeId, PartitionId, Texts};
use crate::web::words::{Spoken, Words};

/// One value to choose.
pub(super) struct ChoiceOption {
    pub(super) value: String,
    pub(super) name: Spoken,
    pub(super) is_chosen: bool,
}

/// A field whose value is chosen.
pub(super) struct Choice {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) options: Vec<ChoiceOption>,
    /// Said where none of them is chosen.
    pub(super) any: String,
    /// What is wrong with what was chosen.
    pub(super) fault: Option<String>,
}

impl Choice {
    fn new(words: Words, name: &'static str, label: &str, options: Vec<ChoiceOption>) -> Self {
        Self { name, label: words.say(label), options, any: any(words, name), fault: None }
    }
}

/// Options by name, the chosen one marked.
pub(super) fn options<'a>(
    all: impl Iterator<Item = (String, &'a Texts)>,
    chosen: Option<&str>,
    words: Words,
) -> Vec<ChoiceOption> {
    let option = |(value, name): (String, &Texts)| ChoiceOption {
        is_chosen: chosen == Some(&*value),
        name: words.of(name),
        value,
    };
    let mut options: Vec<_> = all.map(option).collect();
    options.sort_by_cached_key(|option| (option.name.text.to_lowercase(), option.value.clone()));
    tell_apart(&mut options);
    options
}

/// Where several have one name, each has its id beside it. They are in order,
/// so they stand beside each other.
fn tell_apart(options: &mut [ChoiceOption]) {
    for same in options.chunk_by_mut(|one, other| one.name.text == other.name.text) {
        if same.len() > 1 {
            for option in same {
                let id = KINDS.iter().find_map(|kind| option.value.strip_prefix(kind));
                option.name.text = format!("{} ({})", option.name, id.unwrap_or(&option.value));
            }
        }
    }
}

/// What may stand before an id in a value.
const KINDS: [&str; 4] = ["application:", "organization:", "service:", "type:"];

/// "Any", in the gender of what is chosen.
pub(in crate::web) fn any(words: Words, name: &str) -> String {
    words.find(&format!("filter-any-{name}")).unwrap_or_else(|| words.say("filter-any"))
}

/// Who sends what: three fields.
pub(super) fn trio(at: &At, query: &ListQuery) -> Vec<Choice> {
    let (words, reference) = (at.words(), &at.reference);
    let field = |name, label: &str, options| Choice::new(words, name, label, options);
    let sender = query.sender.map(|it| it.to_string());
    let application = query.application.as_ref().map(ApplicationId::as_str);
    let kind = query.kind.as_ref().map(MessageTypeId::as_str);
    let senders = reference.organizations.values().map(|it| (it.number.to_string(), &it.name));
    let programs = reference.applications.values().map(|it| (it.id.to_string(), &it.name));
    let kinds = reference.message_types.values().map(|it| (it.id.to_string(), &it.name));
    vec![
        field("sender", "column-sender", options(senders, sender.as_deref(), words)),
        field("type", "column-type", options(kinds, kind, words)),
        field("application", "column-application", options(programs, application, words)),
    ]
}

/// Every field of the filter whose value is chosen.
pub(super) fn filter(at: &At, query: &ListQuery, side: &Side) -> Vec<Choice> {
    let words = at.words();
    let mut choices = trio(at, query);
    if side.partitions.len() > 1 {
        let chosen = query.partition.as_ref().map(PartitionId::as_str);
        let option = |it: &super::side::Item| ChoiceOption {
            is_chosen: chosen == Some(&*it.id),
            value: it.id.clone(),
            name: it.name.clone().into(),
        };
        let options = side.partitions.iter().map(option).collect();
        choices.push(Choice::new(words, "partition", "partition", options));
    }
    if !side.labels.is_empty() {
        let chosen = query.label.map(|it| it.to_string());
        let option = |it: &super::side::LabelItem| ChoiceOption {
            is_chosen: chosen.as_deref() == Some(&*it.id),
            value: it.id.clone(),
            name: it.name.clone().into(),
        };
        let options = side.labels.iter().map(option).collect();
        choices.push(Choice::new(words, "label", "label", options));
    }
    let medium = |medium: Medium| ChoiceOption {
        is_chosen: query.medium == Some(medium),
        value: medium.as_str().into(),
        name: words.say(&format!("medium-{}", medium.as_str())).into(),
    };
    let options = Medium::ALL.into_iter().map(medium).collect();
    choices.push(Choice::new(words, "medium", "filter-medium", options));
    choices
}
