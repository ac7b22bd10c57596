//! A Prometheus of the test's own: its folder, its port, the rules that ship.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::queries::Query;
use crate::shipped::ROOT;
use crate::support::wait::until;
use crate::web::client::{Answer, Request};

pub(super) struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// Asks this target each second.
    ///
    /// # Errors
    /// Where there is no Prometheus: the test fails, it is not skipped.
    pub(super) async fn over(target: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("prometheus.yml");
        let rules = Path::new(ROOT).join("config/alerts.yml");
        std::fs::write(&config, configuration(target, &rules.display().to_string()))?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("prometheus is needed: ./dev services up installs it")?;
        let mut prometheus = Self { child, address, _folder: folder };
        prometheus.listens().await?;
        Ok(prometheus)
    }

    async fn listens(&mut self) -> Result<()> {
        let address = self.address;
        until("Prometheus listens", async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
                || self.child.try_wait().is_ok_and(|ended| ended.is_some())
        })
        .await;
        ensure!(self.child.try_wait()?.is_none(), "Prometheus ended at once");
        Ok(())
    }

    /// The queries that find nothing, or nothing that is a number: a quantile of
    /// nothing and a share of nothing are answered, too.
    pub(super) async fn silent<'q>(&self, queries: &'q [Query]) -> Vec<&'q Query> {
        let mut silent = Vec::new();
        for query in queries {
            let answer = self.ask(&query.text).await;
            assert_eq!(answer.status, 200, "{query:?}: {}", answer.json());
            let found = answer.json()["data"]["result"].as_array().cloned().unwrap_or_default();
            if !found.iter().any(is_figure) {
                silent.push(query);
            }
        }
        silent
    }

    async fn ask(&self, query: &str) -> Answer {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        Request::new(self.address, "GET", &format!("/api/v1/query?query={query}")).send().await
    }

    /// The rules, as Prometheus evaluated them last.
    pub(super) async fn rules(&self) -> Result<Value> {
        let ask = async || Request::new(self.address, "GET", "/api/v1/rules").send().await.json();
        until("every rule was evaluated", async || {
            !ask().await["data"]["groups"].to_string().contains(r#""health":"unknown""#)
        })
        .await;
        Ok(ask().await["data"]["groups"].clone())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// An element of an instant vector: its value is a pair of time and text.
fn is_figure(element: &Value) -> bool {
    let value = element["value"][1].as_str().and_then(|text| text.parse::<f64>().ok());
    value.is_some_and(f64::is_finite)
}

fn configuration(target: &str, rules: &str) -> String {
    format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
         rule_files: ['{rules}']\n\
         scrape_configs:\n\
         \x20 - job_name: facteur\n\
         \x20   static_configs: [{{ targets: ['{target}'] }}]\n"
    )
}
