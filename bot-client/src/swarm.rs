//! A thread of bots: all its sockets, all its clocks, one loop.
//!
//! It mirrors the server's shard: the connecting task hands an open socket over, and from then on
//! only this thread touches it. It sleeps until a socket can be read or a client's clock is
//! due, and never longer or shorter. It takes orders from [`mod@crate::run`] through a mailbox and
//! gives its figures back when it ends; nothing is locked.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token, Waker};
use tickwire_game::game::Game;
use tokio::sync::mpsc::UnboundedSender;

use crate::bot::{AbsentBot, Bot, Departure};
use crate::connect::{ConnectError, OpenSocket};
use crate::figures::Figures;
use crate::watch::{Seat, Watch};

mod absent;

/// How many sockets are served between two looks at the clocks.
const EVENTS_MAX: usize = 64;
/// How long those are awaited who are on their way back when the run ends.
const RETURN_MAX: Duration = Duration::from_secs(10);
/// How long the answers to our goodbyes are awaited.
const LEAVE_MAX: Duration = Duration::from_secs(2);
/// A client's clock is looked at no more often than this.
const CLOCK_MIN: Duration = Duration::from_micros(50);
/// How the poll tells that an order has come.
const ORDER: Token = Token(usize::MAX);

/// A command for a thread of bots.
pub(crate) enum Order {
    /// A client's socket is open.
    Join(Seat, OpenSocket),
    /// What came of the socket that the client of a place asked for.
    Reconnect(usize, Result<OpenSocket, ConnectError>),
    /// All are there: what is seen from now on counts.
    Measure,
    /// Cut all connections.
    CutAll,
    /// Say goodbye and end.
    Leave,
}

/// A client without a connection asks for a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketRequest {
    pub(crate) seat: Seat,
    /// Which of the thread's it is.
    pub(crate) place: usize,
}

/// Where clients ask for sockets. Unbounded, but each asks for no more than one at a time.
pub(crate) type SocketSender = UnboundedSender<SocketRequest>;

/// The mailbox of a thread of bots.
#[derive(Clone)]
pub(crate) struct OrderSender {
    orders: Sender<Order>,
    waker: Arc<Waker>,
}

impl OrderSender {
    /// Sends a command. A thread that has ended ignores it; [`SwarmThread::join`] reports its end.
    pub(crate) fn order(&self, order: Order) {
        let _ = self.orders.send(order);
        let _ = self.waker.wake();
    }
}

/// A thread of bots, to those who give it orders.
pub(crate) struct SwarmThread {
    mailbox: OrderSender,
    thread: JoinHandle<io::Result<Figures>>,
}

impl SwarmThread {
    /// Starts one, which asks for the sockets of absent clients by `sockets`.
    pub(crate) fn start<G: Game>(
        name: String,
        watch: Watch,
        sockets: SocketSender,
    ) -> io::Result<SwarmThread> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), ORDER)?);
        let (orders, mailbox) = mpsc::channel();
        // The clients are made in their thread and never leave it.
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || Swarm::<G>::new(poll, mailbox, watch, sockets).run())?;
        Ok(SwarmThread { mailbox: OrderSender { orders, waker }, thread })
    }

    /// Where it takes commands.
    pub(crate) fn mailbox(&self) -> &OrderSender {
        &self.mailbox
    }

    /// Whether it has ended, in whatever way.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end; `None` if it panicked.
    pub(crate) fn join(self) -> Option<io::Result<Figures>> {
        self.thread.join().ok()
    }
}

/// A bot's seat in its thread, and when the timer goes off that is its own; older ones are void.
struct Member<G: Game> {
    state: State<G>,
    armed: Option<Duration>,
}

enum State<G: Game> {
    Present(Box<Bot<G>>),
    Absent(Box<AbsentBot>),
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    NotYet,
    /// Those who are on their way back may still come, until then.
    AwaitsReturns(Duration),
    /// All have said goodbye, and are awaited until then.
    AwaitsAnswers(Duration),
}

struct Swarm<G: Game> {
    poll: Poll,
    mailbox: Receiver<Order>,
    watch: Watch,
    sockets: SocketSender,
    /// A bot's place is its token. Places are not used twice, but by the connections of one bot.
    members: Vec<Option<Member<G>>>,
    /// How many members there are, absent ones among them.
    count: usize,
    timers: BinaryHeap<Reverse<(Duration, usize)>>,
    ending: Ending,
}

impl<G: Game> Swarm<G> {
    fn new(poll: Poll, mailbox: Receiver<Order>, watch: Watch, sockets: SocketSender) -> Swarm<G> {
        Swarm {
            poll,
            mailbox,
            watch,
            sockets,
            members: Vec::new(),
            count: 0,
            timers: BinaryHeap::new(),
            ending: Ending::NotYet,
        }
    }

    fn run(mut self) -> io::Result<Figures> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.is_over() {
            match self.poll.poll(&mut events, self.sleep()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                if event.token() == ORDER {
                    self.take_orders();
                } else {
                    let ending = event.is_read_closed() || event.is_error();
                    let readable = event.is_readable() || ending;
                    self.serve_socket(event.token().0, readable, ending, event.is_writable());
                }
            }
            self.serve_clocks();
            self.await_returns();
        }
        Ok(self.watch.figures)
    }

    fn is_over(&self) -> bool {
        match self.ending {
            Ending::AwaitsAnswers(until) => self.count == 0 || self.watch.now() >= until,
            Ending::NotYet | Ending::AwaitsReturns(_) => false,
        }
    }

    /// How long nothing is due; for ever if nothing is.
    fn sleep(&self) -> Option<Duration> {
        let timer = self.timers.peek().map(|Reverse((due, _))| *due);
        let end = match self.ending {
            Ending::NotYet => None,
            Ending::AwaitsReturns(until) | Ending::AwaitsAnswers(until) => Some(until),
        };
        let next = timer.into_iter().chain(end).min();
        next.map(|next| next.saturating_sub(self.watch.now()))
    }

    fn take_orders(&mut self) {
        loop {
            match self.mailbox.try_recv() {
                Ok(Order::Join(seat, opened)) => self.join(seat, opened),
                Ok(Order::Reconnect(place, opened)) => self.reconnect(place, opened),
                Ok(Order::Measure) => self.watch.measuring = true,
                Ok(Order::CutAll) => self.cut_all(),
                // Those on their way back get sockets all the same.
                Ok(Order::Leave) => self.leave(),
                Err(TryRecvError::Empty) => return,
                // Without anyone to give orders there is nothing left to do.
                Err(TryRecvError::Disconnected) => return self.leave(),
            }
        }
    }

    fn join(&mut self, seat: Seat, opened: OpenSocket) {
        let place = self.members.len();
        self.members.push(None);
        self.count += 1;
        self.connect(place, AbsentBot::new(seat, self.watch.seed), opened);
    }

    /// A bot that has no connection has a socket.
    fn connect(&mut self, place: usize, absent: AbsentBot, opened: OpenSocket) {
        let mut tcp = mio::net::TcpStream::from_std(opened.tcp);
        let both = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut tcp, Token(place), both) {
            let absent = absent.not_connected(&error.to_string(), &mut self.watch);
            return self.set_absent(place, absent);
        }
        let mut bot = Box::new(Bot::new(absent, tcp, opened.tls.map(|tls| *tls), &self.watch));
        let said = bot.send(self.watch.now());
        self.members[place] = Some(Member { state: State::Present(bot), armed: None });
        self.go_on(place, said);
    }

    fn serve_socket(&mut self, place: usize, readable: bool, ending: bool, writable: bool) {
        let Some(bot) = present(&mut self.members, place) else { return };
        bot.note_call(&self.watch);
        let mut went = Ok(());
        if writable {
            went = bot.writable();
        }
        if readable && went.is_ok() {
            bot.wire().readable(ending);
            went = bot.read(&mut self.watch);
        }
        self.go_on(place, went);
    }

    fn serve_clocks(&mut self) {
        let now = self.watch.now();
        while let Some(&Reverse((due, place))) = self.timers.peek() {
            if due > now {
                return;
            }
            self.timers.pop();
            let Some(member) = self.members[place].as_mut() else { continue };
            if member.armed != Some(due) {
                continue;
            }
            member.armed = None;
            match &mut member.state {
                State::Absent(_) => self.ask_for_socket(place, now),
                State::Present(_) => self.serve_clock(place, now),
            }
        }
    }

    fn serve_clock(&mut self, place: usize, now: Duration) {
        let Some(bot) = present(&mut self.members, place) else { return };
        if bot.cut_at().is_some_and(|at| at <= now) {
            return self.cut(place);
        }
        bot.note_call(&self.watch);
        let mut went = Ok(());
        if bot.reads_at().is_some_and(|at| at <= now) {
            went = bot.read(&mut self.watch);
        }
        if went.is_ok() && bot.arrives_at().is_some_and(|at| at <= now) {
            went = bot.arrive(&mut self.watch);
        }
        // What came since it was armed may have put it off.
        if went.is_ok() && bot.acts_at().is_some_and(|at| at <= now) {
            bot.note_lateness(&mut self.watch);
            went = bot.act(&mut self.watch);
        }
        if went.is_ok() && bot.try_until().is_some_and(|at| at <= now) {
            went = Err(Departure::CutOff("no snapshot in time".into()));
        }
        self.go_on(place, went);
    }

    /// Sees to a bot that was called: when to call it next, or what becomes of it.
    fn go_on(&mut self, place: usize, mut went: Result<(), Departure>) {
        if self.ending != Ending::NotYet
            && went.is_ok()
            && let Some(bot) = present(&mut self.members, place)
            && !bot.is_returning()
            && !bot.is_leaving()
        {
            went = bot.leave(&mut self.watch);
        }
        match went {
            Ok(()) => self.arm(place),
            Err(departure) => self.part(place, |bot, watch| bot.part(departure, watch)),
        }
    }

    /// Sets a bot's timer if there is none that goes off early enough; one that goes off too
    /// early is set anew when it does, which is cheaper than to do it at each snapshot.
    fn arm(&mut self, place: usize) {
        let Some(member) = self.members[place].as_mut() else { return };
        let due = match &member.state {
            State::Present(bot) => bot.due_at(),
            State::Absent(absent) => absent.connects_at(),
        };
        let Some(due) = due else { return };
        if member.armed.is_some_and(|armed| armed <= due) {
            return;
        }
        let due = due.max(self.watch.now() + CLOCK_MIN);
        member.armed = Some(due);
        self.timers.push(Reverse((due, place)));
    }

    fn leave(&mut self) {
        if self.ending != Ending::NotYet {
            return;
        }
        self.watch.is_ending = true;
        self.ending = Ending::AwaitsReturns(self.watch.now() + RETURN_MAX);
        for place in 0..self.members.len() {
            match &self.members[place] {
                // Nobody joins any more.
                Some(Member { state: State::Absent(absent), .. }) if !absent.is_returning() => {
                    self.set_absent(place, None);
                }
                _ => self.go_on(place, Ok(())),
            }
        }
    }

    /// Once nobody is on the way back, or for too long, only answers are awaited.
    fn await_returns(&mut self) {
        let Ending::AwaitsReturns(until) = self.ending else { return };
        let now = self.watch.now();
        if now >= until {
            self.give_up_returning();
        } else if self.members.iter().flatten().any(Member::is_returning) {
            return;
        }
        self.ending = Ending::AwaitsAnswers(now + LEAVE_MAX);
    }
}

impl<G: Game> Member<G> {
    fn is_returning(&self) -> bool {
        match &self.state {
            State::Present(bot) => bot.is_returning(),
            State::Absent(absent) => absent.is_returning(),
        }
    }
}

/// The bot of a place that has one with a connection.
fn present<G: Game>(members: &mut [Option<Member<G>>], place: usize) -> Option<&mut Bot<G>> {
    match &mut members.get_mut(place)?.as_mut()?.state {
        State::Present(bot) => Some(bot),
        State::Absent(_) => None,
    }
}
