//! [`PageClient`]: one `shared::client` and the two buffers through which the page sees it.
//!
//! It turns calls into calls and results into bytes and numbers; it knows no game, draws
//! nothing, and keeps no time. Called by `exports` alone.

use std::time::Duration;

use shared::client::{Client, ClientError, Drawing, Greeting, Stage};
use shared::game::Game;
use shared::protocol::Role;

use crate::buffers::Buffers;
use crate::demo::Demo;
use crate::json::Json;
use crate::texts;

/// The client of one page.
pub(crate) struct PageClient<G: Game> {
    client: Option<Client<G>>,
    demo: Option<Demo<G>>,
    /// Why what came could not be taken; the client is of no use after that.
    fault: Option<ClientError>,
    drawing: Drawing,
    pub(crate) buffers: Buffers,
}

impl<G: Game> PageClient<G> {
    pub(crate) fn new() -> PageClient<G> {
        PageClient {
            client: None,
            demo: None,
            fault: None,
            drawing: Drawing::default(),
            buffers: Buffers::default(),
        }
    }

    pub(crate) fn open(&mut self, spectator: bool, name_len: usize, room_len: usize) {
        let name_end = name_len.min(self.buffers.bytes.len());
        let room_end = (name_end + room_len).min(self.buffers.bytes.len());
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let greeting = Greeting {
            name: text(&self.buffers.bytes[..name_end]),
            role: if spectator { Role::Spectator } else { Role::Player },
            room: (room_len > 0).then(|| text(&self.buffers.bytes[name_end..room_end])),
        };
        self.close();
        self.client = Some(Client::new(greeting));
    }

    pub(crate) fn open_demo(&mut self, now_ms: f64, seed: u32, players: u32) {
        self.buffers.scratch(0);
        self.open(true, 0, 0);
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
    }

    /// Takes the message in the first `len` bytes of scratch; gives the stage's number.
    pub(crate) fn receive(&mut self, now_ms: f64, len: usize) -> u32 {
        let len = len.min(self.buffers.bytes.len());
        take(&mut self.client, &mut self.fault, moment(now_ms), &self.buffers.bytes[..len]);
        self.stage_number()
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

    pub(crate) fn play(&mut self, now_ms: f64, input: G::Input) -> u32 {
        self.client.as_mut().map_or(0, |client| client.play(moment(now_ms), input))
    }

    pub(crate) fn due_ms(&self) -> f64 {
        let due = self.client.as_ref().and_then(Client::due_at);
        due.map_or(f64::INFINITY, |due| due.as_secs_f64() * 1e3)
    }

    pub(crate) fn outgoing(&mut self) -> u32 {
        let message = self.client.as_mut().and_then(Client::outgoing);
        self.buffers.say(message.unwrap_or_default())
    }

    pub(crate) fn leave(&mut self) {
        if let Some(client) = &mut self.client {
            client.leave();
        }
    }

    pub(crate) fn draw(&mut self, now_ms: f64, input: G::Input) -> u32 {
        self.buffers.numbers.clear();
        if let Some(client) = &mut self.client {
            client.draw(moment(now_ms), input, &mut self.drawing);
            self.buffers.numbers.push(self.drawing.tick);
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
        texts::state(&mut json, stage, self.client.as_ref(), self.fault.as_ref());
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

    pub(crate) fn roster_version(&self) -> u32 {
        let names = self.client.as_ref().and_then(Client::names);
        names.map_or(0, shared::client::Names::version)
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
    // After a fault the stream is lost: nothing that follows could be made sense of.
    if let (Some(client), None) = (client, &fault) {
        *fault = client.receive(now, message).err();
    }
}

/// A browser's clock in milliseconds; not-a-number and what lies before its start are its start.
fn moment(now_ms: f64) -> Duration {
    // A cast from float saturates, and takes not-a-number to 0.
    Duration::from_micros((now_ms * 1e3) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::played::{self, Played};

    fn text(page: &PageClient<Played>) -> String {
        String::from_utf8(page.buffers.bytes.clone()).unwrap()
    }

    #[test]
    fn the_demo_is_a_room_that_moves() {
        let mut page = PageClient::<Played>::new();
        page.open_demo(0.0, 1, 5);
        for frame in 0..60 {
            page.advance_demo(f64::from(frame) * 16.0);
        }
        page.state();
        let state = text(&page);
        assert!(state.contains("\"stage\":2") && state.contains("\"room\":\"demo\""), "{state}");
        page.schema();
        assert!(text(&page).contains("{\"name\":\"ship\",\"fields\":[\"x\",\"y\""));
        page.level(played::level);
        assert!(text(&page).starts_with("{\"walls\":[{\"x\":"));
        let count = page.draw(960.0, played::input(0, 0.0));
        let (mut at, mut rows) = (1, 0);
        while at < page.buffers.numbers.len() {
            at += 3 + page.buffers.numbers[at + 2] as usize;
            rows += 1;
        }
        assert_eq!(at, count as usize);
        assert!(rows >= 6, "the border and five ships: {rows}");
        assert!(page.events() > 0, "five ships appeared");
    }

    #[test]
    fn what_is_no_message_is_a_fault_and_no_panic() {
        let mut page = PageClient::<Played>::new();
        page.buffers.scratch(5).copy_from_slice(b"Ada!!");
        page.open(false, 3, 0);
        assert!(page.outgoing() > 0, "the hello");
        page.buffers.scratch(3).copy_from_slice(&[0x84, 0xff, 0xff]);
        assert_eq!(page.receive(f64::NAN, 3), 5);
        page.state();
        assert!(text(&page).contains("\"reason\":\"a message before the welcome out of place\""));
        assert_eq!(page.own(played::own), 0);
    }
}
