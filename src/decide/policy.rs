//! The policy table: reading it, and everything that can be wrong with it.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::facts::{BoxState, Facts};
use super::reach;
use crate::domain::{ApplicationId, Digest, DigitalForm, EnterpriseNumber, Medium, MessageTypeId};

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// In the box only.
    Digital,
    /// A letter.
    Paper,
    /// In the box, and a letter.
    Both,
    /// Back to the sender.
    Refuse,
}

impl Ruling {
    /// The medium, unless it is a refusal.
    #[must_use]
    pub fn medium(self) -> Option<Medium> {
        match self {
            Self::Digital => Some(Medium::Digital),
            Self::Paper => Some(Medium::Paper),
            Self::Both => Some(Medium::Both),
            Self::Refuse => None,
        }
    }
}

/// A kind of box, as a condition names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoxKind {
    /// No box.
    None,
    /// Never opened.
    NeverOpened,
    /// Opened at least once.
    Opened,
}

/// When a rule applies: everything that is named must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// The type's digital form is one of these.
    pub digital_form: Option<Vec<DigitalForm>>,
    /// The type or the publication is digital-only.
    pub digital_only: Option<bool>,
    /// It is a registered item.
    pub registered: Option<bool>,
    /// The type's registered items stay on paper.
    pub registered_on_paper: Option<bool>,
    /// The box meets the sender's precondition.
    pub precondition_met: Option<bool>,
    /// The company gave its all-digital consent.
    pub consent: Option<bool>,
    /// The company's box is one of these.
    pub r#box: Option<Vec<BoxKind>>,
    /// The box was opened within so many days.
    pub opened_within_days: Option<u32>,
    /// Somebody in the company could open the message.
    pub somebody_can_open: Option<bool>,
    /// The type is one of these.
    pub message_types: Option<Vec<MessageTypeId>>,
    /// The sender organization is one of these.
    pub organizations: Option<Vec<EnterpriseNumber>>,
    /// The sender application is one of these.
    pub applications: Option<Vec<ApplicationId>>,
}

impl Condition {
    /// Whether it holds for these facts.
    #[must_use]
    pub fn matches(&self, facts: &Facts) -> bool {
        let is = |wanted: Option<bool>, actual: bool| wanted.is_none_or(|wanted| wanted == actual);
        is(self.digital_only, facts.is_digital_only())
            && is(self.registered, facts.registered)
            && is(self.registered_on_paper, facts.registered_on_paper)
            && is(self.precondition_met, facts.precondition_met())
            && is(self.consent, facts.consent)
            && is(self.somebody_can_open, facts.somebody_can_open)
            && one_of(&self.digital_form, &facts.digital_form)
            && one_of(&self.r#box, &kind(facts.recipient))
            && self.opened_within_days.is_none_or(|days| opened_within(facts.recipient, days))
            && one_of(&self.message_types, &facts.message_type)
            && one_of(&self.organizations, &facts.organization)
            && one_of(&self.applications, &facts.application)
    }
}

fn one_of<T: PartialEq>(wanted: &Option<Vec<T>>, actual: &T) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted.contains(actual))
}

fn kind(state: BoxState) -> BoxKind {
    match state {
        BoxState::None => BoxKind::None,
        BoxState::NeverOpened => BoxKind::NeverOpened,
        BoxState::Opened { .. } => BoxKind::Opened,
    }
}

fn opened_within(state: BoxState, days: u32) -> bool {
    matches!(state, BoxState::Opened { days_ago } if days_ago <= days)
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, unique in the policy.
    pub name: Arc<str>,
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// When it applies.
    pub when: Condition,
    /// What it does.
    pub ruling: Ruling,
    /// Why, in a word that is stored, counted and sent.
    pub reason: Arc<str>,
    /// What the sender is told beside success.
    pub flag: Option<Arc<str>>,
}

/// Every document is held against each rule in turn, and each rule against all
/// before it.
pub const RULES_MAX: usize = 200;

/// A policy that was checked: every rule can match, and there is a default.
#[derive(Clone, Debug)]
pub struct Policy {
    /// In order; the first that matches decides.
    pub rules: Vec<Rule>,
    /// Decides where none matches.
    pub default: Rule,
    /// The digest of its text.
    pub digest: Digest,
    /// Its text, as it was read.
    pub text: Arc<str>,
}

/// Why a text is not a policy. Names the line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub struct PolicyError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<toml::Spanned<Line>>,
    default: Option<toml::Spanned<Line>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: Option<String>,
    when: Option<Condition>,
    ruling: Ruling,
    reason: String,
    flag: Option<String>,
}

impl Policy {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// The first fault with its line: a key, medium or value that does not
    /// exist, a rule without or with a taken name, a rule that can never
    /// match, no default.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let at = |offset: usize| text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
        let fault =
            |range: Range<usize>, message: String| PolicyError { line: at(range.start), message };
        let file: File = toml::from_str(text)
            .map_err(|error| fault(error.span().unwrap_or(0..0), error.message().to_owned()))?;
        let Some(default) = file.default else {
            let end = text.trim_end().len();
            return Err(fault(
                end..end,
                "there is no [default]: every document must be decided".into(),
            ));
        };
        if let Some(first) = file.rule.get(RULES_MAX) {
            let message = format!("more than {RULES_MAX} rules: name several ids in one");
            return Err(fault(first.span(), message));
        }
        let mut rules: Vec<Rule> = Vec::with_capacity(file.rule.len());
        for line in &file.rule {
            let rule = rule(line.get_ref(), at(line.span().start))
                .map_err(|message| fault(line.span(), message))?;
            if rules.iter().any(|other| other.name == rule.name) {
                return Err(fault(line.span(), format!("another rule is named {:?}", rule.name)));
            }
            rules.push(rule);
        }
        if let Some(unreachable) = reach::first_unreachable(&rules) {
            let name = &rules[unreachable].name;
            let alone = std::slice::from_ref(&rules[unreachable]);
            let why = match reach::first_unreachable(alone) {
                Some(_) => "its own conditions contradict each other",
                None => "the rules before it take everything",
            };
            let message = format!("rule {name:?} can never match: {why}");
            return Err(fault(file.rule[unreachable].span(), message));
        }
        let default_rule = default_rule(default.get_ref(), at(default.span().start))
            .map_err(|message| fault(default.span(), message))?;
        Ok(Self {
            rules,
            default: default_rule,
            digest: Digest::of(text.as_bytes()),
            text: text.into(),
        })
    }

    /// Every reason the policy can give, for counters that exist at 0.
    pub fn reasons(&self) -> impl Iterator<Item = (Ruling, &str)> {
        self.rules.iter().chain([&self.default]).map(|rule| (rule.ruling, &*rule.reason))
    }
}

fn rule(line: &Line, number: usize) -> Result<Rule, String> {
    let name = line.name.as_deref().filter(|name| !name.is_empty());
    let name = name.ok_or("a rule needs a name")?;
    if name == "default" {
        return Err("the name \"default\" is the default's".into());
    }
    if line.when.is_none() {
        return Err(format!("rule {name:?} needs a condition: when = {{ … }}"));
    }
    build(name, line, number)
}

fn default_rule(line: &Line, number: usize) -> Result<Rule, String> {
    if line.when.is_some() || line.name.is_some() {
        return Err("the default has neither name nor condition".into());
    }
    build("default", line, number)
}

fn build(name: &str, line: &Line, number: usize) -> Result<Rule, String> {
    for word in [Some(&line.reason), line.flag.as_ref()].into_iter().flatten() {
        let is_word = !word.is_empty()
            && word.len() <= 60
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !is_word {
            return Err(format!("{word:?} must be a word in CAPITALS_AND_UNDERSCORES"));
        }
    }
    Ok(Rule {
        name: name.into(),
        line: number,
        when: line.when.clone().unwrap_or_default(),
        ruling: line.ruling,
        reason: line.reason.as_str().into(),
        flag: line.flag.as_deref().map(Into::into),
    })
}
