//! Emptying a database, and telling whether it is empty.

use rung_engine::{DbError, Dialect};

use crate::POSTGRES;
use crate::wire::Wire;

/// Everything that is not the system's: schemas, and what belongs to none.
const OBJECTS: &str = "
    SELECT 'DROP SUBSCRIPTION ' || quote_ident(subname) FROM pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'DROP PUBLICATION ' || quote_ident(pubname) FROM pg_publication
    UNION ALL SELECT 'DROP EVENT TRIGGER ' || quote_ident(evtname) FROM pg_event_trigger
        WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_event_trigger.oid AND d.deptype = 'e')
    UNION ALL SELECT 'DROP SCHEMA ' || quote_ident(nspname) || ' CASCADE' FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL SELECT 'DROP EXTENSION IF EXISTS ' || quote_ident(extname) || ' CASCADE' FROM pg_extension
        WHERE extname <> 'plpgsql'
    UNION ALL SELECT 'DROP SERVER IF EXISTS ' || quote_ident(srvname) || ' CASCADE' FROM pg_foreign_server
    UNION ALL SELECT 'DROP FOREIGN DATA WRAPPER IF EXISTS ' || quote_ident(fdwname) || ' CASCADE' FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'SELECT lo_unlink(' || oid || ')' FROM pg_largeobject_metadata";

pub(crate) fn wipe(wire: &mut Wire) -> Result<(), DbError> {
    let drops: Vec<String> = wire.query(OBJECTS)?.rows.into_iter().flatten().flatten().collect();
    let mut sql = String::from("BEGIN; SET LOCAL search_path = pg_catalog;");
    for drop in drops.iter().filter(|drop| !drop.starts_with("DROP SUBSCRIPTION")) {
        sql.push_str(drop);
        sql.push(';');
    }
    // As initdb leaves it; from 15 on not everybody may create there (release notes of 15).
    sql.push_str(
        "CREATE SCHEMA public; COMMENT ON SCHEMA public IS 'standard public schema'; \
         DO $rung$ BEGIN \
         IF current_setting('server_version_num')::int >= 150000 THEN \
           GRANT USAGE ON SCHEMA public TO PUBLIC; \
           BEGIN ALTER SCHEMA public OWNER TO pg_database_owner; EXCEPTION WHEN insufficient_privilege THEN NULL; END; \
         ELSE GRANT ALL ON SCHEMA public TO PUBLIC; END IF; END $rung$; COMMIT",
    );
    for drop in drops.iter().filter(|drop| drop.starts_with("DROP SUBSCRIPTION")) {
        wire.query(drop)?;
    }
    match wire.query(&sql) {
        Ok(_) => Ok(()),
        Err(error) => {
            let _ = wire.query("ROLLBACK");
            Err(error)
        }
    }
}

pub(crate) fn is_blank(wire: &mut Wire, schema: &str) -> Result<bool, DbError> {
    let sql = format!(
        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', {}) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))",
        POSTGRES.quote_literal(schema)
    );
    Ok(wire.query(&sql)?.rows.into_iter().flatten().flatten().next().as_deref() == Some("t"))
}
