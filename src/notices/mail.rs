//! What a notice says, in the box's language: as text and as HTML.

use askama::Template;
use jiff::Timestamp;

use super::stop::StopLinks;
use super::words::Words;
use crate::clock::belgian_day;
use crate::domain::Language;
use crate::ledger::{NoticeInHand, UnreadMail};

/// A mail, ready to be addressed.
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    /// By which whoever gets it stops the next ones.
    pub(super) stop_url: String,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct TextPart<'n>(&'n Shown);

#[derive(Template)]
#[template(path = "notice.html")]
struct HtmlPart<'n>(&'n Shown);

/// What both parts say.
struct Shown {
    words: Words,
    subject: String,
    name: String,
    number: String,
    lines: Vec<String>,
    box_url: String,
    stop_url: String,
}

/// Writes the mail of a notice. It names the company, which has several
/// readers and perhaps many boxes; and neither sender nor content.
///
/// # Errors
/// A template that cannot be filled: a defect.
pub(super) fn write(
    notice: &NoticeInHand,
    links: &StopLinks,
    base_url: &str,
) -> Result<Mail, askama::Error> {
    let words = Words(notice.enterprise.language);
    let number = notice.enterprise.number;
    let shown = Shown {
        subject: words.say("notice-subject"),
        name: notice.enterprise.name.clone(),
        number: number.dotted(),
        lines: lines(words, &notice.told),
        box_url: format!("{base_url}/boxes/{number}"),
        stop_url: links.write(number, &notice.address),
        words,
    };
    let (text, html) = (TextPart(&shown).render()?, HtmlPart(&shown).render()?);
    Ok(Mail { text, html, subject: shown.subject, stop_url: shown.stop_url })
}

fn lines(words: Words, told: &UnreadMail) -> Vec<String> {
    let counts = [
        ("notice-new", told.new),
        ("notice-reminders", told.reminders),
        ("notice-expiring", told.expiring),
    ];
    let counted = counts.into_iter().filter(|(_, count)| *count > 0);
    let mut lines: Vec<String> =
        counted.map(|(name, count)| words.count(name, count, UnreadMail::MAX)).collect();
    if let Some(at) = told.first_expiry.filter(|_| told.expiring > 0) {
        lines.push(words.with("notice-first-expiry", "day", &day(words.0, at)));
    }
    lines
}

/// A day as it is written in figures.
fn day(language: Language, at: Timestamp) -> String {
    let day = belgian_day(at);
    let format = match language {
        Language::Fr | Language::Nl => "%d/%m/%Y",
        Language::De => "%d.%m.%Y",
        Language::En => "%Y-%m-%d",
    };
    day.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Enterprise;
    use uuid::Uuid;

    fn notice(language: Language, told: UnreadMail) -> NoticeInHand {
        let enterprise = Enterprise {
            number: "0852093431".parse().unwrap(),
            name: "Dupont & Fils <SA>".into(),
            language,
            address: None,
            state: crate::domain::LegalState::Active,
            state_since: None,
        };
        let (id, address) = (Uuid::from_u128(7), "post@dupont.example".to_owned());
        NoticeInHand { id, enterprise, address, told, attempts: 1 }
    }

    #[test]
    fn a_notice_counts_in_the_language_of_the_box() {
        let links = StopLinks::new("https://box.example", vec![1; 32]);
        let told = UnreadMail {
            new: 3,
            reminders: 1,
            expiring: 1_000,
            first_expiry: Some("2026-12-01T23:30:00Z".parse().unwrap()),
        };
        for (language, expected) in [
            (Language::Fr, ["3 nouveaux messages", "1 message", "1000+", "02/12/2026"]),
            (Language::Nl, ["3 nieuwe berichten", "1 bericht", "1000+", "02/12/2026"]),
            (Language::De, ["3 neue Nachrichten", "1 Nachricht", "1000+", "02.12.2026"]),
            (Language::En, ["3 new messages", "1 message", "1000+", "2026-12-02"]),
        ] {
            let mail = write(&notice(language, told), &links, "https://box.example").unwrap();
            for part in expected {
                assert!(mail.text.contains(part), "{part:?} is not in {}", mail.text);
                assert!(mail.html.contains(part), "{part:?} is not in {}", mail.html);
            }
            assert!(mail.text.contains("Dupont & Fils <SA>") && mail.text.contains("0852.093.431"));
            assert!(!mail.html.contains("<SA>"), "{}", mail.html);
            assert!(mail.text.contains(&mail.stop_url) && mail.text.contains("/boxes/0852093431"));
            assert!(mail.html.contains(&format!("lang=\"{}\"", language.code())));
        }
    }

    #[test]
    fn what_is_not_there_is_not_told() {
        let links = StopLinks::new("https://box.example", vec![1; 32]);
        let told = UnreadMail { new: 1, ..UnreadMail::default() };
        let mail = write(&notice(Language::En, told), &links, "https://box.example").unwrap();
        assert!(mail.text.contains("1 new message") && !mail.text.contains("15 days"));
    }
}
