//! What printers say, from whichever side it comes: read, believed or not,
//! recorded.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::office::Office;
use super::printer::Printers;
use super::report::{HEARTBEAT, Heartbeat, REPORT, Report};
use crate::ledger::{Class, LedgerError, Source, Step, Stray, Verdict};
use crate::relay::CloudEvent;
use crate::telemetry::measure;

/// Something that came from a printer.
#[derive(Clone, Debug)]
pub struct Letterbox {
    /// The printer: the routing key, or who proved to be it over REST.
    pub printer: String,
    /// The broker account that sent it, where the broker checked it.
    pub account: Option<String>,
    /// One CloudEvent, or a batch of them.
    pub body: Vec<u8>,
}

/// What one CloudEvent came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A report: recorded, with this verdict.
    Report {
        /// The event's id.
        event: String,
        /// What became of it.
        verdict: Verdict,
    },
    /// The printer is alive.
    Heartbeat,
    /// It belongs nowhere, and is kept aside.
    Stray {
        /// Why.
        code: &'static str,
        /// In words.
        explanation: String,
    },
}

enum Said {
    Step(Box<Step>),
    Heartbeat,
    Stray(Stray),
}

const EVENT_ID_CHARS_MAX: usize = 255;

impl Office {
    /// Records everything that some messages say, in order; answers what each
    /// CloudEvent came to. Whatever cannot be believed changes no letter.
    ///
    /// # Errors
    /// `Transient` while the database is away: then nothing may be settled.
    pub async fn hear(&self, messages: &[Letterbox]) -> Result<Vec<Heard>, LedgerError> {
        let said: Vec<Said> = messages.iter().flat_map(|it| said(it, &self.printers)).collect();
        for message in messages {
            self.heard(&message.printer).await?;
        }
        let steps: Vec<Step> = said.iter().filter_map(Said::step).collect();
        let mut verdicts = self.record(&steps).await?.into_iter();
        let (mut heard, mut strays) = (Vec::new(), Vec::new());
        for said in said {
            heard.push(match said {
                Said::Heartbeat => Heard::Heartbeat,
                Said::Stray(stray) => aside(stray, &mut strays),
                Said::Step(step) => match verdicts.next().unwrap_or(Verdict::Unknown) {
                    Verdict::Unknown => aside(unknown(&step), &mut strays),
                    verdict => Heard::Report { event: step.event, verdict },
                },
            });
        }
        if !strays.is_empty() {
            measure::error("paper", "stray");
            self.ledger.keep_strays(&strays, self.clock.now()).await?;
        }
        Ok(heard)
    }

    /// Records steps; those that the database refuses come alone, so that one
    /// does not keep the others.
    async fn record(&self, steps: &[Step]) -> Result<Vec<Verdict>, LedgerError> {
        match self.ledger.record_reports(steps, self.clock.now()).await {
            Err(error) if error.class() == Class::Refused && steps.len() > 1 => {}
            Err(error) if error.class() == Class::Refused => return Ok(vec![Verdict::Unknown]),
            answer => return answer,
        }
        let mut verdicts = Vec::new();
        for step in steps {
            let one = self.ledger.record_reports(std::slice::from_ref(step), self.clock.now());
            match one.await {
                Err(error) if error.class() == Class::Refused => verdicts.push(Verdict::Unknown),
                answer => verdicts.extend(answer?),
            }
        }
        Ok(verdicts)
    }
}

impl Said {
    fn step(&self) -> Option<Step> {
        match self {
            Self::Step(step) => Some(Step::clone(step)),
            _ => None,
        }
    }
}

fn aside(stray: Stray, strays: &mut Vec<Stray>) -> Heard {
    let heard = Heard::Stray { code: stray.code, explanation: stray.explanation.clone() };
    strays.push(stray);
    heard
}

fn unknown(step: &Step) -> Stray {
    let body = format!(
        "{{\"jobId\":\"{}\",\"kind\":\"{}\",\"id\":{}}}",
        step.job,
        step.kind.as_str(),
        Value::from(step.event.as_str())
    );
    let explanation = format!("there is no letter {}", step.job);
    let printer = step.source.name().to_owned();
    Stray { printer, code: "UNKNOWN_JOB", explanation, body: body.into_bytes() }
}

fn said(message: &Letterbox, printers: &Printers) -> Vec<Said> {
    let stray = |code, explanation: String| {
        vec![Said::Stray(Stray {
            printer: message.printer.clone(),
            code,
            explanation,
            body: message.body.clone(),
        })]
    };
    let Some(printer) = printers.get(&message.printer) else {
        return stray("UNKNOWN_PRINTER", format!("no printer {:?} is known", message.printer));
    };
    if printer.account.is_some() && printer.account != message.account {
        let account = message.account.as_deref().unwrap_or_default();
        return stray("FORGED", format!("the account {account:?} does not speak for it"));
    }
    let events: Vec<Value> = match serde_json::from_slice(&message.body) {
        Ok(Value::Array(events)) => events,
        Ok(event) => vec![event],
        Err(error) => return stray("MALFORMED", error.to_string()),
    };
    events.into_iter().map(|event| one(&message.printer, event)).collect()
}

fn one(printer: &str, event: Value) -> Said {
    let body = event.to_string().into_bytes();
    let stray = |code, explanation: String| {
        Said::Stray(Stray { printer: printer.to_owned(), code, explanation, body: body.clone() })
    };
    let event: CloudEvent<Value> = match typed(event) {
        Ok(event) => event,
        Err(fault) => return stray("MALFORMED", fault),
    };
    if event.specversion != "1.0" {
        return stray("MALFORMED", format!("specversion {:?}", event.specversion));
    }
    let is_id = |id: &str| !id.is_empty() && id.chars().count() <= EVENT_ID_CHARS_MAX;
    if !is_id(&event.id) || event.id.chars().any(char::is_control) {
        return stray("MALFORMED", "an id has 1 to 255 printable characters".into());
    }
    match event.r#type.as_str() {
        HEARTBEAT => match typed::<Heartbeat>(event.data) {
            Ok(beat) if beat.printer == printer => Said::Heartbeat,
            Ok(beat) => stray("FORGED", format!("it speaks for {:?}", beat.printer)),
            Err(fault) => stray("MALFORMED", fault),
        },
        REPORT => match typed::<Report>(event.data) {
            Ok(report) if report.printer == printer => Said::Step(Box::new(step(report, event.id))),
            Ok(report) => stray("FORGED", format!("it speaks for {:?}", report.printer)),
            Err(fault) => stray("MALFORMED", fault),
        },
        other => stray("MALFORMED", format!("an event of the type {other:?}")),
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| error.to_string())
}

fn step(report: Report, event: String) -> Step {
    let legible = |text: String| text.replace(char::is_control, " ");
    Step {
        job: report.job_id,
        source: Source::Printer(report.printer),
        event,
        kind: report.kind.into(),
        cause: report.cause.map(|cause| cause.as_str().to_owned()),
        detail: report.detail.map(legible),
        at: report.at,
    }
}
