//! Files that changed after they were applied.

use std::fs;

use crate::{migrations, on_both, up};

#[test]
fn changed_deleted_and_rewired_migrations_are_refused_by_name() {
    on_both(|db| {
        let dir = migrations(&[
            ("001_edited.sql", "CREATE TABLE a (x int);"),
            ("002_deleted.sql", "CREATE TABLE b (x int);"),
            ("003_rewired.sql", "-- Depends on: [001_edited]\nCREATE TABLE c (x int);"),
            ("004_commented.sql", "CREATE TABLE d (x int);"),
        ]);
        up(&db.url(), dir.path()).run().succeeds();
        let before = db.state();
        fs::write(dir.path().join("001_edited.sql"), "CREATE TABLE a (x bigint);").unwrap();
        fs::remove_file(dir.path().join("002_deleted.sql")).unwrap();
        fs::write(dir.path().join("003_rewired.sql"), "-- Depends on: []\nCREATE TABLE c (x int);").unwrap();
        fs::write(dir.path().join("004_commented.sql"), "-- only a comment\nCREATE TABLE d  (x int);").unwrap();
        fs::write(dir.path().join("005_new.sql"), "CREATE TABLE e (x int);").unwrap();
        let run = up(&db.url(), dir.path()).run().exits(4);
        for named in [
            "001_edited",
            "002_deleted",
            "003_rewired",
            "rung resolve 001_edited --accept",
            "rung resolve 002_deleted --forget",
            "rung resolve 003_rewired --accept",
        ] {
            assert!(run.stderr.contains(named), "{named} is not in\n{run}");
        }
        assert!(!run.stderr.contains("004_commented"), "{run}");
        assert_eq!(db.state(), before, "nothing may have been run");
    });
}
