//! Finds ids in a policy that the registry does not know. Such a rule is no
//! fault of the table: the type may be registered tomorrow. Today it is more
//! often a slip of the pen, and the documents that it was written for are
//! decided by a later rule.

use std::fmt;
use std::sync::Arc;

use super::policy::{Policy, Rule};
use crate::domain::{ApplicationId, EnterpriseNumber, MessageTypeId};

/// What a registry knows.
pub trait Known {
    /// Whether there is such a message type.
    fn knows_message_type(&self, id: &MessageTypeId) -> bool;
    /// Whether there is such an organization.
    fn knows_organization(&self, number: EnterpriseNumber) -> bool;
    /// Whether there is such an application.
    fn knows_application(&self, id: &ApplicationId) -> bool;
}

/// An id in a policy that the registry does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Where its rule stands in the file, from 1.
    pub line: usize,
    /// The rule's name.
    pub rule: Arc<str>,
    /// What it would be: `message type`, `organization`, `application`.
    pub what: &'static str,
    /// The id.
    pub id: String,
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, rule, what, id } = self;
        write!(f, "line {line}: rule {rule:?} names the {what} {id}, which the registry ")?;
        f.write_str("does not know")
    }
}

/// Every id in a policy that the registry does not know, in the policy's order.
#[must_use]
pub fn strangers(policy: &Policy, known: &impl Known) -> Vec<Stranger> {
    policy.rules.iter().flat_map(|rule| of_rule(rule, known)).collect()
}

fn of_rule(rule: &Rule, known: &impl Known) -> Vec<Stranger> {
    let stranger = |what, id: &dyn fmt::Display| {
        let (line, rule) = (rule.line, Arc::clone(&rule.name));
        Stranger { line, rule, what, id: id.to_string() }
    };
    let types = rule.when.message_types.iter().flatten();
    let types = types.filter(|id| !known.knows_message_type(id));
    let organizations = rule.when.organizations.iter().flatten();
    let organizations = organizations.filter(|number| !known.knows_organization(**number));
    let applications = rule.when.applications.iter().flatten();
    let applications = applications.filter(|id| !known.knows_application(id));
    types
        .map(|id| stranger("message type", id))
        .chain(organizations.map(|number| stranger("organization", number)))
        .chain(applications.map(|id| stranger("application", id)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Little;

    impl Known for Little {
        fn knows_message_type(&self, id: &MessageTypeId) -> bool {
            id.as_str() == "DIMONA1"
        }

        fn knows_organization(&self, _: EnterpriseNumber) -> bool {
            false
        }

        fn knows_application(&self, id: &ApplicationId) -> bool {
            id.as_str() == "onss:dmfa"
        }
    }

    #[test]
    fn each_id_that_is_not_known_is_named_with_its_line() {
        let text = r#"
[[rule]]
name = "known"
when = { message_types = ["DIMONA1"], applications = ["onss:dmfa"] }
ruling = "paper"
reason = "A"

[[rule]]
name = "slip"
when = { message_types = ["DIMONA1", "DIMONA2"], organizations = ["0206731645"] }
ruling = "paper"
reason = "A"

[default]
ruling = "digital"
reason = "A"
"#;
        let found = strangers(&Policy::parse(text).unwrap(), &Little);
        let found: Vec<_> = found.iter().map(Stranger::to_string).collect();
        let said = |what: &str| {
            format!("line 8: rule \"slip\" names the {what}, which the registry does not know")
        };
        assert_eq!(found, [said("message type DIMONA2"), said("organization 0206731645")],);
    }
}
