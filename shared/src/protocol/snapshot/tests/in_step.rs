//! Viewers in step are sent what they would be sent by themselves, byte for byte.

use super::*;

/// A viewer twice: in step with the others, and by itself.
struct Twin {
    shares: SnapshotEncoder,
    alone: SnapshotEncoder,
    /// Of five rows it does not see the one that has this number, in a moment without skips.
    blind_to: u32,
}

impl Twin {
    fn new(blind_to: u32) -> Twin {
        Twin { shares: SnapshotEncoder::new(), alone: SnapshotEncoder::new(), blind_to }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_is_found_for_all_is_what_each_would_find(
        schema in schema(),
        coding in coding(),
        moments in moments(),
        away in prop::collection::vec((0..8_u32, any::<bool>()), 14),
        restart_at in 0..40_usize,
        handed_at in 0..40_usize,
    ) {
        let codec = codec(&schema, coding);
        let (mut steps, mut scratch) = (RowSteps::default(), InStepScratch::default());
        // From some moment on one of them is encoded for by another thread.
        let mut elsewhere = RowSteps::default();
        let mut twins: Vec<Twin> = (0..6).map(Twin::new).collect();
        let (mut before, mut rows) = ((Tick(0), Rows::default()), Rows::default());
        let mut tick = Tick(5);
        for (at, moment) in moments.iter().enumerate() {
            tick = tick.plus(1 + moment.skipped);
            rows = fill(&schema.entities, &moment.rows, moment.steady.then_some(&rows), true);
            let events = fill(&schema.events, &moment.events, None, false);
            let events: Vec<_> =
                events.iter().map(|event| (tick.minus(at as u32 % 3), event)).collect();
            for steps in [&mut steps, &mut elsewhere] {
                steps.prepare(&codec, (before.0, &before.1), (tick, &rows));
            }
            // One is sent nothing this time; as a rule its encoder keeps what it knows.
            let (absent, keeps) = away[at];
            for (number, twin) in twins.iter_mut().enumerate() {
                if at == restart_at {
                    twin.shares.restart();
                    twin.alone.restart();
                }
                let is_handed = number == 0 && at >= handed_at;
                let steps = if is_handed { &mut elsewhere } else { &mut steps };
                if number == 0 && at == handed_at && twin.shares.is_in_step() {
                    twin.alone.restart();
                }
                if number as u32 == absent {
                    let is_late = twin.shares.tick() != Some(before.0);
                    if twin.shares.is_in_step() && (is_late || !keeps) {
                        // Then it can only begin anew.
                        twin.alone.restart();
                    }
                    if keeps {
                        twin.shares.keep(&codec, (before.0, &before.1), steps);
                    }
                    continue;
                }
                let visible: Vec<u32> = (0..rows.len() as u32)
                    .filter(|i| (i + moment.skipped) % 5 != twin.blind_to)
                    .collect();
                let picture = Picture {
                    events: &events,
                    focus: (at % 2 == 0).then_some([1.0, -2.0]),
                    max_bytes: moment.max_bytes,
                    ..of_rows(tick.0, &rows, &visible)
                };
                let (mut shared, mut alone) = (Vec::new(), Vec::new());
                let sent_alone = twin.alone.encode(&codec, &picture, &mut alone);
                let mut parts =
                    Steps { before: &before.1, rows: &mut *steps, scratch: &mut scratch };
                let sent =
                    twin.shares.encode_shared(&codec, &picture, &mut parts, &mut shared);
                prop_assert_eq!(sent, sent_alone);
                prop_assert_eq!(shared, alone);
                let whole = twin.shares.whole_mirror(&codec, &rows, steps);
                prop_assert_eq!(&whole, twin.alone.mirror());
            }
            before = (tick, rows.clone());
        }
    }
}
