//! A list of rows of whole numbers, stored in two flat vectors so that it can be refilled
//! every tick without allocating.

use serde::{Deserialize, Serialize};

use crate::ids::EntityId;

/// One row: an entity's values, or an event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRef<'a> {
    /// Which entity. Events have none of their own: theirs is `EntityId(0)`.
    pub entity: EntityId,
    /// Index of its kind in the schema.
    pub kind: u8,
    /// Its values as steps, one for each field of the kind.
    pub values: &'a [i32],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) entity: EntityId,
    pub(crate) kind: u8,
    /// Where its values begin; they end where those of the row stored next begin.
    start: u32,
    len: u8,
}

/// Rows in an order of their own, each with its values.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Rows {
    pub(crate) heads: Vec<Head>,
    pub(crate) values: Vec<i32>,
}

impl Head {
    pub(crate) fn new(entity: EntityId, kind: u8, span: std::ops::Range<usize>) -> Head {
        Head { entity, kind, start: span.start as u32, len: span.len() as u8 }
    }

    /// The same with its values so many places further down.
    pub(crate) fn moved_down(self, by: usize) -> Head {
        Head { start: self.start - by as u32, ..self }
    }

    /// Where its values are.
    pub(crate) fn span(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + usize::from(self.len)
    }
}

impl Rows {
    /// Forgets all rows, keeps the memory.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.values.clear();
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Row `index`.
    ///
    /// # Panics
    /// When there are not so many.
    #[must_use]
    pub fn row(&self, index: usize) -> RowRef<'_> {
        self.row_of(self.heads[index])
    }

    /// All rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RowRef<'_>> + Clone {
        self.heads.iter().map(|&head| self.row_of(head))
    }

    /// The row of an entity, in rows that rise by id.
    #[must_use]
    pub fn find(&self, entity: EntityId) -> Option<RowRef<'_>> {
        let at = self.heads.binary_search_by_key(&entity, |head| head.entity).ok()?;
        Some(self.row(at))
    }

    /// Adds a row at the end and gives out its values, zero at first, to be filled in.
    pub fn push(&mut self, entity: EntityId, kind: u8, fields: usize) -> &mut [i32] {
        let start = self.values.len();
        self.values.resize(start + fields, 0);
        self.heads.push(Head { entity, kind, start: start as u32, len: fields as u8 });
        &mut self.values[start..]
    }

    /// Adds a copy of a row at the end.
    pub fn push_row(&mut self, row: RowRef<'_>) {
        self.push(row.entity, row.kind, row.values.len()).copy_from_slice(row.values);
    }

    fn row_of(&self, head: Head) -> RowRef<'_> {
        RowRef { entity: head.entity, kind: head.kind, values: &self.values[head.span()] }
    }
}

impl Clone for Rows {
    fn clone(&self) -> Rows {
        Rows { heads: self.heads.clone(), values: self.values.clone() }
    }

    /// In the memory that it has: lists of rows are refilled at every tick.
    fn clone_from(&mut self, source: &Rows) {
        self.heads.clone_from(&source.heads);
        self.values.clone_from(&source.values);
    }
}

impl PartialEq for Rows {
    /// Alike are lists that show alike, wherever their values are stored.
    fn eq(&self, other: &Rows) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Rows {}
