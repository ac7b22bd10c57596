//! `./dev bench plan`: a backlog of 1,000,000 letters over printers and days.
//! Wanted: under 10 s and 500 MB.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use facteur::domain::MessageTypeId;
use facteur::paper::plan::{Planner, Summary, Taken, Turn, plan};
use facteur::paper::printer::{LaneFacts, Printers};
use jiff::civil::date;

const LETTERS: u32 = 1_000_000;

/// Ten printers by area, with a cap a day, and the default one.
fn printers() -> Printers {
    let mut text = "[[printer]]\nname = \"overflow\"\ncap_per_day = 20000\n".to_owned();
    for area in 1..=9 {
        text += &format!(
            "[[printer]]\nname = \"area-{area}\"\ncap_per_day = 8000\n[[printer.lane]]\n\
             countries = [\"BE\"]\npostal_codes = [\"{area}000\", \"{area}899\"]\n"
        );
    }
    text += "[[printer]]\nname = \"registered\"\ncap_per_day = 3000\n[[printer.lane]]\n\
             registered_only = true\n";
    toml::from_str(&text).unwrap_or_else(|fault| panic!("{fault}"))
}

struct Letter {
    code: String,
    registered: bool,
}

impl Letter {
    fn facts<'a>(&'a self, document_type: &'a MessageTypeId) -> (Turn, LaneFacts<'a>) {
        let (postal_code, registered) = (self.code.as_str(), self.registered);
        let facts = LaneFacts { country: "BE", postal_code, registered, document_type };
        (Turn::of(registered, 1), facts)
    }
}

fn backlog() -> Vec<Letter> {
    let letter = |number: u32| Letter {
        // A step that is prime to the codes: every area in turn.
        code: (1_000 + number.wrapping_mul(7_919) % 9_000).to_string(),
        registered: number.is_multiple_of(20),
    };
    (0..LETTERS).map(letter).collect()
}

fn million(criterion: &mut Criterion) {
    let (printers, letters, taken) = (printers(), backlog(), Taken::new());
    let Ok(kind) = MessageTypeId::new("TAX-LETTER") else { return };
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10).throughput(Throughput::Elements(LETTERS.into()));
    group.bench_function("1,000,000 letters", |bencher| {
        bencher.iter(|| {
            let facts: Vec<(Turn, LaneFacts<'_>)> =
                letters.iter().map(|letter| letter.facts(&kind)).collect();
            let mut planner = Planner::new(&printers, date(2026, 11, 23), &taken);
            let mut summary = Summary::default();
            plan(&facts, &mut planner).iter().for_each(|assigned| summary.count(assigned));
            black_box(summary)
        });
    });
    group.finish();
}

criterion_group!(benches, million);
criterion_main!(benches);
