//! `facteur schema`

use super::answer::Faulty;
use super::{Answer, Output};
use crate::schema::SCHEMAS;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which; without it, their names
    name: Option<String>,
}

pub(super) fn run(args: &Args, output: Output) -> anyhow::Result<Answer> {
    let Some(name) = &args.name else {
        let names: Vec<&str> = SCHEMAS.iter().map(|schema| schema.name).collect();
        output.show(&names, |_| {
            SCHEMAS.iter().map(|schema| format!("{:12} {}", schema.name, schema.title)).collect()
        })?;
        return Ok(Answer::Yes);
    };
    let found = SCHEMAS.iter().find(|schema| schema.name == name);
    let schema = found.ok_or_else(|| Faulty(format!("there is no schema {name:?}")))?;
    output.text(&schema.text())?;
    Ok(Answer::Yes)
}
