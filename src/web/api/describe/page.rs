//! The document as a page to read: `GET /openapi`.

use askama::Template;
use axum::response::Response;
use serde_json::Value;

use super::openapi;
use super::words::Tag;
use crate::web::page::{Frame, PageError, Visitor, page};

#[derive(Template)]
#[template(path = "openapi.html")]
struct OpenapiPage {
    frame: Frame,
    about: String,
    subjects: Vec<Subject>,
    schemas: Vec<Described>,
}

struct Subject {
    name: &'static str,
    about: &'static str,
    operations: Vec<Shown>,
}

/// What may be sent or answered, by media type.
type Contents = Vec<(String, Kind)>;

/// An operation.
struct Shown {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    keys: Vec<String>,
    parameters: Vec<Field>,
    bodies: Contents,
    answers: Vec<(String, String, Contents)>,
}

/// A parameter, or a property of a schema.
struct Field {
    name: String,
    place: String,
    kind: Kind,
    is_required: bool,
    about: String,
}

/// What a value is, in a few words; of a named schema, its name to lead there.
#[derive(Default)]
struct Kind {
    words: String,
    schema: Option<String>,
}

/// A schema.
struct Described {
    name: String,
    about: String,
    fields: Vec<Field>,
    kind: Kind,
}

/// `GET /openapi`
pub(in crate::web::api) async fn show(visitor: Visitor) -> Result<Response, PageError> {
    let document = openapi();
    page(&OpenapiPage {
        frame: Frame::new(&visitor, "start"),
        about: text(&document["info"]["description"]),
        subjects: Tag::ALL.map(|tag| subject(document, tag)).into(),
        schemas: entries(&document["components"]["schemas"]).map(described).collect(),
    })
}

fn subject(document: &Value, tag: Tag) -> Subject {
    let items = entries(&document["paths"]);
    let all = items.flat_map(|(path, item)| entries(item).map(move |it| (path, it)));
    let ours = all.filter(|(_, (_, operation))| operation["tags"][0] == tag.name());
    let operations = ours.map(|(path, (method, it))| shown(path, method, it)).collect();
    Subject { name: tag.name(), about: tag.about(), operations }
}

fn shown(path: &str, method: &str, operation: &Value) -> Shown {
    let keys = list(&operation["security"]).flat_map(entries);
    Shown {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        keys: keys.map(|(key, scopes)| key_with(key, scopes)).collect(),
        parameters: list(&operation["parameters"]).map(parameter).collect(),
        bodies: contents(&operation["requestBody"]),
        answers: entries(&operation["responses"])
            .map(|(status, it)| (status.clone(), text(&it["description"]), contents(it)))
            .collect(),
    }
}

fn key_with(key: &str, scopes: &Value) -> String {
    let scopes: Vec<&str> = list(scopes).filter_map(Value::as_str).collect();
    if scopes.is_empty() { key.to_owned() } else { format!("{key} ({})", scopes.join(", ")) }
}

fn contents(of: &Value) -> Contents {
    entries(&of["content"]).map(|(media, it)| (media.clone(), kind(&it["schema"]))).collect()
}

fn parameter(it: &Value) -> Field {
    Field {
        name: text(&it["name"]),
        place: text(&it["in"]),
        kind: kind(&it["schema"]),
        is_required: it["required"] == true,
        about: text(&it["description"]),
    }
}

fn described((name, schema): (&String, &Value)) -> Described {
    let is_required = |name: &str| list(&schema["required"]).any(|it| it == name);
    let field = |(name, it): (&String, &Value)| Field {
        name: name.clone(),
        place: String::new(),
        kind: kind(it),
        is_required: is_required(name),
        about: text(&it["description"]),
    };
    Described {
        name: name.clone(),
        about: text(&schema["description"]),
        fields: entries(&schema["properties"]).map(field).collect(),
        kind: kind(schema),
    }
}

fn kind(schema: &Value) -> Kind {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()) {
        return Kind { words: String::new(), schema: Some(name.to_owned()) };
    }
    if schema["type"] == "array" {
        let items = kind(&schema["items"]);
        return Kind { words: format!("array of {}", items.words), schema: items.schema };
    }
    let choices: Vec<&str> = list(&schema["enum"]).filter_map(Value::as_str).collect();
    if !choices.is_empty() {
        return Kind { words: choices.join(" | "), schema: None };
    }
    let format = schema["format"].as_str().map(|it| format!(" ({it})")).unwrap_or_default();
    Kind { words: text(&schema["type"]) + &format, schema: None }
}

fn entries(of: &Value) -> impl Iterator<Item = (&String, &Value)> {
    of.as_object().into_iter().flatten()
}

fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

fn text(of: &Value) -> String {
    of.as_str().unwrap_or_default().to_owned()
}
