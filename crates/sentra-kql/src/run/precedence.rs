use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Halt;

/// How often a thread that rests looks around. It goes on when nothing went first since it looked last: between two
/// questions, one right after the other, it would only cool the caches.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What is over soon goes first, and threads that give way rest until it is over: on few cores they would take its caches
/// and its memory, however low their priority is. Copies are the same one.
#[derive(Debug, Clone)]
pub struct Precedence(Arc<State>);

#[derive(Debug)]
struct State {
    /// From how many on the threads rest.
    rests_from: usize,
    pace: Pace,
    begun: Instant,
    /// How much goes first now: looked at with every row.
    first: AtomicUsize,
    /// How much went first until now.
    gone: AtomicU64,
    /// When the last of it began.
    latest: Mutex<Instant>,
}

/// How long nobody works who gives way.
#[derive(Debug)]
struct Pace {
    /// What goes first does so for this long. After that it is itself one of those that take long.
    first_max: Duration,
    /// Of every so long …
    round: Duration,
    /// … they work for so long whatever goes first: nobody waits for ever.
    own_share: Duration,
}

const PACE: Pace = Pace {
    first_max: Duration::from_millis(500),
    round: Duration::from_millis(5_000),
    own_share: Duration::from_millis(200),
};

/// Something that goes first; dropped, it is over.
#[derive(Debug)]
pub struct GoesFirst(Option<Arc<State>>);

thread_local! {
    static GIVES_WAY_TO: RefCell<Option<Precedence>> = const { RefCell::new(None) };
}

impl Precedence {
    /// For a machine of so many processors: what is over soon works on a few of them at a time.
    #[must_use]
    pub fn on(processors: usize) -> Self {
        Self::paced(processors.div_ceil(4).max(1), PACE)
    }

    fn paced(rests_from: usize, pace: Pace) -> Self {
        let now = Instant::now();
        Self(Arc::new(State {
            rests_from,
            pace,
            begun: now,
            first: AtomicUsize::new(0),
            gone: AtomicU64::new(0),
            latest: Mutex::new(now),
        }))
    }

    /// Goes first until what is given is dropped. What a thread does that gives way does not.
    #[must_use]
    pub fn go_first(&self) -> GoesFirst {
        if GIVES_WAY_TO.with_borrow(Option::is_some) {
            return GoesFirst(None);
        }
        *self.0.latest() = Instant::now();
        self.0.first.fetch_add(1, Ordering::Relaxed);
        GoesFirst(Some(Arc::clone(&self.0)))
    }

    /// Runs on this thread rest from now on while something else goes first.
    pub fn give_way_on_this_thread(&self) {
        GIVES_WAY_TO.set(Some(self.clone()));
    }
}

impl State {
    fn latest(&self) -> MutexGuard<'_, Instant> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_busy(&self) -> bool {
        self.first.load(Ordering::Relaxed) >= self.rests_from
    }

    /// Whether something goes first now.
    fn goes_first(&self) -> bool {
        self.is_busy() && self.is_in_time()
    }

    /// Whether what went first last does so still if it is not over, and those who give way have no share now.
    fn is_in_time(&self) -> bool {
        let now = Instant::now();
        let in_round = now.saturating_duration_since(self.begun).as_nanos() % self.pace.round.as_nanos();
        now.saturating_duration_since(*self.latest()) < self.pace.first_max
            && in_round >= self.pace.own_share.as_nanos()
    }

    fn rest(&self, halt: &Halt, deadline: Option<Instant>) {
        let is_over = || halt.is_told() || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let mut gone = None;
        while !is_over()
            && (self.goes_first() || gone.is_some_and(|gone| gone != self.gone() && self.is_in_time()))
        {
            gone = Some(self.gone());
            sleep(LOOK_EVERY);
        }
    }

    fn gone(&self) -> u64 {
        self.gone.load(Ordering::Relaxed)
    }
}

impl Drop for GoesFirst {
    fn drop(&mut self) {
        let Some(state) = &self.0 else { return };
        state.gone.fetch_add(1, Ordering::Relaxed);
        state.first.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether this thread gives way to something that goes first now.
#[must_use]
pub fn should_rest() -> bool {
    GIVES_WAY_TO.with_borrow(|precedence| {
        let state = precedence.as_ref().map(|Precedence(state)| state);
        state.is_some_and(|state| state.goes_first())
    })
}

/// Waits while this thread gives way to something that goes first, at most until `halt` is told or the deadline.
pub(super) fn rest(halt: &Halt, deadline: Option<Instant>) {
    if let Some(Precedence(state)) = GIVES_WAY_TO.with_borrow(Clone::clone) {
        state.rest(halt, deadline);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn precedence(rests_from: usize, first_max: Duration, own_share: Duration) -> Precedence {
        Precedence::paced(rests_from, Pace { first_max, round: LONG * 10, own_share })
    }

    /// A run that takes rows on a thread that gives way, until it is told to stop.
    fn runs(precedence: &Precedence, halt: &Halt) -> thread::JoinHandle<()> {
        let (precedence, halt) = (precedence.clone(), halt.clone());
        thread::spawn(move || {
            precedence.give_way_on_this_thread();
            while halt.row().is_ok() {
                thread::yield_now();
            }
        })
    }

    /// The run takes rows.
    fn moves(halt: &Halt) {
        let rows = halt.rows();
        while halt.rows() < rows + 10 {
            thread::yield_now();
        }
    }

    /// The run takes no rows; the one that was under way is done first.
    fn rests(halt: &Halt) {
        let mut rows = halt.rows();
        for _ in 0..1_000 {
            sleep(Duration::from_millis(10));
            if std::mem::replace(&mut rows, halt.rows()) == rows {
                break;
            }
        }
        sleep(Duration::from_millis(50));
        assert!(halt.rows() <= rows + 1, "{} rows, then {}", rows, halt.rows());
    }

    #[test]
    fn a_run_rests_while_something_goes_first_and_goes_on_after_it() {
        let (precedence, halt) = (precedence(1, LONG, Duration::ZERO), Halt::default());
        let run = runs(&precedence, &halt);
        for _ in 0..3 {
            moves(&halt);
            let (one, two) = (precedence.go_first(), precedence.go_first());
            rests(&halt);
            drop(one);
            rests(&halt);
            drop(two);
        }
        moves(&halt);
        let _first = precedence.go_first();
        rests(&halt);
        halt.tell();
        run.join().unwrap();
    }

    #[test]
    fn nobody_rests_for_ever() {
        let stuck = precedence(1, Duration::from_millis(1), Duration::ZERO);
        let shared = precedence(1, LONG, LONG * 10);
        let wide = precedence(2, LONG, Duration::ZERO);
        for precedence in [stuck, shared, wide] {
            let halt = Halt::default();
            let _first = precedence.go_first();
            let run = runs(&precedence, &halt);
            moves(&halt);
            halt.tell();
            run.join().unwrap();
        }
        let precedence = precedence(1, LONG, Duration::ZERO);
        let _first = precedence.go_first();
        let waits = thread::spawn({
            let precedence = precedence.clone();
            move || {
                precedence.give_way_on_this_thread();
                assert!(should_rest());
                Halt::default().rest(Some(Instant::now() + Duration::from_millis(1)));
            }
        });
        waits.join().unwrap();
    }

    #[test]
    fn threads_that_do_not_give_way_take_no_notice_and_those_that_do_never_go_first() {
        let precedence = precedence(1, LONG, Duration::ZERO);
        let first = precedence.go_first();
        assert!(!should_rest());
        drop(first);
        let other = precedence.clone();
        let gives_way = thread::spawn(move || {
            other.give_way_on_this_thread();
            let _first = other.go_first();
            should_rest()
        });
        assert!(!gives_way.join().unwrap(), "it would wait for itself");
    }
}
