//! Whatever is done in whatever order, the index ends equal to the ledger.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// The ledger records a change of a message.
    Change {
        n: u128,
        is_read: bool,
    },
    /// The follower reads a page.
    Read {
        limit: usize,
    },
    /// It reads one again that it has read before.
    ReadAgain {
        from: i64,
    },
    Commit,
    /// The process dies without a commit, and starts again.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u128..12, any::<bool>()).prop_map(|(n, is_read)| Step::Change { n, is_read }),
        4 => (1usize..6).prop_map(|limit| Step::Read { limit }),
        1 => (0i64..5).prop_map(|from| Step::ReadAgain { from }),
        2 => Just(Step::Commit),
        1 => Just(Step::Crash),
    ]
}

/// An index that is followed by hand.
struct Hand {
    folder: TempDir,
    generation: Option<Generation>,
    ledger: Ledger,
    model: BTreeMap<u128, bool>,
}

impl Hand {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut generation = Generation::create(folder.path()).unwrap();
        let ledger = Ledger::new();
        generation.commit(ledger.state().epoch).unwrap();
        Self { folder, generation: Some(generation), ledger, model: BTreeMap::new() }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Change { n, is_read } => {
                self.model.insert(n, is_read);
                self.ledger.record(Projected { is_read, ..message(n) });
            }
            Step::Read { limit } => self.read(None, limit),
            Step::ReadAgain { from } => self.read(Some(from), usize::MAX),
            Step::Commit => self.commit(),
            Step::Crash => self.crash(),
        }
    }

    fn generation(&mut self) -> &mut Generation {
        self.generation.as_mut().unwrap()
    }

    fn read(&mut self, from: Option<i64>, limit: usize) {
        let from = from.unwrap_or(self.generation().applied()).min(self.generation().applied());
        let page = futures_util::FutureExt::now_or_never(self.ledger.after(from, limit));
        self.generation().apply(&page.unwrap().unwrap()).unwrap();
    }

    fn commit(&mut self) {
        let epoch = self.ledger.state().epoch;
        self.generation().commit(epoch).unwrap();
    }

    fn crash(&mut self) {
        let committed = self.generation().committed();
        drop(self.generation.take());
        let generation = Generation::open(self.folder.path()).unwrap();
        assert_eq!(generation.applied(), committed, "it starts from the last commit");
        assert_eq!(generation.epoch(), Some(self.ledger.state().epoch));
        self.generation = Some(generation);
    }

    fn found(&mut self) -> BTreeMap<u128, bool> {
        let view = self.generation().view();
        let mut found = BTreeMap::new();
        for is_read in [false, true] {
            let query = Query { is_read: Some(is_read), size: 100, ..Query::everywhere() };
            let ids = find(&view, &query).unwrap().ids;
            for id in ids {
                assert_eq!(found.insert(id.0.as_u128(), is_read), None, "found twice");
            }
        }
        found
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_index_ends_equal_to_the_ledger(steps in vec(step(), 1..40)) {
        let mut hand = Hand::new();
        steps.iter().for_each(|step| hand.take(step));
        hand.crash();
        hand.read(None, usize::MAX);
        hand.commit();
        prop_assert_eq!(hand.found(), hand.model);
    }
}
