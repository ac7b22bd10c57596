//! Export: everything, as it stood at one moment.

use std::io::Write;

use super::RegistryError;
use super::format::line;
use crate::ledger::Ledger;

/// Records read at a time.
const PAGE: u32 = 2_000;

/// Writes every record, one a line, in an order in which none refers to a
/// later one. Answers how many.
///
/// # Errors
/// `Ledger` when the ledger failed, `Write` when the writer did.
pub async fn export<W: Write>(ledger: &Ledger, mut writer: W) -> Result<u64, RegistryError> {
    let mut pages = ledger.registry_pages().await?;
    let mut count = 0;
    loop {
        let page = pages.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in &page {
            let line = line(record).map_err(std::io::Error::from);
            let line = line.map_err(RegistryError::Write)?;
            writeln!(writer, "{line}").map_err(RegistryError::Write)?;
        }
        count += page.len() as u64;
    }
    writer.flush().map_err(RegistryError::Write)?;
    Ok(count)
}
