//! Who reads.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::domain::{EnterpriseNumber, Language, Person, PersonId};

/// A person who was signed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// Who: by a keyed hash, never by a personal number.
    pub person: PersonId,
    /// What the identity provider says.
    pub claims: Claims,
}

/// What the identity provider says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The name, as access managers are shown it.
    pub name: String,
    /// The language of the pages.
    pub language: Language,
    /// The companies that the person is proved to represent: only for them
    /// can a box be registered. They give no access to one.
    pub represents: BTreeSet<EnterpriseNumber>,
}

impl Reader {
    /// The record by which the registry knows the person.
    #[must_use]
    pub fn record(&self) -> Person {
        let Claims { name, language, .. } = &self.claims;
        Person { id: self.person.clone(), name: name.clone(), language: *language }
    }
}

/// The key under which persons are known: without it, nobody can try all
/// personal numbers against what is stored.
#[derive(Clone)]
pub struct PersonKey(Vec<u8>);

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

impl PersonKey {
    /// From a secret of any length.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut key =
            if secret.len() > BLOCK { Sha256::digest(secret).to_vec() } else { secret.to_vec() };
        key.resize(BLOCK, 0);
        Self(key)
    }

    /// The id of a person: HMAC-SHA-256 (RFC 2104) of the issuer and the
    /// subject or personal number, in base64url.
    #[must_use]
    pub fn person(&self, issuer: &str, subject: &str) -> PersonId {
        let pad = |byte: u8| self.0.iter().map(|key| key ^ byte).collect::<Vec<u8>>();
        let inner = Sha256::new()
            .chain_update(pad(0x36))
            .chain_update(issuer)
            .chain_update([0])
            .chain_update(subject)
            .finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let text = URL_SAFE_NO_PAD.encode(outer);
        #[expect(clippy::expect_used, reason = "43 letters, which a test shows")]
        PersonId::new(text).expect("base64url has printable characters")
    }
}

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_known_by_hmac_sha256() {
        // As Python's hmac computes them.
        let key = PersonKey::new(b"Jefe");
        assert_eq!(key.person("a", "b").as_str(), "q-ltKGlJdUxlBR3gjT-LG101wxSvEAgp9QwTlU2Yt-o");
        let long = PersonKey::new(&[0xaa; 131]);
        assert_eq!(long.person("a", "b").as_str(), "kaCpf4fMcm5ptnjLhbCfMtkzBCLlgcW0MGgL3GtwLOY");
        assert_ne!(key.person("a", "b"), key.person("ab", ""));
    }
}
