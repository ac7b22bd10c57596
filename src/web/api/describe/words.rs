//! What recurs in the document: keys, subjects, what a status means.

use serde_json::{Value, json};

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Tag {
    Publication,
    LookUps,
    Events,
    Documents,
    Ebox,
    Messages,
    ReferenceData,
    Printers,
    Operation,
    Health,
}

impl Tag {
    pub(super) const ALL: [Self; 10] = [
        Self::Publication,
        Self::LookUps,
        Self::Events,
        Self::Documents,
        Self::Ebox,
        Self::Messages,
        Self::ReferenceData,
        Self::Printers,
        Self::Operation,
        Self::Health,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Publication => "Publication",
            Self::LookUps => "Look-ups",
            Self::Events => "Events",
            Self::Documents => "Documents",
            Self::Ebox => "Ebox",
            Self::Messages => "Messages",
            Self::ReferenceData => "Reference data",
            Self::Printers => "Printers",
            Self::Operation => "Operation",
            Self::Health => "Service",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Publication => "Agencies put mail into companies' boxes",
            Self::LookUps => "What agencies ask before and after they publish",
            Self::Events => "Everything that an application is told, in order",
            Self::Documents => "Content that is uploaded before a publication names it",
            Self::Ebox => "A company's box in figures",
            Self::Messages => "What a company's software reads of its box",
            Self::ReferenceData => "Who sends what",
            Self::Printers => "Letters to print, and what became of them",
            Self::Operation => "What operators' software looks up and orders",
            Self::Health => "Whether the process does its work, and this document",
        }
    }
}

/// By what a caller proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Key {
    /// The cookie of who signed in to the pages.
    Session,
    /// A bearer token with the scope of publishing.
    TokenToPublish,
    /// A bearer token with the scope of consuming.
    TokenToConsume,
    /// A bearer token with the scope of printing.
    TokenToPrint,
    /// A bearer token with the scope of operating.
    TokenToOperate,
    /// An application's id and its upload key.
    Application,
    /// A printer's name and its key.
    Printer,
}

impl Key {
    pub(super) fn requirement(self) -> Value {
        match self {
            Self::Session => json!({ "session": [] }),
            Self::TokenToPublish => json!({ "token": ["publish"] }),
            Self::TokenToConsume => json!({ "token": ["consume"] }),
            Self::TokenToPrint => json!({ "token": ["print"] }),
            Self::TokenToOperate => json!({ "token": ["operate"] }),
            Self::Application => json!({ "application": [] }),
            Self::Printer => json!({ "printer": [] }),
        }
    }

    /// All that there are, for the document.
    pub(super) fn schemes() -> Value {
        json!({
            "token": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token of the issuer that the installation believes \
                    (RFC 6750), with the scope that the operation names",
            },
            "session": {
                "type": "apiKey", "in": "cookie", "name": "facteur",
                "description": "The session of whoever signed in at /sign-in; \
                    __Host-facteur over HTTPS",
            },
            "application": {
                "type": "http", "scheme": "basic",
                "description": "An application's id and its upload key",
            },
            "printer": {
                "type": "http", "scheme": "basic",
                "description": "A printer's name and its key",
            },
        })
    }
}

/// What a status means, where an operation says nothing better.
pub(super) fn meaning(status: u16) -> &'static str {
    match status {
        304 => "As the client has it (If-None-Match)",
        400 => "Something is wrong with the request: the pointer says where",
        401 => "Nobody proved who asks",
        403 => "Proven, and not allowed: another scope, mandate or right is needed",
        404 => "There is no such thing, or not for the caller",
        405 => "This is not done with that method: reading the head would read the content",
        406 => "What is served is not accepted",
        408 => "The request broke off: it was silent for too long",
        409 => "It contradicts what is there",
        410 => "It is gone and does not come back",
        413 => "Too large",
        415 => "Of a media type that is not taken",
        422 => "Understood, and impossible",
        429 => "Too many requests; Retry-After says when",
        500 => "A defect, logged",
        501 => "Not offered here",
        503 => "Not possible at the moment; Retry-After says when",
        _ => "As it says",
    }
}
