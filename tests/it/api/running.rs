//! The program itself with an issuer of tokens beside it, for clients that are
//! programs of their own.

use anyhow::{Context as _, Result};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::Digest;
use serde_json::{Value, json};

use super::counter::content_type;
use super::issuer::{AUDIENCE, Issuer, Key};
use crate::pages::site::manager;
use crate::support::engine::Engine;
use crate::support::program::{Ended, Program};
use crate::support::world::{Company, ONSS, TAX, registry};
use crate::web::client::Request;

/// The printer that asks over HTTP, and its key.
pub(crate) const PRINTER: &str = "liege";
const PRINTER_KEY: &str = "a-key-of-the-tests";
/// The upload key of [`TAX`].
pub(crate) const UPLOAD_KEY: &str = "an-upload-key-of-the-tests";

pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) program: Program,
    pub(crate) url: String,
    issuer: Issuer,
    key: Key,
}

impl Running {
    pub(crate) async fn start() -> Result<Self> {
        Self::start_as(Program::new()?).await
    }

    /// With what differs in the configuration.
    pub(crate) async fn start_as(program: Program) -> Result<Self> {
        let key = Key::new("first");
        let issuer = Issuer::start(&key).await;
        let program = program
            .with("API__ISSUER", &issuer.url())
            .with("API__AUDIENCE", AUDIENCE)
            .with("API__REQUESTS_PER_SECOND", "100000");
        let printers = program.file("printers.toml", &printers())?;
        let program = program.with("PAPER__PRINTERS", &printers);
        let lines = program.file("registry.jsonl", &lines()?)?;
        program.ask(&["registry", "import", &lines]).await?;
        let engine = program.serve().await;
        let address = engine.listens_on("web.listen").context("a ready engine listens")?;
        let url = format!("http://{address}");
        Ok(Self { engine, program, url, issuer, key })
    }

    /// A token for everything that programs do: it publishes for [`TAX`],
    /// reads the box of [`Company::Active`], and prints.
    pub(crate) fn token(&self) -> String {
        self.token_with(&json!({}))
    }

    /// The same with other claims.
    pub(crate) fn token_with(&self, more: &Value) -> String {
        let now = SystemClock.now().as_second();
        let mut claims = self.issuer.claims(TAX, "publish consume print");
        claims["sub"] = json!(manager(Company::Active));
        claims["enterprise"] = json!(Company::Active.number());
        claims["printer"] = json!(PRINTER);
        (claims["iat"], claims["exp"]) = (json!(now), json!(now + 3_600));
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        self.key.token(&claims)
    }

    /// Parts to `/ebox/messages`, under a key.
    pub(crate) fn publication(&self, key: &str, body: &[u8]) -> Request {
        self.engine
            .request("POST", "/ebox/messages")
            .header("authorization", &format!("Bearer {}", self.token()))
            .header("idempotency-key", key)
            .header("content-type", &content_type())
            .body(body)
    }

    /// Runs a Python of the project's own with these arguments, in the
    /// program's folder.
    pub(crate) async fn python(&self, arguments: &[&str]) -> Result<Ended> {
        let interpreter = std::env::var("FACTEUR_TEST_PYTHON");
        let interpreter = interpreter.context("./dev services env prints FACTEUR_TEST_PYTHON")?;
        self.program.foreign(&interpreter, arguments).await
    }
}

fn printers() -> String {
    let digest = Digest::of(PRINTER_KEY.as_bytes());
    format!(
        "[[printer]]\nname = \"overflow\"\n\n[[printer]]\nname = \"{PRINTER}\"\n\
         takes_from = \"rest\"\nkey_digest = \"{digest}\"\nfallback = \"overflow\"\n\
         [[printer.lane]]\ncountries = [\"BE\"]\n"
    )
}

/// The world, in which the active company may publish for the organization
/// that sends, and the application has an upload key.
fn lines() -> Result<String> {
    let digest = Digest::of(UPLOAD_KEY.as_bytes());
    let keyed = format!("\"account\":\"tax\",\"uploadKeyDigest\":\"{digest}\"");
    let mut lines = registry(SystemClock.now())?.replace("\"account\":\"tax\"", &keyed);
    let sender = json!({ "kind": "enterprise", "number": ONSS, "name": "ONSS",
                         "language": "fr", "state": "active" });
    let mandate =
        json!({ "kind": "mandate", "mandator": ONSS, "holder": Company::Active.number() });
    for line in [sender, mandate] {
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    Ok(lines)
}
