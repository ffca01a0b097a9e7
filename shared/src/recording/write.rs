//! Values into the lines of a recording.

use std::fmt::Write as _;

use super::{RecordedOwn, RecordedViewer, VERSION};
use crate::protocol::snapshot::InputSource;
use crate::scene::{Audience, Axis, Field, Kind, Predict, Scene, Schema, View};
use crate::tick::TickRate;

const STRING: &str = "a String takes whatever it is given";

/// Adds the head of a recording to the end of `out`.
pub fn write_head(schema: &Schema, tick_rate: TickRate, out: &mut String) {
    writeln!(out, "scenes {VERSION}\nrate {}", tick_rate.hz()).expect(STRING);
    for (word, kinds) in [("entity", &schema.entities), ("event", &schema.events)] {
        for kind in kinds {
            writeln!(out, "{word} {}", Name(&kind.name)).expect(STRING);
            kind.fields.iter().for_each(|field| write_field(field, out));
            if let Some([x, y]) = kind.place {
                writeln!(out, "place {x} {y}").expect(STRING);
            }
        }
    }
}

fn write_field(field: &Field, out: &mut String) {
    write!(out, "field {} {} {}", Name(&field.name), field.min, field.max).expect(STRING);
    if field.scale != 1.0 {
        write!(out, " scale {:?}", field.scale).expect(STRING);
    }
    if !field.unit.is_empty() {
        write!(out, " unit {}", Name(&field.unit)).expect(STRING);
    }
    if field.wraps {
        out.push_str(" wraps");
    }
    match field.predict {
        Predict::Hold => Ok(()),
        Predict::LinearFromLastTwo => write!(out, " predict last-two"),
        Predict::LinearBy { field } => write!(out, " predict by {field}"),
        Predict::Approach { field, per_second } => {
            write!(out, " predict approach {field} {per_second:?}")
        }
        Predict::Along { angle, per_second, axis } => {
            let axis = if axis == Axis::X { 'x' } else { 'y' };
            write!(out, " predict along {angle} {per_second:?} {axis}")
        }
    }
    .expect(STRING);
    if let Some(named) = field.names {
        write!(out, " names {} {}", named.kind, named.field).expect(STRING);
    }
    if let Some(origin) = field.origin {
        write!(out, " origin {origin}").expect(STRING);
    }
    out.push('\n');
}

/// Adds a scene, and who looked at it (by rising player), to the end of `out`.
pub fn write_tick<'a>(
    schema: &Schema,
    scene: &Scene,
    viewers: impl IntoIterator<Item = &'a RecordedViewer>,
    out: &mut String,
) {
    writeln!(out, "tick {}", scene.tick()).expect(STRING);
    for (index, row) in scene.rows().iter().enumerate() {
        write!(out, "row {} {}", row.entity.0, row.kind).expect(STRING);
        let kind = &schema.entities[usize::from(row.kind)];
        write_values(row.values, kind, scene.row_audience(index), out);
    }
    for (index, event) in scene.events().iter().enumerate() {
        write!(out, "event {}", event.kind).expect(STRING);
        let kind = &schema.events[usize::from(event.kind)];
        write_values(event.values, kind, scene.event_audience(index), out);
    }
    viewers.into_iter().for_each(|viewer| write_viewer(viewer, out));
}

fn write_values(values: &[i32], kind: &Kind, audience: Audience, out: &mut String) {
    for value in values {
        write!(out, " {value}").expect(STRING);
    }
    match audience {
        audience if audience == usual_audience(kind) => {}
        Audience::All => out.push_str(" for all"),
        Audience::Near => out.push_str(" for near"),
        Audience::One(player) => write!(out, " for {}", player.0).expect(STRING),
        Audience::Two([one, other]) => {
            write!(out, " for {} {}", one.0, other.0).expect(STRING);
        }
    }
    out.push('\n');
}

/// The audience of a row or event without one of its own.
pub(super) fn usual_audience(kind: &Kind) -> Audience {
    if kind.place.is_some() { Audience::Near } else { Audience::All }
}

fn write_viewer(viewer: &RecordedViewer, out: &mut String) {
    let player = viewer.player.0;
    match viewer.view {
        View::Everything => writeln!(out, "view {player} all"),
        View::Rect { min: [x, y], max: [to_x, to_y] } => {
            writeln!(out, "view {player} {x:?} {y:?} {to_x:?} {to_y:?}")
        }
    }
    .expect(STRING);
    let Some(RecordedOwn { own, replayed, source, margin_ticks }) = &viewer.own else { return };
    write!(out, "own {player}").expect(STRING);
    for bytes in [own, replayed] {
        match bytes.as_deref() {
            None => out.push_str(" -"),
            // A word must have a letter.
            Some([]) => out.push_str(" %"),
            Some(bytes) => {
                out.push(' ');
                bytes.iter().for_each(|byte| write!(out, "{byte:02x}").expect(STRING));
            }
        }
    }
    let source = match source {
        InputSource::Received => "received",
        InputSource::Repeated => "repeated",
        InputSource::Missing => "absent",
    };
    writeln!(out, " {source} {margin_ticks}").expect(STRING);
}

/// A name as one word: what would part or end it is written by its bytes.
struct Name<'a>(&'a str);

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("%");
        }
        for letter in self.0.chars() {
            if letter == '%' || letter.is_whitespace() || letter.is_control() {
                let mut utf8 = [0; 4];
                for byte in letter.encode_utf8(&mut utf8).bytes() {
                    write!(f, "%{byte:02x}")?;
                }
            } else {
                f.write_char(letter)?;
            }
        }
        Ok(())
    }
}
