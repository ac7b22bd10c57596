//! `facteur doctor` names what is broken and the cure. Each dependency is broken
//! for real, one at a time, and nothing else is found fault with.

mod broker;
mod database;
mod files;
mod outside;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::program::Program;

/// What the doctor found.
struct Diagnosis(Vec<Value>);

impl Diagnosis {
    async fn of(program: &Program) -> Result<Self> {
        let ended = program.run(&["doctor", "--json"]).await?;
        let found: Vec<Value> = serde_json::from_value(ended.json()?)?;
        let is_well = found.iter().all(|it| it["fit"] == true);
        let unasked = found.iter().filter(|it| it["fit"].is_null()).count();
        ensure!(ended.code == Some(i32::from(!is_well)), "{ended:?}");
        let told = program.run(&["doctor"]).await?;
        ensure!(told.out.contains("NOT FIT") != is_well, "{told:?}");
        let left_out = found.iter().filter(|it| it["configured"] == false).count();
        ensure!(told.out.matches("not configured").count() == left_out, "{told:?}");
        ensure!(told.out.matches("not asked").count() == unasked, "{told:?}");
        ensure!(!told.err.contains("lapin"), "the client cries out: {told:?}");
        Ok(Self(found))
    }

    fn is_well(&self) -> Result<()> {
        ensure!(self.unfit().is_empty(), "{:?}", self.0);
        ensure!(self.0.len() == 12, "twelve are examined: {:?}", self.0);
        Ok(())
    }

    /// It says of these alone that nothing is configured.
    fn leaves_alone(&self, dependencies: &[&str]) -> Result<()> {
        let found = self.0.iter().filter(|it| it["configured"] == false);
        let found: Vec<_> = found.filter_map(|it| it["dependency"].as_str()).collect();
        ensure!(found == dependencies, "{:?}", self.0);
        Ok(())
    }

    /// Only this one is at fault, and the words say why and what to do.
    fn names(&self, dependency: &str, fault: &str, cure: &str) -> Result<()> {
        ensure!(self.unfit() == [dependency], "{:?}", self.0);
        self.says(dependency, fault, cure)
    }

    fn says(&self, dependency: &str, fault: &str, cure: &str) -> Result<()> {
        let found = self.0.iter().find(|it| it["dependency"] == dependency);
        let faults = found.and_then(|it| it["faults"].as_array()).context("no fault")?;
        let is_said = faults.iter().any(|it| {
            let said = |key: &str| it[key].as_str().unwrap_or_default();
            said("fault").contains(fault) && said("cure").contains(cure)
        });
        ensure!(is_said, "no {fault:?} with {cure:?}: {faults:#?}");
        Ok(())
    }

    /// Nobody could ask this one, and that is said.
    fn leaves_unasked(&self, dependency: &str) -> Result<()> {
        let is_it = |it: &&Value| it["dependency"] == dependency;
        let found = self.0.iter().find(is_it).context("it is not examined")?;
        ensure!(found["fit"].is_null() && found["asked"] == false, "{found}");
        Ok(())
    }

    fn unfit(&self) -> Vec<&str> {
        let unfit = self.0.iter().filter(|it| it["fit"] == false);
        unfit.filter_map(|it| it["dependency"].as_str()).collect()
    }
}
