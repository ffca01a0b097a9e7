//! The lines of a recording back into values.

use std::str::{FromStr, SplitAsciiWhitespace};

use super::write::usual_audience;
use super::{RecordedOwn, RecordedTick, RecordedViewer, VERSION};
use crate::ids::{EntityId, PlayerId};
use crate::limits::{
    KIND_FIELDS_MAX, OWN_MAX_BYTES, RECORDING_LINE_MAX_BYTES, RECORDING_ROWS_MAX, ROOM_PLAYERS_MAX,
    SCHEMA_KINDS_MAX,
};
use crate::protocol::snapshot::InputSource;
use crate::scene::{
    Audience, Axis, Field, Kind, Predict, Reference, RowRef, Scene, Schema, SchemaError, View,
};
use crate::tick::{Tick, TickRate};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct RecordingError {
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The recording does not begin as one of this version does.
    #[error("no recording of version {VERSION}")]
    Version,
    /// The rate is missing or outside its limits.
    #[error("no rate that a room may have")]
    Rate,
    /// The line begins with no known word, or with one that cannot stand here.
    #[error("a line that cannot stand here")]
    Line,
    /// A word is missing, or is not what it should be.
    #[error("no {0}")]
    Word(&'static str),
    /// Words follow that mean nothing.
    #[error("the line goes on after its end")]
    LeftOver,
    /// Above a limit of this crate.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// No kind or field has this index.
    #[error("no such kind")]
    Kind,
    /// A value outside the range of its field.
    #[error("a value outside its range")]
    Range,
    /// What must rise does not: ticks, or within one tick entities or players.
    #[error("{0} that do not rise")]
    Order(&'static str),
}

/// Reads a recording line by line.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    lines: u64,
    begun: bool,
    tick_rate: Option<TickRate>,
    schema: Schema,
    /// Which list the kind being declared is in.
    in_events: bool,
    tick: Option<RecordedTick>,
    values: Vec<i32>,
}

impl Reader {
    /// A reader before the first line.
    #[must_use]
    pub fn new() -> Reader {
        Reader::default()
    }

    /// What the rows mean; whole once a tick was given out.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Ticks per second; there once a tick was given out.
    #[must_use]
    pub fn tick_rate(&self) -> Option<TickRate> {
        self.tick_rate
    }

    /// Takes the next line, without its end. Gives the tick that is whole by it.
    ///
    /// # Errors
    /// When the line is wrong. The reader cannot go on after it.
    pub fn line(&mut self, line: &str) -> Result<Option<RecordedTick>, RecordingError> {
        self.lines += 1;
        self.take(line).map_err(|wrong| RecordingError { line: self.lines, wrong })
    }

    /// Ends the recording. Gives the last tick.
    ///
    /// # Errors
    /// When the head is not whole.
    pub fn finish(&mut self) -> Result<Option<RecordedTick>, RecordingError> {
        let wrong = match self.tick_rate {
            _ if !self.begun => Wrong::Version,
            None => Wrong::Rate,
            Some(_) => return Ok(self.tick.take()),
        };
        Err(RecordingError { line: self.lines, wrong })
    }

    fn take(&mut self, line: &str) -> Result<Option<RecordedTick>, Wrong> {
        if line.len() > RECORDING_LINE_MAX_BYTES {
            return Err(Wrong::TooMany("bytes in a line"));
        }
        let mut words = LineWords(line.split_ascii_whitespace());
        let Some(first) = words.0.next() else { return Ok(None) };
        if first.starts_with('#') {
            return Ok(None);
        }
        let mut whole = None;
        match first {
            "scenes" if !self.begun => self.begin(&mut words)?,
            _ if !self.begun => return Err(Wrong::Version),
            "rate" if self.tick_rate.is_none() => self.take_rate(&mut words)?,
            _ if self.tick_rate.is_none() => return Err(Wrong::Rate),
            "tick" => whole = self.take_tick(&mut words)?,
            first => match &mut self.tick {
                None => self.take_schema(first, &mut words)?,
                Some(tick) => match first {
                    "row" => take_row(&self.schema, tick, &mut self.values, &mut words)?,
                    "event" => take_event(&self.schema, tick, &mut self.values, &mut words)?,
                    "view" => take_view(&mut tick.viewers, &mut words)?,
                    "own" => take_own(&mut tick.viewers, &mut words)?,
                    _ => return Err(Wrong::Line),
                },
            },
        }
        words.0.next().map_or(Ok(whole), |_| Err(Wrong::LeftOver))
    }

    fn begin(&mut self, words: &mut LineWords<'_>) -> Result<(), Wrong> {
        if words.number::<u32>("version") != Ok(VERSION) {
            return Err(Wrong::Version);
        }
        self.begun = true;
        Ok(())
    }

    fn take_rate(&mut self, words: &mut LineWords<'_>) -> Result<(), Wrong> {
        self.tick_rate = Some(TickRate::new(words.number("rate")?).ok_or(Wrong::Rate)?);
        Ok(())
    }

    fn take_schema(&mut self, first: &str, words: &mut LineWords<'_>) -> Result<(), Wrong> {
        if matches!(first, "entity" | "event") {
            self.in_events = first == "event";
        }
        let kinds =
            if self.in_events { &mut self.schema.events } else { &mut self.schema.entities };
        match (first, kinds.last_mut()) {
            ("entity" | "event", _) => {
                if kinds.len() == SCHEMA_KINDS_MAX {
                    return Err(Wrong::TooMany("kinds"));
                }
                kinds.push(Kind { name: words.name("name")?, fields: Vec::new(), place: None });
            }
            ("field", Some(kind)) => {
                if kind.fields.len() == KIND_FIELDS_MAX {
                    return Err(Wrong::TooMany("fields"));
                }
                kind.fields.push(take_field(words)?);
            }
            ("place", Some(kind)) if kind.place.is_none() => {
                kind.place = Some([words.number("x")?, words.number("y")?]);
            }
            _ => return Err(Wrong::Line),
        }
        Ok(())
    }

    fn take_tick(&mut self, words: &mut LineWords<'_>) -> Result<Option<RecordedTick>, Wrong> {
        let tick = Tick(words.number("tick")?);
        match &self.tick {
            None => self.schema.check()?,
            Some(last) if tick <= last.scene.tick() => return Err(Wrong::Order("ticks")),
            Some(_) => {}
        }
        let next = RecordedTick { scene: Scene::empty(tick), viewers: Vec::new() };
        Ok(self.tick.replace(next))
    }
}

fn take_field(words: &mut LineWords<'_>) -> Result<Field, Wrong> {
    let mut field = Field {
        name: words.name("name")?,
        min: words.number("lowest step")?,
        max: words.number("highest step")?,
        unit: String::new(),
        scale: 1.0,
        wraps: false,
        predict: Predict::Hold,
        names: None,
        origin: None,
    };
    while let Some(word) = words.0.next() {
        match word {
            "scale" => field.scale = words.number("scale")?,
            "unit" => field.unit = words.name("unit")?,
            "wraps" => field.wraps = true,
            "predict" => field.predict = take_predict(words)?,
            "names" => {
                let (kind, named) = (words.number("kind")?, words.number("field")?);
                field.names = Some(Reference { kind, field: named });
            }
            "origin" => field.origin = Some(words.number("field")?),
            _ => return Err(Wrong::LeftOver),
        }
    }
    Ok(field)
}

fn take_predict(words: &mut LineWords<'_>) -> Result<Predict, Wrong> {
    match words.next("way to move")? {
        "hold" => Ok(Predict::Hold),
        "last-two" => Ok(Predict::LinearFromLastTwo),
        "by" => Ok(Predict::LinearBy { field: words.number("field")? }),
        "approach" => Ok(Predict::Approach {
            field: words.number("field")?,
            per_second: words.number("rate")?,
        }),
        "along" => Ok(Predict::Along {
            angle: words.number("angle")?,
            per_second: words.number("rate")?,
            axis: match words.next("axis")? {
                "x" => Axis::X,
                "y" => Axis::Y,
                _ => return Err(Wrong::Word("axis")),
            },
        }),
        _ => Err(Wrong::Word("way to move")),
    }
}

fn take_row(
    schema: &Schema,
    tick: &mut RecordedTick,
    values: &mut Vec<i32>,
    words: &mut LineWords<'_>,
) -> Result<(), Wrong> {
    let entity = EntityId(words.number("entity")?);
    let (kind, audience) = take_values(&schema.entities, values, words)?;
    let rows = tick.scene.rows();
    if rows.len() == RECORDING_ROWS_MAX {
        return Err(Wrong::TooMany("rows"));
    }
    if rows.len().checked_sub(1).is_some_and(|last| rows.row(last).entity >= entity) {
        return Err(Wrong::Order("entities"));
    }
    tick.scene.push_row(audience, RowRef { entity, kind, values });
    Ok(())
}

fn take_event(
    schema: &Schema,
    tick: &mut RecordedTick,
    values: &mut Vec<i32>,
    words: &mut LineWords<'_>,
) -> Result<(), Wrong> {
    let (kind, audience) = take_values(&schema.events, values, words)?;
    if tick.scene.events().len() == RECORDING_ROWS_MAX {
        return Err(Wrong::TooMany("events"));
    }
    tick.scene.push_event(audience, RowRef { entity: EntityId(0), kind, values });
    Ok(())
}

fn take_values(
    kinds: &[Kind],
    values: &mut Vec<i32>,
    words: &mut LineWords<'_>,
) -> Result<(u8, Audience), Wrong> {
    let index: u8 = words.number("kind")?;
    let kind = kinds.get(usize::from(index)).ok_or(Wrong::Kind)?;
    values.clear();
    for field in &kind.fields {
        let value = words.number("value")?;
        if value < field.min || value > field.max {
            return Err(Wrong::Range);
        }
        values.push(value);
    }
    let audience = match words.0.next() {
        None => usual_audience(kind),
        Some("for") => match words.next("audience")? {
            "all" => Audience::All,
            "near" => Audience::Near,
            player => match words.0.next() {
                None => Audience::One(take_player(player)?),
                Some(other) => Audience::Two([take_player(player)?, take_player(other)?]),
            },
        },
        Some(_) => return Err(Wrong::LeftOver),
    };
    Ok((index, audience))
}

fn take_player(word: &str) -> Result<PlayerId, Wrong> {
    Ok(PlayerId(word.parse().map_err(|_| Wrong::Word("audience"))?))
}

fn take_view(viewers: &mut Vec<RecordedViewer>, words: &mut LineWords<'_>) -> Result<(), Wrong> {
    let player = PlayerId(words.number("player")?);
    if viewers.last().is_some_and(|last| last.player >= player) {
        return Err(Wrong::Order("players"));
    }
    if viewers.len() == usize::from(ROOM_PLAYERS_MAX) {
        return Err(Wrong::TooMany("viewers"));
    }
    let view = match words.next("view")? {
        "all" => View::Everything,
        first => {
            let first: f32 = first.parse().map_err(|_| Wrong::Word("view"))?;
            let min = [first, words.number("view")?];
            let max = [words.number("view")?, words.number("view")?];
            if min.iter().chain(&max).any(|side| side.is_nan()) {
                return Err(Wrong::Word("view"));
            }
            View::Rect { min, max }
        }
    };
    viewers.push(RecordedViewer { player, view, own: None });
    Ok(())
}

fn take_own(viewers: &mut [RecordedViewer], words: &mut LineWords<'_>) -> Result<(), Wrong> {
    let player = PlayerId(words.number("player")?);
    let viewer = viewers.last_mut().filter(|last| last.player == player && last.own.is_none());
    let viewer = viewer.ok_or(Wrong::Line)?;
    let own = words.bytes("own state")?;
    let replayed = words.bytes("replayed state")?;
    let source = match words.next("source of an input")? {
        "received" => InputSource::Received,
        "repeated" => InputSource::Repeated,
        "absent" => InputSource::Missing,
        _ => return Err(Wrong::Word("source of an input")),
    };
    let margin_ticks = words.number("margin")?;
    viewer.own = Some(RecordedOwn { own, replayed, source, margin_ticks });
    Ok(())
}

/// The words of one line that are still to be taken.
struct LineWords<'a>(SplitAsciiWhitespace<'a>);

impl<'a> LineWords<'a> {
    fn next(&mut self, what: &'static str) -> Result<&'a str, Wrong> {
        self.0.next().ok_or(Wrong::Word(what))
    }

    fn number<T: FromStr>(&mut self, what: &'static str) -> Result<T, Wrong> {
        self.next(what)?.parse().map_err(|_| Wrong::Word(what))
    }

    fn name(&mut self, what: &'static str) -> Result<String, Wrong> {
        let word = self.next(what)?;
        if word == "%" {
            return Ok(String::new());
        }
        let mut parts = word.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let (digits, rest) = part.split_at_checked(2).ok_or(Wrong::Word(what))?;
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| Wrong::Word(what))?);
            bytes.extend_from_slice(rest.as_bytes());
        }
        String::from_utf8(bytes).map_err(|_| Wrong::Word(what))
    }

    fn bytes(&mut self, what: &'static str) -> Result<Option<Vec<u8>>, Wrong> {
        let word = self.next(what)?;
        match word {
            "-" => return Ok(None),
            "%" => return Ok(Some(Vec::new())),
            _ => {}
        }
        if word.len() > 2 * OWN_MAX_BYTES {
            return Err(Wrong::TooMany("bytes of own state"));
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(Wrong::Word(what));
        let bytes = word.as_bytes().chunks(2).map(|pair| match *pair {
            [high, low] => Ok((digit(high)? << 4 | digit(low)?) as u8),
            _ => Err(Wrong::Word(what)),
        });
        bytes.collect::<Result<_, _>>().map(Some)
    }
}
