//! Sessions, retry and redirect, at both ends.

use sim_core::facts::render;
use sim_core::identity::NodeId;
use sim_core::process::{Effect, Factory, Input, RequestId, Role as SlotRole, Solo, Start, TimerId};
use sim_core::time::Time;

use super::one::{CLIENT, N2, N3, One, sends, without_pre_vote};
use crate::batch::Batch;
use crate::node::{RaftFactory, RaftNode};
use crate::parameters::{Parameters, Reads};
use crate::vocabulary::{Command, Entry, Raft, RaftMessage, RaftRequest, RaftTimer};
use objects::{Operation, Reply};

const PUT: Operation = Operation::Put { key: 1, value: 5 };

fn request(sequence: u64) -> RaftMessage {
    RaftMessage::ClientRequest { sequence, operation: PUT, relay: false }
}

fn ack(index: u64) -> RaftMessage {
    RaftMessage::AppendReply { term: 1, success: true, index }
}

fn answer(sequence: u64) -> RaftMessage {
    RaftMessage::ClientReply { sequence, reply: Some(Reply::Done), index: 9, leader: None }
}

fn redirect(sequence: u64, leader: Option<NodeId>) -> RaftMessage {
    RaftMessage::ClientReply { sequence, reply: None, index: 0, leader }
}

#[test]
fn a_leader_answers_when_it_has_applied() {
    let mut one = One::new(without_pre_vote());
    one.elect();
    one.synced_all();
    one.hears(N2, &ack(1));
    assert_eq!(sends(&one.hears(CLIENT, &request(1))).len(), 1, "to the follower; the client waits");
    assert!(
        !one.hears(CLIENT, &request(1)).iter().any(|line| line.starts_with("write")),
        "in the log already"
    );
    one.synced_all();
    let reply = ["to n8: ClientReply sequence 1 reply Done[] index 2 leader n1"];
    assert_eq!(one.answer(N2, &ack(2)), reply);
    assert_eq!(one.hears(CLIENT, &request(1)), reply, "from the session");
    one.hears(CLIENT, &request(2));
    one.synced_all();
    one.hears(N2, &ack(3));
    let further = ["to n8: ClientReply sequence 2 reply none index 0 leader n1"];
    assert_eq!(one.hears(CLIENT, &request(1)), further, "the session is further");
}

#[test]
fn a_server_that_does_not_lead_names_the_leader_it_knows() {
    let mut one = One::new(without_pre_vote());
    let nobody = ["to n8: ClientReply sequence 1 reply none index 0 leader none"];
    assert_eq!(one.hears(CLIENT, &request(1)), nobody);
    one.hears(N3, &super::one::heartbeat(1, 0, 0, 0));
    let leader = ["to n8: ClientReply sequence 1 reply none index 0 leader n3"];
    assert_eq!(one.hears(CLIENT, &request(1)), leader);
}

#[test]
fn a_server_passes_on_what_a_client_could_not_say_to_the_leader() {
    let mut one = One::new(without_pre_vote());
    let relay = RaftMessage::ClientRequest { sequence: 1, operation: PUT, relay: true };
    let nobody = ["to n8: ClientReply sequence 1 reply none index 0 leader none"];
    assert_eq!(one.hears(CLIENT, &relay), nobody, "it knows of no leader");
    one.hears(N3, &super::one::heartbeat(1, 0, 0, 0));
    assert_eq!(
        one.hears(CLIENT, &relay),
        ["to n3: Forward client n8 sequence 1 operation Put[key 1 value 5]"]
    );
    let command = Command::Apply { client: CLIENT, sequence: 1, operation: PUT };
    let entries = Batch::One(Entry::new(1, command));
    one.hears(N3, &RaftMessage::AppendEntries { term: 1, prev_index: 0, prev_term: 0, commit: 0, entries });
    one.synced_all();
    let reply = "to n8: ClientReply sequence 1 reply Done[] index 1 leader n3".to_owned();
    let applied = one.answer(N3, &super::one::heartbeat(1, 1, 1, 1));
    assert!(applied.contains(&reply), "{applied:?}");
    assert_eq!(one.hears(CLIENT, &relay), [reply], "what it has applied it can answer");
}

#[test]
fn a_leader_takes_forwarded_requests_from_members_only() {
    let mut one = One::new(without_pre_vote());
    one.elect();
    one.synced_all();
    let forward = RaftMessage::Forward { client: CLIENT, sequence: 1, operation: PUT };
    assert!(one.hears(CLIENT, &forward).is_empty());
    assert!(one.hears(N2, &forward)[0].starts_with("write Entry index 2"));
    assert!(one.hears(N3, &forward).is_empty(), "in the log already");
}

/// A client of three servers, stepped by hand.
struct Asking {
    solo: Solo,
    process: RaftNode,
    retry: Option<RaftTimer>,
}

impl Asking {
    fn new(now: Time) -> Self {
        Self::called(CLIENT, now)
    }

    fn called(client: NodeId, now: Time) -> Self {
        Self::with(without_pre_vote(), client, now)
    }

    fn with(parameters: Parameters, client: NodeId, now: Time) -> Self {
        let mut solo = Solo::new(client, 3);
        solo.now = now;
        let mut factory = RaftFactory { parameters, ..RaftFactory::default() };
        let process = factory.boot(solo.boot(SlotRole::Client, &[]));
        let mut asking = Self { solo, process, retry: None };
        asking.step(Input::Start);
        asking
    }

    /// The process is gone, and another one starts in its place, at the same time by its clock.
    fn restart(&mut self) {
        let mut boot = self.solo.boot(SlotRole::Client, &[]);
        boot.start = Start::Restart;
        self.process = RaftFactory { parameters: without_pre_vote(), ..RaftFactory::default() }.boot(boot);
        self.step(Input::Start);
    }

    /// Steps and returns whom it asks, and what it reports.
    fn step(&mut self, input: Input<'_, Raft>) -> Vec<(Option<NodeId>, String)> {
        let effects = self.solo.step(&mut self.process, input);
        let mut done = Vec::new();
        for effect in effects.list() {
            match effect {
                Effect::Send { to, message } => {
                    done.push((effects.recipients(to).first().copied(), render(message)));
                }
                Effect::Return { id, response } => {
                    done.push((None, format!("{}: {}", id.0, render(response))));
                }
                Effect::Observe(observation) => done.push((None, render(observation))),
                Effect::SetTimer { timer, .. } => self.retry = Some(timer.clone()),
                Effect::CancelTimer(_) => self.retry = None,
                other => panic!("a client does not {other:?}"),
            }
        }
        done
    }

    fn request(&mut self, id: u64) -> Vec<(Option<NodeId>, String)> {
        self.step(Input::Request { id: RequestId(id), request: RaftRequest::Operation { operation: PUT } })
    }

    fn reads(&mut self, id: u64) -> Vec<(Option<NodeId>, String)> {
        let operation = Operation::Get { key: 1 };
        self.step(Input::Request { id: RequestId(id), request: RaftRequest::Operation { operation } })
    }

    fn hears(&mut self, from: NodeId, message: &RaftMessage) -> Vec<(Option<NodeId>, String)> {
        self.step(Input::Message { from, message })
    }

    fn waits(&mut self) -> Vec<(Option<NodeId>, String)> {
        let timer = self.retry.take().expect("a retry is pending");
        self.step(Input::Timer { id: TimerId(0), timer })
    }
}

fn other_than(server: NodeId) -> NodeId {
    NodeId((server.0 + 1) % 3)
}

#[test]
fn a_client_has_one_operation_outstanding_in_the_order_of_requests() {
    let mut client = Asking::new(Time::ZERO);
    let asked = client.request(10);
    assert!(asked[0].1.starts_with("ClientRequest sequence 1"));
    assert!(client.request(11).is_empty() && client.request(12).is_empty());
    let done = client.hears(N2, &answer(1));
    assert!(done[0].1.starts_with("Acknowledged sequence 1 index 9 answer "), "{}", done[0].1);
    assert_eq!(done[1].1, "10: RaftResponse reply Done[] index 9");
    assert!(done[2].1.starts_with("ClientRequest sequence 2"));
    assert!(client.hears(N2, &answer(1)).is_empty(), "answered already");
    assert_eq!(client.hears(N2, &answer(2))[1].1, "11: RaftResponse reply Done[] index 9");
}

#[test]
fn a_client_asks_another_server_when_nobody_answers() {
    let mut client = Asking::new(Time::ZERO);
    let mut asked = vec![client.request(1)[0].0.unwrap()];
    for _ in 0..2 {
        let again = client.waits();
        assert!(again[0].1.starts_with("ClientRequest sequence 1"), "the same operation");
        assert!(again[0].1.ends_with("relay true"), "whoever it reaches is to pass it on");
        asked.push(again[0].0.unwrap());
    }
    asked.sort_unstable();
    assert_eq!(asked, [NodeId(0), NodeId(1), NodeId(2)]);
}

/// Whoever answered, and whoever leads: a local client begins at its own server, unless that has left.
#[test]
fn a_local_client_begins_each_operation_at_its_own_server() {
    let parameters = Parameters { local_clients: true, reads: Reads::Lease, ..without_pre_vote() };
    let home = NodeId(CLIENT.0 % 3);
    let mut client = Asking::with(parameters, CLIENT, Time::ZERO);
    for sequence in 1..4 {
        let asked = client.request(sequence);
        assert_eq!(asked[0].0, Some(home));
        assert!(asked[0].1.ends_with("relay true"), "its server passes it on: {}", asked[0].1);
        client.hears(other_than(home), &answer(sequence));
    }
    let asked = client.reads(4);
    assert_eq!((asked[0].0, asked[0].1.starts_with("Read sequence 4")), (Some(home), true));
    let leader = other_than(home);
    assert_eq!(
        client.hears(home, &redirect(4, Some(leader)))[0].0,
        Some(leader),
        "a read is asked of the leader"
    );
    let again = client.waits();
    assert!(again[0].1.starts_with("ClientRequest sequence 4"), "and then through the log: {}", again[0].1);
    client.hears(leader, &answer(4));
    let left = RaftRequest::Member { node: home, here: false };
    client.step(Input::Request { id: RequestId(99), request: left });
    assert_ne!(client.request(5)[0].0, Some(home));
}

#[test]
fn a_client_follows_hints_but_not_round_in_circles() {
    let mut client = Asking::new(Time::ZERO);
    let mut asked = client.request(1)[0].0.unwrap();
    assert!(client.hears(asked, &redirect(1, None)).is_empty(), "nobody knows: the retry will come");
    let mut followed = 0;
    while let Some((to, _)) = client.hears(asked, &redirect(1, Some(other_than(asked)))).first() {
        assert_eq!(*to, Some(other_than(asked)));
        asked = to.unwrap();
        followed += 1;
    }
    assert_eq!(followed, 3);
    asked = client.waits()[0].0.unwrap();
    assert_eq!(client.hears(asked, &redirect(1, Some(other_than(asked)))).len(), 1, "a new try, new hints");
}

#[test]
fn a_client_that_forgot_its_session_goes_on_after_it() {
    let mut client = Asking::new(Time::from_nanos(1_000));
    let asked = client.request(1);
    assert!(asked[0].1.starts_with("ClientRequest sequence 262145"), "beyond anything used before");
    let resumed = client.hears(N2, &redirect(300_000, Some(N2)));
    assert!(resumed[0].1.starts_with("ClientRequest sequence 300001"), "{resumed:?}");
    assert!(client.hears(N2, &redirect(290_000, Some(N2))).is_empty(), "old news");
}

#[test]
fn a_client_whose_clock_stands_still_does_not_use_a_sequence_twice() {
    let mut client = Asking::new(Time::from_nanos(50));
    let mut used = Vec::new();
    for life in 0..20 {
        let asked = client.request(life)[0].1.clone();
        assert!(!used.contains(&asked), "{asked} was asked before");
        used.push(asked);
        client.restart();
    }
}

/// Else an operation of an earlier life that arrives late would hide one that this life has done, which would be done again.
#[test]
fn a_client_that_is_back_soon_goes_on_above_its_earlier_lives() {
    let mut client = Asking::new(Time::ZERO);
    let mut last = 0;
    for life in 1..50 {
        client.solo.now = Time::from_nanos(life * 1_000);
        client.restart();
        let asked = client.request(life)[0].1.clone();
        let sequence: u64 = asked.split(' ').nth(2).and_then(|word| word.parse().ok()).expect("a sequence");
        assert!(sequence > last, "life {life} begins at {sequence}, after {last}");
        last = sequence;
    }
}

/// Newcomers and losses are asked for one after the other, each until it is done; who left is not waited for.
#[test]
fn the_first_client_asks_for_changes_of_membership() {
    let mut asking = Asking::called(NodeId(3), Time::ZERO);
    let n = |number: u32| NodeId(number);
    let wishes = |done: Vec<(Option<NodeId>, String)>| done.into_iter().map(|(_, it)| it).collect::<Vec<_>>();
    let hears_of = |asking: &mut Asking, node, here| {
        let request = RaftRequest::Member { node, here };
        wishes(asking.step(Input::Request { id: RequestId(99), request }))
    };
    assert_eq!(hears_of(&mut asking, n(7), true), ["Change node n8 add true"]);
    assert!(hears_of(&mut asking, n(8), true).is_empty(), "one at a time");
    assert!(hears_of(&mut asking, N2, false).is_empty());
    // What is not done is asked for again, behind the others.
    let again =
        |asking: &mut Asking| wishes(asking.step(Input::Timer { id: TimerId(1), timer: RaftTimer::Operate }));
    assert_eq!(again(&mut asking), ["Change node n9 add true"]);
    assert_eq!(again(&mut asking), ["Change node n2 add false"]);
    assert_eq!(again(&mut asking), ["Change node n8 add true"]);
    let done = |node, add| RaftMessage::ChangeReply { node, add, done: true, leader: None };
    asking.hears(N3, &done(n(7), true));
    assert_eq!(again(&mut asking), ["Change node n9 add true"]);
    // It leaves before it was let in: it is to be removed, and that is next but one.
    assert!(hears_of(&mut asking, n(8), false).is_empty());
    assert_eq!(again(&mut asking), ["Change node n2 add false"]);
    asking.hears(N3, &done(N2, false));
    assert_eq!(again(&mut asking), ["Change node n9 add false"]);
    asking.hears(N3, &done(n(8), false));
    assert!(again(&mut asking).is_empty(), "nothing is left to do");
}

#[test]
fn clients_ask_servers_that_came_and_none_that_left() {
    let mut asking = Asking::new(Time::ZERO);
    for (node, here) in [(NodeId(0), false), (N2, false), (N3, false), (NodeId(7), true)] {
        let request = RaftRequest::Member { node, here };
        asking.step(Input::Request { id: RequestId(99), request });
    }
    assert_eq!(asking.request(1)[0].0, Some(NodeId(7)));
}
