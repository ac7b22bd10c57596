//! Publishes with confirms.
//!
//! A confirm is success only if it is an ack and the message was not returned.
//! lapin hands a returned message to whichever confirm of the channel comes
//! next, so a return is never attributed by the confirm it came with but by
//! its exchange and routing key, which decide whether a message can be routed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use lapin::Channel;
use lapin::options::ConfirmSelectOptions;

use super::answer::{Answer, Route, send};
use super::link::Link;
use super::patience::{answered, in_time};
use crate::queue::{Outbound, Publisher, QueueError};

/// How long a broker may take to confirm. A quorum queue that has lost most of
/// its nodes never does, and says nothing; what was asked arrives again then.
const CONFIRM_MAX: Duration = Duration::from_secs(60);

pub(super) struct AmqpPublisher {
    link: Arc<Link>,
    /// Absent while it is in use, so that a call that was given up midway
    /// leaves no confirms behind for the next one.
    channel: Option<Channel>,
}

impl AmqpPublisher {
    pub(super) async fn open(link: Arc<Link>) -> lapin::Result<Self> {
        let channel = Some(confirming(&link).await?);
        Ok(Self { link, channel })
    }

    async fn take_channel(&mut self) -> lapin::Result<Channel> {
        match self.channel.take().filter(|open| open.status().connected()) {
            Some(channel) => Ok(channel),
            None => confirming(&self.link).await,
        }
    }

    /// Publishes all and waits for all confirms together.
    async fn pipeline(&mut self, messages: &[Outbound]) -> Vec<Answer> {
        let channel = match self.take_channel().await {
            Ok(channel) => channel,
            Err(error) => return messages.iter().map(|_| Answer::Failed(error.clone())).collect(),
        };
        let sent = join_all(messages.iter().map(|message| send(&channel, message)));
        let sent = match in_time(CONFIRM_MAX, async { Ok(sent.await) }).await {
            Ok(sent) => sent,
            // The channel goes, with the confirms that may still come on it.
            Err(error) => return messages.iter().map(|_| Answer::Failed(error.clone())).collect(),
        };
        self.channel = Some(channel);
        let (answers, returned): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
        attribute(messages, answers, &returned.into_iter().flatten().collect())
    }

    /// Asks again for each message that was left unanswered when the broker
    /// closed the channel because of one of them, to tell the culprit from its
    /// neighbours. Those that had arrived arrive twice; receivers expect that.
    async fn one_by_one(&mut self, messages: &[Outbound], answers: &mut [Answer]) {
        let mut missing = HashSet::new();
        let mut lost = None;
        for (message, answer) in messages.iter().zip(answers) {
            match answer {
                Answer::Failed(_) if missing.contains(&message.exchange) => {
                    *answer = Answer::Returned;
                }
                Answer::Failed(_) => *answer = self.alone(message, &mut lost).await,
                _ => continue,
            }
            if answer.is_missing_exchange() {
                missing.insert(message.exchange.clone());
            }
        }
    }

    /// Once the connection is lost, the rest is not tried.
    async fn alone(&mut self, message: &Outbound, lost: &mut Option<lapin::Error>) -> Answer {
        if let Some(error) = lost {
            return Answer::Failed(error.clone());
        }
        let answers = self.pipeline(std::slice::from_ref(message)).await;
        let answer = answers.into_iter().next().unwrap_or(Answer::NotTaken);
        if let Answer::Failed(error) = &answer
            && !answer.is_refusal()
        {
            *lost = Some(error.clone());
        }
        answer
    }
}

#[async_trait]
impl Publisher for AmqpPublisher {
    async fn publish(&mut self, messages: Vec<Outbound>) -> Vec<Result<(), QueueError>> {
        let mut answers = self.pipeline(&messages).await;
        if messages.len() > 1 && answers.iter().any(Answer::is_refusal) {
            self.one_by_one(&messages, &mut answers).await;
        }
        let answered = messages.iter().zip(answers);
        answered.map(|(message, answer)| answer.verdict(message)).collect()
    }
}

async fn confirming(link: &Link) -> lapin::Result<Channel> {
    let channel = link.channel().await?;
    answered(&channel, channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}

/// Marks what was returned. Messages with one route share their fate; one that
/// was routed after all is published again by the sender.
fn attribute(
    messages: &[Outbound],
    mut answers: Vec<Answer>,
    returned: &HashSet<Route>,
) -> Vec<Answer> {
    if returned.is_empty() {
        return answers;
    }
    for (message, answer) in messages.iter().zip(&mut answers) {
        if returned.contains(&Route::of(message)) {
            *answer = Answer::Returned;
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::queue::Properties;

    fn message(routing_key: &str) -> Outbound {
        Outbound {
            exchange: "entry".into(),
            routing_key: routing_key.into(),
            body: Bytes::new(),
            properties: Properties::default(),
        }
    }

    /// The confirm of a routed message arrives between another's return and
    /// that one's confirm, and carries the return.
    #[test]
    fn a_return_belongs_to_its_route_and_not_to_its_confirm() {
        let messages = ["lane", "nobody", "lane"].map(message);
        let answers = vec![Answer::Taken, Answer::Taken, Answer::NotTaken];
        let returned = HashSet::from([Route::of(&messages[1])]);
        let attributed = attribute(&messages, answers, &returned);
        assert!(
            matches!(attributed[..], [Answer::Taken, Answer::Returned, Answer::NotTaken]),
            "{attributed:?}"
        );
    }
}
