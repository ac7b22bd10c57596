//! What a page weighs on its way to somebody who was never here.

use anyhow::{Result, ensure};
use serde_json::json;

use super::demo::Demo;
use super::driver::Browser;
use crate::support::wait::until_worked_off;

/// Rows of a full page.
const PAGE: u64 = facteur::search::PAGE_SIZE_DEFAULT as u64;
/// Of everything that the page needs, its own text included.
const BYTES_MAX: u64 = 100_000;

#[tokio::test]
async fn browser_the_first_page_is_light() -> Result<()> {
    let (demo, first) = (Demo::start(1_000).await?, Browser::start().await?);
    demo.enter(&first, "demo-sofie", "/boxes/all").await?;
    until_worked_off("the page is full", async || {
        let shown = first.go(&demo.url("/boxes/all")).await.is_ok();
        shown && first.count(".row").await.is_ok_and(|rows| rows == PAGE)
    })
    .await;
    // As transferred: the Resource Timing API says 0 of what was kept.
    first.devtools("Network.clearBrowserCache", json!({})).await?;
    first.go(&demo.url("/boxes/all")).await?;
    let script = "const of = (kind) => performance.getEntriesByType(kind);\
        return [...of('navigation'), ...of('resource')].map(it => [it.name, it.transferSize])";
    let pieces = first.run(script, json!([])).await?;
    let sizes: Vec<u64> =
        pieces.as_array().into_iter().flatten().filter_map(|it| it[1].as_u64()).collect();
    ensure!(sizes.len() >= 4 && sizes.iter().all(|size| *size > 0), "{pieces}");
    let all: u64 = sizes.iter().sum();
    println!("{all} bytes");
    ensure!(all < BYTES_MAX, "{all} bytes: {pieces}");
    Ok(())
}
