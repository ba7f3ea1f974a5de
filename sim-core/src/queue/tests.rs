//! Each implementation against a sorted list, on times chosen to hurt.

use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use super::{EventQueue, LazyCalendar, LazyWheel, Pending, QuadHeap, StdHeap, key, payload_of, time_of};

/// What a test does to a queue. Times are relative to the entry popped last.
#[derive(Clone, Debug)]
enum Step {
    Push { after: u64, tie: u32 },
    Burst { after: u64, spacing: u64, count: u16 },
    Pop(u16),
    Peek,
    Drain,
}

/// The stupid oracle: a list kept in order.
#[derive(Default)]
struct Sorted(Vec<u128>);

impl Pending for Sorted {
    fn push(&mut self, key: u128) {
        let at = self.0.partition_point(|held| *held > key);
        self.0.insert(at, key);
    }

    fn pop(&mut self) -> Option<u128> {
        self.0.pop()
    }

    fn peek(&mut self) -> Option<u128> {
        self.0.last().copied()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

fn distances() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(u64::MAX),
        0..100u64,
        0..2_000_000_000u64,
        any::<u64>(),
        (0..64u32).prop_map(|bit| 1 << bit),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (distances(), 0..4u32).prop_map(|(after, tie)| Step::Push { after, tie }),
        1 => (distances(), distances(), 0..300u16)
            .prop_map(|(after, spacing, count)| Step::Burst { after, spacing, count }),
        1 => (distances(), 0..3u64, 0..300u16)
            .prop_map(|(after, spacing, count)| Step::Burst { after, spacing, count }),
        3 => (1..200u16).prop_map(Step::Pop),
        1 => Just(Step::Peek),
        1 => Just(Step::Drain),
    ];
    proptest::collection::vec(step, 0..60)
}

/// Runs the steps; returns all that came out, and the number held after each step.
fn run<Q: Pending>(steps: &[Step]) -> (Vec<Option<u128>>, Vec<usize>) {
    let (mut queue, mut out, mut lengths) = (Q::default(), Vec::new(), Vec::new());
    let (mut now, mut pushed) = (0u64, 0u32);
    let mut push = |queue: &mut Q, time: u64, tie: u32| {
        queue.push(key(time, tie, pushed));
        pushed += 1;
    };
    for step in steps {
        let pops = match *step {
            Step::Push { after, tie } => {
                push(&mut queue, now.saturating_add(after), tie);
                0
            }
            Step::Burst { after, spacing, count } => {
                let start = now.saturating_add(after);
                for index in 0..u64::from(count) {
                    let time = start.saturating_add(spacing.saturating_mul(index));
                    push(&mut queue, time, (index * 7 % 5) as u32);
                }
                0
            }
            Step::Pop(count) => count as usize,
            Step::Peek => {
                out.push(queue.peek());
                0
            }
            Step::Drain => queue.len(),
        };
        for _ in 0..pops {
            let popped = queue.pop();
            now = popped.map_or(now, time_of);
            out.push(popped);
        }
        lengths.push(queue.len());
    }
    out.extend(std::iter::from_fn(|| queue.pop()).map(Some));
    (out, lengths)
}

proptest! {
    #[test]
    fn all_queues_agree_with_a_sorted_list(steps in steps()) {
        let expected = run::<Sorted>(&steps);
        prop_assert_eq!(&run::<StdHeap>(&steps), &expected);
        prop_assert_eq!(&run::<QuadHeap>(&steps), &expected);
        prop_assert_eq!(&run::<LazyCalendar>(&steps), &expected);
        prop_assert_eq!(&run::<LazyWheel>(&steps), &expected);
        prop_assert_eq!(&run::<EventQueue>(&steps), &expected);
    }
}

/// A cheap generator for the long tests (Steele, Lea and Flood 2014: SplitMix64).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Holds `depth` entries for `events` pops; `delay` maps a random number to a distance. Returns a fold of the order.
fn hold<Q: Pending>(depth: u32, events: u32, delay: impl Fn(u64) -> u64) -> u64 {
    let (mut queue, mut state, mut fold) = (Q::default(), 1, 0u64);
    for payload in 0..depth {
        let random = splitmix(&mut state);
        queue.push(key(delay(random), random as u32, payload));
    }
    for _ in 0..events {
        let popped = queue.pop().unwrap();
        fold = fold.rotate_left(5).wrapping_mul(31) ^ (popped as u64) ^ time_of(popped);
        let random = splitmix(&mut state);
        queue.push(key(time_of(popped) + delay(random), random as u32, payload_of(popped)));
    }
    fold
}

fn holds_alike(depth: u32, events: u32, delay: impl Fn(u64) -> u64 + Copy) {
    let expected = hold::<StdHeap>(depth, events, delay);
    assert_eq!(hold::<QuadHeap>(depth, events, delay), expected);
    assert_eq!(hold::<LazyCalendar>(depth, events, delay), expected);
    assert_eq!(hold::<LazyWheel>(depth, events, delay), expected);
}

#[test]
fn long_runs_agree_on_smooth_times() {
    holds_alike(3000, 100_000, |random| random % 1_000_000_000);
    holds_alike(30_000, 100_000, |random| random % 100);
}

#[test]
fn long_runs_agree_on_bimodal_times() {
    holds_alike(5000, 100_000, |random| if random % 2 == 0 { random >> 50 } else { random >> 24 });
}

#[test]
fn long_runs_agree_on_rounds_at_one_instant() {
    holds_alike(20_000, 100_000, |_| 1_000_000);
    holds_alike(20_000, 100_000, |random| random % 2 * 50);
    holds_alike(2000, 100_000, |random| u64::from(random % 1000 == 0));
}

#[test]
fn a_million_events_at_one_instant_come_out_in_order() {
    let (mut queue, mut state) = (EventQueue::new(), 5);
    for payload in 0..1_000_000 {
        queue.push(key(7_777_777_777, splitmix(&mut state) as u32, payload));
    }
    let mut last = 0;
    for _ in 0..1_000_000 {
        let popped = queue.pop().unwrap();
        assert!(last < popped);
        last = popped;
    }
    assert!(queue.is_empty());
}

#[test]
fn a_peek_at_the_far_future_does_not_slow_the_present() {
    let mut queue = EventQueue::new();
    queue.push(key(3_600_000_000_000, 0, 0));
    assert_eq!(queue.peek().map(time_of), Some(3_600_000_000_000));
    for payload in 1..100_000 {
        queue.push(key(u64::from(payload) * 1000, 0, payload));
    }
    for payload in 1..100_000 {
        assert_eq!(queue.peek().map(payload_of), Some(payload));
        assert_eq!(queue.pop().map(payload_of), Some(payload));
    }
    assert_eq!((queue.pop().map(payload_of), queue.pop()), (Some(0), None));
}

#[test]
fn keys_come_apart_again() {
    let made = key(u64::MAX, 3, 4);
    assert_eq!((time_of(made), made as u64 >> 32, payload_of(made)), (u64::MAX, 3, 4));
}

#[test]
#[should_panic(expected = "is before")]
#[cfg(debug_assertions)]
fn the_past_is_refused() {
    let mut queue = EventQueue::new();
    queue.push(key(10, 0, 0));
    queue.pop();
    queue.push(key(9, 0, 0));
}
