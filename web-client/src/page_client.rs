//! [`PageClient`]: one `tickwire_game::client`, the path to it, and the two buffers through which the page
//! sees it.
//!
//! It turns calls into calls and results into bytes and numbers; it knows no game, draws
//! nothing, and keeps no time. Called by `exports` alone.

use std::time::Duration;

use tickwire_game::client::{Client, ClientError, Drawing, Greeting, Stage};
use tickwire_game::game::Game;
use tickwire_game::limits::SCORES_FOR_ALL_MAX;
use tickwire_game::link::LinkSettings;
use tickwire_game::protocol::Role;

use crate::buffers::Buffers;
use crate::demo::Demo;
use crate::json::Json;
use crate::latch::{Latch, LatchBits};
use crate::path::{self, Path};
use crate::share::RecentShare;
use crate::texts;

/// The client of one page.
pub(crate) struct PageClient<G: Game> {
    client: Option<Client<G>>,
    demo: Option<Demo<G>>,
    /// Why what came could not be taken; the client is of no use after that.
    fault: Option<ClientError>,
    drawing: Drawing,
    /// Between the socket and the client.
    path: Path,
    /// Kept for the next client, too.
    shown: Shown,
    /// In how much of what was drawn of late the others had to be guessed.
    guessed: RecentShare,
    /// The latest moment that the client was told of: its time does not run back.
    called: Duration,
    pub(crate) buffers: Buffers,
    /// What is pressed, until a tick has taken it.
    pub(crate) latch: Latch,
}

/// What of the client's work is shown.
#[derive(Clone, Copy, Debug)]
struct Shown {
    prediction: bool,
    interpolation: bool,
}

impl<G: Game> PageClient<G> {
    /// `latched` says which of the page's buttons are kept until a tick has taken them.
    pub(crate) fn new(latched: LatchBits) -> PageClient<G> {
        PageClient {
            client: None,
            demo: None,
            fault: None,
            drawing: Drawing::default(),
            path: Path::default(),
            shown: Shown { prediction: true, interpolation: true },
            guessed: RecentShare::default(),
            called: Duration::ZERO,
            buffers: Buffers::default(),
            latch: Latch::new(latched),
        }
    }

    /// Opens anew; in scratch stand the name, the room, the ticket and the settings, of so many bytes.
    pub(crate) fn open(&mut self, now_ms: f64, spectator: bool, lens: [usize; 4]) {
        let mut rest = self.buffers.bytes.as_slice();
        let [name, room, ticket, settings] = lens.map(|len| {
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
        };
        self.close();
        self.path.restart(moment(now_ms));
        self.client = Some(Client::new(greeting));
        self.show(self.shown.prediction, self.shown.interpolation);
    }

    pub(crate) fn open_demo(&mut self, now_ms: f64, seed: u32, players: u32) {
        self.buffers.scratch(0);
        self.open(now_ms, true, [0; 4]);
        let demo = self.demo.insert(Demo::new(moment(now_ms), u64::from(seed), players));
        for message in demo.greet() {
            take(&mut self.client, &mut self.fault, moment(now_ms), &message);
        }
    }

    pub(crate) fn advance_demo(&mut self, now_ms: f64) {
        let Some(demo) = &mut self.demo else { return };
        while let Some((at, message)) = demo.next(moment(now_ms)) {
            take(&mut self.client, &mut self.fault, at, message);
        }
    }

    pub(crate) fn close(&mut self) {
        self.client = None;
        self.demo = None;
        self.fault = None;
        self.drawing.clear();
        self.guessed.clear();
        self.latch.clear();
    }

    /// Puts the path under other conditions; the next clients', too.
    pub(crate) fn set_path(&mut self, now_ms: f64, settings: LinkSettings) {
        self.path.change(moment(now_ms), settings);
    }

    /// Switches on or off what is shown of the client's work, the next clients', too.
    pub(crate) fn show(&mut self, prediction: bool, interpolation: bool) {
        self.shown = Shown { prediction, interpolation };
        if let Some(client) = &mut self.client {
            client.set_prediction(prediction);
            client.set_interpolation(interpolation);
        }
    }

    /// Puts the message in the first `len` bytes of scratch on the path.
    pub(crate) fn receive(&mut self, now_ms: f64, len: usize) {
        let len = len.min(self.buffers.bytes.len());
        self.path.down.send(moment(now_ms), self.buffers.bytes[..len].to_vec());
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

    /// Whether something from the server is under way.
    pub(crate) fn is_coming(&self) -> bool {
        self.path.down.next_arrival().is_some()
    }

    /// As `Stage` in `page/wasm.js` has them.
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

    /// Takes what has come and makes the ticks that are due, of what is held now and was held since
    /// the last of them; gives the stage's number. `input` is what the player means by some buttons.
    pub(crate) fn play(
        &mut self,
        now_ms: f64,
        buttons: u32,
        input: impl Fn(u32) -> G::Input,
    ) -> u32 {
        let now = moment(now_ms);
        self.take_come(now);
        let latch = &mut self.latch;
        latch.note(buttons);
        if let (Some(client), None) = (&mut self.client, &self.fault) {
            while let Some((late, rate)) = client.take_late().zip(client.tick_rate()) {
                latch.missed(late.tick, rate);
            }
            client.play_each(now, |tick| input(latch.take(tick)));
        }
        self.stage_number()
    }

    pub(crate) fn due_ms(&self) -> f64 {
        let client = self.client.as_ref().and_then(Client::due_at);
        let due = client.into_iter().chain(self.path.arrives_at()).min();
        due.map_or(f64::INFINITY, |due| due.as_secs_f64() * 1e3)
    }

    /// Takes the next message that has come out of the path to the server.
    pub(crate) fn outgoing(&mut self, now_ms: f64) -> u32 {
        let now = moment(now_ms);
        while let Some(message) = self.client.as_mut().and_then(Client::outgoing) {
            self.path.up.send(now, message);
        }
        let message = self.path.up.receive(now).map(|(_, message)| message);
        self.buffers.say(message.unwrap_or_default())
    }

    /// Queues a goodbye. Nobody is there any more to send what would come out of the path later.
    pub(crate) fn leave(&mut self, now_ms: f64) {
        if let Some(client) = &mut self.client {
            client.leave();
        }
        self.path.up.hurry(moment(now_ms));
    }

    pub(crate) fn draw(
        &mut self,
        now_ms: f64,
        buttons: u32,
        input: impl Fn(u32) -> G::Input,
    ) -> u32 {
        self.buffers.numbers.clear();
        self.latch.note(buttons);
        let input = input(self.latch.next());
        if let Some(client) = &mut self.client {
            let now = moment(now_ms);
            self.called = self.called.max(now);
            client.draw(now, input, &mut self.drawing);
            if let Some(is_guessed) = client.is_extrapolating(now) {
                self.guessed.note(now, is_guessed);
            }
            self.buffers.numbers.extend([self.drawing.tick, self.drawing.own_tick]);
            for row in self.drawing.iter() {
                let head = [row.entity.0, u32::from(row.kind), row.values.len() as u32];
                self.buffers.numbers.extend(head.map(f64::from));
                self.buffers.numbers.extend_from_slice(row.values);
            }
        }
        self.buffers.numbers_len()
    }

    pub(crate) fn events(&mut self) -> u32 {
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

    pub(crate) fn state(&mut self) -> u32 {
        let mut json = Json::default();
        let stage = self.stage_number();
        let guessed = self.guessed.percent();
        texts::state(&mut json, stage, self.client.as_ref(), self.fault.as_ref(), guessed);
        self.keep(json)
    }

    pub(crate) fn schema(&mut self) -> u32 {
        let mut json = Json::default();
        if let Some(schema) = self.client.as_ref().and_then(Client::schema) {
            texts::schema(&mut json, schema);
        }
        self.keep(json)
    }

    pub(crate) fn roster(&mut self) -> u32 {
        let mut json = Json::default();
        if let Some(names) = self.client.as_ref().and_then(Client::names) {
            texts::roster(&mut json, names);
        }
        self.keep(json)
    }

    pub(crate) fn level(&mut self, write: fn(&mut Json, &G::Level)) -> u32 {
        let mut json = Json::default();
        if let Some(level) = self.client.as_ref().and_then(Client::level) {
            write(&mut json, level);
        }
        self.keep(json)
    }

    pub(crate) fn level_numbers(&mut self, write: impl FnOnce(&G::Level, &mut Vec<f64>)) -> u32 {
        self.buffers.numbers.clear();
        if let Some(level) = self.client.as_ref().and_then(Client::level) {
            write(level, &mut self.buffers.numbers);
        }
        self.buffers.numbers_len()
    }

    pub(crate) fn own(&mut self, write: fn(&mut Json, &G::Own, &G::Level)) -> u32 {
        let mut json = Json::default();
        if let Some(client) = &self.client
            && let (Some(own), Some(level)) = (client.own(), client.level())
        {
            write(&mut json, own, level);
        }
        self.keep(json)
    }

    pub(crate) fn say(&mut self, write: fn(&mut Json)) -> u32 {
        let mut json = Json::default();
        write(&mut json);
        self.keep(json)
    }

    fn keep(&mut self, json: Json) -> u32 {
        self.buffers.say(json.into_bytes())
    }

    /// Asks for a page of the board, where not all is told without that: the first `rows` players.
    pub(crate) fn open_board(&mut self, rows: u32) {
        let Some(client) = &mut self.client else { return };
        let players = client.names().map_or(0, |names| names.iter().len());
        let is_told_all = players <= SCORES_FOR_ALL_MAX;
        let rows = u8::try_from(rows).unwrap_or(u8::MAX);
        client.open_board(0, if is_told_all { 0 } else { rows });
    }

    pub(crate) fn board(&mut self) -> u32 {
        let mut json = Json::default();
        if let Some(names) = self.client.as_ref().and_then(Client::names) {
            texts::board(&mut json, names);
        }
        self.keep(json)
    }

    pub(crate) fn roster_version(&self) -> u32 {
        let names = self.client.as_ref().and_then(Client::names);
        names.map_or(0, tickwire_game::client::Names::version)
    }

    pub(crate) fn notice(&mut self) -> u32 {
        let notice = self.client.as_mut().and_then(Client::next_notice);
        self.buffers.say(notice.unwrap_or_default().into_bytes())
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

/// What the page's sliders ask for, times in milliseconds.
pub(crate) fn path_settings(
    latency_ms: f64,
    jitter_ms: f64,
    stall_percent: f64,
    stall_ms: f64,
) -> LinkSettings {
    path::settings(moment(latency_ms), moment(jitter_ms), stall_percent, moment(stall_ms))
}

/// A browser's clock in milliseconds; not-a-number and what lies before its start are its start.
fn moment(now_ms: f64) -> Duration {
    // A cast from float saturates, and takes not-a-number to 0.
    Duration::from_micros((now_ms * 1e3) as u64)
}

#[cfg(test)]
mod tests {
    use tickwire_game::protocol::{End, Refusal, ServerMessage};

    use super::*;
    use crate::played::{self, Played};

    fn text(page: &PageClient<Played>) -> String {
        String::from_utf8(page.buffers.bytes.clone()).unwrap()
    }

    fn play(page: &mut PageClient<Played>, now_ms: f64) -> u32 {
        page.play(now_ms, 0, |buttons| played::input(buttons, 0.0))
    }

    /// Puts a message of the server's on the path.
    fn receive(page: &mut PageClient<Played>, now_ms: f64, message: &ServerMessage<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        page.buffers.scratch(bytes.len()).copy_from_slice(&bytes);
        page.receive(now_ms, bytes.len());
    }

    /// A page that has opened a connection over a line that is long.
    fn on_a_long_line() -> PageClient<Played> {
        let mut page = PageClient::new(played::LATCHED);
        page.set_path(0.0, path_settings(100.0, 0.0, 0.0, 0.0));
        page.open(0.0, false, [0; 4]);
        page
    }

    #[test]
    fn on_a_long_line_the_hello_leaves_late_and_the_refusal_is_seen_late() {
        let mut page = on_a_long_line();
        assert_eq!((page.outgoing(0.0), page.due_ms()), (0, 50.0));
        assert!(page.outgoing(50.0) > 0, "the hello");
        receive(&mut page, 60.0, &ServerMessage::Refused(Refusal::RoomFull));
        receive(&mut page, 60.0, &ServerMessage::Goodbye(End::Refused));
        assert_eq!((play(&mut page, 109.0), page.is_coming(), page.due_ms()), (1, true, 110.0));
        assert_eq!((play(&mut page, 110.0), page.is_coming()), (3, false));
        // The conditions are the next client's, too.
        page.open(200.0, false, [0; 4]);
        assert_eq!((page.outgoing(200.0), page.due_ms()), (0, 250.0));
    }

    #[test]
    fn who_leaves_over_a_long_line_says_goodbye_at_once() {
        let mut page = on_a_long_line();
        assert_eq!(page.outgoing(1.0), 0);
        page.leave(2.0);
        assert!(page.outgoing(2.0) > 1, "the hello");
        assert_eq!(page.outgoing(2.0), 1, "the goodbye");
        assert_eq!(page.outgoing(2.0), 0);
    }

    #[test]
    fn the_demo_is_a_room_that_moves() {
        let mut page = PageClient::<Played>::new(played::LATCHED);
        page.open_demo(0.0, 1, 5);
        for frame in 0..300 {
            page.advance_demo(f64::from(frame) * 16.0);
        }
        page.state();
        let state = text(&page);
        assert!(state.contains("\"stage\":2") && state.contains("\"room\":\"demo\""), "{state}");
        assert!(state.contains("\"time_scale\":1,"), "{state}");
        page.schema();
        assert!(text(&page).contains("{\"name\":\"ship\",\"fields\":[\"x\",\"y\""));
        page.level(played::level);
        assert!(text(&page).starts_with("{\"walls\":[{\"x\":"));
        let count = page.draw(4_800.0, 0, |buttons| played::input(buttons, 0.0));
        let (mut at, mut rows) = (2, 0);
        while at < page.buffers.numbers.len() {
            at += 3 + page.buffers.numbers[at + 2] as usize;
            rows += 1;
        }
        assert_eq!(at, count as usize);
        assert!(rows >= 7, "the border, the round and five ships: {rows}");
        assert!(page.events() > 0, "something happens");
    }

    #[test]
    fn what_is_no_message_is_a_fault_and_no_panic() {
        let mut page = PageClient::<Played>::new(played::LATCHED);
        page.buffers.scratch(5).copy_from_slice(b"Ada!!");
        page.open(0.0, false, [3, 0, 0, 0]);
        assert!(page.outgoing(0.0) > 0, "the hello");
        page.buffers.scratch(3).copy_from_slice(&[0x84, 0xff, 0xff]);
        page.receive(f64::NAN, 3);
        assert_eq!(play(&mut page, 0.0), 5, "a fault");
        page.state();
        assert!(text(&page).contains("\"reason\":\"a message before the welcome out of place\""));
        assert_eq!(page.own(played::own), 0);
    }
}
