//! A history that changed its mind: tables that come, are renamed and go again.

use crate::{Database, Project, words};
use testkit::for_each_major;

/// On SQLite and on every server of the run, each empty.
fn everywhere(test: impl Fn(Project)) {
    test(Project::sqlite("hopsworks"));
    for_each_major(|server| test(Project::postgres("hopsworks", server)));
}

const DROPPED: &str = "billing_history credit_transactions clusters feature_groups model_deployments invoices \
                       subscriptions usage_metrics user_pricing_overrides user_profiles instances_backup";

#[test]
fn lives() {
    everywhere(|project| project.lives(""));
}

#[test]
fn ends_with_the_tables_and_views_that_its_team_lists() {
    everywhere(|project| {
        project.rung("up");
        let active =
            "users team_invites user_credits usage_daily hopsworks_clusters user_hopsworks_assignments stripe_products";
        assert_eq!(project.relations("table"), words(active));
        assert_eq!(project.relations("view"), words("team_members account_usage account_usage_summary"));
        project.has_columns(
            "users",
            "is_admin stripe_customer_id account_owner_id hopsworks_project_id stripe_test_customer_id",
        );
        project.has_columns("usage_daily", "account_owner_id");
        for column in ["stripe_customer_id", "account_owner_id", "hopsworks_project_id"] {
            project.has_index("users", column);
        }
    });
}

#[test]
fn each_step_does_what_its_entry_says() {
    everywhere(|project| {
        project.rung("up 1");
        let first = "users user_credits usage_daily billing_history instances feature_groups model_deployments";
        assert_eq!(project.relations("table"), words(first));
        if let Database::Postgres(_) = project.database {
            project.holds("SELECT bool_and(relrowsecurity) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace");
            assert_eq!(project.query("SELECT count(DISTINCT tablename) FROM pg_policies"), "7\n");
        }

        project.rung("up 6");
        let before_cleanup = project.relations("table");
        project.rung("up 7");
        let after_cleanup = project.relations("table");
        let gone: Vec<String> = before_cleanup.into_iter().filter(|table| !after_cleanup.contains(table)).collect();
        assert_eq!(gone, words(DROPPED));
        if let Database::Postgres(_) = project.database {
            project.holds("SELECT obj_description('stripe_products'::regclass) LIKE 'DEPRECATED%'");
        }

        // The rollback of 006, as it is written out in the team's list.
        project.rung("down --to 005");
        let tables = project.relations("table");
        assert!(words(DROPPED).iter().all(|table| tables.contains(table)), "{tables:?}");
        assert!(!tables.contains(&"team_invites".to_owned()));
        assert_eq!(project.relations("view"), [""; 0]);
        let columns = project.columns("users");
        assert!(
            !columns.iter().any(|column| column == "account_owner_id" || column == "hopsworks_project_id"),
            "{columns:?}"
        );
    });
}

#[test]
fn the_cleanup_drops_nothing_that_holds_a_row() {
    everywhere(|project| {
        project.rung("up 6");
        project.query("INSERT INTO clusters (name, region) VALUES ('forgotten', 'eu-north-1')");
        let before = project.dump();
        let failed = project.command("up").run().exits(1);
        assert!(failed.stderr.contains("007_cleanup_unused_tables"), "{failed}");
        assert_eq!(project.dump(), before);
        assert_eq!(project.applied().len(), 6);
        project.query("DELETE FROM clusters");
        project.rung("up");
    });
}

#[test]
fn usage_moves_to_the_account_and_no_cent_is_lost() {
    everywhere(|project| {
        project.rung("up");
        project.has_seeds_that_may_run_again("users user_credits usage_daily");
        let summary = || {
            project.query("SELECT account_email, usage_date, cost_cents, team_cost_cents FROM account_usage_summary ORDER BY 1, 2")
        };
        let first = summary();
        assert!(first.contains("ada@example.com|2025-02-03|1585|1275\n"), "{first}");
        // 008 takes the account of each row away, and works it out again.
        project.rung("redo");
        assert_eq!(summary(), first);
        project.holds("SELECT count(*) = 0 FROM usage_daily WHERE account_owner_id IS NULL");
    });
}
