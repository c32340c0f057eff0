use std::fmt;

/// What went wrong with the surroundings of a test, ready to be shown: a lowercase fragment that names the thing, and
/// the command to try where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

/// The result of setting something up.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Error(message.into())
    }

    /// For `map_err`: "cannot WHAT: the cause".
    pub fn cannot<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Error {
        move |cause| Error(format!("cannot {what}: {cause}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
