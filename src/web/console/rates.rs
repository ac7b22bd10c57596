//! Rates over the last minutes, from what engines told: each engine's counters
//! by themselves, since they begin at 0 with it, and then their sum.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::ledger::{Moment, TOLD_KEPT};

/// The width of a point of a chart.
const STEP: SignedDuration = SignedDuration::from_secs(10);
/// Steps at the end for which a living engine may not have told yet, and one.
const UNTOLD_MAX: usize = 3;
/// A rate of now is one of so many seconds.
const NOW_SECS: i64 = 60;

/// Growth and the seconds in which it grew.
#[derive(Clone, Copy, Default)]
struct Growth {
    by: f64,
    seconds: f64,
}

impl Growth {
    fn per_second(self) -> f64 {
        if self.seconds > 0.0 { self.by / self.seconds } else { 0.0 }
    }
}

/// How much the sum of some totals grew a second, over all engines, for each
/// step of the time that is kept, oldest first.
pub(super) fn course(moments: &[Moment], names: &[&str], now: Timestamp) -> Vec<f64> {
    let steps = usize::try_from(TOLD_KEPT.as_secs() / STEP.as_secs()).unwrap_or_default();
    let mut course = vec![0.0; steps];
    for grown in grown(moments, names).values() {
        for (sum, own) in course.iter_mut().zip(of_engine(grown, steps, now)) {
            *sum += own;
        }
    }
    course
}

/// The rates of one engine. Growth is spread over the steps in which it may have
/// happened; what an engine has not told yet goes on as it was.
fn of_engine(grown: &[(Timestamp, Growth)], steps: usize, now: Timestamp) -> Vec<f64> {
    let width = STEP.as_secs_f64();
    let mut points = vec![Growth::default(); steps];
    for (at, growth) in grown {
        // In seconds since the first step began.
        let end = steps as f64 * width - now.duration_since(*at).as_secs_f64();
        let begin = end - growth.seconds;
        for (place, point) in points.iter_mut().enumerate() {
            let (from, to) = (place as f64 * width, (place + 1) as f64 * width);
            let within = f64::max(0.0, end.min(to) - begin.max(from));
            point.by += growth.per_second() * within;
            point.seconds += within;
        }
    }
    let mut rates: Vec<f64> = points.iter().map(|point| point.per_second()).collect();
    let told = points.iter().rposition(|point| point.seconds > 0.0);
    if let Some(last) = told.filter(|last| steps - last <= UNTOLD_MAX) {
        let rate = rates.get(last).copied().unwrap_or_default();
        rates.iter_mut().skip(last + 1).for_each(|later| *later = rate);
    }
    rates
}

/// How high a gauge stood, for each step of the time that is kept, oldest first:
/// what the engine told where it stood highest, since what is of the whole
/// installation is told by one engine at a time, and the others tell 0.
pub(super) fn height(moments: &[Moment], name: &str, now: Timestamp) -> Vec<f64> {
    let steps = usize::try_from(TOLD_KEPT.as_secs() / STEP.as_secs()).unwrap_or_default();
    let mut told = vec![None::<f64>; steps];
    for moment in moments {
        let back = now.duration_since(moment.at).as_secs() / STEP.as_secs();
        let place = usize::try_from(back).ok().and_then(|back| steps.checked_sub(back + 1));
        let value = moment.totals.get(name).copied();
        if let (Some(step), Some(value)) = (place.and_then(|it| told.get_mut(it)), value) {
            *step = Some(step.map_or(value, |other| other.max(value)));
        }
    }
    let mut last = 0.0;
    let carried = told.into_iter().map(|step| {
        last = step.unwrap_or(last);
        last
    });
    carried.collect()
}

/// How much the sum of some totals grew a second, over all engines, in the last
/// minute.
pub(super) fn lately(moments: &[Moment], names: &[&str], now: Timestamp) -> f64 {
    let since = now - SignedDuration::from_secs(NOW_SECS);
    let of_engine = |grown: &Vec<(Timestamp, Growth)>| {
        let lately = grown.iter().filter(|(at, _)| *at > since);
        let sum = lately.fold(Growth::default(), |sum, (_, own)| Growth {
            by: sum.by + own.by,
            seconds: sum.seconds + own.seconds,
        });
        sum.per_second()
    };
    grown(moments, names).values().map(of_engine).sum()
}

/// By engine: until when, by how much, in how long.
fn grown(moments: &[Moment], names: &[&str]) -> BTreeMap<Uuid, Vec<(Timestamp, Growth)>> {
    let mut before: BTreeMap<Uuid, (Timestamp, f64)> = BTreeMap::new();
    let mut grown: BTreeMap<Uuid, Vec<(Timestamp, Growth)>> = BTreeMap::new();
    for moment in moments {
        let sum = names.iter().filter_map(|name| moment.totals.get(*name)).sum();
        if let Some((at, old)) = before.insert(moment.engine, (moment.at, sum)) {
            let growth = Growth {
                by: f64::max(sum - old, 0.0),
                seconds: moment.at.duration_since(at).as_secs_f64(),
            };
            grown.entry(moment.engine).or_default().push((moment.at, growth));
        }
    }
    grown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(engine: u128, seconds: i64, accepted: f64) -> Moment {
        Moment {
            engine: Uuid::from_u128(engine),
            at: Timestamp::from_second(1_000_000 + seconds).unwrap(),
            totals: [("accepted".to_owned(), accepted), ("held".to_owned(), 1.0)].into(),
        }
    }

    #[test]
    fn engines_are_added_up_and_a_new_one_is_no_jump() {
        let mut moments = Vec::new();
        for n in 0..60_i32 {
            moments.push(told(1, i64::from(n) * 5, 1_000.0 + f64::from(n) * 50.0));
            if n >= 30 {
                // Started later; its counters began at 0.
                moments.push(told(2, i64::from(n) * 5 + 1, f64::from(n - 30) * 25.0));
            }
        }
        let now = Timestamp::from_second(1_000_000 + 297).unwrap();
        let course = course(&moments, &["accepted", "held"], now);
        assert_eq!(course.len(), 90);
        assert!(course[..60].iter().all(|rate| *rate == 0.0), "nothing was told then");
        for (place, rate, who) in [(65, 10.0, "one alone"), (88, 15.0, "both"), (89, 15.0, "both")]
        {
            assert!((course[place] - rate).abs() < 1e-9, "{who}: {}", course[place]);
        }
        assert_eq!(lately(&moments, &["accepted"], now), 15.0);
        assert_eq!(lately(&moments, &["held"], now), 0.0);
        assert_eq!(lately(&[], &["held"], now), 0.0);
        let held = height(&moments, "held", now);
        assert_eq!((held.len(), held[0], held[89]), (90, 0.0, 1.0), "{held:?}");
    }
}
