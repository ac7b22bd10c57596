//! From `documents.url` to a store.

use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;

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
        match url.split_once("://") {
            Some(("file", folder)) => open_folder(folder),
            Some(("s3", _)) => open_s3(url),
            _ => Err(DocumentError::Address("file:// or s3:// is expected")),
        }
    }
}

fn open_folder(folder: &str) -> Result<DocumentStore, DocumentError> {
    std::fs::create_dir_all(folder).map_err(DocumentError::Folder)?;
    // Without fsync a document could be missing after a loss of power although
    // the ledger, which was told that it is there, names it.
    let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
    Ok(DocumentStore::new(Arc::new(store), Path::default()))
}

#[cfg(feature = "s3")]
fn open_s3(url: &str) -> Result<DocumentStore, DocumentError> {
    use object_store::ObjectStore;
    use object_store::aws::AmazonS3Builder;
    // The client brings no provider of cryptography; when another part of the
    // process has chosen one, that one stays.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let parsed = url::Url::parse(url).map_err(|_| DocumentError::Address("not an address"))?;
    let prefix = Path::from_url_path(parsed.path()).map_err(object_store::Error::from)?;
    let store: Arc<dyn ObjectStore> = Arc::new(AmazonS3Builder::from_env().with_url(url).build()?);
    Ok(DocumentStore::new(store, prefix))
}

#[cfg(not(feature = "s3"))]
fn open_s3(_: &str) -> Result<DocumentStore, DocumentError> {
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
