//! Business data: keys with values that let companies sort their mail.

use std::str::FromStr;

use jiff::civil::Date;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BusinessData, Code, Refusal};

/// The format of a business-data value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BusinessDataFormat {
    /// A regular expression that the whole value matches.
    Pattern(String),
    /// One of these words.
    Words(Vec<String>),
    /// `true` or `false`.
    Boolean,
    /// A date, `YYYY-MM-DD`.
    Date,
}

/// One entry of a message type's dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BusinessDataRule {
    /// The key.
    pub key: String,
    /// Whether a publication must have it.
    #[serde(default)]
    pub required: bool,
    /// The format of its values; any text without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<BusinessDataFormat>,
}

const DOMAINS: &[&str] = &[
    "ECONOMY",
    "EMPLOYMENT",
    "ENVIRONMENT",
    "FINANCE",
    "FOOD_CHAIN",
    "FOREIGN_AFFAIRS",
    "HEALTHCARE",
    "HOME_AFFAIRS",
    "HOUSING",
    "HUMAN_RESSOURCE",
    "JUSTICE",
    "MOBILITY",
    "PLANNING_BUREAU",
    "PROCUREMENT",
    "SOCIAL_SECURITY",
];

/// The keys that every sender may use, asked for by employers' federations.
pub const SHARED_KEYS: &[&str] = &[
    "BUSINESS_DOMAIN",
    "CONFIDENTIAL",
    "FOR_INFORMATION",
    "FOR_ACTION",
    "FOR_ACTION_DUE_DATE",
    "MESSAGE_NATURE",
];

fn is_shared_value(key: &str, value: &str) -> bool {
    match key {
        "BUSINESS_DOMAIN" => DOMAINS.contains(&value),
        "FOR_ACTION_DUE_DATE" => is_date(value),
        "MESSAGE_NATURE" => matches!(value, "ORIGINAL" | "COPY" | "REPLY"),
        _ => is_boolean(value),
    }
}

fn is_boolean(value: &str) -> bool {
    matches!(value, "true" | "false")
}

fn is_date(value: &str) -> bool {
    value.len() == 10 && Date::from_str(value).is_ok()
}

impl BusinessDataFormat {
    /// Whether a pattern compiles; other formats always do.
    ///
    /// # Errors
    /// The regular expression's own message.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Pattern(pattern) => compile(pattern).map(drop).map_err(|e| e.to_string()),
            Self::Words(_) | Self::Boolean | Self::Date => Ok(()),
        }
    }

    fn allows(&self, value: &str) -> bool {
        match self {
            Self::Pattern(pattern) => compile(pattern).is_ok_and(|regex| regex.is_match(value)),
            Self::Words(words) => words.iter().any(|word| word == value),
            Self::Boolean => is_boolean(value),
            Self::Date => is_date(value),
        }
    }
}

/// Anchored, and bounded so that a dictionary cannot exhaust memory. Compiled
/// expressions are kept: there are as many as dictionary entries.
fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    use std::cell::RefCell;
    use std::collections::HashMap;
    const KEPT_MAX: usize = 1_000;
    thread_local! {
        static KEPT: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    if let Some(regex) = KEPT.with_borrow(|kept| kept.get(pattern).cloned()) {
        return Ok(regex);
    }
    let regex =
        regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 18).build()?;
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}

/// Checks the business data of a publication against its type's dictionary.
///
/// # Errors
/// The three distinct refusals: key not allowed, value badly formed, required
/// key missing.
pub fn check_business_data(
    list: &[BusinessData],
    dictionary: &[BusinessDataRule],
) -> Result<(), Refusal> {
    for (i, data) in list.iter().enumerate() {
        check_one(data, dictionary, &format!("/businessDataList/{i}"))?;
    }
    let missing = dictionary
        .iter()
        .find(|rule| rule.required && !list.iter().any(|data| data.key == rule.key));
    match missing {
        Some(rule) => Err(Refusal::new(
            Code::BusinessDataMissing,
            "/businessDataList",
            format!("the message type requires the key {}", rule.key),
        )),
        None => Ok(()),
    }
}

fn check_one(
    data: &BusinessData,
    dictionary: &[BusinessDataRule],
    pointer: &str,
) -> Result<(), Refusal> {
    let rule = dictionary.iter().find(|rule| rule.key == data.key);
    if rule.is_none() && !SHARED_KEYS.contains(&data.key.as_str()) {
        let message = format!("the message type does not allow the key {}", data.key);
        return Err(Refusal::new(Code::BusinessDataKey, format!("{pointer}/key"), message));
    }
    for (j, texts) in data.values.iter().enumerate() {
        for (language, value) in texts.iter() {
            let is_allowed = match rule {
                Some(rule) => rule.format.as_ref().is_none_or(|format| format.allows(value)),
                None => is_shared_value(&data.key, value),
            };
            if !is_allowed {
                return Err(Refusal::new(
                    Code::BusinessDataValue,
                    format!("{pointer}/values/{j}/{}", language.code()),
                    format!("the value does not have the format of {}", data.key),
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Language, Texts};

    fn data(key: &str, value: &str) -> BusinessData {
        BusinessData { key: key.into(), values: vec![Texts::one(Language::Fr, value)] }
    }

    fn rule(key: &str, required: bool, pattern: &str) -> BusinessDataRule {
        let format = Some(BusinessDataFormat::Pattern(pattern.into()));
        BusinessDataRule { key: key.into(), required, format }
    }

    #[test]
    fn each_fault_has_its_own_code_and_place() {
        let dictionary = [rule("EMPNOSSBENOSS", true, r"\d{8,10}")];
        let good = data("EMPNOSSBENOSS", "12345678");
        for (list, expected) in [
            (vec![good.clone()], None),
            (vec![good.clone(), data("FOR_ACTION", "true")], None),
            (vec![good.clone(), data("MESSAGE_NATURE", "COPY")], None),
            (vec![good.clone(), data("FOR_ACTION_DUE_DATE", "2026-02-28")], None),
            (vec![], Some((Code::BusinessDataMissing, "/businessDataList"))),
            (
                vec![good.clone(), data("SURPRISE", "1")],
                Some((Code::BusinessDataKey, "/businessDataList/1/key")),
            ),
            (
                vec![data("EMPNOSSBENOSS", "x12345678")],
                Some((Code::BusinessDataValue, "/businessDataList/0/values/0/fr")),
            ),
            (
                vec![good.clone(), data("FOR_ACTION_DUE_DATE", "2026-02-30")],
                Some((Code::BusinessDataValue, "/businessDataList/1/values/0/fr")),
            ),
            (
                vec![good, data("BUSINESS_DOMAIN", "MAGIC")],
                Some((Code::BusinessDataValue, "/businessDataList/1/values/0/fr")),
            ),
        ] {
            let found = check_business_data(&list, &dictionary).err();
            let found = found.as_ref().map(|r| (r.code, r.pointer.as_str()));
            assert_eq!(found, expected, "{list:?}");
        }
    }
}
