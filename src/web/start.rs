//! For newcomers: has my company a box, and how does it get one?

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Web;
use super::contact::contact;
use super::form::{Fields, InQuery};
use super::mailbox::reader;
use super::page::{Frame, PageError, SignedIn, Visitor, go, page};
use super::pages::QUESTIONS_PER_MINUTE;
use super::words::Words;
use crate::domain::EnterpriseNumber;
use crate::mailbox::{BoxStatus, MailboxError};

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    frame: Frame,
    number: String,
    answer: Option<Answer>,
    contact: String,
}

/// What is said of a number.
struct Answer {
    mood: &'static str,
    title: String,
    text: String,
    next: Option<(String, String)>,
}

#[derive(Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    number: String,
}

/// `GET /`: in medias res for who is signed in.
pub(super) async fn root(visitor: Visitor) -> Response {
    match (&visitor.session, &visitor.said) {
        (Some(session), None) if session.proven.is_operator => {
            Redirect::to("/console").into_response()
        }
        (Some(_), None) => Redirect::to("/boxes").into_response(),
        _ => Redirect::to(if visitor.said.is_some() {
            "/start?said=said-signed-out"
        } else {
            "/start"
        })
        .into_response(),
    }
}

/// `GET /start`
pub(super) async fn show(
    State(web): State<Web>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    visitor: Visitor,
    InQuery(question): InQuery<Question>,
) -> Result<Response, PageError> {
    let number = question.number.trim().to_owned();
    let is_typing = headers.contains_key("hx-request") && is_unfinished(&number);
    let weight = web.gate.weight_of(QUESTIONS_PER_MINUTE.get());
    let may_ask = number.is_empty() || web.pages.may_ask(address.ip(), &headers, weight);
    let answer = match may_ask {
        true if number.is_empty() || is_typing => None,
        true => Some(answer(&web, visitor.words, &number).await?),
        false => Some(later(visitor.words)),
    };
    let frame = Frame::new(&visitor, "start");
    let contact = contact(&web.pages.contact, visitor.words);
    let mut response = page(&StartPage { frame, number, answer, contact })?;
    if !may_ask {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    }
    Ok(response)
}

/// Stands where the answer would, so that the answer to another number does
/// not stay there.
fn later(words: Words) -> Answer {
    let (title, text) = (words.say("error-too-many"), words.say("error-too-many-text"));
    Answer { mood: "bad", title, text, next: None }
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    frame: Frame,
    fault: Option<String>,
    companies: Vec<Company>,
    /// Whether one of them has no box yet.
    can_register: bool,
    contact: String,
}

/// A company that the visitor represents.
struct Company {
    number: EnterpriseNumber,
    name: String,
    shown: String,
    has_box: bool,
    is_chosen: bool,
}

/// `GET /start/register`
pub(super) async fn register(
    State(web): State<Web>,
    signed_in: SignedIn,
    InQuery(question): InQuery<Question>,
) -> Result<Response, PageError> {
    choose(&web, &signed_in, question.number.parse().ok(), None).await
}

async fn choose(
    web: &Web,
    signed_in: &SignedIn,
    wanted: Option<EnterpriseNumber>,
    fault: Option<String>,
) -> Result<Response, PageError> {
    let represents = &signed_in.session.proven.represents;
    let mut companies = Vec::new();
    for number in represents {
        if let Some(known) = web.ledger.enterprise(*number).await? {
            companies.push(Company {
                number: *number,
                name: known.enterprise.name,
                shown: number.dotted(),
                has_box: known.mailbox.is_some(),
                is_chosen: represents.len() == 1 || wanted == Some(*number),
            });
        }
    }
    let can_register = companies.iter().any(|company| !company.has_box);
    let frame = Frame::new(&signed_in.visitor, "start");
    let contact = contact(&web.pages.contact, signed_in.visitor.words);
    page(&RegisterPage { frame, fault, companies, can_register, contact })
}

/// `POST /start/register`
pub(super) async fn registered(
    State(web): State<Web>,
    signed_in: SignedIn,
    fields: Fields,
) -> Result<Response, PageError> {
    let number: EnterpriseNumber = fields.parsed("number").ok_or(PageError::BadRequest)?;
    let words = signed_in.visitor.words;
    let reader = reader(&signed_in.session, words.0);
    match web.mailbox.register(&reader, number).await {
        Ok(()) => Ok(go(&format!("/boxes/{number}"), "said-registered")),
        Err(MailboxError::InUse) => {
            let fault = words.say("register-fault-has-box");
            choose(&web, &signed_in, Some(number), Some(fault)).await
        }
        Err(MailboxError::Unknown(_) | MailboxError::Forbidden | MailboxError::NotFound) => {
            let fault = words.say("register-fault");
            choose(&web, &signed_in, Some(number), Some(fault)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Only whether there is a box, and whether its company has ceased, which
/// everybody may know: neither a name, nor whether a company without a box is
/// known, nor anything of what lies in the box.
async fn answer(web: &Web, words: Words, number: &str) -> Result<Answer, PageError> {
    let said = |name: &str| (words.say(name), words.say(&format!("{name}-text")));
    let Ok(number) = without_country(number).parse::<EnterpriseNumber>() else {
        let (title, text) = said("answer-invalid");
        return Ok(Answer { mood: "bad", title, text, next: None });
    };
    let (name, mood, next) = match web.mailbox.status(number).await? {
        BoxStatus::Registered => {
            let next = (format!("/sign-in?to=%2Fboxes%2F{number}"), words.say("sign-in"));
            ("answer-has-box", "good", Some(next))
        }
        BoxStatus::Closed => ("answer-closed", "", None),
        BoxStatus::CanRegister | BoxStatus::UnknownCompany => {
            let next = (format!("/start/register?number={number}"), words.say("answer-register"));
            ("answer-no-box", "", Some(next))
        }
    };
    let (title, text) = said(name);
    Ok(Answer { mood, title, text, next })
}

/// Invoices name a company by its VAT number: the same ten digits after `BE`.
fn without_country(number: &str) -> &str {
    let rest = number.get(..2).filter(|prefix| prefix.eq_ignore_ascii_case("be"));
    rest.and_then(|_| number.get(2..)).map_or(number, str::trim_start)
}

/// Whether more digits are to come.
fn is_unfinished(number: &str) -> bool {
    number.chars().filter(char::is_ascii_digit).count() < 10
}

#[cfg(test)]
mod tests {
    use super::{is_unfinished, without_country};

    #[test]
    fn a_vat_number_is_the_number_after_its_country() {
        for (written, number) in [
            ("BE 0400.000.086", "0400.000.086"),
            ("be0400000086", "0400000086"),
            ("0400.000.086", "0400.000.086"),
            ("FR0400000086", "FR0400000086"),
            ("B", "B"),
            ("éBE", "éBE"),
        ] {
            assert_eq!(without_country(written), number);
        }
    }

    #[test]
    fn a_number_is_finished_with_its_tenth_digit() {
        assert!(is_unfinished("0400.000.08") && !is_unfinished("BE 0400.000.086"));
    }
}
