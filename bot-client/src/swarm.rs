//! A thread of bots: all its sockets, all its clocks, one loop.
//!
//! It mirrors the server's shard: the connecting task hands an open socket over, and from then on
//! only this thread touches it. It sleeps until a socket can be read or a client's clock is
//! due, and never longer or shorter. It takes orders from [`mod@crate::run`] through a mailbox and
//! gives its figures back when it ends; nothing is locked.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token, Waker};
use tickwire_game::game::Game;

use crate::bot::{Bot, Departure, Seat, Watch};
use crate::connect::OpenSocket;
use crate::figures::Figures;

/// How many sockets are served between two looks at the clocks.
const EVENTS_MAX: usize = 64;
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
    /// All are there: what is seen from now on counts.
    Measure,
    /// Say goodbye and end.
    Leave,
}

/// A thread of bots, to those who give it orders.
pub(crate) struct SwarmThread {
    orders: Sender<Order>,
    waker: Waker,
    thread: JoinHandle<io::Result<Figures>>,
}

impl SwarmThread {
    /// Starts one.
    pub(crate) fn start<G: Game>(name: String, watch: Watch) -> io::Result<SwarmThread> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), ORDER)?;
        let (orders, mailbox) = mpsc::channel();
        // The clients are made in their thread and never leave it.
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || Swarm::<G>::new(poll, mailbox, watch).run())?;
        Ok(SwarmThread { orders, waker, thread })
    }

    /// Sends it a command. A thread that has ended ignores it; [`SwarmThread::join`] reports its
    /// end.
    pub(crate) fn order(&self, order: Order) {
        let _ = self.orders.send(order);
        let _ = self.waker.wake();
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

struct Member<G: Game> {
    bot: Bot<G>,
    /// Which entry of the timers is its own; older ones are void.
    armed: Option<Duration>,
}

struct Swarm<G: Game> {
    poll: Poll,
    mailbox: Receiver<Order>,
    watch: Watch,
    /// A bot's place is its token. Places are not used twice.
    members: Vec<Option<Member<G>>>,
    present: usize,
    timers: BinaryHeap<Reverse<(Duration, usize)>>,
    leave_until: Option<Duration>,
}

impl<G: Game> Swarm<G> {
    fn new(poll: Poll, mailbox: Receiver<Order>, watch: Watch) -> Swarm<G> {
        Swarm {
            poll,
            mailbox,
            watch,
            members: Vec::new(),
            present: 0,
            timers: BinaryHeap::new(),
            leave_until: None,
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
        }
        Ok(self.watch.figures)
    }

    fn is_over(&self) -> bool {
        self.leave_until.is_some_and(|until| self.present == 0 || self.watch.now() >= until)
    }

    /// How long nothing is due; for ever if nothing is.
    fn sleep(&self) -> Option<Duration> {
        let timer = self.timers.peek().map(|Reverse((due, _))| *due);
        let next = match (timer, self.leave_until) {
            (Some(timer), Some(until)) => Some(timer.min(until)),
            (timer, until) => timer.or(until),
        };
        next.map(|next| next.saturating_sub(self.watch.now()))
    }

    fn take_orders(&mut self) {
        loop {
            match self.mailbox.try_recv() {
                Ok(Order::Join(seat, opened)) => self.join(seat, opened),
                Ok(Order::Measure) => self.watch.measuring = true,
                Err(TryRecvError::Empty) => return,
                // Without anyone to give orders there is nothing left to do.
                Ok(Order::Leave) | Err(TryRecvError::Disconnected) => return self.leave(),
            }
        }
    }

    fn join(&mut self, seat: Seat, opened: OpenSocket) {
        let place = self.members.len();
        let mut tcp = mio::net::TcpStream::from_std(opened.tcp);
        let both = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut tcp, Token(place), both) {
            self.watch.figures.not_connected.count(&error.to_string());
            self.watch.progress.gone.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut bot = Bot::new(seat, tcp, opened.tls.map(|tls| *tls), &self.watch);
        let said = bot.send(self.watch.now());
        self.members.push(Some(Member { bot, armed: None }));
        self.present += 1;
        self.go_on(place, said);
    }

    fn serve_socket(&mut self, place: usize, readable: bool, ending: bool, writable: bool) {
        let Some(Some(member)) = self.members.get_mut(place) else { return };
        member.bot.note_call(&self.watch);
        let mut went = Ok(());
        if writable {
            went = member.bot.writable();
        }
        if readable && went.is_ok() {
            member.bot.wire().readable(ending);
            went = member.bot.read(&mut self.watch);
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
            member.bot.note_call(&self.watch);
            let mut went = Ok(());
            if member.bot.reads_at().is_some_and(|at| at <= now) {
                went = member.bot.read(&mut self.watch);
            }
            if went.is_ok() && member.bot.arrives_at().is_some_and(|at| at <= now) {
                went = member.bot.arrive(&mut self.watch);
            }
            // What came since it was armed may have put it off.
            if went.is_ok() && member.bot.acts_at().is_some_and(|at| at <= now) {
                member.bot.note_lateness(&mut self.watch);
                went = member.bot.act(&mut self.watch);
            }
            self.go_on(place, went);
        }
    }

    /// Lets a bot go on, or buries it.
    fn go_on(&mut self, place: usize, went: Result<(), Departure>) {
        match went {
            Ok(()) => self.arm(place),
            Err(departure) => self.bury(place, departure),
        }
    }

    /// Sets a bot's timer if there is none that goes off early enough; one that goes off too
    /// early is set anew when it does, which is cheaper than to do it at each snapshot.
    fn arm(&mut self, place: usize) {
        let Some(member) = self.members[place].as_mut() else { return };
        let Some(due) = member.bot.due_at() else { return };
        if member.armed.is_some_and(|armed| armed <= due) {
            return;
        }
        let due = due.max(self.watch.now() + CLOCK_MIN);
        member.armed = Some(due);
        self.timers.push(Reverse((due, place)));
    }

    fn bury(&mut self, place: usize, departure: Departure) {
        let Some(mut member) = self.members[place].take() else { return };
        self.present -= 1;
        // The socket is about to be closed, which would do the same.
        let _ = self.poll.registry().deregister(member.bot.wire().source());
        member.bot.bury(departure, &mut self.watch);
    }

    fn leave(&mut self) {
        if self.leave_until.is_some() {
            return;
        }
        self.timers.clear();
        for place in 0..self.members.len() {
            let Some(member) = self.members[place].as_mut() else { continue };
            let went = member.bot.leave(&mut self.watch);
            if let Err(departure) = went {
                self.bury(place, departure);
            }
        }
        self.leave_until = Some(self.watch.now() + LEAVE_MAX);
    }
}
