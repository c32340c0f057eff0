//! One schema on two databases.

use crate::{Database, Project, words};
use testkit::for_each_major;

fn everywhere(test: impl Fn(Project)) {
    test(Project::sqlite("iops"));
    for_each_major(|server| test(Project::postgres("iops", server)));
}

#[test]
fn lives() {
    everywhere(|project| project.lives(""));
}

#[test]
fn the_core_tables_have_the_keys_and_indexes_of_the_schema_overview() {
    everywhere(|project| {
        project.rung("upgrade 001");
        assert_eq!(project.relations("table"), words("users usage_tracking datasets analyses"));
        for (table, indexes) in [
            ("users", &["email", "tier", "stripe_customer_id"][..]),
            ("usage_tracking", &["user_id", "user_id, month_year", "month_year"]),
            ("datasets", &["user_id", "connection_id", "created_at"]),
            ("analyses", &["user_id", "dataset_id", "status", "created_at"]),
        ] {
            for columns in indexes {
                project.has_index(table, columns);
            }
            let of_id = match project.database {
                Database::Postgres(_) => {
                    "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'id' AND attrelid"
                }
                Database::Sqlite(_) => "SELECT type FROM pragma_table_info",
            };
            match project.database {
                Database::Postgres(_) => assert_eq!(project.query(&format!("{of_id} = '{table}'::regclass")), "uuid\n"),
                Database::Sqlite(_) => {
                    assert_eq!(project.query(&format!("{of_id}('{table}') WHERE name = 'id'")), "TEXT\n")
                }
            }
        }
        for table in ["usage_tracking", "datasets", "analyses"] {
            project.has_foreign_key(table, "user_id", "users(id)", "CASCADE");
        }
        project.has_foreign_key("analyses", "dataset_id", "datasets(id)", "SET NULL");
    });
}

#[test]
fn a_row_touched_is_a_row_updated_on_either_database() {
    everywhere(|project| {
        project.rung("up");
        project.query("INSERT INTO users (email, password_hash, updated_at) VALUES ('a@example.com', '!', '2020-01-01T00:00:00Z')");
        project.holds("SELECT length(CAST(id AS text)) = 36 FROM users");
        project.query("UPDATE users SET full_name = 'A'");
        project.holds("SELECT updated_at > '2024-01-01T00:00:00Z' FROM users");
        let twice = "INSERT INTO usage_tracking (user_id, month_year) SELECT id, '2025-01' FROM users";
        project.query(twice);
        project.try_query(twice).unwrap_err();
    });
}

#[test]
fn billing_finds_those_who_pay_already() {
    everywhere(|project| {
        project.rung("up --to 003");
        project.has_seeds_that_may_run_again("users datasets analyses");
        project.rung("up");
        let subscriptions = "SELECT email, plan_code FROM subscriptions JOIN users ON users.id = subscriptions.user_id";
        assert_eq!(project.query(subscriptions), "ada@example.com|pro\n");
    });
}

#[test]
fn what_its_users_type_from_habit_works() {
    everywhere(|project| {
        project.rung("upgrade head");
        project.rung("downgrade -1");
        assert_eq!(project.json("current")["current"]["id"], "003_charts_and_embeds");
        project.rung("history");
        project.rung("stamp head");
        assert_eq!(project.pending(), [""; 0]);
        // Recorded and not run.
        assert!(!project.relations("table").contains(&"plans".to_owned()));
    });
}
