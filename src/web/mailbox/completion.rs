//! What a text that is being typed could mean: a sender, a type.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::place::At;
use super::query::ListQuery;
use crate::mailbox::Place;
use crate::web::Web;
use crate::web::form::InQuery;
use crate::web::page::{PageError, page};
use crate::web::words::{Spoken, Words};

/// Proposals of one kind.
const SHOWN: usize = 5;
/// Fewer letters say nothing yet.
const LETTERS_MIN: usize = 2;

#[derive(Template)]
#[template(path = "completion.html")]
struct Completion {
    words: Words,
    groups: Vec<Group>,
}

struct Group {
    title: String,
    items: Vec<Proposal>,
}

struct Proposal {
    name: Spoken,
    url: String,
}

#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    q: String,
}

/// `GET /boxes/{place}/completion`: from the reference data, which is public;
/// only in front of a box that the reader may open.
pub(super) async fn show(
    State(web): State<Web>,
    at: At,
    InQuery(typed): InQuery<Typed>,
) -> Result<Response, PageError> {
    if let Place::Box(number) = at.place {
        web.mailbox.box_of(&at.reader, number).await?;
    }
    let words = at.words();
    let text: String = typed.q.trim().chars().take(200).collect();
    if text.chars().count() < LETTERS_MIN {
        return page(&Completion { words, groups: Vec::new() });
    }
    let named = at.reference.named(words.0, &text);
    let url = |change: &dyn Fn(&mut ListQuery)| {
        let mut query = ListQuery::default();
        change(&mut query);
        query.list_url(&at.url())
    };
    let senders = named.organizations.iter().filter_map(|number| {
        let name = words.of(&at.reference.organizations.get(number)?.name);
        Some(Proposal { name, url: url(&|query| query.sender = Some(*number)) })
    });
    let kinds = named.message_types.iter().filter_map(|id| {
        let name = words.of(&at.reference.message_types.get(id)?.name);
        Some(Proposal { name, url: url(&|query| query.kind = Some(id.clone())) })
    });
    let groups = vec![
        Group { title: words.say("completion-sender"), items: first(senders.collect()) },
        Group { title: words.say("completion-type"), items: first(kinds.collect()) },
    ];
    page(&Completion { words, groups })
}

fn first(mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    proposals.sort_by(|one, other| one.name.text.cmp(&other.name.text));
    proposals.truncate(SHOWN);
    proposals
}
