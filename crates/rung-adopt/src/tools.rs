//! The tools, one file each.

mod dbmate;
mod goose;
mod home_made;

pub(crate) use dbmate::Dbmate;
pub(crate) use goose::Goose;
pub(crate) use home_made::HomeMade;

/// Bytes as lowercase hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digits that an id begins with.
fn digits(id: &str) -> &str {
    &id[..id.find(|c: char| !c.is_ascii_digit()).unwrap_or(id.len())]
}
