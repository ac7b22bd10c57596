//! The hatch between intake and relay: letters that are planned and released by
//! the commit that records them.
//!
//! Where one printer alone may take a letter, takes from its queue, has neither
//! cap nor pace and works today, its plan is known beforehand. The relay that
//! gives letters out opens the hatch for some of a printer's room while nothing
//! older waits for it; the intake of the same process records what passes as
//! released, with the row that names its tickets. So such a letter's row is
//! written once, and read once for its ticket.
//!
//! Nothing depends on the hatch: what does not pass is planned in its turn, and
//! the row of what passed and was not published is found like that of any ticket
//! whose relay was killed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::Instant;
use uuid::Uuid;

use super::days;
use super::plan::{Assignment, Choice, Planner, Stays, Taken};
use super::printer::{LaneFacts, Printers};
use crate::clock::belgian_day;
use crate::ledger::{Accepted, OutAtOnce, Records, UnderWay};

/// The relay opens it with each of its turns; it shuts by itself long before
/// another engine may give letters out.
const OPEN_FOR: Duration = Duration::from_secs(4);

/// Fewer letters of a batch are let gather: each batch that passes costs a row
/// for its tickets, and a commit when they are published.
const FEWEST: usize = 32;

/// Letters by printer.
type Letters = BTreeMap<String, u64>;

/// Between the intake and the relay of one process.
#[derive(Default)]
pub struct Hatch(Mutex<State>);

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// What passes or has passed, and is not published, by the id of its row.
    under_way: HashMap<Uuid, Letters>,
    passed: Vec<UnderWay>,
}

/// For whom it is open.
struct Open {
    printers: Arc<Printers>,
    rooms: Letters,
    until: Instant,
}

/// Letters that pass with a batch that is not committed yet.
pub struct Passage {
    hatch: Arc<Hatch>,
    id: Uuid,
    has_passed: bool,
}

impl Hatch {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has those new letters of a batch go out with its commit that may, registered
    /// ones first; none where none does.
    pub fn pass(self: &Arc<Self>, records: &mut Records, now: Timestamp) -> Option<Passage> {
        let mut state = self.lock();
        let open = state.open.as_mut().filter(|open| Instant::now() < open.until)?;
        let given = open.give(&mut records.accepted, belgian_day(now));
        if given.is_empty() {
            return None;
        }
        let id = Uuid::now_v7();
        state.under_way.insert(id, given);
        records.tickets = Some(id);
        Some(Passage { hatch: Arc::clone(self), id, has_passed: false })
    }

    /// Opens it for so many letters of each of these printers.
    pub fn open(&self, printers: Arc<Printers>, rooms: BTreeMap<String, u64>) {
        let until = Instant::now() + OPEN_FOR;
        self.lock().open = Some(Open { printers, rooms, until });
    }

    /// Whether letters may pass.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lock().open.as_ref().is_some_and(|open| Instant::now() < open.until)
    }

    /// Nothing passes from now on.
    pub fn close(&self) {
        self.lock().open = None;
    }

    /// Others give letters out: they find the rows of what has passed.
    pub(crate) fn abandon(&self) {
        self.close();
        drop(self.take_passed());
    }

    /// What has passed, to be published now.
    #[must_use]
    pub fn take_passed(&self) -> Vec<UnderWay> {
        let mut state = self.lock();
        let passed = std::mem::take(&mut state.passed);
        for under_way in &passed {
            state.under_way.remove(&under_way.id);
        }
        passed
    }

    /// Whether a row is of what passes or has passed here, and is not lost.
    #[must_use]
    pub fn knows(&self, id: Uuid) -> bool {
        self.lock().under_way.contains_key(&id)
    }

    /// Letters for a printer that are not in its queue yet.
    #[must_use]
    pub fn letters_for(&self, printer: &str) -> u64 {
        self.lock().under_way.values().filter_map(|letters| letters.get(printer)).sum()
    }
}

impl Open {
    fn give(&mut self, accepted: &mut [Accepted], today: Date) -> Letters {
        let mut letters: Vec<&mut Accepted> = accepted.iter_mut().filter(is_addressed).collect();
        let (mut given, taken) = (Letters::new(), Taken::new());
        if letters.len() < FEWEST {
            return given;
        }
        letters.sort_by_key(|message| !message.registered);
        let printers = Arc::clone(&self.printers);
        let mut planner = Planner::new(&printers, today, &taken);
        for message in letters {
            let assigned = facts(message).map(|facts| planner.assign(facts));
            let out = assigned.and_then(|assigned| self.out(assigned, today));
            let Some((letter, out)) = message.letter.as_mut().zip(out) else { continue };
            *given.entry(out.printer.clone()).or_default() += 1;
            letter.out = Some(out);
        }
        given
    }

    /// Where a letter goes at once. Only of the one printer that may take it is that
    /// known without the others' loads.
    fn out(&mut self, assigned: Result<Assignment, Stays>, today: Date) -> Option<OutAtOnce> {
        let assigned = assigned.ok()?;
        if assigned.choice != Choice::Only || assigned.day != today {
            return None;
        }
        let room = self.rooms.get_mut(&assigned.printer).filter(|room| **room > 0)?;
        *room -= 1;
        let why = assigned.to_string();
        Some(OutAtOnce { printer: assigned.printer, day: days::number(today), why })
    }
}

fn is_addressed(message: &&mut Accepted) -> bool {
    facts(message).is_some()
}

/// Of a letter with its envelope.
fn facts(message: &Accepted) -> Option<LaneFacts<'_>> {
    let address = message.letter.as_ref()?.address.as_ref()?;
    Some(LaneFacts {
        country: &address.country,
        postal_code: &address.postal_code,
        registered: message.registered,
        document_type: &message.message_type,
    })
}

impl Passage {
    /// They are committed.
    pub fn is_through(mut self, under_way: UnderWay) {
        self.has_passed = true;
        self.hatch.lock().passed.push(under_way);
    }
}

/// Nothing was committed, or nobody knows whether: then the row tells.
impl Drop for Passage {
    fn drop(&mut self) {
        if !self.has_passed {
            self.hatch.lock().under_way.remove(&self.id);
        }
    }
}
