//! Persons who read while everything breaks, over HTTP, from the very engines
//! that are being broken: nobody sees what is not theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use facteur::clock::{Clock as _, SystemClock};
use facteur::domain::{Digest, MessageId, PersonId};
use facteur::ledger::{Ledger, SessionRow};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::http;
use crate::site::{ENGINES, Site};
use crate::world::{Person, RESERVED, persons};

const PAGE: &str = "/ebox/messages?pageSize=100";
/// By the index, which every subject is in.
const FOUND: &str = "/ebox/messages?pageSize=100&q=tre+num&qlang=fr";
const REST: Duration = Duration::from_millis(300);
/// Longer than any run.
const SIGNED_IN: SignedDuration = SignedDuration::from_hours(24);
/// An engine at rest answers by then, though a fault of its is just over.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Of each person, which messages an engine told of.
pub(crate) type Seen = BTreeMap<String, BTreeSet<MessageId>>;

/// Everybody who has access to a box, signed in, before both engines.
#[derive(Clone)]
pub(crate) struct Readers {
    site: Arc<Site>,
    readers: Arc<Vec<Reader>>,
    seen: Arc<Mutex<Seen>>,
}

struct Reader {
    person: Person,
    cookie: String,
}

/// What one engine was asked, and what it answered.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) pages: u64,
    /// Messages of others, which do not exist for whoever asked.
    pub(crate) denied: u64,
    /// Nobody there, cut off, or an engine that said it cannot.
    pub(crate) silent: u64,
}

/// A message as a list tells of it.
struct Line {
    id: MessageId,
    message_type: String,
}

impl Readers {
    /// Signs everybody in, past the identity provider that there is not.
    pub(crate) async fn sign_in(site: &Arc<Site>) -> Result<Self> {
        let mut readers = Vec::new();
        for person in persons() {
            let cookie = session(&site.ledger, &person).await?;
            readers.push(Reader { person, cookie });
        }
        let seen = Arc::default();
        Ok(Self { site: Arc::clone(site), readers: Arc::new(readers), seen })
    }

    /// Reads newest pages of one box after another until `stop`, as the list and
    /// the search tell of them; and lets the next person ask for what was seen.
    pub(crate) async fn read(self, engine: usize, stop: CancellationToken) -> Result<Asked> {
        let mut asked = Asked::default();
        let count = self.readers.len();
        // The engines do not follow each other through the boxes.
        for n in (0..count).cycle().skip(engine * count / ENGINES) {
            let (reader, next) = (&self.readers[n], &self.readers[(n + 1) % count]);
            let path = if n.is_multiple_of(4) { FOUND } else { PAGE };
            match self.page(engine, reader, path).await? {
                Some((lines, _)) => {
                    asked.pages += 1;
                    self.note(reader, &lines);
                    self.pry(engine, next, reader, &lines, &mut asked).await?;
                }
                None => asked.silent += 1,
            }
            if stop.run_until_cancelled(sleep(REST)).await.is_none() {
                break;
            }
        }
        ensure!(asked.pages > 0 && asked.denied > 0, "engine {} told nothing", engine + 1);
        Ok(asked)
    }

    /// Another asks by its id for a message that somebody was shown.
    async fn pry(
        &self,
        engine: usize,
        other: &Reader,
        of: &Reader,
        lines: &[Line],
        asked: &mut Asked,
    ) -> Result<()> {
        let reserved = lines.iter().find(|line| line.message_type == RESERVED);
        let Some(line) = reserved.or(lines.first()) else { return Ok(()) };
        let is_theirs = other.person.company == of.person.company;
        let message = format!("/ebox/messages/{}", line.id);
        let may = is_theirs && other.person.may_see(&line.message_type);
        let content = format!("{message}/attachments/upfile1/content");
        // Where it is open, content is left alone: asking for it reads the message.
        for path in [Some(&message), (!may).then_some(&content)].into_iter().flatten() {
            match (self.ask(engine, other, path).await?, may) {
                (None, _) => asked.silent += 1,
                (Some((200, _)), true) => {}
                (Some((404, _)), false) => asked.denied += 1,
                (Some(answer), _) => bail!("{} asks for {path}: {answer:?}", other.person.id),
            }
        }
        Ok(())
    }

    fn note(&self, reader: &Reader, lines: &[Line]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(reader.person.id.clone()).or_default();
        seen.extend(lines.iter().map(|line| line.id));
    }

    /// All that anybody was shown so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every message that every person is shown by an engine, on all pages.
    pub(crate) async fn all(&self, engine: usize) -> Result<Seen> {
        let mut all = Seen::new();
        for reader in self.readers.iter() {
            let shown = timeout(ANSWER_MAX, self.all_of(engine, reader)).await;
            let shown = shown.with_context(|| format!("engine {} is silent", engine + 1))??;
            all.insert(reader.person.id.clone(), shown);
        }
        Ok(all)
    }

    async fn all_of(&self, engine: usize, reader: &Reader) -> Result<BTreeSet<MessageId>> {
        let (mut shown, mut number) = (BTreeSet::new(), 1);
        loop {
            let path = format!("{PAGE}&page={number}");
            let Some((lines, total)) = self.page(engine, reader, &path).await? else {
                sleep(REST).await;
                continue;
            };
            for line in lines {
                ensure!(shown.insert(line.id), "{} sees {} twice", reader.person.id, line.id);
            }
            if shown.len() as u64 >= total {
                return Ok(shown);
            }
            number += 1;
        }
    }

    /// A page, and how many messages are on all; none where nobody answered.
    async fn page(
        &self,
        engine: usize,
        reader: &Reader,
        path: &str,
    ) -> Result<Option<(Vec<Line>, u64)>> {
        let Some((status, body)) = self.ask(engine, reader, path).await? else { return Ok(None) };
        let id = &reader.person.id;
        ensure!(status == 200, "{id}, {path}: {status} {body}");
        let body: Value = serde_json::from_str(&body)?;
        let items = body["items"].as_array().context("no items")?;
        let lines: Vec<Line> = items.iter().map(line).collect::<Result<_>>()?;
        for line in &lines {
            let (may_see, kind) = (reader.person.may_see(&line.message_type), &line.message_type);
            ensure!(may_see, "{id} sees {} of type {kind}", line.id);
        }
        Ok(Some((lines, body["totalItems"].as_u64().context("no total")?)))
    }

    /// The status and the body; none where nobody answered, or was able to.
    async fn ask(
        &self,
        engine: usize,
        reader: &Reader,
        path: &str,
    ) -> Result<Option<(u16, String)>> {
        let web = self.site.engines[engine].web;
        match http::get_as(web, path, &reader.cookie).await {
            Ok((503, _)) | Err(_) => Ok(None),
            Ok(answer) => Ok(Some(answer)),
        }
    }
}

fn line(item: &Value) -> Result<Line> {
    let text = |name: &str| item[name].as_str().with_context(|| format!("no {name}: {item}"));
    let id: Uuid = text("messageId")?.parse()?;
    Ok(Line { id: MessageId(id), message_type: text("messageTypeId")?.to_owned() })
}

/// The cookie of a session that was begun.
async fn session(ledger: &Ledger, person: &Person) -> Result<String> {
    let (word, now) = (Uuid::new_v4().to_string(), SystemClock.now());
    let session = SessionRow {
        person: PersonId::new(person.id.as_str())?,
        name: person.id.clone(),
        proven: "{}".to_owned(),
        seen_at: now,
        until: now + SIGNED_IN,
    };
    ledger.open_session(&Digest::of(word.as_bytes()), &session, now).await?;
    Ok(format!("facteur={word}"))
}
