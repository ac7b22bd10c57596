//! The bare list: the page that the engine answers with, in the same JSON, of
//! the same rows of the same table, by one query on its key.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};

/// The page alone: `totalItems` says how many are on it.
pub(crate) const PAGE: &str = "page";
/// With how many there are on all pages, as the engine's.
pub(crate) const COUNTED: &str = "counted";

macro_rules! page {
    ($count:literal) => {
        concat!(
            "SELECT id, organization, application, message_type, partition, medium, registered, \
             arrived_at, expires_at, read_at, hidden, publication, ",
            $count,
            " FROM messages WHERE enterprise = $1 ORDER BY id DESC LIMIT 25"
        )
    };
}

const OF_PAGE: &str = page!("0::BIGINT");
const WITH_COUNT: &str = page!("(SELECT count(*) FROM messages WHERE enterprise = $1)");

/// What a list shows of a publication.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    subject: Box<RawValue>,
    #[serde(default)]
    is_body_main_content: bool,
    #[serde(default)]
    is_reply_authorized: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    message_id: uuid::Uuid,
    subject: Box<RawValue>,
    receipt_date: Timestamp,
    expiration_date: Timestamp,
    read_status: bool,
    visible: bool,
    registered_mail: bool,
    message_type_id: String,
    sender_organization_id: String,
    sender_application_id: String,
    body_main_content: bool,
    reply_authorized: bool,
    partition: String,
    medium: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Item>,
    total_items: i64,
}

pub(crate) fn routes(pool: PgPool) -> Router {
    Router::new()
        .route("/page", get(|State(pool), query| list(pool, query, OF_PAGE)))
        .route("/counted", get(|State(pool), query| list(pool, query, WITH_COUNT)))
        .with_state(pool)
}

async fn list(
    pool: PgPool,
    RawQuery(query): RawQuery,
    text: &'static str,
) -> Result<Json<Page>, StatusCode> {
    let company: i64 = query.and_then(|text| text.parse().ok()).ok_or(StatusCode::BAD_REQUEST)?;
    let rows = sqlx::query(text).bind(company).fetch_all(&pool).await;
    let page = rows.map_err(anyhow::Error::from).and_then(|rows| page(&rows));
    page.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn page(rows: &[PgRow]) -> anyhow::Result<Page> {
    let total_items = rows.first().map_or(Ok(0), |row| row.try_get(12))?;
    let items: anyhow::Result<Vec<Item>> = rows.iter().map(item).collect();
    Ok(Page { items: items?, total_items })
}

fn item(row: &PgRow) -> anyhow::Result<Item> {
    let shown: Shown = serde_json::from_str(row.try_get(11)?)?;
    let organization: i64 = row.try_get(1)?;
    Ok(Item {
        message_id: row.try_get(0)?,
        subject: shown.subject,
        receipt_date: Timestamp::from_microsecond(row.try_get(7)?)?,
        expiration_date: Timestamp::from_microsecond(row.try_get(8)?)?,
        read_status: row.try_get::<Option<i64>, _>(9)?.is_some(),
        visible: row.try_get::<i64, _>(10)? == 0,
        registered_mail: row.try_get::<i64, _>(6)? != 0,
        message_type_id: row.try_get(3)?,
        sender_organization_id: format!("{organization:010}"),
        sender_application_id: row.try_get(2)?,
        body_main_content: shown.is_body_main_content,
        reply_authorized: shown.is_reply_authorized,
        partition: row.try_get(4)?,
        medium: row.try_get(5)?,
    })
}
