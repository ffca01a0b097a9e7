//! Which struct stands for which kind of a game's schema: how typed rows and events find their index.

use std::any::{TypeId, type_name};

use bincode::de::{BorrowDecode, BorrowDecoder, Decode, Decoder};
use bincode::enc::{Encode, Encoder};
use bincode::error::{DecodeError, EncodeError};

use super::def::Kinded;
use super::rows::{RowRef, Rows};
use crate::game::Game;
use crate::ids::EntityId;

/// The structs that stand for the kinds of a schema, in their order: a kind's index is its place
/// there. Made by [`Schema::row`](super::Schema::row) and [`Schema::event`](super::Schema::event)
/// alone.
///
/// It belongs to a program and is never sent: a schema from the wire has none, and is equal to one
/// that has them.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    entities: Vec<TypeId>,
    events: Vec<TypeId>,
}

impl Kinds {
    /// Those of a game's schema.
    #[must_use]
    pub fn of<G: Game>() -> Kinds {
        G::schema().kinds().clone()
    }

    fn list<T: Kinded>(&self) -> &Vec<TypeId> {
        if T::IS_EVENT { &self.events } else { &self.entities }
    }

    pub(super) fn push<T: Kinded>(&mut self) {
        let list = if T::IS_EVENT { &mut self.events } else { &mut self.entities };
        list.push(TypeId::of::<T>());
    }

    /// The index of a kind in the schema, as rows have it.
    ///
    /// # Panics
    /// When it is not in the schema: a mistake of the game's, found when the first of its rows is
    /// written.
    #[inline]
    #[must_use]
    pub fn index<T: Kinded>(&self) -> u8 {
        let of = TypeId::of::<T>();
        match self.list::<T>().iter().position(|kind| *kind == of) {
            Some(at) => at as u8,
            None => missing::<T>(),
        }
    }

    #[inline]
    fn is<T: Kinded>(&self, kind: u8) -> bool {
        self.list::<T>().get(usize::from(kind)) == Some(&TypeId::of::<T>())
    }
}

#[cold]
fn missing<T: Kinded>() -> ! {
    let (name, add) = (type_name::<T>(), if T::IS_EVENT { "event" } else { "row" });
    let short = name.rsplit("::").next().unwrap_or(name);
    panic!("{name} is not in the game's schema: add `.{add}::<{short}>()` in `Game::schema`");
}

impl RowRef<'_> {
    /// The struct that a row of an entity or an event stands for; `None` if it is of another kind.
    #[must_use]
    #[inline]
    pub fn read<T: Kinded>(&self, kinds: &Kinds) -> Option<T> {
        if kinds.is::<T>(self.kind) { T::read(self.values) } else { None }
    }
}

impl Rows {
    /// All of one kind, as structs.
    pub fn each<'a, T: Kinded>(
        &'a self,
        kinds: &'a Kinds,
    ) -> impl Iterator<Item = (EntityId, T)> + 'a {
        self.iter().filter_map(|row| Some((row.entity, row.read(kinds)?)))
    }
}

impl PartialEq for Kinds {
    /// What a schema says is the same, whatever structs stand for it.
    fn eq(&self, _: &Kinds) -> bool {
        true
    }
}

impl Encode for Kinds {
    fn encode<E: Encoder>(&self, _: &mut E) -> Result<(), EncodeError> {
        Ok(())
    }
}

impl<C> Decode<C> for Kinds {
    fn decode<D: Decoder<Context = C>>(_: &mut D) -> Result<Kinds, DecodeError> {
        Ok(Kinds::default())
    }
}

impl<'de, C> BorrowDecode<'de, C> for Kinds {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(_: &mut D) -> Result<Kinds, DecodeError> {
        Ok(Kinds::default())
    }
}
