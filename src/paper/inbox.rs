//! What printers say, from whichever side it comes: read, believed or not,
//! recorded.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

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
    /// A step, and the event that says it.
    Step(Box<Step>, Vec<u8>),
    Heartbeat,
    Stray(Stray),
}

const UNKNOWN_PRINTER: &str = "UNKNOWN_PRINTER";
const FORGED: &str = "FORGED";
const EVENT_ID_CHARS_MAX: usize = 255;

impl Office {
    /// Records everything that some messages say, in order; answers what each
    /// CloudEvent came to. Whatever cannot be believed changes no letter.
    ///
    /// # Errors
    /// `Transient` while the database is away: then nothing may be settled.
    pub async fn hear(&self, messages: &[Letterbox]) -> Result<Vec<Heard>, LedgerError> {
        let mut all = Vec::new();
        for message in messages {
            let said = said(message, &self.printers);
            // Who speaks in another's name is not heard of.
            if said.iter().any(Said::is_its_own) {
                self.heard(&message.printer).await?;
            }
            all.extend(said);
        }
        let mut said = all;
        if !self.clock.keeps_time() {
            let now = self.clock.now();
            said.iter_mut().for_each(|said| said.date(now));
        }
        let steps: Vec<Step> = said.iter().filter_map(Said::step).collect();
        let mut verdicts = self.record(&steps).await?.into_iter();
        let (mut heard, mut strays) = (Vec::new(), Vec::new());
        for said in said {
            heard.push(match said {
                Said::Heartbeat => Heard::Heartbeat,
                Said::Stray(stray) => aside(stray, &mut strays),
                Said::Step(step, body) => match verdicts.next().unwrap_or(Verdict::Unknown) {
                    Verdict::Unknown => aside(unknown(&step, body), &mut strays),
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
            Self::Step(step, _) => Some(Step::clone(step)),
            _ => None,
        }
    }

    /// Whether the printer itself says it, well or badly.
    fn is_its_own(&self) -> bool {
        !matches!(self, Self::Stray(stray) if matches!(stray.code, UNKNOWN_PRINTER | FORGED))
    }

    /// Dates a step by a clock that its printer cannot know.
    fn date(&mut self, now: Timestamp) {
        if let Self::Step(step, _) = self {
            step.at = now;
        }
    }
}

fn aside(stray: Stray, strays: &mut Vec<Stray>) -> Heard {
    let heard = Heard::Stray { code: stray.code, explanation: stray.explanation.clone() };
    strays.push(stray);
    heard
}

fn unknown(step: &Step, body: Vec<u8>) -> Stray {
    let explanation = format!("there is no letter {}", step.job);
    let printer = step.source.name().to_owned();
    Stray { printer, code: "UNKNOWN_JOB", explanation, body }
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
        return stray(UNKNOWN_PRINTER, format!("no printer {:?} is known", message.printer));
    };
    if printer.account.is_some() && printer.account != message.account {
        let account = message.account.as_deref().unwrap_or_default();
        return stray(FORGED, format!("the account {account:?} does not speak for it"));
    }
    match events(&message.body) {
        Ok(events) => events.into_iter().map(|event| one(&message.printer, event)).collect(),
        Err(error) => stray("MALFORMED", error.to_string()),
    }
}

/// The events of a message, each with its own bytes.
fn events(body: &[u8]) -> Result<Vec<&RawValue>, serde_json::Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice(body);
    }
    serde_json::from_slice(body).map(|event| vec![event])
}

fn one(printer: &str, raw: &RawValue) -> Said {
    let body = raw.get().as_bytes().to_vec();
    let stray = |code, explanation: String| {
        Said::Stray(Stray { printer: printer.to_owned(), code, explanation, body: body.clone() })
    };
    let event = serde_json::from_str(raw.get()).map_err(|error| error.to_string());
    let event: CloudEvent<Value> = match event.and_then(typed) {
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
            Ok(beat) => stray(FORGED, format!("it speaks for {:?}", beat.printer)),
            Err(fault) => stray("MALFORMED", fault),
        },
        REPORT => match typed::<Report>(event.data) {
            Ok(report) if report.printer == printer => {
                Said::Step(Box::new(step(report, event.id)), body)
            }
            Ok(report) => stray(FORGED, format!("it speaks for {:?}", report.printer)),
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
