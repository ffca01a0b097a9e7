//! [`InputShape`]: how a game's input is encoded, so that a program of any language can write one.
//!
//! A server finds it out from the input's own serde implementation and sends it as part of the
//! schema. No client of ours needs it: they know the game's type.

use bincode::{Decode, Encode};

use super::schema::SchemaError;
use crate::limits::{INPUT_MAX_BYTES, INPUT_SHAPE_DEPTH_MAX, INPUT_SHAPE_NODES_MAX};

/// How a game's input is encoded.
///
/// The nodes are a tree in preorder: each is followed by its children, and the first is the whole
/// input. Without nodes nothing is known but the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct InputShape {
    /// At most [`INPUT_SHAPE_NODES_MAX`], nested at most [`INPUT_SHAPE_DEPTH_MAX`] deep.
    pub nodes: Vec<InputNode>,
    /// The default input, encoded: at most [`INPUT_MAX_BYTES`].
    pub default: Vec<u8>,
}

/// One part of an input.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct InputNode {
    /// The name of the field or of the variant; empty where there is none.
    pub name: String,
    /// How its value is encoded.
    pub sort: InputSort,
}

/// How a part of an input is encoded, as bincode 2 does in its standard configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum InputSort {
    /// As no bytes.
    Unit,
    /// A `bool`.
    Bool,
    /// A `u8`.
    U8,
    /// A `u16`.
    U16,
    /// A `u32`.
    U32,
    /// A `u64`.
    U64,
    /// An `i8`.
    I8,
    /// An `i16`.
    I16,
    /// An `i32`.
    I32,
    /// An `i64`.
    I64,
    /// An `f32`.
    F32,
    /// An `f64`.
    F64,
    /// A value that may be there or not: the one child.
    Option,
    /// Fields with names: so many children.
    Struct(u16),
    /// Values one after the other, without names: so many children.
    Tuple(u16),
    /// One of several variants: so many children, each with the name of one and what it holds.
    Enum(u16),
    /// Any number of values of one sort: the one child.
    List,
}

impl InputSort {
    /// How many children follow.
    #[must_use]
    pub fn children(self) -> usize {
        match self {
            InputSort::Option | InputSort::List => 1,
            InputSort::Struct(count) | InputSort::Tuple(count) | InputSort::Enum(count) => {
                usize::from(count)
            }
            _ => 0,
        }
    }
}

impl InputShape {
    /// Whether it is one tree, and within its limits.
    ///
    /// # Errors
    /// [`SchemaError::Input`] if not.
    pub fn check(&self) -> Result<(), SchemaError> {
        // The default bounds what reading it may cost: a list in a list may hold nothing many times.
        if self.nodes.len() > INPUT_SHAPE_NODES_MAX || self.default.len() > INPUT_MAX_BYTES {
            return Err(SchemaError::Input);
        }
        // How many children are still missing of each node above the next one.
        let mut missing = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            match missing.last_mut() {
                Some(missing) => *missing -= 1,
                None if at > 0 => return Err(SchemaError::Input),
                None => {}
            }
            missing.push(node.sort.children());
            if missing.len() > INPUT_SHAPE_DEPTH_MAX {
                return Err(SchemaError::Input);
            }
            while missing.last() == Some(&0) {
                missing.pop();
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(SchemaError::Input) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sorts: &[InputSort]) -> Result<(), SchemaError> {
        let node = |&sort: &InputSort| InputNode { name: String::new(), sort };
        InputShape { nodes: sorts.iter().map(node).collect(), default: Vec::new() }.check()
    }

    #[test]
    fn an_input_is_one_tree_and_not_too_deep() {
        use InputSort::{Bool, Enum, List, Option, Struct, Tuple, U8, Unit};
        for sorts in [
            &[][..],
            &[Unit],
            &[Struct(0)],
            &[Struct(2), Bool, Tuple(2), U8, U8],
            &[Enum(3), Unit, Struct(1), List, U8, Option, Enum(1), Unit],
        ] {
            assert_eq!(check(sorts), Ok(()), "{sorts:?}");
        }
        for sorts in [
            &[Unit, Unit][..],
            &[Struct(1)],
            &[Option],
            &[Struct(2), Bool],
            &[Struct(1), Bool, Bool],
            &[Struct(u16::MAX), Bool],
        ] {
            assert_eq!(check(sorts), Err(SchemaError::Input), "{sorts:?}");
        }
        let long = |default| InputShape { nodes: Vec::new(), default: vec![0; default] }.check();
        assert_eq!(long(INPUT_MAX_BYTES), Ok(()));
        assert_eq!(long(INPUT_MAX_BYTES + 1), Err(SchemaError::Input));
        let deep = |depth: usize| {
            let mut sorts = vec![Option; depth - 1];
            sorts.push(U8);
            check(&sorts)
        };
        assert_eq!(deep(INPUT_SHAPE_DEPTH_MAX), Ok(()));
        assert_eq!(deep(INPUT_SHAPE_DEPTH_MAX + 1), Err(SchemaError::Input));
        let wide = |count: u16| {
            let mut sorts = vec![Bool; usize::from(count)];
            sorts.insert(0, Struct(count));
            check(&sorts)
        };
        assert_eq!(wide(INPUT_SHAPE_NODES_MAX as u16 - 1), Ok(()));
        assert_eq!(wide(INPUT_SHAPE_NODES_MAX as u16), Err(SchemaError::Input));
    }
}
