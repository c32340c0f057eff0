//! Migrations that are compiled into a program.

/// The files of a migrations directory, as [`crate::embed!`] collects them.
#[derive(Debug, Clone, Copy)]
pub struct Embedded(pub(crate) &'static [(&'static str, &'static [u8])]);

impl Embedded {
    /// Files by their path relative to the directory. [`crate::embed!`] writes this call.
    pub const fn new(files: &'static [(&'static str, &'static [u8])]) -> Self {
        Self(files)
    }

    /// The paths of the files.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.0.iter().map(|(path, _)| *path)
    }
}
