//! Who asks: what handlers of the REST interface take as an argument.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::Fault;
use super::gate::forbidden;
use super::token::{Authority, Scope};
use crate::clock::belgian_day;
use crate::domain::{ApplicationId, EnterpriseNumber, Language};
use crate::ledger::Reference;
use crate::mailbox::{Claims, Reader};
use crate::web::auth::{away, key_holder};
use crate::web::{Problem, Web};

/// The header that names the enterprise for which a client acts, where it is
/// not its own.
pub(in crate::web) const ON_BEHALF_OF: &str = "on-behalf-of";

/// An agency's application, proven by its key or by a token with the scope of
/// publishing.
#[derive(Clone, Debug)]
pub(in crate::web) struct Publisher {
    pub(in crate::web) application: ApplicationId,
    /// The enterprise that its token is limited to; a key is not.
    pub(in crate::web) enterprise: Option<EnterpriseNumber>,
    /// The reference data that it was found in.
    pub(in crate::web) reference: Arc<Reference>,
}

impl Publisher {
    pub(in crate::web) async fn of(parts: &Parts, web: &Web) -> Result<Self, Problem> {
        let now = web.clock.now();
        let Some(authority) = web.gate.bearer(parts, Scope::Publish, now).await? else {
            let (application, reference) = key_holder(parts, web).await?;
            web.gate.keep_pace(application.as_str())?;
            return Ok(Self { application, enterprise: None, reference });
        };
        Self::by(authority, web).await
    }

    /// The one that a token with the scope of publishing names.
    async fn by(authority: Authority, web: &Web) -> Result<Self, Problem> {
        let Authority { application, enterprise, .. } = authority;
        let application = application.ok_or_else(|| {
            let claim = &web.gate.settings.application_claim;
            forbidden("NO_APPLICATION", format!("the token's claim {claim} names no application"))
        })?;
        let reference = web.ledger.reference().await.map_err(|error| away(&error))?;
        match reference.applications.contains_key(&application) {
            true => Ok(Self { application, enterprise, reference }),
            false => Err(forbidden("NO_APPLICATION", "the token's application is not registered")),
        }
    }

    /// Whether it may send for an organization: its own, or one that gave it a
    /// mandate.
    pub(in crate::web) async fn may_send_for(
        &self,
        web: &Web,
        organization: EnterpriseNumber,
    ) -> Result<bool, Problem> {
        match self.enterprise {
            None => Ok(true),
            Some(own) => is_mandated(web, organization, own).await,
        }
    }

    /// Those of these organizations for which it may send. What concerns
    /// another's mail is nothing that it may be told.
    pub(in crate::web) async fn own(
        &self,
        web: &Web,
        organizations: BTreeSet<EnterpriseNumber>,
    ) -> Result<BTreeSet<EnterpriseNumber>, Problem> {
        let mut own = BTreeSet::new();
        for organization in organizations {
            if self.may_send_for(web, organization).await? {
                own.insert(organization);
            }
        }
        Ok(own)
    }
}

impl FromRequestParts<Web> for Publisher {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Fault> {
        Ok(Self::of(parts, web).await?)
    }
}

/// Software of a company: known to the registry as a person, and held to its
/// grants like one.
#[derive(Clone, Debug)]
pub(in crate::web) struct Consumer {
    pub(in crate::web) reader: Reader,
    /// Whose box: its own enterprise's, or that of a mandator.
    pub(in crate::web) enterprise: EnterpriseNumber,
}

impl FromRequestParts<Web> for Consumer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Fault> {
        let authority = web.gate.bearer(parts, Scope::Consume, web.clock.now()).await?;
        Ok(Self::by(authority.ok_or_else(Problem::no_token)?, parts, web).await?)
    }
}

impl Consumer {
    /// The one that a token with the scope of consuming names.
    async fn by(authority: Authority, parts: &Parts, web: &Web) -> Result<Self, Problem> {
        let own = authority.enterprise.ok_or_else(|| {
            let claim = &web.gate.settings.enterprise_claim;
            forbidden("NO_ENTERPRISE", format!("the token's claim {claim} names no enterprise"))
        })?;
        let person = authority.person.ok_or_else(|| {
            let claim = &web.gate.settings.person_claim;
            forbidden("NO_PERSON", format!("the token's claim {claim} does not say who asks"))
        })?;
        let enterprise = on_behalf_of(parts)?.unwrap_or(own);
        if !is_mandated(web, enterprise, own).await? {
            let message = "no mandate of that enterprise is in force for yours";
            return Err(forbidden("NO_MANDATE", message).at("/on-behalf-of"));
        }
        let claims = Claims {
            name: authority.name,
            language: Language::En,
            represents: [enterprise].into(),
        };
        Ok(Self { reader: Reader { person, claims }, enterprise })
    }
}

/// A program that only asks who sends what: software of a company, or an
/// agency's application.
pub(in crate::web) struct Program;

impl Program {
    /// # Errors
    /// As for the one, or the other.
    pub(in crate::web) async fn prove(parts: &Parts, web: &Web) -> Result<Self, Problem> {
        let Some(authority) = web.gate.authority(parts, web.clock.now()).await? else {
            return Publisher::of(parts, web).await.map(|_| Self);
        };
        match (&authority.scopes, authority.scopes.contains(&Scope::Consume)) {
            (_, true) => Consumer::by(authority, parts, web).await.map(|_| Self),
            (scopes, false) if scopes.contains(&Scope::Publish) => {
                Publisher::by(authority, web).await.map(|_| Self)
            }
            _ => Err(web.gate.out_of_scope(Scope::Consume)),
        }
    }
}

fn on_behalf_of(parts: &Parts) -> Result<Option<EnterpriseNumber>, Problem> {
    let Some(header) = parts.headers.get(ON_BEHALF_OF) else { return Ok(None) };
    let number = header.to_str().ok().and_then(|text| text.parse().ok());
    let wrong = || {
        let message = "On-Behalf-Of is one enterprise number";
        Problem::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", message).at("/on-behalf-of")
    };
    number.map(Some).ok_or_else(wrong)
}

/// Whether `holder` may act for `mandator` today: for itself always.
async fn is_mandated(
    web: &Web,
    mandator: EnterpriseNumber,
    holder: EnterpriseNumber,
) -> Result<bool, Problem> {
    if mandator == holder {
        return Ok(true);
    }
    let mandate = web.ledger.mandate(mandator, holder).await.map_err(|error| away(&error))?;
    Ok(mandate.is_some_and(|mandate| mandate.is_in_force(belgian_day(web.clock.now()))))
}
