//! Graphs made of layers: a chain, a bag of tasks and map-reduce are some of them.

use sim_core::random::{Keyed, below};
use sim_core::ratio::Ratio;

use super::Namespaces;
use super::spec::{Branch, Rank, Skills, TaskSpec};
use crate::parameters::Parameters;

/// What generated graphs look like.
#[derive(Clone, Debug)]
pub struct Shape {
    layers: u32,
    width: u32,
    fan_in: u32,
    fallbacks: Ratio,
    branches: Ratio,
    growth: Ratio,
    locked: Ratio,
    ranked: Ratio,
    topics: u32,
    triggered: Ratio,
}

impl Shape {
    /// As the parameters say.
    pub fn of(parameters: &Parameters) -> Self {
        let Parameters { layers, width, fan_in, fallbacks, branches, growth, locked, ranked, .. } =
            *parameters;
        let Parameters { topics, triggered, .. } = *parameters;
        Self { layers, width, fan_in, fallbacks, branches, growth, locked, ranked, topics, triggered }
    }
}

/// What is drawn about a generated task.
#[derive(Clone, Copy)]
enum Drawn {
    Parent = 16,
    Fallback,
    Branch,
    Growth,
    Lock,
    Rank,
    Skill,
    Trigger,
}

/// The tasks of a shape: each waits for some of the layer before.
///
/// Namespaces have them in turn.
pub(super) fn specs(
    shape: &Shape,
    (skills, namespaces): (&Skills, &Namespaces),
    keyed: Keyed,
) -> Vec<TaskSpec> {
    let mut specs = Vec::new();
    for layer in 0..shape.layers {
        for place in 0..shape.width {
            let number = layer * shape.width + place;
            let word = |drawn: Drawn, nth: u64| keyed.labeled(drawn as u64).word(number.into(), nth);
            let above = layer.checked_sub(1).map_or(0, |above| above * shape.width);
            let fan_in = if layer == 0 { 0 } else { shape.fan_in.min(shape.width) };
            // Neighbors in the layer above, from a drawn one on: distinct without drawing again.
            let first = below(word(Drawn::Parent, 0), shape.width.into()) as u32;
            let after = (0..fan_in).map(|nth| name(above + (first + nth) % shape.width)).collect();
            let rank = [Rank::Critical, Rank::Low][(word(Drawn::Rank, 1) & 1) as usize];
            let skill = skills.0.get(below(word(Drawn::Skill, 0), 2 * skills.0.len() as u64) as usize);
            let locked = shape.locked.happens(word(Drawn::Lock, 0));
            specs.push(TaskSpec {
                name: name(number),
                after,
                needs: skill.iter().map(|skill| skill.name.clone()).collect(),
                priority: shape.ranked.happens(word(Drawn::Rank, 0)).then_some(rank),
                namespace: namespaces.0.get(number as usize % namespaces.0.len().max(1)).cloned(),
                publishes: (shape.topics > 0).then(|| topic(shape, number)),
                lock: locked.then(|| format!("lock{}", word(Drawn::Lock, 1) & 1)),
                ..TaskSpec::default()
            });
            twists(shape, number, &mut specs, &word);
        }
    }
    specs
}

/// Tasks publish on topics in turn.
fn topic(shape: &Shape, number: u32) -> String {
    format!("topic{}", number % shape.topics + 1)
}

fn name(number: u32) -> String {
    format!("t{}", number + 1)
}

/// Fallbacks, branches and tasks that come into being, for the task that was made last.
fn twists(shape: &Shape, number: u32, specs: &mut Vec<TaskSpec>, word: &impl Fn(Drawn, u64) -> u64) {
    let own = name(number);
    let place = specs.len() - 1;
    if shape.fallbacks.happens(word(Drawn::Fallback, 0)) {
        let fallback = format!("{own}-simple");
        specs[place].fallback = Some(fallback.clone());
        specs.push(TaskSpec { name: fallback, ..TaskSpec::default() });
    }
    if shape.branches.happens(word(Drawn::Branch, 0)) {
        let [fast, audit] = [format!("{own}-fast"), format!("{own}-audit")];
        specs[place].branch = Some(Branch { above: 50, then: fast.clone(), otherwise: audit.clone() });
        let after = vec![own.clone()];
        specs.extend([fast, audit].map(|name| TaskSpec {
            name,
            after: after.clone(),
            ..TaskSpec::default()
        }));
    }
    if shape.growth.happens(word(Drawn::Growth, 0)) {
        let born = Some(own.clone());
        specs.push(TaskSpec { name: format!("{own}-more"), born, ..TaskSpec::default() });
    }
    if shape.topics > 0 && shape.triggered.happens(word(Drawn::Trigger, 0)) {
        let on = Some(topic(shape, number));
        specs.push(TaskSpec { name: format!("{own}-on"), on, ..TaskSpec::default() });
    }
}
