//! Where and when a box is told of its mail.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::answer::done;
use super::choices::ChoiceOption;
use super::place::{At, Shown};
use super::query::ListQuery;
use super::side::{Around, Side, around};
use crate::mailbox::{MailboxError, Notification};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    frame: Frame,
    place: Shown,
    side: Side,
    fault: Option<String>,
    address: String,
    hours: Vec<ChoiceOption>,
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
        name: format!("{hour:02}:00"),
        is_chosen: hour == notification.hour,
    };
    page(&NoticesPage {
        frame: Frame::new(&at.visitor, "digital"),
        place,
        side,
        fault,
        address: notification.address.clone().unwrap_or_default(),
        hours: (0..24).map(hour).collect(),
    })
}

/// `POST /boxes/{place}/management/notices`
pub(super) async fn change(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let number = at.one()?;
    let notification = Notification {
        address: fields.one("address").map(str::to_owned),
        hour: fields.parsed("hour").unwrap_or_default(),
    };
    match web.mailbox.set_notification(&at.reader, number, &notification).await {
        Err(MailboxError::Invalid { .. }) => {
            let fault = at.words().say("notices-fault");
            form(&web, &at, &notification, Some(fault)).await
        }
        other => done(other, &format!("{}/management/notices", at.url()), "said-saved"),
    }
}
