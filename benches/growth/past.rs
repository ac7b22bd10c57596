//! A past: companies and messages that were there before, written by SQL from
//! what the engine itself made of a few.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::database::{Base, Database};
use crate::engine::Stack;
use crate::indexes::Indexes;
use crate::world::World;
use crate::{LANES, say};

/// Companies and documents that the engine itself takes: all that differs in
/// the world's companies comes round within so many.
const PATTERN: u32 = 1_400;
const PATTERN_DOCUMENTS: usize = 7_000;
/// The readers of a company.
const READERS: u32 = 3;
/// How far back the past goes.
const PAST: Duration = Duration::from_secs(300 * 86_400);

pub(crate) struct Past {
    pub(crate) database: Arc<Database>,
    /// The companies of the pattern, so many times.
    copies: u32,
    connection: PgConnection,
    messages: u64,
    started_us: u128,
    step_us: u128,
}

impl Past {
    /// So many companies at least, and no message; `messages` at most are to
    /// come.
    pub(crate) async fn begin(enterprises: u32, messages: u64) -> Result<Self> {
        let base = Base::new().await?;
        let pattern = World::new(PATTERN, READERS);
        base.fill(&pattern).await?;
        let stack = Stack::rabbit(&base, &pattern, LANES).await?;
        drop(base);
        stack.drain_all(PATTERN_DOCUMENTS, &["--roles", "intake"]).await?;
        stack.queue.close().await;
        stack.ledger.close().await;
        let (_, database) = stack.services.context("a server")?;
        let connection = PgConnectOptions::from_str(&database.url)?.connect().await?;
        let now_us = std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_micros();
        let mut past = Self {
            database,
            copies: enterprises.div_ceil(PATTERN),
            connection,
            messages: 0,
            started_us: now_us - PAST.as_micros(),
            step_us: PAST.as_micros() / u128::from(messages.max(1)),
        };
        past.run(include_str!("functions.sql")).await?;
        past.run(include_str!("registry.sql")).await?;
        past.run(include_str!("pattern.sql")).await?;
        Ok(past)
    }

    pub(crate) fn world(&self) -> World {
        World::new(self.copies * PATTERN, READERS)
    }

    /// Until there are so many messages.
    pub(crate) async fn grow(&mut self, messages: u64) -> Result<()> {
        ensure!(messages > self.messages, "the past only grows");
        let started = Instant::now();
        self.run("SET maintenance_work_mem = '1GB'").await?;
        let indexes = Indexes::drop(&mut self.connection).await?;
        let statements = include_str!("messages.sql")
            .replace("{from}", &self.messages.to_string())
            .replace("{to}", &messages.to_string())
            .replace("{start}", &self.started_us.to_string())
            .replace("{step}", &self.step_us.to_string());
        self.run(&statements).await?;
        say(&format!("  rows after {} s", started.elapsed().as_secs()));
        indexes.make(&mut self.connection).await?;
        say(&format!("  indexes after {} s", started.elapsed().as_secs()));
        self.messages = messages;
        self.database.settle().await
    }

    /// What is refused costs less than what is delivered.
    pub(crate) async fn ensure_good_mail(&mut self) -> Result<()> {
        let codes = "SELECT code, count(*) FROM quarantine GROUP BY code";
        let refused: Vec<(String, i64)> =
            sqlx::query_as(codes).fetch_all(&mut self.connection).await?;
        ensure!(refused.is_empty(), "the bench's mail must be good: {refused:?}");
        Ok(())
    }

    async fn run(&mut self, statements: &str) -> Result<()> {
        let statements = statements
            .replace("{pattern}", &PATTERN.to_string())
            .replace("{copies}", &self.copies.to_string());
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut self.connection).await?;
        Ok(())
    }
}
