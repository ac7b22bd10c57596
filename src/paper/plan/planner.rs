//! One pass over the letters, one row a printer.

use std::cmp::Reverse;

use jiff::civil::Date;

use super::Taken;
use super::calendar::days_after;
use super::reason::{Assignment, Choice, Match, Stays};
use crate::paper::printer::{DEFAULT_PRINTER, LaneFacts, Printer, Printers};

/// Gives letters to printers and days, one by one.
pub struct Planner<'a> {
    rows: Vec<Row<'a>>,
    steps: u64,
}

/// A printer, up to where it is full.
struct Row<'a> {
    printer: &'a Printer,
    taken: &'a Taken,
    /// Its first day in the plan, and the one that has room; none: never.
    days: Option<(Date, Date)>,
    /// Letters it can still take on that day; none: any number.
    room: Option<u64>,
    /// What the plan gave it so far.
    given: u64,
}

impl<'a> Planner<'a> {
    /// A plan that begins on `from`, on top of what was given before.
    #[must_use]
    pub fn new(printers: &'a Printers, from: Date, taken: &'a Taken) -> Self {
        let rows = printers.all.iter().map(|printer| Row::new(printer, from, taken)).collect();
        Self { rows, steps: 0 }
    }

    /// Gives the next letter its printer and day. Letters come in the order
    /// in which they are to go out: by [`Turn`](super::Turn), then by age.
    ///
    /// # Errors
    /// Why it gets none.
    pub fn assign(&mut self, letter: LaneFacts<'_>) -> Result<Assignment, Stays> {
        let matches = self.matches(letter);
        let best = self.best(&matches)?;
        let (chosen, matched) = matches[best];
        let choice = self.choice(&matches, best);
        let row = &mut self.rows[chosen];
        let Some((first, day)) = row.days else { return Err(Stays::NoDay) };
        let printer = row.printer.name.clone();
        self.steps += row.take();
        let rolled_from = (first < day).then_some(first);
        Ok(Assignment { printer, day, matched, choice, rolled_from })
    }

    /// Comparisons and days looked at so far: what the plan's time grows with.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The printers that may take a letter, and why.
    fn matches(&mut self, letter: LaneFacts<'_>) -> Vec<(usize, Match)> {
        let (mut named, mut default) = (Vec::new(), None);
        for (place, row) in self.rows.iter().enumerate() {
            self.steps += 1 + row.printer.lanes.len() as u64;
            if row.printer.name == DEFAULT_PRINTER {
                default = Some((place, Match::Default));
            } else if let Some(matched) = matched(row.printer, letter) {
                named.push((place, matched));
            }
        }
        if named.is_empty() { default.into_iter().collect() } else { named }
    }

    /// Which of them gets it, as a place among them.
    fn best(&self, matches: &[(usize, Match)]) -> Result<usize, Stays> {
        let rows = || matches.iter().map(|(place, _)| &self.rows[*place]);
        if matches.is_empty() {
            return Err(Stays::NoPrinter);
        }
        if rows().all(|row| row.printer.paused) {
            return Err(Stays::Paused);
        }
        let free = rows().enumerate().filter(|(_, row)| !row.printer.paused && row.days.is_some());
        // The first of equals: the order of the list.
        free.min_by_key(|(_, row)| row.rank()).map(|(place, _)| place).ok_or(Stays::NoDay)
    }

    fn choice(&self, matches: &[(usize, Match)], best: usize) -> Choice {
        let row = &self.rows[matches[best].0];
        let others = matches.iter().enumerate().filter(|(place, _)| *place != best);
        let others = others.map(|(_, (place, _))| &self.rows[*place]);
        let rivals = others.filter(|other| !other.printer.paused && other.days.is_some());
        let nearest = rivals.min_by_key(|other| other.rank());
        match nearest {
            None => Choice::Only,
            Some(other) if other.day() > row.day() => Choice::FirstFree,
            Some(other) if other.room_or_all() < row.room_or_all() => Choice::MostRoom,
            Some(_) => Choice::Even,
        }
    }
}

fn matched(printer: &Printer, letter: LaneFacts<'_>) -> Option<Match> {
    if printer.lanes.is_empty() {
        return Some(Match::Everything);
    }
    let number = printer.lanes.iter().position(|lane| lane.matches(letter))?;
    Some(Match::Lane(number + 1))
}

impl<'a> Row<'a> {
    fn new(printer: &'a Printer, from: Date, taken: &'a Taken) -> Self {
        let mut row = Self { printer, taken, days: None, room: Some(0), given: 0 };
        if printer.cap_per_day == Some(0) {
            return row;
        }
        if row.works_on(from) {
            row.days = Some((from, from));
            row.room = row.room_on(from);
        }
        if row.room == Some(0) {
            row.advance(from);
        }
        // Its first day is the first on which it works, full or not.
        let working = std::iter::once(from).chain(days_after(from)).find(|day| row.works_on(*day));
        row.days = row.days.zip(working).map(|((_, day), first)| (first, day));
        row
    }

    /// Takes one letter; answers how many days it looked at.
    fn take(&mut self) -> u64 {
        self.given += 1;
        let (Some(room), Some((_, day))) = (&mut self.room, self.days) else { return 0 };
        *room = room.saturating_sub(1);
        if *room > 0 { 0 } else { self.advance(day) }
    }

    /// Goes to the next day after this one on which it works and has room.
    fn advance(&mut self, after: Date) -> u64 {
        let mut looked_at = 0;
        let free = days_after(after)
            .inspect(|_| looked_at += 1)
            .find(|day| self.works_on(*day) && self.room_on(*day) != Some(0));
        let first = self.days.map(|(first, _)| first);
        self.days = free.map(|day| (first.unwrap_or(day), day));
        self.room = free.map_or(Some(0), |day| self.room_on(day));
        looked_at
    }

    fn room_on(&self, day: Date) -> Option<u64> {
        let cap = u64::from(self.printer.cap_per_day?);
        let taken = self.taken.get(&(self.printer.name.clone(), day)).copied().unwrap_or(0);
        Some(cap.saturating_sub(taken))
    }

    fn works_on(&self, day: Date) -> bool {
        self.printer.works_on(day)
    }

    fn day(&self) -> Option<Date> {
        self.days.map(|(_, day)| day)
    }

    fn room_or_all(&self) -> u64 {
        self.room.unwrap_or(u64::MAX)
    }

    /// The least is the best.
    fn rank(&self) -> (Option<Date>, Reverse<u64>, u64) {
        (self.day(), Reverse(self.room_or_all()), self.given)
    }
}
