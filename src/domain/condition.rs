//! The conditions of access, by name, so that a test can leave one out of the
//! engine and show that it would notice.
//!
//! Only with the feature `failpoints` can one be left out, and only on the
//! thread that says so. Without the feature each is what it was written as.

/// A condition on which somebody sees something, or may do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A grant has begun.
    FirstDay,
    /// A grant has not ended.
    LastDay,
    /// A grant is the reader's own.
    Person,
    /// A grant is of the box that is looked at.
    Box,
    /// The company has not ceased.
    Ceased,
    /// For one message: its type is open to every user.
    OneLevel,
    /// For one message: it is of the grant's type.
    OneType,
    /// For one message: its type is of the grant's service.
    OneService,
    /// For one message: it is from the grant's organization.
    OneOrganization,
    /// For one message: it is from the grant's application.
    OneApplication,
    /// For one message: it lies in the grant's partition.
    OnePartition,
    /// For lists: types that are open to every user.
    PartLevel,
    /// For lists: the grant's type.
    PartType,
    /// For lists: types of the grant's service.
    PartService,
    /// For lists: the grant's organization.
    PartOrganization,
    /// For lists: the grant's application.
    PartApplication,
    /// For lists: the grant's partition.
    PartPartition,
    /// In the database: the types of an opening.
    RowTypes,
    /// In the database: its organization.
    RowOrganization,
    /// In the database: its application.
    RowApplication,
    /// In the database: its partition.
    RowPartition,
    /// In the database: the message's time is not over.
    RowExpiry,
    /// In the database: what is hidden is left out.
    RowHidden,
    /// A label is seen by whoever sees a message with it.
    LabelSeen,
    /// Who manages a box has a manager's grant.
    Manager,
    /// Openings and downloads are for access managers alone.
    History,
    /// A notice tells of what is unread.
    NoticeUnread,
    /// A notice does not tell of what is hidden.
    NoticeHidden,
    /// A notice does not tell again of what it told before.
    NoticeSince,
    /// A company that has ceased is not told.
    NoticeCeased,
}

impl Condition {
    /// Each of them.
    pub const ALL: [Self; 30] = [
        Self::FirstDay,
        Self::LastDay,
        Self::Person,
        Self::Box,
        Self::Ceased,
        Self::OneLevel,
        Self::OneType,
        Self::OneService,
        Self::OneOrganization,
        Self::OneApplication,
        Self::OnePartition,
        Self::PartLevel,
        Self::PartType,
        Self::PartService,
        Self::PartOrganization,
        Self::PartApplication,
        Self::PartPartition,
        Self::RowTypes,
        Self::RowOrganization,
        Self::RowApplication,
        Self::RowPartition,
        Self::RowExpiry,
        Self::RowHidden,
        Self::LabelSeen,
        Self::Manager,
        Self::History,
        Self::NoticeUnread,
        Self::NoticeHidden,
        Self::NoticeSince,
        Self::NoticeCeased,
    ];

    /// Whether it is met, or left out.
    #[inline]
    pub(crate) fn holds(self, is_met: bool) -> bool {
        is_met || self.is_left_out()
    }

    #[cfg(not(feature = "failpoints"))]
    #[inline]
    pub(crate) fn is_left_out(self) -> bool {
        false
    }
}

#[cfg(feature = "failpoints")]
mod left_out {
    use std::cell::Cell;
    use std::marker::PhantomData;

    use super::Condition;

    thread_local! {
        static LEFT_OUT: Cell<Option<Condition>> = const { Cell::new(None) };
    }

    /// A condition is left out for as long as this lives, on its thread.
    #[must_use]
    pub struct LeftOut(PhantomData<*const ()>);

    impl Condition {
        /// Leaves it out of the engine, on this thread, until the answer is
        /// dropped.
        pub fn leave_out(self) -> LeftOut {
            LEFT_OUT.set(Some(self));
            LeftOut(PhantomData)
        }

        pub(crate) fn is_left_out(self) -> bool {
            LEFT_OUT.get() == Some(self)
        }
    }

    impl Drop for LeftOut {
        fn drop(&mut self) {
            LEFT_OUT.set(None);
        }
    }
}

#[cfg(feature = "failpoints")]
pub use left_out::LeftOut;
