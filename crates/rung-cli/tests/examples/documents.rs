//! The page, the graph and the types of the examples are what their teams wrote by hand.

use std::fs;

use testkit::languages::compile_typescript;
use testkit::{Program, Server, postgres};

use crate::{Database, Project};

fn madenai(server: &'static Server) -> Project {
    let project = Project::postgres("madenai", server);
    project.rung("up --to 20250125000000_alerts_system");
    project
}

#[test]
fn the_page_of_madenai_says_what_the_status_document_says() {
    let project = madenai(postgres());
    let page = project.rung("docs").stdout;
    for line in [
        "15 migrations for PostgreSQL, in ",
        "| 12 | 3 | `20250125000000_alerts_system`, ",
        "| ⏳ pending |",
        "- Creates enum `admin_role`: `super_admin`, `admin`, `moderator`",
        "- Creates enum `plan_tier_v2`: `FREE`, `BASIC`, `PRO`, `ENTERPRISE`",
        "- Adds columns `ref_code`, `referred_by`, `credits` to `user_profiles`",
        "- Creates functions `calculate_level_from_points`, `award_points`",
        "- Creates trigger `on_auth_user_created` on `auth.users`",
        "[`20250201000000_observability_system`](#20250201000000_observability_system), ",
        "### Table `user_referrals`",
        "- Foreign key: `referrer_id` → [`auth.users`](#table-authusers) (`id`)",
        "- Row level security is on",
        "| `is_superuser()` | function | `→ boolean, sql` |",
    ] {
        assert!(page.contains(line), "no {line:?} in\n{page}");
    }
    // What a migration is undone by, and what is lost by that.
    let alerts = page.split("### `20250125000000_alerts_system`").nth(1).unwrap().split("\n### ").next().unwrap();
    assert!(alerts.contains("loses the rows of `chat_access_logs`, `alert_logs`, `alert_configurations`"), "{alerts}");
    // The same again, whatever the order of asking; and another one once something was applied.
    assert_eq!(project.rung("docs").stdout, page);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("MIGRATIONS.md").display().to_string();
    project.rung(&format!("docs -o {file} --diagram {file}.svg"));
    project.rung(&format!("docs -o {file} --diagram {file}.svg --check"));
    let drawing = fs::read_to_string(format!("{file}.svg")).unwrap();
    for table in ["projects", "auth.users", "chat_access_logs"] {
        assert!(drawing.contains(&format!("<title>{table}</title>")), "no {table}");
    }
    project.rung("up");
    project.command(&format!("docs -o {file} --check")).run().exits(4);
}

#[test]
fn the_page_of_platform_is_the_same_without_a_database() {
    let project = Project::postgres("platform", postgres());
    let Database::Postgres(scratch) = &project.database else { unreachable!("it is for PostgreSQL alone") };
    let url = scratch.url();
    let offline = project.rung(&format!("docs --offline --dev-url {url}")).stdout;
    project.rung("up");
    let live = project.rung("docs").stdout;
    let schema = |page: &str| page.split("\n## Schema\n").nth(1).unwrap().to_owned();
    assert_eq!(schema(&offline), schema(&live));
    assert!(!offline.contains("\n## Status\n") && live.contains("\n## Status\n"));
    for line in [
        "`rollback-005.sql`; loses the rows of `platform.project_limits`, the values of `platform.projects.max_databases`",
        "- Runs program `003_user_management_and_permissions.sh`",
        "| Only in | production |",
    ] {
        let line = line.strip_prefix('`').unwrap_or(line);
        assert!(offline.contains(line), "no {line:?} in\n{offline}");
    }
}

#[test]
fn the_graph_of_platform_is_the_one_of_its_documentation() {
    let project = Project::postgres("platform", postgres());
    let graph = project.rung("graph --offline").stdout;
    let expected = "001_create_platform_schema
└─ 002_platform_billing_schema
   └─ 003_user_management_and_permissions
      ├─ 004_create_lancio_org
      └─ 005_add_project_limits
";
    assert_eq!(graph, expected);
    project.rung("up 3");
    let graph = project.rung("graph").stdout;
    assert!(graph.contains("      └─ · 005_add_project_limits"), "{graph}");
    assert!(graph.contains("   └─ ✓ 003_user_management_and_permissions"), "{graph}");
    let drawing = project.rung("graph --format svg").stdout;
    assert_eq!(drawing.matches("class=\"box applied\"").count(), 3, "{drawing}");
}

#[test]
fn the_types_of_madenai_and_platform_compile() {
    let dir = tempfile::tempdir().unwrap();
    let madenai = madenai(postgres());
    let platform = Project::postgres("platform", postgres());
    platform.rung("up");
    fs::write(dir.path().join("madenai.ts"), madenai.rung("types").stdout).unwrap();
    fs::write(dir.path().join("platform.ts"), platform.rung("types").stdout).unwrap();
    let uses = "import type { Enums, Tables, TablesInsert } from \"./madenai\"
import type { Tables as PlatformTables } from \"./platform\"
export const role: Enums<\"admin_role\"> = \"moderator\"
export const profile: TablesInsert<\"projects\"> = { name: \"Casa Serra\", user_id: \"00000000-0000-4000-8000-000000000001\" }
export const email = (user: Tables<{ schema: \"auth\" }, \"users\">): string => user.email ?? \"\"
export const limit = (row: PlatformTables<\"project_limits\">): number => row.limit_value
// @ts-expect-error there is no such role
export const wrong: Enums<\"admin_role\"> = \"owner\"
";
    fs::write(dir.path().join("uses.ts"), uses).unwrap();
    compile_typescript(dir.path(), &["uses.ts"]);
}

/// What a project says of itself is read without any of its databases.
#[test]
fn every_example_has_a_page_and_a_graph() {
    for name in ["hopsworks", "iops", "user_profiles"] {
        let config = Project::sqlite(name).dir().join("rung.toml");
        let rung = |words: &str| {
            Program::rung().arg("--config").arg(&config).args(words.split_whitespace()).run().succeeds().stdout
        };
        let page = rung("docs --offline --dev-url sqlite::memory:");
        assert!(page.contains("## Schema") && page.contains("erDiagram"), "{page}");
        assert!(rung("graph --offline").lines().count() > 3);
    }
}

#[test]
fn the_schemas_of_the_examples_come_and_go() {
    for project in [Project::postgres("madenai", postgres()), Project::postgres("platform", postgres())] {
        let Database::Postgres(scratch) = &project.database else { unreachable!("they are for PostgreSQL alone") };
        let nothing = tempfile::NamedTempFile::with_suffix(".sql").unwrap();
        let migrations = project.dir().join("migrations");
        let (migrations, nothing, url) = (migrations.display(), nothing.path().display(), scratch.url());
        for (from, to) in [(&migrations, &nothing), (&nothing, &migrations)] {
            let run = project.rung(&format!("diff {from} {to} --dev-url {url}"));
            assert!(run.stderr.contains("proved up and down"), "{run}");
        }
    }
}
