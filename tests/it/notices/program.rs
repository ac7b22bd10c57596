//! The program itself: told by its configuration, looked after by its command.

use anyhow::{Result, ensure};
use facteur::clock::{Clock as _, SystemClock};
use serde_json::json;

use super::sink::Sink;
use crate::support::desk::{Desk, posted, rulebook};
use crate::support::ledgers::sqlite;
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, notice};

#[tokio::test]
async fn program_tells_of_mail_and_lists_what_it_told() -> Result<()> {
    let (sink, ledger) = (Sink::start()?, sqlite().await?);
    let program = Program::new()?
        .with("LEDGER__URL", &ledger.url)
        .with("NOTICES__HOST", "127.0.0.1")
        .with("NOTICES__PORT", &sink.port.to_string())
        .with("NOTICES__TLS", "none")
        .with("NOTICES__SENDER", "no-reply@facteur.example");
    let desk = Desk::with(&ledger, rulebook()?).await?;
    desk.deliver_one(posted(&notice(Company::Active))?).await?;
    let (number, now) = (Company::Active.number(), SystemClock.now().as_microsecond());
    for (company, address) in
        [(number, "ok@company.example"), (Company::Occasional.number(), "refuse@company.example")]
    {
        desk.deliver_one(posted(&notice(Company::Occasional))?).await?;
        let record = json!({ "address": address, "hour": 6 });
        ledger
            .execute(format!(
                "INSERT INTO notification_settings (enterprise, record, next_notice_at)
                 VALUES ({}, '{record}', {now})",
                company.value()
            ))
            .await?;
    }
    let engine = program.start(&["serve", "--roles", "relay"], "engine.log");
    until("both were tried", async || {
        let listed = program.ask(&["notices", "list"]).await.unwrap_or_default();
        let is_done = |it: &serde_json::Value| it["state"] == "sent" || it["state"] == "refused";
        listed.as_array().is_some_and(|all| all.len() == 2 && all.iter().all(is_done))
    })
    .await;
    ensure!(sink.mails()?.len() == 1, "{:?}", sink.mails());
    let refused = program.ask(&["notices", "list", "--state", "refused"]).await?;
    ensure!(refused[0]["enterprise"] == json!(Company::Occasional.number()), "{refused}");
    ensure!(refused[0]["answer"].as_str().is_some_and(|it| it.contains("no such mailbox")));
    engine.stop().await;

    let retried = program.ask(&["notices", "retry", "--refused"]).await?;
    ensure!(retried["retried"] == json!([refused[0]["id"]]), "{retried}");
    let waiting = program.ask(&["notices", "list", "--state", "waiting"]).await?;
    ensure!(waiting[0]["id"] == refused[0]["id"], "{waiting}");
    let unknown =
        program.run(&["notices", "retry", "01a2078b-e57f-76fb-b11c-427bec3d9437"]).await?;
    ensure!(unknown.code == Some(1), "{unknown:?}");
    Ok(())
}
