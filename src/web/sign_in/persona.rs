//! Personas: who one may be in a demonstration.
//!
//! There is no proof in it, so it is refused at any address but loopback, and
//! to any request that names another host (a page elsewhere whose name was
//! made to resolve to this machine).

use super::session::{Proven, Session};
use crate::domain::{EnterpriseNumber, Language, PersonId, Texts};
use crate::web::page::initials;
use crate::web::words::Words;

/// Somebody to be.
#[derive(Clone, Debug)]
pub struct Persona {
    /// The person of the registry, or one that it will know.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// The language of the pages from then on.
    pub language: Language,
    /// Who that is, in a sentence.
    pub about: Texts,
    /// The companies that this person represents.
    pub represents: Vec<EnterpriseNumber>,
    /// Whether it may use the operators' console.
    pub is_operator: bool,
}

/// A persona as shown.
pub(super) struct PersonaCard {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) initials: String,
    pub(super) about: String,
}

impl Persona {
    pub(super) fn card(&self, words: Words) -> PersonaCard {
        PersonaCard {
            id: self.id.to_string(),
            name: self.name.clone(),
            initials: initials(&self.name),
            about: self.about.best(words.0).to_owned(),
        }
    }

    pub(super) fn session(&self) -> Session {
        let proven = Proven { represents: self.represents.clone(), is_operator: self.is_operator };
        Session { person: self.id.clone(), name: self.name.clone(), proven }
    }
}

/// Whether a `Host` header names this machine by a name that is always its
/// own.
pub(in crate::web) fn is_loopback(host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_address = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_address || name == "localhost"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["127.0.0.1:8080", "localhost", "localhost:1", "[::1]:8080", "127.1.2.3"] {
            assert!(is_loopback(Some(host)), "{host}");
        }
        for host in ["localhost.evil.example", "10.0.0.1", "evil.example:8080", "[::2]", ""] {
            assert!(!is_loopback(Some(host)), "{host}");
        }
        assert!(!is_loopback(None));
    }
}
