//! Which deliveries of a lane are settled, and how far without a gap.
//!
//! Two batches of one lane may commit in either order; the broker is told
//! "everything up to here" only when everything up to there is committed.

use std::collections::VecDeque;

use crate::queue::Tag;

/// The unsettled deliveries of one lane, oldest first.
#[derive(Debug, Default)]
pub(super) struct Window {
    taken: VecDeque<(Tag, bool)>,
}

impl Window {
    /// A delivery was taken into a batch. Tags only grow.
    pub(super) fn take(&mut self, tag: Tag) {
        self.taken.push_back((tag, false));
    }

    /// What a delivery became is committed.
    pub(super) fn settle(&mut self, tag: Tag) {
        let found = self.taken.binary_search_by_key(&tag, |(taken, _)| *taken);
        if let Some(slot) = found.ok().and_then(|i| self.taken.get_mut(i)) {
            slot.1 = true;
        }
    }

    /// The last delivery up to which all are settled; they leave the window.
    pub(super) fn advance(&mut self) -> Option<Tag> {
        let mut last = None;
        while let Some((tag, true)) = self.taken.front() {
            last = Some(*tag);
            self.taken.pop_front();
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_gap_holds_back_what_follows_it() {
        let mut window = Window::default();
        (1..=4).for_each(|tag| window.take(Tag(tag)));
        window.settle(Tag(3));
        assert_eq!(window.advance(), None);
        window.settle(Tag(1));
        assert_eq!(window.advance(), Some(Tag(1)));
        window.settle(Tag(2));
        assert_eq!(window.advance(), Some(Tag(3)));
        window.settle(Tag(4));
        assert_eq!(window.advance(), Some(Tag(4)));
        assert_eq!(window.advance(), None);
    }

    proptest! {
        #[test]
        fn nothing_unsettled_is_ever_passed(order in Just((1u64..60).collect::<Vec<_>>()).prop_shuffle()) {
            let mut window = Window::default();
            (1..60).for_each(|tag| window.take(Tag(tag)));
            let mut settled = std::collections::BTreeSet::new();
            let mut through = 0;
            for tag in order {
                window.settle(Tag(tag));
                settled.insert(tag);
                if let Some(Tag(last)) = window.advance() {
                    prop_assert!((through + 1..=last).all(|tag| settled.contains(&tag)));
                    through = last;
                }
            }
            prop_assert_eq!(through, 59);
        }
    }
}
