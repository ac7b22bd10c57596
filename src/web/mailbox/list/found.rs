//! Where a text was found outside the subject: in whose attention it is for,
//! in business data, or in names and descriptions of sender, application and
//! type. The same places that search looks in (domain facts §8).

use std::collections::HashMap;

use crate::domain::{BusinessData, Language, MessageId, Texts};
use crate::mailbox::Line;
use crate::web::Web;
use crate::web::mailbox::marked::{Piece, excerpt, marked};
use crate::web::mailbox::place::At;
use crate::web::mailbox::query::ListQuery;
use crate::web::page::PageError;
use crate::web::words::Spoken;

/// A piece of a text that was found, and what it is of.
pub(super) struct FoundIn {
    pub(super) what: String,
    /// The whole text, with its language.
    pub(super) text: Spoken,
    pub(super) pieces: Vec<Piece>,
}

/// For each message of a search whose subject does not hold the text.
///
/// # Errors
/// When the ledger does not answer.
pub(super) async fn found_in(
    web: &Web,
    at: &At,
    query: &ListQuery,
    lines: &[Line],
) -> Result<HashMap<MessageId, FoundIn>, PageError> {
    let language = query.language.unwrap_or(at.words().0);
    let is_in_subject = |line: &Line| {
        let pieces = marked(line.subject.best(language), &query.text);
        query.text.is_empty() || pieces.iter().any(|piece| piece.is_found)
    };
    let elsewhere: Vec<&Line> = lines.iter().filter(|line| !is_in_subject(line)).collect();
    if elsewhere.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<_> = elsewhere.iter().map(|line| (line.enterprise, line.id)).collect();
    let data = web.ledger.business_data_of(&ids).await?;
    let none = Vec::new();
    let found = elsewhere.into_iter().filter_map(|line| {
        let data = data.get(&line.id).unwrap_or(&none);
        let found = texts(at, language, line, data).find_map(|(what, text)| {
            let pieces = excerpt(&text.text, &query.text)?;
            Some(FoundIn { what, text, pieces })
        });
        Some((line.id, found?))
    });
    Ok(found.collect())
}

/// Every text of a message besides its subject, in one language, with what it
/// is of.
fn texts<'a>(
    at: &'a At,
    language: Language,
    line: &'a Line,
    data: &'a [BusinessData],
) -> impl Iterator<Item = (String, Spoken)> + 'a {
    let (words, reference) = (at.words(), &at.reference);
    let read = move |texts: &Texts| texts.get(language).map(|_| words.wanting(language, texts));
    let attention = line.attention.clone().map(|text| (words.say("fact-attention"), text.into()));
    let data = data.iter().flat_map(move |it| {
        let what = words.find(&format!("bd-{}", it.key)).unwrap_or_else(|| it.key.clone());
        it.values.iter().filter_map(move |texts| Some((what.clone(), read(texts)?)))
    });
    let kind = reference.message_types.get(&line.message_type);
    let kind = kind.into_iter().flat_map(|it| [&it.name, &it.description]);
    let sender = reference.organizations.get(&line.organization).map(|it| &it.name);
    let application = reference.applications.get(&line.application).map(|it| &it.name);
    let names = kind
        .map(|texts| ("column-type", texts))
        .chain(sender.map(|texts| ("column-sender", texts)))
        .chain(application.map(|texts| ("column-application", texts)));
    let names = names.filter_map(move |(what, texts)| Some((words.say(what), read(texts)?)));
    attention.into_iter().chain(data).chain(names)
}
