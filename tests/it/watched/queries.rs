//! The queries that ship: of panels, and of alerts.

use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::Regex;
use serde_json::Value;

use super::dashboards;
use crate::shipped::{json, yaml};
use crate::support::world::TAX;

/// A query of Prometheus, and where it stands.
#[derive(Debug)]
pub(super) struct Query {
    /// The alert, or the dashboard's file and the panel.
    pub(super) place: String,
    pub(super) text: String,
}

impl Query {
    pub(super) fn new(place: &str, text: &str) -> Self {
        Self { place: place.to_owned(), text: text.to_owned() }
    }
}

/// Metrics with their labels; a function's name has a bracket behind it.
static SELECTOR: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"\b(?:facteur_[a-z_]+|up)\b(?:\{[^}]*\})?";
    Regex::new(text).unwrap_or_else(|fault| panic!("{fault}"))
});

/// Everything that panels ask, with what a person would choose and what Grafana
/// would fill in.
pub(super) fn of_dashboards() -> Result<Vec<Query>> {
    let mut queries = Vec::new();
    for file in dashboards()? {
        let board = json(&file)?;
        for panel in board["panels"].as_array().context("no panels")? {
            let place = format!("{file}: {}", panel["title"]);
            for target in panel["targets"].as_array().context("no targets")? {
                let asked = target["expr"].as_str().context("no query")?;
                queries.push(Query::new(&place, &filled_in(asked)));
            }
        }
        for variable in board["templating"]["list"].as_array().into_iter().flatten() {
            queries.push(Query::new(&file, &values(variable)?));
        }
    }
    Ok(queries)
}

fn filled_in(asked: &str) -> String {
    let filled = asked.replace("$__rate_interval", "1m").replace("$application", TAX);
    filled.replace("$printer", ".*")
}

/// `label_values(metric, label)` → the metric where it has that label.
fn values(variable: &Value) -> Result<String> {
    let text = variable["query"]["query"].as_str().context("no query")?;
    let inner = text.strip_prefix("label_values(").and_then(|text| text.strip_suffix(')'));
    let (metric, label) = inner.and_then(|it| it.split_once(", ")).context("not label_values")?;
    Ok(format!(r#"{metric}{{{label}!=""}}"#))
}

/// Every alert, by its name.
pub(super) fn of_alerts() -> Result<Vec<Query>> {
    let alerts = yaml("config/alerts.yml")?;
    let rules = alerts["groups"][0]["rules"].as_array().context("no rules")?.clone();
    let query = |rule: &Value| {
        let (name, text) = (rule["alert"].as_str(), rule["expr"].as_str());
        Ok(Query::new(name.context("no name")?, text.context("no expression")?))
    };
    rules.iter().map(query).collect()
}

/// What an expression asks for: it may be empty where all is well, but what it
/// looks at must be there.
pub(super) fn selectors(query: &Query) -> Vec<Query> {
    let found = SELECTOR.find_iter(&query.text);
    found.map(|found| Query::new(&query.place, found.as_str())).collect()
}
