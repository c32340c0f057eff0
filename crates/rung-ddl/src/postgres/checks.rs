//! Whether the parser's own checks could refuse a statement that its grammar takes. They want its own tree, which costs
//! more than all else that is done with a statement; what is plain is never refused. The first lines of
//! squawk-syntax's `validation.rs` say what is looked at.

use squawk_parser::{SyntaxKind, is_col_name_keyword, is_reserved_keyword, is_type_func_name_keyword};

use super::tree::{Node, is_type};

use SyntaxKind as K;

/// Whether nothing below a node is such that the parser's checks could refuse it.
pub(super) fn is_plain(root: Node) -> bool {
    root.elements_below().all(is_plain_by_itself)
}

fn is_plain_by_itself(it: Node) -> bool {
    match it.kind() {
        K::IDENT => !matches!(it.text().as_bytes(), [b'u' | b'U', b'&', ..]),
        K::SOURCE_FILE => it.children().filter(|statement| statement.kind() != K::EMPTY_STMT).count() <= 1,
        K::NAME_REF => first(it).is_none_or(|word| word == K::CURRENT_SCHEMA_KW || !is_type_func_name_keyword(word)),
        K::TABLE_NAME => first(it).is_none_or(|word| !is_type_func_name_keyword(word)),
        K::LITERAL => is_plain_literal(it),
        K::CALL_EXPR => is_plain_call(it),
        K::BIN_EXPR => is_plain_operation(it),
        K::ARG_LIST => it.parent().is_some_and(|of| of.kind() == K::CALL_EXPR) || it.children().all(is_plain_modifier),
        K::CREATE_TABLE => is_plain_table(it),
        K::CREATE_FUNCTION => {
            const PARTS: [SyntaxKind; 5] =
                [K::OR_REPLACE, K::FUNCTION_NAME, K::PARAM_LIST, K::RET_TYPE, K::FUNC_OPTION_LIST];
            it.children().all(|part| PARTS.contains(&part.kind()))
        }
        K::PARAM_OUT | K::PARAM_IN_OUT | K::PARAM_VARIADIC => false,
        K::FUNC_OPTION_LIST => are_plain_options(it),
        K::SELECT => {
            it.parent().is_none_or(|parent| parent.kind() != K::TUPLE_EXPR)
                && it.children().next().is_some_and(|clause| clause.kind() == K::SELECT_CLAUSE)
        }
        K::SELECT_CLAUSE => it.has(K::TARGET_LIST),
        K::RELATION_FROM_ITEM => !it.has(K::LATERAL_KW),
        K::FUNCTION_FROM_ITEM => !it.has(K::ONLY_KW),
        K::SET_COLUMN_LIST => it.children().next().is_some(),
        K::TO_CONFIG_VALUE => {
            it.children().any(|value| matches!(value.kind(), K::CONFIG_VALUE_NAME | K::LITERAL | K::PREFIX_EXPR))
        }
        K::SET_EXPR => !it.has(K::DEFAULT_KW),
        K::UESCAPE_KW
        | K::AGGREGATE
        | K::ARRAY_EXPR
        | K::ATOMIC_BODY
        | K::CREATE_AGGREGATE
        | K::CREATE_PROCEDURE
        | K::CUSTOM_OP
        | K::DISTINCT_ON
        | K::DO
        | K::EXCEPT_TABLE_CLAUSE
        | K::FUNCTION_SIG
        | K::JOIN_EXPR
        | K::JSON_ARRAY_FN
        | K::JSON_OBJECT_FN
        | K::NON_STANDARD_PARAM
        | K::PAREN_FROM_ITEM
        | K::PARTITION_FOR_VALUES_WITH
        | K::PERCENT_TYPE
        | K::PROCEDURE_SIG
        | K::ROUTINE_SIG
        | K::RULE_STMT_LIST
        | K::SELECT_INTO
        | K::STORAGE_MODE => false,
        _ => true,
    }
}

/// The kind of the first token below.
fn first(node: Node) -> Option<SyntaxKind> {
    node.tokens().next().map(Node::kind)
}

/// Of one token; several are a string that goes on on the next line.
fn is_plain_literal(literal: Node) -> bool {
    let mut tokens = literal.tokens().map(Node::kind);
    let is_plain = tokens.next().is_some_and(|token| !matches!(token, K::UNICODE_ESC_STRING | K::DEFAULT_KW));
    is_plain && tokens.next().is_none()
}

/// A call of a function with a name of its own.
fn is_plain_call(call: Node) -> bool {
    let Some(called) = call.children().next() else { return false };
    match called.kind() {
        K::NAME_REF => first(called).is_some_and(|word| !is_col_name_keyword(word) && !is_reserved_keyword(word)),
        K::FIELD_EXPR => true,
        _ => false,
    }
}

fn is_plain_operation(operation: Node) -> bool {
    if operation.has(K::OVERLAPS_KW) {
        return false;
    }
    let is_in = operation.has(K::IN_KW) || operation.has(K::NOT_IN);
    !is_in
        || operation.children().last().is_some_and(|list| match list.kind() {
            K::PAREN_EXPR => true,
            K::TUPLE_EXPR => !list.has(K::ROW_KW) && list.children().next().is_some(),
            _ => false,
        })
}

/// A number or a string after a type: `varchar(20)`.
fn is_plain_modifier(argument: Node) -> bool {
    let mut tokens = argument.tokens().map(Node::kind);
    let is_plain = matches!(tokens.next(), Some(K::INT_NUMBER | K::NUMERIC_NUMBER | K::STRING));
    is_plain && tokens.next().is_none()
}

/// Each column has a type, or gets it from somewhere.
fn is_plain_table(table: Node) -> bool {
    let columns = table.child(K::TABLE_ARG_LIST).into_iter().flat_map(|list| list.all(K::COLUMN));
    let has_type = |column: Node| column.children().any(|child| is_type(child.kind()));
    table.has(K::PARTITION_OF) || table.has(K::OF_TYPE) || columns.into_iter().all(has_type)
}

/// Those that most functions have, none twice, and a body in another language than SQL.
fn are_plain_options(options: Node) -> bool {
    let mut seen = Vec::new();
    options.children().all(|option| {
        let about = match option.kind() {
            K::LANGUAGE_FUNC_OPTION if !option.words().ends_with(" plpgsql") => return false,
            K::SET_FUNC_OPTION => return true,
            K::IMMUTABLE | K::STABLE | K::VOLATILE => K::VOLATILE,
            kind @ (K::LANGUAGE_FUNC_OPTION
            | K::AS_FUNC_OPTION
            | K::SECURITY_DEFINER_FUNC_OPTION
            | K::STRICT_FUNC_OPTION) => kind,
            _ => return false,
        };
        let is_new = !seen.contains(&about);
        seen.push(about);
        is_new
    })
}

#[cfg(test)]
mod tests {
    use super::super::{refusals, syntax::Tree};
    use super::*;

    #[test]
    fn what_only_the_checks_refuse_is_not_plain() {
        for sql in [
            "CREATE TABLE t (a int DEFAULT U&'\\00zz')",
            "SELECT U&\"\\00zz\" FROM t",
            "SELECT 'a' /* no */ 'b'",
            "SELECT 'a' 'b'",
            "SELECT a UESCAPE '!' FROM t",
            "CREATE TABLE t (a int DEFAULT 1) CREATE TABLE u (b int)",
            "SELECT left FROM t",
            "CREATE TABLE verbose (a int)",
            "CREATE FOREIGN TABLE left (a int) SERVER s",
            "INSERT INTO t VALUES (coalesce(DEFAULT))",
            "UPDATE t SET a = a + DEFAULT",
            "UPDATE t SET a[1] = DEFAULT",
            "SELECT coalesce()",
            "SELECT nullif(1)",
            "SELECT least()",
            "SELECT integer(1)",
            "SELECT current_date(1)",
            "SELECT setof(1)",
            "SELECT a IN 'x' FROM t",
            "SELECT a NOT IN $1 FROM t",
            "SELECT a IN ROW (1, 2) FROM t",
            "SELECT (a, b) OVERLAPS c FROM t",
            "SELECT (a, b, c) OVERLAPS (d, e) FROM t",
            "CREATE TABLE t (a varchar(1 + 2))",
            "CREATE TABLE t (a numeric(true))",
            "CREATE TABLE t (a numeric(b'1'))",
            "SELECT numeric(x => 1) '1'",
            "CREATE TABLE t (a)",
            "CREATE TABLE t (a int, b)",
            "CREATE FUNCTION f(VARIADIC a int[], b int) RETURNS int LANGUAGE plpgsql AS ''",
            "CREATE FUNCTION f(OUT a int) RETURNS TABLE (b int) LANGUAGE plpgsql AS ''",
            "CREATE FUNCTION f(INOUT a int) RETURNS TABLE (b int) LANGUAGE plpgsql AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql LANGUAGE plpgsql AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql STABLE VOLATILE AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql STRICT STRICT AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS '' AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER SECURITY INVOKER AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql LEAKPROOF NOT LEAKPROOF AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1' RETURN 1",
            "CREATE PROCEDURE f(VARIADIC a int[], b int) LANGUAGE sql AS ''",
            "CREATE AGGREGATE g(OUT a int) (SFUNC = f, STYPE = int)",
            "CREATE AGGREGATE g(a int DEFAULT 1) (SFUNC = f, STYPE = int)",
            "DROP AGGREGATE g(OUT a int)",
            "DROP AGGREGATE g(a int DEFAULT 1)",
            "DROP FUNCTION f(a int DEFAULT 1)",
            "DROP PROCEDURE f(a int DEFAULT 1)",
            "DROP ROUTINE f(a int DEFAULT 1)",
            "DO LANGUAGE sql 'SELECT 1'",
            "DO 'a' 'b'",
            "SELECT DISTINCT FROM t",
            "SELECT 1 UNION SELECT 2 INTO u",
            "FROM t SELECT a",
            "FROM t",
            "INSERT INTO u SELECT a INTO v FROM t",
            "SELECT * FROM LATERAL t",
            "SELECT * FROM ONLY f(1)",
            "SELECT * FROM ONLY (f(1))",
            "SELECT * FROM ((t))",
            "SELECT * FROM (t) a",
            "SELECT * FROM t JOIN u",
            "SELECT * FROM t CROSS JOIN u USING (a)",
            "SELECT * FROM t NATURAL JOIN u USING (a)",
            "SELECT [1, 2]",
            "SELECT ROW (SELECT 1)",
            "SELECT json_object('a': 1, 'b', 2)",
            "SELECT any(a) FROM t",
            "SELECT merge_action(1)",
            "SELECT f(:name)",
            "UPDATE t SET",
            "ALTER TABLE t ALTER COLUMN a SET STORAGE fast",
            "CREATE TABLE p PARTITION OF t FOR VALUES WITH (MODULUS 2)",
            "CREATE TABLE p PARTITION OF t FOR VALUES WITH (MODULUS 2, MODULUS 3)",
            "CREATE PUBLICATION p FOR ALL TABLES EXCEPT (a, TABLE b)",
            "CREATE FUNCTION f() RETURNS t.a UESCAPE '!' %TYPE LANGUAGE plpgsql AS ''",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (1) INSERT INTO t VALUES (2); END",
            "SELECT (SELECT)",
            "SELECT (a, SELECT b)",
            "SELECT ARRAY(1)",
            "SELECT json_array(1, SELECT 2)",
            "SELECT % a",
            "SET a = -1 = -1",
            "CREATE RULE r AS ON INSERT TO t DO (INSERT INTO u VALUES (1) INSERT INTO u VALUES (2))",
            "WITH t AS (FROM u) SELECT 1",
            "CREATE TABLE t () CREATE TABLE u ()",
        ] {
            let tree = Tree::of(sql);
            assert!(tree.is_sound, "the grammar takes {sql}");
            assert!(!refusals(sql).is_empty(), "the checks refuse {sql}");
            assert!(!is_plain(Node::root(&tree)), "{sql}");
        }
    }
}
