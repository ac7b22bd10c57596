//! Lists and searches.

use super::propose::text_of;
use super::{COUNT_MAX, Filter, Mailbox, MailboxError, Order, Page, Place, Reader, Total};
use crate::clock::Stopwatch;
use crate::domain::{EnterpriseNumber, Language, MessageId};
use crate::ledger::{Glance, Glanced, Line, Look, Stretch};
use crate::search::{PAGE_SIZE_MAX, REACH_MAX, Text};
use crate::telemetry::measure;

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its messages.
    pub lines: Vec<Line>,
    /// How many there are on all pages.
    pub total: Total,
    /// The same to the last one, where finding the page told it.
    pub exact: Option<u64>,
}

/// How an answer is found.
enum Way {
    /// By the ledger, whatever is asked.
    Ledger,
    /// By the ledger as far as the newest messages fill the page, else by the
    /// index.
    Newest,
    /// By the index.
    Index,
}

impl Mailbox {
    /// A page of what the reader sees in a place. In large boxes, what is
    /// asked for narrowly is proposed by the search index and may lack what
    /// arrived within its lag.
    ///
    /// # Errors
    /// `NotFound` where the reader has no access, `Invalid` for a page out of
    /// range, and whatever keeps the ledger from answering.
    pub async fn list(
        &self,
        reader: &Reader,
        place: Place,
        filter: &Filter,
        order: Order,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        let page = page.check()?;
        check(filter)?;
        let listed = self.listed(reader, place, filter, order, page).await?;
        // Only now: who holds one of the ledger's connections waits for no other.
        if let Place::Box(enterprise) = place {
            self.enter(enterprise).await?;
        }
        Ok(listed)
    }

    /// The same for programs: newest first, and without the labels and letters
    /// of each message. One statement where the box is small and one part of
    /// it is open, as it is for nearly all. Their lists have no end but the
    /// box's: see [`super::deep`].
    ///
    /// # Errors
    /// As [`Mailbox::list`].
    pub async fn page(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        filter: &Filter,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        let (page, place) = (page.is_page()?, Place::Box(enterprise));
        check(filter)?;
        if page.is_beyond(self.reach) {
            return self.deep(reader, enterprise, filter, page).await;
        }
        let glance = self.glance(reader, enterprise, filter, page).await?;
        let Some(Glance { lines, total }) = glance else {
            let listed = self.list(reader, place, filter, Order::Newest, page).await?;
            let last = listed.lines.last().filter(|_| listed.lines.len() == page.size as usize);
            self.remember(reader, enterprise, filter, page, last.map(|line| &line.id));
            return Ok(listed);
        };
        self.enter(enterprise).await?;
        Ok(Listed { lines, total: Total::of(total), exact: Some(total) })
    }

    async fn glance(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        filter: &Filter,
        page: Page,
    ) -> Result<Option<Glance>, MailboxError> {
        if self.large.contains_key(&enterprise) {
            return Ok(None);
        }
        let stretch = (stretch(Order::Newest, page, None), self.small);
        let (person, now) = (&reader.person, self.clock.now());
        match self.ledger.glance(person, enterprise, filter, stretch, now).await? {
            Glanced::Page(glance) => return Ok(Some(glance)),
            Glanced::Large => self.large.insert(enterprise, ()),
            Glanced::Unclear => {}
        }
        Ok(None)
    }

    async fn listed(
        &self,
        reader: &Reader,
        place: Place,
        filter: &Filter,
        order: Order,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        let mut look = self.look(reader, place).await?;
        let filter = look.expanded(filter).await?;
        match self.way(&mut look, place, &filter, order).await? {
            Way::Ledger => self.walked(look, &filter, order, page).await,
            Way::Newest => match self.newest(&mut look, &filter, page).await? {
                Some(listed) => Ok(listed),
                None => self.proposed(look, reader, place, &filter, None, page).await,
            },
            Way::Index => self.proposed(look, reader, place, &filter, None, page).await,
        }
    }

    /// A page of what contains a text, in one language, newest first. A blank
    /// text is no criterion.
    ///
    /// # Errors
    /// As [`Mailbox::list`]; `Invalid` for a text that is too long,
    /// `SearchAway` where there is no index.
    pub async fn search(
        &self,
        reader: &Reader,
        place: Place,
        language: Language,
        text: &str,
        filter: &Filter,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        if text.trim().is_empty() {
            return self.list(reader, place, filter, Order::Newest, page).await;
        }
        let page = page.check()?;
        check(filter)?;
        let mut look = self.look(reader, place).await?;
        let filter = look.expanded(filter).await?;
        // Late is better than nothing: what it proposes is looked up again.
        self.is_index_current(&mut look).await?;
        let text = text_of(&look, language, text);
        if filter.names_expiry() {
            return self.sifted(look, &filter, text, page).await;
        }
        self.proposed(look, reader, place, &filter, Some(text), page).await
    }

    async fn way(
        &self,
        look: &mut Look,
        place: Place,
        filter: &Filter,
        order: Order,
    ) -> Result<Way, MailboxError> {
        let is_small = self.search.is_none() || look.is_small(self.small).await?;
        let is_walked = order == Order::Oldest || filter.names_expiry();
        if is_walked || is_small || !self.is_index_current(look).await? {
            return Ok(Way::Ledger);
        }
        // Of several boxes, the newest of each do not tell which is newest of
        // all, unless each is open whole.
        let is_walked = look.is_whole() || matches!(place, Place::Box(_));
        Ok(if filter.is_narrow() || !is_walked { Way::Index } else { Way::Newest })
    }

    /// By the ledger alone.
    async fn walked(
        &self,
        mut look: Look,
        filter: &Filter,
        order: Order,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        let ids = look.walk(filter, stretch(order, page, None)).await?;
        let lines = look.lines(&ids, filter).await?;
        let count = match end(&ids, page) {
            Some(count) => count,
            None => self.count(&mut look, filter, false).await?,
        };
        let exact = Some(count).filter(|&count| count <= u64::from(COUNT_MAX));
        Ok(Listed { lines, total: Total::of(count), exact })
    }

    /// The newest, where those that are looked at fill the page.
    async fn newest(
        &self,
        look: &mut Look,
        filter: &Filter,
        page: Page,
    ) -> Result<Option<Listed>, MailboxError> {
        // What is open whole is read in one go, however far.
        let reach = if look.is_whole() { None } else { Some(page.skip() + self.small) };
        let ids = look.walk(filter, stretch(Order::Newest, page, reach)).await?;
        let is_full = ids.len() == page.size as usize;
        if !is_full && reach.is_some() {
            return Ok(None);
        }
        let lines = look.lines(&ids, filter).await?;
        let count = match end(&ids, page) {
            Some(count) => count,
            // Not less than what is shown: the index may not know of the newest yet.
            None => {
                let shown = u64::from(page.skip()) + lines.len() as u64;
                self.count(look, filter, true).await?.max(shown)
            }
        };
        let exact = Some(count).filter(|&count| count <= u64::from(COUNT_MAX));
        Ok(Some(Listed { lines, total: Total::of(count), exact }))
    }

    /// What the index proposes, as far as the ledger, asked afterwards with
    /// the access of then, disposes.
    async fn proposed(
        &self,
        look: Look,
        reader: &Reader,
        place: Place,
        filter: &Filter,
        text: Option<Text>,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        let asked = Stopwatch::start();
        let openings = look.openings.clone();
        drop(look);
        let found = self.propose(&openings, filter, text, page).await?;
        let mut look = match place {
            Place::Box(_) => self.look(reader, place).await?,
            // Of a thousand boxes, those that are on the page.
            Place::All => {
                let now = self.clock.now();
                self.ledger.look_where(&reader.person, &found.ids, now).await?
            }
        };
        let lines = look.lines(&found.ids, filter).await?;
        let dropped = (found.ids.len() - lines.len()) as u64;
        measure::search_seconds(asked.elapsed());
        let count = found.total.saturating_sub(dropped);
        let exact = Some(count).filter(|_| found.total <= u64::from(COUNT_MAX));
        // Beyond, it was not counted to the end.
        let total = if exact.is_some() { Total::of(count) } else { Total::of(found.total) };
        Ok(Listed { lines, total, exact })
    }
}

impl Mailbox {
    /// What the index proposes, all of it, sifted by the ledger for what the
    /// index does not know.
    pub(super) async fn sifted(
        &self,
        mut look: Look,
        filter: &Filter,
        text: Text,
        page: Page,
    ) -> Result<Listed, MailboxError> {
        let mut kept = Vec::new();
        for number in 1..=REACH_MAX / PAGE_SIZE_MAX {
            let batch = Page { number, size: PAGE_SIZE_MAX };
            let openings = look.openings.clone();
            let found = self.propose(&openings, filter, Some(text.clone()), batch).await?;
            kept.extend(look.lines(&found.ids, filter).await?);
            if found.ids.len() < PAGE_SIZE_MAX as usize {
                break;
            }
        }
        let count = kept.len() as u64;
        let lines = kept.into_iter().skip(page.skip() as usize).take(page.size as usize).collect();
        Ok(Listed { lines, total: Total::of(count), exact: Some(count) })
    }
}

/// Alternatives that one criterion may have.
const ALTERNATIVES_MAX: usize = 1_000;

fn check(filter: &Filter) -> Result<(), MailboxError> {
    if filter.longest() <= ALTERNATIVES_MAX {
        return Ok(());
    }
    Err(MailboxError::invalid("filter", format!("at most {ALTERNATIVES_MAX} alternatives")))
}

fn stretch(order: Order, page: Page, reach: Option<u32>) -> Stretch {
    Stretch { order, after: None, skip: page.skip(), take: page.size, reach }
}

/// How many there are, where this page is the last.
fn end(ids: &[MessageId], page: Page) -> Option<u64> {
    let is_last = ids.len() < page.size as usize && (!ids.is_empty() || page.number == 1);
    is_last.then(|| u64::from(page.skip()) + ids.len() as u64)
}
