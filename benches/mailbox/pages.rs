//! Asks for pages, and measures.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use facteur::domain::EnterpriseNumber;
use serde::Serialize;

/// How long a page took, and how large it was.
#[derive(Debug, Serialize)]
pub(crate) struct Times {
    p50_ms: f64,
    p99_ms: f64,
    max_kb: usize,
}

impl Times {
    pub(crate) fn of(mut times_ms: Vec<f64>, max_kb: usize) -> Self {
        times_ms.sort_by(f64::total_cmp);
        let last = times_ms.len() - 1;
        let at = |share: usize| (times_ms[last * share / 100] * 10.0).round() / 10.0;
        Self { p50_ms: at(50), p99_ms: at(99), max_kb }
    }
}

/// A browser that is signed in.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    cookie: String,
}

/// Asked before anything is measured: caches are a part of an engine that runs.
const WARM: usize = 5;
/// Lists from whose pages messages are read.
const LISTS: usize = 8;

/// Criteria that few messages meet, and that nearly all do.
const FILTERED: &str = "type=DMFA-RECEIPT";
const UNREAD: &str = "unread=yes";
/// Of all subjects a thousandth; some thousands, which are counted to the last
/// one; and all.
const SOME_HITS: &str = "q=n%C2%B0%20123";
const MANY_HITS: &str = "q=345";
const ALL_HITS: &str = "q=reception";

impl Client {
    pub(crate) fn new(base: String, cookie: String) -> Self {
        let agent = ureq::Agent::config_builder().max_redirects(0).build().into();
        Self { agent, base, cookie }
    }

    /// Every page, by its name.
    pub(crate) fn measure(
        &self,
        boxes: &[EnterpriseNumber],
        requests: usize,
    ) -> Result<BTreeMap<&'static str, Times>> {
        let each = |tail: &str| -> Vec<String> {
            boxes.iter().map(|number| format!("/boxes/{number}{tail}")).collect()
        };
        let all = |tail: &str| vec![format!("/boxes/all{tail}")];
        let mut pages = vec![
            ("list", each("?page=1")),
            ("list_page_40", each("?page=40")),
            ("filtered", each(&format!("?{FILTERED}"))),
            ("unread", each(&format!("?{UNREAD}"))),
            ("search_some", each(&format!("?{SOME_HITS}"))),
            ("search_many", each(&format!("?{MANY_HITS}"))),
            ("search_all", each(&format!("?{ALL_HITS}"))),
        ];
        // Who has one box is led to it.
        if boxes.len() > 1 {
            pages.extend([
                ("boxes", vec!["/boxes".to_owned()]),
                ("all", all("?page=1")),
                ("all_filtered", all(&format!("?{FILTERED}"))),
                ("all_search_some", all(&format!("?{SOME_HITS}"))),
                ("all_search_many", all(&format!("?{MANY_HITS}"))),
                ("all_search_all", all(&format!("?{ALL_HITS}"))),
            ]);
        }
        pages.push(("message", self.messages(&each("?page=1"))?));
        pages
            .into_iter()
            .map(|(name, paths)| {
                let times = self.times(&paths, requests).with_context(|| name.to_owned())?;
                eprintln!("  {name}: {times:?}");
                Ok((name, times))
            })
            .collect()
    }

    /// The messages on the first pages of some boxes.
    fn messages(&self, lists: &[String]) -> Result<Vec<String>> {
        let mut paths = Vec::new();
        for list in lists.iter().take(LISTS) {
            let (number, _) = list.split_once('?').context("a list has a query")?;
            let page = self.get(list)?;
            let mark = format!("{number}/messages/");
            let links = page.match_indices(&mark).filter_map(|(at, _)| {
                let id = page.get(at + mark.len()..at + mark.len() + 36)?;
                id.parse::<uuid::Uuid>().ok().map(|id| format!("{mark}{id}"))
            });
            paths.extend(links);
        }
        ensure!(!paths.is_empty(), "no message on any list");
        Ok(paths)
    }

    fn times(&self, paths: &[String], requests: usize) -> Result<Times> {
        let (mut times, mut max_kb) = (Vec::new(), 0);
        let round = paths.iter().cycle();
        for (n, path) in round.take(WARM + requests).enumerate() {
            let started = Instant::now();
            let page = self.get(path)?;
            if n >= WARM {
                times.push(started.elapsed().as_secs_f64() * 1000.0);
            }
            max_kb = max_kb.max(page.len().div_ceil(1024));
        }
        Ok(Times::of(times, max_kb))
    }

    fn get(&self, path: &str) -> Result<String> {
        let url = format!("{}{path}", self.base);
        let answer = self.agent.get(&url).header("cookie", &self.cookie).call();
        let answer = answer.with_context(|| path.to_owned())?;
        ensure!(answer.status() == 200, "{path}: {}", answer.status());
        let mut page = String::new();
        answer.into_body().into_reader().read_to_string(&mut page)?;
        ensure!(page.contains("</html>"), "{path} is no page");
        Ok(page)
    }
}
