//! A virtual host with an account for each agency, as an installation has.

use anyhow::Result;
use facteur::domain::Digest;
use facteur::queue::Queue;
use facteur::queue::amqp::AmqpQueue;
use serde_json::{Value, json};
use url::Url;

use crate::support::vhost::VirtualHost;
use crate::support::world::{Company, ONSS, TAX, WORK};

/// By which each agency uploads.
const UPLOAD_KEY: &str = "the key of an agency's uploads";
/// What an agency may do: publish documents, read its receipts.
const WRITE: &str = r"^facteur\.documents$";
const READ: &str = r"^facteur\.receipts\.";

pub(super) struct House {
    host: VirtualHost,
}

impl House {
    pub(super) fn new() -> Self {
        let house = Self { host: VirtualHost::new() };
        let name = house.host.name();
        for account in house.accounts() {
            house.host.run(&["add_user", &account, "secret"]);
            house.host.run(&["set_permissions", "-p", name, &account, "^$", WRITE, READ]);
        }
        house
    }

    pub(super) fn url(&self) -> &str {
        self.host.url()
    }

    fn accounts(&self) -> [String; 2] {
        ["tax", "work"].map(|account| format!("{}-{account}", self.host.name()))
    }

    /// The registry with this house's accounts and keys.
    pub(super) fn accounts_in(&self, registry: &str) -> String {
        let [tax, work] = self.accounts();
        let digest = Digest::of(UPLOAD_KEY.as_bytes());
        let account = |name| format!(r#""account":"{name}","uploadKeyDigest":"{digest}""#);
        registry
            .replace(r#""account":"tax""#, &account(tax))
            .replace(r#""account":"work""#, &account(work))
    }

    /// The broker's address with the account of [`TAX`].
    pub(super) fn agency(&self) -> Result<String> {
        let mut url = Url::parse(self.url())?;
        let [tax, _] = self.accounts();
        let is_set = url.set_username(&tax).is_ok() && url.set_password(Some("secret")).is_ok();
        anyhow::ensure!(is_set, "{url} takes no account");
        Ok(url.into())
    }

    /// What an agency must know.
    pub(super) fn task(&self, count: u32) -> Result<Value> {
        let url = Url::parse(self.url())?;
        let [tax, work] = self.accounts();
        Ok(json!({
            "host": url.host_str(), "port": url.port(), "vhost": self.host.name(),
            "accounts": {
                TAX: { "user": tax, "password": "secret" },
                WORK: { "user": work, "password": "secret" },
            },
            "organization": ONSS,
            "companies": {
                "active": Company::Active.number(), "occasional": Company::Occasional.number(),
                "neverOpened": Company::NeverOpened.number(), "boxless": Company::Boxless.number(),
                "unknown": Company::Unknown.number(), "closed": Company::Closed.number(),
            },
            "count": count,
            "uploadKey": UPLOAD_KEY,
        }))
    }

    pub(super) fn queue(&self) -> Result<impl Queue> {
        Ok(AmqpQueue::new(self.url())?)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        for account in self.accounts() {
            self.host.run(&["delete_user", &account]);
        }
    }
}
