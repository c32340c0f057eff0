//! Fifteen migrations with row-level security.

use crate::{Database, Project};
use testkit::for_each_major;

fn everywhere(test: impl Fn(Project)) {
    for_each_major(|server| test(Project::postgres("madenai", server)));
}

#[test]
fn lives() {
    everywhere(|project| project.lives(""));
}

#[test]
fn production_has_twelve_and_three_are_to_come() {
    everywhere(|project| {
        project.rung("up --to 20250125000000_alerts_system");
        assert_eq!(project.applied().len(), 12);
        let pending = [
            "20250201000000_observability_system",
            "20250215000000_advanced_analytics",
            "20250301000000_notification_system",
        ];
        assert_eq!(project.pending(), pending);
        project.command("status --exit-code").run().exits(3);
        assert_eq!(project.rung("history").stdout.lines().filter(|line| line.contains("20")).count(), 12);
    });
}

#[test]
fn every_migration_makes_what_the_status_document_says() {
    const TABLES: &str = "projects user_profiles user_referrals project_budget_items project_schedule_tasks project_documents \
        project_conversations project_analyses ai_conversations ai_messages ai_message_usage ai_usage_metrics n8n_chat_histories \
        achievements user_gamification gamification_logs admin_permissions admin_users crm_clients crm_projects \
        user_analytics_enhanced user_login_history admin_audit_logs admin_security_logs admin_impersonation_logs email_templates \
        email_logs user_plans payments user_payments coupons alert_configurations alert_logs chat_access_logs \
        observability_logs request_traces user_journeys feature_usage";
    const FUNCTIONS: &str = "handle_new_user_profile award_points calculate_level_from_points is_admin_user is_superuser \
        insert_crm_client insert_crm_project get_client_stats calculate_user_engagement get_user_engagement \
        log_admin_security_action cleanup_expired_impersonation_sessions update_email_templates_updated_at sync_messages_quota";
    everywhere(|project| {
        project.rung("up");
        let tables = project.relations("table");
        for table in TABLES.split_whitespace() {
            assert!(tables.iter().any(|found| found == table), "no table {table}");
        }
        for function in FUNCTIONS.split_whitespace() {
            project.holds(&format!("SELECT count(*) = 1 FROM pg_proc WHERE proname = '{function}'"));
        }
        let enums = "SELECT format('%s: %s', typname, string_agg(enumlabel, ' ' ORDER BY enumsortorder)) \
                     FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid GROUP BY typname";
        let enums = project.query(enums);
        for expected in [
            "admin_role: super_admin admin moderator",
            "plan_tier_v2: FREE BASIC PRO ENTERPRISE",
            "billing_cycle: mensal anual",
        ] {
            assert!(enums.lines().any(|found| found == expected), "no {expected} in {enums}");
        }
        project.has_columns("user_profiles", "ref_code referred_by credits");
        let open = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT relrowsecurity";
        assert_eq!(project.query(open), "");
    });
}

#[test]
fn alerts_can_be_rolled_back_alone() {
    everywhere(|project| {
        project.rung("up --to 20250125000000_alerts_system");
        let undone = project.rung("down");
        assert!(undone.stdout.contains("20250125000000_alerts_system"), "{undone}");
        let tables = project.relations("table");
        assert!(
            !tables
                .iter()
                .any(|table| ["chat_access_logs", "alert_logs", "alert_configurations"].contains(&table.as_str()))
        );
        assert!(tables.iter().any(|table| table == "coupons"));
    });
}

#[test]
fn a_user_sees_what_is_theirs() {
    everywhere(|project| {
        project.rung("up");
        project.has_seeds_that_may_run_again(
            "auth.users user_profiles user_referrals admin_users projects project_budget_items",
        );
        // By the trigger on new users: the referral, and its credits.
        project.holds("SELECT credits = 10 FROM user_profiles WHERE email = 'ana@example.com'");
        let Database::Postgres(db) = &project.database else { unreachable!("it is for PostgreSQL alone") };
        // A role is the server's, and goes with the transaction.
        let as_user = |user: u8, question: &str| {
            db.query(&format!(
                "BEGIN; CREATE ROLE visitor_{0}; GRANT USAGE ON SCHEMA public, auth TO visitor_{0};
                 GRANT SELECT ON ALL TABLES IN SCHEMA public TO visitor_{0}; SET LOCAL ROLE visitor_{0};
                 SET LOCAL request.jwt.claim.sub = '00000000-0000-4000-8000-00000000000{user}'; {question}; ROLLBACK",
                db.name()
            ))
        };
        assert_eq!(as_user(1, "SELECT name FROM projects"), "Casa Serra\n");
        assert_eq!(as_user(1, "SELECT description FROM project_budget_items"), "Glulam beams\n");
        assert_eq!(as_user(2, "SELECT count(*) FROM project_budget_items"), "0\n");
        assert_eq!(as_user(3, "SELECT count(*) FROM projects"), "0\n");
        assert_eq!(as_user(1, "SELECT email FROM user_profiles"), "ana@example.com\n");
    });
}

#[test]
fn its_health_is_looked_after() {
    everywhere(|project| {
        project.rung("up");
        let health = project.json("health");
        assert_eq!(health["findings"].as_array().unwrap().iter().filter(|found| found["level"] == "error").count(), 0);
        let checks = health["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check == "row-security-missing"), "{checks:?}");

        // A policy that nobody asks, and a function whose table is gone.
        project.query("ALTER TABLE projects DISABLE ROW LEVEL SECURITY; DROP TABLE gamification_logs CASCADE");
        let health = project.command("health --json").run().exits(1);
        let health: serde_json::Value = serde_json::from_str(&health.stdout).unwrap();
        let findings = health["findings"].as_array().unwrap();
        let has = |check: &str, name: &str| {
            findings.iter().any(|found| found["check"] == check && found["object"]["name"] == name)
        };
        assert!(has("policy-without-row-security", "projects"), "{findings:#?}");
        assert!(!has("row-security-missing", "projects"), "it is said once: {findings:#?}");
        assert!(has("broken-routine", "award_points"), "{findings:#?}");
    });
}

#[test]
fn what_is_live_is_what_the_migrations_make() {
    everywhere(|project| {
        project.rung("up");
        // The server for trying things out need not be of the version that the database is on.
        for server in testkit::servers() {
            let verify = format!("verify --dev-url {}", server.url("postgres"));
            let report = project.json(&verify);
            assert_eq!((&report["ok"], &report["applied"]), (&true.into(), &15.into()), "{report:#}");
        }
        project.query("ALTER POLICY \"Users can manage own projects\" ON projects USING (true)");
        let verify = format!("verify --json --dev-url {}", testkit::postgres().url("postgres"));
        let report = project.command(&verify).run().exits(4);
        let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
        assert_eq!(report["drift"].as_array().unwrap().len(), 1, "{report:#}");
        assert_eq!(report["drift"][0]["kind"], "policy");
    });
}
