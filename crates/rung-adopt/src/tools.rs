//! The tools, one file each; those that differ in names only are a table, in `plain`.

mod alembic;
mod atlas;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod hasura;
mod home_made;
mod liquibase;
mod plain;
mod postgres_migrations;
mod prisma;
mod refinery;
mod river;
mod sqitch;
mod sqlx;
mod supabase;
mod tern;
mod yoyo;

use crate::tool::Tool;

pub(crate) use home_made::HomeMade;

/// Every tool.
pub(crate) const TOOLS: &[&dyn Tool] = &[
    &plain::DBMATE,
    &goose::Goose,
    &golang_migrate::GolangMigrate,
    &sqlx::Sqlx,
    &plain::DIESEL,
    &refinery::Refinery,
    &flyway::Flyway,
    &supabase::Supabase,
    &prisma::Prisma,
    &drizzle::Drizzle,
    &sqitch::Sqitch,
    &atlas::Atlas,
    &graphile_migrate::GraphileMigrate,
    &plain::NODE_PG_MIGRATE,
    &postgres_migrations::PostgresMigrations,
    &tern::Tern,
    &plain::POP,
    &river::River,
    &hasura::Hasura,
    &alembic::Alembic,
    &plain::RAILS,
    &liquibase::Liquibase,
    &yoyo::Yoyo,
];

/// Bytes as lowercase hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digits that an id begins with.
fn digits(id: &str) -> &str {
    &id[..id.find(|c: char| !c.is_ascii_digit()).unwrap_or(id.len())]
}

/// The CRC-32 of zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc: u32, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// Java's `String.hashCode`.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::{crc32, java_hash};

    #[test]
    fn hashes_are_those_of_the_tools() {
        // The check value of CRC-32/ISO-HDLC, and a hash code from Java's documentation of `String`.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(java_hash("Hello"), 69_609_650);
    }
}
