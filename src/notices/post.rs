//! The mail server: one mail goes to it, and its answer means taken, refused,
//! or another time.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{AsyncSmtpTransport, Error, PoolConfig};
use lettre::{Address, AsyncTransport as _, Message, Tokio1Executor};

use super::mail::Mail;
use crate::config::{MailTls, Notices as Settings};
use crate::ledger::NoticeInHand;
use crate::telemetry::log::chain;

/// For one command to the server.
const COMMAND_MAX: Duration = Duration::from_secs(20);
/// For one mail from the first command to the last answer.
const MAIL_MAX: Duration = Duration::from_secs(60);
/// What the server says of an address or a mail that it will never take (RFC
/// 5321 §4.2.3). Its other words of the fifth kind are about us or about it
/// (authentication, syntax, "transaction failed"): a person puts that right,
/// and the notice waits.
const REFUSALS: [u16; 6] = [550, 551, 552, 553, 555, 556];

/// The way to the mail server.
pub(super) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

/// What became of a mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Taken,
    Refused(String),
    Again(String),
}

/// The mail server cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Nobody that mail can come from.
    #[error("notices.sender is no mail address")]
    Sender(#[source] lettre::address::AddressError),
    /// TLS cannot be prepared.
    #[error("notices.host cannot be reached over TLS")]
    Tls(#[source] Error),
    /// It is not there, does not know us, or has no TLS.
    #[error("the mail server did not let us in")]
    Closed(#[source] Error),
    /// It let us in, and then had nothing to say.
    #[error("the mail server did not answer")]
    Silent,
}

/// Whether the mail server lets us in as we are configured; sends nothing.
///
/// # Errors
/// Why it does not.
pub async fn prove(settings: &Settings) -> Result<(), PostError> {
    let post = Post::new(settings, 1)?;
    let is_there = tokio::time::timeout(COMMAND_MAX, post.transport.test_connection()).await;
    match is_there.map_err(|_| PostError::Silent)?.map_err(PostError::Closed)? {
        true => Ok(()),
        false => Err(PostError::Silent),
    }
}

impl Post {
    /// Opens no connection yet.
    pub(super) fn new(settings: &Settings, connections: u32) -> Result<Self, PostError> {
        type Smtp = AsyncSmtpTransport<Tokio1Executor>;
        let host = settings.host.as_str();
        let builder = match settings.tls {
            MailTls::None => Smtp::builder_dangerous(host),
            MailTls::Starttls => Smtp::starttls_relay(host).map_err(PostError::Tls)?,
            MailTls::Tls => Smtp::relay(host).map_err(PostError::Tls)?,
        };
        let pool = PoolConfig::new().max_size(connections);
        let builder = builder.port(settings.port).timeout(Some(COMMAND_MAX)).pool_config(pool);
        let builder = match settings.user.is_empty() {
            true => builder,
            false => {
                let password = settings.password.reveal().to_owned();
                builder.credentials(Credentials::new(settings.user.clone(), password))
            }
        };
        let sender = settings.sender.parse().map_err(PostError::Sender)?;
        Ok(Self { transport: builder.build(), sender })
    }

    pub(super) async fn send(&self, notice: &NoticeInHand, mail: &Mail, now: Timestamp) -> Answer {
        let Ok(to) = notice.address.parse::<Address>() else {
            return Answer::Refused("this is no address that mail can be sent to".into());
        };
        let message = match self.addressed(notice, to, mail, now) {
            Ok(message) => message,
            Err(error) => return Answer::Again(chain(&error).to_string()),
        };
        match tokio::time::timeout(MAIL_MAX, self.transport.send(message)).await {
            Ok(Ok(_)) => Answer::Taken,
            Ok(Err(error)) => answer(&error),
            Err(_) => Answer::Again("the mail server does not answer".into()),
        }
    }

    /// The Message-ID is that of the notice: a mail that comes twice is seen
    /// to be one.
    fn addressed(
        &self,
        notice: &NoticeInHand,
        to: Address,
        mail: &Mail,
        now: Timestamp,
    ) -> Result<Message, lettre::error::Error> {
        let id = format!("<{}@{}>", notice.id, self.sender.email.domain());
        let language = notice.enterprise.language.code();
        // RFC 8058: one click stops, without a page in between.
        Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.clone())
            .message_id(Some(id))
            .date(SystemTime::from(now))
            .raw_header(header("List-Unsubscribe", format!("<{}>", mail.stop_url)))
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()))
            .raw_header(header("Auto-Submitted", "auto-generated".into()))
            .raw_header(header("Content-Language", language.into()))
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
                    .singlepart(part(ContentType::TEXT_HTML, &mail.html)),
            )
    }
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(text.to_owned())
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

fn answer(error: &Error) -> Answer {
    let words = chain(error).to_string();
    let code = error.status().map(u16::from);
    match code.is_some_and(|code| REFUSALS.contains(&code)) {
        true => Answer::Refused(words),
        false => Answer::Again(words),
    }
}
/// Whether mail can be addressed to it at all: what is kept as an address is
/// read in the same way when a notice leaves.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}
