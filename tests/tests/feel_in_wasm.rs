//! The page's client core feels what a native client feels: what one went through on virtual time
//! is put to the wasm once more, in an interpreter.

use std::time::Duration;

use serde_json::Value;
use skirmish_rules::{Input, Skirmish};
use tests::real::{Server, say};
use tickwire_test::{Logged, Path, Simulator};
use wasmi::{Engine, Instance, Linker, Memory, Module, Store, TypedFunc};

const SECOND: Duration = Duration::from_secs(1);

/// The client core of the page.
struct Core {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Core {
    fn new(wasm: &[u8]) -> Core {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm).expect("the page's wasm is valid");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine)
            .instantiate_and_start(&mut store, &module)
            .expect("the page's wasm imports nothing");
        let memory = instance.get_memory(&store, "memory").expect("it has a memory");
        let mut core = Core { store, instance, memory };
        let abi: u32 = core.call("tickwire_start", ());
        assert_eq!(abi, 4);
        core
    }

    fn call<P: wasmi::WasmParams, R: wasmi::WasmResults>(&mut self, name: &str, given: P) -> R {
        let function: TypedFunc<P, R> =
            self.instance.get_typed_func(&self.store, name).expect("the page calls it so");
        function.call(&mut self.store, given).expect("it does not trap")
    }

    fn put(&mut self, bytes: &[u8]) {
        let at: u32 = self.call("tickwire_scratch", bytes.len() as u32);
        self.memory.write(&mut self.store, at as usize, bytes).expect("there is room");
    }

    fn bytes(&mut self, length: u32) -> Vec<u8> {
        let at: u32 = self.call("tickwire_bytes", ());
        let mut bytes = vec![0; length as usize];
        self.memory.read(&self.store, at as usize, &mut bytes).expect("they are there");
        bytes
    }

    fn outgoing(&mut self, now: Duration) -> Option<Vec<u8>> {
        let length: u32 = self.call("tickwire_outgoing", ms(now));
        (length > 0).then(|| self.bytes(length))
    }

    fn open(&mut self, name: &str) {
        self.put(name.as_bytes());
        self.call::<_, ()>(
            "tickwire_open",
            (0.0_f64, 0_u32, name.len() as u32, 0_u32, 0_u32, 0_u32, 0_u32),
        );
    }

    fn receive(&mut self, now: Duration, message: &[u8]) {
        self.put(message);
        self.call::<_, ()>("tickwire_receive", (ms(now), message.len() as u32));
    }

    fn play(&mut self, now: Duration, input: Input) {
        if input == Input::default() {
            self.call::<_, ()>("tickwire_release", ());
        } else {
            let held = packed(&serde_json::to_value(input).expect("it is readable"));
            self.put(&held);
            let wrong: u32 = self.call("tickwire_hold", (held.len() as u32, 0_u32));
            assert_eq!(wrong, 0, "{input:?}");
        }
        let _: u32 = self.call("tickwire_play", ms(now));
    }

    fn numbers(&mut self, call: &str) -> Vec<f64> {
        let count: u32 = self.call(call, ());
        let at: u32 = self.call("tickwire_numbers", ());
        let mut bytes = vec![0; 8 * count as usize];
        self.memory.read(&self.store, at as usize, &mut bytes).expect("they are there");
        let number = |bytes: &[u8; 8]| f64::from_le_bytes(*bytes);
        bytes.as_chunks().0.iter().map(number).collect()
    }

    fn state(&mut self) -> Value {
        let length: u32 = self.call("tickwire_state", ());
        serde_json::from_slice(&self.bytes(length)).expect("the state is JSON")
    }
}

/// As `Packer` in `core.js` packs it.
fn packed(value: &Value) -> Vec<u8> {
    let counted = |tag: u8, count: usize| {
        let mut bytes = vec![tag];
        bytes.extend((count as u32).to_be_bytes());
        bytes
    };
    let text = |text: &str| [counted(0xdb, text.len()), text.into()].concat();
    match value {
        Value::Null => vec![0xc0],
        Value::Bool(flag) => vec![0xc2 + u8::from(*flag)],
        Value::Number(number) => {
            let number = number.as_f64().expect("it is JavaScript's");
            [vec![0xcb], number.to_be_bytes().into()].concat()
        }
        Value::String(string) => text(string),
        Value::Array(items) => {
            let items = items.iter().flat_map(packed);
            counted(0xdd, value.as_array().map_or(0, Vec::len)).into_iter().chain(items).collect()
        }
        Value::Object(fields) => {
            let packed = fields.iter().flat_map(|(key, value)| [text(key), packed(value)].concat());
            counted(0xdf, fields.len()).into_iter().chain(packed).collect()
        }
    }
}

/// As a browser tells the time: in milliseconds. A hair more, since the core cuts off what lies
/// below a microsecond.
fn ms(now: Duration) -> f64 {
    now.as_micros() as f64 / 1e3 + 1e-6
}

#[test]
fn a_minute_alone_in_wasm_is_the_same_minute_to_the_last_byte_without_a_correction() {
    let server = Server::start(&[]);
    let wasm = server.get("/tickwire.wasm").body;
    let mut world = Simulator::<Skirmish>::new(3);
    let player = world.join_bot(Path { one_way: SECOND / 50, ..Path::default() });
    world.record(player);
    world.run(3 * SECOND);
    let at_first = world.client(player).corrections();
    world.run(60 * SECOND);
    world.all_play();
    assert_eq!(world.client(player).corrections(), at_first, "none natively");
    let own_ship = world.client(player).own().expect("it plays").ship;
    let mut core = Core::new(&wasm);
    core.open(&world.client(player).greeting().name);
    let mut said = 0;
    for logged in world.take_log(player) {
        match logged {
            Logged::Received(now, message) => core.receive(now, &message),
            Logged::Played(now, input, sent) => {
                core.play(now, input);
                for bytes in sent {
                    assert_eq!(core.outgoing(now), Some(bytes), "{now:?}");
                    said += 1;
                }
                assert_eq!(core.outgoing(now), None, "{now:?}");
            }
        }
    }
    let state = core.state();
    say(&format!("{said} messages alike, {} corrections in wasm", state["corrections"]));
    assert_eq!(state["corrections"], at_first, "none in wasm");
    assert!(state["snapshots"].as_u64() > Some(1_800));

    let corrections = core.numbers("tickwire_corrections");
    assert_eq!(corrections.len() as u64, 6 * at_first, "each is taken once, with six numbers");
    assert_eq!(core.numbers("tickwire_corrections"), [0.0; 0], "and then no more");
    let rows = core.numbers("tickwire_server_rows");
    let tick = state["tick"].as_f64().expect("it has snapshots");
    assert_eq!(rows[..2], [tick; 2], "the newest snapshot, for the own ship, too");
    let own_head = [f64::from(own_ship.0), 0.0, 1.0];
    assert!(rows.windows(3).any(|head| head == own_head), "the own ship is marked: {rows:?}");
}
