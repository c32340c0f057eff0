//! What the process environment contributes to a connection. Handed in: the library never reads it by itself.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where libpq looks for a server's Unix socket: Debian's and Red Hat's directory, then PostgreSQL's own default.
const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The variables, the home directory and the user name that [`Settings::resolve`](super::Settings::resolve) may use.
///
/// The command line fills it from the process; a library user who wants the same does so too. With
/// [`Environment::empty`] only what the target says counts.
#[derive(Clone)]
pub struct Environment {
    variables: HashMap<String, String>,
    home: Option<PathBuf>,
    os_user: Option<String>,
    socket_directories: Vec<PathBuf>,
}

impl Environment {
    /// No variables, no home, no user; sockets are still looked for in the usual directories.
    pub fn empty() -> Self {
        Self {
            variables: HashMap::new(),
            home: None,
            os_user: None,
            socket_directories: SOCKET_DIRECTORIES.iter().map(PathBuf::from).collect(),
        }
    }

    /// With these variables besides those it has; only the `PG*` ones are ever looked at.
    #[must_use]
    pub fn with_variables<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.variables.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// With this home directory, where `.pgpass`, `.pg_service.conf` and `.postgresql/` are.
    #[must_use]
    pub fn with_home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// With this operating system user, who is the default database user.
    #[must_use]
    pub fn with_os_user(mut self, user: impl Into<String>) -> Self {
        self.os_user = Some(user.into());
        self
    }

    /// With these directories to look for a Unix socket in, in place of the usual ones.
    #[must_use]
    pub fn with_socket_directories<P: Into<PathBuf>>(mut self, directories: impl IntoIterator<Item = P>) -> Self {
        self.socket_directories = directories.into_iter().map(Into::into).collect();
        self
    }

    /// A variable's value. An empty one counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path below the home directory.
    pub(super) fn in_home(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    pub(super) fn os_user(&self) -> Option<&str> {
        self.os_user.as_deref().filter(|user| !user.is_empty())
    }

    pub(super) fn socket_directories(&self) -> &[PathBuf] {
        &self.socket_directories
    }
}

/// Shows names only: a value may be a password.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.variables.keys().filter(|name| name.starts_with("PG")).collect();
        names.sort();
        f.debug_struct("Environment")
            .field("variables", &names)
            .field("home", &self.home)
            .field("os_user", &self.os_user)
            .finish_non_exhaustive()
    }
}
