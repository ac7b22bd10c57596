//! The default, with what a file and the environment put over it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Config, ConfigError};

const PREFIX: &str = "FACTEUR__";
const FILE_SUFFIX: &str = "_FILE";

/// Every key with the value that stands so far.
pub(super) struct Overlay(Table);

impl Overlay {
    pub(super) fn new(default: &str) -> Result<Self, ConfigError> {
        parse(default, "the compiled-in default").map(Self)
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let origin = path.display().to_string();
        let table = parse(&read(path)?, &origin)?;
        merge(&mut self.0, table, "", &origin)
    }

    /// Takes the variables that begin with `FACTEUR__`; the others are not ours.
    pub(super) fn add_env(
        &mut self,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let ours = |(name, value): (String, String)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
            Some((key, (name, value)))
        };
        // In order of their names, so that the same fault is reported each time.
        let variables: BTreeMap<String, (String, String)> = env.filter_map(ours).collect();
        for (key, (name, value)) in &variables {
            match self.key_of_file(key) {
                None => self.set(key, value, name)?,
                Some(real) if variables.contains_key(real) => {
                    let variable = name.strip_suffix(FILE_SUFFIX).unwrap_or(name).to_owned();
                    let key = real.to_owned();
                    return Err(ConfigError::Twice { key, variable });
                }
                Some(real) => {
                    let content = read(&PathBuf::from(value))?;
                    self.set(real, content.trim_end_matches(['\r', '\n']), name)?;
                }
            }
        }
        Ok(())
    }

    /// The key whose value a variable's file holds.
    fn key_of_file<'k>(&self, key: &'k str) -> Option<&'k str> {
        let real = key.strip_suffix(&FILE_SUFFIX.to_lowercase())?;
        let (section, name) = real.split_once('.')?;
        self.0.get(section)?.get(name).map(|_| real)
    }

    fn set(&mut self, key: &str, text: &str, origin: &str) -> Result<(), ConfigError> {
        let place =
            key.split_once('.').and_then(|(section, name)| self.0.get_mut(section)?.get_mut(name));
        let place = place.ok_or_else(|| unknown(key, origin))?;
        *place = like(place, text).ok_or_else(|| kind(key, place, origin))?;
        Ok(())
    }

    pub(super) fn into_config(self) -> Result<Config, ConfigError> {
        serde_path_to_error::deserialize(Value::Table(self.0)).map_err(|error| ConfigError::Value {
            key: error.path().to_string(),
            message: error.inner().message().to_owned(),
        })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::File { path: path.to_owned(), source })
}

/// Only the message and the line: the error's own text would repeat the line,
/// which may hold a password.
fn parse(text: &str, origin: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ConfigError::Syntax {
            origin: origin.into(),
            line: text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1,
            message: error.message().into(),
        }
    })
}

fn merge(into: &mut Table, from: Table, section: &str, origin: &str) -> Result<(), ConfigError> {
    for (name, value) in from {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match (into.get_mut(&name), value) {
            (None, _) => return Err(unknown(&key, origin)),
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from, &key, origin)?,
            (Some(place), value) if place.same_type(&value) => *place = value,
            (Some(place), _) => return Err(kind(&key, place, origin)),
        }
    }
    Ok(())
}

/// A text as a value of the same kind as another.
fn like(example: &Value, text: &str) -> Option<Value> {
    match example {
        Value::String(_) => Some(Value::String(text.into())),
        Value::Integer(_) => text.replace('_', "").parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

fn unknown(key: &str, origin: &str) -> ConfigError {
    ConfigError::UnknownKey { key: key.into(), origin: origin.into() }
}

fn kind(key: &str, example: &Value, origin: &str) -> ConfigError {
    let expected = match example {
        Value::String(_) => "a text",
        Value::Integer(_) => "an integer",
        Value::Boolean(_) => "true or false",
        Value::Table(_) => "a section",
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) => "of another kind",
    };
    ConfigError::Kind { key: key.into(), expected, origin: origin.into() }
}
