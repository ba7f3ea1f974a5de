//! A protocol of one's own, with a check of its own, in a registry of its own: leader election on a one-way ring
//! (Chang and Roberts, "An improved algorithm for decentralized extrema-finding", CACM 22(5), 1979).
//!
//! `cargo run --release --example own_protocol`

use serde_json::json;
use sim_core::check::{Check, Findings, Judge, Seen, Verdict};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Input, Lane, Message, Observe, Process, Summary};
use sim_core::registry::{Launch, NoParameters, ProtocolInfo, Registry, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

sim_core::facts! { pub(crate) enum Ballot { Candidate { uid: u64 } } }
sim_core::facts! { pub(crate) enum Report { Elected { uid: u64 } } }
sim_core::vocabulary! { pub(crate) Ring { message: Ballot, observation: Report } }

impl Message for Ballot {
    fn wire_size(&self) -> u32 {
        48
    }
    fn lane(&self) -> Lane {
        Lane::Stream
    }
}

impl Observe for Report {
    fn summary(&self) -> Summary {
        Summary { role: Some("leader"), ..Summary::default() }
    }
}

struct Member {
    uid: u64,
    next: NodeId,
}

impl Process<Ring> for Member {
    fn step(&mut self, input: Input<'_, Ring>, cx: &mut Context<'_, Ring>) {
        match input {
            Input::Start => cx.send(self.next, Ballot::Candidate { uid: self.uid }),
            Input::Message { message: Ballot::Candidate { uid }, .. } => {
                if *uid > self.uid {
                    cx.send(self.next, Ballot::Candidate { uid: *uid });
                } else if *uid == self.uid {
                    cx.observe(Report::Elected { uid: *uid });
                }
            }
            _ => {}
        }
    }
}

fn member(boot: &Boot<'_, Ring>) -> Member {
    let next = NodeId((boot.node.0 + 1) % boot.members.len() as u32);
    let uid = u64::from_le_bytes(boot.seed()[..8].try_into().expect("eight bytes"));
    Member { uid, next }
}

#[derive(Default)]
struct OneLeader(Vec<NodeId>);

impl Check<Ring> for OneLeader {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Ring>, findings: &mut Findings) {
        findings.exercised();
        self.0.push(seen.node);
        if self.0.len() > 1 {
            findings.safety("", &self.0, format!("{} leaders: {:?}", self.0.len(), self.0));
        }
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    roles: &["leader"],
    messages: Ballot::KINDS,
    ..ProtocolInfo::new("ring", "A ring elects")
};

pub(crate) fn main() {
    let mut registry = Registry::new();
    registry.register(Simple::new(&INFO, |_: &NoParameters, _, _| Subject {
        checks: vec![Judge::new("ring/one-leader", "No ring has two leaders.", OneLeader::default())],
        ..Subject::new("ring", |boot: Boot<'_, Ring>| member(&boot))
    }));
    let entry = registry.find("ring").expect("it was registered");
    let ring = entry.configure(&json!({})).expect("it has no parameters");
    let launch = |seed| ring.launch(&Setup::new(seed, 16), &Launch::default()).expect("a ring of 16");
    let outcomes: Vec<_> = (0..1_000).map(launch).collect();
    assert!(outcomes.iter().all(|outcome| outcome.verdict == Verdict::Pass), "one leader in every ring");
    let messages: u64 = outcomes.iter().map(|outcome| outcome.messages.sent).sum();
    println!("1,000 rings of 16 elected one leader each, with {} messages on average", messages / 1_000);
}
