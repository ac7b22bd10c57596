//! What operators watch: a real Prometheus asks a real engine that has worked
//! through a mix of documents, and every query of every dashboard and every
//! alert finds something.

mod fresh;
mod mix;
mod prometheus;
mod queries;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use facteur::telemetry::measure::STAGES;
use regex::Regex;
use serde_json::Value;

use crate::shipped::{ROOT, json, text, yaml};
use crate::support::wait::until_worked_off;
use mix::Line;
use prometheus::Prometheus;
use queries::{Query, of_alerts, of_dashboards, selectors};

const DASHBOARDS: &str = "config/grafana/dashboards";

/// The files of the dashboards.
pub(crate) fn dashboards() -> Result<Vec<String>> {
    let entries = std::fs::read_dir(std::path::Path::new(ROOT).join(DASHBOARDS))?;
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut files: Vec<String> =
        entries.map(|entry| Ok(format!("{DASHBOARDS}/{}", name(entry?)))).collect::<Result<_>>()?;
    files.sort();
    ensure!(files.len() >= 5, "only {files:?}");
    Ok(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_prometheus_finds_what_every_panel_and_alert_asks_for() -> Result<()> {
    let line = Line::start().await?;
    let prometheus = Prometheus::over(&line.metrics()?).await?;
    line.work().await?;
    let mut asked = of_dashboards()?;
    ensure!(asked.len() > 40, "only {} queries on the dashboards", asked.len());
    asked.extend(of_alerts()?.iter().flat_map(selectors));
    let mut silent: Vec<&Query> = Vec::new();
    until_worked_off("every query finds something", async || {
        line.go_on().await.unwrap_or_default();
        line.look_around().await.unwrap_or_default();
        silent = prometheus.silent(&asked).await;
        silent.is_empty() || line.has_waited()
    })
    .await;
    ensure!(silent.is_empty(), "nothing is found by {silent:#?}");
    rules_are_evaluated(&prometheus).await?;
    line.stop().await
}

/// Prometheus itself says that each rule's expression can be evaluated, and that
/// none of them wakes anybody: the line is well.
async fn rules_are_evaluated(prometheus: &Prometheus) -> Result<()> {
    let groups = prometheus.rules().await?;
    let rules: Vec<&Value> = groups
        .as_array()
        .context("no groups")?
        .iter()
        .filter_map(|group| group["rules"].as_array())
        .flatten()
        .collect();
    ensure!(rules.len() == of_alerts()?.len(), "{rules:?}");
    for rule in rules {
        ensure!(rule["health"] == "ok", "{rule}");
        ensure!(rule["state"] != "firing" || rule["name"] == "QuarantineWaits", "{rule}");
    }
    Ok(())
}

/// What would ask for something that no engine has is seen.
#[test]
fn a_query_names_what_it_asks_for() {
    let query = Query::new("a", r#"sum(rate(facteur_errors_total{stage="x"}[5m])) > 0 or up == 0"#);
    let found: Vec<String> = selectors(&query).into_iter().map(|query| query.text).collect();
    assert_eq!(found, [r#"facteur_errors_total{stage="x"}"#, "up"]);
}

#[test]
fn dashboards_are_unlike_and_ask_our_prometheus() -> Result<()> {
    let provisioned = yaml("config/grafana/datasource.yml")?["datasources"][0]["uid"].clone();
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for file in dashboards()? {
        let board = json(&file)?;
        ensure!(ids.insert(board["uid"].to_string()), "{file}: its uid is another's");
        for panel in board["panels"].as_array().context("no panels")? {
            ensure!(panel["datasource"]["uid"] == provisioned, "{file}: {}", panel["title"]);
            ensure!(panel["description"].as_str().is_some_and(|text| text.len() > 5), "{panel}");
            let title = format!("{file}: {}", panel["title"]);
            ensure!(titles.insert(title.clone()), "{title} twice");
        }
    }
    Ok(())
}

/// What alerts, their cases and the runbook name is what the program says.
#[test]
fn every_stage_that_is_named_exists() -> Result<()> {
    let (named, word) =
        (Regex::new(r#"stage(?:=|!=|=~|!~|: )"?([a-z|-]+)"#)?, Regex::new("[a-z-]+")?);
    let mut found = BTreeSet::new();
    for file in ["config/alerts.yml", "config/alerts.test.yml"] {
        let text = text(file)?;
        for stages in named.captures_iter(&text) {
            found.extend(word.find_iter(&stages[1]).map(|it| it.as_str().to_owned()));
        }
    }
    ensure!(found.len() >= 5, "{found:?}");
    for stage in &found {
        ensure!(STAGES.contains(&stage.as_str()), "there is no stage {stage}");
    }
    // And who is woken by one finds it in the runbook.
    let runbook = text("config/runbook.md")?;
    for stage in STAGES.iter().filter(|stage| **stage != "printer") {
        ensure!(runbook.contains(&format!("`{stage}`")), "the runbook does not speak of {stage}");
    }
    Ok(())
}

/// Every alert is shown to fire and not to fire, and says what to do in the manual.
#[test]
fn every_alert_has_its_cases_and_its_page() -> Result<()> {
    let (tests, manual) = (yaml("config/alerts.test.yml")?, text("config/runbook.md")?);
    let cases: Vec<&Value> = tests["tests"]
        .as_array()
        .context("no tests")?
        .iter()
        .filter_map(|test| test["alert_rule_test"].as_array())
        .flatten()
        .collect();
    for alert in of_alerts()? {
        let of_it = cases.iter().filter(|case| case["alertname"] == alert.place);
        let fires = |case: &&Value| case["exp_alerts"].as_array().is_some_and(|it| !it.is_empty());
        let fires: BTreeSet<bool> = of_it.map(fires).collect();
        ensure!(fires.contains(&true), "{} is never shown to fire", alert.place);
        ensure!(fires.contains(&false), "{} is never shown not to fire", alert.place);
        let heading = Regex::new(&format!(r"(?m)^\*\*{}\*\*", alert.place))?;
        ensure!(heading.is_match(&manual), "the manual does not say what {} is", alert.place);
    }
    Ok(())
}
