//! The deployer's lock, held by scope.

use std::time::Duration;

use crate::driver::{Continue, Driver, LockHolder};
use crate::failure::DbError;

/// Runs `work` while this process, and no other, has the deployer's lock; gives it back however `work` ends.
///
/// # Errors
/// The lock was not to be had within `wait`, or `waiting` gave up, or `work` failed.
pub fn locked<T, E: From<DbError>>(
    driver: &mut dyn Driver,
    wait: Duration,
    waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    work: impl FnOnce(&mut dyn Driver) -> Result<T, E>,
) -> Result<T, E> {
    struct Held<'a>(&'a mut dyn Driver);
    impl Drop for Held<'_> {
        fn drop(&mut self) {
            self.0.release_lock();
        }
    }
    driver.acquire_lock(wait, waiting)?;
    let held = Held(driver);
    work(held.0)
}
