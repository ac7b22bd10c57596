//! One engine as it is configured by default, on a virtual host and a database
//! of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{sleep, timeout};
use url::Url;

use crate::process::Process;
use crate::services::Services;
use crate::world::registry;
use crate::{http, rows};

pub(crate) struct Lone {
    pub(crate) database: Url,
    pub(crate) broker: Url,
    services: Services,
    process: Process,
    web: u16,
}

const NAME: &str = "fairness";
const READY_MAX: Duration = Duration::from_secs(60);

impl Lone {
    pub(crate) async fn open(services: &Services) -> Result<Self> {
        let folder = services.home.join(NAME);
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder)?;
        services.act("add", &["vhost", NAME]).await?;
        rows::execute(&services.postgres, format!("CREATE DATABASE {NAME}")).await?;
        let (mut database, mut broker) = (services.postgres.clone(), services.broker()?);
        database.set_path(NAME);
        broker.set_path(NAME);
        let web = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let recipe = recipe(folder.clone(), &database, &broker, web);
        std::fs::write(folder.join("registry.jsonl"), registry())?;
        for arguments in [&["migrate"][..], &["registry", "import", "registry.jsonl"]] {
            let output = recipe().args(arguments).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{arguments:?}: {said}");
        }
        let serve = move || {
            let mut command = recipe();
            command.arg("serve");
            command
        };
        let process = Process::new("the engine", folder.join("engine.log"), serve);
        Ok(Self { database, broker, services: services.clone(), process, web })
    }

    pub(crate) async fn start(&self) -> Result<()> {
        self.process.start().await?;
        let ready = async {
            while !matches!(http::get(self.web, "/readyz").await, Ok((200, _))) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(READY_MAX, ready).await.context("the engine is not ready")
    }

    /// Ends it, and throws away what it worked on.
    pub(crate) async fn end(&self) -> Result<()> {
        self.process.end().await?;
        self.services.act("delete", &["vhost", NAME]).await?;
        let drop = format!("DROP DATABASE {NAME} WITH (FORCE)");
        rows::execute(&self.services.postgres, drop).await
    }
}

fn recipe(folder: PathBuf, database: &Url, broker: &Url, web: u16) -> impl Fn() -> Command + use<> {
    let settings = [
        ("LEDGER__URL", database.to_string()),
        ("QUEUE__URL", broker.to_string()),
        ("DOCUMENTS__URL", format!("file://{}/documents", folder.display())),
        ("SEARCH__PATH", folder.join("search").display().to_string()),
        ("WEB__LISTEN", format!("127.0.0.1:{web}")),
        ("METRICS__LISTEN", "127.0.0.1:0".to_owned()),
    ]
    .map(|(key, value)| (format!("FACTEUR__{key}"), value));
    move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
        command.current_dir(&folder).envs(settings.clone()).env_remove("FACTEUR_CONFIG");
        command
    }
}
