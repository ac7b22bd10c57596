//! A folder, and a bucket of a store that is not ours, gone with the test.

use anyhow::Result;
use facteur::documents::DocumentStore;
use tempfile::TempDir;

use crate::support::foreign::Foreign;

/// Where documents are kept, and what keeps them.
pub(crate) struct Place {
    pub(crate) store: DocumentStore,
    pub(crate) url: String,
    pub(crate) variables: Vec<(String, String)>,
    /// Under which whatever is stored lies as files.
    folder: TempDir,
    server: Option<Foreign>,
}

const ACCOUNT: &str = "S3RVER";

pub(crate) fn folder() -> Result<Place> {
    let folder = tempfile::tempdir()?;
    let url = format!("file://{}", folder.path().display());
    let store = DocumentStore::open(&url)?;
    Ok(Place { store, url, variables: Vec::new(), folder, server: None })
}

pub(crate) async fn s3() -> Result<Place> {
    let folder = tempfile::tempdir()?;
    let server = serve(&folder, "0").await?;
    let url = "s3://documents/of the/tests".to_owned();
    let variables = variables(&server.address, ACCOUNT);
    let store = DocumentStore::open_with(&url, variables.clone().into_iter())?;
    Ok(Place { store, url, variables, folder, server: Some(server) })
}

async fn serve(folder: &TempDir, port: &str) -> Result<Foreign> {
    let path = folder.path().display().to_string();
    Foreign::start("s3_server.mjs", &[&path, port]).await
}

/// What a client must know of a store. (s3rver knows its accounts, and does not
/// check version 4 signatures: an account is made wrong by its id.)
pub(crate) fn variables(endpoint: &str, account: &str) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT", endpoint),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", account),
        ("AWS_SECRET_ACCESS_KEY", ACCOUNT),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

impl Place {
    pub(crate) fn endpoint(&self) -> &str {
        self.server.as_ref().map_or("", |server| &server.address)
    }

    /// Ends the server; answers where it listened.
    pub(crate) fn stop(&mut self) -> String {
        self.server.take().map(|server| server.port().to_owned()).unwrap_or_default()
    }

    /// Starts it again over the same objects.
    pub(crate) async fn resume(&mut self, port: &str) -> Result<()> {
        self.server = Some(serve(&self.folder, port).await?);
        Ok(())
    }

    /// How many documents lie there as files.
    pub(crate) fn objects(&self) -> Result<usize> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => count += usize::from(self.is_object(&path)),
                }
            }
        }
        Ok(count)
    }

    /// s3rver keeps headers and checksums beside each object, and the parts of
    /// an upload that was given up: it cannot be told to forget them.
    fn is_object(&self, path: &std::path::Path) -> bool {
        let is_folder = self.variables.is_empty();
        is_folder || path.to_string_lossy().ends_with("._S3rver_object")
    }
}
