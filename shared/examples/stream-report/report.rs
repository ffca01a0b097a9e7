//! What was found, as text.

use std::fmt::Write as _;
use std::time::Duration;

use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::snapshot::Part;
use tickwire_game::scene::{Kind, Schema};

use crate::Options;
use crate::measure::{Cost, Found};
use crate::technique::Technique;
use crate::work::Work;

const STRING: &str = "a String takes whatever it is given";

pub(crate) fn report(work: &Work, options: &Options, found: &Found) -> String {
    let mut text = String::new();
    put_work(&mut text, work, options);
    put_techniques(&mut text, work, found);
    put_stream(&mut text, work, found);
    if options.max_bytes >= SNAPSHOT_MAX_BYTES {
        // Only then does the tally say what was sent.
        put_parts(&mut text, work, found);
    } else {
        put_waits(&mut text, work, options.max_bytes, found);
    }
    put_memory(&mut text, work, found);
    put_floor(&mut text, found);
    text
}

fn put_work(text: &mut String, work: &Work, options: &Options) {
    let rate = work.tick_rate.hz();
    writeln!(
        text,
        "{}: {} viewers, {} snapshots at {rate}/s, {:.1} entities in view on average",
        options.file.display(),
        work.viewers.len(),
        work.viewers.iter().map(|viewer| viewer.looks.len()).sum::<usize>(),
        entities(work),
    )
    .expect(STRING);
}

/// In view, on average.
fn entities(work: &Work) -> f64 {
    let looks = || work.viewers.iter().flat_map(|viewer| &viewer.looks);
    let all: usize = looks().map(|look| look.visible.len()).sum();
    all as f64 / looks().count().max(1) as f64
}

/// What each idea saves.
fn put_techniques(text: &mut String, work: &Work, found: &Found) {
    writeln!(
        text,
        "\n{:<12} {:>10} {:>8} {:>11} {:>10}",
        "technique", "bytes", "of raw", "bits/entity", "encode ns"
    )
    .expect(STRING);
    let raw = found.techniques.first().map_or(1.0, |cost| mean(&cost.bytes));
    for cost in &found.techniques {
        let bytes = mean(&cost.bytes);
        writeln!(
            text,
            "{:<12} {bytes:>10.1} {:>7.1}% {:>11.2} {:>10}",
            cost.technique.name(),
            100.0 * bytes / raw,
            8.0 * bytes / entities(work),
            quantile(&cost.encode, 0.5).as_nanos(),
        )
        .expect(STRING);
    }
}

/// Whether it is one of the two ways of the stream itself.
fn is_stream(cost: &Cost) -> bool {
    !cost.decode.is_empty()
}

/// The two ways of the stream itself.
fn put_stream(text: &mut String, work: &Work, found: &Found) {
    writeln!(
        text,
        "\n{:<12} {:>8} {:>6} {:>6} {:>6} {:>6} {:>9} {:>9} {:>7}",
        "snapshot", "mean", "p50", "p95", "p99", "max", "keyframe", "on wire", "kbit/s"
    )
    .expect(STRING);
    for cost in found.techniques.iter().filter(|cost| is_stream(cost)) {
        let wire: Vec<usize> = cost.bytes.iter().map(|&bytes| bytes + head_bytes(bytes)).collect();
        let at = |q| quantile(&cost.bytes, q);
        writeln!(
            text,
            "{:<12} {:>8.1} {:>6} {:>6} {:>6} {:>6} {:>9.0} {:>9.1} {:>7.1}",
            cost.technique.name(),
            mean(&cost.bytes),
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0),
            mean(&cost.keyframe_bytes),
            mean(&wire),
            mean(&wire) * 8.0 * f64::from(work.tick_rate.hz()) / 1_000.0,
        )
        .expect(STRING);
    }
    writeln!(
        text,
        "\n{:<12} {:>11} {:>11} {:>11} {:>11}",
        "ns", "encode p50", "p99", "decode p50", "p99"
    )
    .expect(STRING);
    for cost in found.techniques.iter().filter(|cost| is_stream(cost)) {
        let at = |times: &[Duration], q| quantile(times, q).as_nanos();
        writeln!(
            text,
            "{:<12} {:>11} {:>11} {:>11} {:>11}",
            cost.technique.name(),
            at(&cost.encode, 0.5),
            at(&cost.encode, 0.99),
            at(&cost.decode, 0.5),
            at(&cost.decode, 0.99),
        )
        .expect(STRING);
    }
}

/// How many bytes the WebSocket puts before a message of the server.
fn head_bytes(message_bytes: usize) -> usize {
    match message_bytes {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    }
}

/// On what bits are spent, in the order of the stream.
fn put_parts(text: &mut String, work: &Work, found: &Found) {
    let streams: Vec<&Cost> = found.techniques.iter().filter(|cost| is_stream(cost)).collect();
    let mut parts: Vec<Part> = streams.iter().flat_map(|cost| cost.spent.keys()).copied().collect();
    parts.sort_unstable();
    parts.dedup();
    write!(text, "\n{:<24}", "bits per snapshot").expect(STRING);
    streams.iter().for_each(|cost| write!(text, "{:>14}", cost.technique.name()).expect(STRING));
    for part in parts {
        write!(text, "\n{:<24}", part_name(&work.schema, part)).expect(STRING);
        for cost in &streams {
            let by_256 = cost.spent.get(&part).copied().unwrap_or(0);
            let bits = by_256 as f64 / 256.0 / cost.bytes.len().max(1) as f64;
            write!(text, "{bits:>14.2}").expect(STRING);
        }
    }
    text.push('\n');
}

fn part_name(schema: &Schema, part: Part) -> String {
    let of = |kinds: &[Kind], kind: u8| kinds[usize::from(kind)].name.clone();
    let field = |kinds: &[Kind], kind: u8, field: u8| {
        let kind = &kinds[usize::from(kind)];
        format!("{}.{}", kind.name, kind.fields[usize::from(field)].name)
    };
    match part {
        Part::Head => "head".into(),
        Part::Own => "own state".into(),
        Part::Changes { kind } => format!("{}: which, gone", of(&schema.entities, kind)),
        Part::Field { kind, field: at } => field(&schema.entities, kind, at),
        Part::New { kind } => format!("new {}", of(&schema.entities, kind)),
        Part::NewField { kind, field: at } => {
            format!("new {}", field(&schema.entities, kind, at))
        }
        Part::Event { kind } => format!("event {}", of(&schema.events, kind)),
        Part::EventField { kind, field: at } => {
            format!("event {}", field(&schema.events, kind, at))
        }
    }
}

/// How long a budget kept viewers wrong.
fn put_waits(text: &mut String, work: &Work, max_bytes: usize, found: &Found) {
    let waits = &found.waits_ticks;
    let seconds = |q| f64::from(quantile(waits, q)) / f64::from(work.tick_rate.hz());
    writeln!(
        text,
        "\nwithin the budget {} times an entity was not as its viewer knew it: for {:.2} s (p50), \
         {:.2} s (p99), {:.2} s (max)",
        waits.len(),
        seconds(0.5),
        seconds(0.99),
        seconds(1.0),
    )
    .expect(STRING);
    for cost in found.techniques.iter().filter(|cost| is_stream(cost)) {
        let over = cost.bytes.iter().filter(|&&bytes| bytes > max_bytes).count();
        writeln!(text, "  {}: {over} snapshots above {max_bytes} bytes", cost.technique.name())
            .expect(STRING);
    }
}

/// What an encoder keeps for one viewer.
fn put_memory(text: &mut String, work: &Work, found: &Found) {
    let looks = work.viewers.iter().flat_map(|viewer| &viewer.looks);
    let most = looks.map(|look| look.visible.len()).max().unwrap_or(0);
    writeln!(text, "\nmemory of an encoder, with {most} entities in view at most").expect(STRING);
    for cost in found.techniques.iter().filter(|cost| is_stream(cost)) {
        writeln!(
            text,
            "  {}: {:.0} bytes on average, {} at most",
            cost.technique.name(),
            mean(&cost.memory_bytes),
            quantile(&cost.memory_bytes, 1.0),
        )
        .expect(STRING);
    }
}

/// Encoding beside what no server can do without.
fn put_floor(text: &mut String, found: &Found) {
    let floor = quantile(&found.floor, 0.5);
    if floor.is_zero() {
        return;
    }
    writeln!(
        text,
        "\nfloor: one 16-byte read and one 128-byte write take {} ns (p50), {} ns (p99)",
        floor.as_nanos(),
        quantile(&found.floor, 0.99).as_nanos(),
    )
    .expect(STRING);
    for cost in &found.techniques {
        if matches!(cost.technique, Technique::Predicted | Technique::RangeCoded) {
            let ratio = quantile(&cost.encode, 0.5).as_secs_f64() / floor.as_secs_f64();
            writeln!(text, "  {}: encoding is {ratio:.2} of it", cost.technique.name())
                .expect(STRING);
        }
    }
}

fn mean(sizes: &[usize]) -> f64 {
    sizes.iter().sum::<usize>() as f64 / sizes.len().max(1) as f64
}

/// The value below which part `q` of all lies; the default when there is none.
fn quantile<T: Copy + Default + Ord>(values: &[T], q: f64) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = (q * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}
