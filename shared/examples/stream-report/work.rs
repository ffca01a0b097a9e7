//! The recording as pictures: what each viewer is to be sent at each tick.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use tickwire_game::ids::PlayerId;
use tickwire_game::limits::{SNAPSHOT_EVENTS_MAX, SNAPSHOT_INPUTS_MAX};
use tickwire_game::protocol::snapshot::{Codec, Coding, InputSource, Picture, PlayerPart};
use tickwire_game::recording::{Reader, RecordedOwn, RecordedTick};
use tickwire_game::scene::{RowRef, Schema, View};
use tickwire_game::tick::{Tick, TickRate};

/// A recording and what each viewer may know of it.
pub(crate) struct Work {
    pub(crate) schema: Schema,
    pub(crate) tick_rate: TickRate,
    ticks: Vec<RecordedTick>,
    pub(crate) viewers: Vec<Viewer>,
}

/// One viewer at all the ticks at which it was recorded.
pub(crate) struct Viewer {
    /// `None` for one that sees everything.
    player: Option<PlayerId>,
    pub(crate) looks: Vec<Look>,
}

/// What a viewer may know at one tick.
pub(crate) struct Look {
    /// Which of the recorded ticks.
    at: usize,
    pub(crate) visible: Vec<u32>,
    events: Vec<u32>,
    focus: Option<[f64; 2]>,
    own: Option<RecordedOwn>,
    /// For each tick since the look before; of those between the two nothing else is known.
    sources: Vec<InputSource>,
}

impl Work {
    pub(crate) fn read(file: &Path) -> Result<Work, Box<dyn Error>> {
        let mut reader = Reader::new();
        let mut ticks = Vec::new();
        for line in BufReader::new(File::open(file)?).lines() {
            ticks.extend(reader.line(&line?)?);
        }
        ticks.extend(reader.finish()?);
        if ticks.len() < 2 {
            return Err("fewer than two ticks".into());
        }
        let tick_rate = reader.tick_rate().ok_or("no tick rate")?;
        let mut work =
            Work { schema: reader.schema().clone(), tick_rate, ticks, viewers: Vec::new() };
        work.look();
        Ok(work)
    }

    /// Finds out who may know what.
    fn look(&mut self) {
        let in_recording = self.ticks.iter().flat_map(|tick| &tick.viewers);
        let mut players: Vec<_> = in_recording.map(|viewer| Some(viewer.player)).collect();
        players.sort_unstable();
        players.dedup();
        if players.is_empty() {
            players.push(None);
        }
        let viewer = |player| {
            let ticks = self.ticks.iter().enumerate();
            let looks = ticks.filter_map(|(at, tick)| look(&self.schema, tick, at, player));
            let mut looks: Vec<Look> = looks.collect();
            let tick_of = |look: &Look| self.ticks[look.at].scene.tick().0;
            for at in 1..looks.len() {
                let passed = tick_of(&looks[at]) - tick_of(&looks[at - 1]);
                let source = looks[at].sources[0];
                looks[at]
                    .sources
                    .resize(passed.min(SNAPSHOT_INPUTS_MAX as u32).max(1) as usize, source);
            }
            Viewer { player, looks }
        };
        self.viewers = players.into_iter().map(viewer).collect();
    }

    pub(crate) fn codec(&self, coding: Coding) -> Result<Codec, Box<dyn Error>> {
        Ok(Codec::new(self.schema.clone(), self.tick_rate, coding)?)
    }

    /// The events that a look holds.
    pub(crate) fn events<'a>(&'a self, look: &Look, events: &mut Vec<(Tick, RowRef<'a>)>) {
        let scene = &self.ticks[look.at].scene;
        let event = |&index: &u32| (scene.tick(), scene.events().row(index as usize));
        events.extend(look.events.iter().map(event));
    }

    /// The picture of a look, with its events.
    pub(crate) fn picture<'a>(
        &'a self,
        viewer: &Viewer,
        look: &'a Look,
        events: &'a [(Tick, RowRef<'a>)],
        max_bytes: usize,
    ) -> Picture<'a> {
        let scene = &self.ticks[look.at].scene;
        let own = look.own.as_ref();
        let player = viewer.player.map(|_| PlayerPart {
            sources: &look.sources,
            margin_ticks: own.map_or(0, |own| own.margin_ticks),
            own: own.and_then(|own| own.own.as_deref()),
            replayed: look.replayed(),
        });
        Picture {
            tick: scene.tick(),
            player,
            rows: scene.rows(),
            visible: &look.visible,
            events,
            focus: look.focus,
            max_bytes,
        }
    }
}

impl Look {
    /// What the client made of its own state, if it has any.
    pub(crate) fn replayed(&self) -> Option<&[u8]> {
        self.own.as_ref()?.replayed.as_deref()
    }
}

fn look(schema: &Schema, tick: &RecordedTick, at: usize, player: Option<PlayerId>) -> Option<Look> {
    let (view, own) = match player {
        None => (&View::Everything, None),
        Some(player) => {
            let viewer = tick.viewers.iter().find(|viewer| viewer.player == player)?;
            (&viewer.view, viewer.own.clone())
        }
    };
    let scene = &tick.scene;
    let rows = 0..scene.rows().len() as u32;
    let visible = rows.filter(|&i| scene.may_know_row(schema, i as usize, player, view));
    let events = 0..scene.events().len() as u32;
    let events = events.filter(|&i| scene.may_know_event(schema, i as usize, player, view));
    let focus = match view {
        View::Everything => None,
        View::Rect { min, max } => {
            Some([0, 1].map(|i| (f64::from(min[i]) + f64::from(max[i])) / 2.0))
        }
    };
    Some(Look {
        at,
        visible: visible.collect(),
        events: events.take(SNAPSHOT_EVENTS_MAX).collect(),
        focus,
        sources: vec![own.as_ref().map_or(InputSource::Missing, |own| own.source)],
        own,
    })
}
