//! What the room reports of a job, and the faults that it makes when it is
//! told to. Pure: the same seed and job give the same script, in every run and
//! after every restart.

use uuid::Uuid;

use super::folder::{Job, Stage};
use super::rejection::Rejection;
use crate::domain::{Digest, EnterpriseNumber};
use crate::paper::report::{Cause, ReportKind};
use crate::paper::sandbox::{self, FateStep};

/// How often something is to go wrong, between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate(f64);

/// A text that is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rate: a number from 0% to 100%")]
pub struct NoRate(String);

impl std::str::FromStr for Rate {
    type Err = NoRate;
    fn from_str(text: &str) -> Result<Self, NoRate> {
        let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        number
            .filter(|percent| (0.0..=100.0).contains(percent))
            .map(|percent| Self(percent / 100.0))
            .ok_or_else(|| NoRate(text.to_owned()))
    }
}

/// Faults on purpose, for tests and sandboxes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// Letters that fail: rejected, spoilt, undeliverable or returned.
    pub fail: Rate,
    /// Letters of which every report is sent twice.
    pub repeat: Rate,
    /// Letters of which the reports contradict each other.
    pub contradict: Rate,
    /// What the choice of the letters grows from.
    pub seed: u64,
    /// Whether the sandbox's enterprise numbers choose what becomes of theirs.
    pub sandbox: bool,
}

/// The last that the room reports of a letter that goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Until {
    /// It is on paper.
    Printed,
    /// The post has it.
    Posted,
    /// It was handed over: as if the post had said so.
    Delivered,
}

/// One report to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saying {
    /// The id of its event: the same whenever it is said.
    pub(super) event: String,
    pub(super) kind: ReportKind,
    pub(super) cause: Option<Cause>,
    pub(super) detail: Option<String>,
    /// How often it is sent.
    pub(super) times: usize,
    /// After how many steps of the set delay.
    pub(super) step: u32,
}

/// How a letter fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Rejected,
    Damaged,
    NotDelivered,
    Returned,
}

const FAILURES: [Failure; 4] =
    [Failure::Rejected, Failure::Damaged, Failure::NotDelivered, Failure::Returned];
const OBSTACLES: [Cause; 6] = [
    Cause::Moved,
    Cause::Unknown,
    Cause::Ceased,
    Cause::Refused,
    Cause::Address,
    Cause::Inaccessible,
];

const CHOSEN: &str = "its enterprise number chose so";

impl Faults {
    /// Why a job is rejected although it could be printed.
    pub(super) fn refuses(
        &self,
        job: Uuid,
        recipient: Option<EnterpriseNumber>,
    ) -> Option<Rejection> {
        if let Some(fate) = self.fate(recipient) {
            let rejected = fate.iter().find(|(kind, _)| *kind == ReportKind::Rejected)?;
            let detail = CHOSEN.to_owned();
            return Some(Rejection { cause: rejected.1.unwrap_or(Cause::Other), detail });
        }
        let is_refused = self.failure(job) == Some(Failure::Rejected);
        let detail = "the room was told to fail".to_owned();
        is_refused.then_some(Rejection { cause: Cause::Policy, detail })
    }

    /// Everything that is to be reported of a job, in order.
    pub(super) fn script(&self, id: Uuid, job: &Job, until: Until) -> Vec<Saying> {
        let mut script = Script { id, sayings: Vec::new() };
        match &job.stage {
            Stage::Claimed => script.say(ReportKind::Taken),
            Stage::Rejected(rejection) => {
                script.say(ReportKind::Taken);
                script.explain(ReportKind::Rejected, rejection.cause, &rejection.detail);
            }
            Stage::Cancelled => {
                script.say(ReportKind::Taken);
                script.say(ReportKind::Cancelled);
            }
            Stage::Printed => match self.fate(job.recipient) {
                Some(fate) => script.follow(&fate),
                None => self.print(&mut script, until),
            },
        }
        for _ in 0..job.recalls_late {
            script.say(ReportKind::NotCancelled);
        }
        if self.hits(id, "repeat", self.repeat) {
            script.sayings.iter_mut().for_each(|saying| saying.times = 2);
        }
        script.sayings
    }

    /// What the number of a company chose, where numbers choose.
    fn fate(&self, recipient: Option<EnterpriseNumber>) -> Option<Vec<FateStep>> {
        recipient.filter(|_| self.sandbox).and_then(sandbox::chosen)
    }

    fn print(&self, script: &mut Script, until: Until) {
        use ReportKind::{Delivered, NotDelivered, Posted, Printed, Returned, Taken};
        let id = script.id;
        script.say(Taken);
        script.say(Printed);
        match self.failure(id) {
            Some(Failure::Damaged) => {
                script.explain(ReportKind::Damaged, Cause::Damage, "the press jammed");
            }
            Some(failure) if failure != Failure::Rejected => {
                script.say(Posted);
                script.explain(NotDelivered, self.obstacle(id), "the post brought it back");
                if failure == Failure::Returned {
                    script.say(Returned);
                }
            }
            _ => {
                let said = [(Until::Posted, Posted), (Until::Delivered, Delivered)];
                said.iter().filter(|(from, _)| until >= *from).for_each(|(_, it)| script.say(*it));
            }
        }
        if self.hits(id, "contradict", self.contradict) {
            let detail = "it contradicts itself, as it was told to";
            script.explain(ReportKind::Rejected, Cause::Other, detail);
        }
    }

    fn failure(&self, job: Uuid) -> Option<Failure> {
        let which = usize::from(self.drawn(job, "failure")[0]) % FAILURES.len();
        self.hits(job, "fail", self.fail).then_some(FAILURES[which])
    }

    fn obstacle(&self, job: Uuid) -> Cause {
        OBSTACLES[usize::from(self.drawn(job, "obstacle")[0]) % OBSTACLES.len()]
    }

    fn hits(&self, job: Uuid, what: &str, rate: Rate) -> bool {
        let [a, b, c, d, ..] = self.drawn(job, what);
        f64::from(u32::from_be_bytes([a, b, c, d])) < rate.0 * (f64::from(u32::MAX) + 1.0)
    }

    /// Bytes that nobody guesses, and that are the same every time.
    fn drawn(&self, job: Uuid, what: &str) -> [u8; 32] {
        let parts = [&self.seed.to_be_bytes()[..], job.as_bytes(), what.as_bytes()];
        *Digest::of_parts(&parts).as_bytes()
    }
}

struct Script {
    id: Uuid,
    sayings: Vec<Saying>,
}

impl Script {
    fn say(&mut self, kind: ReportKind) {
        let step = u32::try_from(self.sayings.len()).unwrap_or(u32::MAX);
        let before = self.sayings.iter().filter(|saying| saying.kind == kind).count();
        let event = match before {
            0 => format!("{}:{}", self.id, kind.as_str()),
            // Said again, it is another event: no repeat of the first.
            before => format!("{}:{}:{}", self.id, kind.as_str(), before + 1),
        };
        let saying = Saying { event, kind, cause: None, detail: None, times: 1, step };
        self.sayings.push(saying);
    }

    /// A fate, to its end: nobody's number is chosen for half of it.
    fn follow(&mut self, fate: &[FateStep]) {
        for (kind, cause) in fate {
            match cause {
                Some(cause) => self.explain(*kind, *cause, CHOSEN),
                None => self.say(*kind),
            }
        }
    }

    fn explain(&mut self, kind: ReportKind, cause: Cause, detail: &str) {
        self.say(kind);
        if let Some(saying) = self.sayings.last_mut() {
            saying.cause = Some(cause);
            saying.detail = Some(detail.chars().take(500).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    fn job(stage: Stage) -> Job {
        Job { stage, ..Job::default() }
    }

    fn kinds(faults: Faults, id: Uuid, stage: Stage) -> Vec<&'static str> {
        let script = faults.script(id, &job(stage), Until::Delivered);
        script.iter().map(|saying| saying.kind.as_str()).collect()
    }

    #[test]
    fn a_letter_that_goes_well_is_reported_to_its_end() {
        let all = kinds(Faults::default(), Uuid::nil(), Stage::Printed);
        assert_eq!(all, ["taken", "printed", "posted", "delivered"]);
        let printed = job(Stage::Printed);
        let short = Faults::default().script(Uuid::nil(), &printed, Until::Printed);
        assert_eq!(short.len(), 2);
        assert_eq!(short[1].event, format!("{}:printed", Uuid::nil()));
    }

    #[test]
    fn what_is_said_after_the_claim_is_said_again_after_the_end() {
        let claimed = kinds(Faults::default(), Uuid::nil(), Stage::Claimed);
        for stage in [Stage::Printed, Stage::Cancelled] {
            assert!(kinds(Faults::default(), Uuid::nil(), stage).starts_with(&claimed));
        }
    }

    #[test]
    fn faults_come_at_their_rates_and_from_their_seed() {
        let (fail, repeat, contradict) = (rate("5%"), rate("2%"), rate("1 %"));
        let faults = Faults { fail, repeat, contradict, seed: 7, sandbox: false };
        let jobs = || (0..20_000_u128).map(|number| Uuid::from_u128(number << 64));
        let count = |is: &dyn Fn(Uuid) -> bool| jobs().filter(|job| is(*job)).count();
        let script = |faults: Faults, id| faults.script(id, &job(Stage::Printed), Until::Delivered);
        let failed = count(&|id| faults.failure(id).is_some());
        let repeated = count(&|id| script(faults, id).iter().all(|it| it.times == 2));
        let contradicted = count(&|id| kinds(faults, id, Stage::Printed).ends_with(&["rejected"]));
        assert!((900..1_100).contains(&failed), "{failed}");
        assert!((340..460).contains(&repeated), "{repeated}");
        assert!((150..250).contains(&contradicted), "{contradicted}");
        let other = Faults { seed: 8, ..faults };
        assert!(jobs().any(|id| faults.failure(id) != other.failure(id)));
        assert!(jobs().all(|id| script(faults, id) == script(faults, id)));
    }

    #[test]
    fn every_way_to_fail_happens_and_is_explained() {
        let faults = Faults { fail: rate("100%"), ..Faults::default() };
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..100_u128 {
            let id = Uuid::from_u128(number);
            if let Some(rejection) = faults.refuses(id, None) {
                assert_eq!(rejection.cause, Cause::Policy);
                seen.insert("rejected");
                continue;
            }
            let script = faults.script(id, &job(Stage::Printed), Until::Delivered);
            assert!(script.iter().any(|saying| saying.cause.is_some()), "{script:?}");
            seen.extend(script.last().map(|saying| saying.kind.as_str()));
        }
        assert_eq!(seen.len(), 4, "{seen:?}");
    }

    #[test]
    fn numbers_of_the_sandbox_choose_where_they_are_asked() {
        let sandbox = Faults { sandbox: true, ..Faults::default() };
        for (number, name) in sandbox::numbers() {
            let (fate, to) = (sandbox::fate(number), Some(number));
            let rejection = sandbox.refuses(Uuid::nil(), to);
            assert_eq!(rejection.is_some(), name == "rejected");
            let stage = rejection.map_or(Stage::Printed, Stage::Rejected);
            let job = Job { stage, recipient: to, ..Job::default() };
            let script = sandbox.script(Uuid::nil(), &job, Until::Printed);
            let said: Vec<FateStep> = script.iter().map(|it| (it.kind, it.cause)).collect();
            assert_eq!(said, fate, "{name}");
            let events: std::collections::BTreeSet<&str> =
                script.iter().map(|it| it.event.as_str()).collect();
            assert_eq!(events.len(), script.len(), "{name}: no event is a repeat");
            // Real companies may bear these numbers.
            assert_eq!(Faults::default().refuses(Uuid::nil(), to), None);
            let job = Job { stage: Stage::Printed, ..job };
            assert_eq!(Faults::default().script(Uuid::nil(), &job, Until::Printed).len(), 2);
        }
    }

    #[test]
    fn a_rate_is_a_percentage() {
        assert_eq!(rate("2.5%"), Rate(0.025));
        for wrong in ["5", "-1%", "101%", "%", "five%", "NaN%"] {
            assert_eq!(wrong.parse::<Rate>(), Err(NoRate(wrong.into())), "{wrong}");
        }
    }
}
