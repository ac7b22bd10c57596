//! The page as Prometheus reads it.

use std::time::Duration;

use super::exporter::{describe, recorder};
use super::names::{self, Kind};
use super::{measure as record, start_at_zero};
use crate::clock::Stopwatch;
use crate::domain::{ApplicationId, Code, Medium};
use crate::route::AudienceKind;

/// What is on the page after `act`.
fn page(act: impl FnOnce()) -> String {
    let recorder = recorder(Duration::from_secs(60)).unwrap();
    metrics::with_local_recorder(&recorder, || {
        describe();
        act();
    });
    recorder.handle().render()
}

#[test]
fn names_labels_and_help_are_the_contract() {
    let line = |metric: &names::Metric| {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels = metric.labels.join(",");
        format!("{kind} {}{{{labels}}}: {}\n", metric.name, metric.help)
    };
    let text: String = names::ALL.iter().map(line).collect();
    assert_eq!(text, include_str!("metrics.txt"), "now:\n{text}");
}

#[test]
fn every_metric_has_its_function_and_carries_its_labels() {
    let page = page(|| {
        record::received("a", record::Outcome::Accepted, 1);
        record::decision(Medium::Paper, "no_box", 1);
        record::routed(record::PartitionKind::Own, AudienceKind::Granted, 1);
        record::record_seconds([Duration::from_millis(3)]);
        record::end_to_end_seconds([Duration::from_millis(3)]);
        record::batch_documents(500);
        record::index_lag(7, Duration::from_secs(1));
        record::letters("queued", "overflow", 2);
        record::oldest_letter_seconds("overflow", Duration::from_secs(9));
        record::oldest_claimed_seconds("overflow", Duration::from_secs(9));
        record::queue_depth("facteur.dead", 1);
        record::throttled("a", 1);
        record::quarantined(Code::Forged, 3);
        record::search_seconds(Duration::from_millis(3));
        record::http_seconds("/healthz", "GET", 200, Duration::from_millis(3));
        record::error("record", "unavailable");
        record::lane_paused("a", true);
        record::printer_silent("overflow", false);
        record::account_difference(0);
    });
    for metric in names::ALL {
        assert!(page.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{page}");
        let is_sample = |line: &&str| line.starts_with(metric.name);
        let sample = page.lines().find(is_sample).unwrap_or_else(|| panic!("{}", metric.name));
        for label in metric.labels {
            assert!(sample.contains(&format!("{label}=")), "{sample}");
        }
    }
    assert!(page.contains("facteur_record_seconds_bucket{le=\"0.005\"} 1"), "{page}");
    assert!(page.contains("facteur_batch_documents_bucket{le=\"250\"} 0"), "{page}");
}

#[test]
fn counters_of_known_values_exist_at_zero_and_unknown_senders_share_one() {
    let known = ApplicationId::new("telemetry:known").unwrap();
    let page = page(|| {
        start_at_zero([&known], [(Medium::Digital, "all_digital")], Code::ALL);
        for sender in 0..1_000 {
            record::received(&format!("invented-{sender}"), record::Outcome::Quarantined, 2);
        }
    });
    for line in [
        "facteur_received_total{application=\"telemetry:known\",outcome=\"repeat\"} 0",
        "facteur_received_total{application=\"unknown\",outcome=\"quarantined\"} 2000",
        "facteur_throttled_total{application=\"telemetry:known\"} 0",
        "facteur_decisions_total{medium=\"digital\",reason=\"all_digital\"} 0",
        "facteur_routed_total{partition_kind=\"own\",audience=\"granted\"} 0",
        "facteur_routed_total{partition_kind=\"general\",audience=\"nobody\"} 0",
        "facteur_quarantined{code=\"FORGED_SENDER\"} 0",
        "facteur_account_difference 0",
        "facteur_search_seconds_count 0",
        "facteur_record_seconds_count 0",
        "facteur_end_to_end_seconds_count 0",
        "facteur_batch_documents_count 0",
        "facteur_http_seconds_count{route=\"/healthz\",method=\"GET\",status=\"200\"} 0",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(!page.contains("invented"));
}

#[test]
fn a_gauge_that_nobody_refreshes_leaves_the_page_and_a_counter_stays() {
    let recorder = recorder(Duration::from_millis(20)).unwrap();
    metrics::with_local_recorder(&recorder, || {
        record::queue_depth("facteur.dead", 1);
        record::error("record", "unavailable");
    });
    let waiting = Stopwatch::start();
    while recorder.handle().render().contains("facteur_queue_depth") {
        assert!(waiting.elapsed() < Duration::from_secs(10), "the gauge is still there");
        std::thread::yield_now();
    }
    assert!(recorder.handle().render().contains("facteur_errors_total"));
}

#[test]
fn installing_again_gives_the_same_page() {
    let first = super::install().unwrap();
    let second = super::install().unwrap();
    record::error("web", "telemetry-test");
    assert!(first.render().contains("telemetry-test"));
    assert!(second.render().contains("telemetry-test"));
}
