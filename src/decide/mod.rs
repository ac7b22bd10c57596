//! Deciding: digital, paper or both, and why.
//!
//! A policy is an ordered table of rules; the first that matches decides. It
//! is data (`config/policy.toml`), checked when it is read, kept with its
//! digest, and applied by one pure, total function: the same facts and the
//! same policy give the same decision years later.

mod facts;
mod policy;
mod reach;
mod states;
mod strangers;

pub use facts::{BoxState, Facts};
pub use policy::{Condition, Policy, PolicyError, RULES_MAX, Rule, Ruling};
pub use strangers::{Known, Stranger, strangers};

use std::sync::Arc;

/// What was decided, by which rule, for which reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Send, and how; or refuse.
    pub ruling: Ruling,
    /// The name of the rule, `default` for the policy's default.
    pub rule: Arc<str>,
    /// The reason that the rule names.
    pub reason: Arc<str>,
    /// What the sender is told beside success, such as `NO_DIGITAL_USER`.
    pub flag: Option<Arc<str>>,
}

/// Decides. Never fails: a policy always has a default.
#[must_use]
pub fn decide(policy: &Policy, facts: &Facts) -> Decision {
    let rule = policy.rules.iter().find(|rule| rule.when.matches(facts)).unwrap_or(&policy.default);
    Decision {
        ruling: rule.ruling,
        rule: Arc::clone(&rule.name),
        reason: Arc::clone(&rule.reason),
        flag: rule.flag.clone(),
    }
}

#[cfg(test)]
mod tests;
