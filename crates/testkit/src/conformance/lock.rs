//! The deployer's lock.

use std::time::{Duration, Instant};

use rung_engine::{Continue, DbErrorKind, LockHolder};

use super::Database;

fn patient(_: &LockHolder, _: Duration) -> Continue {
    Continue::Yes
}

/// At most one, whoever asks.
pub fn one_has_the_lock(database: &impl Database) {
    let (mut one, mut other) = (database.open(), database.open());
    one.acquire_lock(Duration::ZERO, &mut patient).unwrap();
    let error = other.acquire_lock(Duration::ZERO, &mut patient).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Locked);
    let mut told = Vec::new();
    let began = Instant::now();
    let error = other
        .acquire_lock(Duration::from_millis(2500), &mut |holder, waited| {
            told.push((holder.who.clone(), waited));
            Continue::Yes
        })
        .unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Locked);
    assert!((2400..4000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert!((1..=3).contains(&told.len()), "{told:?}");
    assert!(told.iter().all(|(who, _)| !who.is_empty()));
    one.release_lock();
    other.acquire_lock(Duration::from_secs(5), &mut patient).unwrap();
    assert_eq!(one.acquire_lock(Duration::ZERO, &mut patient).unwrap_err().kind, DbErrorKind::Locked);
    other.release_lock();
    // The holder may take it again.
    one.acquire_lock(Duration::from_secs(5), &mut patient).unwrap();
    one.release_lock();
}

/// Nobody has to give it back.
pub fn a_driver_that_goes_lets_go(database: &impl Database) {
    let mut one = database.open();
    one.acquire_lock(Duration::ZERO, &mut patient).unwrap();
    drop(one);
    let mut other = database.open();
    other.acquire_lock(Duration::from_secs(20), &mut patient).unwrap();
    other.release_lock();
}

/// By whoever is told of it.
pub fn waiting_for_the_lock_can_be_given_up(database: &impl Database) {
    let (mut one, mut other) = (database.open(), database.open());
    one.acquire_lock(Duration::ZERO, &mut patient).unwrap();
    let began = Instant::now();
    let error = other.acquire_lock(Duration::from_secs(60), &mut |_, _| Continue::No).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Canceled);
    assert!(began.elapsed() < Duration::from_secs(10));
    one.release_lock();
    other.acquire_lock(Duration::from_secs(5), &mut patient).unwrap();
}
