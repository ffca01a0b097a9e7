//! Streams of snapshots as text (`.snapshots`), for decoders in any language to be tried against;
//! `tests/golden/README.md` describes it.
//!
//! It owns how the text is written, and while it writes holds both ends of each stream against each
//! other. It neither reads files nor knows which streams there are: tests call it.

use std::fmt::{Display, Write as _};

use tickwire_game::protocol::WIRE;
use tickwire_game::protocol::snapshot::{
    Codec, Coding, InputSource, Picture, Replay, SnapshotDecoder, SnapshotEncoder, SnapshotError,
};
use tickwire_game::scene::{RowRef, Schema};
use tickwire_game::tick::{Tick, TickRate};

const STRING: &str = "a String takes whatever it is given";

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect(STRING);
        text
    })
}

/// What [`hex`] made of them.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two digits")).collect()
}

/// Adds what stands before all streams to the end of `out`.
pub fn write_head(schema: &Schema, tick_rate: TickRate, out: &mut String) {
    let schema = bincode::encode_to_vec(schema, WIRE).expect("a schema encodes");
    writeln!(out, "snapshots 2\nrate {}\nschema {}", tick_rate.hz(), hex(&schema)).expect(STRING);
}

/// A stream under way, in one coding or both. What is known must not depend on that.
pub struct Stream {
    ends: Vec<Ends>,
}

/// Both ends of the stream in one coding.
struct Ends {
    codec: Codec,
    encoder: SnapshotEncoder,
    decoder: SnapshotDecoder,
    /// What was encoded last.
    body: Vec<u8>,
}

/// A client whose replay gives what was set beforehand, and which notes what it was to replay.
struct Foretold<'a> {
    own: Option<&'a [u8]>,
    sources: Vec<InputSource>,
}

impl Replay for Foretold<'_> {
    fn replay(&mut self, _: Tick, sources: &[InputSource], own: &mut Vec<u8>) {
        self.sources.extend_from_slice(sources);
        if let Some(foretold) = self.own {
            own.clear();
            own.extend_from_slice(foretold);
        }
    }
}

impl Stream {
    /// Begins a stream of this name, in the codings of `codecs`.
    pub fn begin(name: impl Display, codecs: Vec<Codec>, out: &mut String) -> Stream {
        writeln!(out, "stream {name}").expect(STRING);
        let ends = |codec| Ends {
            codec,
            encoder: SnapshotEncoder::new(),
            decoder: SnapshotDecoder::new(),
            body: Vec::new(),
        };
        Stream { ends: codecs.into_iter().map(ends).collect() }
    }

    /// Makes the next snapshot a keyframe.
    pub fn restart(&mut self) {
        self.ends.iter_mut().for_each(|end| end.encoder.restart());
    }

    /// What the viewer knows, in the first of the codings.
    #[must_use]
    pub fn decoder(&self) -> &SnapshotDecoder {
        &self.ends[0].decoder
    }

    /// Adds the next snapshot, and what its viewer knows by it, to the end of `out`.
    pub fn tell(&mut self, picture: &Picture<'_>, out: &mut String) {
        for end in &mut self.ends {
            end.body.clear();
            end.encoder.encode(&end.codec, picture, &mut end.body);
        }
        let foretold = picture.player.and_then(|player| player.replayed);
        let mut known: Option<String> = None;
        for end in &mut self.ends {
            let lines = decode(&end.codec, &mut end.decoder, &end.body, foretold)
                .expect("what was encoded decodes");
            assert_eq!(end.decoder.mirror(), end.encoder.mirror());
            assert_eq!(known.get_or_insert_with(|| lines.clone()), &lines);
        }
        self.write(&known.unwrap_or_default(), foretold, out);
    }

    /// Adds a body in the place of the next snapshot of a stream in one coding: with what the
    /// viewer knows by it if it decodes, else as one that is to be refused. Gives whether it
    /// decodes: then the stream is over, for its encoder knows nothing of it.
    pub fn tell_wrong(&mut self, body: &[u8], foretold: Option<&[u8]>, out: &mut String) -> bool {
        let known = self.try_wrong(body, foretold);
        self.write(known.as_deref().unwrap_or("refused\n"), foretold, out);
        known.is_ok()
    }

    /// Adds a body that is to be refused for a reason.
    ///
    /// # Panics
    /// When it is not, or for another reason.
    pub fn tell_refused(&mut self, body: &[u8], reason: &str, out: &mut String) {
        let error = self.try_wrong(body, None).expect_err("it is to be refused");
        assert_eq!(reason_of(error), reason, "{}", hex(body));
        self.write(&format!("refused {reason}\n"), None, out);
    }

    fn try_wrong(&mut self, body: &[u8], foretold: Option<&[u8]>) -> Result<String, SnapshotError> {
        let [end] = &mut self.ends[..] else { panic!("a body is of one coding") };
        end.body = body.to_vec();
        decode(&end.codec, &mut end.decoder.clone(), body, foretold)
    }

    /// The last body of the first of the codings.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.ends[0].body
    }

    fn write(&self, known: &str, foretold: Option<&[u8]>, out: &mut String) {
        let (head, lines) = known.split_once('\n').expect("a head is a line");
        writeln!(out, "{head}").expect(STRING);
        for end in &self.ends {
            let coding = match end.codec.coding() {
                Coding::Plain => "plain",
                Coding::Range => "range",
            };
            writeln!(out, "{coding} {}", hex(&end.body)).expect(STRING);
        }
        if let Some(foretold) = foretold {
            writeln!(out, "replayed {}", word(Some(foretold))).expect(STRING);
        }
        out.push_str(lines);
    }
}

/// As the document's last table has it.
fn reason_of(error: SnapshotError) -> &'static str {
    match error {
        SnapshotError::Short => "too short",
        SnapshotError::LeftOver => "left over",
        SnapshotError::NoKeyframe => "no keyframe",
        SnapshotError::Tick => "tick",
        SnapshotError::Number => "number",
        SnapshotError::TooMany(_) => "too many",
        SnapshotError::Kind(_) => "kind",
        SnapshotError::Range => "range",
        SnapshotError::Twice => "twice",
    }
}

/// What is known by a body, as the lines of a step.
fn decode(
    codec: &Codec,
    decoder: &mut SnapshotDecoder,
    body: &[u8],
    foretold: Option<&[u8]>,
) -> Result<String, SnapshotError> {
    let mut replay = Foretold { own: foretold, sources: Vec::new() };
    let snapshot = decoder.decode(codec, body, &mut replay)?;
    let mut lines = format!("tick {}", snapshot.tick);
    lines.push_str(if snapshot.keyframe { " keyframe\n" } else { "\n" });
    if let Some((_, margin_ticks)) = snapshot.player {
        lines.push_str("given");
        for source in replay.sources {
            lines.push_str(match source {
                InputSource::Received => " received",
                InputSource::Repeated => " repeated",
                InputSource::Missing => " absent",
            });
        }
        let own = word(decoder.mirror().own());
        writeln!(lines, "\nmargin {margin_ticks}\nown {own}").expect(STRING);
    }
    for row in decoder.mirror().rows().iter() {
        write!(lines, "row {}", row.entity.0).expect(STRING);
        write_values(row, &mut lines);
    }
    for (tick, event) in decoder.events() {
        write!(lines, "event {tick}").expect(STRING);
        write_values(event, &mut lines);
    }
    Ok(lines)
}

fn write_values(row: RowRef<'_>, out: &mut String) {
    write!(out, " {}", row.kind).expect(STRING);
    row.values.iter().for_each(|value| write!(out, " {value}").expect(STRING));
    out.push('\n');
}

fn word(own: Option<&[u8]>) -> String {
    match own {
        None => "-".to_owned(),
        // A word must have a letter.
        Some([]) => "%".to_owned(),
        Some(bytes) => hex(bytes),
    }
}
