//! Which color a state has: the same on lanes, in diagrams and in figures.

use super::Run;

/// Which class a state has.
pub(crate) struct Palette<'a> {
    states: Vec<&'a str>,
}

impl<'a> Palette<'a> {
    pub(crate) fn new(run: &Run<'a>) -> Self {
        let named = |state: &&str| !matches!(*state, "down" | "paused");
        let mut states: Vec<&str> = run.states().into_iter().filter(named).collect();
        if let Some(first) = run.first_state().and_then(|first| states.iter().position(|own| *own == first)) {
            states[..=first].rotate_right(1);
        }
        Self { states }
    }

    /// The color of its series in a figure. The plain state is gray.
    pub(crate) fn ink(&self, state: &str) -> usize {
        match self.class(state) {
            "plain" => 6,
            "down" => 1,
            "paused" => 7,
            color => color.trim_start_matches('c').parse().unwrap_or(6),
        }
    }

    /// The class of each of these shares of a whole: that of the state of the same name, and for one that is no state a class that
    /// no state has.
    pub(crate) fn shares(&self, names: &[String]) -> Vec<&'static str> {
        let is_state = |name: &str| name == "idle" || name == "down" || self.states.contains(&name);
        let taken: Vec<&str> = self.states.iter().map(|state| self.class(state)).collect();
        let mut free =
            ["c1", "c0", "c4", "c2", "c3", "c5"].into_iter().filter(|class| !taken.contains(class)).cycle();
        let class = |name: &String| match name.as_str() {
            "idle" => "plain",
            name if is_state(name) => self.class(name),
            _ => free.next().unwrap_or("c1"),
        };
        names.iter().map(class).collect()
    }

    /// The state in which most members start is plain; each other one has a color of its own.
    pub(crate) fn class(&self, state: &str) -> &'static str {
        const COLORED: [&str; 6] = ["plain", "c0", "c4", "c2", "c3", "c5"];
        match state {
            "down" => "down",
            "paused" => "paused",
            _ => {
                let place = self.states.iter().position(|own| *own == state).unwrap_or(0);
                COLORED[place.min(COLORED.len() - 1)]
            }
        }
    }
}
