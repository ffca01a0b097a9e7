//! The probes of monitoring and of load balancers: `/healthz`, whether the server works, and `/readyz`,
//! whether it takes newcomers.
//!
//! The admin listener says more than the public one, which strangers may ask: what a panic said is not for
//! them, nor which parts are well, nor that memory is what the server lacks.

use std::sync::Arc;

use serde_json::{Value, json};
use tickwire_game::protocol::JoinError;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::time::Instant;

use crate::edge::peer::Listener;
use crate::limits::READINESS_AGE_MAX;
use crate::lobby_task::{LobbyRequest, LobbySender};
use crate::ops::health::{Health, PartHealth};
use crate::ops::memory::Watermark;
use crate::ops::supervision::Supervisor;

const HEALTH: &str = "/healthz";
const READINESS: &str = "/readyz";

/// Whether this is the path of a probe.
pub(super) fn is_probe(path: &str) -> bool {
    [HEALTH, READINESS].contains(&path)
}

/// What a probe is answered with: whether all is good, and the body.
pub(super) async fn answer(
    path: &str,
    listener: Listener,
    supervisor: &Supervisor,
    readiness: &Readiness,
) -> (bool, Value) {
    if path == READINESS {
        let ready = readiness.ask().await;
        return (ready.is_ok(), readiness_json(ready, listener));
    }
    let health = supervisor.health().await;
    (health.is_well(), health_json(&health, listener))
}

fn health_json(health: &Health, listener: Listener) -> Value {
    let mut body = match health.trouble() {
        None => json!({ "status": "ok" }),
        Some((part, trouble)) => {
            let reason = match listener {
                Listener::Admin => trouble.to_string(),
                Listener::Public => trouble.in_short().to_owned(),
            };
            json!({ "status": "unwell", "part": part, "reason": reason })
        }
    };
    if listener == Listener::Admin {
        let part = |PartHealth { part, trouble }: &PartHealth| match trouble {
            None => json!({ "part": part, "status": "ok" }),
            Some(trouble) => {
                json!({ "part": part, "status": "unwell", "reason": trouble.to_string() })
            }
        };
        body["parts"] = health.parts.iter().map(part).collect();
    }
    body
}

/// Why the server takes no newcomers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    /// It is about to close.
    Draining,
    /// A part of it does not work.
    Unwell,
    /// Memory is scarce.
    Memory,
    /// There are as many people or rooms as may be.
    Full,
    /// All rooms with seats are slowed, and no shard takes another room.
    Overloaded,
    /// There is no room with a seat, and those that were opened last failed at once.
    Failing,
}

impl NotReady {
    fn of(refusal: &JoinError) -> NotReady {
        match refusal {
            JoinError::Closing => NotReady::Draining,
            JoinError::Overloaded | JoinError::RoomsBuilding => NotReady::Overloaded,
            JoinError::RoomFails => NotReady::Failing,
            _ => NotReady::Full,
        }
    }

    fn name(self, listener: Listener) -> &'static str {
        match self {
            NotReady::Draining => "draining",
            NotReady::Unwell => "unwell",
            NotReady::Memory if listener == Listener::Admin => "memory",
            // As clients are refused.
            NotReady::Memory | NotReady::Full => "full",
            NotReady::Overloaded => "overloaded",
            NotReady::Failing => "failing",
        }
    }
}

fn readiness_json(ready: Result<(), NotReady>, listener: Listener) -> Value {
    match ready {
        Ok(()) => json!({ "ready": true }),
        Err(why) => json!({ "ready": false, "reason": why.name(listener) }),
    }
}

/// Whether the server takes newcomers, found out a few times per second and shared by all requests: the
/// lobby looks at all its rooms for it.
pub(crate) struct Readiness {
    pub(crate) draining: watch::Receiver<bool>,
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) memory: Arc<Watermark>,
    pub(crate) lobby: LobbySender,
    /// The last answer and when it was found. The lock is held while another is looked for.
    pub(crate) last: Mutex<Option<(Instant, Result<(), NotReady>)>>,
}

impl Readiness {
    /// Whether newcomers would get in, as of at most [`READINESS_AGE_MAX`] ago; that the server drains is
    /// known at once.
    async fn ask(&self) -> Result<(), NotReady> {
        if *self.draining.borrow() {
            return Err(NotReady::Draining);
        }
        let mut last = self.last.lock().await;
        if let Some((found, ready)) = &*last
            && found.elapsed() < READINESS_AGE_MAX
        {
            return *ready;
        }
        let ready = self.find_out().await;
        *last = Some((Instant::now(), ready));
        ready
    }

    async fn find_out(&self) -> Result<(), NotReady> {
        if !self.supervisor.health().await.is_well() {
            return Err(NotReady::Unwell);
        }
        if self.memory.is_scarce() {
            return Err(NotReady::Memory);
        }
        let (reply, answer) = oneshot::channel();
        // Without a lobby nobody gets in.
        let _ = self.lobby.send(LobbyRequest::Readiness { reply });
        match answer.await {
            Ok(ready) => ready.map_err(|refusal| NotReady::of(&refusal)),
            Err(_) => Err(NotReady::Unwell),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::health::Trouble;

    #[test]
    fn a_part_that_is_stuck_is_named_and_for_how_long_is_for_the_operator_to_know() {
        let mut health = Health::default();
        health.parts.push(PartHealth { part: "lobby".to_owned(), trouble: None });
        health.set_trouble("edge", Trouble::Silent { for_seconds: 8 });
        let [short, long] = ["", " for 8 s"].map(|end| format!("has given no sign of life{end}"));
        let public = json!({ "status": "unwell", "part": "edge", "reason": short });
        assert_eq!(health_json(&health, Listener::Public), public);
        let parts = json!([
            { "part": "lobby", "status": "ok" },
            { "part": "edge", "status": "unwell", "reason": long },
        ]);
        let admin = json!({ "status": "unwell", "part": "edge", "reason": long, "parts": parts });
        assert_eq!(health_json(&health, Listener::Admin), admin);
    }
}
