//! Looking at statements before they are sent.

use rung_engine::{DbError, DbErrorKind, Dialect};
use rung_sql::{Script, Span, TokenKind, TransactionControl, tokens};

use crate::POSTGRES;

/// Statements are gathered into messages of about this size: one for nearly every migration, and many for a file of
/// 50 MB, which must not be held several times over.
const MESSAGE_BYTES: usize = 1 << 18;

/// Runs of statements: the number of the first, the span from the first to the last, and how many.
pub(crate) fn pieces(statements: &[Span]) -> Vec<(usize, Span, usize)> {
    let mut runs: Vec<(usize, Span, usize)> = Vec::new();
    for (at, span) in statements.iter().enumerate() {
        match runs.last_mut() {
            Some((_, run, count)) if span.end - run.start <= MESSAGE_BYTES => {
                run.end = span.end;
                *count += 1;
            }
            _ => runs.push((at, *span, 1)),
        }
    }
    runs
}

/// The first statement that can't be sent in the middle of a message: its number, the place in the script, and why.
pub(crate) fn unsendable(script: &Script, statements: &[Span]) -> Option<(usize, usize, DbError)> {
    statements.iter().enumerate().find_map(|(number, span)| {
        let text = &script.text()[span.range()];
        if let Some(at) = text.find('\0') {
            return Some((number, span.start + at, nul()));
        }
        is_client_copy(text).then(|| (number, span.start, client_copy()))
    })
}

/// No statement can have a NUL.
pub(crate) fn nul() -> DbError {
    DbError::new(DbErrorKind::Statement, "there is a NUL character in the SQL")
}

/// The answer could not be read, and the server would wait for rows.
pub(crate) fn client_copy() -> DbError {
    DbError::new(DbErrorKind::Statement, "COPY to or from the client has nothing to write to or to read from")
        .with_hint("write the rows after COPY ... FROM STDIN, up to a line `\\.`")
}

/// Whether a statement is `COPY ... TO STDOUT` or `COPY ... FROM STDIN`.
pub(crate) fn is_client_copy(statement: &str) -> bool {
    if !statement.as_bytes().get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"copy")) {
        return false;
    }
    tokens(statement, POSTGRES.syntax()).any(|token| {
        let word = &statement[token.span.range()];
        token.kind == TokenKind::Word && (word.eq_ignore_ascii_case("stdin") || word.eq_ignore_ascii_case("stdout"))
    })
}

/// Whether a transaction is open after a text that was run without an error.
pub(crate) fn is_open_after(open: bool, sql: &str) -> bool {
    let mut open = open;
    for statement in rung_sql::split(sql, POSTGRES.syntax()).0 {
        let statement = &sql[statement.span.range()];
        match POSTGRES.facts(statement).transaction {
            Some(TransactionControl::Begin) => open = true,
            Some(TransactionControl::Commit | TransactionControl::Rollback) => open = open && chains(statement),
            _ => {}
        }
    }
    open
}

/// `COMMIT AND CHAIN` opens the next transaction.
fn chains(statement: &str) -> bool {
    let words: Vec<String> = tokens(statement, POSTGRES.syntax())
        .filter(|token| token.kind == TokenKind::Word)
        .map(|token| statement[token.span.range()].to_ascii_lowercase())
        .collect();
    words.windows(2).any(|pair| pair[0] == "and" && pair[1] == "chain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_followed() {
        let cases = [
            (false, "BEGIN", true),
            (true, "COMMIT", false),
            (true, "COMMIT AND CHAIN", true),
            (true, "COMMIT AND NO CHAIN", false),
            (false, "COMMIT AND CHAIN", false),
            (true, "ROLLBACK WORK AND CHAIN", true),
            (true, "ROLLBACK TO a", true),
            (false, "START TRANSACTION READ ONLY; SELECT 1", true),
            (true, "END", false),
            (true, "PREPARE TRANSACTION 'x'", false),
            (false, "SELECT 'BEGIN'", false),
        ];
        for (before, sql, after) in cases {
            assert_eq!(is_open_after(before, sql), after, "{sql}");
        }
    }

    #[test]
    fn copies_to_the_client_are_seen() {
        for sql in ["COPY t FROM STDIN", "copy (select 1) to stdout", "Copy t (a, b) From STDIN WITH (FORMAT csv)"] {
            assert!(is_client_copy(sql), "{sql}");
        }
        for sql in ["COPY t FROM '/stdin'", "SELECT 'copy from stdin'", "COPY t TO PROGRAM 'cat'", "cop"] {
            assert!(!is_client_copy(sql), "{sql}");
        }
    }

    #[test]
    fn large_files_go_in_pieces() {
        let third = MESSAGE_BYTES / 3;
        let statements: Vec<Span> = (0..7).map(|at| Span::new(at * third, (at + 1) * third - 1)).collect();
        let pieces = pieces(&statements);
        assert_eq!(
            pieces.iter().map(|(first, _, count)| (*first, *count)).collect::<Vec<_>>(),
            [(0, 3), (3, 3), (6, 1)]
        );
        assert_eq!(pieces[1].1, Span::new(3 * third, 6 * third - 1));
    }
}
