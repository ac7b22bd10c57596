//! Registry files.

use std::io::Cursor;

use facteur::registry::check;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::in_time;
use super::json::nearly;
use crate::support::world::registry;

fn records() -> Vec<Value> {
    let text = registry(Timestamp::UNIX_EPOCH).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every fault is named with a line of the file.
fn is_answered(bytes: Vec<u8>) {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let checked =
        in_time(|| runtime.block_on(check(Cursor::new(bytes), None, &mut |_| {})).unwrap());
    assert!(checked.lines <= lines);
    assert!(checked.faults.iter().all(|fault| fault.line <= lines), "{:?}", checked.faults);
}

fn nearly_a_registry() -> impl Strategy<Value = Vec<u8>> {
    let record = (0..records().len()).prop_flat_map(|n| nearly(records().swap_remove(n)));
    vec(record, 0..20).prop_map(|records| {
        records.iter().flat_map(|record| format!("{record}\n").into_bytes()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        is_answered(bytes);
    }

    #[test]
    fn what_is_nearly_right_is_answered(bytes in nearly_a_registry()) {
        is_answered(bytes);
    }
}
