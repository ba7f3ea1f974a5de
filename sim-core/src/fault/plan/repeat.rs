//! Faults that come back: `every = "10s"`, with jitter, until a time.
//!
//! A repeated entry is written out before a run, one entry for each time, so that a run records, a budget refuses and a
//! shrinker takes away single ones.

use super::{FaultEntry, FaultPlan, Moment};
use crate::random::{Keyed, Purpose, below};
use crate::time::{Duration, Time};

/// How a fault comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// From one beginning to the next.
    pub every: Duration,
    /// How much later each begins, at most; drawn from the seed, each time anew.
    pub jitter: Duration,
    /// None begins at this time or later; the end of the first phase if absent.
    pub until: Option<Duration>,
}

/// One entry comes back at most so often.
pub(in crate::fault) const MOST_TIMES: u64 = 1_000;

/// Sets the draws of jitter apart from the lots of targets.
const JITTER: u64 = u64::MAX - 1;

impl Repeat {
    /// The times at which it begins, without jitter: those before the end.
    pub(in crate::fault) fn times(self, first: Time, end: Time) -> impl Iterator<Item = Time> {
        let until = self.until.map_or(end, |until| Time::ZERO.saturating_add(until).min(end));
        let every = self.every.max(Duration::from_nanos(1));
        let times = (0..MOST_TIMES).map(move |turn| first.saturating_add(every.saturating_mul(turn)));
        times.take_while(move |at| *at < until)
    }

    /// How many times that are, however many.
    pub(in crate::fault) fn count(self, first: Time, end: Time) -> u64 {
        let until = self.until.map_or(end, |until| Time::ZERO.saturating_add(until).min(end));
        let window = until.as_nanos().saturating_sub(first.as_nanos());
        window.div_ceil(self.every.as_nanos().max(1))
    }
}

impl FaultPlan {
    /// Writes out every entry that comes back: one entry for each time before `end`. The first keeps its id, the others
    /// get ids of their own, above all that are given. Jitter is a function of the seed, the entry's id and the turn.
    pub fn write_out(&mut self, seed: u64, end: Time) {
        if self.entries.iter().all(|entry| entry.repeat.is_none()) {
            return;
        }
        self.number();
        let dice = Keyed::new(seed, Purpose::Fault).labeled(JITTER);
        let written = std::mem::take(&mut self.entries);
        for entry in written {
            let (Some(repeat), Moment::At(first)) = (entry.repeat, &entry.at) else {
                self.entries.push(entry);
                continue;
            };
            let id = u64::from(entry.id.unwrap_or_default());
            for (turn, at) in (0_u64..).zip(repeat.times(*first, end)) {
                let later = below(dice.word(id, turn), repeat.jitter.as_nanos().saturating_add(1));
                let at = Moment::At(at.saturating_add(Duration::from_nanos(later)));
                let id = entry.id.filter(|_| turn == 0);
                self.entries.push(FaultEntry { id, at, repeat: None, ..entry.clone() });
            }
        }
        self.number();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> FaultPlan {
        serde_json::from_str(text).unwrap()
    }

    fn moments(plan: &FaultPlan) -> Vec<(u32, u64)> {
        let at = |entry: &FaultEntry| match &entry.at {
            Moment::At(at) => (entry.id.unwrap(), at.as_nanos() / 1_000_000),
            Moment::On(_) => (entry.id.unwrap(), 0),
        };
        plan.entries.iter().map(at).collect()
    }

    const END: Time = Time::from_nanos(60_000_000_000);

    #[test]
    fn an_entry_is_written_out_once_for_each_time() {
        let mut repeated = plan(
            r#"{"entries":[{"at":"10s","every":"10s","crash":{"target":"leader","restart_after":"2s"}}]}"#,
        );
        repeated.write_out(7, END);
        assert_eq!(moments(&repeated), [(0, 10_000), (1, 20_000), (2, 30_000), (3, 40_000), (4, 50_000)]);
        assert!(repeated.entries.iter().all(|entry| entry.repeat.is_none() && entry.what.key() == "crash"));
        let mut until = plan(
            r#"{"entries":[{"at":"1s","every":"2s","until":"5s","join":{"count":1}},{"at":"9s","join":{"count":1}}]}"#,
        );
        until.write_out(7, END);
        assert_eq!(moments(&until), [(0, 1_000), (2, 3_000), (1, 9_000)]);
        let before = until.clone();
        until.write_out(8, END);
        assert_eq!(until, before);
    }

    #[test]
    fn jitter_is_drawn_from_the_seed_and_stays_within() {
        let text = r#"{"entries":[{"at":"1s","every":"1s","jitter":"300ms","pause":{"target":"n1"},"for":"100ms"}]}"#;
        let drawn = |seed| {
            let mut plan = plan(text);
            plan.write_out(seed, END);
            moments(&plan).into_iter().map(|(_, at)| at).collect::<Vec<_>>()
        };
        let one = drawn(1);
        assert_eq!((one.len(), &one), (59, &drawn(1)));
        assert_ne!(one, drawn(2));
        let late: Vec<u64> = one.iter().map(|at| at % 1_000).collect();
        assert!(late.iter().all(|late| *late <= 300) && late.iter().any(|late| *late > 200), "{late:?}");
    }

    #[test]
    fn entries_read_as_they_are_written() {
        let text =
            r#"{"at":"1s","for":"100ms","every":"1s","jitter":"300ms","until":"9s","pause":{"target":"n1"}}"#;
        let entry: FaultEntry = serde_json::from_str(text).unwrap();
        assert_eq!(
            serde_json::from_str::<FaultEntry>(&serde_json::to_string(&entry).unwrap()).unwrap(),
            entry
        );
        for (text, why) in [
            (r#"{"at":"1s","jitter":"1s","pause":{"target":"n1"}}"#, "jitter and until go with every"),
            (r#"{"at":"1s","until":"1s","pause":{"target":"n1"}}"#, "jitter and until go with every"),
            (r#"{"on":{"event":"X"},"every":"1s","pause":{"target":"n1"}}"#, "every goes with at"),
        ] {
            let error = serde_json::from_str::<FaultEntry>(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_would_still_be_in_force_is_refused() {
        for (entry, why) in [
            (r#"{"at":"1s","every":"2s","for":"1s","pause":{"target":"n1"}}"#, ""),
            (
                r#"{"at":"1s","every":"2s","for":"3s","pause":{"target":"n1"}}"#,
                "has not ended when it comes back",
            ),
            (
                r#"{"at":"1s","every":"2s","for":"1s","jitter":"1500ms","pause":{"target":"n1"}}"#,
                "has not ended when it comes back",
            ),
            (r#"{"at":"1s","every":"2s","pause":{"target":"n1"}}"#, "give it a \"for\""),
            (r#"{"at":"1s","every":"2s","jitter":"2s","join":{"count":1}}"#, "jitter must be below every"),
            (r#"{"at":"1s","every":"2s","until":"1s","join":{"count":1}}"#, "until must be after at"),
            (r#"{"at":"1s","every":"1us","until":"9s","join":{"count":1}}"#, "every must be at least 1ms"),
            (
                r#"{"at":"1s","every":"1ms","until":"9s","join":{"count":1}}"#,
                "it comes back 8000 times, more than 1000",
            ),
        ] {
            let plan = plan(&format!(r#"{{"entries":[{entry}]}}"#));
            let found = plan.validate(3, 0, None).map_or_else(|error| error.to_string(), |()| String::new());
            assert_eq!(found.is_empty(), why.is_empty(), "{entry}: {found}");
            assert!(found.contains(why), "{entry}: {found}");
        }
        let two = plan(
            r#"{"entries":[{"at":"1s","every":"5s","for":"1s","jitter":"2s","pause":{"target":"n1"}},{"at":"13s","for":"1s","pause":{"target":"n1"}}]}"#,
        );
        let error = two.validate(3, 0, None).unwrap_err().to_string();
        assert!(error.contains("entries 1 and 2 (pause, pause) overlap at slot 1"), "{error}");
    }
}
