//! The oracle: what the agencies wrote down, what they were told, what was
//! printed and what is shown, against the ledger's rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use facteur::domain::MessageId;
use facteur::ledger::IdentityKey;
use facteur::print_room::batch::Printed;
use facteur::search::{Boxes, PAGE_SIZE_MAX, Query, Search};
use serde_json::Value;
use uuid::Uuid;

use crate::agencies::Log;
use crate::doubt;
use crate::readers::Seen;
use crate::receipts::Told;
use crate::rows;
use crate::site::Site;
use crate::world::{AGENCIES, companies, persons};

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) identities: usize,
    pub(crate) accepted: usize,
    pub(crate) receipts: usize,
    pub(crate) printed: usize,
    pub(crate) rejected: usize,
    pub(crate) persons: usize,
}

impl fmt::Display for Truth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identities, accepted, receipts, printed, rejected, persons } = self;
        write!(
            out,
            "{identities} identities, each once; {accepted} messages, all found in both indexes; \
             {receipts} receipts, none missing; {printed} letters printed once, {rejected} \
             rejected; {persons} persons see what is theirs"
        )
    }
}

/// What the engines showed to whom.
#[derive(Clone)]
pub(crate) struct Reading {
    /// While everything broke.
    pub(crate) meanwhile: Seen,
    /// By each engine, when everything was at rest.
    pub(crate) afterwards: Vec<Seen>,
}

/// With every process at rest. Fails on a difference of one, and names it.
pub(crate) async fn judge(site: &Site, log: &Log, told: &Told, reading: &Reading) -> Result<Truth> {
    everything_once(site, log).await?;
    let messages = one_message_each(site, log).await?;
    let receipts = told_once(site, log, told).await?;
    let mut truth =
        Truth { identities: log.len(), accepted: messages.len(), receipts, ..Truth::default() };
    let account = balanced(site, &messages).await?;
    (truth.printed, truth.rejected) = printed_once(site, &account).await?;
    truth.persons = shown_to_whom_it_belongs(log, &messages, reading)?;
    notices_what_is_false(site, log, told, reading, &account).await?;
    Ok(truth)
}

/// Tries the oracle on what is not so: one that cannot fail proves nothing.
async fn notices_what_is_false(
    site: &Site,
    log: &Log,
    told: &Told,
    reading: &Reading,
    account: &Value,
) -> Result<()> {
    let messages = one_message_each(site, log).await?;
    let (lost, unknown, elsewhere) = (doubt::lost(log), doubt::unknown(log), doubt::elsewhere(log));
    let (hidden, leaked) = (doubt::hidden(reading), doubt::leaked(reading));
    let said = [
        ("one that is lost", everything_once(site, &lost).await.is_err()),
        ("one that nobody sent", everything_once(site, &unknown).await.is_err()),
        ("one that stands elsewhere", everything_once(site, &elsewhere).await.is_err()),
        ("a message that is missing", one_message_each(site, &elsewhere).await.is_err()),
        ("a receipt that is missing", told_once(site, log, &told.without_one()).await.is_err()),
        ("what is not shown", shown_to_whom_it_belongs(log, &messages, &hidden).is_err()),
        ("what is another's", shown_to_whom_it_belongs(log, &messages, &leaked).is_err()),
        ("a letter printed twice", {
            let _copy = doubt::PrintedAgain::of(site)?;
            printed_once(site, account).await.is_err()
        }),
    ];
    for (what, is_noticed) in said {
        ensure!(is_noticed, "the oracle does not notice {what}");
    }
    Ok(())
}

/// Each confirmed identity is in the account once and stands where it must;
/// nothing else is there.
async fn everything_once(site: &Site, log: &Log) -> Result<()> {
    let identities = "SELECT CAST(organization AS TEXT), application, key, state FROM identities";
    let mut unseen: BTreeSet<_> = log.keys().collect();
    for row in rows::texts(&site.services.postgres, identities).await? {
        let [organization, application, key, state] = row.as_slice() else { bail!("{row:?}") };
        let organization: i64 = organization.parse()?;
        let key = IdentityKey { organization, application: application.clone(), key: key.clone() };
        let sent = log.get(&key).with_context(|| format!("nobody sent {key:?}"))?;
        ensure!(sent.state == state, "{key:?} is {state}, not {}", sent.state);
        ensure!(unseen.remove(&key), "twice: {key:?}");
    }
    ensure!(unseen.is_empty(), "{} confirmed, and lost: {unseen:?}", unseen.len());
    Ok(())
}

type Messages = BTreeMap<(String, String), MessageId>;

/// Every accepted identity has one message, and nothing else has.
async fn one_message_each(site: &Site, log: &Log) -> Result<Messages> {
    let statement = "SELECT application, key, CAST(id AS TEXT) FROM messages";
    let mut messages = Messages::new();
    for row in rows::texts(&site.services.postgres, statement).await? {
        let [application, key, id] = row.as_slice() else { bail!("{row:?}") };
        let id: Uuid = id.parse()?;
        let before = messages.insert((application.clone(), key.clone()), MessageId(id));
        ensure!(before.is_none(), "two messages of {application} {key}");
    }
    let accepted = log.iter().filter(|(_, sent)| sent.state == "accepted");
    let accepted: BTreeSet<_> = accepted.map(|(identity, _)| place(identity)).collect();
    let stored: BTreeSet<_> = messages.keys().cloned().collect();
    ensure!(stored == accepted, "differ: {:?}", stored.symmetric_difference(&accepted));
    Ok(messages)
}

fn place(identity: &IdentityKey) -> (String, String) {
    let key = identity.senders_key().unwrap_or_default();
    (identity.application.clone(), key.to_owned())
}

/// The agencies took every receipt that the journal holds for them; each
/// publication has one, and one more at most for each time it was sent again.
async fn told_once(site: &Site, log: &Log, told: &Told) -> Result<usize> {
    let (events, mut due) = (told.events(), 0);
    let mut kinds: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let journal = "SELECT CAST(position AS TEXT), application, key, kind FROM journal
        WHERE kind IN ('accepted', 'refused', 'repeat', 'held', 'discarded', 'letter')";
    for row in rows::texts(&site.services.postgres, journal).await? {
        let [position, application, key, kind] = row.as_slice() else { bail!("{row:?}") };
        if !AGENCIES.iter().any(|agency| agency.application == application) {
            continue;
        }
        let event = events.get(&position.parse()?);
        let event = event.with_context(|| format!("nobody was told of {row:?}"))?;
        ensure!(event.data["idempotencyKey"] == **key, "{row:?}: {event:?}");
        due += 1;
        if kind != "letter" {
            kinds.entry((application.clone(), key.clone())).or_default().push(kind.clone());
        }
    }
    ensure!(events.len() == due, "{} receipts of {due} entries", events.len());
    for (identity, sent) in log.iter().filter(|(identity, _)| identity.senders_key().is_some()) {
        let kinds =
            kinds.get(&place(identity)).with_context(|| format!("no word of {identity:?}"))?;
        ensure!(kinds.len() <= sent.attempts as usize, "{identity:?}, {sent:?}: {kinds:?}");
        let count = |kind: &str| kinds.iter().filter(|told| *told == kind).count();
        // What was refused may be tried again; what was accepted is a repeat.
        let is_right = match sent.state {
            "accepted" => count("accepted") == 1 && count("repeat") == kinds.len() - 1,
            _ => count("refused") > 0 && count("refused") + count("repeat") == kinds.len(),
        };
        ensure!(is_right, "{identity:?}: {kinds:?}");
    }
    Ok(due)
}

/// The program's own account, and both indexes.
async fn balanced(site: &Site, messages: &Messages) -> Result<Value> {
    let mut account = Value::Null;
    for engine in &site.engines {
        let search = [("FACTEUR__SEARCH__PATH", engine.index.display().to_string())];
        let said = site.run_with(&["verify", "--quiesced", "--json"], &search).await?;
        account = serde_json::from_str(said.lines().last().unwrap_or_default())?;
        ensure!(account["difference"] == 0, "{account:#}");
        let found = found_all(&engine.index).await?;
        let stored: BTreeSet<MessageId> = messages.values().copied().collect();
        ensure!(found == stored, "the index of {} differs", engine.process.name);
    }
    Ok(account)
}

/// Box by box: a search reaches 10,000 messages.
async fn found_all(index: &Path) -> Result<BTreeSet<MessageId>> {
    let (search, mut found) = (Search::open(index)?, BTreeSet::new());
    for company in companies() {
        for page in 1.. {
            let boxes = Boxes::Of(vec![company]);
            let query = Query { boxes, page, size: PAGE_SIZE_MAX, ..Query::everywhere() };
            let ids = search.find(query).await?.ids;
            if ids.is_empty() {
                break;
            }
            for id in ids {
                ensure!(found.insert(id), "found twice: {id}");
            }
        }
    }
    Ok(found)
}

/// Every letter is printed in one batch of one room, or rejected; none in two.
async fn printed_once(site: &Site, account: &Value) -> Result<(usize, usize)> {
    let (mut printed, mut rejected) = (BTreeSet::new(), BTreeSet::new());
    for folder in site.print_folders() {
        for batch in std::fs::read_dir(folder.join("batches"))? {
            let manifest = std::fs::read(batch?.path().join("manifest.json"))?;
            for letter in serde_json::from_slice::<Printed>(&manifest)?.letters {
                ensure!(printed.insert(letter.job_id), "printed twice: {}", letter.job_id);
            }
        }
        for line in std::fs::read_to_string(folder.join("journal.jsonl"))?.lines() {
            let entry: Value = serde_json::from_str(line)?;
            if entry["what"] == "rejected" {
                let job: Uuid = entry["job"].as_str().unwrap_or_default().parse()?;
                ensure!(rejected.insert(job), "rejected twice: {job}");
            }
        }
    }
    let made = "SELECT CAST(job AS TEXT) FROM letters";
    let made = rows::texts(&site.services.postgres, made).await?;
    let made: BTreeSet<Uuid> =
        made.iter().flatten().map(|it| it.parse()).collect::<Result<_, _>>()?;
    ensure!(printed.is_disjoint(&rejected), "both printed and rejected");
    let fates: BTreeSet<Uuid> = printed.union(&rejected).copied().collect();
    ensure!(fates == made, "differ: {:?}", fates.symmetric_difference(&made));
    // What was printed may still not arrive: some fail on purpose.
    let count = |state: &str| account["letters"][state].as_u64().unwrap_or_default();
    let ended = count("delivered") + count("returned") + count("failed");
    ensure!(ended == made.len() as u64, "{} letters made, {}", made.len(), account["letters"]);
    ensure!(count("failed") >= rejected.len() as u64, "{} rejected", rejected.len());
    Ok((printed.len(), rejected.len()))
}

/// Every person is shown exactly what the model says, by either engine; and was
/// shown nothing else while everything broke.
fn shown_to_whom_it_belongs(log: &Log, messages: &Messages, reading: &Reading) -> Result<usize> {
    let mut count = 0;
    for person in persons() {
        let company = person.company.to_string();
        let expected: BTreeSet<MessageId> = log
            .iter()
            .filter(|(_, sent)| sent.state == "accepted" && sent.addressed.0 == company)
            .filter(|(_, sent)| person.may_see(&sent.addressed.1))
            .filter_map(|(identity, _)| messages.get(&place(identity)).copied())
            .collect();
        for shown in &reading.afterwards {
            let shown = shown.get(&person.id).context("nobody asked")?;
            ensure!(*shown == expected, "{} sees {} of {}", person.id, shown.len(), expected.len());
        }
        if let Some(seen) = reading.meanwhile.get(&person.id) {
            let wrong: Vec<_> = seen.difference(&expected).collect();
            ensure!(wrong.is_empty(), "{} saw {wrong:?}", person.id);
        }
        count += 1;
    }
    Ok(count)
}
