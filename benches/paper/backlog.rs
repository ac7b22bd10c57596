//! A backlog of letters, made through the ledger, planned by an office and
//! claimed by a machine.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::documents::DocumentStore;
use facteur::ledger::{Claim, ClaimAnswer, Ledger, Releasable};
use facteur::paper::days;
use facteur::paper::links::Links;
use facteur::paper::office::Office;
use facteur::paper::pages::PageCounter;
use facteur::paper::printer::Printers;
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::baseline::{batches, policy};
use crate::broker::lanes;
use crate::database::{Base, Database};
use crate::engine::make_reference;
use crate::letters::to_paper;
use crate::mail_of_the_line::Mail;
use crate::world::World;
use crate::{Figures, LANES};

/// As the configuration has it where nothing is said.
const CONNECTIONS: u32 = 10;
/// Letters in one transaction, and in memory.
const BATCH: usize = 2_000;
const CHUNK: usize = 20_000;
const CLAIMED: i64 = 500;
/// Claims of the whole of it; odd, so that the median is one of them.
const CLAIMS: i64 = 5;
/// Of a long one, a ninth is this printer's, which has no cap.
const LONG: &str = "area-1";
/// What a short one has: so many claims, and no lanes.
pub(crate) const SHORT: usize = 2_500;

/// Letters that wait, and the office that looks after them.
pub(crate) struct Backlog {
    ledger: Arc<Ledger>,
    office: Office,
    letters: usize,
    printer: &'static str,
    database: Database,
    _folder: TempDir,
}

/// Ten printers by area, one of them without a cap so that it can be claimed
/// from, and the default one.
fn printers(is_short: bool) -> Result<Printers> {
    let every_day = "working_days = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \
                     \"friday\", \"saturday\", \"sunday\"]\nworks_on_holidays = true\n";
    let mut text = format!("[[printer]]\nname = \"overflow\"\n{every_day}");
    for area in 1..=(if is_short { 0 } else { 9 }) {
        let cap = if area == 1 { "" } else { "cap_per_day = 8000\n" };
        text += &format!(
            "[[printer]]\nname = \"area-{area}\"\n{every_day}{cap}[[printer.lane]]\n\
             countries = [\"BE\"]\npostal_codes = [\"{area}000\", \"{area}899\"]\n"
        );
    }
    Ok(toml::from_str(&text)?)
}

impl Backlog {
    /// So many letters that nobody planned.
    pub(crate) async fn made(base: &Base, world: &World, letters: usize) -> Result<Self> {
        let (database, folder) = (base.copy().await?, tempfile::tempdir()?);
        let ledger = Arc::new(Ledger::open(&database.url, CONNECTIONS).await?);
        let lanes = lanes(LANES);
        make_reference(&ledger, world, &lanes, None).await?;
        let (policy, mut mail) = (policy()?, Mail::new(world, lanes));
        let mut made = 0;
        while made < letters {
            let size = CHUNK.min(letters - made);
            let chunk = (made..made + size).map(|n| to_paper(world, n, mail.next())).collect();
            for records in batches(&ledger, chunk, BATCH).await? {
                let mut batch = ledger.begin().await?;
                batch.record(records, &policy, SystemClock.now()).await?;
                batch.commit().await?;
            }
            made += size;
        }
        database.settle().await?;
        let documents = DocumentStore::open(&format!("file://{}", folder.path().display()))?;
        let links = Links::new("http://office.bench", vec![7; 32], SignedDuration::from_hours(72));
        let (clock, printers) = (Arc::new(SystemClock), Arc::new(printers(letters <= SHORT)?));
        let pages = PageCounter::new(env!("CARGO_BIN_EXE_facteur"));
        let office = Office::new(Arc::clone(&ledger), documents, clock, printers, links, pages);
        let printer = if letters <= SHORT { "overflow" } else { LONG };
        Ok(Self { ledger, office, letters, printer, database, _folder: folder })
    }

    /// Plans all of them.
    pub(crate) async fn plan(&self, figures: &mut Figures) -> Result<()> {
        // Forgets the peak of what made the letters.
        std::fs::write("/proc/self/clear_refs", "5")?;
        let (started, computed) = (Instant::now(), cpu_secs()?);
        let planned = self.office.plan_all().await?;
        ensure!(planned == self.letters, "{planned} of {} planned", self.letters);
        figures.plan_s = rounded(started.elapsed().as_secs_f64());
        figures.plan_cpu_s = rounded(cpu_secs()? - computed);
        figures.plan_rss_mb = peak_rss_mb()?;
        self.database.settle().await
    }

    /// How long leasing and claiming 500 takes: the median, in milliseconds.
    pub(crate) async fn claims(&self) -> Result<f64> {
        let mut times = Vec::new();
        for _ in 0..CLAIMS {
            times.push(self.claim().await?);
        }
        times.sort_by(f64::total_cmp);
        Ok(rounded(times[times.len() / 2]))
    }

    async fn claim(&self) -> Result<f64> {
        let now = SystemClock.now();
        let (printer, today) = (self.printer, days::today(now));
        let started = Instant::now();
        let which = Releasable { printer, today, limit: CLAIMED };
        let until = now + SignedDuration::from_mins(15);
        let leased = self.ledger.lease_letters(which, "bench", until, now).await?;
        let claim = |job| Claim { job, printer: printer.into(), claimant: "bench".into() };
        let claims: Vec<Claim> = leased.iter().map(|letter| claim(letter.job)).collect();
        let answers = self.ledger.claim(&claims, now).await?;
        let took = started.elapsed().as_secs_f64() * 1000.0;
        let is_whole = answers.iter().all(|answer| *answer == ClaimAnswer::Claimed);
        ensure!(
            is_whole && i64::try_from(leased.len()) == Ok(CLAIMED),
            "{} leased: {answers:?}",
            leased.len()
        );
        Ok(took)
    }
}

fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// Of this process, its threads together.
fn cpu_secs() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').context("no stat")?.1.split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|ticks| ticks.parse::<f64>().ok());
    let (user, system) = (ticks(12).context("no utime")?, ticks(13).context("no stime")?);
    // Linux counts in hundredths of a second wherever programs can see it.
    Ok((user + system) / 100.0)
}

fn peak_rss_mb() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line.context("no VmHWM")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024)
}
