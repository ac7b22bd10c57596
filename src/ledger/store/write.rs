//! Changes that are made together: each round trip is a wait for a processor,
//! of the database's process and of this one's.

use super::{Bulk, Statement, Value};

/// One of several changes, of which none looks at what another has done.
pub(crate) enum Write {
    Insert(Bulk),
    Change(Statement, Vec<Value>),
}

impl Write {
    /// Its text for PostgreSQL, with parameters behind so many others.
    fn text(&self, others: usize) -> String {
        match self {
            Self::Insert(bulk) => bulk.unnest(others),
            Self::Change(statement, _) => renumbered(statement.postgres, others),
        }
    }

    fn parameters(&self) -> usize {
        match self {
            Self::Insert(bulk) => bulk.columns.len(),
            Self::Change(_, values) => values.iter().map(Value::parameters).sum(),
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Insert(bulk) if bulk.is_empty())
    }
}

/// One statement of PostgreSQL that makes all of them, in order, and answers how
/// many rows each wrote.
pub(super) fn joined(writes: &[Write]) -> String {
    let (mut made, mut counts, mut parameters) = (Vec::new(), Vec::new(), 0);
    for (i, write) in writes.iter().enumerate() {
        made.push(format!("w{i} AS ({} RETURNING 1)", write.text(parameters)));
        counts.push(format!("(SELECT count(*) FROM w{i})"));
        parameters += write.parameters();
    }
    format!("WITH {} SELECT {}", made.join(", "), counts.join(", "))
}

/// `$1` behind two others is `$3`.
fn renumbered(text: &str, others: usize) -> String {
    let mut pieces = text.split('$');
    let mut renumbered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|it: char| !it.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        let number = number.parse::<usize>().unwrap_or_default() + others;
        renumbered.push_str(&format!("${number}{rest}"));
    }
    renumbered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::store::{Column, Table};

    const TABLE: Table =
        Table { name: "t", columns: &["a", "b"], conflict: "ON CONFLICT DO NOTHING" };

    #[test]
    fn parameters_go_on_from_one_change_to_the_next() {
        let columns = vec![Column::Ints(vec![1]), Column::Texts(vec!["x".into()])];
        let change = Statement::same("UPDATE u SET v = $2 WHERE k = ANY($1) AND v < $2");
        let writes = [
            Write::Insert(Bulk::new(&TABLE, columns)),
            Write::Change(change, vec![Value::Pairs(vec![]), 1.into()]),
            Write::Change(Statement::same("DELETE FROM w WHERE k = $1"), vec![1.into()]),
        ];
        assert_eq!(
            joined(&writes),
            "WITH w0 AS (INSERT INTO t (a, b) SELECT * FROM UNNEST($1::BIGINT[], $2::TEXT[]) \
             ON CONFLICT DO NOTHING RETURNING 1), \
             w1 AS (UPDATE u SET v = $4 WHERE k = ANY($3) AND v < $4 RETURNING 1), \
             w2 AS (DELETE FROM w WHERE k = $6 RETURNING 1) \
             SELECT (SELECT count(*) FROM w0), (SELECT count(*) FROM w1), (SELECT count(*) FROM w2)"
        );
    }
}
