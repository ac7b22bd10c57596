//! What ships beside the code agrees with itself and with the contract: the
//! compose file, the files it mounts, what Prometheus asks and what wakes
//! operators.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use facteur::config;
use facteur::telemetry::names::{self, Kind, Metric};
use regex::Regex;
use serde_json::Value;

use crate::shipped::{ROOT, json, text, yaml};

/// The keys that every installation decides about: the compose file must not
/// leave one at its default. They are a contract, so they stand here again.
const PINNED: &[&str] = &[
    "ledger.url",
    "queue.url",
    "documents.url",
    "search.path",
    "web.listen",
    "metrics.listen",
    "policy.path",
];

#[test]
fn compose_file_follows_the_specification() -> Result<()> {
    let schema = json("schemas/vendor/compose-spec.json")?;
    let validator = jsonschema::draft7::new(&schema)?;
    let faults: Vec<_> = validator
        .iter_errors(&compose()?)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let misspelt = serde_json::json!({ "services": { "engine": { "imagee": "facteur" } } });
    assert!(!validator.is_valid(&misspelt), "the schema lets anything pass");
    Ok(())
}

#[test]
fn compose_sets_keys_that_exist_and_every_pinned_one() -> Result<()> {
    let (compose, keys) = (compose()?, keys()?);
    for service in ["engine", "migrate"] {
        let variables = compose["services"][service]["environment"].as_object();
        let variables = variables.context("no environment")?.keys();
        let ours = variables.filter(|name| name.starts_with("FACTEUR__"));
        let set: BTreeSet<String> = ours.map(|name| key(name)).collect();
        assert!(set.is_subset(&keys), "{service} sets {:?}", set.difference(&keys));
        let pinned = PINNED.iter().map(|key| (*key).to_owned()).collect();
        assert!(set.is_superset(&pinned), "{service} leaves a pinned key at its default");
    }
    Ok(())
}

/// What compose starts, and where it asks whether the engine is well.
#[test]
fn compose_runs_commands_that_exist() -> Result<()> {
    let compose = compose()?;
    let program = <facteur::cli::Cli as clap::CommandFactory>::command();
    for service in ["engine", "migrate"] {
        let command = list(&compose["services"][service]["command"]).next().context("none")?;
        assert!(program.find_subcommand(command).is_some(), "{service} runs {command}");
    }
    let engine = &compose["services"]["engine"];
    let listen = engine["environment"]["FACTEUR__WEB__LISTEN"].as_str().context("no address")?;
    let port = listen.rsplit(':').next().context("no port")?;
    let asked = list(&engine["healthcheck"]["test"]).last().context("no health check")?;
    assert!(asked.contains(&format!("/dev/tcp/127.0.0.1/{port}")), "{asked}");
    assert!(asked.contains("GET /readyz "), "{asked}");
    Ok(())
}

#[test]
fn compose_publishes_on_this_machine_alone() -> Result<()> {
    for (name, service) in services(&compose()?)? {
        for port in list(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} publishes {port}");
        }
    }
    Ok(())
}

#[test]
fn compose_mounts_files_that_exist() -> Result<()> {
    for (name, service) in services(&compose()?)? {
        for volume in list(&service["volumes"]).filter(|volume| volume.starts_with("./config/")) {
            let file = volume.split(':').next().context("empty")?;
            assert!(Path::new(ROOT).join(file).try_exists()?, "{name} mounts {file}");
        }
    }
    Ok(())
}

#[test]
fn every_lasting_service_says_whether_it_is_well() -> Result<()> {
    for (name, service) in services(&compose()?)? {
        let is_lasting = service["restart"] != "no";
        assert_eq!(is_lasting, service["healthcheck"].is_object(), "{name}");
    }
    Ok(())
}

#[test]
fn prometheus_asks_the_engine_where_it_listens() -> Result<()> {
    let engine = &compose()?["services"]["engine"]["environment"];
    let listen = engine["FACTEUR__METRICS__LISTEN"].as_str().context("no address")?;
    let port = listen.rsplit(':').next().context("no port")?;
    let job = &yaml("config/prometheus.yml")?["scrape_configs"][0];
    assert_eq!(job["static_configs"][0]["targets"][0], format!("engine:{port}"));
    assert_eq!(job["metrics_path"], "/metrics");
    Ok(())
}

#[test]
fn whatever_names_a_metric_names_one_that_exists() -> Result<()> {
    let metric = Regex::new(r"\bfacteur_\w+")?;
    let mut named = BTreeSet::new();
    let config = ["config/alerts.yml", "config/alerts.test.yml", "config/prometheus.yml"];
    let config = config.map(str::to_owned).into_iter();
    for file in config.chain(crate::watched::dashboards()?) {
        for name in metric.find_iter(&text(&file)?) {
            assert!(is_series(name.as_str()), "{file} names {}", name.as_str());
            named.insert(name.as_str().to_owned());
        }
    }
    assert!(named.contains(names::ACCOUNT_DIFFERENCE.name), "nobody watches the account");
    Ok(())
}

#[test]
fn every_alert_of_the_engine_asks_the_engine() -> Result<()> {
    let alerts = yaml("config/alerts.yml")?;
    for rule in alerts["groups"][0]["rules"].as_array().context("no rules")? {
        let expression = rule["expr"].as_str().context("no expression")?;
        assert!(expression.contains("facteur"), "{}", rule["alert"]);
    }
    Ok(())
}

/// A histogram is three series; the others are one.
fn is_series(name: &str) -> bool {
    names::ALL.iter().any(|metric: &Metric| match metric.kind {
        Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix) == Some(metric.name)),
        Kind::Counter | Kind::Gauge => name == metric.name,
    })
}

/// Every key of `config/facteur.toml`, as `section.key`.
pub(crate) fn keys() -> Result<BTreeSet<String>> {
    let sections: toml::Table = config::DEFAULT.parse()?;
    let of = |(section, keys): (&String, &toml::Value)| -> Vec<String> {
        let keys = keys.as_table().into_iter().flatten();
        keys.map(|(key, _)| format!("{section}.{key}")).collect()
    };
    Ok(sections.iter().flat_map(of).collect())
}

/// `FACTEUR__LEDGER__URL` → `ledger.url`.
pub(crate) fn key(variable: &str) -> String {
    variable.replacen("FACTEUR__", "", 1).replace("__", ".").to_lowercase()
}

fn compose() -> Result<Value> {
    yaml("docker-compose.yml")
}

fn services(compose: &Value) -> Result<impl Iterator<Item = (&String, &Value)>> {
    Ok(compose["services"].as_object().context("no services")?.iter())
}

fn list(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
