//! [`Picture`]: what an encoder is given of one scene.

use super::player::PlayerPart;
use crate::ids::EntityId;
use crate::scene::{RowRef, Rows};
use crate::tick::Tick;

/// What one viewer may be sent of one scene.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The scene's tick; it must rise from picture to picture.
    pub tick: Tick,
    /// The viewer's own part; `None` for a spectator. A stream is a player's or a spectator's
    /// from its keyframe on.
    pub player: Option<PlayerPart<'a>>,
    /// All rows of the scene, by rising id.
    pub rows: &'a Rows,
    /// Which of them the viewer may know, rising.
    pub visible: &'a [u32],
    /// The events since the last picture that the viewer may know, each with its tick. Of more than
    /// [`SNAPSHOT_EVENTS_MAX`](crate::limits::SNAPSHOT_EVENTS_MAX) only the first are sent.
    pub events: &'a [(Tick, RowRef<'a>)],
    /// Where the viewer looks, in the game's units: what is near counts for more when not all
    /// fits.
    pub focus: Option<[f64; 2]>,
    /// Most bytes that the snapshot may have. Only the player's own part may go beyond, and then or
    /// alone a single entity that is larger than all there is, or that the player's own part has
    /// left no space for a second or so.
    pub max_bytes: usize,
}

/// The visible rows of a picture, gone through once by rising id.
pub(super) struct Visible<'a> {
    rows: &'a Rows,
    /// Those after the last that was found.
    pub(super) left: &'a [u32],
}

impl<'a> Visible<'a> {
    pub(super) fn new(picture: &Picture<'a>) -> Visible<'a> {
        Visible { rows: picture.rows, left: picture.visible }
    }

    /// The values of an entity of a kind, if it is visible. Those before it, and one of another
    /// kind, are `passed` over.
    #[inline]
    pub(super) fn find(
        &mut self,
        entity: EntityId,
        kind: u8,
        mut passed: impl FnMut(u32),
    ) -> Option<&'a [i32]> {
        while let Some((&first, fraction)) = self.left.split_first() {
            let head = self.rows.heads[first as usize];
            if head.entity > entity {
                return None;
            }
            self.left = fraction;
            if head.entity == entity && head.kind == kind {
                return Some(&self.rows.values[head.span()]);
            }
            passed(first);
        }
        None
    }
}
