//! Reads what is new in a box over REST, with a bearer token.
//!
//! ```text
//! FACTEUR_TOKEN=… cargo run --example read_box -- http://127.0.0.1:8080 [ON-BEHALF-OF]
//! ```
//!
//! `FACTEUR_TOKEN` is an access token of the issuer that `[api]` names, with the
//! scope of consuming. It names the enterprise; another one's box is read with a
//! mandate.
#![expect(clippy::print_stdout, reason = "what a program of the command line does")]

use std::io::Read as _;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

struct Reader {
    url: String,
    token: String,
    behalf: Option<String>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else { bail!("URL [ON-BEHALF-OF]") };
    let token = std::env::var("FACTEUR_TOKEN").context("FACTEUR_TOKEN")?;
    let reader = Reader { url, token, behalf: arguments.next() };
    for message in reader.unread()? {
        let listed = reader.json(&format!("/ebox/messages/{message}/attachments"))?;
        for attachment in listed["items"].as_array().into_iter().flatten() {
            // Opening the main content reads the message, once for the company.
            let part = attachment["attachmentId"].as_str().context("no id")?;
            let path = format!("/ebox/messages/{message}/attachments/{part}/content");
            let mut content = Vec::new();
            reader.ask(&path, "*/*")?.read_to_end(&mut content)?;
            println!("{message} {}", content.len());
        }
    }
    Ok(())
}

impl Reader {
    /// Ids first: what is opened on the way leaves the list.
    fn unread(&self) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for page in 1.. {
            let query = format!("readStatus=false&page={page}&pageSize=100");
            let listed = self.json(&format!("/ebox/messages?{query}"))?;
            let items = listed["items"].as_array().context("no list")?;
            let all = items.iter().filter_map(|it| it["messageId"].as_str());
            ids.extend(all.map(str::to_owned));
            if items.is_empty() || listed["totalItems"].as_u64() <= Some(ids.len() as u64) {
                break;
            }
        }
        Ok(ids)
    }

    fn json(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_reader(self.ask(path, "application/json")?)?)
    }

    fn ask(&self, path: &str, accept: &str) -> Result<impl std::io::Read> {
        let mut request = ureq::get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept", accept);
        if let Some(behalf) = &self.behalf {
            request = request.header("on-behalf-of", behalf);
        }
        Ok(request.call()?.into_body().into_reader())
    }
}
