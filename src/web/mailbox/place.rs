//! Where a page looks: in one box, or in all of the reader's.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{EnterpriseNumber, Language, MessageId, Person};
use crate::ledger::Reference;
use crate::mailbox::{Claims, Place, Reader};
use crate::web::Web;
use crate::web::page::{PageError, SignedIn, Visitor};
use crate::web::sign_in::session::Session;
use crate::web::words::Words;

/// A reader in front of a box, or of all.
pub(super) struct At {
    pub(super) visitor: Visitor,
    pub(super) reader: Reader,
    pub(super) place: Place,
    pub(super) reference: Arc<Reference>,
}

impl FromRequestParts<Web> for At {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let SignedIn { visitor, session } = SignedIn::from_request_parts(parts, web).await?;
        let reader = reader(&session, visitor.words.0);
        let missing = || PageError::NotFound.into_response();
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, web).await;
        let place = path.ok().and_then(|path| place(path.get("place")?)).ok_or_else(missing)?;
        let reference = web.ledger.reference().await;
        let reference = reference.map_err(|error| PageError::from(error).into_response())?;
        Ok(Self { visitor, reader, place, reference })
    }
}

impl At {
    pub(super) fn words(&self) -> Words {
        self.visitor.words
    }

    /// The one box; pages of management know no other.
    pub(super) fn one(&self) -> Result<EnterpriseNumber, PageError> {
        match self.place {
            Place::Box(number) => Ok(number),
            Place::All => Err(PageError::NotFound),
        }
    }

    /// The message of a path. It has one address a place, and none in another
    /// box: nothing may be done with it before that is known.
    pub(super) async fn message(&self, web: &Web, id: &str) -> Result<MessageId, PageError> {
        let id: MessageId = id.parse().map_err(|_| PageError::NotFound)?;
        web.mailbox.is_in(&self.reader, self.place, id).await?;
        Ok(id)
    }

    /// The address of the place.
    pub(super) fn url(&self) -> String {
        url(self.place)
    }
}

/// Whoever is signed in, as the mailbox knows readers.
pub(in crate::web) fn reader(session: &Session, language: Language) -> Reader {
    let represents = session.proven.represents.iter().copied().collect();
    let claims = Claims { name: session.name.clone(), language, represents };
    Reader { person: session.person.clone(), claims }
}

/// Only the plain form: another spelling would be another address of the
/// same page.
fn place(segment: &str) -> Option<Place> {
    if segment == "all" {
        return Some(Place::All);
    }
    let number: EnterpriseNumber = segment.parse().ok()?;
    (number.to_string() == segment).then_some(Place::Box(number))
}

pub(super) fn url(place: Place) -> String {
    match place {
        Place::Box(number) => format!("/boxes/{number}"),
        Place::All => "/boxes/all".into(),
    }
}

/// A place as the top of a page shows it.
pub(super) struct Shown {
    pub(super) url: String,
    /// Its whole list, whatever the default view.
    pub(super) everything: String,
    pub(super) name: String,
    /// The number as people write it.
    pub(super) shown: Option<String>,
    /// What is looked for.
    pub(super) text: String,
    /// The language in which it is looked for, where that was chosen.
    pub(super) language: Option<&'static str>,
    pub(super) is_one_box: bool,
}

/// A name for a person that may be known by its id alone.
pub(super) fn person_name(person: Option<&Person>, words: Words) -> String {
    person.map_or_else(|| words.say("an-unknown-person"), |person| person.name.clone())
}
