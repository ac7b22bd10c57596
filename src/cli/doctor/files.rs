//! What is read from and written to disks: policy, printers, documents, index,
//! certificate.

use std::io::Write as _;

use super::{Examined, Fault};
use crate::config::Config;
use crate::documents::{DocumentError, DocumentStore};
use crate::ledger::Reference;
use crate::policy_file;
use crate::search::{self, SearchError};
use crate::web;

/// Also held against what the registry knows, where the ledger says it.
pub(super) fn policy(config: &Config, reference: Option<&Reference>) -> Examined {
    let policy = match policy_file::read(config) {
        Ok(policy) => policy,
        Err(error) => {
            let cure = "mend that line; `facteur config check` reads it as the engine does";
            return Examined::new("policy", Some(Fault::new(error, cure)));
        }
    };
    let strangers = reference.map(|known| policy_file::strangers(&policy, known));
    let faults = strangers.into_iter().flatten().map(|stranger| Fault {
        what: stranger.to_string(),
        cure: "mend the id, or import what it names; until then no document meets it",
    });
    Examined::with("policy", faults.collect())
}

pub(super) fn printers(config: &Config) -> Examined {
    let fault = config.printers().err().map(|error| {
        Fault::new(error, "mend the file that paper.printers names: the same for every engine")
    });
    Examined::new("printers", fault)
}

/// By which pages and REST are served over TLS.
pub(super) fn certificate(config: &Config) -> Examined {
    let acceptor = web::acceptor(&config.web);
    if matches!(acceptor, Ok(None)) {
        return Examined::not_configured("certificate");
    }
    let fault = acceptor.err().map(|error| {
        Fault::new(
            error,
            "web.tls_certificate and web.tls_key are two PEM files that belong together and that \
             this process may read",
        )
    });
    Examined::new("certificate", fault)
}

pub(super) async fn documents(config: &Config) -> Examined {
    let proved = match DocumentStore::open(config.documents.url.as_str()) {
        Ok(store) => store.prove().await,
        Err(error) => Err(error),
    };
    let fault = proved.err().map(|error| {
        let cure = cure(config, &error);
        Fault::new(error, cure)
    });
    Examined::new("documents", fault)
}

fn cure(config: &Config, error: &DocumentError) -> &'static str {
    let is_s3 = config.documents.url.as_str().starts_with("s3:");
    match error {
        DocumentError::Address(_) => "set documents.url to file://folder or s3://bucket/prefix",
        error if is_s3 && error.is_forbidden() => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to an account that may get, put and \
             delete there"
        }
        _ if is_s3 => "is the store up, AWS_ENDPOINT right, and does the bucket exist?",
        _ => "may this process write in that folder, and is its disk neither full nor read-only?",
    }
}

/// Where documents lie on their way from REST to the store.
pub(super) fn temporary() -> Examined {
    let written = tempfile::tempfile().and_then(|mut file| {
        file.write_all(b"probe")?;
        file.sync_all()
    });
    let fault = written.err().map(|error| {
        let place = std::env::temp_dir();
        let error =
            anyhow::Error::new(error).context(format!("nothing is kept in {}", place.display()));
        Fault::new(error, "set TMPDIR to a folder that this process may write to, with room")
    });
    Examined::new("temporary folder", fault)
}

pub(super) fn search(config: &Config) -> Examined {
    let fault = search::examine(&config.search.path).err().map(|error| {
        let cure = match error {
            SearchError::Folder(_) => {
                "may this process write in the folder that search.path names?"
            }
            _ => "stop the engine of that folder; `facteur search rebuild` makes the index anew",
        };
        Fault::new(error, cure)
    });
    Examined::new("search", fault)
}
