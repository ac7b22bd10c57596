//! From claims to what a program may do.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Claims, TokenFault, scopes};
use crate::config::Api;
use crate::domain::{ApplicationId, EnterpriseNumber, PersonId};
use crate::mailbox::PersonKey;

/// What a token was issued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::web) enum Scope {
    Publish,
    Consume,
    Print,
    Operate,
}

/// A proven program, and what its token says that it may do.
#[derive(Clone, Debug)]
pub(in crate::web) struct Authority {
    /// Who, for its pace.
    pub(in crate::web) client: String,
    pub(in crate::web) scopes: BTreeSet<Scope>,
    pub(in crate::web) application: Option<ApplicationId>,
    /// Whom it acts for.
    pub(in crate::web) enterprise: Option<EnterpriseNumber>,
    pub(in crate::web) printer: Option<String>,
    /// Who it is in the registry, where it has grants like a person. Only its
    /// own claim says that: who gives out clients' names gives no grants.
    pub(in crate::web) person: Option<PersonId>,
    pub(in crate::web) name: String,
}

/// Which claim and which scope means what.
pub(super) struct Names {
    pub(super) api: Api,
    pub(super) person_key: Option<PersonKey>,
}

impl Names {
    pub(super) fn authority(&self, claims: &Claims) -> Result<Authority, TokenFault> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let subject = text(&self.api.person_claim);
        let client = text("client_id").or_else(|| text("azp")).or(subject);
        let client = client.ok_or(TokenFault::Invalid("it says nothing of who asks"))?;
        let unreadable = TokenFault::Invalid("a claim of it cannot be read");
        Ok(Authority {
            client: client.to_owned(),
            scopes: self.scopes(claims),
            application: parsed(text(&self.api.application_claim), &unreadable)?,
            enterprise: parsed(text(&self.api.enterprise_claim), &unreadable)?,
            printer: text(&self.api.printer_claim).map(str::to_owned),
            person: subject.map(|it| self.person(it).ok_or(unreadable)).transpose()?,
            name: text("name").unwrap_or(client).to_owned(),
        })
    }

    fn scopes(&self, claims: &Claims) -> BTreeSet<Scope> {
        let api = &self.api;
        let known = [
            (&api.scope_publish, Scope::Publish),
            (&api.scope_consume, Scope::Consume),
            (&api.scope_print, Scope::Print),
            (&api.scope_operate, Scope::Operate),
        ];
        let named = scopes(claims);
        let held = known.into_iter().filter(|(name, _)| named.contains(name.as_str()));
        held.map(|(_, scope)| scope).collect()
    }

    /// As [`crate::web::Pages`] makes it of a person.
    fn person(&self, subject: &str) -> Option<PersonId> {
        match &self.person_key {
            Some(key) => Some(key.person(&self.api.issuer, subject)),
            None => PersonId::new(subject).ok(),
        }
    }
}

/// A claim that is there must be readable: it might have been a limit.
fn parsed<T: std::str::FromStr>(
    text: Option<&str>,
    unreadable: &TokenFault,
) -> Result<Option<T>, TokenFault> {
    text.map(|text| text.parse().map_err(|_| unreadable.clone())).transpose()
}
