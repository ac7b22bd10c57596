//! A message as it is read.

use jiff::Timestamp;

use super::history::{Past, history};
use super::list::{LabelShown, company, label_shown};
use super::marks::{EXPIRES_SOON, MarkShown, marks};
use super::partition_names::PartitionNames;
use super::place::At;
use super::query::ListQuery;
use super::reply::{ReplyForm, Written, reply_form, written};
use super::side::Side;
use crate::clock::belgian_day;
use crate::domain::{self, Attachment, Label, Task, Texts};
use crate::mailbox::{Line, Opened, Place, shown_name};
use crate::web::Web;
use crate::web::page::{PageError, encoded, initials};
use crate::web::words::dates::Moment;
use crate::web::words::{Spoken, Words};

/// A message with everything that its page shows.
pub(super) struct Open {
    pub(super) subject: Spoken,
    pub(super) url: String,
    pub(super) here: String,
    pub(super) back: String,
    pub(super) sender: Spoken,
    pub(super) initials: String,
    pub(super) application: Spoken,
    pub(super) kind: Spoken,
    pub(super) box_name: Option<String>,
    pub(super) arrived: Moment,
    pub(super) marks: Vec<MarkShown>,
    pub(super) labels: Vec<LabelShown>,
    pub(super) other_labels: Vec<LabelShown>,
    pub(super) partitions: Vec<(String, String)>,
    /// Whether it is read as soon as the browser has shown this page. A PDF is
    /// when it was fetched, which takes a script.
    pub(super) is_read: bool,
    pub(super) is_done: bool,
    pub(super) is_hidden: bool,
    pub(super) expiry_note: Option<String>,
    pub(super) main: Main,
    pub(super) body: Option<Spoken>,
    pub(super) attachments: Vec<File>,
    pub(super) facts: Vec<(String, Spoken)>,
    pub(super) due: String,
    pub(super) history: Vec<Past>,
    /// The addresses of an older page of it, and of the newest.
    pub(super) past: Option<String>,
    pub(super) newest: Option<String>,
    /// Address and subject of the message that it goes on from.
    pub(super) original: Option<(String, Spoken)>,
    pub(super) replies: Vec<Written>,
    /// Where the sender takes a reply.
    pub(super) reply: Option<ReplyForm>,
}

/// The main content.
pub(super) enum Main {
    /// Drawn in a frame of its own by a script (`pdf_frame`).
    Pdf(File),
    /// Plain text, in a frame that may do nothing at all.
    Plain(File),
    Image(File),
    Text(Spoken),
    /// To be saved: no browser shows it without danger.
    File(File),
    /// It is gone, or there never was one.
    Expired,
}

impl Open {
    /// Where the rest of the history stands.
    pub(super) fn turn_past(&mut self, page: u32, has_past: bool) {
        let mark = if self.here.contains('?') { '&' } else { '?' };
        let older = page.saturating_add(1);
        self.past = has_past.then(|| format!("{}{mark}past={older}#history", self.here));
        self.newest = (page > 1).then(|| format!("{}#history", self.here));
    }
}

/// An attachment.
pub(super) struct File {
    pub(super) name: Spoken,
    pub(super) size: String,
    /// To be saved.
    pub(super) url: String,
    /// To be shown.
    pub(super) view_url: String,
}

/// How a browser may show a media type within a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showing {
    Pdf,
    Plain,
    Image,
    /// Not at all: HTML, SVG, archives, office documents.
    Never,
}

/// How a media type is shown.
pub(super) fn showing(media_type: &str) -> Showing {
    match media_type {
        "application/pdf" => Showing::Pdf,
        "text/plain" | "text/csv" => Showing::Plain,
        "image/png" | "image/jpeg" => Showing::Image,
        _ => Showing::Never,
    }
}

/// The page of an opened message.
///
/// # Errors
/// When the ledger does not answer.
pub(super) async fn open(
    web: &Web,
    at: &At,
    query: &ListQuery,
    side: &Side,
    all_labels: &[Label],
    opened: &Opened,
) -> Result<Open, PageError> {
    let (line, words, now) = (&opened.line, at.words(), web.clock.now());
    let url = format!("{}/messages/{}", at.url(), line.id);
    let name = |texts: Option<&Texts>, id: &dyn ToString| {
        texts.map_or_else(|| id.to_string().into(), |texts| words.of(texts))
    };
    let reference = &at.reference;
    let sender = reference.organizations.get(&line.organization).map(|it| &it.name);
    let sender = name(sender, &line.organization);
    let application = reference.applications.get(&line.application).map(|it| &it.name);
    let kind = reference.message_types.get(&line.message_type).map(|it| &it.name);
    let is_on = |label: &&Label| opened.labels.iter().any(|on| on.id == label.id);
    let (main, rest) = contents(opened, &url, words, now);
    let is_all = matches!(at.place, Place::All);
    let own = if is_all { Some(own_labels(web, at, line).await?) } else { None };
    let all_labels = own.as_deref().unwrap_or(all_labels);
    let partitions = &PartitionNames::of(web, at, side, std::slice::from_ref(line)).await?;
    Ok(Open {
        subject: words.of(&line.subject),
        here: query.url(&url),
        back: query.list_url(&at.url()),
        initials: initials(&sender.text),
        application: name(application, &line.application),
        kind: name(kind, &line.message_type),
        box_name: if is_all { Some(company(web, line).await?) } else { None },
        arrived: words.moment(line.arrived_at, now),
        marks: marks(line, words, now),
        labels: opened.labels.iter().map(label_shown).collect(),
        other_labels: all_labels.iter().filter(|it| !is_on(it)).map(label_shown).collect(),
        partitions: other_partitions(web, at, line).await?,
        is_read: line.read.is_some() || matches!(main, Main::Plain(_) | Main::Image(_)),
        is_done: line.task == Task::Done,
        is_hidden: line.is_hidden,
        expiry_note: expiry_note(line.expires_at, now, words),
        body: body(opened, words, &main),
        main,
        attachments: rest,
        facts: facts(at, opened, &sender, partitions, now),
        due: line.due.map(|day| day.to_string()).unwrap_or_default(),
        history: history(opened, all_labels, partitions, words, now),
        past: None,
        newest: None,
        original: opened.original.as_ref().map(|original| {
            let url = query.url(&format!("{}/messages/{}", at.url(), original.id));
            (url, words.of(&original.subject))
        }),
        replies: written(opened, words, now),
        reply: reply_form(opened, words, now),
        sender,
        url,
    })
}

/// The labels of a message's box, read among all boxes.
async fn own_labels(web: &Web, at: &At, line: &Line) -> Result<Vec<Label>, PageError> {
    Ok(web.mailbox.labels(&at.reader, Place::Box(line.enterprise)).await?)
}

/// Where else in its box a message may be moved: ids and names.
async fn other_partitions(
    web: &Web,
    at: &At,
    line: &Line,
) -> Result<Vec<(String, String)>, PageError> {
    let all = web.mailbox.elsewhere(&at.reader, line).await?;
    let general = || at.words().say("partition-general");
    Ok(all.into_iter().map(|(id, name)| (id.to_string(), name.unwrap_or_else(general))).collect())
}

fn expiry_note(expires_at: Timestamp, now: Timestamp, words: Words) -> Option<String> {
    let is_soon = expires_at.duration_since(now) < EXPIRES_SOON;
    is_soon.then(|| words.with("expires-soon", "day", &words.long_day(belgian_day(expires_at))))
}

/// The main content, and the other attachments.
fn contents(opened: &Opened, url: &str, words: Words, now: Timestamp) -> (Main, Vec<File>) {
    let publication = &opened.publication;
    let file = |attachment: &Attachment| file(attachment, url, words);
    let (main, rest): (Vec<_>, Vec<_>) =
        publication.attachments.iter().partition(|attachment| attachment.is_main_content);
    let rest = rest.into_iter().map(file).collect();
    let main = match main.first() {
        _ if opened.line.expires_at < now => Main::Expired,
        Some(main) => match showing(main.media_type.as_deref().unwrap_or_default()) {
            Showing::Pdf => Main::Pdf(file(main)),
            Showing::Plain => Main::Plain(file(main)),
            Showing::Image => Main::Image(file(main)),
            Showing::Never => Main::File(file(main)),
        },
        None => Main::Text(words.of(&publication.body_content)),
    };
    (main, rest)
}

/// The text beside a main document.
fn body(opened: &Opened, words: Words, main: &Main) -> Option<Spoken> {
    let text = words.of(&opened.publication.body_content);
    let is_shown = matches!(main, Main::Text(_) | Main::Expired);
    (!is_shown && !text.text.is_empty()).then_some(text)
}

fn file(attachment: &Attachment, url: &str, words: Words) -> File {
    let part = &attachment.http_part_name;
    let title = attachment.attachment_title.as_ref().map(|title| words.of(title));
    let title = title.filter(|title| !title.text.is_empty());
    let file_name = || shown_name(attachment.file_name.as_ref().unwrap_or(part)).into();
    let name = title.unwrap_or_else(file_name);
    let size = match attachment.content {
        Some(domain::Content::Uploaded { size, .. }) => words.size(size),
        Some(domain::Content::Inline { .. }) | None => String::new(),
    };
    let url = format!("{url}/content/{}", encoded(part));
    let view_url = format!("{url}?view=yes");
    File { name, size, url, view_url }
}

/// What is known of a message, by name.
fn facts(
    at: &At,
    opened: &Opened,
    sender: &Spoken,
    partitions: &PartitionNames<'_>,
    now: Timestamp,
) -> Vec<(String, Spoken)> {
    let (line, words) = (&opened.line, at.words());
    let reference = &at.reference;
    let number = reference.organizations.get(&line.organization).map(|it| it.number.dotted());
    let fact = |name: &str, value: String| (words.say(name), value.into());
    let day = |at: Timestamp| words.moment(at, now).long;
    let mut facts = vec![
        (words.say("fact-sender"), numbered(sender, number)),
        fact("fact-arrived", day(line.arrived_at)),
        fact("fact-expires", day(line.expires_at)),
        fact("fact-medium", words.say(&format!("medium-{}", line.medium.as_str()))),
    ];
    if !line.partition.is_general() {
        facts.push(fact("fact-partition", partitions.of_line(line)));
    }
    if let Some((read, _)) = line.read {
        facts.push(fact("fact-read", day(read)));
    }
    if let Some(attention) = &line.attention {
        facts.push(fact("fact-attention", attention.clone()));
    }
    if opened.publication.is_reply_authorized {
        facts.push(fact("fact-reply", words.say("fact-reply-yes")));
    }
    for data in &opened.publication.business_data_list {
        let name = words.find(&format!("bd-{}", data.key));
        let values = data.values.iter().map(|texts| business_value(texts.best(words.0), words));
        let values: Vec<String> = values.collect();
        facts.push((name.unwrap_or_else(|| data.key.clone()), values.join(", ").into()));
    }
    facts.push(fact("fact-id", line.id.to_string()));
    facts
}

/// A sender with its number, where it is known.
fn numbered(sender: &Spoken, number: Option<String>) -> Spoken {
    match number {
        Some(number) => Spoken { text: format!("{sender} ({number})"), ..sender.clone() },
        None => sender.clone(),
    }
}

/// A word of a fixed list, a day, or whatever the sender wrote.
fn business_value(value: &str, words: Words) -> String {
    let is_word = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    let word = if is_word { words.find(&format!("bv-{value}")) } else { None };
    let day = || Some(words.long_day(value.parse().ok()?));
    word.or_else(day).unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_do_no_harm_is_shown() {
        for (media_type, shown) in [
            ("application/pdf", Showing::Pdf),
            ("text/plain", Showing::Plain),
            ("image/png", Showing::Image),
            ("text/html", Showing::Never),
            ("image/svg+xml", Showing::Never),
            ("application/xml", Showing::Never),
            ("application/zip", Showing::Never),
            ("", Showing::Never),
        ] {
            assert_eq!(showing(media_type), shown, "{media_type}");
        }
    }
}
