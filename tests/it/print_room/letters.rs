//! Letters for the press.

use std::io::{Cursor, Write};

use anyhow::Result;
use facteur::domain::{Digest, EnterpriseNumber, Language, MessageId, PostalPriority};
use facteur::paper::address::AddressBlock;
use facteur::paper::ticket::{DocumentRef, LetterOptions, Manifest, PackageFile, Ticket};
use facteur::print_room::package::Document;
use facteur::print_room::set::{Prepared, Set};
use facteur::print_room::{Press, package::Package};
use jiff::Timestamp;
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) fn block(lines: &[&str], postal_code: &str, country: &str) -> AddressBlock {
    AddressBlock {
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        postal_code: postal_code.into(),
        country: country.into(),
    }
}

/// A letter to a company in Brussels, for a printer, at a link.
pub(crate) fn ticket(job_id: Uuid, printer: &str, package: String) -> Result<Ticket> {
    Ok(Ticket {
        job_id,
        message_id: MessageId(Uuid::from_u128(2)),
        attempt: 1,
        printer: printer.into(),
        recipient: EnterpriseNumber::from_stem(4_067_980),
        address: block(
            &[
                "Boulangerie Dupont & Fils SRL",
                "À l’attention de M. François",
                "Rue de la Loi 16 bte 4",
                "1000 Bruxelles",
            ],
            "1000",
            "BE",
        ),
        sender_application_id: "employment:job-attest:werkkaart".into(),
        message_type_id: "WK1-ACTIVA".into(),
        created_at: Timestamp::from_second(1_795_435_200)?,
        options: LetterOptions {
            registered: false,
            acknowledgement: false,
            duplex: false,
            priority: PostalPriority::NonPrior,
            language: Language::Fr,
            return_address: Some(block(
                &["ONSS", "Place Victor Horta 11", "1060 Bruxelles"],
                "1060",
                "BE",
            )),
        },
        documents: Vec::new(),
        package,
        expires_at: Timestamp::from_second(1_800_000_000)?,
    })
}

/// A text of so many lines.
pub(crate) fn text(name: &str, lines: usize) -> Document {
    let line = |number| format!("{number:>4}  La présente vaut notification de la décision.\n");
    let content: String = (1..=lines).map(line).collect();
    Document { name: name.into(), media_type: "text/plain".into(), content: content.into() }
}

/// A PDF of such pages (width and height in points, degrees turned) with a
/// frame around the whole of each.
pub(crate) fn pdf(name: &str, pages: &[(u32, u32, u32)]) -> Document {
    let mut objects = vec!["<</Type/Catalog/Pages 2 0 R>>".to_owned()];
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 2 * page + 3)).collect();
    objects.push(format!("<</Type/Pages/Kids[{kids}]/Count {}>>", pages.len()));
    for (page, (width, height, turned)) in pages.iter().enumerate() {
        let (x, y) = (width - 4, height - 4);
        let drawn = format!("2 w 2 2 {x} {y} re S 20 w 0 0 m {width} {height} l S");
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Rotate {turned}\
             /Contents {} 0 R/Resources<<>>>>",
            2 * page + 4
        ));
        objects.push(format!("<</Length {}>>stream\n{drawn}\nendstream", drawn.len()));
    }
    Document {
        name: name.into(),
        media_type: "application/pdf".into(),
        content: written(&objects).into_bytes(),
    }
}

fn written(objects: &[String]) -> String {
    let mut text = "%PDF-1.7\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let (table, size) = (text.len(), objects.len() + 1);
    text += &format!("xref\n0 {size}\n0000000000 65535 f \n");
    text.extend(places.iter().map(|place| format!("{place:010} 00000 n \n")));
    text + &format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n")
}

pub(crate) fn drawn(ticket: Ticket, documents: Vec<Document>, press: Press) -> Result<Set> {
    Ok(Prepared::read(Package { ticket, documents }, 100)?.draw(press, 100)?)
}

/// The package of a ticket, as an engine serves it.
pub(crate) fn package(mut ticket: Ticket, documents: &[Document]) -> Result<(Ticket, Vec<u8>)> {
    let mut files = Vec::new();
    for (place, document) in documents.iter().enumerate() {
        let (sha256, size) = (Digest::of(&document.content), document.content.len() as u64);
        let (media_type, file_name) = (document.media_type.clone(), document.name.clone());
        ticket.documents.push(DocumentRef {
            sha256,
            size,
            pages: None,
            media_type: media_type.clone(),
            file_name,
        });
        let path = format!("documents/{:02}", place + 1);
        files.push(PackageFile { path, sha256, size, media_type });
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.start_file("manifest.json", options)?;
    let manifest = Manifest { ticket: ticket.clone(), files: files.clone() };
    zip.write_all(&serde_json::to_vec(&manifest)?)?;
    for (file, document) in files.iter().zip(documents) {
        zip.start_file(file.path.as_str(), options)?;
        zip.write_all(&document.content)?;
    }
    Ok((ticket, zip.finish()?.into_inner()))
}
