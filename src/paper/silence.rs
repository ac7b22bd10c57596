//! Whether a printer is silent. Pure.

use jiff::{SignedDuration, Timestamp};

use super::days;
use super::printer::{Printer, TakesFrom};
use crate::ledger::{PrinterStanding, PrinterWork};

/// So many days off in a row are looked back over.
const DAYS_OFF_MAX: i64 = 31;

/// Why a printer counts as silent, if it does. One that has nothing to do and
/// nothing in hand is not silent but unused.
pub(super) fn silence(
    printer: &Printer,
    standing: &PrinterStanding,
    work: &PrinterWork,
    now: Timestamp,
) -> Option<&'static str> {
    let is_over = |minutes: Option<u32>, since: Option<Timestamp>| {
        let since = minutes.map(|it| SignedDuration::from_mins(i64::from(it))).zip(since);
        since.is_some_and(|(most, at)| now.duration_since(at) > most)
    };
    let due = due_since(printer, work, now);
    // Who asks takes what there is: since its last claim, nothing was taken.
    let asked_for = due.map(|at| at.max(work.last_claim_at.unwrap_or(at)));
    let unclaimed = [standing.unclaimed_since, asked_for].into_iter().flatten().min();
    let waiting = [standing.unclaimed_since, due, work.claimed_since].into_iter().flatten().min();
    // Without a letter there is nothing that it could be silent about.
    let last_word = waiting.and_then(|since| standing.seen_at.max(Some(since)));
    if standing.silent_since.is_some() {
        Some("it has not come back")
    } else if is_over(printer.unclaimed_after_minutes, unclaimed) {
        Some("its oldest ticket lies unclaimed for too long")
    } else if is_over(printer.silent_after_minutes, last_word) {
        Some("it gave no sign of life for too long")
    } else {
        None
    }
}

/// Since when a letter is due that its printer should have asked for: who asks
/// over REST has no ticket that could lie. Its days off do not count.
fn due_since(printer: &Printer, work: &PrinterWork, now: Timestamp) -> Option<Timestamp> {
    let today = days::today(now);
    let is_on = |day: i64| printer.works_on(days::day(day));
    if printer.takes_from != TakesFrom::Rest || !is_on(today) {
        return None;
    }
    let (day, given) = work.due?;
    let first = (today - DAYS_OFF_MAX..today).rev().take_while(|day| is_on(*day)).last();
    let began = days::begun(day.max(first.unwrap_or(today)), now);
    Some(given.max(began))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-06-01T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn ago(minutes: i64) -> Option<Timestamp> {
        Some(now() - SignedDuration::from_mins(minutes))
    }

    fn printer(more: &str) -> Printer {
        let text = "name = \"namur\"\nsilent_after_minutes = 10\nunclaimed_after_minutes = 60\n";
        toml::from_str(&format!("{text}{more}")).unwrap()
    }

    #[test]
    fn silence_needs_a_letter_and_time() {
        let printer = printer("");
        for (seen_at, unclaimed_since, claimed_since, is_silent) in [
            (None, None, None, false),
            (ago(500), None, None, false),
            (ago(1), ago(5), None, false),
            (ago(11), ago(11), None, true),
            // It had nothing to do until a moment ago.
            (ago(500), ago(5), None, false),
            (None, ago(11), None, true),
            // It beats, and takes nothing.
            (ago(0), ago(61), None, true),
            // It took everything, and died.
            (ago(11), None, ago(11), true),
            (ago(9), None, ago(500), false),
            (ago(500), None, ago(9), false),
        ] {
            let standing = PrinterStanding { seen_at, unclaimed_since, ..Default::default() };
            let work = PrinterWork { claimed_since, ..PrinterWork::default() };
            let silent = silence(&printer, &standing, &work, now()).is_some();
            assert_eq!(silent, is_silent, "{seen_at:?} {unclaimed_since:?} {claimed_since:?}");
        }
        let gone = PrinterStanding { silent_since: ago(1), ..Default::default() };
        let nothing = PrinterWork::default();
        assert!(silence(&printer, &gone, &nothing, now()).is_some(), "until it says something");
    }

    #[test]
    fn who_asks_is_silent_about_what_is_due() {
        // The first of June 2026 is a Monday.
        let (today, rest) = (days::today(now()), "takes_from = \"rest\"\n");
        let is_silent = |more: &str, seen_at, due, last_claim_at| {
            let standing = PrinterStanding { seen_at, ..Default::default() };
            let work = PrinterWork { due, last_claim_at, ..PrinterWork::default() };
            silence(&printer(more), &standing, &work, now()).is_some()
        };
        let old = |day: i64| Some((day, ago(20_000).unwrap()));
        assert!(is_silent(rest, ago(11), old(today), None), "it does not ask");
        assert!(is_silent(rest, ago(0), old(today), None), "it beats, and takes nothing");
        assert!(!is_silent(rest, ago(0), old(today), ago(5)), "it is at work");
        assert!(is_silent(rest, ago(0), old(today - 3), ago(61)));
        assert!(!is_silent(rest, ago(500), Some((today, ago(5).unwrap())), None), "just given");
        assert!(!is_silent("", ago(500), old(today), None), "a queue has tickets");
        let off = "takes_from = \"rest\"\nworking_days = [\"tuesday\"]\n";
        assert!(!is_silent(off, ago(500), old(today - 6), None), "it is off");
    }
}
