//! A letter for tests.

use uuid::Uuid;

use crate::domain::{EnterpriseNumber, Language, MessageId, PostalPriority};
use crate::paper::address::AddressBlock;
use crate::paper::ticket::{LetterOptions, Ticket};

pub(super) fn ticket() -> Ticket {
    let lines = ["Boulangerie Dupont SRL", "Rue de la Loi 16", "1000 Bruxelles"];
    Ticket {
        job_id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
        message_id: MessageId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002)),
        attempt: 1,
        printer: "liege".into(),
        recipient: EnterpriseNumber::from_stem(8_520_934),
        address: AddressBlock {
            lines: lines.map(str::to_owned).into(),
            postal_code: "1000".into(),
            country: "BE".into(),
        },
        sender_application_id: "employment:job-attest:werkkaart".into(),
        message_type_id: "WK1-ACTIVA".into(),
        created_at: "2026-11-23T10:00:00Z".parse().unwrap(),
        options: LetterOptions {
            registered: false,
            acknowledgement: false,
            duplex: false,
            priority: PostalPriority::NonPrior,
            language: Language::Fr,
            return_address: None,
        },
        documents: Vec::new(),
        package: "http://127.0.0.1:8080/printers/jobs/1/package?token=1".into(),
        expires_at: "2026-12-23T10:00:00Z".parse().unwrap(),
    }
}
