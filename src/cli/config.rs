//! `facteur config`

use super::{Answer, Output};
use crate::config::Config;
use crate::policy_file::PolicyFile;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Check the configuration and the policy it names
    Check,
    /// Print the configuration in force, without passwords
    Print,
}

pub(super) fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<Answer> {
    match args {
        Args::Print if output.is_json() => output.show(config, |_| vec![])?,
        Args::Print => output.text(&config.to_toml()?)?,
        Args::Check => {
            let policy = PolicyFile::open(config)?.rulebook().policy;
            let answer = serde_json::json!({
                "policy": policy.digest, "rules": policy.rules.len(),
            });
            output.show(&answer, |_| {
                let rules = policy.rules.len();
                vec![format!("configuration and policy are in order ({rules} rules and a default)")]
            })?;
        }
    }
    Ok(Answer::Yes)
}
