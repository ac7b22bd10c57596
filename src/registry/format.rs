//! One line of a registry file.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::strict::Strict;
use crate::domain::{
    ApplicationId, Change, EnterpriseNumber, GrantId, Kind, MessageTypeId, PartitionId, Record,
    RecordKey, Trio,
};

/// What a line may be: this is what the JSON Schema describes.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    clippy::large_enum_variant,
    reason = "lines are read by their kind; this is their schema"
)]
pub(crate) enum Line {
    /// The record shall be there, like this.
    Put(Record),
    /// The record shall not be there.
    Delete(Deletion),
}

/// A record that shall not be there, by its key. Companies, boxes, persons and
/// reference data other than trios are never deleted: messages name them for
/// years.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[expect(dead_code, reason = "lines are read by their kind; this is their schema")]
pub(crate) enum Deletion {
    Trio(DeletedTrio),
    Partition(DeletedPartition),
    Rule(DeletedRule),
    Grant(DeletedGrant),
    Mandate(DeletedMandate),
}

/// The word `true`, which a deletion says to be one.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "bool", into = "bool")]
#[schemars(inline, extend("const" = true))]
struct True(bool);

impl TryFrom<bool> for True {
    type Error = &'static str;
    fn try_from(value: bool) -> Result<Self, Self::Error> {
        value.then_some(Self(true)).ok_or("delete is true, or left out")
    }
}

impl From<True> for bool {
    fn from(True(value): True) -> bool {
        value
    }
}

macro_rules! deleted {
    ($name:ident { $($field:ident: $type:ty),* } => $key:expr) => {
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub(crate) struct $name {
            delete: True,
            $($field: $type,)*
        }

        impl From<$name> for RecordKey {
            fn from(it: $name) -> Self {
                let key: fn($name) -> Self = $key;
                key(it)
            }
        }
    };
}

deleted!(DeletedTrio {
    organization: EnterpriseNumber,
    application: ApplicationId,
    message_type: MessageTypeId
} => |it| Self::Trio(Trio {
    organization: it.organization,
    application: it.application,
    message_type: it.message_type,
}));
deleted!(DeletedPartition { enterprise: EnterpriseNumber, id: PartitionId }
    => |it| Self::Partition(it.enterprise, it.id));
deleted!(DeletedRule { enterprise: EnterpriseNumber, priority: u32 }
    => |it| Self::Rule(it.enterprise, it.priority));
deleted!(DeletedGrant { enterprise: EnterpriseNumber, id: GrantId }
    => |it| Self::Grant(it.enterprise, it.id));
deleted!(DeletedMandate { mandator: EnterpriseNumber, holder: EnterpriseNumber }
    => |it| Self::Mandate(it.mandator, it.holder));

/// What is wrong at one place of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Defect {
    /// JSON Pointer within the line; empty for the line as a whole.
    pub(crate) pointer: String,
    /// For people.
    pub(crate) message: String,
}

impl Defect {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// A record as a line of a file, without the line's end.
///
/// # Errors
/// None that a record of this program can cause.
pub fn line(record: &Record) -> Result<String, serde_json::Error> {
    serde_json::to_string(record)
}

/// Reads one line. The kind is read first and the fields then as that kind, so
/// that a fault is found where it is, not somewhere in a list of alternatives.
pub(crate) fn read(line: &str) -> Result<Change, Defect> {
    let mut json = serde_json::Deserializer::from_str(line);
    let Strict(value) = serde_path_to_error::deserialize(&mut json).map_err(|e| defect(&e))?;
    json.end().map_err(|e| Defect::new("", reason(&e)))?;
    let Value::Object(mut fields) = value else {
        return Err(Defect::new("", "a line is a JSON object"));
    };
    let kind = kind(&mut fields)?;
    if fields.contains_key("delete") {
        delete(kind, fields).map(Change::Delete)
    } else {
        put(kind, fields).map(Change::Put)
    }
}

fn kind(fields: &mut Map<String, Value>) -> Result<Kind, Defect> {
    let kind = fields.remove("kind").ok_or_else(|| Defect::new("/kind", "the kind is missing"))?;
    serde_json::from_value(kind).map_err(|e| Defect::new("/kind", e.to_string()))
}

fn put(kind: Kind, fields: Map<String, Value>) -> Result<Record, Defect> {
    match kind {
        Kind::Organization => typed(fields).map(Record::Organization),
        Kind::Application => typed(fields).map(Record::Application),
        Kind::Service => typed(fields).map(Record::Service),
        Kind::MessageType => typed(fields).map(Record::MessageType),
        Kind::Trio => typed(fields).map(Record::Trio),
        Kind::Enterprise => typed(fields).map(Record::Enterprise),
        Kind::Box => typed(fields).map(Record::Box),
        Kind::Person => typed(fields).map(Record::Person),
        Kind::Partition => typed(fields).map(Record::Partition),
        Kind::Rule => typed(fields).map(Record::Rule),
        Kind::Grant => typed(fields).map(Record::Grant),
        Kind::Mandate => typed(fields).map(Record::Mandate),
    }
}

fn delete(kind: Kind, fields: Map<String, Value>) -> Result<RecordKey, Defect> {
    match kind {
        Kind::Trio => typed::<DeletedTrio>(fields).map(RecordKey::from),
        Kind::Partition => typed::<DeletedPartition>(fields).map(RecordKey::from),
        Kind::Rule => typed::<DeletedRule>(fields).map(RecordKey::from),
        Kind::Grant => typed::<DeletedGrant>(fields).map(RecordKey::from),
        Kind::Mandate => typed::<DeletedMandate>(fields).map(RecordKey::from),
        Kind::Organization
        | Kind::Application
        | Kind::Service
        | Kind::MessageType
        | Kind::Enterprise
        | Kind::Box
        | Kind::Person => Err(Defect::new(
            "/delete",
            format!("a record of kind {kind} cannot be deleted: messages name it for years"),
        )),
    }
}

fn typed<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Defect> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|e| defect(&e))
}

fn defect(error: &serde_path_to_error::Error<serde_json::Error>) -> Defect {
    Defect::new(pointer(error.path()), reason(error.inner()))
}

/// A JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let escaped = |name: &str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => escaped(key),
        // Variants are how this program reads, not where the fault is.
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

/// The parser counts lines within its own text, which would be taken for the
/// line of the file.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => format!("{reason} (column {})", error.column()),
        None => text,
    }
}
