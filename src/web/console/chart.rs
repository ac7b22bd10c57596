//! A chart as SVG in the page: lines over the last minutes.

use super::operator::decimal;
use crate::web::words::Words;

/// In the units of the picture's `viewBox`.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

/// Lines over one time, with the same scale.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) lines: Vec<Curve>,
    /// What the line at the top stands for.
    pub(super) scale: String,
    /// What a person who does not see it is told.
    pub(super) told: String,
}

/// One line.
pub(super) struct Curve {
    pub(super) class: &'static str,
    pub(super) name: String,
    pub(super) now: String,
    pub(super) points: String,
}

/// What a line is drawn of: its class, its name, its values and that of now.
pub(super) type Drawn = (&'static str, String, Vec<f64>, f64);

/// Of rates, or of what stands at some height.
pub(super) fn chart(words: Words, title: &str, scale: &str, drawn: Vec<Drawn>) -> Chart {
    let highest = drawn.iter().flat_map(|(_, _, course, _)| course).copied().fold(0.0, f64::max);
    let top = round_up(highest);
    let lines: Vec<Curve> = drawn
        .into_iter()
        .map(|(class, name, course, now)| Curve {
            class,
            name,
            now: decimal(words, now),
            points: points(&course, top),
        })
        .collect();
    let title = words.say(title);
    let figures: Vec<String> =
        lines.iter().map(|line| format!("{} {}", line.name, line.now)).collect();
    let told = format!("{title}: {}", figures.join(", "));
    Chart { title, lines, scale: words.with(scale, "n", &decimal(words, top)), told }
}

/// The next of 1, 2, 5, 10, 20, 50, …
fn round_up(value: f64) -> f64 {
    let mut step = 1.0;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if value <= step * factor {
                return step * factor;
            }
        }
        step *= 10.0;
    }
}

fn points(course: &[f64], top: f64) -> String {
    let between = course.len().saturating_sub(1).max(1) as f64;
    let point = |(place, value): (usize, &f64)| {
        let (x, y) = (place as f64 / between * WIDTH, HEIGHT - value / top * HEIGHT);
        format!("{x:.1},{y:.1}")
    };
    course.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_runs_from_left_to_right_below_the_top() {
        assert_eq!(points(&[0.0, 10.0, 20.0], 20.0), "0.0,120.0 300.0,60.0 600.0,0.0");
        assert_eq!(points(&[], 1.0), "");
        for (value, top) in [(0.0, 1.0), (1.0, 1.0), (3.0, 5.0), (13_912.0, 20_000.0)] {
            assert_eq!(round_up(value), top);
        }
    }
}
