//! [`Supervisor`]: watches the parts of the server that must run for as long as it does: the threads of
//! the edge, the shards and the recorder, the tasks of the lobby and of the certificate's renewal.
//!
//! A part that ends while the server runs is a failure of the whole server, which then ends with that
//! reason: without its lobby, for example, a server plays on but lets nobody in. Parts that players need
//! also give a sign of life, which `/healthz` asks for. What a stalled disk can delay (renewal,
//! recorder) does not: players do not need it.
//!
//! It never restarts a part: the state of a part that panicked is unknown. A shard is replaced by its
//! keeper ([`crate::shard_keeper`]), from what was copied before.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::error;

use super::health::{Health, PartHealth, Trouble};
use crate::limits::{HEALTH_ANSWER_MAX, STUCK_AFTER};

/// How often a part that is asked for a sign of life is looked at.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How much later than a panic is reported that a thread has ended without one: it may have ended because of
/// a panic in another one, which drops all that it owns before that is reported.
const ENDED_REPORTED_AFTER: Duration = Duration::from_millis(100);

/// A part of the server ended while the server was running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} {reason}")]
pub struct PartFailure {
    part: String,
    reason: String,
}

impl PartFailure {
    /// Which part ended, for example `lobby` or `shard-0`.
    #[must_use]
    pub fn part(&self) -> &str {
        &self.part
    }
}

/// How long a thread must run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// For as long as the server does.
    Server,
    /// Until it is done: only a panic is a failure.
    Work,
}

/// The parts of a server, and the first that failed.
#[derive(Debug)]
pub(crate) struct Supervisor {
    started: Instant,
    heartbeats: Mutex<Vec<Heartbeat>>,
    failure: watch::Sender<Option<PartFailure>>,
    /// Whether the server is shutting down: then parts end.
    closing: watch::Receiver<bool>,
}

/// The signs of life of one part.
#[derive(Clone, Debug)]
pub(crate) struct Heartbeat {
    part: Arc<str>,
    started: Instant,
    /// The last one, in milliseconds since the start.
    last_ms: Arc<AtomicU64>,
    /// When one was first asked for in vain, likewise: all who ask meanwhile share the wait.
    asked_ms: Arc<AtomicU64>,
}

impl Heartbeat {
    /// Gives a sign of life: at least every [`crate::limits::HEARTBEAT_EVERY`].
    pub(crate) fn beat(&self) {
        #[cfg(test)]
        kill_switch::strike(&self.part, kill_switch::KillAt::Running);
        self.last_ms.store(self.started.elapsed().as_millis() as u64, Relaxed);
    }

    /// The time of the last sign of life, since the start.
    fn last(&self) -> Duration {
        Duration::from_millis(self.last_ms.load(Relaxed))
    }

    /// The time at which a part that gives no sign of life was first asked for one, which is `now` if
    /// nobody has asked since its last.
    fn asked(&self, now: Duration) -> Duration {
        let asked = Duration::from_millis(self.asked_ms.load(Relaxed));
        if asked > self.last() {
            return asked;
        }
        self.asked_ms.store(now.as_millis() as u64, Relaxed);
        now
    }

    /// How the part is at `now`, after it was asked for a sign of life if it had given none for long when
    /// somebody `called`; `None` while it may still answer.
    fn judge(&self, called: Duration, now: Duration) -> Option<PartHealth> {
        let mut trouble = None;
        // If the whole process stood still, all of them are late and about to be back.
        if called.saturating_sub(self.last()) >= STUCK_AFTER {
            if now.saturating_sub(self.asked(now)) < HEALTH_ANSWER_MAX {
                return None;
            }
            let for_seconds = now.saturating_sub(self.last()).as_secs();
            trouble = Some(Trouble::Silent { for_seconds });
        }
        Some(PartHealth { part: self.part.as_ref().to_owned(), trouble })
    }
}

impl Supervisor {
    pub(crate) fn new(closing: watch::Receiver<bool>) -> Supervisor {
        Supervisor {
            started: Instant::now(),
            heartbeats: Mutex::default(),
            failure: watch::channel(None).0,
            closing,
        }
    }

    /// Registers a part that gives signs of life.
    pub(crate) fn heartbeat(&self, part: &str) -> Heartbeat {
        let heartbeat = Heartbeat {
            part: part.into(),
            started: self.started,
            last_ms: Arc::new(AtomicU64::new(self.started.elapsed().as_millis() as u64)),
            asked_ms: Arc::default(),
        };
        let mut heartbeats = self.heartbeats.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have taken the part over.
        heartbeats.retain(|other| other.part != heartbeat.part);
        heartbeats.push(heartbeat.clone());
        heartbeat
    }

    /// Spawns a thread that must run for as long as the server does, or that may be done earlier.
    ///
    /// # Errors
    /// If the operating system cannot create a thread.
    pub(crate) fn spawn_thread(
        self: &Arc<Self>,
        part: &str,
        lifetime: Lifetime,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let (supervisor, name) = (Arc::clone(self), part.to_owned());
        thread::Builder::new().name(part.to_owned()).spawn(move || {
            // Nothing that the thread owned is used after its panic.
            let ended = catch_unwind(AssertUnwindSafe(|| {
                #[cfg(test)]
                kill_switch::strike(&name, kill_switch::KillAt::Start);
                run();
            }));
            if ended.is_ok() && lifetime == Lifetime::Server && !*supervisor.closing.borrow() {
                thread::sleep(ENDED_REPORTED_AFTER);
            }
            if lifetime == Lifetime::Server || ended.is_err() {
                supervisor.ended(&name, ended.err());
            }
        })
    }

    /// Spawns a task on the current runtime that must run for as long as the server does.
    pub(crate) fn spawn_task(
        self: &Arc<Self>,
        part: &'static str,
        run: impl Future<Output = ()> + Send + 'static,
    ) {
        let supervised = async move {
            #[cfg(test)]
            kill_switch::strike(part, kill_switch::KillAt::Start);
            run.await;
        };
        let (supervisor, task) = (Arc::clone(self), tokio::spawn(supervised));
        tokio::spawn(async move {
            let ended = task.await;
            supervisor.ended(part, ended.err().and_then(|error| error.try_into_panic().ok()));
        });
    }

    /// Records that a part has ended, which is a failure unless the server is shutting down.
    fn ended(&self, part: &str, panic: Option<Box<dyn Any + Send>>) {
        if *self.closing.borrow() {
            return;
        }
        let reason = match panic {
            None => "ended while the server was running".to_owned(),
            Some(payload) => format!("panicked: {}", message_of(&*payload)),
        };
        self.fail(part, &reason);
    }

    /// Records that the server cannot go on, for a part of it has failed.
    pub(crate) fn fail(&self, part: &str, reason: &str) {
        error!(part, reason, "a part of the server ended");
        let reason = reason.to_owned();
        let failure = PartFailure { part: part.to_owned(), reason };
        self.failure.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(failure);
            is_first
        });
    }

    /// Completes when a part has failed.
    pub(crate) async fn failed(&self) -> PartFailure {
        let mut failure = self.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await;
        // The sender lives as long as `self`.
        failed.expect("the channel is open").clone().expect("it was waited for")
    }

    /// Asks every part whether it works, and waits for an answer for a limited time; not again if
    /// somebody has already waited in vain for a part since its last sign of life.
    pub(crate) async fn health(&self) -> Health {
        let called = self.started.elapsed();
        let parts = self.heartbeats.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut health = loop {
            let now = self.started.elapsed();
            // All of them, so that all are asked at the same time.
            let judged: Vec<_> = parts.iter().map(|part| part.judge(called, now)).collect();
            if let Some(parts) = judged.into_iter().collect() {
                break Health { parts };
            }
            tokio::time::sleep(ASK_EVERY).await;
        };
        if let Some(PartFailure { part, reason }) = &*self.failure.borrow() {
            health.set_trouble(part, Trouble::Ended { reason: reason.clone() });
        }
        health
    }
}

/// The message of a panic.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
pub(crate) mod kill_switch;
#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    fn supervisor() -> (Arc<Supervisor>, watch::Sender<bool>) {
        let (closing, seen) = watch::channel(false);
        (Arc::new(Supervisor::new(seen)), closing)
    }

    #[tokio::test]
    async fn a_thread_or_task_that_ends_or_panics_fails_the_server_with_its_reason() {
        let panics = |number: u32| move || assert!(number > 5, "number {number}");
        let (supervisor, _closing) = supervisor();
        assert!(supervisor.health().await.is_well());
        supervisor.spawn_thread("shard-0", Lifetime::Server, panics(3)).expect("a thread starts");
        let failure = supervisor.failed().await;
        assert_eq!(failure.to_string(), "shard-0 panicked: number 3");
        let trouble = Trouble::Ended { reason: "panicked: number 3".to_owned() };
        assert_eq!(supervisor.health().await.trouble(), Some(("shard-0", &trouble)));

        let (supervisor, _closing) = self::supervisor();
        supervisor.spawn_thread("edge", Lifetime::Server, || {}).expect("a thread starts");
        let failure = supervisor.failed().await.to_string();
        assert_eq!(failure, "edge ended while the server was running");

        let (supervisor, _closing) = self::supervisor();
        supervisor.spawn_task("lobby", async move { panics(4)() });
        assert_eq!(supervisor.failed().await.to_string(), "lobby panicked: number 4");

        let (supervisor, _closing) = self::supervisor();
        supervisor.spawn_task("renewal", async {});
        let failure = supervisor.failed().await;
        assert_eq!(failure.to_string(), "renewal ended while the server was running");
        // The first reason stays.
        supervisor.ended("lobby", None);
        assert_eq!(supervisor.failed().await, failure);
    }

    #[tokio::test]
    async fn a_thread_that_is_done_is_no_failure_unless_it_panicked() {
        let (supervisor, _closing) = supervisor();
        let done = supervisor.spawn_thread("recorder", Lifetime::Work, || {});
        done.expect("a thread starts").join().expect("it ends");
        assert!(supervisor.health().await.is_well());
        supervisor.spawn_thread("recorder", Lifetime::Work, || panic!("a bug")).expect("starts");
        assert_eq!(supervisor.failed().await.to_string(), "recorder panicked: a bug");
    }

    #[tokio::test]
    async fn parts_of_a_server_that_shuts_down_may_end() {
        let (supervisor, closing) = supervisor();
        closing.send_replace(true);
        let ended =
            supervisor.spawn_thread("edge", Lifetime::Server, || {}).expect("a thread starts");
        ended.join().expect("it ends");
        assert!(supervisor.health().await.is_well());
    }

    #[tokio::test]
    async fn a_part_without_a_sign_of_life_is_asked_and_then_named() {
        let (supervisor, _closing) = supervisor();
        let alive = supervisor.heartbeat("lobby");
        let stuck = supervisor.heartbeat("shard-1");
        // As if both had stood still for long.
        let supervisor = Supervisor {
            started: supervisor.started - STUCK_AFTER - Duration::from_secs(2),
            heartbeats: Mutex::new(vec![alive.clone(), stuck.clone()]),
            failure: watch::channel(None).0,
            closing: supervisor.closing.clone(),
        };
        let alive = Heartbeat { started: supervisor.started, ..alive };
        let beating = tokio::spawn(async move {
            tokio::time::sleep(2 * ASK_EVERY).await;
            alive.beat();
        });
        let health = supervisor.health().await;
        beating.await.expect("it runs");
        assert_eq!(health.parts[0], PartHealth { part: "lobby".to_owned(), trouble: None });
        let Some(("shard-1", Trouble::Silent { for_seconds })) = health.trouble() else {
            panic!("it is stuck: {health:?}")
        };
        assert!(*for_seconds >= STUCK_AFTER.as_secs(), "{for_seconds}");
        // The next request does not wait again for what is known.
        let again = timeout(Duration::ZERO, supervisor.health()).await;
        assert!(again.is_ok_and(|health| !health.is_well()));
        Heartbeat { started: supervisor.started, ..stuck }.beat();
        assert!(supervisor.health().await.is_well());
    }
}
