//! The figures of the page that Prometheus reads, as values: so that whoever
//! else shows them has no second count.

use std::collections::BTreeMap;

use super::names::{self, Kind};

/// Counters and gauges by series, as the page writes them:
/// `facteur_letters{state="queued",printer="overflow"}`.
pub type Series = BTreeMap<String, f64>;

/// The counters and gauges of a page in Prometheus' text format. Histograms are
/// left to Prometheus.
#[must_use]
pub fn read(page: &str) -> Series {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let series = lines.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let value = value.parse::<f64>().ok().filter(|value| value.is_finite())?;
        is_plain(name(series)).then(|| (series.to_owned(), value))
    });
    series.collect()
}

fn is_plain(name: &str) -> bool {
    let known = names::ALL.iter().find(|metric| metric.name == name);
    known.is_some_and(|metric| !matches!(metric.kind, Kind::Histogram(_)))
}

fn name(series: &str) -> &str {
    series.split('{').next().unwrap_or_default()
}

/// The value of a label of a series.
#[must_use]
pub fn label(series: &str, wanted: &str) -> Option<String> {
    let (_, labels) = series.split_once('{')?;
    let mut rest = labels.strip_suffix('}')?;
    loop {
        let (label, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        if label.trim_start_matches(',') == wanted {
            return Some(value);
        }
        rest = after;
    }
}

/// A value up to its closing quote, unescaped, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut is_escaped) = (String::new(), false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => {
                value.push(if letter == 'n' { '\n' } else { letter });
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => return Some((value, text.get(place + 1..)?)),
            _ => value.push(letter),
        }
    }
    None
}

/// A metric's sum over the series that a condition admits.
pub fn sum(series: &Series, metric: &names::Metric, is_wanted: impl Fn(&str) -> bool) -> f64 {
    of(series, metric).filter(|(series, _)| is_wanted(series)).map(|(_, value)| value).sum()
}

/// A metric's sums by the values of one label.
#[must_use]
pub fn by(series: &Series, metric: &names::Metric, wanted: &str) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for (series, value) in of(series, metric) {
        if let Some(label) = label(series, wanted) {
            *sums.entry(label).or_default() += value;
        }
    }
    sums
}

fn of<'s>(
    series: &'s Series,
    metric: &'s names::Metric,
) -> impl Iterator<Item = (&'s str, f64)> + 's {
    let series = series.iter().map(|(series, value)| (series.as_str(), *value));
    series.filter(|(series, _)| name(series) == metric.name)
}

/// States of letters that are drawn: those in which they wait for somebody.
pub const LETTERS_DRAWN: [&str; 2] = ["queued", "claimed"];

/// What charts are drawn of: sums over applications and reasons.
#[must_use]
pub fn totals(series: &Series) -> Series {
    let mut totals = Series::new();
    for (outcome, n) in by(series, &names::RECEIVED, "outcome") {
        totals.insert(outcome, n);
    }
    for (medium, n) in by(series, &names::DECISIONS, "medium") {
        totals.insert(medium, n);
    }
    totals.insert("throttled".into(), sum(series, &names::THROTTLED, |_| true));
    totals.insert("errors".into(), sum(series, &names::ERRORS, |_| true));
    totals.insert("lag".into(), sum(series, &names::INDEX_LAG_SECONDS, |_| true));
    for state in LETTERS_DRAWN {
        let of_state = |it: &str| label(it, "state").as_deref() == Some(state);
        totals.insert(format!("letters-{state}"), sum(series, &names::LETTERS, of_state));
    }
    totals.insert("queues".into(), sum(series, &names::QUEUE_DEPTH, |_| true));
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"# HELP facteur_received_total Documents
# TYPE facteur_received_total counter
facteur_received_total{application="tax",outcome="accepted"} 7
facteur_received_total{application="a\"b,c=\"d",outcome="accepted"} 2
facteur_received_total{application="tax",outcome="held"} 1
facteur_decisions_total{medium="digital",reason="X"} 9
facteur_throttled_total{application="tax"} 3
facteur_record_seconds_sum 4.5
facteur_record_seconds_bucket{le="0.1"} 4
somebody_elses_total 5
"#;

    #[test]
    fn counters_and_gauges_are_read_and_nothing_else() {
        let series = read(PAGE);
        assert_eq!(series.len(), 5);
        assert_eq!(sum(&series, &names::RECEIVED, |_| true), 10.0);
        let accepted = |it: &str| label(it, "outcome").as_deref() == Some("accepted");
        assert_eq!(sum(&series, &names::RECEIVED, accepted), 9.0);
        let by_application = by(&series, &names::RECEIVED, "application");
        assert_eq!(by_application["tax"], 8.0);
        assert_eq!(by_application["a\"b,c=\"d"], 2.0);
    }

    #[test]
    fn totals_leave_the_long_labels_out() {
        let totals = totals(&read(PAGE));
        let wanted = [
            ("accepted", 9.0),
            ("held", 1.0),
            ("digital", 9.0),
            ("throttled", 3.0),
            ("errors", 0.0),
            ("lag", 0.0),
            ("letters-queued", 0.0),
            ("letters-claimed", 0.0),
            ("queues", 0.0),
        ];
        let wanted = wanted.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(totals, Series::from(wanted));
    }
}
