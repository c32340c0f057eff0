//! Which changes of a column's type leave the rows as they are.

use rung_ddl::{DataType, Expression};

use crate::schema::Schema;

/// What a change of type costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeChange {
    /// The catalog alone changes.
    Free,
    /// The rows stay; indexes on the column are built anew.
    Reindex,
    /// The rows stay where the session's time zone is UTC, and are written anew where it is not. Indexes on the column
    /// are built anew.
    FreeInUtc,
    /// Every row is written anew.
    Rewrite,
    /// The old type is not known.
    Unknown,
}

/// Types that have the same bytes and the same order: an index stays too.
const SAME: [(&str, &str); 8] = [
    ("character", "bpchar"),
    ("character varying", "text"),
    ("text", "character varying"),
    ("cidr", "inet"),
    ("regproc", "regprocedure"),
    ("regprocedure", "regproc"),
    ("regoper", "regoperator"),
    ("regoperator", "regoper"),
];

/// The numbers of objects, which are shown as names.
const NAMED_OIDS: [&str; 11] = [
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

/// Types whose argument may grow without a change of the rows: a limit of length, or of fractional digits.
const GROWING: [&str; 6] = [
    "character varying",
    "bit varying",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
];

/// Types with the bytes of another, compared by another operator class.
const SAME_BYTES: [(&str, &str); 10] = [
    ("character varying", "bpchar"),
    ("text", "bpchar"),
    ("citext", "bpchar"),
    ("bit", "bit varying"),
    ("citext", "text"),
    ("citext", "character varying"),
    ("text", "citext"),
    ("character varying", "citext"),
    ("xml", "text"),
    ("xml", "character varying"),
];

/// What changing a column from one type to another costs in PostgreSQL 12 and later (`ATColumnChangeRequiresRewrite`).
///
/// `using` is the expression of USING, with its text.
pub fn type_change(
    schema: &Schema,
    from: Option<&DataType>,
    to: &DataType,
    using: Option<(&Expression, &str)>,
) -> TypeChange {
    if using.is_some_and(|(expression, text)| !is_plain_cast(expression, text)) {
        return TypeChange::Rewrite;
    }
    let Some(from) = from else { return TypeChange::Unknown };
    if from.same(to) {
        return TypeChange::Free;
    }
    let from = unwrapped(schema, from);
    // A value has to pass the checks of a domain.
    if let Some((_, domain)) = schema.domains(to).last() {
        return match &domain.base {
            _ if schema.is_constrained(to) => TypeChange::Rewrite,
            Some(base) => type_change(schema, Some(&from), base, None),
            None => TypeChange::Unknown,
        };
    }
    if from.same(to) {
        return TypeChange::Free;
    }
    let pair = (from.name.as_str(), to.name.as_str());
    // Elements of an array are cast one by one, unless they only lose their limit.
    if from.array || to.array {
        let is_freed = from.array == to.array && to.arguments.is_empty();
        let is_same = pair.0 == pair.1 || pair == ("character", "bpchar");
        return if is_freed && is_same { TypeChange::Free } else { TypeChange::Rewrite };
    }
    let is_oid = |name: &str| name == "oid" || NAMED_OIDS.contains(&name);
    match pair {
        ("oid", other) | (other, "oid") if NAMED_OIDS.contains(&other) => return TypeChange::Free,
        ("integer", other) | (other, "integer") if is_oid(other) => return TypeChange::Reindex,
        _ => {}
    }
    if let (Some(old), Some(new)) = (least_field(&from), least_field(to)) {
        // `interval_support`: what is cut off decides, at the end of fields and of digits.
        let keeps = new <= old && (old > 0 || grows(&from, to));
        return if keeps { TypeChange::Free } else { TypeChange::Rewrite };
    }
    if pair == ("timestamp without time zone", "timestamp with time zone")
        || pair == ("timestamp with time zone", "timestamp without time zone")
    {
        return match (grows(&from, to), schema.is_in_utc()) {
            (true, true) => TypeChange::Reindex,
            (true, false) => TypeChange::FreeInUtc,
            (false, _) => TypeChange::Rewrite,
        };
    }
    if SAME_BYTES.contains(&pair) && to.arguments.is_empty() {
        return TypeChange::Reindex;
    }
    let same_family = from.name == to.name && GROWING.contains(&to.name.as_str()) || SAME.contains(&pair);
    if same_family {
        return if grows(&from, to) { TypeChange::Free } else { TypeChange::Rewrite };
    }
    if from.name == "numeric" && to.name == "numeric" {
        return if numeric_grows(&from, to) { TypeChange::Free } else { TypeChange::Rewrite };
    }
    TypeChange::Rewrite
}

/// What a domain is over, since a value of it has the bytes of that. The server does not look for its limit.
fn unwrapped(schema: &Schema, data_type: &DataType) -> DataType {
    let base = schema.domains(data_type).last().and_then(|(_, domain)| domain.base.clone());
    base.map_or_else(|| data_type.clone(), |base| DataType { arguments: Vec::new(), ..base })
}

/// The smallest field that an interval has, from the second on; `None` for other types.
fn least_field(data_type: &DataType) -> Option<usize> {
    const FIELDS: [&str; 6] = ["second", "minute", "hour", "day", "month", "year"];
    let fields = data_type.name.strip_prefix("interval")?;
    let last = fields.split_whitespace().next_back().unwrap_or("second");
    FIELDS.iter().position(|field| *field == last)
}

/// Whether the new limit is none, or at least the old one.
fn grows(from: &DataType, to: &DataType) -> bool {
    /// The most fractional digits of a second that there are.
    const FINEST: u32 = 6;
    let limit = |data_type: &DataType| data_type.arguments.first().map(|limit| limit.parse::<u32>().ok());
    let is_time = to.name.starts_with("time") || to.name.starts_with("interval");
    match (limit(from), limit(to)) {
        (_, None) => true,
        (_, Some(Some(to))) if is_time && to >= FINEST => true,
        (Some(Some(from)), Some(Some(to))) => to >= from,
        _ => false,
    }
}

/// `numeric(p, s)` may gain digits, and keeps its scale.
fn numeric_grows(from: &DataType, to: &DataType) -> bool {
    let digits = |data_type: &DataType| -> Option<(u32, i32)> {
        let precision = data_type.arguments.first()?.parse().ok()?;
        let scale = data_type.arguments.get(1).map_or(Some(0), |scale| scale.parse().ok())?;
        Some((precision, scale))
    };
    if to.arguments.is_empty() {
        return true;
    }
    match (digits(from), digits(to)) {
        (Some((from, scale)), Some((to, new_scale))) => scale == new_scale && to >= from,
        _ => false,
    }
}

/// Whether USING says no more than the cast that is made anyway: `c`, `c::type`, `CAST(c AS type)`.
fn is_plain_cast(expression: &Expression, text: &str) -> bool {
    let [column] = expression.columns.as_slice() else { return false };
    if !expression.calls.is_empty() {
        return false;
    }
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect::<String>().to_lowercase();
    let text = text.trim_start_matches('(');
    let name = column.name.to_lowercase();
    text.strip_prefix(&name).is_some_and(|rest| {
        let rest = rest.trim_end_matches(')');
        rest.is_empty() || rest.strip_prefix("::").is_some_and(|cast| !cast.contains(['+', '-', '*', '/', '|', ':']))
    }) || text.starts_with(&format!("cast({name}as"))
}
