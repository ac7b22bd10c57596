//! `facteur schema`

use clap::builder::PossibleValuesParser;

use super::{Answer, Output};
use crate::schema::SCHEMAS;

/// Not a JSON Schema, but a document with many.
const OPENAPI: (&str, &str) = ("openapi", "The REST interface, as an OpenAPI 3.1 document");

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which; without it, their names
    #[arg(value_parser = PossibleValuesParser::new(known().map(|(name, _)| name)))]
    name: Option<String>,
}

fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCHEMAS.iter().map(|schema| (schema.name, schema.title)).chain([OPENAPI])
}

pub(super) fn run(args: &Args, output: Output) -> anyhow::Result<Answer> {
    let Some(name) = &args.name else {
        let names: Vec<&str> = known().map(|(name, _)| name).collect();
        output.show(&names, |_| {
            known().map(|(name, title)| format!("{name:12} {title}")).collect()
        })?;
        return Ok(Answer::Yes);
    };
    match SCHEMAS.iter().find(|schema| schema.name == name) {
        Some(schema) => output.text(&schema.text())?,
        None => output.text(crate::web::openapi())?,
    }
    Ok(Answer::Yes)
}
