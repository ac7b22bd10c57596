//! A print room as a process: what it claims it prints once, whatever happens
//! to it.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use facteur::clock::SystemClock;
use facteur::domain::Digest;
use facteur::paper::sandbox;
use facteur::paper::ticket::{TICKET, Ticket};
use facteur::print_room::package::Document;
use facteur::print_room::{Faults, FolderError, Room, Settings, Until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use zip::ZipArchive;

use super::house::{House, PRINTER, batches};
use super::letters::{pdf, text};
use super::reading::sheets;
use crate::support::vhost::VirtualHost;
use crate::support::wait::{soon, until};

const A4: (u32, u32, u32) = (595, 842, 0);
/// 720 bytes whose catalogue lies in an object stream of 4 GiB, deflated three times.
const BOMB: &[u8] = include_bytes!("../paper/bomb.pdf");

/// Every sheet of these jobs, of so many pages each, once.
fn once(jobs: &[Uuid], pages: u16) -> BTreeMap<(Uuid, u16), usize> {
    let sheets = |job: &Uuid| {
        let job = *job;
        (1..=pages).map(move |page| ((job, page), 1))
    };
    jobs.iter().flat_map(sheets).collect()
}

async fn prints_and_reports(mut house: House) -> Result<()> {
    let good = house.send(&[pdf("a.pdf", &[A4]), text("b.txt", 3)]).await?;
    let twisted = house.shelve(&[text("a.txt", 3)], |_| {})?;
    // The same size, another letter: only the digest tells.
    house.spoil(twisted, |package| {
        let place =
            package.windows(8).position(|bytes| bytes == b"decision" || bytes == b"notifica");
        if let Some(place) = place {
            package[place] = b'X';
        }
    });
    house.give(&house.ticket(twisted)?, TICKET, twisted).await?;
    let mut broken = pdf("c.pdf", &[A4, A4]);
    broken.content.truncate(200);
    let broken = house.send(&[broken]).await?;
    let mut room = house.room("out", &[]);
    soon(house.hear(&[good], "delivered")).await?;
    soon(house.hear(&[twisted, broken], "rejected")).await?;
    assert_eq!(house.reported(good), ["taken", "printed", "posted", "delivered"]);
    assert_eq!(house.reported(broken), ["taken", "rejected"]);
    assert!(house.rejection(broken)?.starts_with("unprintable: c.pdf: a broken PDF"));
    assert!(
        house.rejection(twisted)?.starts_with("content: a.txt: "),
        "{}",
        house.rejection(twisted)?
    );
    room.terminate();
    assert!(soon(room.ended()).await.success(), "{}", room.log());
    let out = house.out("out");
    assert_eq!(sheets(&[&out])?, once(&[good], 3));
    let (batch, printed) = batches(&out)?.swap_remove(0);
    assert_eq!((printed.printer.as_str(), printed.letters.len()), (PRINTER, 1));
    let letter = &printed.letters[0];
    assert_eq!((letter.job_id, letter.pages, letter.sheets), (good, 3, 3));
    let mut archive = ZipArchive::new(std::fs::File::open(batch.join("batch.zip"))?)?;
    let mut set = Vec::new();
    archive.by_name(&letter.file)?.read_to_end(&mut set)?;
    assert_eq!(Digest::of(&set), letter.sha256);
    assert_eq!(set, std::fs::read(batch.join(&letter.file))?);
    assert!(archive.by_name("manifest.json").is_ok());
    assert_eq!(std::fs::read_dir(out.join("packages"))?.count(), 0, "nothing is kept for longer");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_prints_what_it_claims_and_reports_it() -> Result<()> {
    prints_and_reports(House::embedded().await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn amqp_a_room_prints_what_it_claims_and_reports_it() -> Result<()> {
    let host = VirtualHost::new();
    prints_and_reports(House::on(host.url()).await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_killed_neither_loses_nor_doubles() -> Result<()> {
    let mut house = House::embedded().await?;
    let mut jobs = Vec::new();
    for _ in 0..30 {
        jobs.push(house.send(&[text("a.txt", 3)]).await?);
    }
    let mut room = house.room("out", &["--repeat", "20%"]);
    for letters in [1, 8, 16] {
        let out = house.out("out");
        let kept = || std::fs::read_to_string(out.join("journal.jsonl")).unwrap_or_default();
        until("it has work in hand", async || kept().matches("claimed").count() >= letters).await;
        room.kill().await;
        room = house.room("out", &["--repeat", "20%"]);
    }
    soon(house.hear(&jobs, "delivered")).await?;
    room.terminate();
    assert!(soon(room.ended()).await.success(), "{}", room.log());
    assert_eq!(sheets(&[&house.out("out")])?, once(&jobs, 2));
    for job in &jobs {
        assert_eq!(house.reported(*job).len(), 4, "{job}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rooms_of_one_printer_share_its_letters() -> Result<()> {
    let mut house = House::embedded().await?;
    let mut jobs = Vec::new();
    for _ in 0..10 {
        let job = house.send(&[text("a.txt", 3)]).await?;
        // Its ticket comes to both.
        house.give(&house.ticket(job)?, TICKET, job).await?;
        jobs.push(job);
    }
    let rooms = [house.room("one", &[]), house.room("two", &[])];
    soon(house.hear(&jobs, "delivered")).await?;
    for mut room in rooms {
        room.terminate();
        assert!(soon(room.ended()).await.success(), "{}", room.log());
    }
    assert_eq!(sheets(&[&house.out("one"), &house.out("two")])?, once(&jobs, 2));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_left_alone() -> Result<()> {
    let mut house = House::embedded().await?;
    let cancelled = house.shelve(&[text("a.txt", 1)], |_| {})?;
    house.cancel(cancelled);
    house.give(&house.ticket(cancelled)?, TICKET, cancelled).await?;
    let unknown = Uuid::now_v7();
    house.give(&house.ticket(unknown)?, TICKET, unknown).await?;
    house.put(b"no ticket".to_vec()).await?;
    let mine = house.send(&[text("a.txt", 1)]).await?;
    // The same ticket again, before and after it was printed.
    house.give(&house.ticket(mine)?, TICKET, mine).await?;
    let mut room = house.room("out", &[]);
    soon(house.hear(&[mine], "delivered")).await?;
    house.give(&house.ticket(mine)?, TICKET, mine).await?;
    house.recall(mine).await?;
    soon(house.hear(&[mine], "not_cancelled")).await?;
    // Wanted back once more: it is answered once more.
    until("the answer is written down", async || {
        let journal = std::fs::read_to_string(house.out("out").join("journal.jsonl"));
        journal.is_ok_and(|text| text.contains("not_cancelled"))
    })
    .await;
    house.recall(mine).await?;
    soon(house.hear(&[mine], "not_cancelled:2")).await?;
    room.terminate();
    assert!(soon(room.ended()).await.success(), "{}", room.log());
    assert_eq!(sheets(&[&house.out("out")])?, once(&[mine], 2));
    assert_eq!(house.fetches(mine), 1);
    assert_eq!(house.of(cancelled).count() + house.of(unknown).count(), 0);
    let aside = std::fs::read_to_string(house.out("out").join("unreadable.jsonl"))?;
    assert!(aside.contains("no ticket"), "{aside}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_of_another_job_is_not_printed() -> Result<()> {
    let mut house = House::embedded().await?;
    let other = Uuid::from_u128(7);
    let job = house.shelve(&[text("a.txt", 1)], |ticket| ticket.job_id = other)?;
    house.give(&house.ticket(job)?, TICKET, job).await?;
    let mut room = house.room("out", &[]);
    soon(house.hear(&[job], "rejected")).await?;
    assert_eq!(house.rejection(job)?, "content: the package is another job's");
    room.kill().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_eats_memory_is_rejected_and_the_room_goes_on() -> Result<()> {
    let mut house = House::embedded().await?;
    let name = "bomb.pdf".to_owned();
    let media_type = "application/pdf".to_owned();
    let bomb = house.send(&[Document { name, media_type, content: BOMB.to_vec() }]).await?;
    let good = house.send(&[text("a.txt", 1)]).await?;
    let mut room = house.room("out", &[]);
    soon(house.hear(&[good], "delivered")).await?;
    soon(house.hear(&[bomb], "rejected")).await?;
    let why = house.rejection(bomb)?;
    assert!(why.starts_with("unprintable: ") && why.contains("signal"), "{why}");
    room.terminate();
    assert!(soon(room.ended()).await.success(), "{}", room.log());
    assert_eq!(sheets(&[&house.out("out")])?, once(&[good], 2));
    Ok(())
}

/// Claims what there is in a room that cannot draw it.
async fn claimed_only(house: &House, jobs: usize) -> Result<()> {
    let settings = Settings {
        printer: PRINTER.into(),
        out: house.out("out"),
        program: "no-such-program".into(),
        sheets_max: 100,
        until: Until::Delivered,
        delay: Duration::ZERO,
        heartbeat: Duration::from_secs(10),
        faults: Faults::default(),
    };
    let room = Room::open(settings, house.engine(), Arc::new(SystemClock))?;
    let stopped = soon(room.run(CancellationToken::new())).await;
    assert!(matches!(stopped, Err(FolderError::Press(_))), "{stopped:?}");
    assert_eq!(std::fs::read_dir(house.out("out").join("packages"))?.count(), jobs);
    Ok(())
}

/// Without a press nothing is rejected; and what was claimed before is printed
/// only by who has it still.
#[tokio::test(flavor = "multi_thread")]
async fn what_moved_while_the_room_was_down_is_not_printed() -> Result<()> {
    let mut house = House::embedded().await?;
    let moved = house.send(&[text("a.txt", 1)]).await?;
    claimed_only(&house, 1).await?;
    house.cancel(moved);
    let mine = house.send(&[text("a.txt", 1)]).await?;
    let mut room = house.room("out", &[]);
    soon(house.hear(&[mine], "delivered")).await?;
    assert_eq!(house.of(moved).count(), 0, "nothing to report of");
    // Moved back, it is a new letter to the room.
    house.free(moved);
    house.give(&house.ticket(moved)?, TICKET, moved).await?;
    soon(house.hear(&[moved], "delivered")).await?;
    room.terminate();
    assert!(soon(room.ended()).await.success(), "{}", room.log());
    assert_eq!(sheets(&[&house.out("out")])?, once(&[mine, moved], 2));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_made_at_their_rates() -> Result<()> {
    let mut house = House::embedded().await?;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(house.send(&[text("a.txt", 1)]).await?);
    }
    let all = ["--repeat", "100%", "--contradict", "100%", "--delay", "20ms", "--until", "posted"];
    let mut room = house.room("out", &all);
    soon(house.hear(&jobs, "rejected")).await?;
    for job in &jobs {
        let said = house.reported(*job);
        let expected = ["taken", "printed", "posted", "rejected"];
        assert_eq!(said, expected, "{:?} {}", house.rejection(*job), room.log());
        assert!(
            house.of(*job).all(|(report, _)| report.detail.is_none() || report.cause.is_some())
        );
    }
    let repeated = house.of(jobs[0]).filter(|(_, times)| *times == 2).count();
    assert!(repeated >= 3, "the last may still be on its way");
    room.kill().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_sandbox_numbers_choose_also_after_a_crash() -> Result<()> {
    let mut house = House::embedded().await?;
    let mut letters = Vec::new();
    for (number, _) in sandbox::numbers() {
        let job = house.shelve(&[text("a.txt", 1)], |ticket| ticket.recipient = number)?;
        let ticket = Ticket { recipient: number, ..house.ticket(job)? };
        house.give(&ticket, TICKET, job).await?;
        letters.push((job, sandbox::fate(number)));
    }
    let jobs: Vec<Uuid> = letters.iter().map(|(job, _)| *job).collect();
    let all = ["--sandbox", "--until", "posted", "--delay", "200ms"];
    let mut room = house.room("out", &all);
    soon(house.hear(&jobs, "taken")).await?;
    room.kill().await;
    room = house.room("out", &all);
    for (job, fate) in &letters {
        let last = fate.last().map_or("taken", |(kind, _)| kind.as_str());
        soon(house.hear(&[*job], last)).await?;
        let said: Vec<&str> = fate.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(house.reported(*job), said);
    }
    room.kill().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_has_one_room() -> Result<()> {
    let house = House::embedded().await?;
    let first = house.room("out", &[]);
    until("it works", async || std::fs::metadata(house.out("out").join("claimant")).is_ok()).await;
    let mut second = house.room("out", &[]);
    assert_eq!(soon(second.ended()).await.code(), Some(5), "{}", second.log());
    first.stop().await;
    Ok(())
}
