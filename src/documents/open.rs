//! From `documents.url` to a store.

use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;

use super::writer::FOLDER_PART_BYTES;
use super::{DocumentError, DocumentStore};

impl DocumentStore {
    /// Opens `file://folder`, which is made where it is missing, or
    /// `s3://bucket/prefix` (feature `s3`; credentials, region and endpoint
    /// from `AWS_*` in the environment). An S3 store that is away is no error
    /// here.
    ///
    /// # Errors
    /// `Address` for any other address, `Folder` when it cannot be made.
    pub fn open(url: &str) -> Result<Self, DocumentError> {
        Self::open_with(url, std::env::vars())
    }

    /// Opens as [`DocumentStore::open`] does, with these variables instead of
    /// the environment's.
    ///
    /// # Errors
    /// As [`DocumentStore::open`].
    pub fn open_with(
        url: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, DocumentError> {
        match url.split_once("://") {
            Some(("file", folder)) => open_folder(folder),
            Some(("s3", _)) => open_s3(url, variables),
            _ => Err(DocumentError::Address("file:// or s3:// is expected")),
        }
    }
}

fn open_folder(folder: &str) -> Result<DocumentStore, DocumentError> {
    std::fs::create_dir_all(folder).map_err(DocumentError::Folder)?;
    // Without fsync a document could be missing after a loss of power although
    // the ledger, which was told that it is there, names it.
    let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
    let store = DocumentStore::new(Arc::new(store), Path::default());
    Ok(store.with_parts(FOLDER_PART_BYTES))
}

/// How long one request may take before it counts as failed, and how long a
/// store that is away is tried: the line waits for it and tries again by
/// itself, and a readiness check must not hang. `AWS_TIMEOUT` and
/// `AWS_CONNECT_TIMEOUT` override the first two.
#[cfg(feature = "s3")]
const PATIENCE: [(&str, &str); 2] = [("timeout", "60s"), ("connect_timeout", "3s")];
#[cfg(feature = "s3")]
const RETRIES_MAX: usize = 3;
#[cfg(feature = "s3")]
const RETRY_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(feature = "s3")]
fn open_s3(
    url: &str,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<DocumentStore, DocumentError> {
    use object_store::ObjectStore;
    use object_store::aws::AmazonS3Builder;
    // The client brings no provider of cryptography; when another part of the
    // process has chosen one, that one stays.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let parsed = url::Url::parse(url).map_err(|_| DocumentError::Address("not an address"))?;
    let prefix = Path::from_url_path(parsed.path()).map_err(object_store::Error::from)?;
    let patience = PATIENCE.map(|(key, value)| (format!("AWS_{key}"), value.to_owned()));
    let builder = patience.into_iter().chain(variables).fold(AmazonS3Builder::new(), set);
    let retry = object_store::RetryConfig {
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIME_MAX,
        ..object_store::RetryConfig::default()
    };
    let store: Arc<dyn ObjectStore> = Arc::new(builder.with_retry(retry).with_url(url).build()?);
    Ok(DocumentStore::new(store, prefix))
}

/// What `AWS_*` means to the client; other variables mean nothing.
#[cfg(feature = "s3")]
fn set(
    builder: object_store::aws::AmazonS3Builder,
    (name, value): (String, String),
) -> object_store::aws::AmazonS3Builder {
    match name.starts_with("AWS_").then(|| name.to_ascii_lowercase().parse()) {
        Some(Ok(key)) => builder.with_config(key, value),
        _ => builder,
    }
}

#[cfg(not(feature = "s3"))]
fn open_s3(
    _: &str,
    _: impl Iterator<Item = (String, String)>,
) -> Result<DocumentStore, DocumentError> {
    Err(DocumentError::Address("this program was built without the feature `s3`"))
}

#[cfg(all(test, feature = "s3"))]
mod tests {
    use super::*;

    #[test]
    fn an_s3_address_opens_without_asking_the_store() {
        assert!(DocumentStore::open("s3://bucket/prefix").is_ok());
        assert!(DocumentStore::open("s3://").is_err());
    }
}
