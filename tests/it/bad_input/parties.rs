//! Who sends what to whom.

use anyhow::{Result, bail, ensure};
use facteur::domain::Code;
use facteur::intake::{ClosedEnterprise, Judged, Rulebook};
use facteur::ledger::EntryKind;
use serde_json::{Value, json};

use super::Case;
use crate::support::desk::{Desk, good, posted, posted_as, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{ATTEST, Company, LETTER, NOTICE, TAX, WORK, attest, notice};

on_both_ledgers! {
    complete: sqlite_complete_registry_refuses_who_is_not_in_it, postgres_complete_registry_refuses_who_is_not_in_it;
    held: sqlite_closed_enterprise_can_be_held, postgres_closed_enterprise_can_be_held;
}

const RECIPIENT: &str = "/recipient/enterpriseNumber";

fn with(pointer: &str, value: &str) -> Value {
    let mut publication = notice(Company::Active);
    if let Some(slot) = publication.pointer_mut(pointer) {
        *slot = json!(value);
    }
    publication
}

pub(super) fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (name, number) in [
        ("wrong check digits", "0123456789"),
        ("nearly right", "0852093432"),
        ("a first digit of 7", "7852093431"),
        ("letters", "BE0852O93431"),
        ("too long", "00852093431"),
        ("nothing", ""),
        ("a NUL", "0852093431\0"),
    ] {
        let recipient = with(RECIPIENT, number);
        cases.push(Case::of(name, &recipient, Code::InvalidInput, RECIPIENT)?);
    }
    let sender = "/sender/enterpriseNumber";
    for (name, pointer, value, code) in [
        ("a sender's number that is none", sender, "0123456789", Code::InvalidInput),
        ("a citizen", "/recipient/eboxType", "citizen", Code::InvalidInput),
        ("a box of no kind", "/sender/eboxType", "company", Code::InvalidInput),
        ("an unknown organization", sender, "0852093431", Code::InvalidSender),
        ("an unknown type", "/messageTypeId", "NOT-OURS", Code::InvalidSender),
        ("a type that cannot be", "/messageTypeId", "ABC", Code::InvalidInput),
    ] {
        cases.push(Case::of(name, &with(pointer, value), code, pointer)?);
    }
    let mut citizen = notice(Company::Active);
    citizen["recipient"] = json!({ "eboxType": "citizen", "ssin": "85073003328" });
    let kind = "/recipient/eboxType";
    cases.push(Case::of("a citizen by own number", &citizen, Code::InvalidInput, kind)?);
    cases.extend(trios()?);
    let closed = notice(Company::Closed);
    cases.push(Case::of("a closed enterprise", &closed, Code::EnterpriseClosed, RECIPIENT)?);
    Ok(cases)
}

/// Each part exists, and the three do not belong together.
fn trios() -> Result<Vec<Case>> {
    let mut not_theirs = attest(Company::Active);
    not_theirs["messageTypeId"] = json!(NOTICE);
    let mut not_ours = attest(Company::Active);
    not_ours["senderApplicationId"] = json!(TAX);
    not_ours["messageTypeId"] = json!(ATTEST);
    let mut other_house = notice(Company::Active);
    other_house["sender"]["enterpriseNumber"] = json!("0474028805");
    let mut posing = posted(&notice(Company::Active))?;
    posing.body = attest(Company::Active).to_string().into();
    let (code, application) = (Code::InvalidSender, "/senderApplicationId");
    Ok(vec![
        Case::of("another application's type", &not_theirs, code, "")?.told(WORK),
        Case::of("a type of another application", &not_ours, code, "")?,
        Case::of("an organization without this trio", &other_house, code, "")?,
        Case::new("another application in the text", posing, code, application),
    ])
}

async fn complete(ledger: &TestLedger) -> Result<()> {
    let rules = Rulebook { is_registry_complete: true, ..rulebook()? };
    let strict = Desk::with(ledger, rules).await?;
    let stranger = notice(Company::Unknown);
    let case = Case::of("unknown", &stranger, Code::InvalidInput, RECIPIENT)?;
    super::is_refused(ledger, &strict, case).await?;

    let lenient = Desk::beside(&ledger.ledger, rulebook()?)?;
    let judged = lenient.deliver_one(posted(&stranger)?).await?;
    let Judged::Accepted { medium, reason, .. } = judged else { bail!("{judged:?}") };
    ensure!((medium.as_str(), &*reason) == ("paper", "NO_BOX"), "{medium:?} {reason}");
    Ok(())
}

async fn held(ledger: &TestLedger) -> Result<()> {
    let hold = Rulebook { closed: ClosedEnterprise::Hold, ..rulebook()? };
    let desk = Desk::with(ledger, hold).await?;
    let mut letter = notice(Company::Closed);
    letter["messageTypeId"] = json!(LETTER);
    let judged = desk.deliver(vec![good()?, posted_as("held", &letter)?, good()?]).await?;
    let Judged::Held(refusal) = &judged[1] else { bail!("{judged:?}") };
    ensure!((refusal.code, &*refusal.pointer) == (Code::EnterpriseClosed, RECIPIENT));
    let told: Vec<EntryKind> =
        ledger.journal_after(0, 10).await?.iter().map(|entry| entry.kind).collect();
    ensure!(told == [EntryKind::Accepted, EntryKind::Held, EntryKind::Accepted], "{told:?}");
    let account = ledger.account().await?;
    ensure!((account.total.held, account.difference) == (1, 0), "{account:?}");

    // It comes again: it waits once, and its sender hears so again.
    desk.deliver_one(posted_as("held", &letter)?).await?;
    let account = ledger.account().await?;
    ensure!((account.total.held, account.total.repeats) == (1, 1), "{account:?}");
    ensure!(ledger.quarantine(None, None, None, 10).await?.len() == 1);
    Ok(())
}
