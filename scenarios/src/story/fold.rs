//! Folds repeated steps: the first one with a count, and the last one.

use sim_core::ordered::OrderedMap;
use sim_core::story::{Step, StepKind};
use sim_core::time::Duration;

/// Steps that differ in numbers only are told one by one up to so many.
const FEW: usize = 3;

/// What a step says without its numbers; nothing for steps that are never folded.
fn shape(step: &Step) -> Option<String> {
    if matches!(step.kind, StepKind::Fault | StepKind::Violation) || step.note == super::slice::SECOND_COPY {
        return None;
    }
    let words = step.text.split(' ').map(|word| if word.parse::<u64>().is_ok() { "#" } else { word });
    Some(words.collect::<Vec<_>>().join(" "))
}

/// Leaves out repetitions between the first and the last step of each shape; how many steps went.
pub(super) fn fold(steps: &mut Vec<Step>) -> u64 {
    let mut places: OrderedMap<String, Vec<usize>> = OrderedMap::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(shape) = shape(step) {
            places.entry(shape).or_default().push(index);
        }
    }
    let mut gone = vec![false; steps.len()];
    for places in places.into_values().filter(|places| places.len() > FEW) {
        let [first, between @ .., last] = &places[..] else { continue };
        between.iter().for_each(|index| gone[*index] = true);
        let until = Duration::from_nanos(steps[*last].at_ns).as_secs_f64();
        let times = format!("{} times until {until:.3} s", places.len());
        let note = &mut steps[*first].note;
        *note = if note.is_empty() { times } else { format!("{times}; {note}") };
    }
    let before = steps.len();
    let mut gone = gone.into_iter();
    steps.retain(|_| !gone.next().unwrap_or(false));
    (before - steps.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at_ms: u64, kind: StepKind, text: &str) -> Step {
        let (at_ns, note) = (at_ms * 1_000_000, String::new());
        Step { number: 0, at_ns, slot: Some(0), kind, text: text.to_owned(), note, arrow: None }
    }

    #[test]
    fn what_happens_again_and_again_is_told_with_its_count() {
        let ask = |at_ms| step(at_ms, StepKind::Message, &format!("n2 -> n1  RequestVote term {at_ms} pre"));
        let refuse = |at_ms| step(at_ms, StepKind::Message, &format!("n1 -> n2  Vote term {at_ms}"));
        let mut steps: Vec<Step> = (1..=33).flat_map(|at_ms| [ask(at_ms), refuse(at_ms)]).collect();
        steps.push(step(40, StepKind::Observation, "n3 became leader term 3"));
        assert_eq!(fold(&mut steps), 62);
        let told: Vec<(&str, &str)> =
            steps.iter().map(|step| (step.text.as_str(), step.note.as_str())).collect();
        assert_eq!(
            told,
            [
                ("n2 -> n1  RequestVote term 1 pre", "33 times until 0.033 s"),
                ("n1 -> n2  Vote term 1", "33 times until 0.033 s"),
                ("n2 -> n1  RequestVote term 33 pre", ""),
                ("n1 -> n2  Vote term 33", ""),
                ("n3 became leader term 3", ""),
            ]
        );
    }

    #[test]
    fn few_and_faults_and_different_places_are_told_one_by_one() {
        let crash = |at_ms| step(at_ms, StepKind::Fault, "crash n1");
        let vote = |voter: u64| step(voter, StepKind::Message, &format!("n{voter} -> n9  Vote term 2"));
        let mut steps: Vec<Step> = (1..=9).map(crash).chain((1..=5).map(vote)).collect();
        steps.extend((1..=3).map(|at_ms| step(at_ms, StepKind::Observation, "n1 committed index 4")));
        assert_eq!(fold(&mut steps), 0);
    }
}
