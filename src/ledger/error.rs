//! What can go wrong with the ledger, and what it means for the line.

use sqlx::migrate::MigrateError;

/// The ledger did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The address is neither `postgres://…` nor `sqlite://…`.
    #[error("not a ledger address: postgres://… or sqlite://path is expected")]
    Address,
    /// The folder of the SQLite file cannot be made.
    #[error("the ledger's folder cannot be made")]
    Folder(#[source] std::io::Error),
    /// The database answered with an error, or not at all.
    #[error("the database did not do its part")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the ledger's schema cannot be migrated")]
    Migrate(#[from] MigrateError),
    /// Another engine recorded the same identity meanwhile: do it again.
    #[error("another engine recorded the same identity meanwhile")]
    Conflict,
    /// A stored row does not have the shape this program gave it.
    #[error("the ledger holds what it should not: {0}")]
    Shape(String),
}

/// What an error means for the work that met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Nobody's fault; the same work succeeds later. What was asked may or may
    /// not have been done.
    Transient,
    /// The database will never take this row.
    Refused,
    /// A defect of this program or of its installation.
    Bug,
}

impl LedgerError {
    /// Whether to try again, to put the row aside, or to call somebody.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Conflict => Class::Transient,
            Self::Database(error) => class_of(error),
            Self::Migrate(error) => class_of_migration(error),
            Self::Address | Self::Folder(_) | Self::Shape(_) => Class::Bug,
        }
    }

    /// A bounded name for the metric of errors.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Folder(_) => "folder",
            Self::Conflict => "conflict",
            Self::Migrate(_) => "migrate",
            Self::Shape(_) => "shape",
            Self::Database(error) => match class_of(error) {
                Class::Transient => "unavailable",
                Class::Refused => "refused",
                Class::Bug => "statement",
            },
        }
    }
}

/// A database that is away cannot be migrated now; everything else that keeps a
/// migration from running will keep it for ever.
fn class_of_migration(error: &MigrateError) -> Class {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if class_of(error) == Class::Transient =>
        {
            Class::Transient
        }
        _ => Class::Bug,
    }
}

fn class_of(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) => class_of_code(&code),
            None => Class::Transient,
        },
        // An encoder that refuses a value (a NUL, a length) refuses it for ever.
        sqlx::Error::Encode(_) => Class::Refused,
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::TypeNotFound { .. }
        | sqlx::Error::Configuration(_) => Class::Bug,
        // Connections, pools, protocols: the outcome is unknown, so try again.
        _ => Class::Transient,
    }
}

/// SQLSTATE classes (PostgreSQL, appendix A) have five characters; SQLite's
/// extended result codes are numbers whose low byte is the primary code.
fn class_of_code(code: &str) -> Class {
    if code.len() == 5 {
        return match code.get(..2) {
            Some("22" | "23" | "54") => Class::Refused,
            Some("42" | "0A") => Class::Bug,
            _ => Class::Transient,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(18..=20) => Class::Refused, // TOOBIG, CONSTRAINT, MISMATCH
        Ok(1 | 25) => Class::Bug,      // ERROR (the statement), RANGE
        _ => Class::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_away_is_migrated_later() {
        let away = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let away = LedgerError::from(MigrateError::Execute(away.into()));
        assert_eq!(away.class(), Class::Transient);
        assert_eq!(LedgerError::from(MigrateError::VersionTooNew(2, 1)).class(), Class::Bug);
    }

    #[test]
    fn codes_say_whether_trying_again_helps() {
        for (code, class) in [
            ("08006", Class::Transient), // connection failure
            ("57P01", Class::Transient), // admin shutdown
            ("53100", Class::Transient), // disk full
            ("40001", Class::Transient), // serialization failure
            ("22021", Class::Refused),   // NUL in a text
            ("23505", Class::Refused),   // unique violation
            ("54000", Class::Refused),   // program limit exceeded
            ("42P01", Class::Bug),       // undefined table
            ("5", Class::Transient),     // SQLITE_BUSY
            ("13", Class::Transient),    // SQLITE_FULL
            ("778", Class::Transient),   // SQLITE_IOERR_WRITE
            ("1555", Class::Refused),    // SQLITE_CONSTRAINT_PRIMARYKEY
            ("1", Class::Bug),           // SQLITE_ERROR
        ] {
            assert_eq!(class_of_code(code), class, "{code}");
        }
    }
}
