//! A room whose entities run out.

use tickwire_game::limits::ENTITY_LAST;

use super::*;

#[test]
fn a_room_that_runs_out_of_entities_knows_it_in_time() {
    const ENTITIES: u32 = 12_000;
    let mut template = template(8, 0);
    template.setup.settings.first_entity = ENTITY_LAST - ENTITIES;
    let mut room = open(template).expect("these settings are good");
    // One comes in each tick, and each has an entity of its own.
    let mut made = 0;
    while room.ticks_left() > 0 {
        let player = room.join("moth", None).expect("there is space");
        room.step();
        room.leave(player, LeaveReason::Left);
        made += 1;
        let left = ENTITIES - made;
        if made > ENTITIES / 2 {
            let (ticks, most) = (room.ticks_left(), left + left / 100 + 1);
            assert!((left..=most).contains(&ticks), "{ticks} ticks for {left} entities");
        }
    }
    assert_eq!(made, ENTITIES);
}
