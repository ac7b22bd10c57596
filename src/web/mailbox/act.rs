//! What a reader does with messages: one, or those that were selected.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::Date;

use super::answer::done;
use super::place::At;
use crate::clock::belgian_day;
use crate::domain::{LabelId, MessageId, PartitionId, Task};
use crate::mailbox::{MailboxError, Reader};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, UNDONE_MAX, go, local};

/// What a button asks for.
enum Wish {
    Task(Task, Option<Date>),
    Due(Option<Date>),
    Hide,
    Show,
    Move(PartitionId),
    Label(LabelId),
    Unlabel(LabelId),
}

impl Wish {
    fn read(fields: &Fields) -> Option<Self> {
        let (word, of) = fields.one("do").map(|wish| wish.split_once(':').unwrap_or((wish, "")))?;
        Some(match word {
            "done" => Self::Task(Task::Done, fields.parsed("day")),
            "to-do" => Self::Task(Task::ToDo, fields.parsed("day")),
            "due" => Self::Due(fields.parsed("day")),
            "hide" => Self::Hide,
            "show" => Self::Show,
            "move" => Self::Move(of.parse().ok()?),
            "label" => Self::Label(of.parse().ok()?),
            "unlabel" => Self::Unlabel(of.parse().ok()?),
            _ => return None,
        })
    }

    fn said(&self) -> &'static str {
        match self {
            Self::Task(Task::Done, _) => "said-done",
            Self::Task(Task::ToDo | Task::None, _) => "said-to-do",
            Self::Due(_) => "said-saved",
            Self::Hide => "said-hidden",
            Self::Show => "said-shown",
            Self::Move(_) => "said-moved",
            Self::Label(_) => "said-labelled",
            Self::Unlabel(_) => "said-unlabelled",
        }
    }

    async fn grant(
        self,
        web: &Web,
        reader: &Reader,
        ids: &[MessageId],
    ) -> Result<u64, MailboxError> {
        let mailbox = &web.mailbox;
        match self {
            Self::Task(task, Some(day)) => mailbox.set_task(reader, ids, task, Some(day)).await,
            // A form that names no day leaves the one that is there.
            Self::Task(task, None) => mailbox.turn(reader, ids, task).await,
            Self::Due(day) => {
                let task = if day.is_some() { Task::ToDo } else { Task::None };
                mailbox.set_task(reader, ids, task, day).await
            }
            Self::Hide => mailbox.hide(reader, ids).await,
            Self::Show => mailbox.show(reader, ids).await,
            Self::Move(partition) => mailbox.move_to(reader, ids, partition).await,
            Self::Label(label) => mailbox.put_label(reader, ids, label).await,
            Self::Unlabel(label) => mailbox.take_label(reader, ids, label).await,
        }
    }
}

/// `POST /boxes/{place}/messages`
pub(super) async fn on_many(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let to = back(&fields, &at.url());
    let ids: Result<Vec<MessageId>, _> = fields.all("message").map(str::parse).collect();
    let ids = ids.map_err(|_| PageError::BadRequest)?;
    if fields.one("do") == Some("download") {
        return download(&web, &at, &ids, &to).await;
    }
    let wish = Wish::read(&fields).ok_or(PageError::BadRequest)?;
    if ids.is_empty() {
        return Ok(go(&to, "said-nothing"));
    }
    if !has_day(&fields) {
        return Ok(go(&to, "said-no-day"));
    }
    web.mailbox.are_in(&at.reader, at.place, &ids).await?;
    let said = wish.said();
    let to = if matches!(wish, Wish::Hide) { undoable(&to, &ids) } else { to };
    done(wish.grant(&web, &at.reader, &ids).await, &to, said)
}

/// Back to a page that offers to show again what was hidden.
fn undoable(to: &str, ids: &[MessageId]) -> String {
    if ids.len() > UNDONE_MAX {
        return to.to_owned();
    }
    let (to, fragment) = to
        .split_once('#')
        .map_or((to, String::new()), |(to, fragment)| (to, format!("#{fragment}")));
    let mark = if to.contains('?') { '&' } else { '?' };
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("{to}{mark}undo={}{fragment}", ids.join("+"))
}

/// A selection as a ZIP.
async fn download(web: &Web, at: &At, ids: &[MessageId], to: &str) -> Result<Response, PageError> {
    if ids.is_empty() {
        return Ok(go(to, "said-nothing"));
    }
    web.mailbox.are_in(&at.reader, at.place, ids).await?;
    let archive = match web.mailbox.download(&at.reader, ids).await {
        Ok(archive) => archive,
        Err(MailboxError::Invalid { .. }) => return Ok(go(to, "said-too-many")),
        Err(error) => return Err(error.into()),
    };
    let named = format!("attachment; filename=\"e-box-{}.zip\"", belgian_day(web.clock.now()));
    let headers = [(CONTENT_TYPE, "application/zip".to_owned()), (CONTENT_DISPOSITION, named)];
    Ok((headers, Body::from_stream(archive)).into_response())
}

/// `POST /boxes/{place}/messages/{id}`
pub(super) async fn on_one(
    State(web): State<Web>,
    at: At,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, PageError> {
    let id = at.message(&web, &id).await?;
    let wish = Wish::read(&fields).ok_or(PageError::BadRequest)?;
    let (said, to) = (wish.said(), back(&fields, &at.url()));
    if !has_day(&fields) {
        return Ok(go(&to, "said-no-day"));
    }
    let to = if matches!(wish, Wish::Hide) { undoable(&to, &[id]) } else { to };
    done(wish.grant(&web, &at.reader, &[id]).await, &to, said)
}

/// Whether the day of a form is one, or left empty. What is no day must not
/// take away the one that is there.
fn has_day(fields: &Fields) -> bool {
    fields.one("day").is_none_or(|day| day.parse::<Date>().is_ok())
}

/// Where the form was, or the place's list.
pub(super) fn back(fields: &Fields, place: &str) -> String {
    let to = local(fields.one("to").unwrap_or_default());
    if to == "/" { place.to_owned() } else { to.to_owned() }
}
