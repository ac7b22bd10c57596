//! `facteur schema`

use super::answer::Faulty;
use super::{Answer, Output};
use crate::schema::SCHEMAS;

/// Not a JSON Schema, but a document with many.
const OPENAPI: (&str, &str) = ("openapi", "The REST interface, as an OpenAPI 3.1 document");

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which; without it, their names
    name: Option<String>,
}

pub(super) fn run(args: &Args, output: Output) -> anyhow::Result<Answer> {
    let Some(name) = &args.name else {
        let known = SCHEMAS.iter().map(|schema| (schema.name, schema.title));
        let known: Vec<(&str, &str)> = known.chain([OPENAPI]).collect();
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        output.show(&names, |_| {
            known.iter().map(|(name, title)| format!("{name:12} {title}")).collect()
        })?;
        return Ok(Answer::Yes);
    };
    if name == OPENAPI.0 {
        output.text(crate::web::openapi())?;
        return Ok(Answer::Yes);
    }
    let found = SCHEMAS.iter().find(|schema| schema.name == name);
    let schema = found.ok_or_else(|| Faulty(format!("there is no schema {name:?}")))?;
    output.text(&schema.text())?;
    Ok(Answer::Yes)
}
