//! What is faulty, missing or away: the exit code and the words.

use anyhow::{Result, ensure};

use crate::support::program::{Ended, Program};

fn says(ended: &Ended, code: i32, words: &[&str]) -> Result<()> {
    ensure!(ended.code == Some(code), "{ended:?}");
    for word in words {
        ensure!(ended.err.contains(word) || ended.out.contains(word), "no {word:?}: {ended:?}");
    }
    Ok(())
}

#[tokio::test]
async fn faulty_configuration_names_the_key() -> Result<()> {
    let check: &[&str] = &["config", "check"];
    for (name, value, words) in [
        ("LEDGER__COLOUR", "blue", "ledger.colour"),
        ("INTAKE__WORKERS", "many", "intake.workers"),
        ("INTAKE__WORKERS", "1000", "intake.workers"),
        ("LEDGER__URL", "mysql://localhost/x", "ledger.url"),
        ("WEB__LISTEN", "everywhere", "web.listen"),
    ] {
        let ended = Program::new()?.with(name, value).run(check).await?;
        says(&ended, 3, &[words])?;
    }
    let program = Program::new()?;
    let file = program.file("facteur.toml", "[intake]\nworkers = 2\nhands = 3\n")?;
    says(
        &program.run(&["--config", &file, "config", "check"]).await?,
        3,
        &["hands", "facteur.toml"],
    )?;
    says(&program.run(&["--config", "missing.toml", "migrate"]).await?, 3, &["missing.toml"])?;
    Ok(())
}

#[tokio::test]
async fn faulty_policy_names_the_line() -> Result<()> {
    let program = Program::new()?;
    let rule = "[[rule]]\nname = \"a\"\nwhen = { WHEN }\nruling = \"paper\"\nreason = \"A\"\n";
    let default = "[default]\nruling = \"digital\"\nreason = \"D\"\n";
    for (text, words) in [
        (format!("{}{default}", rule.replace("WHEN", "colour = 3")), "3"),
        (
            format!(
                "{}\n{default}",
                rule.replace("paper", "pigeon").replace("WHEN", "consent = true")
            ),
            "4",
        ),
        (rule.replace("WHEN", "consent = true"), "default"),
        ("rule = [".to_owned(), "1"),
    ] {
        let path = program.file("policy.toml", &text)?;
        let program = Program::new()?.with("POLICY__PATH", &path);
        for command in [&["config", "check"][..], &["serve"]] {
            says(&program.run(command).await?, 3, &["policy.toml", words])?;
        }
    }
    let missing = Program::new()?.with("POLICY__PATH", "nowhere.toml");
    says(&missing.run(&["config", "check"]).await?, 3, &["nowhere.toml"])
}

/// Nobody listens at port 1.
#[tokio::test]
async fn what_cannot_be_reached_ends_with_4() -> Result<()> {
    let ledger = Program::new()?.with("LEDGER__URL", "postgres://a:secret@127.0.0.1:1/x");
    for command in [&["migrate"][..], &["verify"], &["quarantine", "list"]] {
        says(&ledger.run(command).await?, 4, &["ledger"])?;
    }
    let queue = Program::new()?.with("QUEUE__URL", "amqp://a:secret@127.0.0.1:1/x");
    for command in [&["topology", "check"][..], &["topology", "declare"]] {
        says(&queue.run(command).await?, 4, &["broker"])?;
    }
    for (program, name) in [(&ledger, "ledger"), (&queue, "queue")] {
        let doctor = program.run(&["doctor"]).await?;
        says(&doctor, 1, &[name, "NOT FIT"])?;
        ensure!(!doctor.out.contains("secret") && !doctor.err.contains("secret"), "{doctor:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_does_not_exist_is_an_answer() -> Result<()> {
    let program = Program::new()?;
    let id = "01a20797-faa2-769d-9ab7-5fddcb458d03";
    says(&program.run(&["explain", id]).await?, 1, &["there is no message", id])?;
    says(&program.run(&["quarantine", "show", id]).await?, 1, &[id])?;
    says(&program.run(&["quarantine", "discard", id]).await?, 1, &[id])?;
    says(&program.run(&["quarantine", "replay", id]).await?, 1, &[id])?;
    says(&program.run(&["schema", "unknown"]).await?, 2, &["unknown", "ticket", "openapi"])?;
    for command in [&["lanes", "pause", "nobody:at:all"][..], &["letters", "pause", "nowhere"]] {
        says(&program.run(command).await?, 1, &[command[2]])?;
    }
    says(&program.run(&["topology", "check"]).await?, 1, &["facteur.dead", "MISSING"])?;
    let file = program.file("publication.json", "{}")?;
    let nobody = program.run(&["publish", "--application", "nobody", &file]).await?;
    says(&nobody, 1, &["nobody", "--account"])?;
    let registry = program.file("registry.jsonl", "{\"kind\":\"organization\"}\nnonsense\n")?;
    says(&program.run(&["registry", "check", &registry]).await?, 1, &["line 1", "line 2"])
}

#[tokio::test]
async fn given_file_that_is_faulty_or_missing_ends_with_3() -> Result<()> {
    let program = Program::new()?;
    let registry = program.file("registry.jsonl", "{\"kind\":\"organization\"}\nnonsense\n")?;
    let import = program.run(&["registry", "import", &registry]).await?;
    says(&import, 3, &["line 1", "line 2", "2 faults", "nothing was imported"])?;
    for command in [
        &["registry", "check", "nowhere.jsonl"][..],
        &["registry", "import", "nowhere.jsonl"],
        &["publish", "--application", "a", "--account", "a", "nowhere.jsonl"],
        &["simulate", "nowhere.jsonl"],
    ] {
        says(&program.run(command).await?, 3, &["nowhere.jsonl"])?;
    }
    Ok(())
}

#[tokio::test]
async fn arguments_that_do_not_go_together_end_with_2() -> Result<()> {
    let program = Program::new()?;
    let two = program.file("two.jsonl", "{}\n{}\n")?;
    let publish = ["publish", "--application", "a", "--account", "a", "--key", "k", &two];
    says(&program.run(&publish).await?, 2, &["--key"])?;
    let itself = ["letters", "move", "--from", "overflow", "--printer", "overflow"];
    says(&program.run(&itself).await?, 2, &["overflow"])
}
