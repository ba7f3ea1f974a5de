//! The space-time diagram of a story: a column for each node, time downward, a row for each step.
//!
//! Rows are steps and not seconds, since what matters is often microseconds apart and then seconds away. Between two
//! steps time is spread evenly, so a message starts where it was sent.

use maud::{Markup, html};
use sim_core::story::{Arrow, Step, StepKind, Story};

use super::story::kind;
use crate::run::{Palette, Run};

/// The height of a row; the list beside it has the same.
const ROW: f64 = 38.0;
const HEAD: f64 = 40.0;
const LEFT: f64 = 44.0;
const BADGE: f64 = 11.0;
/// Where badges of what concerns no node in particular stand.
const EDGE: f64 = 16.0;

struct Grid<'a> {
    story: &'a Story,
    column: f64,
}

impl Grid<'_> {
    /// The middle of a slot's column.
    fn x(&self, slot: u32) -> Option<f64> {
        let index = self.story.slots.iter().position(|own| *own == slot)?;
        Some(LEFT + (index as f64 + 0.5) * self.column)
    }

    fn row(index: usize) -> f64 {
        HEAD + (index as f64 + 0.5) * ROW
    }

    /// How far down a moment is.
    fn y(&self, at_ns: u64) -> f64 {
        let steps = &self.story.steps;
        let after = steps.iter().position(|step| step.at_ns >= at_ns);
        match after {
            None => Self::row(steps.len().saturating_sub(1)) + ROW * 0.5,
            Some(0) if steps[0].at_ns == at_ns => Self::row(0),
            Some(0) => HEAD + 6.0,
            Some(next) => {
                let (from, to) = (steps[next - 1].at_ns, steps[next].at_ns);
                let share = (at_ns - from) as f64 / (to - from).max(1) as f64;
                Self::row(next - 1) + share * ROW
            }
        }
    }

    /// Half a column as a share of the way that a message goes to the side.
    fn half(&self, aside: f64) -> f64 {
        (0.5 * self.column / aside.abs().max(1.0)).min(0.5)
    }

    /// Where the name of a message stands: between its sender and the next column, so that it covers no node.
    fn name_place(&self, arrow: &Arrow, y: f64) -> Option<(f64, f64)> {
        let start = (self.x(arrow.from)?, self.y(arrow.sent_ns).min(y));
        let whole = (self.x(arrow.to)? - start.0, y - start.1);
        let (x, y) = along(start, whole, self.half(whole.0));
        Some((x, y + if arrow.arrived_ns.is_none() { 14.0 } else { -6.0 }))
    }

    /// Which steps' messages are named in the diagram: names that would cover another one are left to the list.
    fn names(&self) -> Vec<bool> {
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let mut named = Vec::new();
        for (index, step) in self.story.steps.iter().enumerate() {
            let place = step.arrow.as_ref().and_then(|arrow| self.name_place(arrow, Self::row(index)));
            let free = |place: &(f64, f64)| {
                let touches = |other: &&(f64, f64)| {
                    (other.0 - place.0).abs() < 70.0 && (other.1 - place.1).abs() < 12.0
                };
                taken.iter().find(touches).is_none()
            };
            let place = place.filter(free);
            named.push(place.is_some());
            taken.extend(place);
        }
        named
    }

    fn width(&self) -> f64 {
        LEFT + self.column * self.story.slots.len() as f64
    }

    fn height(&self) -> f64 {
        HEAD + ROW * self.story.steps.len() as f64 + 10.0
    }
}

/// A place on the way.
fn along(start: (f64, f64), whole: (f64, f64), share: f64) -> (f64, f64) {
    (start.0 + whole.0 * share, start.1 + whole.1 * share)
}

/// The diagram.
pub(super) fn space_time(run: &Run, story: &Story) -> Markup {
    let column = (420.0 / story.slots.len().max(1) as f64).clamp(72.0, 160.0);
    let grid = Grid { story, column };
    let (width, height) = (grid.width(), grid.height());
    let named = grid.names();
    let about = format!(
        "Space-time diagram of {} steps; the list of steps says the same in words",
        story.steps.len()
    );
    html! {
        svg.spacetime width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(about) {
            @for slot in &story.slots { (lifeline(run, &grid, *slot)) }
            @for (index, step) in story.steps.iter().enumerate() { (line(&grid, index, step, named[index])) }
            @for (index, step) in story.steps.iter().enumerate() { (badge(&grid, index, step)) }
        }
    }
}

fn lifeline(run: &Run, grid: &Grid, slot: u32) -> Markup {
    let Some(x) = grid.x(slot) else { return html! {} };
    let palette = Palette::new(run);
    let (top, bottom) = (HEAD, grid.height() - 6.0);
    // Steps at the last instant have rows of their own, so what lasts until then lasts to the bottom.
    let last = grid.story.steps.last().map_or(0, |step| step.at_ns);
    let end = |at_ns: u64| if at_ns >= last { bottom } else { grid.y(at_ns) };
    let spans = run.lane(slot).map(|span| (span, grid.y(span.from_ns), end(span.to_ns)));
    html! {
        text.node x=(x) y="24" { (run.marked(slot)) }
        line.life x1=(x) x2=(x) y1=(top) y2=(bottom) {}
        @for (span, from, to) in spans.filter(|(_, from, to)| to > from) {
            rect class={ "state " (palette.class(&span.state)) } x=(x - 4.0) y=(one(from)) width="8" height=(one(to - from)) {
                title { (span.state) " " (span.label) }
            }
        }
    }
}

fn one(value: f64) -> String {
    format!("{value:.1}")
}

/// Where a step's badge stands; at the left edge if it is about no node.
fn place(grid: &Grid, step: &Step) -> Option<f64> {
    let receiver = step.arrow.as_ref().and_then(|arrow| grid.x(arrow.to));
    receiver.or_else(|| step.slot.and_then(|slot| grid.x(slot)))
}

/// What lies below all badges: the message, or a line across for what concerns everybody.
fn line(grid: &Grid, index: usize, step: &Step, named: bool) -> Markup {
    let y = Grid::row(index);
    html! {
        g class={ "step " (kind(step.kind)) } data-step=(step.number) {
            @if let Some(arrow) = &step.arrow { (message(grid, arrow, y, named)) }
            @if place(grid, step).is_none() || step.kind == StepKind::Violation {
                line.across x1=(EDGE) x2=(grid.width() - 4.0) y1=(y) y2=(y) {}
            }
        }
    }
}

fn badge(grid: &Grid, index: usize, step: &Step) -> Markup {
    let (x, y) = (place(grid, step).unwrap_or(EDGE), Grid::row(index));
    html! {
        g class={ "step " (kind(step.kind)) } data-step=(step.number) {
            circle.badge cx=(x) cy=(y) r=(BADGE) {}
            text.number x=(x) y=(y + 4.0) { (step.number) }
            title { (step.text) " " (step.note) }
        }
    }
}

/// An arrow from where it was sent to where it arrived, or to the middle of its way if it was lost.
fn message(grid: &Grid, arrow: &Arrow, y: f64, named: bool) -> Markup {
    let (Some(from), Some(to)) = (grid.x(arrow.from), grid.x(arrow.to)) else { return html! {} };
    let start = (from, grid.y(arrow.sent_ns).min(y));
    let whole = (to - from, y - start.1);
    let length = (whole.0 * whole.0 + whole.1 * whole.1).sqrt().max(1.0);
    let unit = (whole.0 / length, whole.1 / length);
    let lost = arrow.arrived_ns.is_none();
    let reach = length - BADGE - 2.0;
    let end = (start.0 + unit.0 * reach, start.1 + unit.1 * reach);
    let side =
        |back: f64, out: f64| (end.0 - unit.0 * back - unit.1 * out, end.1 - unit.1 * back + unit.0 * out);
    let (left, right) = (side(9.0, 4.5), side(9.0, -4.5));
    let head = format!("{:.1},{:.1} {:.1},{:.1} {:.1},{:.1}", end.0, end.1, left.0, left.1, right.0, right.1);
    let cross = along(start, whole, 1.0 - grid.half(whole.0));
    let name = grid.name_place(arrow, y).unwrap_or(start);
    html! {
        line.hit x1=(one(start.0)) y1=(one(start.1)) x2=(one(end.0)) y2=(one(end.1)) {}
        line class=(if lost { "arrow lost" } else { "arrow" })
            x1=(one(start.0)) y1=(one(start.1)) x2=(one(end.0)) y2=(one(end.1)) {}
        @if lost { text.cross x=(one(cross.0)) y=(one(cross.1 + 5.0)) { "\u{2715}" } }
        @else { polygon.head points=(head) {} }
        @if named { text.kind x=(one(name.0)) y=(one(name.1)) { (arrow.kind) @if lost { " (lost)" } } }
    }
}
