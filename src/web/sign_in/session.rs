//! Sessions: a random word in a cookie, and what it stands for in the ledger.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::cookies;
use crate::domain::{Digest, EnterpriseNumber, PersonId};
use crate::ledger::{LedgerError, SessionRow};
use crate::web::Web;

/// The cookie's name, before what [`cookies::name`] puts before it.
const COOKIE: &str = "facteur";
/// How old the last look may be before it is written again, and which part of
/// the time that a session may be left alone.
const TOUCH_AFTER: SignedDuration = SignedDuration::from_mins(1);
const TOUCH_PART: i32 = 10;

/// On what a page asks by itself, again and again: nobody needs to be there.
const BY_ITSELF: &str = "facteur-by-itself";

/// Who is signed in, since when, and what was proven.
#[derive(Clone, Debug)]
pub(in crate::web) struct Session {
    pub(in crate::web) person: PersonId,
    pub(in crate::web) name: String,
    pub(in crate::web) proven: Proven,
}

/// What the identity provider said besides who it is. Its ID token is not kept:
/// it says who somebody is in plain words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::web) struct Proven {
    /// The companies that this person represents.
    #[serde(default)]
    pub(in crate::web) represents: Vec<EnterpriseNumber>,
    /// Whether it may use the operators' console.
    #[serde(default)]
    pub(in crate::web) is_operator: bool,
}

/// The session of a request, if it has one that is alive.
///
/// # Errors
/// When the ledger does not answer.
pub(in crate::web) async fn find(
    web: &Web,
    headers: &HeaderMap,
) -> Result<Option<Session>, LedgerError> {
    let Some(digest) = digest(web, headers) else { return Ok(None) };
    let now = web.clock.now();
    let Some(row) = web.ledger.session(&digest, now, web.pages.session_idle).await? else {
        return Ok(None);
    };
    let touch_after = TOUCH_AFTER.min(web.pages.session_idle / TOUCH_PART);
    let is_looked_at = !headers.contains_key(BY_ITSELF);
    if is_looked_at && now.duration_since(row.seen_at) > touch_after {
        web.ledger.touch_session(&digest, now).await?;
    }
    let proven = serde_json::from_str(&row.proven).unwrap_or_default();
    Ok(Some(Session { person: row.person, name: row.name, proven }))
}

/// Begins a session with a new word, and ends the one that the browser came
/// with: nobody can plant a word that somebody else then signs in with.
///
/// # Errors
/// When the ledger does not answer.
pub(in crate::web) async fn open(
    web: &Web,
    headers: &HeaderMap,
    session: &Session,
) -> Result<HeaderValue, LedgerError> {
    close(web, headers).await?;
    let word: [u8; 32] = rand::rng().random();
    let word = URL_SAFE_NO_PAD.encode(word);
    let now = web.clock.now();
    let row = SessionRow {
        person: session.person.clone(),
        name: session.name.clone(),
        proven: serde_json::to_string(&session.proven).unwrap_or_default(),
        seen_at: now,
        until: now + web.pages.session_life,
    };
    web.ledger.open_session(&Digest::of(word.as_bytes()), &row, now).await?;
    let name = cookies::name(COOKIE, web.pages.is_secure);
    Ok(cookies::set(&name, &word, web.pages.session_life.as_secs(), web.pages.is_secure))
}

/// Ends the session of a request; answers the cookie that says so.
///
/// # Errors
/// When the ledger does not answer.
pub(in crate::web) async fn close(
    web: &Web,
    headers: &HeaderMap,
) -> Result<HeaderValue, LedgerError> {
    if let Some(digest) = digest(web, headers) {
        web.ledger.close_session(&digest).await?;
    }
    Ok(cookies::clear(&cookies::name(COOKIE, web.pages.is_secure), web.pages.is_secure))
}

/// The ledger holds digests: whoever reads it cannot sign in with them.
fn digest(web: &Web, headers: &HeaderMap) -> Option<Digest> {
    let name = cookies::name(COOKIE, web.pages.is_secure);
    let word = cookies::read(headers, &name).filter(|word| !word.is_empty())?;
    Some(Digest::of(word.as_bytes()))
}
