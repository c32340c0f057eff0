//! Scratch databases: made on a server that is named, or on one that is started; and gone afterwards.

use std::path::PathBuf;

use rung_engine::{DbErrorKind, Scratch, ScratchDatabase, ScratchOptions};
use rung_postgres::connect::Environment;
use rung_postgres::scratch;
use testkit::for_each_major;

fn place(options: &ScratchOptions) -> Box<dyn Scratch> {
    scratch(options, &Environment::empty()).unwrap_or_else(|error| panic!("{error} {:?}", error.hint))
}

fn on(server: &testkit::Server) -> ScratchOptions {
    ScratchOptions { server: Some(server.url("postgres")), schema: "rung".to_owned(), ..ScratchOptions::default() }
}

fn temporary(binaries: PathBuf) -> ScratchOptions {
    ScratchOptions { path: vec![binaries], schema: "rung".to_owned(), ..ScratchOptions::default() }
}

fn one(database: &mut ScratchDatabase, sql: &str) -> String {
    database.driver.query(sql).expect(sql)[0][0].clone().expect(sql)
}

fn databases(server: &testkit::Server, like: &str) -> i64 {
    let row = server.client("postgres").query_one("SELECT count(*) FROM pg_database WHERE datname LIKE $1", &[&like]);
    row.expect("a count").get(0)
}

#[test]
fn a_database_on_a_named_server_is_empty_and_goes_with_its_value() {
    for_each_major(|server| {
        let place = place(&on(server));
        let (mut first, mut second) = (place.database().unwrap(), place.database().unwrap());
        first.driver.execute("CREATE TABLE t (a int)").unwrap();
        assert!(second.driver.is_blank().unwrap() && !first.driver.is_blank().unwrap());
        let name = one(&mut first, "SELECT current_database()");
        assert_eq!(databases(server, &name), 1);
        // Whoever else is connected.
        let _other = server.client(&name);
        drop(first);
        drop(place);
        let second_name = one(&mut second, "SELECT current_database()");
        assert_eq!(databases(server, &second_name), 1);
        drop(second);
        assert_eq!((databases(server, &name), databases(server, &second_name)), (0, 0));
    });
}

#[test]
fn a_role_that_a_named_server_lacks_is_there_as_long_as_the_databases_are() {
    for_each_major(|server| {
        let place = place(&on(server));
        let mut database = place.database().unwrap();
        let roles = |name: &str| -> i64 {
            let row = server.client("postgres").query_one("SELECT count(*) FROM pg_roles WHERE rolname = $1", &[&name]);
            row.expect("a count").get(0)
        };
        let name = "Lent 1";
        let grant = "GRANT SELECT ON pg_class TO \"Lent 1\"";
        let error = database.driver.execute(grant).unwrap_err();
        assert!(place.supply(&error).unwrap());
        database.driver.execute(grant).unwrap();
        // Another process would have made it too.
        assert!(place.supply(&error).unwrap());
        drop(place);
        assert_eq!(roles(name), 1);
        drop(database);
        assert_eq!(roles(name), 0);
    });
}

#[test]
fn who_may_not_make_roles_is_told_which_is_lacking() {
    for_each_major(|server| {
        let mut client = server.client("postgres");
        client.batch_execute("CREATE ROLE maker_of_databases LOGIN CREATEDB PASSWORD 'made'").unwrap();
        let url = format!("postgres://maker_of_databases:made@127.0.0.1:{}/postgres", server.port());
        let place = place(&ScratchOptions { server: Some(url), ..on(server) });
        let mut database = place.database().unwrap();
        let error = database.driver.execute("GRANT SELECT ON pg_class TO nobody_lent").unwrap_err();
        assert!(!place.supply(&error).unwrap());
        drop((database, place));
        client.batch_execute("DROP ROLE maker_of_databases").unwrap();
    });
}

#[test]
fn what_a_killed_process_left_behind_is_swept_up_and_what_is_young_is_not() {
    for_each_major(|server| {
        let mut client = server.client("postgres");
        let old = format!("rung_scratch_1000000_{}_0", server.port());
        let young = format!("rung_scratch_9999999999_{}_0", server.port());
        for name in [&old, &young] {
            client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        }
        // A database with a subscription can't be dropped.
        let subscription = format!(
            "CREATE SUBSCRIPTION \"left {0}\" CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)",
            server.port()
        );
        server.client(&old).batch_execute(&subscription).unwrap();
        let made = |second: &str| format!("made for scratch databases of rung at {second} by 1_2");
        for (role, second) in [("left_long_ago", "1000000"), ("left_just_now", "9999999999")] {
            let said = made(second);
            client.batch_execute(&format!("CREATE ROLE {role}; COMMENT ON ROLE {role} IS '{said}'")).unwrap();
        }
        drop(place(&on(server)));
        assert_eq!((databases(server, &old), databases(server, &young)), (0, 1));
        let left = client.query_one("SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolname LIKE 'left_%'", &[]);
        assert_eq!(left.unwrap().get::<_, Option<&str>>(0), Some("left_just_now"));
        client.batch_execute("DROP ROLE left_just_now").unwrap();
        client.batch_execute(&format!("DROP DATABASE {young}")).unwrap();
    });
}

#[test]
fn a_temporary_server_ends_with_its_value_and_has_what_is_lacking_made() {
    for install in testkit::install::chosen().unwrap() {
        let place = place(&ScratchOptions { version: Some(install.major * 10_000), ..temporary(install.bin.clone()) });
        let mut database = place.database().unwrap();
        assert_eq!(database.driver.facts().version_number / 10_000, install.major);
        let error = database.driver.execute("GRANT SELECT ON pg_class TO \"Some body\"").unwrap_err();
        assert!(place.supply(&error).unwrap());
        database.driver.execute("GRANT SELECT ON pg_class TO \"Some body\"").unwrap();
        let error = database.driver.execute("SELECT 1/0").unwrap_err();
        assert!(!place.supply(&error).unwrap());
        let directory = PathBuf::from(one(&mut database, "SELECT current_setting('data_directory')"));
        assert!(directory.exists());
        drop(database);
        drop(place);
        assert!(!directory.exists());
    }
}

#[test]
fn a_cluster_is_kept_for_the_next_time_and_made_anew_where_it_is_of_no_use() {
    let cache = tempfile::tempdir().unwrap();
    let install = testkit::install::chosen().unwrap().pop().unwrap();
    let options = || ScratchOptions {
        cache: Some(cache.path().join("rung")),
        version: Some(install.major * 10_000),
        ..temporary(install.bin.clone())
    };
    let kept = || {
        let entries = std::fs::read_dir(cache.path().join("rung")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let works = || one(&mut place(&options()).database().unwrap(), "SELECT count(*) FROM pg_class WHERE oid >= 16384");
    assert_eq!(works(), "0");
    let [cluster] = &kept()[..] else { panic!("{:?}", kept()) };
    let about = || std::fs::metadata(cluster.join("PG_VERSION")).unwrap().modified().unwrap();
    let first = about();
    assert_eq!((works(), about()), ("0".to_owned(), first), "it was made only once");
    std::fs::write(cluster.join("postgresql.conf"), "no such setting").unwrap();
    assert_eq!(works(), "0");
    assert_ne!(about(), first);
}

#[test]
fn without_a_server_it_says_how_to_get_one() {
    let options = ScratchOptions { server: Some("postgres://nobody@127.0.0.1:1/x".to_owned()), ..Default::default() };
    let error = scratch(&options, &Environment::empty()).err().expect("nothing is there");
    assert_eq!(error.kind, DbErrorKind::Unreachable);
    assert!(error.hint.is_some_and(|hint| hint.contains("leave out --dev-url")), "it need not be named");
}
