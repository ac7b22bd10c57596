//! Pages far down a list, for programs that read a box to its end.
//!
//! A page that was given says where the next one begins: who turns page after
//! page meets each message once, whatever arrives meanwhile, and no page costs
//! more than the first. Where that is not known (another engine gave it, or
//! nobody did) the way there is walked in strides, so that no statement passes
//! over more than it may.

use moka::sync::Cache;

use super::page::Page;
use super::{Filter, Listed, Mailbox, MailboxError, Order, Place, Reader, Total};
use crate::domain::{EnterpriseNumber, MessageId, PersonId};
use crate::ledger::{Look, Stretch};

/// Strides that one page is worth: a box of a million messages.
const STRIDES_MAX: u32 = 100;
/// Pages that are remembered, each for ten minutes.
const TURNED_MAX: u64 = 10_000;
const TURNED_FOR: std::time::Duration = std::time::Duration::from_secs(600);

/// Whose page of which list.
type Turn = (PersonId, EnterpriseNumber, String, Page);

/// Where pages begin that follow one which was given: after which message.
pub(super) type Turned = Cache<Turn, MessageId>;

pub(super) fn turned() -> Turned {
    Cache::builder().max_capacity(TURNED_MAX).time_to_live(TURNED_FOR).build()
}

impl Mailbox {
    /// A page beyond the reach of one statement, by the ledger.
    pub(super) async fn deep(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        asked: &Filter,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        let mut look = self.look(reader, Place::Box(enterprise)).await?;
        let filter = look.expanded(asked).await?;
        let ids = match self.turned.get(&turn(reader, enterprise, asked, page)) {
            Some(after) => look.walk(&filter, from(Some(after), 0, page.size)).await?,
            None => self.walked_to(&mut look, &filter, page).await?,
        };
        self.remember(reader, enterprise, asked, page, ids.last().filter(|_| is_full(&ids, page)));
        let lines = look.lines(&ids, &filter).await?;
        Ok(Listed { lines, total: Total::MoreThan(page.skip().into()), exact: None })
    }

    async fn walked_to(
        &self,
        look: &mut Look,
        filter: &Filter,
        page: Page,
    ) -> Result<Vec<MessageId>, MailboxError> {
        let (mut after, mut left) = (None, page.skip());
        if left / self.reach > STRIDES_MAX {
            let most = u64::from(STRIDES_MAX) * u64::from(self.reach);
            let message = format!("a list reaches {most} messages: narrow it");
            return Err(MailboxError::invalid("page", message));
        }
        while left >= self.reach {
            let last = look.walk(filter, from(after, self.reach - 1, 1)).await?;
            let Some(last) = last.first() else { return Ok(vec![]) };
            (after, left) = (Some(*last), left - self.reach);
        }
        Ok(look.walk(filter, from(after, left, page.size)).await?)
    }

    /// Notes where the next page begins, if that is a deep one.
    pub(super) fn remember(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        filter: &Filter,
        page: Page,
        last: Option<&MessageId>,
    ) {
        let next = Page { number: page.number.saturating_add(1), ..page };
        if let Some(last) = last.filter(|_| next.is_beyond(self.reach)) {
            self.turned.insert(turn(reader, enterprise, filter, next), *last);
        }
    }
}

fn turn(reader: &Reader, enterprise: EnterpriseNumber, filter: &Filter, page: Page) -> Turn {
    (reader.person.clone(), enterprise, format!("{filter:?}"), page)
}

fn is_full(ids: &[MessageId], page: Page) -> bool {
    ids.len() == page.size as usize
}

fn from(after: Option<MessageId>, skip: u32, take: u32) -> Stretch {
    Stretch { order: Order::Newest, after, skip, take, reach: None }
}
