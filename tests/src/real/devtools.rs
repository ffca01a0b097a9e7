//! The wire to a browser: Chromium's DevTools protocol or Firefox's WebDriver BiDi, one command after
//! another. Both are numbered commands in JSON over a WebSocket.
//!
//! Commands are answered in any order among events; whatever is not the answer waited for is
//! looked through for faults of the pages and dropped. Nothing is read between commands.

use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use super::GIVE_UP;

/// A connection to a running browser.
pub(super) struct Devtools {
    socket: WebSocket<TcpStream>,
    commands: u64,
    faults: Vec<Fault>,
}

/// Something that a page's console shows in red.
struct Fault {
    /// The page's session, or its context.
    session: String,
    text: String,
}

impl Devtools {
    /// Connects to the browser that listens on `port` of the loopback, at `path`.
    pub(super) fn connect(port: u16, path: &str) -> Devtools {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the browser listens");
        stream.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("the option is there");
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream)
            .unwrap_or_else(|error| panic!("the browser does not speak WebSocket: {error}"));
        Devtools { socket, commands: 0, faults: Vec::new() }
    }

    /// Gives a command, to one page's session or to the browser, and waits for its result.
    pub(super) fn command(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, String> {
        self.send(session, method, params)?;
        loop {
            let Some(mut answer) = self.read(method)? else { continue };
            if answer["id"] != json!(self.commands) {
                self.faults.extend(Fault::of(&answer));
            } else if answer["error"].is_null() {
                return Ok(answer["result"].take());
            } else {
                let why = answer["error"].get("message").unwrap_or(&answer["message"]);
                return Err(format!("{method}: {why}"));
            }
        }
    }

    /// Gives a command to a page's session that is answered by an event, if at all.
    pub(super) fn command_until(
        &mut self,
        session: &str,
        method: &str,
        event: &str,
    ) -> Result<(), String> {
        self.send(Some(session), method, json!({}))?;
        loop {
            let Some(message) = self.read(method)? else { continue };
            self.faults.extend(Fault::of(&message));
            if message["method"] == event && message["sessionId"] == session {
                return Ok(());
            }
        }
    }

    fn send(&mut self, session: Option<&str>, method: &str, params: Value) -> Result<(), String> {
        self.commands += 1;
        let mut command = json!({ "id": self.commands, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let sent = self.socket.send(Message::text(command.to_string()));
        sent.map_err(|error| format!("{method}: {error}"))
    }

    /// The next answer or event; `None` for what is neither.
    fn read(&mut self, method: &str) -> Result<Option<Value>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{method}: {error}");
        match self.socket.read().map_err(|error| failed(&error))? {
            Message::Text(text) => serde_json::from_str(&text).map_err(|error| failed(&error)),
            _ => Ok(None),
        }
    }

    /// Takes the faults that a page showed so far.
    pub(super) fn take_faults(&mut self, session: &str) -> Vec<String> {
        let (taken, kept) = std::mem::take(&mut self.faults)
            .into_iter()
            .partition(|fault: &Fault| fault.session == session);
        self.faults = kept;
        taken.into_iter().map(|fault| fault.text).collect()
    }
}

impl Fault {
    /// The fault that an event tells of, if it does.
    fn of(event: &Value) -> Option<Fault> {
        let params = &event["params"];
        if event["method"] == "log.entryAdded" {
            return Fault::of_log(params);
        }
        let text = match event["method"].as_str()? {
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                let what = details["exception"]["description"].as_str();
                format!("exception: {}", what.or(details["text"].as_str()).unwrap_or("?"))
            }
            "Log.entryAdded" if params["entry"]["level"] == "error" => {
                let entry = &params["entry"];
                format!("log: {} {}", entry["text"], entry["url"])
            }
            "Runtime.consoleAPICalled" if params["type"] == "error" => {
                format!("console: {}", params["args"])
            }
            "Inspector.targetCrashed" => "the page crashed".to_owned(),
            _ => return None,
        };
        Some(Fault { session: event["sessionId"].as_str()?.to_owned(), text })
    }
    /// The same of an entry of BiDi's log.
    fn of_log(entry: &Value) -> Option<Fault> {
        let text = entry["text"].as_str()?;
        let kind = match entry["type"].as_str()? {
            _ if entry["level"] != "error" => return None,
            // Firefox reports connections that fail in the way of exceptions.
            "javascript" if text.contains("ws://") || text.contains("wss://") => "log",
            "javascript" => "exception",
            _ => "console",
        };
        let session = entry["source"]["context"].as_str()?.to_owned();
        Some(Fault { session, text: format!("{kind}: {text}") })
    }
}
