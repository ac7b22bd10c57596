//! A package, as it was fetched: `manifest.json` and the documents, in a ZIP.
//!
//! Nothing in it is believed before its digest is right.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use super::rejection::Rejection;
use crate::domain::Digest;
use crate::paper::ticket::{Manifest, PackageFile, Ticket};

/// The largest package that is taken: a letter has at most six documents of
/// together 30 MiB (domain §9), and some room.
pub const PACKAGE_BYTES_MAX: u64 = 40 * 1024 * 1024;
const MANIFEST: &str = "manifest.json";
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;

/// A letter with its content, every digest right.
#[derive(Clone, Debug)]
pub struct Package {
    /// What is to be printed, and how.
    pub ticket: Ticket,
    /// The documents, in order.
    pub documents: Vec<Document>,
}

/// A document of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name, as the sender gave it.
    pub name: String,
    /// Its media type, as the sender gave it.
    pub media_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl Package {
    /// Opens a package.
    ///
    /// # Errors
    /// A rejection for its *content*: it is no package, a document is missing,
    /// or has another size or digest.
    pub fn open(package: impl Read + Seek) -> Result<Self, Rejection> {
        let mut archive = archive(package)?;
        let manifest = manifest(&mut archive)?;
        let mut documents = Vec::with_capacity(manifest.files.len());
        for (place, file) in manifest.files.iter().enumerate() {
            let named = manifest.ticket.documents.get(place).map(|it| it.file_name.clone());
            let name = named.filter(|name| !name.is_empty()).unwrap_or_else(|| file.path.clone());
            let content = checked(&mut archive, file).map_err(|rejection| rejection.of(&name))?;
            documents.push(Document { name, media_type: file.media_type.clone(), content });
        }
        Ok(Self { ticket: manifest.ticket, documents })
    }
}

/// What a package is to become, without its documents.
///
/// # Errors
/// As [`Package::open`].
pub fn ticket(package: impl Read + Seek) -> Result<Ticket, Rejection> {
    Ok(manifest(&mut archive(package)?)?.ticket)
}

fn archive<R: Read + Seek>(package: R) -> Result<ZipArchive<R>, Rejection> {
    ZipArchive::new(package).map_err(|error| Rejection::content(format!("not a package: {error}")))
}

fn manifest<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<Manifest, Rejection> {
    let manifest = read(archive, MANIFEST, MANIFEST_BYTES_MAX)?;
    serde_json::from_slice(&manifest)
        .map_err(|error| Rejection::content(format!("its manifest cannot be read: {error}")))
}

fn checked<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    file: &PackageFile,
) -> Result<Vec<u8>, Rejection> {
    let content = read(archive, &file.path, PACKAGE_BYTES_MAX)?;
    if content.len() as u64 != file.size {
        let detail = format!("it has {} bytes, not {}", content.len(), file.size);
        return Err(Rejection::content(detail));
    }
    if Digest::of(&content) != file.sha256 {
        return Err(Rejection::content("its digest is another one"));
    }
    Ok(content)
}

/// Never more than `bytes_max`, whatever the archive says of itself.
fn read<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    path: &str,
    bytes_max: u64,
) -> Result<Vec<u8>, Rejection> {
    let file = archive.by_name(path).map_err(|error| match error {
        ZipError::FileNotFound => Rejection::content(format!("{path} is missing")),
        error => Rejection::content(format!("{path} cannot be read: {error}")),
    })?;
    let mut content = Vec::new();
    let read = file.take(bytes_max + 1).read_to_end(&mut content);
    read.map_err(|error| Rejection::content(format!("{path} cannot be read: {error}")))?;
    if content.len() as u64 > bytes_max {
        return Err(Rejection::content(format!("{path} has more than {bytes_max} bytes")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::paper::report::Cause;
    use crate::print_room::sample;

    /// A package whose manifest tells of `told`, and which holds `files`.
    fn package(told: &[u8], files: &[(&str, &[u8])]) -> Cursor<Vec<u8>> {
        let manifest = Manifest {
            ticket: sample::ticket(),
            files: vec![PackageFile {
                path: "documents/1".into(),
                sha256: Digest::of(told),
                size: told.len() as u64,
                media_type: "text/plain".into(),
            }],
        };
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        let manifest = serde_json::to_vec(&manifest).unwrap();
        for (path, content) in [(MANIFEST, &manifest[..])].iter().chain(files) {
            zip.start_file(*path, options).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap()
    }

    #[test]
    fn a_package_is_opened() {
        let package = package(b"hello", &[("documents/1", b"hello")]);
        assert_eq!(ticket(package.clone()), Ok(sample::ticket()));
        let opened = Package::open(package).unwrap();
        assert_eq!(opened.ticket, sample::ticket());
        assert_eq!(opened.documents[0].content, b"hello");
        assert_eq!(opened.documents[0].name, "documents/1");
    }

    #[test]
    fn what_is_not_what_the_manifest_says_is_rejected() {
        for (package, detail) in [
            (package(b"hello", &[("documents/1", b"hallo")]), "its digest is another one"),
            (package(b"hello", &[("documents/1", b"hell")]), "it has 4 bytes, not 5"),
            (package(b"hello", &[]), "documents/1 is missing"),
            (Cursor::new(b"no zip".to_vec()), "not a package"),
            (Cursor::new(package(b"", &[]).into_inner()[..40].to_vec()), "not a package"),
        ] {
            let rejection = Package::open(package).unwrap_err();
            assert_eq!(rejection.cause, Cause::Content, "{rejection}");
            assert!(rejection.detail.contains(detail), "{rejection}");
        }
    }
}
