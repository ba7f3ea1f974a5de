//! `run --watch`: a run played back, at a pace that people can follow. A run takes milliseconds, so it is made first and then
//! shown from what was kept of it.

use std::io;

use console::{Style, measure_text_width};
use sim_core::outcome::{LaneSpan, Outcome};
use sim_core::sorting::SortSeldom;

use super::{FRAME, Screen, bar, labelled};
use crate::cli::interrupt;
use crate::cli::run_text::milliseconds;
use crate::cli::table::thousands;
use crate::cli::wall::{Stopwatch, pause};

/// More members than these are counted by role and not listed.
const MOST_ROWS: u32 = 16;

/// How fast a run is shown: virtual seconds for each second.
pub(crate) fn speed(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.strip_suffix('x').unwrap_or(text).parse().ok();
    let number = number.filter(|number| number.is_finite() && (0.001..=1e6).contains(number));
    number.ok_or_else(|| "expected how many times as fast as real time, as 10x".to_owned())
}

/// Plays a run back on stderr, until it ends or somebody interrupts.
pub(crate) fn play(outcome: &Outcome, speed: f64, color: bool) -> io::Result<()> {
    interrupt::listen();
    let watch = Stopwatch::start();
    let mut screen = Screen::stderr();
    while !interrupt::interrupted() {
        let at_ns = (watch.seconds() * speed * 1e9) as u64;
        screen.show(&frame(outcome, at_ns.min(outcome.virtual_ns), speed, color))?;
        if at_ns >= outcome.virtual_ns {
            break;
        }
        pause(FRAME);
    }
    Ok(())
}

/// What is going on at a moment, a line for each thing.
fn frame(outcome: &Outcome, at_ns: u64, speed: f64, color: bool) -> Vec<String> {
    let mut lines = vec![clock(outcome, at_ns, speed)];
    if outcome.members > MOST_ROWS {
        lines.push(labelled("roles", &roles(outcome, at_ns)));
    } else {
        lines.extend((0..outcome.members).map(|slot| node(outcome, slot, at_ns, color)));
    }
    lines.push(labelled("faults", &faults(outcome, at_ns)));
    if !outcome.history.is_empty() {
        lines.push(labelled("operations", &operations(outcome, at_ns)));
    }
    let found = outcome.violations.iter().find(|found| found.at_ns <= at_ns);
    let red = Style::new().red().bold().force_styling(color);
    let found = found.map_or_else(
        || "nothing so far".to_owned(),
        |found| red.apply_to(format!("{}: {}", found.check, found.message)).to_string(),
    );
    lines.push(labelled("found", &found));
    lines
}

/// The bar that shows how far it is.
fn clock(outcome: &Outcome, at_ns: u64, speed: f64) -> String {
    let bar = bar(at_ns, outcome.virtual_ns);
    format!("{} of {}  {bar}  {speed}x · Ctrl-C ends", milliseconds(at_ns), milliseconds(outcome.virtual_ns))
}

/// What a member is at a moment.
fn span(outcome: &Outcome, slot: u32, at_ns: u64) -> Option<&LaneSpan> {
    let inside = |span: &&LaneSpan| span.slot == slot && span.from_ns <= at_ns && at_ns <= span.to_ns;
    outcome.picture.lanes.items.iter().rfind(inside)
}

fn node(outcome: &Outcome, slot: u32, at_ns: u64, color: bool) -> String {
    let name = outcome.slots.get(slot as usize).unwrap_or_default();
    let Some(span) = span(outcome, slot, at_ns) else { return format!("{name:<12}not there") };
    let style = match span.state.as_str() {
        "down" => Style::new().red(),
        "leader" | "primary" => Style::new().blue().bold(),
        "candidate" => Style::new().yellow(),
        _ => Style::new(),
    };
    let state = style.force_styling(color).apply_to(&span.state).to_string();
    let pad = " ".repeat(14_usize.saturating_sub(measure_text_width(&state)));
    format!("{name:<12}{state}{pad}{}", span.label)
}

/// How many members are what, the most frequent first.
fn roles(outcome: &Outcome, at_ns: u64) -> String {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    let spans = outcome.picture.lanes.items.iter();
    let inside =
        |span: &&LaneSpan| span.slot < outcome.members && span.from_ns <= at_ns && at_ns < span.to_ns;
    for span in spans.filter(inside) {
        match counts.iter_mut().find(|(state, _)| *state == span.state) {
            Some((_, count)) => *count += 1,
            None => counts.push((&span.state, 1)),
        }
    }
    counts.sort_seldom_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    if counts.is_empty() {
        return "not recorded for so many".to_owned();
    }
    counts
        .iter()
        .map(|(state, count)| format!("{} {state}", thousands(*count)))
        .collect::<Vec<_>>()
        .join(" · ")
}

fn faults(outcome: &Outcome, at_ns: u64) -> String {
    let fired = outcome.faults.iter().filter(|fault| fault.refused.is_none() && fault.at_ns <= at_ns);
    let so_far = fired.clone().count() as u64;
    let now = fired.filter(|fault| fault.until_ns.is_none_or(|until| at_ns < until));
    let now: Vec<&str> = now.map(|fault| fault.detail.as_str()).collect();
    let now = if now.is_empty() { "none in force".to_owned() } else { now.join(" · ") };
    format!("{now}  ({} so far)", thousands(so_far))
}

/// Answers in the last second, and in all.
fn operations(outcome: &Outcome, at_ns: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let returned = outcome.history.iter().filter_map(|entry| entry.return_ns).filter(|at| *at <= at_ns);
    let (all, last) =
        returned.fold((0_u64, 0_u64), |(all, last), at| (all + 1, last + u64::from(at_ns - at < SECOND)));
    format!("{} in the last second · {} so far", thousands(last), thousands(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::document::Format;
    use scenarios::plan::compile;
    use scenarios::run::run;
    use scenarios::scenario::load;
    use sim_core::picture::Detail;
    use sim_core::registry::Launch;

    #[test]
    fn speeds_are_read() {
        assert_eq!((speed("10x"), speed("0.5"), speed("2.5x")), (Ok(10.0), Ok(0.5), Ok(2.5)));
        for text in ["", "x", "0x", "-1x", "fast", "infx", "nan"] {
            assert!(speed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_frame_tells_roles_faults_and_the_rate_of_its_moment() {
        let source = scenarios::builtin::find("raft-partition").unwrap();
        let loaded = load(&crate::registry(), source, Format::Toml, &[]).unwrap();
        let launch = Launch { picture: Detail::Full, keep_history: true, ..Launch::default() };
        let outcome = run(&compile(&loaded, 0, &[]), &launch).unwrap();
        let fault = outcome.faults.iter().find(|fault| fault.refused.is_none()).unwrap();
        let lines = frame(&outcome, fault.at_ns, 10.0, false);
        assert_eq!(lines.len(), 1 + outcome.members as usize + 3, "{lines:#?}");
        assert!(lines[0].contains("10x"), "{}", lines[0]);
        let led = lines.iter().filter(|line| line.contains("leader")).count();
        assert!((1..=2).contains(&led), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains(&fault.detail)), "{lines:#?}");
        let before = frame(&outcome, 0, 10.0, false);
        assert!(
            before.iter().any(|line| line.contains("none in force"))
                && before.iter().all(|line| !line.contains("leader")),
            "{before:#?}"
        );
        assert!(frame(&outcome, outcome.virtual_ns, 10.0, true).iter().any(|line| line.contains("so far")));
    }
}
