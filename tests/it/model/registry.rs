//! The registry of the story.

use serde_json::json;

use super::story::{
    APPLICATIONS, BRIEF, COMPANIES, ORGANIZATIONS, PARTITIONS, PERSONS, SERVICES, Story, company,
};
use super::truth::Type;

impl Story<'_> {
    pub(super) fn registry(&self) -> String {
        let mut lines = Vec::new();
        for number in ORGANIZATIONS {
            lines.push(json!({ "kind": "organization", "number": number, "name": { "fr": "O" } }));
        }
        for (id, account) in APPLICATIONS.into_iter().zip(["tax", "work"]) {
            let name = json!({ "fr": "A" });
            lines
                .push(json!({ "kind": "application", "id": id, "name": name, "account": account }));
        }
        for id in SERVICES {
            lines.push(json!({ "kind": "service", "id": id, "name": { "fr": "S" } }));
        }
        lines.extend(self.truth.types.iter().map(|(id, of_type)| message_type(id, of_type)));
        for organization in ORGANIZATIONS {
            for application in APPLICATIONS {
                lines.extend(self.truth.types.keys().map(|id| {
                    json!({ "kind": "trio", "organization": organization,
                        "application": application, "messageType": id })
                }));
            }
        }
        for person in PERSONS.into_iter().chain(["chief"]) {
            lines.push(json!({ "kind": "person", "id": person, "name": person, "language": "fr" }));
        }
        for number in (0..COMPANIES).map(company) {
            lines.push(json!({ "kind": "enterprise", "number": number, "name": "C",
                "language": "fr" }));
            lines.push(json!({ "kind": "box", "enterprise": number }));
            lines.extend(PARTITIONS[1..].iter().map(
                |id| json!({ "kind": "partition", "enterprise": number, "id": id, "name": id }),
            ));
        }
        lines.iter().map(|line| line.to_string() + "\n").collect()
    }
}

pub(super) fn message_type(id: &str, of_type: &Type) -> serde_json::Value {
    let mut record = json!({ "kind": "messageType", "id": id, "name": { "fr": "T" },
        "validity": { "count": 1, "unit": "year" }, "level": of_type.level });
    if id == BRIEF {
        // No letter holds it up.
        record["validity"] = json!({ "count": 2, "unit": "day" });
        record["digitalForm"] = json!("only");
    }
    if let Some(service) = of_type.service {
        record["service"] = json!(service);
    }
    record
}
