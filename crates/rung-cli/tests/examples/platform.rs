//! A schema of its own with the history in it, rollback files, a script, and a migration for production alone.

use crate::Project;
use testkit::{Program, Server, TestDb, for_each_major};

fn in_production(server: &'static Server) -> Project {
    Project { environment: Some("production"), ..Project::postgres("platform", server) }
}

/// The schema of a database that has the history of rung in the schema `platform`, and nothing else.
fn history_alone(server: &'static Server) -> String {
    let db = TestDb::on(server);
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("migrations")).unwrap();
    std::fs::write(dir.path().join("migrations/001_nothing.sql"), "SELECT 1;").unwrap();
    std::fs::write(dir.path().join("rung.toml"), "[history]\nschema = \"platform\"\n").unwrap();
    Program::rung().dir(dir.path()).args(["--url", &db.url(), "up"]).run().succeeds();
    db.dump()
}

#[test]
fn lives() {
    for_each_major(|server| {
        Project::postgres("platform", server).lives(&history_alone(server));
        in_production(server).lives(&history_alone(server));
    });
}

#[test]
fn one_migration_is_for_production_alone() {
    for_each_major(|server| {
        let elsewhere = Project::postgres("platform", server);
        assert_eq!(elsewhere.json("plan")["elsewhere"][0], "004_create_lancio_org");
        elsewhere.rung("up");
        assert_eq!(elsewhere.applied().len(), 4);
        assert_eq!(elsewhere.query("SELECT count(*) FROM platform.organizations"), "0\n");

        let production = in_production(server);
        let refused = production.command("up").run().exits(2);
        assert!(refused.stderr.contains("--yes"), "{refused}");
        assert_eq!(production.dump(), "", "it was not asked");
        production.rung("up --yes");
        assert_eq!(production.applied().len(), 5);
        let projects = "SELECT organizations.slug, projects.ref FROM platform.projects JOIN platform.organizations \
                        ON organizations.id = organization_id ORDER BY ref";
        assert_eq!(production.query(projects), "lancio|lancioapi0000001\nlancio|lancioweb0000001\n");
        let team = "SELECT email, role FROM platform.users JOIN platform.user_roles ON user_roles.user_id = users.id ORDER BY email";
        assert_eq!(
            production.query(team),
            "giulia@lancio.example|owner\nmarco@lancio.example|admin\nsofia@lancio.example|admin\n"
        );
        production.command("reset --yes").run().exits(2);
    });
}

#[test]
fn the_tables_have_the_columns_of_the_documentation() {
    for_each_major(|server| {
        let project = Project::postgres("platform", server);
        project.rung("up");
        for (table, columns) in [
            ("organizations", "id name slug billing_email created_at updated_at"),
            ("projects", "id name ref organization_id region status created_at updated_at"),
            ("credentials", "id project_id anon_key service_role_key jwt_secret created_at updated_at"),
            ("users", "id email hashed_password display_name created_at last_login_at"),
            ("user_roles", "id user_id organization_id role created_at"),
            ("permissions", "id user_id project_id access_level granted_at"),
            ("project_limits", "id project_id resource_type limit_value current_usage created_at updated_at"),
            ("subscriptions", "organization_id plan"),
            ("payment_methods", "organization_id kind"),
            ("invoices", "organization_id number total_cents"),
        ] {
            project.has_columns(&format!("platform.{table}"), columns);
        }
        project.has_foreign_key("platform.projects", "organization_id", "platform.organizations(id)", "CASCADE");
        project.has_foreign_key("platform.credentials", "project_id", "platform.projects(id)", "CASCADE");
        project.has_index("platform.project_limits", "project_id");
        project.has_index("platform.project_limits", "resource_type");
        // The history is where the team kept theirs, and there is no other.
        project.holds("SELECT count(*) = 4 FROM platform.schema_migrations WHERE status = 'completed'");
        project.holds("SELECT to_regnamespace('rung') IS NULL");
    });
}

#[test]
fn the_rollback_file_of_a_migration_takes_back_what_it_did() {
    for_each_major(|server| {
        let project = Project::postgres("platform", server);
        project.rung("up 3");
        project.query(
            "INSERT INTO platform.organizations (name, slug) VALUES ('Acme', 'acme');
             INSERT INTO platform.projects (name, ref, organization_id) SELECT 'One', 'acme000000000001', id FROM platform.organizations",
        );
        let before = project.dump();
        project.rung("up");
        assert_eq!(
            project.query("SELECT resource_type, limit_value FROM platform.project_limits ORDER BY 1"),
            "databases|10\nstorage_gb|100\n"
        );
        project.rung("down");
        assert_eq!(project.dump(), before);
        project.holds("SELECT to_regclass('platform.project_limits') IS NULL");
        assert!(!project.columns("platform.projects").contains(&"max_databases".to_owned()));
        assert_eq!(project.query("SELECT slug FROM platform.organizations"), "acme\n");
    });
}

#[test]
fn the_script_looks_before_it_leaps() {
    for_each_major(|server| {
        let project = Project::postgres("platform", server);
        project.rung("up 2");
        project.query(
            "INSERT INTO platform.organizations (name, slug, billing_email, billing_name) VALUES
                 ('Acme', 'acme', 'Billing@acme.example', 'Acme Inc.'), ('Other', 'other', 'nowhere', NULL);
             INSERT INTO platform.projects (name, ref, organization_id)
             SELECT 'One', 'acme000000000001', id FROM platform.organizations WHERE slug = 'acme'",
        );
        let before = project.dump();
        let failed = project.command("up").run().exits(1);
        assert!(failed.stderr.contains("other: nowhere"), "what the script said is missing\n{failed}");
        assert_eq!(project.dump(), before);

        project.query("UPDATE platform.organizations SET billing_email = 'billing@acme.example' WHERE slug = 'other'");
        let failed = project.command("up").run().exits(1);
        assert!(failed.stderr.contains("billing@acme.example: acme, other"), "{failed}");
        let allowed = project.command("up").env("ALLOW_SHARED_OWNERS", "1").run().succeeds();
        assert!(allowed.stdout.contains("003_user_management_and_permissions"), "{allowed}");
        assert_eq!(project.query("SELECT email, display_name FROM platform.users"), "billing@acme.example|Acme Inc.\n");
        // The role is worth access to the project that was there, and to one that comes.
        project.query(
            "INSERT INTO platform.projects (name, ref, organization_id)
             SELECT 'Two', 'acme000000000002', id FROM platform.organizations WHERE slug = 'acme'",
        );
        let access = "SELECT ref, access_level FROM platform.permissions JOIN platform.projects ON projects.id = project_id ORDER BY 1";
        assert_eq!(project.query(access), "acme000000000001|admin\nacme000000000002|admin\n");
    });
}

#[test]
fn what_is_live_is_what_the_migrations_and_the_script_make() {
    for_each_major(|server| {
        let project = in_production(server);
        project.rung("up --yes");
        let verify = format!("verify --dev-url {}", server.url("postgres"));
        let report = project.json(&verify);
        assert_eq!((&report["ok"], &report["applied"]), (&true.into(), &5.into()), "{report:#}");
        project.query("ALTER TABLE platform.projects DROP COLUMN name CASCADE");
        let report = project.command(&format!("{verify} --json")).run().exits(4);
        assert!(report.stdout.contains("table platform.projects"), "{report}");
    });
}
