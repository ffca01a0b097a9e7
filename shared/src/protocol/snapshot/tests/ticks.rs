//! What reads ticks alone against what decodes all.

use super::*;

proptest! {
    #[test]
    fn the_ticks_of_a_stream_can_be_read_without_its_rows(
        schema in schema(),
        steps in prop::collection::vec((0..100_000_u32, 0..8_u8, any::<u32>()), 1..60),
        is_player in any::<bool>(),
    ) {
        let mut pair = Pair::new(&schema, Coding::Range);
        let mut reader = TickReader::new();
        let mut tick = Tick(0);
        for (far, restart, seed) in steps {
            if restart == 0 {
                pair.encoder.restart();
            }
            let skipped = [0, 0, 0, 1, 2, 90, far][restart as usize % 7];
            tick = tick.plus(1 + skipped);
            let rows = fill(&schema.entities, &vec![(seed % 9, 0, seed)], None, true);
            let sources = vec![InputSource::Received; skipped as usize + 1];
            let part = PlayerPart { sources: &sources, margin_ticks: 1, own: None, replayed: None };
            let player = is_player.then_some(part);
            let bytes = pair.send(&Picture { player, ..of_rows(tick.0, &rows, &[0]) });
            prop_assert_eq!(reader.read(&bytes), Ok(tick));
            prop_assert_eq!(reader.tick(), pair.decoder.mirror().tick());
        }
    }

    #[test]
    fn any_bytes_have_a_tick_or_an_error(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 1..9),
    ) {
        let mut reader = TickReader::new();
        for body in bodies {
            let before = reader.tick();
            match reader.read(&body) {
                Ok(tick) => prop_assert_eq!(reader.tick(), Some(tick)),
                Err(error) => prop_assert!(before.is_some() || error != SnapshotError::Tick),
            }
        }
    }
}

#[test]
fn a_tick_before_any_keyframe_is_refused() {
    assert_eq!(TickReader::new().read(&[0x7f]), Err(SnapshotError::NoKeyframe));
}
