//! The fields of the index, and a message as one of its documents.
//!
//! Nothing is stored: a search answers with ids, which it reads from two
//! columns; everything shown comes from the ledger.

use sha2::{Digest, Sha256};
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::TokenizerManager;
use tantivy::{TantivyDocument, Term};
use uuid::Uuid;

use super::ngram::{self, Trigrams};
use super::normalise;
use super::source::Projected;
use crate::domain::{EnterpriseNumber, Language, MessageId, day_number};

const TRIGRAMS: &str = "facteur-trigrams";

/// The fields by name. Their order is their identity: changing it, or any of
/// their options, changes the fingerprint and rebuilds every index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    /// The message id as 16 bytes: what a message is replaced by.
    pub(super) id: Field,
    /// The halves of the message id as columns: what a search answers with.
    pub(super) id_high: Field,
    pub(super) id_low: Field,
    /// Also a column: for who reads so many boxes that looking at each message
    /// is cheaper than gathering theirs.
    pub(super) enterprise: Field,
    pub(super) organization: Field,
    pub(super) application: Field,
    pub(super) message_type: Field,
    pub(super) partition: Field,
    pub(super) label: Field,
    pub(super) medium: Field,
    pub(super) is_read: Field,
    pub(super) is_hidden: Field,
    pub(super) is_registered: Field,
    pub(super) task: Field,
    /// Days since 1970, a column: for ranges.
    pub(super) due: Field,
    /// Microseconds since 1970, a column: for ranges and newest first.
    pub(super) arrived: Field,
    /// In the order of [`Language::ALL`].
    texts: [Field; 4],
}

/// Name of the column of the first half of the message id.
pub(super) const ID_HIGH: &str = "id_high";
/// Name of the column of the second half of the message id.
pub(super) const ID_LOW: &str = "id_low";
/// Name of the column of the box.
pub(super) const ENTERPRISE: &str = "enterprise";
/// Name of the column of the time of arrival.
pub(super) const ARRIVED: &str = "arrived";

impl Fields {
    /// The schema and its fields.
    pub(super) fn build() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let indexed = NumericOptions::default().set_indexed();
        let column = NumericOptions::default().set_fast();
        let fields = Self {
            id: schema.add_bytes_field("id", BytesOptions::default().set_indexed()),
            id_high: schema.add_u64_field(ID_HIGH, column.clone()),
            id_low: schema.add_u64_field(ID_LOW, column.clone()),
            enterprise: schema.add_u64_field(ENTERPRISE, indexed.clone().set_fast()),
            organization: schema.add_u64_field("organization", indexed.clone()),
            application: schema.add_text_field("application", word()),
            message_type: schema.add_text_field("message_type", word()),
            partition: schema.add_text_field("partition", word()),
            label: schema.add_text_field("label", word()),
            medium: schema.add_text_field("medium", word()),
            is_read: schema.add_u64_field("is_read", indexed.clone()),
            is_hidden: schema.add_u64_field("is_hidden", indexed.clone()),
            is_registered: schema.add_u64_field("is_registered", indexed.clone()),
            task: schema.add_i64_field("task", indexed),
            due: schema.add_i64_field("due", column.clone()),
            arrived: schema.add_i64_field(ARRIVED, column),
            texts: Language::ALL.map(|language| {
                schema.add_text_field(&format!("text_{}", language.code()), trigrams())
            }),
        };
        (schema.build(), fields)
    }

    /// The field of the texts in one language.
    pub(super) fn text(&self, language: Language) -> Field {
        let [fr, nl, de, en] = self.texts;
        match language {
            Language::Fr => fr,
            Language::Nl => nl,
            Language::De => de,
            Language::En => en,
        }
    }

    /// The term that names exactly one message.
    pub(super) fn id_term(&self, id: MessageId) -> Term {
        Term::from_field_bytes(self.id, id.0.as_bytes())
    }

    /// A message as a document.
    pub(super) fn document(&self, message: &Projected) -> TantivyDocument {
        let (high, low) = message.id.0.as_u64_pair();
        let mut document = TantivyDocument::new();
        document.add_bytes(self.id, message.id.0.as_bytes());
        document.add_u64(self.id_high, high);
        document.add_u64(self.id_low, low);
        document.add_u64(self.enterprise, number(message.enterprise));
        document.add_u64(self.organization, number(message.organization));
        document.add_text(self.application, message.application.as_str());
        document.add_text(self.message_type, message.message_type.as_str());
        document.add_text(self.partition, message.partition.as_str());
        for label in &message.labels {
            document.add_text(self.label, label);
        }
        document.add_text(self.medium, message.medium.as_str());
        document.add_u64(self.is_read, u64::from(message.is_read));
        document.add_u64(self.is_hidden, u64::from(message.is_hidden));
        document.add_u64(self.is_registered, u64::from(message.is_registered));
        document.add_i64(self.task, message.task.value());
        if let Some(due) = message.due {
            document.add_i64(self.due, day_number(due));
        }
        document.add_i64(self.arrived, message.arrived_at.as_microsecond());
        for (language, text) in &message.texts {
            document.add_text(self.text(*language), text);
        }
        document
    }
}

/// An enterprise number as the index keeps it.
pub(super) fn number(enterprise: EnterpriseNumber) -> u64 {
    enterprise.value().unsigned_abs()
}

/// The message id of two columns.
pub(super) fn message_id(high: u64, low: u64) -> MessageId {
    MessageId(Uuid::from_u64_pair(high, low))
}

/// Teaches an index the tokenizer that its schema names.
pub(super) fn register_tokenizer(tokenizers: &TokenizerManager) {
    tokenizers.register(TRIGRAMS, Trigrams::default());
}

/// Names everything that decides what terms an index holds.
pub(super) fn fingerprint(schema: &Schema) -> Result<String, serde_json::Error> {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(schema)?);
    hash.update(normalise::VERSION.to_be_bytes());
    hash.update(ngram::VERSION.to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// A value matched whole.
fn word() -> TextOptions {
    indexed_as("raw", IndexRecordOption::Basic)
}

fn trigrams() -> TextOptions {
    indexed_as(TRIGRAMS, IndexRecordOption::WithFreqsAndPositions)
}

/// Without field norms: they serve relevance, and answers come newest first.
fn indexed_as(tokenizer: &str, record: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(tokenizer)
        .set_index_option(record)
        .set_fieldnorms(false);
    TextOptions::default().set_indexing_options(indexing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_stable_and_follows_the_fields() {
        let (schema, _) = Fields::build();
        let (again, _) = Fields::build();
        assert_eq!(fingerprint(&schema).unwrap(), fingerprint(&again).unwrap());
        let other = Schema::builder().build();
        assert_ne!(fingerprint(&schema).unwrap(), fingerprint(&other).unwrap());
    }

    #[test]
    fn each_language_has_a_field_of_its_own() {
        let (schema, fields) = Fields::build();
        for language in Language::ALL {
            let name = schema.get_field_name(fields.text(language));
            assert_eq!(name, format!("text_{}", language.code()));
        }
    }
}
