//! Which of the renames that a file speaks of are still to be done, where the new name of one is there before.
//!
//! A directive may stay where it is once it has been followed: a new name that the first schema has says that it was. It may
//! also be the old name of another rename (`b` becomes `c`, and `a` becomes `b`), or of one that it changes places with.

use rung_catalog::{Body, Catalog, Column, Object, Rename};

/// What is to be done about a rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is to be done.
    Now,
    /// It was done before.
    Done,
    /// The two that change places are too much alike to be told from one another.
    Unclear,
}

/// Decides, for renames of objects, or of columns of the tables that they are in now. `there` says whether the new name of each
/// is in the first schema; `before` gives the first schema's object for one of the second.
pub(super) fn turns<'a>(
    renames: &[(Rename, bool)],
    from: &'a Catalog,
    to: &Catalog,
    before: &dyn Fn(&rung_catalog::Key) -> Option<&'a Object>,
) -> Vec<Turn> {
    let mut turns: Vec<Option<Turn>> = renames.iter().map(|(_, there)| (!there).then_some(Turn::Now)).collect();
    // The name that it takes is given up by one that is to be done.
    let follows = |at: usize| renames.iter().position(|(other, _)| gives(other, &renames[at].0));
    loop {
        let next = (0..renames.len())
            .find(|at| turns[*at].is_none() && follows(*at).is_some_and(|by| turns[by] == Some(Turn::Now)));
        let Some(at) = next else { break };
        turns[at] = Some(Turn::Now);
    }
    for at in 0..renames.len() {
        if turns[at].is_some() {
            continue;
        }
        let mut circle = vec![at];
        while let Some(next) = circle.last().and_then(|last| follows(*last)).filter(|next| !circle.contains(next)) {
            circle.push(next);
        }
        let closes = circle.last().and_then(|last| follows(*last)) == Some(at);
        let turn = if closes && circle.len() > 1 {
            let both = circle.iter().map(|at| likeness(&renames[*at].0, from, to, before));
            let (undone, done) = both.fold((0, 0), |(undone, done), (one, other)| (undone + one, done + other));
            match undone.cmp(&done) {
                std::cmp::Ordering::Greater => Turn::Now,
                std::cmp::Ordering::Less => Turn::Done,
                std::cmp::Ordering::Equal => Turn::Unclear,
            }
        } else {
            Turn::Done
        };
        let members = if closes { circle } else { vec![at] };
        members.into_iter().for_each(|member| turns[member] = Some(turn));
    }
    turns.into_iter().map(|turn| turn.unwrap_or(Turn::Done)).collect()
}

/// Whether one gives up the name that the other takes.
fn gives(one: &Rename, other: &Rename) -> bool {
    match (one, other) {
        (Rename::Object { from, .. }, Rename::Object { to, .. }) => from == to,
        (Rename::Column { table, from, .. }, Rename::Column { table: of, to, .. }) => table == of && from == to,
        _ => false,
    }
}

/// How much what has the new name in the second schema is like what has the old one in the first, and what has the new one
/// there.
fn likeness<'a>(
    rename: &Rename,
    first: &'a Catalog,
    second: &Catalog,
    before: &dyn Fn(&rung_catalog::Key) -> Option<&'a Object>,
) -> (usize, usize) {
    match rename {
        Rename::Object { from, to } => {
            let Some(now) = second.get(to) else { return (0, 0) };
            let like = |key| first.get(key).map_or(0, |was| objects(was, now));
            (like(from), like(to))
        }
        Rename::Column { table, from, to } => {
            let column = |object: Option<&'a Object>, name: &str| object?.columns().iter().find(|it| it.name == name);
            let now = second.get(table).and_then(|object| object.columns().iter().find(|it| it.name == *to));
            let Some(now) = now else { return (0, 0) };
            let like = |name| column(before(table), name).map_or(0, |was| columns(was, now));
            (like(from), like(to))
        }
    }
}

fn objects(was: &Object, now: &Object) -> usize {
    let same = |column: &&Column| was.columns().iter().any(|it| it.name == column.name && columns(it, column) == 3);
    let is_table = matches!(now.body, Body::Table(_) | Body::View(_));
    now.columns().iter().filter(same).count() + usize::from(!is_table && was.body == now.body)
}

fn columns(was: &Column, now: &Column) -> usize {
    let same = [
        was.data_type.eq_ignore_ascii_case(&now.data_type),
        was.not_null.is_some() == now.not_null.is_some(),
        was.value == now.value,
    ];
    same.into_iter().filter(|same| *same).count()
}
