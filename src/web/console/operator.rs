//! Who an operator is, and what stands around every page of the console.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use super::Backstage;
use crate::ledger::Act;
use crate::web::Web;
use crate::web::page::{Frame, Visitor};
use crate::web::problem;
use crate::web::words::Words;
use crate::web::words::dates::Moment;

/// A visitor who is an operator, by what the identity provider said.
pub(super) struct Operator {
    pub(super) visitor: Visitor,
    pub(super) backstage: Arc<Backstage>,
    pub(super) now: Timestamp,
    actor: String,
}

impl FromRequestParts<Web> for Operator {
    type Rejection = Response;

    /// Anybody else hears what there is at an address that does not exist.
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, web).await;
        let visitor = visitor.map_err(axum::response::IntoResponse::into_response)?;
        let session = visitor.session.as_ref().filter(|session| session.proven.is_operator);
        match (session, &web.backstage) {
            (Some(session), Some(backstage)) => Ok(Self {
                actor: format!("console:{}", session.person),
                backstage: Arc::clone(backstage),
                now: web.clock.now(),
                visitor,
            }),
            _ => Err(problem::nothing().into_response()),
        }
    }
}

impl Operator {
    pub(super) fn words(&self) -> Words {
        self.visitor.words
    }

    pub(super) fn frame(&self) -> Frame {
        Frame::new(&self.visitor, "start")
    }

    /// What this operator does now, and why.
    pub(super) fn act<'a>(&'a self, reason: &'a str) -> Act<'a> {
        Act { actor: &self.actor, reason, at: self.now }
    }

    /// Who it is, as the record names it.
    pub(super) fn actor(&self) -> &str {
        &self.actor
    }

    pub(super) fn moment(&self, at: Timestamp) -> Moment {
        self.words().moment(at, self.now)
    }
}

/// A page of the console beside the others.
pub(super) struct NavItem {
    pub(super) url: &'static str,
    pub(super) name: String,
    pub(super) icon: &'static str,
    pub(super) is_current: bool,
}

const PAGES: [(&str, &str, &str); 8] = [
    ("/console", "console-overview", "M4 19V5M4 19h16M8 16v-5M12 16V8M16 16v-3"),
    ("/console/quarantine", "console-quarantine", "M12 4 3 19h18zM12 10v4M12 16.5v.3"),
    ("/console/lanes", "console-lanes", "M4 7h11M4 12h16M4 17h8"),
    ("/console/types", "console-types", "M6 3h9l4 4v14H6zM14 3v5h5"),
    ("/console/printers", "console-printers", "M7 9V4h10v5M5 9h14v7h-2M7 16H5V9M7 14h10v6H7z"),
    ("/console/policy", "console-policy", "M12 4v16M5 8l7-2 7 2M3 14l2-6 2 6zM17 14l2-6 2 6z"),
    ("/console/find", "console-find", "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM16 16l4 4"),
    ("/console/record", "console-record", "M5 4h14v16H5zM8 8h8M8 12h8M8 16h5"),
];

/// The pages, with the one that is shown.
pub(super) fn nav(words: Words, current: &str) -> Vec<NavItem> {
    let item = |(url, name, icon): (&'static str, &str, &'static str)| NavItem {
        url,
        name: words.say(name),
        icon,
        is_current: url == current,
    };
    PAGES.map(item).into()
}

/// A figure with at most one decimal, as people of the language write it.
pub(super) fn decimal(words: Words, value: f64) -> String {
    let tenths = whole(value * 10.0);
    if tenths >= 1_000 || tenths.is_multiple_of(10) {
        return words.number(whole(value));
    }
    let point = if words.code() == "en" { '.' } else { ',' };
    format!("{}{point}{}", words.number(tenths / 10), tenths % 10)
}

/// A figure as a count: gauges and counters are whole numbers and not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub(super) fn whole(value: f64) -> u64 {
    const MAX: f64 = 9_007_199_254_740_992.0;
    value.round().clamp(0.0, MAX) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn figures_are_written_as_people_write_them() {
        for (value, english, dutch) in [
            (0.0, "0", "0"),
            (0.04, "0", "0"),
            (12.34, "12.3", "12,3"),
            (99.96, "100", "100"),
            (1234.5, "1,235", "1.235"),
            (-1.0, "0", "0"),
        ] {
            assert_eq!(decimal(Words(Language::En), value), english);
            assert_eq!(decimal(Words(Language::Nl), value), dutch);
        }
    }
}
