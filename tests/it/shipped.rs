//! Reads what ships beside the code.

use std::path::Path;

use anyhow::{Context, Result};
use jsonschema::Validator;
use serde_json::Value;

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub(crate) fn text(file: &str) -> Result<String> {
    std::fs::read_to_string(Path::new(ROOT).join(file)).with_context(|| file.to_owned())
}

pub(crate) fn yaml(file: &str) -> Result<Value> {
    serde_saphyr::from_str(&text(file)?).with_context(|| file.to_owned())
}

pub(crate) fn json(file: &str) -> Result<Value> {
    serde_json::from_str(&text(file)?).with_context(|| file.to_owned())
}

/// By a shipped schema: `ticket.schema.json`.
pub(crate) fn validator(file: &str) -> Result<Validator> {
    let schema = json(&format!("schemas/{file}"))?;
    jsonschema::draft202012::new(&schema).with_context(|| file.to_owned())
}

/// Fails with every fault of an instance.
pub(crate) fn fits(validator: &Validator, instance: &Value, what: &str) {
    let fault =
        |fault: jsonschema::ValidationError<'_>| format!("{}: {fault}", fault.instance_path());
    let faults: Vec<String> = validator.iter_errors(instance).map(fault).collect();
    assert!(faults.is_empty(), "{what}: {}\n{instance:#}", faults.join("\n"));
}
