//! The tasks of a run: what they need, what they wait for, and what they will come to. Nothing here changes while it runs.
//!
//! Whatever is left to chance about a task (how long it works, whether an attempt fails, how good its result is) is drawn
//! from the seed and the task alone. So every strategy meets the same tasks under the same seed, and so does the oracle of
//! the tests.

pub mod bounds;
mod csv;
mod cycle;
mod generate;
mod namespaces;
mod spec;

use sim_core::ordered::OrderedMap;
use sim_core::random::{Draw, Keyed, Purpose, below};
use sim_core::ratio::Ratio;
use sim_core::time::Duration;

pub use cycle::would_close_a_cycle;
pub use generate::Shape;
pub use namespaces::Namespaces;
pub use spec::{Branch, Rank, Skill, Skills, TaskSpec, Tasks, Timing};

use crate::parameters::Parameters;

/// A task by its place in the graph.
pub type TaskId = u32;

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// What people call it.
    pub name: String,
    /// Local work, without calls of the model.
    pub work: Duration,
    /// In how many steps; a call of the model follows each one.
    pub steps: u32,
    /// Tokens into the model at the first step.
    pub tokens_in: u32,
    /// Tokens out of the model at each step.
    pub tokens_out: u32,
    /// Which capabilities an agent needs, and in which namespace it must be, as bits.
    pub needs: u64,
    /// Its priority.
    pub rank: Rank,
    /// How often it is tried again after it failed.
    pub retries: u32,
    /// The task that runs instead if it fails for good.
    pub fallback: Option<TaskId>,
    /// The task whose fallback it is.
    pub stands_for: Option<TaskId>,
    /// Which task its result decides about.
    pub branch: Option<Split>,
    /// The tasks of which the first that succeeds brings it into being: one, or all that publish on a topic.
    pub born: Vec<TaskId>,
    /// The topic on which its success is an event.
    pub publishes: Option<u32>,
    /// The lock that it holds while it runs.
    pub lock: Option<u32>,
    /// Tasks that its success makes superfluous.
    pub cancels: Vec<TaskId>,
    /// What must have ended before it starts.
    pub parents: Vec<TaskId>,
    /// Who waits for it.
    pub children: Vec<TaskId>,
    /// How good its result is, in percent.
    pub score: u8,
    /// Which attempts fail, the first in the lowest bit.
    fails: u64,
}

/// A branch on a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The score, in percent, that the first way needs more than.
    pub above: u8,
    /// Who runs if it is reached.
    pub then: TaskId,
    /// Who runs if it is not.
    pub otherwise: TaskId,
}

/// All tasks of a run.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Those that a task brings into being, by that task.
    born: OrderedMap<TaskId, Vec<TaskId>>,
    /// How many locks there are.
    pub locks: u32,
    /// How many topics events are published on.
    pub topics: u32,
}

impl Task {
    /// Whether an attempt, counted from 0, fails. The attempts beyond the 64th are as the 64th.
    pub const fn fails(&self, attempt: u32) -> bool {
        let place = if attempt > 63 { 63 } else { attempt };
        self.fails >> place & 1 == 1
    }

    /// Whether every attempt fails that it has.
    pub fn fails_for_good(&self) -> bool {
        (0..=self.retries).all(|attempt| self.fails(attempt))
    }

    /// Whether it is there from the start and runs without anything having failed.
    pub const fn is_plain(&self) -> bool {
        self.born.is_empty() && self.stands_for.is_none()
    }
}

impl Graph {
    /// The tasks of these parameters under a seed.
    ///
    /// # Errors
    /// If names are unknown or twice there, or tasks wait for each other in a circle, which is named task by task.
    pub fn of(parameters: &Parameters, seed: u64) -> Result<Self, String> {
        let keyed = Keyed::new(seed, Purpose::Workload).labeled(0x7461_736b);
        let able = (&parameters.skills, &parameters.namespaces);
        let specs = match &parameters.tasks {
            Tasks::Generated => generate::specs(&Shape::of(parameters), able, keyed),
            Tasks::Listed(specs) => specs.clone(),
        };
        Self::build(&specs, able, &Usual::of(parameters), keyed)
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// One task.
    pub fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id as usize]
    }

    /// The name of a task.
    pub fn name(&self, id: TaskId) -> &str {
        &self.tasks[id as usize].name
    }

    /// The tasks that one brings into being.
    pub fn born_of(&self, id: TaskId) -> &[TaskId] {
        self.born.get(&id).map_or(&[], Vec::as_slice)
    }

    /// A task, its fallback, the fallback of that, and so on.
    pub fn in_place_of(&self, id: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        std::iter::successors(Some(id), |task| self.task(*task).fallback)
    }

    /// Every task with its id.
    pub fn iter(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        (0..).zip(&self.tasks)
    }

    fn build(
        specs: &[TaskSpec],
        able: (&Skills, &Namespaces),
        usual: &Usual,
        keyed: Keyed,
    ) -> Result<Self, String> {
        let names = Names::of(specs)?;
        let mut tasks = Vec::with_capacity(specs.len());
        let mut locks: OrderedMap<&str, u32> = OrderedMap::new();
        let mut topics: OrderedMap<&str, u32> = OrderedMap::new();
        for (id, spec) in (0..).zip(specs) {
            let next = locks.len() as u32;
            let lock = spec.lock.as_deref().map(|lock| *locks.entry(lock).or_insert(next));
            let next = topics.len() as u32;
            let publishes = spec.publishes.as_deref().map(|topic| *topics.entry(topic).or_insert(next));
            tasks.push(Task { lock, publishes, ..task(id, spec, able, usual, &names, keyed)? });
        }
        let (locks, count) = (locks.len() as u32, topics.len() as u32);
        let mut graph = Self { tasks, born: OrderedMap::new(), locks, topics: count };
        graph.subscribe(specs, &topics)?;
        graph.link(specs, &names)?;
        graph.validate()?;
        Ok(graph)
    }

    /// Tasks that an event brings into being, from all that publish on its topic.
    fn subscribe(&mut self, specs: &[TaskSpec], topics: &OrderedMap<&str, u32>) -> Result<(), String> {
        let mut publishers = vec![Vec::new(); topics.len()];
        for (id, task) in (0..).zip(&self.tasks) {
            task.publishes.into_iter().for_each(|topic| publishers[topic as usize].push(id));
        }
        for (task, spec) in self.tasks.iter_mut().zip(specs) {
            let Some(name) = spec.on.as_deref() else { continue };
            let Some(topic) = topics.get(name) else {
                let known = topics.keys().take(8).copied().collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "there are none".to_owned() } else { known };
                return Err(format!(
                    "{} waits for events on {name}, on which nothing publishes; topics: {known}",
                    spec.name
                ));
            };
            if !task.born.is_empty() {
                return Err(format!(
                    "{} has both \"born\" and \"on\": one of them brings it into being",
                    spec.name
                ));
            }
            task.born.clone_from(&publishers[*topic as usize]);
        }
        Ok(())
    }

    /// Children from parents, and the other references backward.
    fn link(&mut self, specs: &[TaskSpec], names: &Names<'_>) -> Result<(), String> {
        for (id, spec) in (0..).zip(specs) {
            for child in names.all(&spec.name, &spec.before)? {
                self.tasks[child as usize].parents.push(id);
            }
            for parent in &self.tasks[id as usize].born {
                self.born.entry(*parent).or_default().push(id);
            }
            if let Some(fallback) = self.tasks[id as usize].fallback {
                let stands_for = &mut self.tasks[fallback as usize].stands_for;
                if let Some(other) = stands_for.replace(id) {
                    let (name, other) = (self.name(fallback), self.name(other));
                    return Err(format!("{name} is the fallback of both {other} and {}", spec.name));
                }
            }
        }
        for id in 0..self.tasks.len() {
            self.tasks[id].parents.sort_unstable();
            self.tasks[id].parents.dedup();
            for parent in self.tasks[id].parents.clone() {
                self.tasks[parent as usize].children.push(id as TaskId);
            }
        }
        Ok(())
    }

    fn validate(&self) -> Result<(), String> {
        for (_, task) in self.iter().filter(|(_, task)| task.stands_for.is_some()) {
            if !task.parents.is_empty() || !task.children.is_empty() || !task.born.is_empty() {
                let name = &task.name;
                return Err(format!(
                    "{name} is a fallback: it takes the place of the task that failed, and can have no \"after\", \
                     \"before\", \"born\" or \"on\" of its own"
                ));
            }
        }
        for (_, task) in self.iter() {
            for target in task.branch.iter().flat_map(|split| [split.then, split.otherwise]) {
                if !task.children.contains(&target) {
                    let target = self.name(target);
                    return Err(format!("{} decides about {target}, which does not wait for it", task.name));
                }
            }
        }
        cycle::refuse(self, |task| task.born.is_empty())
    }
}

/// What a task is like where it does not say so itself.
#[derive(Clone, Debug)]
struct Usual {
    duration: Timing,
    steps: u32,
    tokens_in: u32,
    tokens_out: u32,
    retries: u32,
    failure: Ratio,
}

impl Usual {
    fn of(parameters: &Parameters) -> Self {
        let Parameters { duration, steps, tokens_in, tokens_out, retries, failure, .. } = parameters;
        Self {
            duration: duration.clone(),
            steps: *steps,
            tokens_in: *tokens_in,
            tokens_out: *tokens_out,
            retries: *retries,
            failure: *failure,
        }
    }
}

/// What is drawn about a task.
#[derive(Clone, Copy)]
enum Drawn {
    Work,
    Score,
    Failure,
}

fn task(
    id: TaskId,
    spec: &TaskSpec,
    (skills, namespaces): (&Skills, &Namespaces),
    usual: &Usual,
    names: &Names<'_>,
    keyed: Keyed,
) -> Result<Task, String> {
    let of = |drawn: Drawn| keyed.labeled(drawn as u64);
    let timing = spec.duration.as_ref().unwrap_or(&usual.duration);
    let mut draw = Draw::new(of(Drawn::Work), u64::from(id), 0);
    let failure = spec.failure.unwrap_or(usual.failure);
    let fails = |attempt: u64| failure.happens(of(Drawn::Failure).word(id.into(), attempt));
    let one = |name: &Option<String>| name.as_ref().map(|name| names.one(&spec.name, name)).transpose();
    let branch = spec.branch.as_ref().map(|branch| {
        let [then, otherwise] = [&branch.then, &branch.otherwise].map(|to| names.one(&spec.name, to));
        Ok::<_, String>(Split { above: branch.above, then: then?, otherwise: otherwise? })
    });
    Ok(Task {
        name: spec.name.clone(),
        work: timing.0.compile().sample_from(&mut draw),
        steps: spec.steps.unwrap_or(usual.steps).clamp(1, 10_000),
        tokens_in: spec.tokens_in.unwrap_or(usual.tokens_in),
        tokens_out: spec.tokens_out.unwrap_or(usual.tokens_out),
        needs: skills.mask(&spec.name, &spec.needs)?
            | namespaces.mask(&spec.name, spec.namespace.as_deref())?,
        rank: spec.priority.unwrap_or_default(),
        retries: spec.retries.unwrap_or(usual.retries),
        fallback: one(&spec.fallback)?,
        stands_for: None,
        branch: branch.transpose()?,
        born: one(&spec.born)?.into_iter().collect(),
        publishes: None,
        lock: None,
        cancels: names.all(&spec.name, &spec.cancels)?,
        parents: names.all(&spec.name, &spec.after)?,
        children: Vec::new(),
        score: spec.score.unwrap_or_else(|| below(of(Drawn::Score).word(id.into(), 0), 101) as u8),
        fails: (0..64).filter(|attempt| fails(*attempt)).fold(0, |bits, attempt| bits | 1 << attempt),
    })
}

/// Tasks by name.
struct Names<'a>(OrderedMap<&'a str, TaskId>);

impl<'a> Names<'a> {
    fn of(specs: &'a [TaskSpec]) -> Result<Self, String> {
        let mut names = OrderedMap::new();
        for (id, spec) in (0..).zip(specs) {
            if names.insert(spec.name.as_str(), id).is_some() {
                return Err(format!("there are two tasks called {}", spec.name));
            }
        }
        Ok(Self(names))
    }

    fn one(&self, by: &str, name: &str) -> Result<TaskId, String> {
        let known = || self.0.keys().take(8).copied().collect::<Vec<_>>().join(", ");
        let found = self.0.get(name).copied();
        found.ok_or_else(|| format!("{by} names the task {name}, which is not there; there are {}", known()))
    }

    fn all(&self, by: &str, names: &[String]) -> Result<Vec<TaskId>, String> {
        names.iter().map(|name| self.one(by, name)).collect()
    }
}

#[cfg(test)]
mod tests;
