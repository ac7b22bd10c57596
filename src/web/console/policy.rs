//! By which policy each engine decides, and having all of them read it again.

use axum::extract::State;
use axum::response::Response;

use super::act::reason;
use super::detail::{self, ActForm, Detail, Fact, Section};
use super::operator::Operator;
use crate::decide::Ruling;
use crate::ledger::EngineFigures;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, go};

const URL: &str = "/console/policy";

/// `GET /console/policy`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
) -> Result<Response, PageError> {
    let words = operator.words();
    let (engines, _) = web.ledger.figures(operator.now).await?;
    let fact = |engine: &EngineFigures| Fact {
        name: engine.engine.to_string(),
        value: match &engine.policy_fault {
            Some(fault) => format!("{} – {}: {fault}", engine.policy, words.say("console-refused")),
            None => engine.policy.to_string(),
        },
        url: None,
    };
    let engines =
        Section { title: words.say("console-engines"), facts: engines.iter().map(fact).collect() };
    let ruling = |ruling: Ruling| match ruling.medium() {
        Some(medium) => words.say(&format!("medium-{}", medium.as_str())),
        None => words.say("console-refuse"),
    };
    let rulebook = operator.backstage.intake.rulebook();
    let rules = rulebook.policy.rules.iter().chain([&rulebook.policy.default]);
    let rules = rules.map(|rule| Fact {
        name: rule.name.to_string(),
        value: format!("{} · {}", ruling(rule.ruling), rule.reason),
        url: None,
    });
    let rules = Section { title: words.say("console-rules"), facts: rules.collect() };
    let detail = Detail {
        current: URL,
        title: words.say("console-policy"),
        lead: Some(words.say("console-policy-lead").into()),
        sections: vec![engines, rules],
        url: URL.into(),
        forms: vec![ActForm::new(&operator, "reload", "console-policy-reload")],
    };
    detail::show(&operator, detail)
}

/// `POST /console/policy`
pub(super) async fn act(
    State(web): State<Web>,
    operator: Operator,
    fields: Fields,
) -> Result<Response, PageError> {
    if fields.one("do") != Some("reload") {
        return Err(PageError::BadRequest);
    }
    web.ledger.ask_for_policy(operator.act(&reason(&fields))).await?;
    Ok(go(URL, "said-policy-asked"))
}
