//! What traitors can do to Raft. Its servers believe each other, and it promises nothing as soon as one of them lies: a
//! scenario with traitors is over budget, and what breaks breaks the assumption.

use sim_core::coalition::habits::take_sends;
use sim_core::coalition::{Coalition, CoalitionContext, Deed, Puppet};
use sim_core::identity::{NodeId, Slot};
use sim_core::process::{Effects, Input};

use super::vocabulary::{Command, Entry, Raft, RaftMessage};

sim_core::choices! {
    /// What traitors do.
    pub enum Behavior {
        /// Answers, and asks for votes, in a term far ahead, so that no leader stays one.
        InflateTerm = "inflate-term",
        /// As a leader, tells half of the honest servers other entries.
        Equivocate = "equivocate",
    }
}

/// How far ahead an inflated term is.
const AHEAD: u64 = 1_000;

/// The brain.
#[derive(Clone, Copy, Debug)]
pub struct Traitors {
    behavior: Behavior,
    members: u32,
}

impl Traitors {
    /// Traitors among this many members.
    pub const fn new(behavior: Behavior, members: u32) -> Self {
        Self { behavior, members }
    }

    /// The second half of the honest servers: they hear the other story.
    fn misled(&self, cx: &CoalitionContext<'_, Raft>) -> Vec<NodeId> {
        let honest: Vec<NodeId> = (0..self.members).map(NodeId).filter(|node| !cx.owns(*node)).collect();
        honest[honest.len().div_ceil(2)..].to_vec()
    }

    /// What a traitor says instead of a message, and to whom: everybody is told something once.
    fn told(
        &self,
        behavior: Behavior,
        to: &[NodeId],
        message: &RaftMessage,
        cx: &mut CoalitionContext<'_, Raft>,
    ) -> Vec<(Vec<NodeId>, RaftMessage)> {
        let lie = match behavior {
            Behavior::InflateTerm => inflated(message).map(|lie| (to.to_vec(), Deed::Inflated, lie)),
            Behavior::Equivocate => other_entries(message).map(|lie| {
                let misled = self.misled(cx);
                let told = to.iter().copied().filter(|node| misled.contains(node)).collect();
                (told, Deed::Equivocated, lie)
            }),
        };
        let Some((lied_to, deed, lie)) = lie.filter(|(lied_to, ..)| !lied_to.is_empty()) else {
            return vec![(to.to_vec(), message.clone())];
        };
        cx.did(deed);
        let others = to.iter().copied().filter(|node| !lied_to.contains(node)).collect();
        vec![(others, message.clone()), (lied_to, lie)]
    }

    fn edit(&self, effects: &mut Effects<Raft>, cx: &mut CoalitionContext<'_, Raft>) {
        for (to, message) in take_sends(effects) {
            for (to, message) in self.told(self.behavior, &to, &message, cx) {
                effects.push_send(to, message);
            }
        }
    }
}

/// A message in a term far ahead; `None` for what has none, or is no answer and no question.
fn inflated(message: &RaftMessage) -> Option<RaftMessage> {
    Some(match *message {
        RaftMessage::RequestVote { term, last_index, last_term, .. } => {
            RaftMessage::RequestVote { term: term + AHEAD, last_index, last_term, pre: false }
        }
        RaftMessage::Vote { term, .. } => {
            RaftMessage::Vote { term: term + AHEAD, granted: false, pre: false }
        }
        RaftMessage::AppendReply { term, .. } => {
            RaftMessage::AppendReply { term: term + AHEAD, success: false, index: 0 }
        }
        _ => return None,
    })
}

/// The same entries of the same term, but nothing in them.
fn other_entries(message: &RaftMessage) -> Option<RaftMessage> {
    let RaftMessage::AppendEntries { term, prev_index, prev_term, commit, entries } = message else {
        return None;
    };
    let something = entries.iter().any(|entry| *entry.command() != Command::Noop);
    let nothing = |entry: &Entry| Entry::new(entry.term(), Command::Noop);
    something.then(|| RaftMessage::AppendEntries {
        term: *term,
        prev_index: *prev_index,
        prev_term: *prev_term,
        commit: *commit,
        entries: entries.iter().map(nothing).collect(),
    })
}

impl Coalition<Raft> for Traitors {
    fn step(
        &mut self,
        _: Slot,
        input: Input<'_, Raft>,
        puppet: &mut dyn Puppet<Raft>,
        cx: &mut CoalitionContext<'_, Raft>,
    ) {
        puppet.run(input);
        self.edit(puppet.effects(), cx);
    }

    fn act(
        &mut self,
        behavior: &str,
        _: u32,
        from: Slot,
        to: &[NodeId],
        message: &RaftMessage,
        cx: &mut CoalitionContext<'_, Raft>,
    ) {
        let behavior = Behavior::find(behavior).unwrap_or(self.behavior);
        for (to, message) in self.told(behavior, to, message, cx) {
            to.into_iter().for_each(|node| cx.send_as(from, node, message.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::check::Verdict;
    use sim_core::operation::ObjectModel;
    use sim_core::outcome::Outcome;
    use sim_core::registry::{Entry as _, Launch};
    use sim_core::setup::Setup;
    use sim_core::time::Duration;
    use sim_core::workload::WorkloadModel;

    use super::super::batch::Batch;
    use super::super::entry::ENTRY;
    use super::*;

    #[test]
    fn other_entries_are_of_the_same_term_and_empty() {
        let operation = objects::Operation::Put { key: 1, value: 2 };
        let command = Command::Apply { client: NodeId(9), sequence: 1, operation };
        let entries = |command| -> Batch { [Entry::new(3, command)].into_iter().collect() };
        let message =
            |entries| RaftMessage::AppendEntries { term: 3, prev_index: 4, prev_term: 2, commit: 4, entries };
        let Some(RaftMessage::AppendEntries { entries: told, term: 3, prev_index: 4, .. }) =
            other_entries(&message(entries(command)))
        else {
            panic!("no lie")
        };
        assert_eq!(told[..], entries(Command::Noop)[..]);
        assert!(other_entries(&message(entries(Command::Noop))).is_none(), "it would be the same");
    }

    /// Ten seconds of five servers under load, of which the first is a traitor and leads from the start.
    fn betrayed(behavior: &str) -> Outcome {
        let mut setup = Setup::new(1, 5);
        setup.clients = 2;
        setup.duration = Duration::from_secs(10);
        setup.workload = Some(WorkloadModel::new(ObjectModel::Register));
        setup.initial.corrupt = vec![0];
        setup.initial.state = Some(json!([{ "nodes": ["n1"], "first_timeout": "20ms" }]));
        setup.behavior = Some(behavior.to_owned());
        let cluster = ENTRY.configure(&json!({})).expect("the defaults");
        cluster.launch(&setup, &Launch::default()).expect("it runs")
    }

    #[test]
    fn a_leader_that_equivocates_breaks_the_assumption() {
        let outcome = betrayed("equivocate");
        assert_eq!(outcome.verdict, Verdict::Assumption, "{:?}", outcome.violations);
        assert!(outcome.violations.iter().any(|found| found.check == "raft/log-matching"));
        assert!(outcome.activity["traitors.equivocated"] > 0);
    }

    #[test]
    fn inflated_terms_leave_no_time_for_a_leader() {
        let outcome = betrayed("inflate-term");
        assert!(outcome.activity["traitors.inflated"] > 10);
        assert!(outcome.activity["observed.TermSet"] > 100 && outcome.activity["operations.invoked"] > 0);
        assert_eq!(outcome.activity["operations.succeeded"], 0, "nobody leads for long enough");
    }
}
