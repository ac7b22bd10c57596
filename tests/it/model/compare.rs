//! Asks the engine everything a person can ask, and says where it differs
//! from the model.

use std::collections::BTreeSet;
use std::fmt::Debug;

use anyhow::Result;
use facteur::domain::{EnterpriseNumber, LabelId, Language, MessageId, Task};
use facteur::mailbox::{
    Deed, Event, Filter, Happened, Listed, Mailbox, MailboxError, Order, Page, Place, Purpose,
    Reader, Total,
};

use super::filters::cases;
use super::story::{COMPANIES, PERSONS, Story, WORDS, company};
use super::truth::{Deeds, Message, Mutation};
use crate::mailbox::reader;

/// Small, so that there are several.
const PAGE_SIZE: u32 = 7;

pub(super) fn differ<T: PartialEq + Debug>(what: &str, engine: &T, model: &T) -> Option<String> {
    (engine != model).then(|| format!("{what}: {engine:?}, but {model:?} is right"))
}

impl Story<'_> {
    /// Every difference found, or at least so many.
    pub(super) async fn differences(&self, enough: usize) -> Result<Vec<String>> {
        self.house.indexed().await?;
        let mut found = Vec::new();
        for person in PERSONS {
            if found.len() >= enough {
                break;
            }
            let who = reader(person)?;
            for n in 0..COMPANIES {
                found.extend(self.lists(person, &who, Some(n)).await?);
                found.extend(self.labels(person, &who, n).await?);
                found.extend(self.management(person, &who, n).await?);
            }
            found.extend(self.lists(person, &who, None).await?);
            found.extend(self.boxes(person, &who).await?);
            found.extend(self.messages(person, &who).await?);
            found.extend(self.exports(person, &who).await?);
            found.extend(self.marks(person, &who).await?);
        }
        if found.len() < enough {
            found.extend(self.notices().await?);
        }
        Ok(found)
    }

    async fn lists(&self, person: &str, who: &Reader, of: Option<usize>) -> Result<Vec<String>> {
        let place = of.map_or(Place::All, |n| Place::Box(company(n)));
        let enters = of.is_none_or(|n| self.truth.enters(person, n));
        let mut found = Vec::new();
        for (filter, wanted) in cases(&self.truth) {
            let shown = |it: &Message| self.truth.is_shown(it) && wanted(it);
            let right = self.truth.list(person, of, shown);
            for (way, mailbox) in [("index", &self.house.mailbox), ("ledger", &self.house.plain)] {
                let what = format!("{person} lists {place:?} {filter:?} by the {way}");
                let listed = pages(mailbox, who, place, &filter, Order::Newest).await;
                found.extend(judged(&what, listed, enters, &right));
            }
            if let Place::Box(enterprise) = place {
                let what = format!("{person}'s program lists {enterprise} {filter:?}");
                let listed = pages_of_programs(&self.house.plain, who, enterprise, &filter).await;
                found.extend(judged(&what, listed, enters, &right));
            }
            let words = if filter == Filter::default() { 3 } else { 1 };
            for word in &WORDS[..words] {
                let what = format!("{person} searches {place:?} {filter:?} for {word}");
                let has = |it: &Message| self.truth.is_shown(it) && wanted(it) && it.word == *word;
                let right = self.truth.list(person, of, has);
                let listed = searched(&self.house.mailbox, who, place, &filter, word).await;
                found.extend(judged(&what, listed, enters, &right));
            }
        }
        let mut right = self.truth.list(person, of, |it| self.truth.is_shown(it));
        right.reverse();
        let listed =
            pages(&self.house.mailbox, who, place, &Filter::default(), Order::Oldest).await;
        found.extend(judged(&format!("{person} lists {place:?} oldest"), listed, enters, &right));
        found.extend(self.counters(person, who, of).await?);
        Ok(found)
    }

    async fn counters(&self, person: &str, who: &Reader, of: Option<usize>) -> Result<Vec<String>> {
        let place = of.map_or(Place::All, |n| Place::Box(company(n)));
        let count = |wanted: &dyn Fn(&Message) -> bool| {
            Total::Exactly(self.truth.list(person, of, wanted).len() as u64)
        };
        let unread = |it: &Message| self.truth.is_shown(it) && !it.is_read;
        let is_turned = self.truth.is_wrong(Mutation::ToDoUncounted);
        let to_do = |it: &Message| self.truth.is_shown(it) && (it.task == Task::ToDo) != is_turned;
        let right = [count(&|_| true), count(&unread), count(&|it| it.is_hidden), count(&to_do)];
        let enters = of.is_none_or(|n| self.truth.enters(person, n));
        let mut found = Vec::new();
        for mailbox in [&self.house.mailbox, &self.house.plain] {
            let what = format!("{person} counts {place:?}");
            match mailbox.around(who, place).await.map(|it| it.counters) {
                Ok(it) if enters => {
                    let counted = [it.all, it.unread, it.hidden, it.to_do];
                    found.extend(differ(&what, &counted, &right));
                }
                Err(MailboxError::NotFound) if !enters => {}
                other => found.push(format!("{what}: {other:?}")),
            }
        }
        Ok(found)
    }

    async fn boxes(&self, person: &str, who: &Reader) -> Result<Vec<String>> {
        let entries = self.house.mailbox.boxes(who, |_| true, COMPANIES).await?;
        let mut engine: Vec<_> = entries
            .open
            .iter()
            .map(|it| (it.enterprise.number, it.is_manager, it.unread))
            .collect();
        engine.sort_unstable();
        let unread = |n| {
            let wanted = |it: &Message| self.truth.is_shown(it) && !it.is_read;
            self.truth.list(person, Some(n), wanted).len() as u64
        };
        let entered = (0..COMPANIES).filter(|n| self.truth.enters(person, *n));
        let model: Vec<_> =
            entered.map(|n| (company(n), self.truth.manages(person, n), unread(n))).collect();
        Ok(differ(&format!("{person}'s boxes"), &engine, &model).into_iter().collect())
    }

    /// Every message there is, by its id, and one that there is not. What is
    /// wrongly seen is not opened: the comparison changes nothing that the
    /// model does not know of.
    async fn messages(&self, person: &str, who: &Reader) -> Result<Vec<String>> {
        let (mut found, mailbox) = (Vec::new(), &self.house.mailbox);
        for message in self.truth.messages.values() {
            let what = format!("{person} opens {message:?}");
            match (mailbox.describe(who, message.id).await, self.truth.sees(person, message)) {
                (Ok(_), true) => found.extend(self.opened(person, who, message).await?),
                (Err(MailboxError::NotFound), false) => {
                    let opened = mailbox.open(who, message.id).await.map(drop);
                    let fetched =
                        mailbox.content(who, message.id, "main", Purpose::Download).await.map(drop);
                    for answer in [opened, fetched] {
                        if !matches!(answer, Err(MailboxError::NotFound)) {
                            found.push(format!("{what}: {answer:?} of what is not seen"));
                        }
                    }
                }
                (other, right) => found.push(format!("{what}: {right} is right: {other:?}")),
            }
        }
        let guessed = mailbox.open(who, MessageId(uuid::Uuid::now_v7())).await;
        if !matches!(guessed, Err(MailboxError::NotFound)) {
            found.push(format!("{person} opens what is not there: {guessed:?}"));
        }
        Ok(found)
    }

    /// A message that the person sees, with its history.
    async fn opened(&self, person: &str, who: &Reader, message: &Message) -> Result<Vec<String>> {
        let what = format!("{person} opens {message:?}");
        let it = self.house.mailbox.open(who, message.id).await?;
        let labels: BTreeSet<LabelId> = it.line.labels.iter().copied().collect();
        let mut found: Vec<String> = differ(&what, &labels, &message.labels).into_iter().collect();
        found.extend(differ(&what, &it.line.read.is_some(), &message.is_read));
        let (line, right) = (&it.line, (message.task, message.due, message.medium));
        found.extend(differ(&what, &(line.task, line.due, line.medium), &right));
        found.extend(differ(&what, &line.is_registered, &message.is_registered));
        found.extend(differ(&what, &it.labels.len(), &message.labels.len()));
        found.extend(differ(&what, &it.replies.len(), &message.replies));
        if let Some(right) = self.truth.history(person, message) {
            found.extend(differ(&format!("{what}: history"), &history(&it.history), &right));
        }
        self.truth.did(person, message.id, Deed::Opened);
        Ok(found)
    }

    /// All that a person sees is exported; with one more, nothing.
    async fn exports(&self, person: &str, who: &Reader) -> Result<Vec<String>> {
        let right = self.truth.list(person, None, |_| true);
        let mailbox = &self.house.mailbox;
        let mut found = Vec::new();
        match mailbox.list_csv(who, &right).await {
            Ok(csv) => {
                let first = |line: &str| line.split(';').next().map(str::to_owned);
                let exported: Vec<String> = csv.lines().skip(1).filter_map(first).collect();
                let right: Vec<String> = right.iter().map(ToString::to_string).collect();
                found.extend(differ(&format!("{person} exports"), &exported, &right));
            }
            Err(error) => found.push(format!("{person} exports {right:?}: {error:?}")),
        }
        let mut unseen = self.truth.messages.values().filter(|it| !self.truth.sees(person, it));
        if let Some(unseen) = unseen.next() {
            let too_much: Vec<MessageId> = right.into_iter().chain([unseen.id]).collect();
            let exported = mailbox.list_csv(who, &too_much).await;
            if !matches!(exported, Err(MailboxError::NotFound)) {
                found.push(format!("{person} exports {unseen:?}: {exported:?}"));
            }
        }
        Ok(found)
    }

    async fn labels(&self, person: &str, who: &Reader, n: usize) -> Result<Vec<String>> {
        let right = self.truth.labels_seen(person, n);
        let what = format!("{person}'s labels in {n}");
        let (mailbox, place) = (&self.house.mailbox, Place::Box(company(n)));
        let around = mailbox.around(who, place).await;
        let around = around.map(|it| it.of_box.map(|it| it.labels).unwrap_or_default());
        let mut found = Vec::new();
        for labels in [mailbox.labels(who, place).await, around] {
            match labels {
                Ok(labels) => {
                    let seen: BTreeSet<LabelId> = labels.iter().map(|label| label.id).collect();
                    found.extend(differ(&what, &seen, &right));
                }
                Err(MailboxError::NotFound) if !self.truth.enters(person, n) => {}
                Err(error) => found.push(format!("{what}: {error:?}")),
            }
        }
        Ok(found)
    }

    /// The export, and everything else that only access managers may.
    async fn management(&self, person: &str, who: &Reader, n: usize) -> Result<Vec<String>> {
        let mailbox = &self.house.mailbox;
        let answers = [
            mailbox.access_csv(who, company(n)).await.map(drop),
            mailbox.record(who, company(n), 1).await.map(drop),
            mailbox.consent_history(who, company(n)).await.map(drop),
            mailbox.rules(who, company(n)).await.map(drop),
            mailbox.notification(who, company(n)).await.map(drop),
        ];
        let (enters, manages) = (self.truth.enters(person, n), self.truth.manages(person, n));
        let is_right = |answer: &Result<(), MailboxError>| match answer {
            Ok(()) => manages,
            Err(MailboxError::Forbidden) => enters && !manages,
            Err(MailboxError::NotFound) => !enters,
            Err(_) => false,
        };
        let wrong = answers.iter().filter(|answer| !is_right(answer));
        Ok(wrong.map(|it| format!("{person} manages {n} ({manages}): {it:?}")).collect())
    }
}

/// Its deeds; what the engine did stands beside them.
fn history(events: &[Event]) -> Deeds {
    let mut deeds = Deeds::new();
    for event in events {
        if let Happened::Deed(deed, _) = event.happened {
            let person = event.person.as_ref().map(|it| it.id.to_string());
            *deeds.entry((deed, person)).or_default() +=
                usize::try_from(event.times).unwrap_or(usize::MAX);
        }
    }
    deeds
}

type Pages = Result<(Vec<MessageId>, Vec<Total>), MailboxError>;

/// Every page of a list, until one is not full.
async fn pages(
    mailbox: &Mailbox,
    who: &Reader,
    place: Place,
    filter: &Filter,
    order: Order,
) -> Pages {
    let (mut ids, mut totals) = (Vec::new(), Vec::new());
    for number in 1.. {
        let page = Page { number, size: PAGE_SIZE };
        let Listed { lines, total, .. } = mailbox.list(who, place, filter, order, page).await?;
        totals.push(total);
        ids.extend(lines.iter().map(|line| line.id));
        if lines.len() < PAGE_SIZE as usize {
            break;
        }
    }
    Ok((ids, totals))
}

/// The same, as programs are answered.
async fn pages_of_programs(
    mailbox: &Mailbox,
    who: &Reader,
    enterprise: EnterpriseNumber,
    filter: &Filter,
) -> Pages {
    let (mut ids, mut totals) = (Vec::new(), Vec::new());
    for number in 1.. {
        let page = Page { number, size: PAGE_SIZE };
        let Listed { lines, total, .. } = mailbox.page(who, enterprise, filter, page).await?;
        totals.push(total);
        ids.extend(lines.iter().map(|line| line.id));
        if lines.len() < PAGE_SIZE as usize {
            break;
        }
    }
    Ok((ids, totals))
}

async fn searched(
    mailbox: &Mailbox,
    who: &Reader,
    place: Place,
    filter: &Filter,
    word: &str,
) -> Pages {
    let page = Page { number: 1, size: 100 };
    let found = mailbox.search(who, place, Language::Fr, word, filter, page).await?;
    let exact = mailbox.exact_count(who, place, Some((Language::Fr, word)), filter).await?;
    let totals = vec![found.total, Total::Exactly(exact)];
    Ok((found.lines.iter().map(|line| line.id).collect(), totals))
}

fn judged(what: &str, listed: Pages, enters: bool, right: &Vec<MessageId>) -> Vec<String> {
    match listed {
        Ok((ids, totals)) if enters => {
            let total = Total::Exactly(right.len() as u64);
            let wrong = totals.iter().filter(|it| **it != total);
            let wrong = wrong.map(|it| format!("{what}: {it:?} in all, but {total:?} is right"));
            differ(what, &ids, right).into_iter().chain(wrong).collect()
        }
        Err(MailboxError::NotFound) if !enters => vec![],
        other => vec![format!("{what} (enters: {enters}): {other:?}")],
    }
}
