//! Headers that say it all.

use crate::{Database, Project, words};
use testkit::for_each_major;

fn everywhere(test: impl Fn(Project)) {
    test(Project::sqlite("user_profiles"));
    for_each_major(|server| test(Project::postgres("user_profiles", server)));
}

#[test]
fn lives() {
    everywhere(|project| project.lives(""));
}

#[test]
fn a_dry_run_shows_all_of_it_and_does_nothing() {
    everywhere(|project| {
        let sql = project.rung("up --dry-run").stdout;
        for expected in ["CREATE TABLE IF NOT EXISTS user_profiles", "INSERT INTO check_regions", "idx_websites_due"] {
            assert!(sql.contains(expected), "no {expected} in\n{sql}");
        }
        assert_eq!(project.dump(), "");
        assert_eq!(project.pending().len(), 5);
    });
}

#[test]
fn one_migration_comes_with_those_it_depends_on() {
    everywhere(|project| {
        project.rung("up --only 004_insert_check_regions");
        let applied = ["001_create_user_profiles", "002_create_website_tracking", "004_insert_check_regions"];
        assert_eq!(project.applied(), applied);
        assert_eq!(project.query("SELECT count(*) FROM check_regions"), "6\n");
    });
}

#[test]
fn the_history_has_what_the_headers_say() {
    everywhere(|project| {
        project.rung("up");
        let table = match project.database {
            Database::Postgres(_) => "rung.schema_migrations",
            Database::Sqlite(_) => "rung_schema_migrations",
        };
        let types =
            project.query(&format!("SELECT id, migration_type FROM {table} WHERE status = 'completed' ORDER BY id"));
        let expected = "001_create_user_profiles|create_table\n002_create_website_tracking|create_table\n\
                        003_create_migration_tracking|create_table\n004_insert_check_regions|insert_data\n\
                        005_index_website_lookups|create_index\n";
        assert_eq!(types, expected);
        project.holds(&format!(
            "SELECT description LIKE '%snapshots and the changes found%' FROM {table} WHERE version = 2"
        ));
        // Theirs has the same name, and is theirs.
        assert_eq!(project.query("SELECT count(*) FROM schema_migrations"), "0\n");
        project
            .has_columns("schema_migrations", "id name description migration_type up_sql down_sql depends_on status");
        project.has_columns("migration_history", "id migration_id executed_at status execution_time_ms error_message");
        project.has_columns("database_schema", "id version last_migration applied_migrations");
    });
}

#[test]
fn all_tables_are_behind_row_level_security() {
    for_each_major(|server| {
        let project = Project::postgres("user_profiles", server);
        project.rung("up");
        let open = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT relrowsecurity";
        assert_eq!(project.query(open), "");
        let tracked = words("user_profiles check_regions websites website_snapshots website_changes");
        let with_policies = project.query("SELECT DISTINCT tablename FROM pg_policies ORDER BY 1");
        assert_eq!(with_policies.lines().collect::<Vec<_>>(), tracked);
    });
}

#[test]
fn indexes_are_built_concurrently_where_that_is_known() {
    for_each_major(|server| {
        let project = Project::postgres("user_profiles", server);
        let plan = project.json("plan");
        let outside: Vec<_> =
            plan["steps"].as_array().unwrap().iter().filter(|step| step["outside_transaction"].is_string()).collect();
        assert_eq!(outside.len(), 1, "{plan}");
        assert_eq!(outside[0]["id"], "005_index_website_lookups");
        project.rung("up");
        project.has_index("websites", "last_checked_at");
        assert_eq!(project.query("SELECT count(*) FROM rung.statement_journal WHERE state <> 'done'"), "0\n");
    });
}
