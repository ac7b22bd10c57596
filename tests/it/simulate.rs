//! A simulated campaign does what the line then really does, and changes
//! nothing.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use bytes::Bytes;
use facteur::clock::{Clock, SystemClock};
use facteur::config::Config;
use facteur::domain::{Code, Digest};
use facteur::intake::Judged;
use facteur::paper::plan::Taken;
use facteur::paper::printer::Printers;
use facteur::simulate::{Outlook, Rules, Simulation};
use jiff::civil::Date;
use serde_json::json;

use crate::support::desk::{Desk, arrival, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::program::Program;
use crate::support::world::{self, Company, LETTER, TAX, notice};

on_both_ledgers! {
    foretold: sqlite_what_is_simulated_then_happens, postgres_what_is_simulated_then_happens;
    spread: sqlite_letters_are_spread_over_printers_and_days, postgres_letters_are_spread_over_printers_and_days;
}

/// A campaign in which everything happens that can: each medium, a repeat, a
/// refusal of each kind, and what is no publication at all.
fn campaign() -> Vec<String> {
    let all = [
        Company::Active,
        Company::Occasional,
        Company::NeverOpened,
        Company::Boxless,
        Company::Closed,
        Company::Unknown,
    ];
    let mut lines: Vec<String> = all.map(|to| notice(to).to_string()).into();
    lines.push(notice(Company::Active).to_string());
    let mut letter = notice(Company::Active);
    (letter["messageTypeId"], letter["registered"]) = (json!(LETTER), json!(true));
    lines.push(letter.to_string());
    letter["senderApplicationId"] = json!("nobody:knows");
    lines.push(letter.to_string());
    letter["senderApplicationId"] = json!(TAX);
    letter["messageTypeId"] = json!("NO-SUCH-TYPE");
    lines.push(letter.to_string());
    lines.extend(["{".to_owned(), String::new(), "{\"subject\":{}}".to_owned()]);
    lines
}

async fn simulated(
    ledger: &TestLedger,
    lines: &[String],
    pieces: usize,
    printers: &Printers,
) -> Result<Outlook> {
    let intake = Config::load(None, std::iter::empty())?.intake;
    let rules = Rules {
        rulebook: rulebook()?,
        limits: intake.limits(),
        body_bytes_max: intake.body_bytes_max,
        now: SystemClock.now(),
    };
    let mut simulation = Simulation::new(ledger, rules);
    for piece in lines.chunks(pieces) {
        simulation.add(piece.iter().cloned().map(Bytes::from).collect()).await?;
    }
    Ok(simulation.finish(printers, &Taken::new()))
}

async fn foretold(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let lines = campaign();
    let printers: Printers = toml::from_str("[[printer]]\nname = \"overflow\"\n")?;
    let outlook = simulated(ledger, &lines, 100, &printers).await?;
    // In pieces it says the same: also of repeats from one to another.
    ensure!(simulated(ledger, &lines, 1, &printers).await? == outlook);
    ensure!(ledger.account().await?.total.received == 0, "it changed something");

    let arrivals: Result<Vec<_>> = lines
        .iter()
        .filter(|line| line.contains(TAX))
        .map(|line| arrival(TAX, &Digest::of(line.as_bytes()).to_string(), line.clone()))
        .collect();
    let (mut media, mut repeats) = (BTreeMap::new(), 0);
    for judged in desk.deliver(arrivals?).await? {
        match judged {
            Judged::Accepted { medium, reason, .. } => {
                *media.entry((medium, reason.to_string())).or_default() += 1;
            }
            Judged::Repeat { .. } => repeats += 1,
            _ => {}
        }
    }
    let foretold = outlook.media.iter().map(|it| ((it.medium, it.reason.clone()), it.messages));
    ensure!(foretold.collect::<BTreeMap<_, u64>>() == media, "{outlook:?}, then {media:?}");
    ensure!((outlook.publications, outlook.repeats) == (13, repeats), "{outlook:?}");
    let letters = ledger.account().await?.total.letters.total();
    let letters_foretold: u64 = outlook.letters.iter().map(|it| it.letters).sum();
    let held: u64 = outlook.held_letters.values().sum();
    // The unknown company has no address: its letter is made, and held.
    ensure!(held == 1, "{outlook:?}");
    ensure!(i64::try_from(letters_foretold + held)? == letters, "{outlook:?}");
    let refusals: Vec<(u64, Code)> = outlook.refusals.iter().map(|it| (it.line, it.code)).collect();
    let expected = [
        (5, Code::EnterpriseClosed),
        (9, Code::Forged),
        (10, Code::InvalidSender),
        (11, Code::Malformed),
        (12, Code::Malformed),
        (13, Code::Malformed),
    ];
    ensure!(refusals == expected, "{refusals:?}");
    ensure!(outlook.refusals[2].pointer == "/messageTypeId", "{outlook:?}");
    ensure!(outlook.refused.values().sum::<u64>() == 6);
    Ok(())
}

async fn spread(ledger: &TestLedger) -> Result<()> {
    Desk::open(ledger).await?;
    let letter = |number: usize| {
        let mut letter = notice(Company::Boxless);
        letter["subject"] = json!({ "fr": format!("Avis {number}") });
        letter["postal"] = json!({ "address": {
            "lines": ["Rue Haute 1"], "postalCode": if number < 5 { "4000" } else { "1000" },
            "town": "Liège" } });
        letter["registered"] = json!(number == 4);
        letter.to_string()
    };
    let lines: Vec<String> = (0..7).map(letter).collect();
    let printers: Printers = toml::from_str(
        "[[printer]]\nname = \"liege\"\ncap_per_day = 2\n[[printer.lane]]\n\
         postal_codes = [\"4000\", \"4999\"]\n[[printer]]\nname = \"overflow\"\n",
    )?;
    let outlook = simulated(ledger, &lines, 3, &printers).await?;
    let mut liege: Vec<(Date, u64)> = Vec::new();
    for it in outlook.letters.iter().filter(|it| it.printer == "liege") {
        liege.push((it.day, it.letters));
    }
    ensure!(liege.iter().map(|it| it.1).collect::<Vec<_>>() == [2, 2, 1], "{outlook:?}");
    ensure!(liege.windows(2).all(|days| days[0].0 < days[1].0), "{outlook:?}");
    let overflow = outlook.letters.iter().filter(|it| it.printer == "overflow");
    ensure!(overflow.map(|it| it.letters).collect::<Vec<_>>() == [2], "{outlook:?}");
    Ok(())
}

#[tokio::test]
async fn the_command_shows_it_to_people_and_programs() -> Result<()> {
    let program = Program::new()?;
    let registry = program.file("registry.jsonl", &world::registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &registry]).await?;
    let campaign = program.file("campaign.jsonl", &(campaign().join("\n") + "\n"))?;
    let shown = program.run(&["simulate", &campaign]).await?;
    ensure!(shown.code == Some(1), "something would be refused: {shown:?}");
    for words in ["13 publications", "digital", "overflow", "ENTERPRISE_CLOSED", "line 10:"] {
        ensure!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    let outlook = program.run(&["simulate", &campaign, "--json"]).await?.json()?;
    ensure!(outlook["publications"] == 13 && outlook["repeats"] == 1, "{outlook}");
    let good = program.file("good.jsonl", &notice(Company::Active).to_string())?;
    let outlook = program.ask(&["simulate", &good]).await?;
    ensure!(outlook["media"][0]["medium"] == "digital", "{outlook}");
    ensure!(outlook["letters"] == json!([]), "{outlook}");
    let received = program.run(&["verify", "--json"]).await?.json()?;
    ensure!(received["received"] == 0, "{received}");
    let wrong = program.file("printers.toml", "[[printer]]\nname = \"a b\"\n")?;
    let ended = program.run(&["simulate", &good, "--printers", &wrong]).await?;
    ensure!(ended.code == Some(3) && ended.err.contains("a b"), "{ended:?}");
    Ok(())
}
