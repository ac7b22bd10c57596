//! Where and when a box is told of its mail.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;

use super::answer::done;
use super::choices::ChoiceOption;
use super::place::{At, Shown};
use super::query::ListQuery;
use super::side::{Around, Side, around};
use crate::mailbox::{MailboxError, NoticeRow, NoticeState, Notification};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Words;
use crate::web::words::dates::Moment;

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    frame: Frame,
    place: Shown,
    side: Side,
    fault: Option<String>,
    address: String,
    hours: Vec<ChoiceOption>,
    sends_notices: bool,
    /// When the last notice went out.
    sent: Option<Moment>,
    /// The last one that did not, if it is later.
    failed: Option<Failed>,
}

/// A notice that the mail server did not take.
struct Failed {
    at: Moment,
    is_final: bool,
    answer: String,
}

/// `GET /boxes/{place}/management/notices`
pub(super) async fn show(State(web): State<Web>, at: At) -> Result<Response, PageError> {
    let kept = web.mailbox.notification(&at.reader, at.one()?).await?;
    form(&web, &at, &kept, None).await
}

async fn form(
    web: &Web,
    at: &At,
    notification: &Notification,
    fault: Option<String>,
) -> Result<Response, PageError> {
    let Around { place, side, .. } = around(web, at, &ListQuery::default(), "notices").await?;
    let hour = |hour: u8| ChoiceOption {
        value: hour.to_string(),
        name: format!("{hour:02}:00").into(),
        is_chosen: hour == notification.hour,
    };
    let notices = web.mailbox.notices(&at.reader, at.one()?).await?;
    let (sent, failed) = fate(&notices, at.words(), web.clock.now());
    page(&NoticesPage {
        sends_notices: web.pages.sends_notices,
        sent,
        failed,
        frame: Frame::new(&at.visitor, "digital"),
        place,
        side,
        fault,
        address: notification.address.clone().unwrap_or_default(),
        hours: (0..24).map(hour).collect(),
    })
}

/// The last notice that went out, and what came in the way since.
fn fate(notices: &[NoticeRow], words: Words, now: Timestamp) -> (Option<Moment>, Option<Failed>) {
    let is_sent = |it: &&NoticeRow| it.state == NoticeState::Sent;
    let sent = notices.iter().find(is_sent).and_then(|it| it.ended_at);
    let since = notices.iter().take_while(|it| !is_sent(it));
    let failed = since.filter_map(|it| {
        let (answer, is_final) = (it.answer.clone()?, it.state == NoticeState::Refused);
        let at = words.moment(it.ended_at.unwrap_or(it.try_at), now);
        let is_current = is_final || it.state == NoticeState::Waiting;
        is_current.then_some(Failed { at, is_final, answer })
    });
    (sent.map(|at| words.moment(at, now)), failed.into_iter().next())
}

/// `POST /boxes/{place}/management/notices`
pub(super) async fn change(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let (address, hour) = (fields.one("address").map(str::to_owned), fields.parsed("hour"));
    let notification = Notification { address, hour: hour.unwrap_or_default() };
    let fault = |name: &str| Some(at.words().say(name));
    if hour.is_none() {
        return form(&web, &at, &notification, fault("notices-fault-hour")).await;
    }
    match web.mailbox.set_notification(&at.reader, number, &notification).await {
        Err(MailboxError::Invalid { .. }) => {
            form(&web, &at, &notification, fault("notices-fault")).await
        }
        other => done(other, &format!("{}/management/notices", at.url()), "said-saved"),
    }
}
