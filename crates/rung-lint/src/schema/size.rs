//! How much tables hold and how much they are used, where a live database was asked.

use super::{Key, Schema};

/// How much a table holds and how much it is used, from a live database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Rows, as the planner estimates them.
    pub rows: u64,
    /// Bytes of the table, without its indexes.
    pub bytes: u64,
    /// Bytes of its indexes.
    pub index_bytes: u64,
    /// How often it was read, by a scan or through an index, since its statistics began.
    pub reads: u64,
    /// How many rows of it were inserted, updated or deleted since then.
    pub writes: u64,
    /// How many seconds ago that is; `None` where the server does not say.
    pub seconds: Option<u64>,
}

impl Size {
    /// What a sum of parts is.
    fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            bytes: self.bytes + other.bytes,
            index_bytes: self.index_bytes + other.index_bytes,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
            seconds: self.seconds.min(other.seconds),
        }
    }

    /// Who waits, for people: how often the table is read and written.
    pub fn traffic(self) -> String {
        let Self { reads, writes, .. } = self;
        let each_second = |count: u64, seconds: u64| count as f64 / seconds as f64;
        match self.seconds {
            _ if reads + writes == 0 => "no use of it is counted".to_owned(),
            Some(seconds @ 60..) => {
                let (reads, writes) = (each_second(reads, seconds), each_second(writes, seconds));
                format!("it is read {reads:.1} times a second, and {writes:.1} rows are written")
            }
            _ => format!("{reads} reads of it and {writes} written rows are counted"),
        }
    }
}

impl Schema {
    /// Takes in what a live database answered to [`crate::Language::statistics`].
    pub fn set_sizes(&mut self, rows: &[Vec<Option<String>>]) {
        for row in rows {
            let [Some(schema), Some(name), figures @ ..] = row.as_slice() else { continue };
            let known = |at: usize| -> Option<u64> { figures.get(at)?.as_ref()?.parse().ok() };
            let figure = |at: usize| known(at).unwrap_or(0);
            let size = Size {
                rows: figure(0),
                bytes: figure(1),
                index_bytes: figure(2),
                reads: figure(3),
                writes: figure(4),
                seconds: known(5),
            };
            self.sizes.insert(Key { schema: schema.into(), name: name.into() }, size);
        }
    }

    /// How much a table holds, partitions included, where a live database was asked.
    pub fn size(&self, key: &Key) -> Option<Size> {
        let sizes = std::iter::once(key).chain(self.children(key)).filter_map(|key| self.sizes.get(key));
        sizes.copied().reduce(Size::plus)
    }
}
