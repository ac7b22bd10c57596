//! JSON that is nearly right, or not at all.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Any JSON, some levels deep.
pub(super) fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        special().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Texts that have hurt somebody.
fn special() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\0".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("\u{202e}evil".to_owned()),
        Just("a\u{300}".repeat(300)),
        Just("x".repeat(100_000)),
        Just("'; DROP TABLE messages; --".to_owned()),
        Just("9".repeat(400)),
        Just("-1".to_owned()),
        Just("2026-02-30T25:61:61Z".to_owned()),
    ]
}

/// This value with some places replaced, left out or doubled.
pub(super) fn nearly(whole: Value) -> impl Strategy<Value = Value> {
    let change = (any::<prop::sample::Index>(), anything(), 0..4_u8);
    vec(change, 0..4).prop_map(move |changes| {
        let mut value = whole.clone();
        for (place, other, how) in changes {
            let places = count(&value);
            alter(&mut value, &mut place.index(places), &other, how);
        }
        value
    })
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(entries) => entries.values().map(count).sum(),
        _ => 0,
    }
}

/// Walks to a place, counted in order.
fn alter(value: &mut Value, place: &mut usize, other: &Value, how: u8) -> bool {
    if *place == 0 {
        change(value, other, how);
        return true;
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| alter(item, place, other, how)),
        Value::Object(entries) => entries.values_mut().any(|item| alter(item, place, other, how)),
        _ => false,
    }
}

fn change(value: &mut Value, other: &Value, how: u8) {
    match (how, value) {
        (0, Value::Array(items)) => items.clear(),
        (0, Value::Object(entries)) => {
            entries.retain(|_, value| !value.is_string());
        }
        (1, Value::Array(items)) => items.extend(items.clone()),
        (1, Value::Object(entries)) => {
            entries.insert("surprise".into(), other.clone());
        }
        (_, value) => *value = other.clone(),
    }
}
