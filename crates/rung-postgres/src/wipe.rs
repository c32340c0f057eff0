//! Emptying a database, and telling whether it is empty.

use rung_engine::{DbError, Dialect};
use tokio_postgres::SimpleQueryRow;

use crate::POSTGRES;
use crate::tables::OWN;
use crate::wire::{Wire, first, text, value};

/// What takes away everything that is not the system's, in order. `t` where it can't be in a transaction.
///
/// A schema goes whole where it is the role's; where it is not (before 15, `public` belongs to the superuser), what the
/// role has in it goes piece by piece. What came with an extension goes with it.
const DROPS: &str = "
WITH own AS (
    SELECT oid, nspname, pg_has_role(nspowner, 'USAGE') AS mine FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), pieces AS (
    SELECT c.oid, 'pg_class'::regclass AS catalog, n.nspname,
        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
            WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind, quote_ident(c.relname) AS name
    FROM pg_class c JOIN own n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT n.mine
    UNION ALL SELECT p.oid, 'pg_proc'::regclass, n.nspname, 'ROUTINE',
        quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')'
    FROM pg_proc p JOIN own n ON n.oid = p.pronamespace WHERE NOT n.mine AND p.prokind <> 'a'
    UNION ALL SELECT t.oid, 'pg_type'::regclass, n.nspname, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END,
        quote_ident(t.typname)
    FROM pg_type t JOIN own n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE NOT n.mine AND t.typelem = 0 AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
), defaults AS (
    SELECT pg_get_userbyid(defaclrole) AS role, defaclacl AS acl, CASE defaclobjtype WHEN 'r' THEN 'TABLES'
        WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END AS kind
    FROM pg_default_acl WHERE defaclnamespace = 0 AND defaclobjtype <> 'L' AND pg_has_role(defaclrole, 'USAGE')
)
SELECT sql, outside FROM (
    SELECT 1, 'DROP SUBSCRIPTION ' || quote_ident(subname), true FROM pg_subscription
    WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pg_has_role(subowner, 'USAGE')
    UNION ALL SELECT 2, 'DROP PUBLICATION ' || quote_ident(pubname), false FROM pg_publication
    WHERE pg_has_role(pubowner, 'USAGE')
    UNION ALL SELECT 3, 'DROP EVENT TRIGGER ' || quote_ident(evtname), false FROM pg_event_trigger e
    WHERE pg_has_role(evtowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = e.oid AND d.classid = 'pg_event_trigger'::regclass AND d.deptype = 'e')
    UNION ALL SELECT 4, 'DROP EXTENSION IF EXISTS ' || quote_ident(extname) || ' CASCADE', false FROM pg_extension
    WHERE extname <> 'plpgsql' AND pg_has_role(extowner, 'USAGE')
    UNION ALL SELECT 5, 'DROP SCHEMA IF EXISTS ' || quote_ident(nspname) || ' CASCADE', false FROM own WHERE mine
    UNION ALL SELECT 6, 'DROP ' || kind || ' IF EXISTS ' || quote_ident(nspname) || '.' || name || ' CASCADE', false
    FROM pieces o WHERE NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.classid = o.catalog AND d.deptype IN ('e', 'i'))
    UNION ALL SELECT 7, 'DROP SERVER IF EXISTS ' || quote_ident(srvname) || ' CASCADE', false FROM pg_foreign_server
    WHERE pg_has_role(srvowner, 'USAGE')
    UNION ALL SELECT 8, 'DROP FOREIGN DATA WRAPPER IF EXISTS ' || quote_ident(fdwname) || ' CASCADE', false
    FROM pg_foreign_data_wrapper WHERE pg_has_role(fdwowner, 'USAGE')
    UNION ALL SELECT 9, 'SELECT lo_unlink(' || oid || ')', false FROM pg_largeobject_metadata
    WHERE pg_has_role(lomowner, 'USAGE')
    UNION ALL SELECT DISTINCT 10, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON %s FROM %s', role, kind,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END), false
    FROM defaults, aclexplode(acl) a
    UNION ALL SELECT 11, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT ALL ON %s TO %I', role, kind, role), false
    FROM defaults
    UNION ALL SELECT 12, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT ALL ON %s TO PUBLIC', role, kind), false
    FROM defaults WHERE kind IN ('FUNCTIONS', 'TYPES')
) AS drops (place, sql, outside) ORDER BY place";

/// As initdb leaves it; from 15 on not everybody may create there (release notes of 15).
const PUBLIC: &str = "
DO $rung$ BEGIN
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public') THEN RETURN; END IF;
    CREATE SCHEMA public;
    COMMENT ON SCHEMA public IS 'standard public schema';
    IF current_setting('server_version_num')::int >= 150000 THEN
        GRANT USAGE ON SCHEMA public TO PUBLIC;
        BEGIN
            ALTER SCHEMA public OWNER TO pg_database_owner;
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
    ELSE
        GRANT ALL ON SCHEMA public TO PUBLIC;
    END IF;
END $rung$;";

/// Drops everything that the role may drop. In one transaction; where that takes more locks than the server has room
/// for, in many.
pub(crate) fn wipe(wire: &mut Wire) -> Result<(), DbError> {
    let drops = wire.query(&format!("BEGIN; SET LOCAL search_path = pg_catalog; {DROPS}; COMMIT"))?;
    for row in drops.iter().filter(|row| value(row, 1) == Some("t")) {
        wire.run(&text(row, 0))?;
    }
    let drops: Vec<String> = drops.iter().filter(|row| value(row, 1) == Some("f")).map(|row| text(row, 0)).collect();
    match in_transaction(wire, &format!("{};{PUBLIC}", drops.join(";"))) {
        // Out of shared memory: each dropped object is locked to the end of the transaction.
        Err(error) if error.code.as_deref() == Some("53200") => {
            in_parts(wire)?;
            in_transaction(wire, &format!("{};{PUBLIC}", drops.join(";")))
        }
        other => other,
    }
}

/// Tables are what there are many of.
fn in_parts(wire: &mut Wire) -> Result<(), DbError> {
    let tables = wire.query(
        "SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE', n.nspname, c.relname) FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
         AND c.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
    )?;
    tables.chunks(100).try_for_each(|some| {
        let drops: Vec<String> = some.iter().map(|row: &SimpleQueryRow| text(row, 0)).collect();
        in_transaction(wire, &drops.join(";"))
    })
}

fn in_transaction(wire: &mut Wire, sql: &str) -> Result<(), DbError> {
    let settings = "SET LOCAL search_path = pg_catalog; SET LOCAL client_min_messages = warning";
    let result = wire.run(&format!("BEGIN; {settings}; {sql}; COMMIT"));
    if result.is_err() {
        let _ = wire.run("ROLLBACK");
    }
    result.map(|_| ())
}

/// Whether there is no object of anyone's in any schema, rung's own and what extensions brought set aside.
pub(crate) fn is_blank(wire: &mut Wire, schema: &str) -> Result<bool, DbError> {
    let own = OWN.map(|name| POSTGRES.quote_literal(name)).join(", ");
    let in_catalog = |catalog: &str, name: &str, namespace: &str, more: &str| {
        format!(
            "SELECT FROM pg_catalog.pg_{catalog} o JOIN pg_catalog.pg_namespace n ON n.oid = o.{namespace} \
             WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
             AND NOT (n.nspname = {} AND o.{name} IN ({own})) {more} AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
             WHERE d.objid = o.oid AND d.classid = 'pg_catalog.pg_{catalog}'::pg_catalog.regclass AND d.deptype = 'e')",
            POSTGRES.quote_literal(schema)
        )
    };
    let sql = format!(
        "SELECT NOT EXISTS ({}) AND NOT EXISTS ({}) AND NOT EXISTS ({})",
        // An index is there with its table only.
        in_catalog("class", "relname", "relnamespace", "AND o.relkind NOT IN ('i', 'I', 't')"),
        in_catalog("proc", "proname", "pronamespace", ""),
        in_catalog("type", "typname", "typnamespace", "AND o.typtype IN ('e', 'd', 'r')")
    );
    Ok(first(&wire.query(&sql)?) == Some("t"))
}
