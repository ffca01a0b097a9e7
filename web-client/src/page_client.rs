//! [`PageClient`]: one `tickwire_game::client`, the path to it, and the two buffers through which the page
//! sees it.
//!
//! It turns calls into calls and results into bytes and numbers; it knows no game, draws
//! nothing, and keeps no time. Called by `exports` alone, as a [`Page`].

use std::marker::PhantomData;
use std::time::Duration;

use tickwire_game::client::{Client, ClientError, Correction, Drawing, Greeting, Names, Stage};
use tickwire_game::game::Game;
use tickwire_game::limits::SCORES_FOR_ALL_MAX;
use tickwire_game::link::LinkSettings;
use tickwire_game::protocol::{ResumeToken, Role};

use crate::buffers::Buffers;
use crate::demo::Demo;
use crate::held_keys::{self, HeldKeys};
use crate::input::HeldInput;
use crate::json::Json;
use crate::page::Page;
use crate::path::{PagePath, moment};
use crate::share::RecentShare;
use crate::texts;
use crate::value::{Value, ValueError};
use crate::view::View;

/// A trial has at most so many players: more than any room.
const TRIAL_PLAYERS_MAX: u32 = 4_096;

/// The client of one page.
pub(crate) struct PageClient<G: Game, V> {
    client: Option<Client<G>>,
    demo: Option<Demo<G>>,
    /// Why what came could not be taken; the client is of no use after that.
    fault: Option<ClientError>,
    drawing: Drawing,
    /// The newest snapshot, apart from what is drawn; empty until it is asked for.
    newest: Drawing,
    /// Between the socket and the client.
    path: PagePath,
    /// Kept for the next client, too.
    shown: Shown,
    /// Part of the recent frames in which others were extrapolated.
    guessed: RecentShare,
    /// The latest moment that the client was called with: its time does not run back.
    called: Duration,
    buffers: Buffers,
    /// Whether the next client replays its own state.
    replays: bool,
    /// What is held and pressed, the next clients', too.
    input: HeldInput<G>,
    /// The same on a generic page; absent on others.
    keys: Option<HeldKeys>,
    own: OwnShape,
    view: PhantomData<V>,
}

/// What is known of the own state's shape.
#[derive(Default)]
struct OwnShape {
    hash: u64,
    /// Rises whenever that changed.
    version: u32,
    /// What was asked for last.
    value: Option<Value>,
}

/// What of the client's work is shown.
#[derive(Clone, Copy, Debug)]
struct Shown {
    prediction: bool,
    interpolation: bool,
}

impl<G: Game, V: View<G>> PageClient<G, V> {
    pub(crate) fn new() -> PageClient<G, V> {
        PageClient {
            client: None,
            demo: None,
            fault: None,
            drawing: Drawing::default(),
            newest: Drawing::default(),
            path: PagePath::default(),
            shown: Shown { prediction: true, interpolation: true },
            guessed: RecentShare::default(),
            called: Duration::ZERO,
            buffers: Buffers::default(),
            replays: true,
            input: HeldInput::new(),
            keys: None,
            own: OwnShape::default(),
            view: PhantomData,
        }
    }

    fn close(&mut self) {
        self.client = None;
        self.demo = None;
        self.fault = None;
        self.drawing.clear();
        self.guessed.clear();
        self.input.restart();
        if let Some(keys) = &mut self.keys {
            keys.restart();
        }
    }

    /// Takes what has come out of the path by `now`, each at its moment: how often the page looks
    /// must not make a path more uneven than it is.
    fn take_come(&mut self, now: Duration) {
        while let Some((at, message)) = self.path.down.receive(now) {
            let at = at.max(self.called).min(now);
            take(&mut self.client, &mut self.fault, at, &message);
        }
        self.called = self.called.max(now);
    }

    /// As `Stage` in `build/kit/core.js` has them.
    fn stage_number(&self) -> u32 {
        if self.fault.is_some() {
            return 5;
        }
        match self.client.as_ref().map(Client::stage) {
            None => 0,
            Some(Stage::Greeting) => 1,
            Some(Stage::Playing) => 2,
            Some(Stage::Refused(_)) => 3,
            Some(Stage::Ended(_)) => 4,
        }
    }

    fn keep(&mut self, json: Json) -> u32 {
        self.buffers.say(json.into_bytes())
    }

    /// Keeps a value as JSON; nothing when there is none.
    fn keep_value(&mut self, value: Option<Value>) -> u32 {
        let mut json = Json::default();
        if let Some(value) = value {
            value.write(&mut json);
        }
        self.keep(json)
    }

    /// Keeps what `write` says of something known; nothing when it is not.
    fn keep_if<T: ?Sized>(
        &mut self,
        known: impl FnOnce(&Client<G>) -> Option<&T>,
        write: fn(&mut Json, &T),
    ) -> u32 {
        let mut json = Json::default();
        if let Some(known) = self.client.as_ref().and_then(known) {
            write(&mut json, known);
        }
        self.keep(json)
    }

    /// Gives how long what is wrong is, as text; 0 if nothing is.
    fn complain(&mut self, taken: Result<(), ValueError>) -> u32 {
        let wrong = taken.err().map(|error| error.to_string());
        self.buffers.say(wrong.unwrap_or_default().into_bytes())
    }
}

impl<G: Game, V: View<G>> Page for PageClient<G, V> {
    fn buffers(&mut self) -> &mut Buffers {
        &mut self.buffers
    }

    fn open(&mut self, now_ms: f64, spectator: bool, lens: [usize; 5]) {
        let mut rest = self.buffers.bytes.as_slice();
        let [name, room, ticket, settings, resume] = lens.map(|len| {
            let (text, after) = rest.split_at(len.min(rest.len()));
            rest = after;
            String::from_utf8_lossy(text).into_owned()
        });
        let said = |text: String| (!text.is_empty()).then_some(text);
        let greeting = Greeting {
            name,
            role: if spectator { Role::Spectator } else { Role::Player },
            room: said(room),
            ticket: said(ticket),
            settings: said(settings),
            resume: ResumeToken::from_hex(&resume),
        };
        self.close();
        self.path.restart(moment(now_ms));
        self.client = Some(match self.replays {
            true => Client::new(greeting),
            false => Client::without_replay(greeting),
        });
        self.show(self.shown.prediction, self.shown.interpolation);
    }

    fn set_replays(&mut self, replays: bool) {
        self.replays = replays;
    }

    fn open_demo(&mut self, now_ms: f64, seed: u32, players: u32, ahead_s: f64) {
        self.buffers.scratch(0);
        self.open(now_ms, true, [0; 5]);
        let demo = Demo::new(moment(now_ms), u64::from(seed), players, ahead_s);
        let demo = self.demo.insert(demo);
        for message in demo.greet() {
            take(&mut self.client, &mut self.fault, moment(now_ms), &message);
        }
    }

    fn play_demo_ahead(&mut self, steps: u32) -> u32 {
        self.demo.as_mut().map_or(0, |demo| demo.play_ahead(steps))
    }

    fn advance_demo(&mut self, now_ms: f64) {
        let Some(demo) = &mut self.demo else { return };
        while let Some((at, message)) = demo.next(moment(now_ms)) {
            take(&mut self.client, &mut self.fault, at, message);
        }
    }

    fn set_path(&mut self, now_ms: f64, settings: LinkSettings) {
        self.path.change(moment(now_ms), settings);
    }

    fn show(&mut self, prediction: bool, interpolation: bool) {
        self.shown = Shown { prediction, interpolation };
        if let Some(client) = &mut self.client {
            client.set_prediction(prediction);
            client.set_interpolation(interpolation);
        }
    }

    fn receive(&mut self, now_ms: f64, len: usize) {
        let len = len.min(self.buffers.bytes.len());
        self.path.down.send(moment(now_ms), self.buffers.bytes[..len].to_vec());
    }

    fn is_coming(&self) -> bool {
        self.path.down.next_arrival().is_some()
    }

    fn hold(&mut self, held_len: usize, stick_len: usize) -> u32 {
        let given = std::mem::take(&mut self.buffers.bytes);
        let (held, rest) = given.split_at(held_len.min(given.len()));
        let taken = self.input.hold(held, &rest[..stick_len.min(rest.len())]);
        self.complain(taken)
    }

    fn press(&mut self, len: usize) -> u32 {
        let given = std::mem::take(&mut self.buffers.bytes);
        let taken = self.input.press(&given[..len.min(given.len())]);
        self.complain(taken)
    }

    fn release(&mut self) {
        self.input.release();
        if let Some(keys) = &mut self.keys {
            keys.release();
        }
    }

    fn keys(&self) -> u32 {
        held_keys::used::<G>()
    }

    fn hold_keys(&mut self, keys: u32, stick: u32) {
        self.keys.get_or_insert_with(HeldKeys::new).hold(keys, stick);
    }

    fn point(&mut self, x: f64, y: f64, aim: f64) {
        self.keys.get_or_insert_with(HeldKeys::new).point(x, y, aim);
    }

    fn play(&mut self, now_ms: f64) -> u32 {
        let now = moment(now_ms);
        self.take_come(now);
        let (input, keys) = (&mut self.input, &mut self.keys);
        if let (Some(client), None) = (&mut self.client, &self.fault) {
            while let Some((late, rate)) = client.take_late().zip(client.tick_rate()) {
                match keys {
                    Some(keys) => keys.missed(late.tick, rate),
                    None => input.missed(late.tick, rate),
                }
            }
            client.play_each(now, |tick| match keys {
                Some(keys) => keys.take::<G>(tick),
                None => input.take(tick),
            });
        }
        self.stage_number()
    }

    fn due_ms(&self) -> f64 {
        let client = self.client.as_ref().and_then(Client::due_at);
        let due = client.into_iter().chain(self.path.arrives_at()).min();
        due.map_or(f64::INFINITY, |due| due.as_secs_f64() * 1e3)
    }

    /// Takes the next message that has come out of the path to the server.
    fn outgoing(&mut self, now_ms: f64) -> u32 {
        let now = moment(now_ms);
        while let Some(message) = self.client.as_mut().and_then(Client::outgoing) {
            self.path.up.send(now, message);
        }
        let message = self.path.up.receive(now).map(|(_, message)| message);
        self.buffers.say(message.unwrap_or_default())
    }

    /// Queues a goodbye. Nobody is there any more to send what would come out of the path later.
    fn leave(&mut self, now_ms: f64) {
        if let Some(client) = &mut self.client {
            client.leave();
        }
        self.path.up.hurry(moment(now_ms));
    }

    fn draw(&mut self, now_ms: f64) -> u32 {
        self.buffers.numbers.clear();
        let input = match &self.keys {
            Some(keys) => keys.next::<G>(),
            None => self.input.next(),
        };
        if let Some(client) = &mut self.client {
            let now = moment(now_ms);
            self.called = self.called.max(now);
            client.draw(now, input, &mut self.drawing);
            if let Some(is_guessed) = client.is_extrapolating(now) {
                self.guessed.note(now, is_guessed);
            }
            push_drawing(&mut self.buffers.numbers, &self.drawing);
        }
        self.buffers.numbers_len()
    }

    fn server_rows(&mut self) -> u32 {
        self.buffers.numbers.clear();
        if let Some(client) = &mut self.client
            && client.draw_authoritative(&mut self.newest)
        {
            push_drawing(&mut self.buffers.numbers, &self.newest);
        }
        self.buffers.numbers_len()
    }

    fn corrections(&mut self) -> u32 {
        self.buffers.numbers.clear();
        let Some(client) = &mut self.client else { return 0 };
        while let Some(Correction { tick, units, places }) = client.take_correction() {
            let [from, to] = places.unwrap_or([[f64::NAN; 2]; 2]);
            let numbers = [tick.0.into(), units, from[0], from[1], to[0], to[1]];
            self.buffers.numbers.extend(numbers);
        }
        self.buffers.numbers_len()
    }

    fn events(&mut self) -> u32 {
        self.buffers.numbers.clear();
        let Some(client) = &mut self.client else { return 0 };
        let Some(schema) = client.schema().cloned() else { return 0 };
        let numbers = &mut self.buffers.numbers;
        while client.next_event(|tick, event| {
            let fields = &schema.events[usize::from(event.kind)].fields;
            numbers.extend([tick.0, u32::from(event.kind), fields.len() as u32].map(f64::from));
            let steps = event.values.iter();
            numbers.extend(fields.iter().zip(steps).map(|(field, &step)| field.value(step)));
        }) {}
        self.buffers.numbers_len()
    }

    fn state(&mut self) -> u32 {
        let mut json = Json::default();
        let stage = self.stage_number();
        let guessed = self.guessed.percent();
        texts::state(&mut json, stage, self.client.as_ref(), self.fault.as_ref(), guessed);
        self.keep(json)
    }

    fn resume_token(&mut self) -> u32 {
        let token = self.client.as_ref().and_then(Client::resume_token).map(ResumeToken::to_hex);
        self.buffers.say(token.unwrap_or_default().into_bytes())
    }

    fn closes_at_ms(&self) -> f64 {
        let at = self.client.as_ref().and_then(Client::closes_at);
        at.map_or(f64::INFINITY, |at| at.as_secs_f64() * 1e3)
    }

    fn schema(&mut self) -> u32 {
        self.keep_if(Client::schema, texts::whole_schema)
    }

    fn roster(&mut self) -> u32 {
        self.keep_if(Client::names, texts::roster)
    }

    fn roster_version(&self) -> u32 {
        self.client.as_ref().and_then(Client::names).map_or(0, Names::version)
    }

    /// Asks for a page of the board, in rooms where not all scores are sent without that: the first
    /// `rows` players.
    fn open_board(&mut self, rows: u32) {
        let Some(client) = &mut self.client else { return };
        let players = client.names().map_or(0, |names| names.iter().len());
        let is_told_all = players <= SCORES_FOR_ALL_MAX;
        let rows = u8::try_from(rows).unwrap_or(u8::MAX);
        client.open_board(0, if is_told_all { 0 } else { rows });
    }

    fn board(&mut self) -> u32 {
        self.keep_if(Client::names, texts::board)
    }

    fn notice(&mut self) -> u32 {
        let notice = self.client.as_mut().and_then(Client::next_notice);
        self.buffers.say(notice.unwrap_or_default().into_bytes())
    }

    fn measures(&mut self) -> u32 {
        self.keep_value(Some(Value::of(&V::measures())))
    }

    fn own(&mut self) -> u32 {
        self.buffers.numbers.clear();
        let client = self.client.as_ref();
        let seen = client.and_then(|client| Some((client.own()?, client.level()?)));
        self.own.value = seen.map(|(own, level)| Value::of(&V::own(own, level)));
        let Some(value) = &self.own.value else { return 0 };
        self.buffers.numbers.push(0.0);
        let hash = value.leaves(&mut self.buffers.numbers);
        if self.own.version == 0 || hash != self.own.hash {
            self.own.hash = hash;
            self.own.version += 1;
        }
        self.buffers.numbers[0] = self.own.version.into();
        self.buffers.numbers_len()
    }

    fn own_template(&mut self) -> u32 {
        let mut json = Json::default();
        if let Some(value) = &self.own.value {
            value.write_template(&mut json);
        }
        self.keep(json)
    }

    fn level(&mut self) -> u32 {
        let level = self.client.as_ref().and_then(Client::level);
        let seen = level.map(|level| Value::of(&V::level(level)));
        self.keep_value(seen)
    }

    fn settings(&mut self) -> u32 {
        let settings = self.client.as_ref().and_then(Client::settings).map(Value::of);
        self.keep_value(settings)
    }

    fn moving(&mut self, tick: f64) -> u32 {
        self.buffers.numbers.clear();
        if let Some(level) = self.client.as_ref().and_then(Client::level) {
            V::moving(tick, level, &mut self.buffers.numbers);
        }
        self.buffers.numbers_len()
    }

    fn trial(&self, seed: u64, players: u32, ticks: u32) -> u64 {
        let players = players.min(TRIAL_PLAYERS_MAX) as u16;
        tickwire_game::simulation::trial::<G>(seed, players, ticks, |_, _| {})
    }
}

/// Its two moments, then its rows.
fn push_drawing(numbers: &mut Vec<f64>, drawing: &Drawing) {
    numbers.extend([drawing.tick, drawing.own_tick]);
    for row in drawing.iter() {
        let head = [row.entity.0, u32::from(row.kind), u32::from(row.own)];
        numbers.extend(head.map(f64::from));
        numbers.extend_from_slice(row.values);
    }
}

fn take<G: Game>(
    client: &mut Option<Client<G>>,
    fault: &mut Option<ClientError>,
    now: Duration,
    message: &[u8],
) {
    // After a fault the stream is lost: nothing that follows could be made sense of. And of two
    // ends that come together the page is to learn the first, which says more.
    if let (Some(client), None) = (client, &fault)
        && matches!(client.stage(), Stage::Greeting | Stage::Playing)
    {
        *fault = client.receive(now, message).err();
    }
}

#[cfg(test)]
mod tests;
