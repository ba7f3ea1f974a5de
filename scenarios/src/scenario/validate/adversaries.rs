//! `[[adversaries]]` against the protocol: who, when and what must exist.

use sim_core::adversary::{Act, Occasion};
use sim_core::fault::plan::same_kind;
use sim_core::fault::rounds::MOST_ROUNDS;
use sim_core::fault::selector::in_role;
use sim_core::fault::spec::LAST_ROUND;
use sim_core::registry::Cluster;

use super::Validator;
use crate::document::Complaint;
use crate::problem::Problem;
use crate::scenario::ByzzFuzz;
use crate::scenario::adversaries::{AdversaryTable, Told, Unread, known};

/// In so large a cluster, a protocol bears a traitor if it bears any at all.
const MANY: u32 = 100;

impl Validator<'_> {
    pub(super) fn adversaries(&mut self, cluster: &dyn Cluster) {
        let scenario = self.scenario;
        let bears_lies = cluster.fault_model(MANY).byzantine > 0;
        for (index, table) in scenario.adversaries.iter().enumerate() {
            let index = index.to_string();
            self.traitors(&index, table);
            self.occasion(&index, table);
            match table.read(self.protocol) {
                Ok(Told::Rule(Act::Alter { .. })) if !bears_lies => {
                    let title = format!(
                        "{} believes every message, so that an altered one proves nothing",
                        self.protocol.name
                    );
                    let problem =
                        Problem::new(title).at(self.places.value_at(&["adversaries", &index, "do"]));
                    self.problems.push(problem.label("expected a protocol that bears traitors"));
                }
                Ok(told) => self.told(&index, table, &told),
                Err(unread) => self.unread(&index, &unread),
            }
        }
    }

    fn traitors(&mut self, index: &str, table: &AdversaryTable) {
        for (place, name) in table.nodes.iter().enumerate() {
            let path = ["adversaries", index, "nodes", &place.to_string()];
            self.node_exists(&path, *name);
        }
    }

    fn occasion(&mut self, index: &str, table: &AdversaryTable) {
        let (messages, roles) = (self.protocol.messages, self.protocol.roles);
        if let Some(send) = &table.on.send
            && !messages.iter().any(|kind| same_kind(send, kind))
        {
            self.known(&["adversaries", index, "on", "send"], "kind of message", send, messages);
        }
        if let Some(role) = &table.on.role
            && !roles.iter().any(|known| in_role(role, known))
        {
            self.known(&["adversaries", index, "on", "role"], "role", role, roles);
        }
        if let Some(round) = table.on.round {
            self.round(index, round, table.on.send.as_deref());
        }
    }

    /// A round that no message tells would be a rule that never applies.
    fn round(&mut self, index: &str, round: u32, send: Option<&str>) {
        let path = ["adversaries", index, "on", "round"];
        let known = self.protocol.rounds;
        if known.is_empty() {
            let title = format!("messages of {} tell no round", self.protocol.name);
            return self.problem(&path, title);
        }
        if !(1..=LAST_ROUND).contains(&round) {
            self.problem(&path, format!("expected a round from 1 to {LAST_ROUND}, found {round}"));
        }
        if let Some(send) = send.filter(|send| !known.iter().any(|kind| same_kind(send, kind))) {
            let title = format!("\"{send}\" is no message that tells its round: {}", known.join(", "));
            self.problem(&["adversaries", index, "on", "send"], title);
        }
    }

    fn told(&mut self, index: &str, table: &AdversaryTable, told: &Told) {
        let act = ["adversaries", index, "do"];
        let always = table.on == Occasion::default();
        match told {
            Told::Rule(Act::Order { .. }) if self.scenario.network.coalition_delay.is_none() => {
                let title = "the network does not let traitors order it";
                let problem = Problem::new(title).at(self.places.value_at(&act));
                let problem = problem.label("this needs coalition_delay = \"50ms\" in [network]");
                self.problems.push(problem);
            }
            Told::Rule(_) => {}
            Told::Twins(place) => {
                self.node_exists(&["adversaries", index, "do", "twins", "place"], *place);
                if table.nodes.is_empty() || !always {
                    self.problem(&act, "twins need nodes, and take no \"on\"");
                }
            }
            Told::Adaptive(_) => {
                if !table.nodes.is_empty() || !always {
                    self.problem(
                        &act,
                        "an adaptive adversary chooses its nodes: it takes neither nodes nor \"on\"",
                    );
                }
            }
        }
    }

    /// Bounds that leave something to draw.
    pub(super) fn byzzfuzz(&mut self, drawn: &ByzzFuzz, cluster: &dyn Cluster) {
        let at = |key: &'static str| ["swarm", "byzzfuzz", key];
        if self.protocol.rounds.is_empty() {
            let title = format!("messages of {} tell no round", self.protocol.name);
            return self.problem(&["swarm", "byzzfuzz"], title);
        }
        if !(1..=MOST_ROUNDS).contains(&drawn.within) {
            self.problem(
                &at("within"),
                format!("expected 1 to {MOST_ROUNDS} rounds, found {}", drawn.within),
            );
        }
        if drawn.network > MOST_ROUNDS || drawn.process > MOST_ROUNDS {
            self.problem(
                &["swarm", "byzzfuzz"],
                format!("expected at most {MOST_ROUNDS} faults of each kind"),
            );
        }
        if drawn.network == 0 && drawn.process == 0 {
            self.problem(&["swarm", "byzzfuzz"], "expected faults: of the network, of processes, or both");
        }
        let borne = cluster.fault_model(MANY).byzantine;
        if drawn.process > 0 && (drawn.corrupt == 0 || borne == 0) {
            let title = format!(
                "faults of processes need traitors, and {} of them may be drawn",
                drawn.corrupt.min(borne)
            );
            self.problem(&at("process"), title);
        }
    }

    fn unread(&mut self, index: &str, unread: &Unread) {
        let path = ["adversaries", index, "do"].map(str::to_owned).to_vec();
        let problem = match unread {
            Unread::Shape => Problem::new("this says nothing that a traitor could do")
                .at(self.places.value_at(&path))
                .label(
                    "expected a behavior's name, or one with its settings: { delay = { by = \"100ms\" } }",
                ),
            Unread::Unknown(name) => {
                let names = known(self.protocol);
                let inside = self.places.follow(&path).0;
                let key = inside.children.get(name.as_str()).and_then(|child| child.key.clone());
                let origin = key.unwrap_or_else(|| inside.value.clone());
                let problem = Problem::new(format!("unknown behavior \"{name}\"")).at(origin);
                problem.suggest(name, names.iter().copied())
            }
            Unread::Settings(name, message) => {
                let path = [path, vec![name.clone()]].concat();
                Complaint { path, message: message.clone() }.explain(self.places)
            }
        };
        self.problems.push(problem);
    }
}
