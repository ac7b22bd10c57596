//! An engine of an older release works on the newest schema: what it asked and
//! was answered, as `schemas/kept/README.md` says, is asked once more.

use anyhow::{Context, Result, bail, ensure};
use facteur::domain::EnterpriseNumber;
use facteur::mailbox::{Filter, Order, Page, Place, Total};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, PgConnection, Postgres, Row as _, Sqlite,
    SqliteConnection, TypeInfo as _, ValueRef as _,
};
use uuid::Uuid;

use super::schema::{is_brought_up_to_date, release};
use crate::mailbox::reader;
use crate::shipped::text;
use crate::support::desk::{Desk, rulebook};
use crate::support::ledgers::{TestLedger, postgres_made_by, sqlite_made_by};
use crate::support::world::Company;

/// A statement with what was bound to it, and its answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    sql: String,
    values: Vec<Bound>,
    /// Of what reads: the cells of each row.
    rows: Option<Vec<Json>>,
    /// Of what writes: how many rows.
    changed: Option<u64>,
}

/// A value by its type; bytes in hexadecimal.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bound {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<String>),
    Id(Option<Uuid>),
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Blobs(Vec<String>),
    Ids(Vec<Option<Uuid>>),
}

/// What the old engine made of the world: six accepted, two of them paper alone,
/// two put aside, one repeat; the manager of one company opened what lies there.
const SHOWN: u64 = 4;

#[tokio::test]
async fn sqlite_an_engine_of_the_release_before_works_on_this_schema() -> Result<()> {
    let ledger = sqlite_made_by(&release("sqlite")?).await?;
    is_brought_up_to_date(&ledger).await?;
    let mut connection = SqliteConnection::connect(&ledger.url).await?;
    for asked in recorded("sqlite")? {
        let query = sqlx::query::<Sqlite>(AssertSqlSafe(asked.sql.clone()));
        let query = asked.values.iter().try_fold(query, bind_sqlite)?;
        if asked.changed.is_some() {
            asked.changes(query.execute(&mut connection).await?.rows_affected())?;
        } else {
            asked.answers(query.fetch_all(&mut connection).await?.iter().map(sqlite_cells))?;
        }
    }
    is_understood(&ledger).await
}

#[tokio::test]
async fn postgres_an_engine_of_the_release_before_works_on_this_schema() -> Result<()> {
    let ledger = postgres_made_by(&release("postgres")?).await?;
    is_brought_up_to_date(&ledger).await?;
    let mut connection = PgConnection::connect(&ledger.url).await?;
    for asked in recorded("postgres")? {
        let query = sqlx::query::<Postgres>(AssertSqlSafe(asked.sql.clone()));
        let query = asked.values.iter().try_fold(query, bind_postgres)?;
        if asked.changed.is_some() {
            asked.changes(query.execute(&mut connection).await?.rows_affected())?;
        } else {
            asked.answers(query.fetch_all(&mut connection).await?.iter().map(postgres_cells))?;
        }
    }
    is_understood(&ledger).await
}

/// What the old engine wrote is whole for the program of today.
async fn is_understood(ledger: &TestLedger) -> Result<()> {
    let (account, findings) = ledger.verify().await?;
    ensure!(account.difference == 0 && findings.is_empty(), "{account:?} {findings:?}");
    let total = account.total;
    ensure!((total.received, total.accepted, total.repeats) == (8, 6, 1), "{total:?}");
    let desk = Desk::beside(&ledger.ledger, rulebook()?)?;
    let clock = std::sync::Arc::new(facteur::clock::SystemClock);
    let mailbox = facteur::mailbox::Mailbox::new(
        std::sync::Arc::clone(&ledger.ledger),
        None,
        desk.documents.clone(),
        clock,
    );
    let number: EnterpriseNumber = Company::Active.number();
    let manager = reader(&format!("person-{number}"))?;
    let place = Place::Box(number);
    let page = Page::default();
    let list = mailbox.list(&manager, place, &Filter::default(), Order::Newest, page).await?;
    ensure!(list.total == Total::Exactly(SHOWN), "{list:?}");
    ensure!(list.lines.iter().any(|line| line.read.is_some()), "{list:?}");
    Ok(())
}

fn recorded(dialect: &str) -> Result<Vec<Asked>> {
    let lines = text(&format!("schemas/kept/0001/{dialect}.recorded.jsonl"))?;
    let asked: Vec<Asked> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(asked.len() > 100, "only {} statements were recorded", asked.len());
    Ok(asked)
}

impl Asked {
    fn changes(&self, changed: u64) -> Result<()> {
        ensure!(self.changed == Some(changed), "{} changes {changed} rows", self.sql);
        Ok(())
    }

    fn answers(&self, rows: impl Iterator<Item = Result<Json>>) -> Result<()> {
        let mut expected = self.rows.clone().context("neither reads nor writes")?;
        let mut rows: Vec<Json> = rows.collect::<Result<_>>()?;
        // Without an order of its own it may come in any.
        if !self.sql.contains("ORDER BY") {
            expected.sort_by_key(Json::to_string);
            rows.sort_by_key(Json::to_string);
        }
        ensure!(rows == expected, "{}: {rows:?}, not {expected:?}", self.sql);
        Ok(())
    }
}

type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;

fn bind_sqlite<'q>(query: SqliteQuery<'q>, value: &Bound) -> Result<SqliteQuery<'q>> {
    Ok(match value {
        Bound::Int(value) => query.bind(*value),
        Bound::Text(value) => query.bind(value.clone()),
        Bound::Bytes(value) => query.bind(value.as_deref().map(bytes).transpose()?),
        Bound::Id(value) => query.bind(*value),
        _ => bail!("SQLite has no lists"),
    })
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

fn bind_postgres<'q>(query: PgQuery<'q>, value: &Bound) -> Result<PgQuery<'q>> {
    Ok(match value {
        Bound::Int(value) => query.bind(*value),
        Bound::Text(value) => query.bind(value.clone()),
        Bound::Bytes(value) => query.bind(value.as_deref().map(bytes).transpose()?),
        Bound::Id(value) => query.bind(*value),
        Bound::Ints(values) => query.bind(values.clone()),
        Bound::Texts(values) => query.bind(values.clone()),
        Bound::Blobs(values) => {
            query.bind(values.iter().map(|it| bytes(it)).collect::<Result<Vec<_>>>()?)
        }
        Bound::Ids(values) => query.bind(values.clone()),
    })
}

fn sqlite_cells(row: &SqliteRow) -> Result<Json> {
    let cell = |i: usize| {
        let raw = row.try_get_raw(i)?;
        Ok(match raw.type_info().name() {
            _ if raw.is_null() => Json::Null,
            "INTEGER" => json!(row.try_get_unchecked::<i64, _>(i)?),
            "TEXT" => json!(row.try_get_unchecked::<String, _>(i)?),
            "BLOB" => json!({ "bytes": hex(&row.try_get_unchecked::<Vec<u8>, _>(i)?) }),
            other => bail!("a column of type {other}"),
        })
    };
    (0..row.len()).map(cell).collect()
}

fn postgres_cells(row: &PgRow) -> Result<Json> {
    let cell = |i: usize| {
        Ok(match row.column(i).type_info().name() {
            "INT8" => json!(row.try_get::<Option<i64>, _>(i)?),
            "TEXT" => json!(row.try_get::<Option<String>, _>(i)?),
            "BYTEA" => {
                let bytes = row.try_get::<Option<Vec<u8>>, _>(i)?;
                bytes.map_or(Json::Null, |it| json!({ "bytes": hex(&it) }))
            }
            "UUID" => {
                let id = row.try_get::<Option<Uuid>, _>(i)?;
                id.map_or(Json::Null, |it| json!({ "id": it }))
            }
            other => bail!("a column of type {other}"),
        })
    };
    (0..row.len()).map(cell).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(std::str::from_utf8);
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}
