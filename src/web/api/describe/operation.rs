//! One operation, as the document describes it.

use std::collections::BTreeMap;

use axum::routing::MethodFilter;
use schemars::transform::Transform as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::words::{Key, Tag, meaning};
use crate::domain::EnterpriseNumber;
use crate::schema::null_free;
use crate::web::api::fault::StatusMessage;
use crate::web::problem;

/// What something looks like, made of the type that reads or writes it.
pub(in crate::web) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// The shape of a type.
pub(in crate::web) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Up to 1,000 of a type.
pub(in crate::web) fn array_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let items = generator.subschema_for::<T>();
    json_schema!({ "type": "array", "maxItems": 1_000, "items": items })
}

/// Bytes of any kind.
pub(in crate::web) fn bytes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "binary" })
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

#[derive(Clone, Default)]
struct Answer {
    description: &'static str,
    content: Vec<(&'static str, Shape)>,
    headers: Vec<(&'static str, &'static str)>,
}

/// What stands in the document of one operation.
#[derive(Clone)]
pub(in crate::web) struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    tag: Tag,
    summary: &'static str,
    description: &'static str,
    keys: &'static [Key],
    places: Vec<(&'static str, &'static str)>,
    criteria: Option<fn(&mut SchemaGenerator) -> Schema>,
    headers: Vec<(&'static str, &'static str, bool, Shape)>,
    body: Vec<(&'static str, Shape)>,
    example: Option<Value>,
    answers: BTreeMap<u16, Answer>,
}

impl Operation {
    fn new(method: &'static str, path: &'static str, id: &'static str, tag: Tag) -> Self {
        Self {
            method,
            path,
            id,
            tag,
            summary: "",
            description: "",
            keys: &[],
            places: Vec::new(),
            criteria: None,
            headers: Vec::new(),
            body: Vec::new(),
            example: None,
            answers: BTreeMap::new(),
        }
    }

    pub(in crate::web) fn get(path: &'static str, id: &'static str, tag: Tag) -> Self {
        Self::new("get", path, id, tag)
    }

    pub(in crate::web) fn post(path: &'static str, id: &'static str, tag: Tag) -> Self {
        Self::new("post", path, id, tag)
    }

    pub(in crate::web) fn put(path: &'static str, id: &'static str, tag: Tag) -> Self {
        Self::new("put", path, id, tag)
    }

    pub(in crate::web) fn patch(path: &'static str, id: &'static str, tag: Tag) -> Self {
        Self::new("patch", path, id, tag)
    }

    /// In a line, and in as many as it takes.
    pub(in crate::web) fn says(self, summary: &'static str, description: &'static str) -> Self {
        Self { summary, description, ..self }
    }

    /// Any of these opens it.
    pub(in crate::web) fn keys(self, keys: &'static [Key]) -> Self {
        Self { keys, ..self }
    }

    /// A part of the path.
    pub(in crate::web) fn place(mut self, name: &'static str, about: &'static str) -> Self {
        self.places.push((name, about));
        self
    }

    /// The query, by the type that reads it.
    pub(in crate::web) fn criteria<T: JsonSchema>(self) -> Self {
        Self { criteria: Some(T::json_schema), ..self }
    }

    pub(in crate::web) fn header(
        mut self,
        name: &'static str,
        about: &'static str,
        is_required: bool,
        shape: Shape,
    ) -> Self {
        self.headers.push((name, about, is_required, shape));
        self
    }

    /// It concerns one box: the headers that say which.
    pub(in crate::web) fn of_a_box(self) -> Self {
        let signed_in = "Whose box, where several are open to who is signed in";
        let behalf = "The enterprise for which a token's own acts, by a mandate in force";
        self.header("Facteur-Enterprise", signed_in, false, of::<EnterpriseNumber>).header(
            "On-Behalf-Of",
            behalf,
            false,
            of::<EnterpriseNumber>,
        )
    }

    /// A body of this media type; the first is the usual one.
    pub(in crate::web) fn takes(mut self, media_type: &'static str, shape: Shape) -> Self {
        self.body.push((media_type, shape));
        self
    }

    /// A body that changes nothing, or as it is usually sent.
    pub(in crate::web) fn example(self, body: Value) -> Self {
        Self { example: Some(body), ..self }
    }

    /// A success without content.
    pub(in crate::web) fn done(mut self, status: u16, description: &'static str) -> Self {
        self.answers.insert(status, Answer { description, ..Answer::default() });
        self
    }

    /// An answer with content.
    pub(in crate::web) fn answers(
        mut self,
        status: u16,
        description: &'static str,
        media_type: &'static str,
        shape: Shape,
    ) -> Self {
        let answer = self.answers.entry(status).or_default();
        answer.description = description;
        answer.content.push((media_type, shape));
        self
    }

    /// With a header in an answer that was described before.
    pub(in crate::web) fn with(
        mut self,
        status: u16,
        name: &'static str,
        about: &'static str,
    ) -> Self {
        self.answers.entry(status).or_default().headers.push((name, about));
        self
    }

    /// JSON that a client may keep: with its tag, or as it has it.
    pub(in crate::web) fn kept<T: JsonSchema>(self, description: &'static str) -> Self {
        self.answers(200, description, "application/json", of::<T>)
            .with(200, "ETag", "Of these very bytes")
            .with(200, "Cache-Control", "How long it may be kept")
            .done(304, meaning(304))
            .faults(&[406])
    }

    /// Refusals in the eBox interface's shape.
    pub(in crate::web) fn faults(self, statuses: &[u16]) -> Self {
        self.refuses(statuses, "application/json", of::<StatusMessage>)
    }

    /// Refusals as `application/problem+json`.
    pub(in crate::web) fn problems(self, statuses: &[u16]) -> Self {
        self.refuses(statuses, "application/problem+json", of::<problem::Body>)
    }

    fn refuses(mut self, statuses: &[u16], media_type: &'static str, shape: Shape) -> Self {
        for status in statuses {
            let answer = self.answers.entry(*status).or_default();
            if answer.description.is_empty() {
                answer.description = meaning(*status);
            }
            answer.content.push((media_type, shape));
            match status {
                401 => answer.headers.push(("WWW-Authenticate", "What is expected")),
                429 | 503 => answer.headers.push(("Retry-After", "In how many seconds")),
                _ => {}
            }
        }
        self
    }

    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    pub(super) fn method(&self) -> &'static str {
        self.method
    }

    pub(super) fn filter(&self) -> MethodFilter {
        match self.method {
            "post" => MethodFilter::POST,
            "put" => MethodFilter::PUT,
            "patch" => MethodFilter::PATCH,
            _ => MethodFilter::GET,
        }
    }

    /// Its object in the document.
    pub(super) fn described(&self, generator: &mut SchemaGenerator) -> Value {
        let mut described = json!({
            "operationId": self.id,
            "tags": [self.tag.name()],
            "summary": self.summary,
            "parameters": self.parameters(generator),
            "responses": self.responses(generator),
        });
        if !self.description.is_empty() {
            described["description"] = self.description.into();
        }
        if !self.keys.is_empty() {
            described["security"] = self.keys.iter().map(|key| key.requirement()).collect();
        }
        if !self.body.is_empty() {
            described["requestBody"] =
                json!({ "required": true, "content": self.bodies(generator) });
        }
        described
    }

    fn parameters(&self, generator: &mut SchemaGenerator) -> Vec<Value> {
        let mut all = Vec::new();
        for (name, about) in &self.places {
            all.push(json!({ "name": name, "in": "path", "required": true, "description": about,
                             "schema": { "type": "string", "minLength": 1 } }));
        }
        all.extend(self.criteria.map(|criteria| queried(criteria, generator)).unwrap_or_default());
        for (name, about, is_required, shape) in &self.headers {
            all.push(json!({ "name": name, "in": "header", "required": is_required,
                             "description": about, "schema": shape(generator) }));
        }
        all
    }

    fn bodies(&self, generator: &mut SchemaGenerator) -> Value {
        let mut bodies = Map::new();
        for (media_type, shape) in &self.body {
            let mut body = json!({ "schema": shape(generator) });
            if let Some(example) = &self.example {
                body["example"] = example.clone();
            }
            if media_type.starts_with("multipart/") {
                body["encoding"] =
                    json!({ "messageToPublish": { "contentType": "application/json" } });
            }
            bodies.insert((*media_type).to_owned(), body);
        }
        Value::Object(bodies)
    }

    fn responses(&self, generator: &mut SchemaGenerator) -> Value {
        let mut responses = Map::new();
        for (status, answer) in &self.answers {
            responses.insert(status.to_string(), answer.described(generator));
        }
        Value::Object(responses)
    }
}

impl Answer {
    fn described(&self, generator: &mut SchemaGenerator) -> Value {
        let mut described = json!({ "description": self.description });
        for (media_type, shape) in &self.content {
            described["content"][*media_type] = json!({ "schema": shape(generator) });
        }
        for (name, about) in &self.headers {
            described["headers"][*name] =
                json!({ "description": about, "schema": text(generator) });
        }
        described
    }
}

/// One parameter for each property of the type that reads a query.
fn queried(criteria: Shape, generator: &mut SchemaGenerator) -> Vec<Value> {
    let mut schema = criteria(generator);
    null_free().transform(&mut schema);
    let schema = schema.to_value();
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name))
    };
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let parameter = |(name, mut property): (String, Value)| {
        let about = property.as_object_mut().and_then(|it| it.remove("description"));
        json!({ "name": name, "in": "query", "required": required(&name),
                "description": about, "schema": property })
    };
    properties.into_iter().map(parameter).collect()
}
