//! [`Resumption`]: the way of a bot back to its session, from the end of one connection to the first
//! snapshot over another, or, of a spectator, to the welcome; [`AbsentBot`], what there is of a bot
//! meanwhile.
//!
//! They keep the token and the time, and decide whether there is another try and what is counted.
//! [`crate::swarm`] owns absent bots and asks for their sockets.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tickwire_game::client::Client;
use tickwire_game::game::{Dice, Game};
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::ResumeToken;

use crate::back_off::BackOff;
use crate::cuts;
use crate::watch::{Seat, Watch};
use crate::wire::Wire;

/// How long one try may take, from asking for a socket to the first snapshot over it; a spectator's only
/// to the welcome, as its stream is delayed by as much as the server likes.
const TRY_MAX: Duration = Duration::from_secs(10);
/// For how long a connection that was cut silently is left open, if none replaces it.
const LEFT_OPEN_MAX: Duration = Duration::from_secs(20);

/// What of a bot outlives its connections.
pub(super) struct Lasting {
    pub(super) seat: Seat,
    /// What it plays by.
    pub(super) dice: Dice,
    /// What it is cut by, and waits by before it tries to come back.
    pub(super) cut_dice: Dice,
    /// How many connections it has had.
    pub(super) connections: u32,
    /// Whether it was ever let in.
    pub(super) was_in: bool,
}

/// A session to come back to, as its client knew it when the connection ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeftSession {
    token: ResumeToken,
    player: Option<PlayerId>,
    /// For how long the server keeps it.
    grace: Duration,
}

impl LeftSession {
    /// That of a client; `None` if it is in no room.
    pub(super) fn of<G: Game>(client: &Client<G>) -> Option<LeftSession> {
        let (token, grace) = (client.resume_token()?, client.grace()?);
        Some(LeftSession { token, player: client.player(), grace })
    }

    pub(super) fn grace(self) -> Duration {
        self.grace
    }

    /// Whether a client that has its welcome is back in it.
    fn is_of<G: Game>(self, client: &Client<G>) -> bool {
        let is_same = client.session() == Some(self.token.session());
        client.is_resumed() && is_same && client.player() == self.player
    }
}

/// Why a connection ended.
pub(super) enum Loss {
    /// The bot has cut it. One that was cut silently is left open here, until another replaces it.
    Cut { _left_open: Option<Box<Wire>> },
    /// It broke, and this is counted if the bot does not come back.
    Broken(String),
}

/// The way back to a session.
pub(crate) struct Resumption {
    session: LeftSession,
    since: Duration,
    loss: Loss,
    back_off: BackOff,
    /// When the try under way has failed.
    try_until: Duration,
}

impl Resumption {
    pub(super) fn new(session: LeftSession, loss: Loss, now: Duration) -> Resumption {
        let back_off = BackOff::default();
        Resumption { session, since: now, loss, back_off, try_until: Duration::MAX }
    }

    pub(super) fn token(&self) -> ResumeToken {
        self.session.token
    }

    /// When the connection ended.
    pub(super) fn since(&self) -> Duration {
        self.since
    }

    pub(super) fn try_until(&self) -> Duration {
        self.try_until
    }

    fn begin_try(&mut self, now: Duration) {
        self.try_until = now + TRY_MAX;
        let is_cut = matches!(self.loss, Loss::Cut { .. });
        if is_cut && now >= self.since + LEFT_OPEN_MAX {
            self.loss = Loss::Cut { _left_open: None };
        }
    }

    /// Takes the token of a welcome; whether that is to the session that was left.
    pub(super) fn take_welcome<G: Game>(&mut self, client: &Client<G>) -> bool {
        let is_back = self.session.is_of(client);
        client.resume_token().into_iter().for_each(|token| self.session.token = token);
        is_back
    }

    /// When to try next, after a failure at `now`; `None` if the session is not kept so long.
    fn next_try(&mut self, now: Duration, dice: &mut Dice) -> Option<Duration> {
        let at = now + self.back_off.wait(dice);
        (at < self.since + self.session.grace).then_some(at)
    }

    /// Counts that the session is lost for this reason. Whether the bot is to join anew: after its own
    /// cut, unless the run is over; else it is gone.
    pub(super) fn lose(self, reason: &str, watch: &mut Watch) -> bool {
        match self.loss {
            Loss::Cut { .. } => {
                watch.figures.lost_sessions.count(reason);
                !watch.is_ending
            }
            Loss::Broken(reason) => {
                watch.figures.disconnected.count(&reason);
                false
            }
        }
    }
}

/// A bot without a connection: a new one, or one on its way back.
pub(crate) struct AbsentBot {
    pub(super) lasting: Lasting,
    /// `None` for one that joins anew.
    pub(super) resumption: Option<Resumption>,
    /// When it is to ask for a socket; `None` while it waits for one.
    connects_at: Option<Duration>,
}

impl AbsentBot {
    /// A client whose socket is being opened already.
    pub(crate) fn new(seat: Seat, seed: u64) -> AbsentBot {
        let stream = u64::from(seat.number);
        let lasting = Lasting {
            seat,
            dice: Dice::new(seed, stream),
            cut_dice: cuts::dice(seed, seat.number),
            connections: 0,
            was_in: false,
        };
        AbsentBot { lasting, resumption: None, connects_at: None }
    }

    /// One that begins its way back at `at`.
    pub(super) fn returning(lasting: Lasting, resumption: Resumption, at: Duration) -> AbsentBot {
        AbsentBot { lasting, resumption: Some(resumption), connects_at: Some(at) }
    }

    pub(crate) fn seat(&self) -> Seat {
        self.lasting.seat
    }

    /// Whether it is on its way back to a session.
    pub(crate) fn is_returning(&self) -> bool {
        self.resumption.is_some()
    }

    /// When it is to ask for a socket.
    pub(crate) fn connects_at(&self) -> Option<Duration> {
        self.connects_at
    }

    /// It asks for a socket now.
    pub(crate) fn begin_try(&mut self, now: Duration) {
        self.connects_at = None;
        if let Some(resumption) = &mut self.resumption {
            resumption.begin_try(now);
        }
    }

    /// There is no socket for it; gives it back if it is to try again.
    pub(crate) fn not_connected(self, reason: &str, watch: &mut Watch) -> Option<AbsentBot> {
        match self.resumption {
            Some(resumption) => AbsentBot::after_failure(self.lasting, resumption, reason, watch),
            None => {
                self.lasting.count_gone(reason, watch);
                None
            }
        }
    }

    /// A try has failed, and another may go better; gives the bot back if there is to be one, or if it
    /// joins anew.
    pub(super) fn after_failure(
        mut lasting: Lasting,
        mut resumption: Resumption,
        reason: &str,
        watch: &mut Watch,
    ) -> Option<AbsentBot> {
        match resumption.next_try(watch.now(), &mut lasting.cut_dice) {
            Some(at) => Some(AbsentBot::returning(lasting, resumption, at)),
            None => AbsentBot::after_loss(lasting, resumption, reason, watch),
        }
    }

    /// Its session is lost; gives the bot back if it joins anew.
    pub(super) fn after_loss(
        lasting: Lasting,
        resumption: Resumption,
        reason: &str,
        watch: &mut Watch,
    ) -> Option<AbsentBot> {
        if resumption.lose(reason, watch) {
            let connects_at = Some(watch.now());
            return Some(AbsentBot { lasting, resumption: None, connects_at });
        }
        watch.progress.gone.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// It is not back when the run ends.
    pub(crate) fn give_up(self, watch: &mut Watch) {
        if let Some(resumption) = self.resumption {
            // Nobody joins anew any more.
            let _ = AbsentBot::after_loss(self.lasting, resumption, "not back at the end", watch);
        }
    }
}

impl Lasting {
    /// Counts that it is gone for `reason`, whether it was ever in or not.
    pub(super) fn count_gone(&self, reason: &str, watch: &mut Watch) {
        let figures = &mut watch.figures;
        let gone = if self.was_in { &mut figures.disconnected } else { &mut figures.not_connected };
        gone.count(reason);
        watch.progress.gone.fetch_add(1, Ordering::Relaxed);
    }
}
