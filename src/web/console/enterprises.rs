//! What the registry knows of a company; nothing of what lies in its box.

use axum::extract::{Path, State};
use axum::response::Response;

use super::detail::{self, Detail, section};
use super::operator::Operator;
use crate::domain::{EnterpriseNumber, LegalState};
use crate::web::Web;
use crate::web::page::PageError;

/// `GET /console/enterprises/{id}`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let number: EnterpriseNumber = id.parse().map_err(|_| PageError::NotFound)?;
    let known = web.ledger.enterprise(number).await?.ok_or(PageError::NotFound)?;
    let persons = web.ledger.persons_count(number).await?;
    let what = number.to_string();
    web.ledger.record_act("enterprise-looked-up", &what, operator.act("")).await?;
    let words = operator.words();
    let yes = |is: bool| words.say(if is { "console-yes" } else { "console-no" });
    let mailbox = known.mailbox.as_ref();
    let opened = mailbox.and_then(|it| it.last_connection);
    let state = match known.enterprise.state {
        LegalState::Active => "console-active",
        LegalState::Closed => "console-closed",
    };
    let facts = section(
        &operator,
        "console-enterprise",
        [
            ("console-number", Some(number.dotted())),
            ("console-state", Some(words.say(state))),
            ("menu-language", Some(known.enterprise.language.code().to_uppercase())),
            ("console-has-box", Some(yes(mailbox.is_some()))),
            ("console-last-opened", opened.map(|at| operator.moment(at).long)),
            ("console-consent", mailbox.map(|it| yes(it.all_digital))),
            ("console-persons", Some(words.number(persons))),
        ],
    );
    let detail = Detail {
        current: "/console/find",
        title: known.enterprise.name.clone(),
        lead: None,
        sections: vec![facts],
        url: String::new(),
        forms: Vec::new(),
    };
    detail::show(&operator, detail)
}
