//! A story as text: numbered steps in aligned columns.

use std::fmt::{self, Display, Formatter, Write};

use super::{Consequence, Counterfactual, CriticalPair, Likelihood, LikelihoodAt, Step, StepKind, Story};
use crate::time::Duration;

/// Where notes begin, at most; a longer step pushes its note.
const NOTES_AT: usize = 52;

/// How a step is colored.
const fn color_of(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Fault => "33",
        StepKind::Violation => "1;31",
        StepKind::Message => "36",
        StepKind::Timer | StepKind::Disk | StepKind::Process | StepKind::Observation | StepKind::Client => {
            "0"
        }
    }
}

fn paint(text: &str, code: &str, color: bool) -> String {
    if color && code != "0" { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

impl Display for Story {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&words(self, false))
    }
}

/// The steps of a story, and what would have come of it otherwise; with `color`, in the colors of a terminal.
pub fn words(story: &Story, color: bool) -> String {
    let mut text = String::new();
    if story.omitted > 0 {
        let _ = writeln!(text, "     {} earlier steps are omitted", story.omitted);
    }
    let longest =
        story.steps.iter().filter(|step| !step.note.is_empty()).map(|step| said(step).chars().count());
    let notes_at = longest.max().unwrap_or(0).min(NOTES_AT);
    for step in &story.steps {
        text += &line(step, notes_at, color);
    }
    if let Some(consequence) = &story.consequence {
        let _ = writeln!(text, "\n{}", of_consequence(consequence));
    }
    match &story.critical {
        Some(CriticalPair { first, second, about }) => {
            let _ = writeln!(text, "\n  race between steps {first} and {second}: {about}");
        }
        None if story.critical_sought => {
            let _ = writeln!(text, "\n  no race between two nearby steps decides the outcome");
        }
        None => {}
    }
    if !story.counterfactuals.is_empty() {
        let words: Vec<String> = story.counterfactuals.iter().map(counterfactual).collect();
        let _ = writeln!(text, "\n  {}", words.join(" · "));
    }
    if let Some(likelihood) = &story.likelihood {
        let _ = write!(text, "\n{}", of_likelihood(likelihood));
    }
    text
}

/// How long the bar of a sure failure is.
const BAR: u64 = 24;

/// A small chart: a bar for each moment.
pub fn of_likelihood(likelihood: &Likelihood) -> String {
    let seconds = |at_ns: u64| Duration::from_nanos(at_ns).as_secs_f64();
    if let Some(tries) = likelihood.tries_that_all_failed() {
        return format!(
            "  chance has no part in it: drawn anew from the start or from any later moment on, the same in {tries} of {tries} runs\n"
        );
    }
    let mut text = "  the same violation, with chance drawn anew from a moment on:\n".to_owned();
    for moment in &likelihood.moments {
        let bar = "#".repeat(usize::try_from(moment.percent() * BAR / 100).unwrap_or(0));
        let LikelihoodAt { at_ns, count, of, .. } = *moment;
        let line =
            format!("  {:>11.6} s  {:>3} %  {bar:<24}  {count} of {of}", seconds(at_ns), moment.percent());
        let _ = writeln!(text, "{line}");
    }
    let doomed = seconds(likelihood.doomed_ns);
    let _ = match likelihood.open_ns {
        Some(open) => writeln!(text, "  doomed between {:.6} s and {doomed:.6} s", seconds(open)),
        None => writeln!(text, "  doomed from the start: other chance changes nothing"),
    };
    text
}

fn said(step: &Step) -> String {
    if step.kind == StepKind::Fault { format!("FAULT {}", step.text) } else { step.text.clone() }
}

fn line(step: &Step, notes_at: usize, color: bool) -> String {
    let time = format!("{:>3}  {:>8.3} s", step.number, Duration::from_nanos(step.at_ns).as_secs_f64());
    let words = said(step);
    let gap = notes_at.saturating_sub(words.chars().count());
    let note = match step.note.as_str() {
        "" => String::new(),
        note => format!("{:gap$}  {note}", ""),
    };
    let note_color = if step.kind == StepKind::Violation { "1;31" } else { "2" };
    format!("{time}  {}{}\n", paint(&words, color_of(step.kind), color), paint(&note, note_color, color))
}

/// `and then at 0.706 s  raft/election-safety: two leaders in term 4: n1 and n2`.
fn of_consequence(consequence: &Consequence) -> String {
    let Consequence { at_ns, check, message, given } = consequence;
    let at = Duration::from_nanos(*at_ns).as_secs_f64();
    let given = if given.is_empty() { "and then".to_owned() } else { format!("and {given},") };
    format!("  {given} at {at:.3} s  {check}: {message}")
}

/// `without fault 1: pass`.
fn counterfactual(counterfactual: &Counterfactual) -> String {
    let came = if counterfactual.reproduced { "the same" } else { counterfactual.verdict.name() };
    format!("{}: {came}", counterfactual.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;

    fn step(number: u32, kind: StepKind, text: &str, note: &str) -> Step {
        let at_ns = u64::from(number) * 100_000_000;
        Step { number, at_ns, slot: Some(0), kind, text: text.to_owned(), note: note.to_owned(), arrow: None }
    }

    #[test]
    fn steps_stand_in_columns() {
        let story = Story {
            steps: vec![
                step(1, StepKind::Fault, "cut off n1", ""),
                step(2, StepKind::Observation, "n3 voted term 4", "disk: vote none"),
                step(3, StepKind::Violation, "n3 voted", "<- twice"),
            ],
            omitted: 2,
            counterfactuals: vec![Counterfactual {
                what: "without step 1".to_owned(),
                step: Some(1),
                verdict: Verdict::Pass,
                reproduced: false,
            }],
            ..Story::default()
        };
        let mut whole = story.clone();
        whole.critical_sought = true;
        whole.consequence = Some(Consequence {
            at_ns: 400_000_000,
            check: "raft/election-safety".to_owned(),
            message: "two leaders in term 4".to_owned(),
            given: "if n1 crashes then".to_owned(),
        });
        let told = words(&whole, false);
        let said = "  and if n1 crashes then, at 0.400 s  raft/election-safety: two leaders in term 4\n";
        assert!(told.contains(said) && told.contains("no race between two nearby steps"), "{told}");
        let at =
            |at_ns: u64, count: u64| LikelihoodAt { at_ns, count, of: 20, low_percent: 0, high_percent: 99 };
        whole.likelihood = Some(Likelihood {
            found_ns: 300_000_000,
            open_ns: Some(0),
            doomed_ns: 150_000_000,
            moments: vec![at(0, 5), at(150_000_000, 20)],
        });
        let chart = "\n  the same violation, with chance drawn anew from a moment on:
     0.000000 s   25 %  ######                    5 of 20
     0.150000 s  100 %  ########################  20 of 20
  doomed between 0.000000 s and 0.150000 s\n";
        assert!(words(&whole, false).ends_with(chart), "{}", words(&whole, false));
        whole.likelihood.as_mut().unwrap().moments[0].count = 20;
        let always = "  chance has no part in it: drawn anew from the start or from any later moment on, the same in 40 of 40 runs\n";
        assert!(words(&whole, false).ends_with(always), "{}", words(&whole, false));
        let expected = "     2 earlier steps are omitted
  1     0.100 s  FAULT cut off n1
  2     0.200 s  n3 voted term 4  disk: vote none
  3     0.300 s  n3 voted         <- twice

  without step 1: pass
";
        assert_eq!(words(&story, false), expected);
        let colored = words(&story, true);
        assert!(colored.contains("\x1b[33mFAULT cut off n1\x1b[0m"), "{colored:?}");
    }
}
