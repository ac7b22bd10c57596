//! A question that many ask at once, asked of the database a few times.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

/// Those who ask while the question is under way share the next one, which
/// begins after all of them asked: nobody is told what was no longer true then.
pub(super) struct Shared<T> {
    /// How many were begun.
    begun: AtomicU64,
    last: Mutex<Ended<T>>,
    turn_max: Duration,
}

/// The last question that ended.
struct Ended<T> {
    /// How many were begun when it was, itself included.
    number: u64,
    /// None where it failed.
    answer: Option<T>,
}

impl<T: Clone> Shared<T> {
    /// Others wait at most `turn_max` for one who asks.
    pub(super) fn new(turn_max: Duration) -> Self {
        let last = Ended { number: 0, answer: None };
        Self { begun: AtomicU64::new(0), last: Mutex::new(last), turn_max }
    }

    /// # Errors
    /// Those of a question that was asked for this caller alone.
    pub(super) async fn ask<E, Asked>(&self, question: impl Fn() -> Asked) -> Result<T, E>
    where
        Asked: Future<Output = Result<T, E>>,
    {
        match self.ask_together(&question).await {
            Some(answer) => answer,
            None => question().await,
        }
    }

    /// None where each asks for himself: after a question that failed, which is
    /// nobody else's answer, and beside one that does not end, since its
    /// connection may be dead.
    async fn ask_together<E, Asked>(&self, question: impl Fn() -> Asked) -> Option<Result<T, E>>
    where
        Asked: Future<Output = Result<T, E>>,
    {
        let asked_after = self.begun.load(Ordering::SeqCst);
        let mut last = timeout(self.turn_max, self.last.lock()).await.ok()?;
        if last.number > asked_after {
            return last.answer.clone().map(Ok);
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let asked = question().await;
        *last = Ended { number, answer: asked.as_ref().ok().cloned() };
        Some(asked)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, ready};
    use std::pin::pin;

    use futures_util::future::join_all;
    use futures_util::poll;
    use tokio::sync::Notify;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    /// What is asked: how often it was, and whether it may be answered.
    #[derive(Default)]
    struct Source {
        asked: Cell<u32>,
        opens: Notify,
    }

    impl Source {
        async fn question(&self) -> Result<u32, String> {
            self.asked.set(self.asked.get() + 1);
            let number = self.asked.get();
            self.opens.notified().await;
            Ok(number)
        }

        async fn failing(&self) -> Result<u32, String> {
            Err(self.question().await?.to_string())
        }
    }

    #[tokio::test]
    async fn those_who_ask_meanwhile_share_the_next() {
        let (shared, source) = (Shared::new(LONG), Source::default());
        let ask = || shared.ask(|| source.question());
        let mut first = pin!(ask());
        assert!(poll!(&mut first).is_pending());
        let mut others = pin!(join_all([ask(), ask(), ask()]));
        assert!(poll!(&mut others).is_pending());
        source.opens.notify_one();
        assert_eq!(first.await, Ok(1));
        assert!(poll!(&mut others).is_pending());
        source.opens.notify_one();
        assert_eq!(others.await, [Ok(2), Ok(2), Ok(2)]);
        source.opens.notify_one();
        assert_eq!(ask().await, Ok(3), "what was said before he asked is not for him");
    }

    #[tokio::test]
    async fn a_question_that_failed_is_nobody_elses_answer() {
        let (shared, source) = (Shared::new(LONG), Source::default());
        let ask = || shared.ask(|| source.failing());
        let mut first = pin!(ask());
        assert!(poll!(&mut first).is_pending());
        let mut others = [pin!(ask()), pin!(ask())];
        for other in &mut others {
            assert!(poll!(other).is_pending());
        }
        let [one, two] = others;
        for (number, mut asker) in [(1, first), (2, one), (3, two)] {
            assert!(poll!(&mut asker).is_pending());
            source.opens.notify_one();
            assert_eq!(asker.await, Err(number.to_string()), "each has his own");
        }
    }

    #[tokio::test]
    async fn one_that_does_not_end_holds_up_nobody_for_long() {
        let shared = Shared::new(Duration::from_millis(5));
        let mut dead = pin!(shared.ask(pending::<Result<u32, String>>));
        assert!(poll!(&mut dead).is_pending());
        assert_eq!(shared.ask(|| ready(Ok::<_, String>(7))).await, Ok(7));
        assert!(poll!(&mut dead).is_pending());
    }

    #[tokio::test]
    async fn one_that_is_given_up_makes_room() {
        let shared = Shared::new(LONG);
        {
            let mut given_up = pin!(shared.ask(pending::<Result<u32, String>>));
            assert!(poll!(&mut given_up).is_pending());
        }
        assert_eq!(shared.ask(|| ready(Ok::<_, String>(7))).await, Ok(7));
    }
}
