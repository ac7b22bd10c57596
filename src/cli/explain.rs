//! `facteur explain`

use serde_json::{Value, json};

use super::{Answer, Output, open};
use crate::config::Config;
use crate::domain::MessageId;
use crate::ledger::StoredMessage;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which message
    message_id: MessageId,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let found = tools.ledger.explain(args.message_id).await?;
    tools.close().await;
    let Some(message) = found else {
        let message = format!("there is no message {}", args.message_id);
        output.show(&json!({ "error": message }), |_| vec![message.clone()])?;
        return Ok(Answer::No);
    };
    let replayed = message.is_decided_again_alike();
    output.show(&value(&message, replayed)?, |_| lines(&message, replayed))?;
    Ok(Answer::from(replayed))
}

fn value(message: &StoredMessage, replayed: bool) -> anyhow::Result<Value> {
    let publication: Value = serde_json::from_str(&message.publication)?;
    let letters: Vec<Value> = message
        .letters
        .iter()
        .map(|(job, state)| json!({ "jobId": job, "state": state }))
        .collect();
    Ok(json!({
        "messageId": message.id,
        "recipient": message.enterprise,
        "sender": {
            "organization": message.organization,
            "application": message.application,
            "idempotencyKey": message.key,
        },
        "messageTypeId": message.message_type,
        "publishedAt": message.published_at,
        "arrivedAt": message.arrived_at,
        "expiresAt": message.expires_at,
        "readAt": message.read_at,
        "routing": {
            "partition": message.partition,
            "rule": message.routing_rule,
            "audience": message.audience,
            "audienceKind": message.audience_kind,
        },
        "decision": {
            "medium": message.medium,
            "reason": message.reason,
            "rule": message.rule,
            "flag": message.flag,
            "facts": message.facts,
            "policy": message.policy.0,
            "decidedAgainAlike": replayed,
        },
        "letters": letters,
        "publication": publication,
    }))
}

fn lines(message: &StoredMessage, replayed: bool) -> Vec<String> {
    let facts = &message.facts;
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let mut lines = vec![
        format!("message     {}", message.id),
        format!("to          {}", message.enterprise.dotted()),
        format!("from        {} of {}", message.application, message.organization.dotted()),
        format!("key         {}", message.key),
        format!("type        {}", message.message_type),
        format!("published   {}", or_nothing(message.published_at.map(|at| at.to_string()))),
        format!("arrived     {}", message.arrived_at),
        format!("expires     {}", message.expires_at),
        format!("read        {}", or_nothing(message.read_at.map(|at| at.to_string()))),
        String::new(),
        format!("medium      {}, because {}", message.medium.as_str(), message.reason),
        format!("            by the rule {:?} of policy {}", message.rule, message.policy.0),
        format!("            box {:?}, consent {}", facts.recipient, facts.consent),
        format!(
            "            digital form {:?}, registered {}",
            facts.digital_form, facts.registered
        ),
        format!(
            "            precondition {:?}, somebody can open {}",
            facts.precondition, facts.somebody_can_open
        ),
        format!(
            "            decided again from these facts and that policy: {}",
            if replayed { "the same" } else { "NOT the same" }
        ),
        String::new(),
        format!(
            "partition   {}, {}",
            message.partition,
            message.routing_rule.map_or_else(
                || "since no rule matched".into(),
                |priority| format!("by the rule with priority {priority}")
            )
        ),
        format!("audience    {} ({})", message.audience_kind, message.audience.len()),
    ];
    lines.extend(message.audience.iter().map(|person| format!("            {person}")));
    lines.extend(message.letters.iter().map(|(job, state)| format!("letter      {job} {state}")));
    lines
}
