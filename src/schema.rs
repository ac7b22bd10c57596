//! The JSON Schemas of everything that crosses the border.
//!
//! Each is derived from the type that reads it, printed by `facteur schema`,
//! and shipped under `schemas/`; a test keeps the two equal.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::relay::{CloudEvent, Receipt};
use crate::{domain, paper, registry};

/// One shipped schema.
pub struct NamedSchema {
    /// The file under `schemas/` without `.schema.json`.
    pub name: &'static str,
    /// What it describes, in a few words.
    pub title: &'static str,
    generate: fn() -> Schema,
}

/// Every schema, in the order in which they are printed.
pub const SCHEMAS: &[NamedSchema] = &[
    NamedSchema {
        name: "publication",
        title: "A publication, as an agency puts it on its queue",
        generate: schema_of::<domain::Publication>,
    },
    NamedSchema {
        name: "registry",
        title: "One line of a registry file",
        generate: schema_of::<registry::Line>,
    },
    NamedSchema {
        name: "receipt",
        title: "What became of one document, as a CloudEvent",
        generate: schema_of::<CloudEvent<Receipt>>,
    },
    NamedSchema {
        name: "receipts",
        title: "A message on a receipts queue: receipts as a batch of CloudEvents",
        generate: schema_of::<Vec<CloudEvent<Receipt>>>,
    },
    NamedSchema {
        name: "ticket",
        title: "A message on a printer's queue: a letter to be claimed, as a CloudEvent",
        generate: schema_of::<CloudEvent<paper::ticket::Ticket>>,
    },
    NamedSchema {
        name: "manifest",
        title: "manifest.json of a package: a ticket, and the documents' files",
        generate: schema_of::<paper::ticket::Manifest>,
    },
    NamedSchema {
        name: "recall",
        title: "A message on a printer's queue: a claimed letter that is wanted back",
        generate: schema_of::<CloudEvent<paper::ticket::Recall>>,
    },
    NamedSchema {
        name: "report",
        title: "What a printer reports of a job, as a CloudEvent",
        generate: schema_of::<CloudEvent<paper::report::Report>>,
    },
    NamedSchema {
        name: "heartbeat",
        title: "What a printer sends to say that it is alive, as a CloudEvent",
        generate: schema_of::<CloudEvent<paper::report::Heartbeat>>,
    },
];

impl NamedSchema {
    /// The schema (draft 2020-12) as it is shipped.
    #[must_use]
    pub fn text(&self) -> String {
        let mut schema = (self.generate)();
        schema.insert("title".into(), self.title.into());
        // Printing a JSON value to text cannot fail; `{:#}` is its own writer.
        format!("{:#}\n", schema.to_value())
    }

    /// Where it is shipped, below the root of the repository.
    #[must_use]
    pub fn path(&self) -> String {
        format!("schemas/{}.schema.json", self.name)
    }
}

/// Takes `null` out of a schema and all below it.
pub(crate) fn null_free() -> RecursiveTransform<fn(&mut Schema)> {
    RecursiveTransform(without_null)
}

fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .with_transform(null_free())
        .into_generator()
        .into_root_schema_for::<T>()
}

/// What is optional may be left out; `null` is refused everywhere.
fn without_null(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            schema.ensure_object().extend(only);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To write them anew: `FACTEUR_WRITE_SCHEMAS=1 cargo test --lib shipped`.
    #[test]
    fn shipped_schemas_are_those_of_the_code() {
        for schema in SCHEMAS {
            let path = format!("{}/{}", env!("CARGO_MANIFEST_DIR"), schema.path());
            if std::env::var_os("FACTEUR_WRITE_SCHEMAS").is_some() {
                std::fs::write(&path, schema.text()).unwrap();
            }
            let shipped = std::fs::read_to_string(&path).unwrap();
            assert_eq!(shipped, schema.text(), "{path}");
        }
    }

    /// To write it anew, the same.
    #[test]
    fn the_shipped_openapi_document_is_that_of_the_code() {
        let path = format!("{}/schemas/openapi.json", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("FACTEUR_WRITE_SCHEMAS").is_some() {
            std::fs::write(&path, crate::web::openapi()).unwrap();
        }
        let shipped = std::fs::read_to_string(&path).unwrap();
        assert_eq!(shipped, crate::web::openapi(), "{path}");
    }
}
