//! Where each kind of record is kept, and by what its rows are known.
//!
//! Every kind is known by a key of three parts, (number, text, text), of which
//! most leave one or two empty: so one shape of statement serves them all.

use crate::domain::Kind;
use crate::ledger::store::{Statement, Table};

/// How one kind is kept.
pub(super) struct Room {
    /// Parts of the key and the record, for a list of keys.
    pub(super) kept: Statement,
    /// Deletes the rows of a list of keys.
    pub(super) delete: Statement,
    pub(super) table: Table,
}

macro_rules! kept {
    ($table:literal, $select:literal, $on:literal) => {
        Statement {
            postgres: concat!(
                "SELECT ",
                $select,
                " FROM UNNEST($1::BIGINT[], $2::TEXT[], $3::TEXT[])
                 AS k (n, a, b) JOIN ",
                $table,
                " t ON ",
                $on
            ),
            sqlite: concat!(
                "SELECT ",
                $select,
                " FROM (SELECT value ->> 0 AS n, value ->> 1 AS a,
                 value ->> 2 AS b FROM json_each($1)) k CROSS JOIN ",
                $table,
                " t ON ",
                $on
            ),
        }
    };
}

macro_rules! delete {
    ($table:literal, $columns:literal, $parts:literal) => {
        Statement {
            postgres: concat!(
                "DELETE FROM ",
                $table,
                " WHERE (",
                $columns,
                ") IN (SELECT ",
                $parts,
                " FROM UNNEST($1::BIGINT[], $2::TEXT[], $3::TEXT[]) AS k (n, a, b))"
            ),
            sqlite: concat!(
                "DELETE FROM ",
                $table,
                " WHERE (",
                $columns,
                ") IN (SELECT ",
                $parts,
                " FROM (SELECT value ->> 0 AS n, value ->> 1 AS a, value ->> 2 AS b
                 FROM json_each($1)))"
            ),
        }
    };
}

/// A kind known by its number alone.
macro_rules! by_number {
    ($table:literal, $columns:expr, $conflict:literal) => {
        Room {
            kept: kept!($table, "t.number, '', '', t.record", "t.number = k.n"),
            delete: delete!($table, "number", "n"),
            table: Table { name: $table, columns: $columns, conflict: $conflict },
        }
    };
}

/// A kind known by its id alone.
macro_rules! by_id {
    ($table:literal) => {
        Room {
            kept: kept!($table, "CAST(0 AS BIGINT), t.id, '', t.record", "t.id = k.a"),
            delete: delete!($table, "id", "a"),
            table: Table {
                name: $table,
                columns: &["id", "record"],
                conflict: "ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            },
        }
    };
}

static ORGANIZATIONS: Room = by_number!(
    "organizations",
    &["number", "record"],
    "ON CONFLICT (number) DO UPDATE SET record = excluded.record"
);
static APPLICATIONS: Room = by_id!("applications");
static SERVICES: Room = by_id!("services");
static MESSAGE_TYPES: Room = by_id!("message_types");
static PERSONS: Room = by_id!("persons");
static ENTERPRISES: Room = by_number!(
    "enterprises",
    &["number", "state", "record", "state_since"],
    "ON CONFLICT (number) DO UPDATE SET state = excluded.state, record = excluded.record,
         state_since = excluded.state_since"
);

static TRIOS: Room = Room {
    kept: kept!(
        "trios",
        "t.organization, t.application, t.message_type, ''",
        "t.organization = k.n AND t.application = k.a AND t.message_type = k.b"
    ),
    delete: delete!("trios", "organization, application, message_type", "n, a, b"),
    table: Table {
        name: "trios",
        columns: &["organization", "application", "message_type"],
        conflict: "ON CONFLICT (organization, application, message_type) DO NOTHING",
    },
};

static BOXES: Room = Room {
    kept: kept!(
        "boxes",
        "t.enterprise, '', '', t.last_connection_at, t.all_digital",
        "t.enterprise = k.n"
    ),
    delete: delete!("boxes", "enterprise", "n"),
    table: Table {
        name: "boxes",
        columns: &["enterprise", "last_connection_at", "all_digital", "access_version"],
        // Somebody may open the box while it is imported: the later connection
        // stands. Its access did not change, so neither does its version.
        conflict: "ON CONFLICT (enterprise) DO UPDATE SET all_digital = excluded.all_digital,
             last_connection_at = CASE
               WHEN excluded.last_connection_at IS NULL
                 OR boxes.last_connection_at >= excluded.last_connection_at
               THEN boxes.last_connection_at ELSE excluded.last_connection_at END",
    },
};

static PARTITIONS: Room = Room {
    kept: kept!(
        "partitions",
        "t.enterprise, t.id, '', t.record",
        "t.enterprise = k.n AND t.id = k.a"
    ),
    delete: delete!("partitions", "enterprise, id", "n, a"),
    table: Table {
        name: "partitions",
        columns: &["enterprise", "id", "record"],
        conflict: "ON CONFLICT (enterprise, id) DO UPDATE SET record = excluded.record",
    },
};

static RULES: Room = Room {
    kept: kept!(
        "routing_rules",
        "t.enterprise, CAST(t.priority AS TEXT), '', t.record",
        "t.enterprise = k.n AND t.priority = CAST(k.a AS BIGINT)"
    ),
    delete: delete!("routing_rules", "enterprise, priority", "n, CAST(a AS BIGINT)"),
    table: Table {
        name: "routing_rules",
        columns: &["enterprise", "priority", "record"],
        conflict: "ON CONFLICT (enterprise, priority) DO UPDATE SET record = excluded.record",
    },
};

static GRANTS: Room = Room {
    kept: kept!("grants", "t.enterprise, t.id, '', t.record", "t.enterprise = k.n AND t.id = k.a"),
    delete: delete!("grants", "enterprise, id", "n, a"),
    table: Table {
        name: "grants",
        columns: &["enterprise", "id", "person", "record"],
        conflict: "ON CONFLICT (enterprise, id) DO UPDATE
             SET person = excluded.person, record = excluded.record",
    },
};

static MANDATES: Room = Room {
    kept: kept!(
        "mandates",
        "t.mandator, CAST(t.holder AS TEXT), '', t.record",
        "t.mandator = k.n AND t.holder = CAST(k.a AS BIGINT)"
    ),
    delete: delete!("mandates", "mandator, holder", "n, CAST(a AS BIGINT)"),
    table: Table {
        name: "mandates",
        columns: &["mandator", "holder", "record"],
        conflict: "ON CONFLICT (mandator, holder) DO UPDATE SET record = excluded.record",
    },
};

/// Where a kind is kept.
pub(super) fn room(kind: Kind) -> &'static Room {
    match kind {
        Kind::Organization => &ORGANIZATIONS,
        Kind::Application => &APPLICATIONS,
        Kind::Service => &SERVICES,
        Kind::MessageType => &MESSAGE_TYPES,
        Kind::Trio => &TRIOS,
        Kind::Enterprise => &ENTERPRISES,
        Kind::Box => &BOXES,
        Kind::Person => &PERSONS,
        Kind::Partition => &PARTITIONS,
        Kind::Rule => &RULES,
        Kind::Grant => &GRANTS,
        Kind::Mandate => &MANDATES,
    }
}
