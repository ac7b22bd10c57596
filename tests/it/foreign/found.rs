//! What lies in the ledger, read row by row, against the agencies' own log.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail, ensure};
use facteur::domain::Digest;
use serde_json::Value;
use sqlx::{Connection, PgConnection, Row};

use crate::support::ledgers::TestLedger;
use crate::support::world::ATTEST;

/// Application and key.
type Key = (String, String);

pub(super) struct Found {
    /// Medium, partition and audience of each message.
    messages: HashMap<Key, [String; 3]>,
    /// Code and place of each entry, by the accountable application and the
    /// digest of its bytes.
    quarantine: HashMap<Key, Vec<[String; 2]>>,
    /// How often each key came.
    seen: HashMap<Key, i64>,
}

impl Found {
    pub(super) async fn read(ledger: &TestLedger) -> Result<Self> {
        let mut connection = PgConnection::connect(&ledger.url).await?;
        let rows = "SELECT application, key, medium, partition, audience_kind FROM messages";
        let rows = sqlx::query(rows).fetch_all(&mut connection).await?;
        let messages = rows.iter().map(|row| {
            Ok((
                (row.try_get(0)?, row.try_get(1)?),
                [row.try_get(2)?, row.try_get(3)?, row.try_get(4)?],
            ))
        });
        let messages = messages.collect::<Result<_, sqlx::Error>>()?;
        let rows = "SELECT application, body, code, pointer FROM quarantine";
        let mut quarantine: HashMap<Key, Vec<[String; 2]>> = HashMap::new();
        for row in sqlx::query(rows).fetch_all(&mut connection).await? {
            let body = hex(row.try_get(1)?);
            let entries = quarantine.entry((row.try_get(0)?, body)).or_default();
            entries.push([row.try_get(2)?, row.try_get(3)?]);
        }
        let rows = "SELECT application, substr(key, 3), seen FROM identities WHERE key LIKE 'k:%'";
        let rows = sqlx::query(rows).fetch_all(&mut connection).await?;
        let seen = rows.iter().map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?)));
        let seen = seen.collect::<Result<_, sqlx::Error>>()?;
        Ok(Self { messages, quarantine, seen })
    }

    /// Each document of the log where it belongs, and nothing else.
    pub(super) fn agrees_with(&self, log: &[Value]) -> Result<()> {
        let (mut fates, mut repeats) = (BTreeMap::new(), HashMap::new());
        for line in log {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let key = (text("lane"), text("key"));
            *fates.entry(text("fate")).or_insert(0) += 1;
            match &*text("fate") {
                "accepted" => self.is_accepted(&key, line),
                "quarantined" => self.is_quarantined(&(text("told"), text("body")), line),
                "repeat" => {
                    *repeats.entry(key).or_insert(0) += 1;
                    Ok(())
                }
                "refused" => self.is_nowhere(&key, &(text("told"), text("body"))),
                other => bail!("no such fate: {other}"),
            }
            .with_context(|| line.to_string())?;
        }
        for (key, count) in repeats {
            ensure!(
                self.seen.get(&key) == Some(&(count + 1)),
                "{key:?} came {:?} times",
                self.seen.get(&key)
            );
        }
        ensure!(fates.len() == 4 && self.messages.len() == fates["accepted"], "{fates:?}");
        let entries: usize = self.quarantine.values().map(Vec::len).sum();
        ensure!(entries == fates["quarantined"], "{entries} entries, {fates:?}");
        Ok(())
    }

    fn is_accepted(&self, key: &Key, line: &Value) -> Result<()> {
        let found = self.messages.get(key).context("no message")?;
        let to = line["to"].as_str().unwrap_or_default();
        let medium = match to {
            "active" => "digital",
            "occasional" => "both",
            _ => "paper",
        };
        let has_box = matches!(to, "active" | "occasional" | "neverOpened");
        let partition = if has_box && line["type"] == ATTEST { "WORK" } else { "GENERAL" };
        let audience = if has_box { "access_managers" } else { "nobody" };
        ensure!(*found == [medium, partition, audience], "{found:?}");
        Ok(())
    }

    fn is_quarantined(&self, place: &Key, line: &Value) -> Result<()> {
        let found = self.quarantine.get(place).context("no entry")?;
        let expected = [&line["code"], &line["pointer"]].map(|it| it.as_str().unwrap_or_default());
        // The same bytes under several keys have an entry each.
        let are_right = found.iter().all(|it| it.each_ref().map(String::as_str) == expected);
        ensure!(are_right, "{found:?}");
        Ok(())
    }

    fn is_nowhere(&self, key: &Key, place: &Key) -> Result<()> {
        let is_here = self.seen.contains_key(key) || self.quarantine.contains_key(place);
        ensure!(!is_here, "the broker refused it and it is here");
        Ok(())
    }
}

/// SHA-256 of bytes, as the agencies log it.
fn hex(bytes: &[u8]) -> String {
    Digest::of(bytes).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
