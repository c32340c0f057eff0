//! Callbacks: what of them runs where.

use rung_engine::Version;

/// A callback by the name of its event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Callback {
    pub(super) name: &'static str,
    pub(super) place: Place,
}

/// Where a callback runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before all migrations of a run.
    First,
    /// After the versioned ones.
    AfterVersioned,
    /// After all.
    Last,
    /// At the beginning of each migration's transaction.
    Before,
    /// At the end of it.
    After,
    /// At the beginning of each undoing.
    BeforeUndo,
    /// At the end of it.
    AfterUndo,
    /// On each connection; as a session is put back after each migration, at the beginning of each.
    Connect,
    /// Not in what rung does.
    Elsewhere(&'static str),
    /// In what rung does, but not like that; the text says what to do.
    Refused(&'static str),
}

impl Place {
    /// The version of a callback that is a migration of its own: what puts it before or after the repeatable ones.
    pub(super) fn version(self) -> Version {
        if self == Self::First { Version::Unnumbered } else { Version::Repeatable }
    }
}

const STATEMENT: Place = Place::Refused("write it into the migrations; rung calls nothing around a statement");
const ERROR: Place = Place::Elsewhere("rung rolls back what failed, and calls nothing after that");
const COMMAND: Place = Place::Elsewhere("it belongs to a command of Flyway that is none of rung's");
const SCHEMA: Place = Place::Elsewhere("rung creates no schema but its own");

const CALLBACKS: [Callback; 46] = [
    Callback { name: "beforeMigrate", place: Place::First },
    Callback { name: "afterVersioned", place: Place::AfterVersioned },
    Callback { name: "afterMigrate", place: Place::Last },
    Callback { name: "afterMigrateOperationFinish", place: Place::Last },
    Callback { name: "beforeEachMigrate", place: Place::Before },
    Callback { name: "afterEachMigrate", place: Place::After },
    Callback { name: "beforeEachUndo", place: Place::BeforeUndo },
    Callback { name: "afterEachUndo", place: Place::AfterUndo },
    Callback { name: "afterConnect", place: Place::Connect },
    Callback {
        name: "beforeRepeatables",
        place: Place::Refused("name it afterVersioned, which runs at that place in every run"),
    },
    Callback {
        name: "afterMigrateApplied",
        place: Place::Refused("name it afterMigrate, which runs in every run, and write it so that it may"),
    },
    Callback { name: "beforeEachMigrateStatement", place: STATEMENT },
    Callback { name: "afterEachMigrateStatement", place: STATEMENT },
    Callback { name: "beforeEachUndoStatement", place: STATEMENT },
    Callback { name: "afterEachUndoStatement", place: STATEMENT },
    Callback { name: "afterEachMigrateStatementError", place: ERROR },
    Callback { name: "afterEachMigrateError", place: ERROR },
    Callback { name: "afterMigrateError", place: ERROR },
    Callback { name: "afterEachUndoStatementError", place: ERROR },
    Callback { name: "afterEachUndoError", place: ERROR },
    Callback { name: "afterUndoError", place: ERROR },
    Callback { name: "beforeUndo", place: COMMAND },
    Callback { name: "afterUndo", place: COMMAND },
    Callback { name: "beforeClean", place: COMMAND },
    Callback { name: "afterClean", place: COMMAND },
    Callback { name: "afterCleanError", place: COMMAND },
    Callback { name: "beforeValidate", place: COMMAND },
    Callback { name: "afterValidate", place: COMMAND },
    Callback { name: "afterValidateError", place: COMMAND },
    Callback { name: "beforeBaseline", place: COMMAND },
    Callback { name: "afterBaseline", place: COMMAND },
    Callback { name: "afterBaselineError", place: COMMAND },
    Callback { name: "beforeRepair", place: COMMAND },
    Callback { name: "afterRepair", place: COMMAND },
    Callback { name: "afterRepairError", place: COMMAND },
    Callback { name: "beforeInfo", place: COMMAND },
    Callback { name: "afterInfo", place: COMMAND },
    Callback { name: "afterInfoError", place: COMMAND },
    Callback { name: "afterInfoOperationFinish", place: COMMAND },
    Callback { name: "afterCleanOperationFinish", place: COMMAND },
    Callback { name: "afterValidateOperationFinish", place: COMMAND },
    Callback { name: "afterUndoOperationFinish", place: COMMAND },
    Callback { name: "createSchema", place: SCHEMA },
    Callback { name: "beforeCreateSchema", place: SCHEMA },
    Callback { name: "beforeConnect", place: COMMAND },
    Callback { name: "afterRepairOperationFinish", place: COMMAND },
];

impl Callback {
    /// The one with the longest name that a file's name begins with.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        CALLBACKS.iter().filter(|callback| name.starts_with(callback.name)).max_by_key(|callback| callback.name.len())
    }
}
