//! [`Latch`]: what was pressed and let go between two ticks, kept until a tick has taken it.
//!
//! A tick sees what is held when it is made. A tap may begin and end before that: without a latch it
//! does nothing. So each press counts for at least one tick, and a release between two presses for
//! one as well; what is held is delayed by nothing but taps before it that no tick has taken yet.
//!
//! A page that stood still just then gives the tap's tick too late, and the server makes that tick
//! without it. When the server has said so, the tap is given once more.
//! Plain bits and no clock. Owned by `input`.

use std::collections::VecDeque;
use std::ops::Range;

use tickwire_game::tick::{Tick, TickRate};

/// Changes of one button that wait for ticks at most: two whole presses. Of more the newest two are
/// left out, so that a key that chatters, or a room in slow motion, leaves no backlog.
const PENDING_MAX: u8 = 4;
/// A tap is given once more within so many seconds; later it would come as a surprise.
const GIVE_AGAIN_WITHIN_S: f32 = 0.5;
/// For how many ticks it is known what they took: for so long at any tick rate.
const HISTORY_MAX: usize = 128;

/// Which bits of what is held mean what to a [`Latch`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct LatchBits {
    /// What is pressed and let go: each press and each release counts.
    pub(crate) buttons: u64,
    /// What a stick or thumb points at. A stick at the border of two directions flickers: only that it
    /// pointed there counts, not that it did twice.
    pub(crate) sticks: u64,
    /// Nobody is there: nothing is held, and what waits is dropped.
    pub(crate) absent: u64,
}

/// The changes of what is held that no tick has taken yet.
#[derive(Clone, Debug)]
pub(crate) struct Latch {
    bits: LatchBits,
    /// What the newest tick took.
    taken: u64,
    /// What was held when last noted.
    held: u64,
    /// How many changes of each bit wait. They alternate, so their number is all there is to know.
    pending: [u8; u64::BITS as usize],
    /// What the last ticks took, oldest first.
    history: VecDeque<TakenInput>,
    /// Ticks that the server has made already, of those after the last one here.
    missed_ahead: VecDeque<Tick>,
    /// How many of the changes that wait were given before.
    repeats: [u8; u64::BITS as usize],
}

/// What a tick took.
#[derive(Clone, Copy, Debug)]
struct TakenInput {
    tick: Tick,
    taken: u64,
    /// The bits that the server has made the tick without, and that are not given again yet.
    missed: u64,
    /// The bits that are of something given again: that is done once.
    repeated: u64,
}

impl Latch {
    pub(crate) fn new(bits: LatchBits) -> Latch {
        Latch {
            bits,
            taken: 0,
            held: 0,
            pending: [0; u64::BITS as usize],
            history: VecDeque::new(),
            missed_ahead: VecDeque::new(),
            repeats: [0; u64::BITS as usize],
        }
    }

    /// What was held when last noted.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Forgets everything: another player, or none.
    pub(crate) fn clear(&mut self) {
        *self = Latch::new(self.bits);
    }

    /// Notes what is held now: to be called whenever that changes.
    pub(crate) fn note(&mut self, held: u64) {
        if held & self.bits.absent != 0 {
            self.clear();
            self.held = held;
            return;
        }
        let latched = self.bits.buttons | self.bits.sticks;
        let changed = (held ^ self.held) & latched;
        self.held = held;
        for bit in bits(changed) {
            let is_stick = self.bits.sticks & (1 << bit) != 0;
            // A stick that has pointed there already goes on to do so; one that has not does once.
            let most = match (is_stick, self.taken & (1 << bit) != 0) {
                (false, _) => PENDING_MAX,
                (true, true) => 1,
                (true, false) => 2,
            };
            let pending = &mut self.pending[bit];
            *pending += 1;
            if *pending > most {
                // Two changes that cancel: what is held at the end stays what it is.
                *pending -= 2;
            }
        }
    }

    /// What the next tick takes, as far as is known now.
    pub(crate) fn next(&self) -> u64 {
        let latched = self.bits.buttons | self.bits.sticks;
        let waits = bits(latched).filter(|&bit| self.pending[bit] > 0);
        let flips = waits.fold(0, |flips, bit| flips | 1 << bit);
        self.held & !latched | (self.taken ^ flips) & latched
    }

    /// Takes it for `tick`: one change of each button, and what is held as it is.
    pub(crate) fn take(&mut self, tick: Tick) -> u64 {
        self.taken = self.next();
        for pending in &mut self.pending {
            *pending = pending.saturating_sub(1);
        }
        let repeated = bits(self.bits.buttons).filter(|&bit| self.repeats[bit] > 0);
        let repeated = repeated.fold(0, |mask, bit| mask | 1 << bit);
        for repeats in &mut self.repeats {
            *repeats = repeats.saturating_sub(1);
        }
        while self.missed_ahead.front().is_some_and(|missed| *missed < tick) {
            self.missed_ahead.pop_front();
        }
        let is_missed = self.missed_ahead.front() == Some(&tick);
        if self.history.len() >= HISTORY_MAX {
            self.history.pop_front();
        }
        let missed = if is_missed { !repeated } else { 0 };
        self.history.push_back(TakenInput { tick, taken: self.taken, missed, repeated });
        self.give_again();
        self.taken
    }

    /// The server made `tick` without this input: must be called once for each, with rising ticks.
    pub(crate) fn missed(&mut self, tick: Tick, rate: TickRate) {
        let ago = self.history.back().map_or(-1, |last| last.tick.since(tick));
        if ago < 0 {
            if self.missed_ahead.len() >= HISTORY_MAX {
                self.missed_ahead.pop_front();
            }
            self.missed_ahead.push_back(tick);
        } else if ago <= rate.ticks_in(GIVE_AGAIN_WITHIN_S).into()
            && let Ok(at) = self.history.binary_search_by_key(&tick, |input| input.tick)
        {
            let input = &mut self.history[at];
            input.missed = !input.repeated;
            self.give_again();
        }
    }

    /// Queues the presses, and the releases between two presses, that began and ended in ticks all
    /// of which were made without them.
    fn give_again(&mut self) {
        let missed = self.history.iter().fold(0, |missed, input| missed | input.missed);
        for bit in bits(self.bits.buttons & missed) {
            while let Some(span) = self.missed_span(bit) {
                let was_down = self.history[span.start].taken & (1 << bit) != 0;
                let is_down = self.next() & (1 << bit) != 0;
                // Who does the same again already has no need of it.
                if was_down != is_down && self.pending[bit] + 2 <= PENDING_MAX {
                    self.pending[bit] += 2;
                    self.repeats[bit] = self.pending[bit];
                }
                self.history.range_mut(span).for_each(|input| input.missed &= !(1 << bit));
            }
        }
    }

    /// Of the ticks that are known those in which a bit was the same, with a change before and after,
    /// and no tick of which was made with it.
    fn missed_span(&self, bit: usize) -> Option<Range<usize>> {
        let is_down = |i: usize| self.history[i].taken & (1 << bit) != 0;
        let changes = || (1..self.history.len()).filter(|&i| is_down(i - 1) != is_down(i));
        let mut spans = changes().zip(changes().skip(1)).map(|(start, end)| start..end);
        spans.find(|span| {
            self.history.range(span.clone()).all(|input| input.missed & (1 << bit) != 0)
        })
    }
}

/// The numbers of the bits that are set.
fn bits(mask: u64) -> impl Iterator<Item = usize> {
    (0..u64::BITS as usize).filter(move |bit| mask & (1 << bit) != 0)
}

#[cfg(test)]
mod tests {
    use tickwire_game::dice::Dice;

    use super::*;

    const FIRE: u64 = 1;
    const RAIL: u64 = 2;
    const STICK: u64 = 1 << 4;
    const ABSENT: u64 = 1 << 8;
    /// What is not latched: it is as it is.
    const WISH: u64 = 1 << 9;
    const BITS: LatchBits = LatchBits { buttons: FIRE | RAIL, sticks: STICK, absent: ABSENT };

    fn noted(held: &[u64]) -> Latch {
        let mut latch = Latch::new(BITS);
        held.iter().for_each(|&held| latch.note(held));
        latch
    }

    /// Takes for so many ticks after those before.
    fn take(latch: &mut Latch, ticks: usize) -> Vec<u64> {
        let next = latch.history.back().map_or(Tick(1), |input| input.tick.next());
        (0..ticks).map(|i| latch.take(next.plus(i as u32))).collect()
    }

    fn taken(mut latch: Latch, ticks: usize) -> Vec<u64> {
        take(&mut latch, ticks)
    }

    fn missed(latch: &mut Latch, tick: Tick) {
        latch.missed(tick, TickRate::default());
    }

    /// Notes each in turn, and takes for a tick after each.
    fn play(latch: &mut Latch, held: &[u64]) {
        for &held in held {
            latch.note(held);
            take(latch, 1);
        }
    }

    #[test]
    fn a_tap_between_two_ticks_counts_for_one_tick() {
        assert_eq!(taken(noted(&[FIRE, 0]), 3), [FIRE, 0, 0]);
        assert_eq!(taken(noted(&[FIRE, FIRE | RAIL, RAIL, 0]), 2), [FIRE | RAIL, 0]);
        assert_eq!(taken(noted(&[STICK, 0]), 2), [STICK, 0]);
    }

    #[test]
    fn a_release_and_a_new_press_between_two_ticks_are_seen_apart() {
        assert_eq!(taken(noted(&[FIRE, 0, FIRE, 0]), 5), [FIRE, 0, FIRE, 0, 0]);
        let mut latch = noted(&[FIRE]);
        assert_eq!(take(&mut latch, 1), [FIRE]);
        latch.note(0);
        latch.note(FIRE);
        assert_eq!(taken(latch, 3), [0, FIRE, FIRE], "let go for a tick: a rail is fired");
    }

    #[test]
    fn what_is_held_is_delayed_by_nothing_and_what_is_not_latched_is_as_it_is() {
        let mut latch = noted(&[WISH]);
        for held in [FIRE, FIRE | RAIL, RAIL | WISH, 0, STICK, 0] {
            latch.note(held);
            assert_eq!(latch.next(), held);
            assert_eq!(take(&mut latch, 1), [held]);
        }
    }

    #[test]
    fn a_stick_that_flickers_between_two_directions_is_no_series_of_presses() {
        let mut latch = noted(&[STICK, 0, STICK, 0, STICK]);
        assert_eq!(take(&mut latch, 1), [STICK]);
        (0..9).for_each(|_| [0, STICK].iter().for_each(|&held| latch.note(held)));
        assert_eq!(taken(latch.clone(), 3), [STICK; 3]);
        latch.note(0);
        assert_eq!(taken(latch, 2), [0, 0]);
    }

    #[test]
    fn whoever_is_away_has_pressed_nothing_and_let_go_of_nothing() {
        let mut latch = noted(&[FIRE, 0, FIRE, 0, ABSENT]);
        assert_eq!(take(&mut latch, 1), [ABSENT]);
        latch.note(FIRE);
        assert_eq!(taken(latch, 1), [FIRE], "what is still down when one is back counts");
    }

    #[test]
    fn a_key_that_chatters_leaves_no_backlog() {
        for (presses, held) in [(100, 0), (101, FIRE)] {
            let mut latch = noted(&[]);
            (0..presses).for_each(|press| latch.note(if press % 2 == 0 { FIRE } else { 0 }));
            take(&mut latch, usize::from(PENDING_MAX));
            assert_eq!(take(&mut latch, 1), [held]);
        }
    }

    #[test]
    fn a_tap_whose_tick_came_too_late_is_given_once_more() {
        let mut latch = noted(&[]);
        play(&mut latch, &[0, FIRE, 0]);
        missed(&mut latch, Tick(2));
        assert_eq!(taken(latch.clone(), 3), [FIRE, 0, 0]);
        assert_eq!(take(&mut latch, 3), [FIRE, 0, 0]);
        missed(&mut latch, Tick(4));
        assert_eq!(taken(latch, 3), [0; 3], "once, even if that was missed as well");
        let mut early = noted(&[]);
        play(&mut early, &[0, FIRE]);
        missed(&mut early, Tick(2));
        early.note(0);
        assert_eq!(taken(early, 4), [0, FIRE, 0, 0], "missed while it was held");
        let mut both = noted(&[]);
        play(&mut both, &[0, FIRE | RAIL, 0]);
        missed(&mut both, Tick(2));
        assert_eq!(taken(both, 2), [FIRE | RAIL, 0]);
    }

    #[test]
    fn a_tap_that_the_server_missed_before_it_was_given_is_given_once_more() {
        let mut latch = noted(&[]);
        play(&mut latch, &[0, 0]);
        (3..=4).for_each(|tick| missed(&mut latch, Tick(tick)));
        latch.note(FIRE);
        latch.note(0);
        assert_eq!(taken(latch, 5), [FIRE, 0, FIRE, 0, 0]);
    }

    #[test]
    fn a_tap_that_is_given_once_more_is_one_of_the_last_half_second() {
        let mut latch = noted(&[]);
        play(&mut latch, &[0, FIRE, 0]);
        take(&mut latch, 14);
        let mut late = latch.clone();
        missed(&mut late, Tick(2));
        assert_eq!(taken(late, 2), [FIRE, 0]);
        take(&mut latch, 1);
        missed(&mut latch, Tick(2));
        assert_eq!(taken(latch.clone(), 2), [0; 2]);
        latch.missed(Tick(2), TickRate::new(240).expect("it is allowed"));
        assert_eq!(taken(latch, 2), [FIRE, 0]);
    }

    #[test]
    fn a_release_that_came_too_late_between_two_presses_is_given_once_more() {
        let mut latch = noted(&[]);
        play(&mut latch, &[RAIL, RAIL, 0, RAIL]);
        missed(&mut latch, Tick(3));
        assert_eq!(taken(latch, 3), [0, RAIL, RAIL]);
    }

    #[test]
    fn what_came_in_time_in_one_tick_is_not_given_again() {
        let mut latch = noted(&[]);
        play(&mut latch, &[0, FIRE, FIRE, 0, 0]);
        missed(&mut latch, Tick(2));
        assert_eq!(taken(latch.clone(), 3), [0; 3]);
        // What is over, but began before all that is known of, may have come in time.
        for _ in 0..3 {
            play(&mut latch, &[FIRE; HISTORY_MAX]);
        }
        play(&mut latch, &[0]);
        let last = latch.history.back().expect("it is full").tick;
        (1..=last.0).for_each(|tick| missed(&mut latch, Tick(tick)));
        assert_eq!(taken(latch, 3), [0; 3]);
    }

    #[test]
    fn who_presses_again_meanwhile_has_one_press_for_it() {
        let mut latch = noted(&[]);
        play(&mut latch, &[0, FIRE, 0, FIRE]);
        missed(&mut latch, Tick(2));
        assert_eq!(taken(latch, 3), [FIRE; 3]);
        let mut pressed = noted(&[]);
        play(&mut pressed, &[0, FIRE, 0]);
        pressed.note(FIRE);
        missed(&mut pressed, Tick(2));
        assert_eq!(taken(pressed, 3), [FIRE; 3], "that no tick has taken yet");
        let mut stick = noted(&[]);
        play(&mut stick, &[0, STICK, 0]);
        missed(&mut stick, Tick(2));
        assert_eq!(taken(stick, 3), [0; 3], "what is not a button is not pressed");
    }

    /// Plays presses of so many microseconds each to ticks of another length; gives how many of the
    /// presses a tick saw with the latch, and how many it saw without.
    fn taps(seed: u64, press_us: u64, tick_us: u64, taps: u64) -> (u64, u64) {
        const EVERY_US: u64 = 500_000;
        let mut dice = Dice::new(seed, 0);
        let mut latch = Latch::new(BITS);
        let (mut seen, mut sampled, mut before) = (0, 0, 0);
        let starts: Vec<u64> =
            (0..taps).map(|tap| tap * EVERY_US + u64::from(dice.below(200_000))).collect();
        // What happens, in its order; of what happens at once, keys come first.
        let mut moments: Vec<(u64, u8)> = Vec::new();
        for &start in &starts {
            moments.extend([(start, 0), (start + press_us, 1)]);
        }
        moments.extend((1..=taps * EVERY_US / tick_us).map(|tick| (tick * tick_us, 2)));
        moments.sort_unstable();
        for (_, what) in moments {
            match what {
                0 => latch.note(FIRE),
                1 => latch.note(0),
                _ => {
                    sampled += u64::from(latch.held & FIRE != 0);
                    let now = take(&mut latch, 1)[0];
                    seen += u64::from(now & !before & FIRE != 0);
                    before = now;
                }
            }
        }
        (seen, sampled)
    }

    #[test]
    fn taps_of_any_length_are_all_taken_at_any_tick_rate() {
        const TAPS: u64 = 30;
        let seed = 7;
        // 60 and 30 ticks a second, and 30 in slow motion.
        for tick_us in [16_667, 33_333, 133_333] {
            for press_us in [0, 10_000, 20_000] {
                let (seen, sampled) = taps(seed, press_us, tick_us, TAPS);
                assert_eq!(seen, TAPS, "seed {seed}: {press_us} us at ticks of {tick_us} us");
                assert!(tick_us < 30_000 || sampled < TAPS, "the test shows nothing");
            }
        }
    }
}
