//! The format and its check, as tables of lines.

use std::io::Cursor;

use super::{Report, check, format};
use crate::schema::SCHEMAS;

/// A complete registry, one record of each kind and more.
const GOOD: &[&str] = &[
    r#"{"kind":"organization","number":"0206731645","name":{"fr":"ONSS","nl":"RSZ"}}"#,
    r#"{"kind":"application","id":"onss:dmfa","name":{"en":"DmfA"},"account":"onss","pacePerSecond":50}"#,
    r#"{"kind":"service","id":"dmfa","name":{"fr":"DmfA"}}"#,
    r#"{"kind":"messageType","id":"DMFA-NOTICE","name":{"fr":"Avis"},"validity":{"count":1,"unit":"year"},"level":2,"service":"dmfa","businessData":[{"key":"EMPNOSSBENOSS","required":true,"format":{"pattern":"\\d{8,10}"}}]}"#,
    r#"{"kind":"trio","organization":"0206731645","application":"onss:dmfa","messageType":"DMFA-NOTICE"}"#,
    r#"{"kind":"grant","enterprise":"0406798006","id":"g1","person":"p1","scope":{"kind":"type","of":"DMFA-NOTICE"},"partition":"PAYROLL","from":"2026-01-01"}"#,
    r#"{"kind":"grant","enterprise":"0406798006","id":"g2","person":"p1","scope":{"kind":"manager"}}"#,
    r#"{"kind":"rule","enterprise":"0406798006","priority":1,"partition":"PAYROLL","messageType":"DMFA-NOTICE"}"#,
    r#"{"kind":"rule","enterprise":"0406798006","priority":2,"partition":"GENERAL","organization":"0206731645"}"#,
    r#"{"kind":"partition","enterprise":"0406798006","id":"PAYROLL","name":"Paie"}"#,
    r#"{"kind":"person","id":"p1","name":"Anne","language":"fr"}"#,
    r#"{"kind":"box","enterprise":"0406798006","lastConnection":"2026-03-01T10:00:00Z","allDigital":true}"#,
    r#"{"kind":"enterprise","number":"0406798006","name":"Durand SA","language":"fr","address":{"lines":["Rue Haute 1"],"postalCode":"1000","town":"Bruxelles"}}"#,
    r#"{"kind":"enterprise","number":"0852093431","name":"Janssens","language":"nl","state":"closed","stateSince":"2025-12-31"}"#,
    r#"{"kind":"mandate","mandator":"0406798006","holder":"0852093431"}"#,
    r#"{"kind":"grant","delete":true,"enterprise":"0406798006","id":"g9"}"#,
    r#"{"kind":"rule","delete":true,"enterprise":"0406798006","priority":9}"#,
    r#"{"kind":"partition","delete":true,"enterprise":"0406798006","id":"OLD"}"#,
    r#"{"kind":"mandate","delete":true,"mandator":"0852093431","holder":"0406798006"}"#,
    r#"{"kind":"trio","delete":true,"organization":"0206731645","application":"onss:dmfa","messageType":"DMFA-OLD-NOTICE"}"#,
];

/// A line, the place of its fault, and a word of the explanation. Each follows
/// the good registry.
const BAD: &[(&str, &str, &str)] = &[
    ("not json", "", "column"),
    ("[]", "", "object"),
    (r#"{"kind":"person"} {}"#, "", "trailing"),
    (r#"{"number":"0206731645"}"#, "/kind", "missing"),
    (r#"{"kind":"citizen"}"#, "/kind", "citizen"),
    (r#"{"kind":"person","id":"p2","id":"p3"}"#, "", "twice"),
    (r#"{"kind":"person","id":"p2","name":null,"language":"fr"}"#, "/name", "null"),
    (r#"{"kind":"person","id":"p2","name":"a\u0000b","language":"fr"}"#, "/name", "NUL"),
    (r#"{"kind":"person","id":"p2","name":"\ud800","language":"fr"}"#, "/name", "hex escape"),
    (r#"{"kind":"person","id":"p2","name":" ","language":"fr"}"#, "/name", "empty"),
    (r#"{"kind":"person","id":"p2","name":"B","language":"it"}"#, "/language", "it"),
    (r#"{"kind":"person","id":"p2","name":"B","language":"fr","ssin":"1"}"#, "/ssin", "ssin"),
    (r#"{"kind":"person","id":"p1","name":"B","language":"fr"}"#, "", "twice"),
    (
        r#"{"kind":"enterprise","number":"0123456789","name":"X","language":"fr"}"#,
        "/number",
        "check digits",
    ),
    (
        r#"{"kind":"enterprise","number":"0474028805","name":"X","language":"fr","address":{"lines":[],"town":"Y","country":"Belgium"}}"#,
        "/address/country",
        "3166",
    ),
    (
        r#"{"kind":"enterprise","number":"0474028805","name":"X","language":"fr","address":{"lines":[1],"town":"Y"}}"#,
        "/address/lines/0",
        "string",
    ),
    (r#"{"kind":"box","enterprise":"0474028805"}"#, "/enterprise", "no enterprise 0474028805"),
    (r#"{"kind":"box","enterprise":"406.798.006"}"#, "", "box 0406798006 twice"),
    (
        r#"{"kind":"messageType","id":"CAWON-1","name":{"fr":"x"},"validity":{"count":4000000000,"unit":"year"},"level":1}"#,
        "/validity/count",
        "hundred",
    ),
    (
        r#"{"kind":"messageType","id":"CAWON-1","name":{},"validity":{"count":1,"unit":"day"},"level":1}"#,
        "/name",
        "language",
    ),
    (
        r#"{"kind":"messageType","id":"CAWON-1","name":{"fr":"x"},"validity":{"count":1,"unit":"day"},"level":3}"#,
        "/level",
        "1 or 2",
    ),
    (
        r#"{"kind":"messageType","id":"CAWON-1","name":{"fr":"x"},"validity":{"count":1,"unit":"day"},"level":1,"service":"none"}"#,
        "/service",
        "no service none",
    ),
    (
        r#"{"kind":"messageType","id":"CAWON-1","name":{"fr":"x"},"validity":{"count":1,"unit":"day"},"level":1,"businessData":[{"key":"A","format":{"pattern":"("}}]}"#,
        "/businessData/0/format",
        "regex",
    ),
    (
        r#"{"kind":"messageType","id":"CAWON-1","name":{"fr":"x"},"validity":{"count":1,"unit":"day"},"level":1,"businessData":[{"key":"A"},{"key":"A"}]}"#,
        "/businessData/1/key",
        "twice",
    ),
    (
        r#"{"kind":"trio","organization":"0206731645","application":"onss:none","messageType":"DMFA-NOTICE"}"#,
        "/application",
        "onss:none",
    ),
    (
        r#"{"kind":"grant","enterprise":"0406798006","id":"g3","person":"p9","scope":{"kind":"all"}}"#,
        "/person",
        "no person p9",
    ),
    (
        r#"{"kind":"grant","enterprise":"0406798006","id":"g3","person":"p1","scope":{"kind":"type","of":"NO-SUCH-TYPE"}}"#,
        "/scope/of",
        "NO-SUCH-TYPE",
    ),
    (
        r#"{"kind":"grant","enterprise":"0406798006","id":"g3","person":"p1","scope":{"kind":"all"},"partition":"OLD"}"#,
        "/partition",
        "deletes",
    ),
    (
        r#"{"kind":"grant","enterprise":"0406798006","id":"g3","person":"p1","scope":{"kind":"all"},"from":"2026-02-01","to":"2026-01-31"}"#,
        "/to",
        "before",
    ),
    (
        r#"{"kind":"grant","enterprise":"0406798006","id":"g3","person":"p1","scope":{"kind":"all"},"from":"2026-02-30"}"#,
        "/from",
        "day",
    ),
    (
        r#"{"kind":"rule","enterprise":"0406798006","priority":3,"partition":"NONE"}"#,
        "/partition",
        "NONE",
    ),
    (
        r#"{"kind":"rule","enterprise":"0406798006","priority":1,"partition":"GENERAL"}"#,
        "/priority",
        "two rules",
    ),
    (
        r#"{"kind":"partition","enterprise":"0406798006","id":"GENERAL","name":"x"}"#,
        "/id",
        "every box",
    ),
    (
        r#"{"kind":"partition","delete":true,"enterprise":"0406798006","id":"GENERAL"}"#,
        "/id",
        "cannot be deleted",
    ),
    (
        r#"{"kind":"enterprise","delete":true,"number":"0852093431"}"#,
        "/delete",
        "cannot be deleted",
    ),
    (r#"{"kind":"grant","delete":false,"enterprise":"0406798006","id":"g9"}"#, "/delete", "true"),
    (r#"{"kind":"grant","delete":true,"enterprise":"0406798006","id":"g2"}"#, "", "twice"),
    (r#"{"kind":"mandate","mandator":"0852093431","holder":"0852093431"}"#, "/holder", "itself"),
];

async fn checked(text: String) -> Report {
    check(Cursor::new(text), None, &mut |_| {}).await.unwrap()
}

#[tokio::test]
async fn a_complete_registry_in_any_order_is_clean() {
    let report = checked(GOOD.join("\n")).await;
    assert_eq!(report.faults, []);
    assert_eq!(report.lines, GOOD.len() as u64);
    assert_eq!(report.records.values().sum::<u64>(), report.lines);
    let reversed: Vec<&str> = GOOD.iter().rev().copied().collect();
    assert!(checked(reversed.join("\r\n")).await.is_clean());
}

#[tokio::test]
async fn what_can_be_read_once_is_kept_to_be_read_again() {
    let input = GOOD.join("\n");
    let kept = super::spool(input.as_bytes()).unwrap();
    assert!(check(kept, None, &mut |_| {}).await.unwrap().is_clean());
}

#[tokio::test]
async fn each_fault_is_found_in_its_place() {
    for &(line, pointer, word) in BAD {
        let report = checked(format!("{}\n{line}\n", GOOD.join("\n"))).await;
        let found: Vec<_> = report.faults.iter().collect();
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert_eq!(found[0].line, GOOD.len() as u64 + 1, "{line}");
        assert_eq!(found[0].pointer, pointer, "{line}: {}", found[0]);
        assert!(found[0].message.contains(word), "{line}: {}", found[0]);
    }
}

#[tokio::test]
async fn every_fault_is_counted_and_the_first_are_kept() {
    let report = checked("nonsense\n".repeat(1_500)).await;
    assert_eq!((report.faults.len(), report.faults_total), (1_000, 1_500));
    assert_eq!(report.faults[999].line, 1_000);
}

#[test]
fn a_record_reads_as_it_was_written() {
    use crate::domain::Change;
    for line in GOOD {
        if let Change::Put(record) = format::read(line).unwrap() {
            let written = super::line(&record).unwrap();
            assert_eq!(format::read(&written), Ok(Change::Put(record)), "{line}");
        }
    }
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let schema = SCHEMAS.iter().find(|it| it.name == "registry").unwrap();
    let schema = serde_json::from_str(&schema.text()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let is_valid = |line: &str| validator.is_valid(&serde_json::from_str(line).unwrap());
    for line in GOOD {
        assert!(is_valid(line), "{line}");
    }
    for line in [
        r#"{"kind":"person","id":"p2","name":"B","language":"fr","ssin":"1"}"#,
        r#"{"kind":"person","id":"p2","name":null,"language":"fr"}"#,
        r#"{"kind":"grant","delete":false,"enterprise":"0406798006","id":"g9"}"#,
        r#"{"kind":"grant","delete":true,"enterprise":"0406798006","id":"g9","x":1}"#,
        r#"{"kind":"enterprise","delete":true,"number":"0852093431"}"#,
        r#"{"kind":"enterprise","number":"0852093431","name":"X","language":"fr","address":null}"#,
        r#"{"id":"p2","name":"B","language":"fr"}"#,
    ] {
        assert!(!is_valid(line), "{line}");
    }
}
