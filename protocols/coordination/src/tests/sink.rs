//! What the sink finds on its disk is what took effect.

use sim_core::disk::{Journal, Stored};
use sim_core::fault::FaultPlan;
use sim_core::identity::NodeId;
use sim_core::process::{Effect, Input, Role, Solo, SyncId, SyncResult};
use sim_core::time::Duration;

use super::{calm, run};
use crate::plants::Plants;
use crate::sink::Sink;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, CoordinationRecord,
    Ending,
};

const SINK: NodeId = NodeId(4);
const AGENT: NodeId = NodeId(1);

/// A sink by itself, and what it has written.
struct Desk {
    solo: Solo,
    sink: Sink,
    journal: Vec<CoordinationRecord>,
}

impl Desk {
    fn on(journal: Vec<CoordinationRecord>) -> Self {
        let solo = Solo::new(SINK, 3);
        let stored = Journal::holding(journal.iter().cloned().map(Stored::Intact).collect(), false);
        let sink = Sink::new(&solo.boot(Role::Client, &[stored]), Plants::default());
        Self { solo, sink, journal }
    }

    /// What it says and reports.
    fn step(&mut self, input: Input<'_, Coordination>) -> [String; 2] {
        let effects = self.solo.step(&mut self.sink, input);
        let (mut said, mut seen): (Vec<Message>, Vec<Observation>) = (Vec::new(), Vec::new());
        for effect in effects.list() {
            match effect {
                Effect::Send { message, .. } => said.push(message.clone()),
                Effect::Observe(observation) => seen.push(observation.clone()),
                Effect::Append { record, .. } => self.journal.push(record.clone()),
                _ => {}
            }
        }
        [format!("{said:?}"), format!("{seen:?}")]
    }

    fn hear(&mut self, message: &Message) -> [String; 2] {
        self.step(Input::Message { from: AGENT, message })
    }

    fn synced(&mut self, id: u64) -> [String; 2] {
        self.step(Input::Synced { id: SyncId(id), result: SyncResult::Ok })
    }
}

/// Two agents write while the disk is busy. The later fence is on it first, so the earlier one is refused; and so it is after a start, though
/// its record is on the disk as well.
#[test]
fn what_was_refused_is_refused_after_a_start_as_well() {
    let mut desk = Desk::on(Vec::new());
    let early = Message::Write { task: 0, fence: 4, ending: Ending::Done };
    let refused = format!("{:?}", [Message::Refused { task: 0, fence: 4, ended: false }]);
    desk.hear(&Message::Begin { task: 0, fence: 5 });
    desk.hear(&early);
    assert_eq!(desk.synced(0)[0], format!("{:?}", [Message::Begun { task: 0, fence: 5, steps: 0 }]));
    assert_eq!(desk.synced(1)[0], refused);
    assert_eq!(desk.journal.len(), 2);
    let mut again = Desk::on(desk.journal);
    assert_eq!(again.step(Input::Start)[1], format!("{:?}", [Observation::SinkUp]));
    assert_eq!(again.hear(&early)[0], refused);
    again.hear(&Message::Write { task: 0, fence: 5, ending: Ending::Done });
    assert_eq!(again.synced(0)[1], format!("{:?}", [Observation::Effect { task: 0, fence: 5, done: true }]));
    let found = Observation::EffectFound { task: 0, fence: 5, done: true };
    assert_eq!(Desk::on(again.journal).step(Input::Start)[1], format!("{:?}", [found, Observation::SinkUp]));
}

/// Who asks again meanwhile has no answer before the epoch is on the disk: after a crash it would go to somebody else as well.
#[test]
fn an_epoch_is_told_when_it_is_durable() {
    let mut desk = Desk::on(Vec::new());
    let open = Message::Open { token: 7 };
    assert_eq!([desk.hear(&open), desk.hear(&open)].map(|[said, _]| said), ["[]", "[]"]);
    let opened = format!("{:?}", [Message::Opened { token: 7, epoch: 1 }]);
    assert_eq!(desk.synced(0)[0], opened);
    assert_eq!(desk.hear(&open)[0], opened);
}

/// The sink crashes at every millisecond of a run whose records wait 15 ms for the disk. Some become durable in the crash: what waits
/// for their tasks begins after the start, and nobody is accused.
#[test]
fn an_end_that_became_durable_in_a_crash_is_told_at_the_start() {
    let parameters = serde_json::json!({
        "strategy": "independent", "steps": 1, "layers": 4, "width": 4, "fan_in": 2, "tokens_out": 0, "duration": "5ms"
    });
    let mut found_first = 0;
    for crash in 1..120 {
        let mut setup = calm(crash, 5);
        setup.disk.sync = sim_core::distribution::Distribution::Fixed(Duration::from_millis(15));
        let fault = serde_json::json!([
            { "id": 0, "at": format!("{crash}ms"), "crash": { "target": "c2", "restart_after": "20ms" } }
        ]);
        setup.faults = FaultPlan::new(serde_json::from_value(fault).unwrap());
        let outcome = run(&parameters, &setup);
        assert_eq!(super::max(&outcome, "tasks_done"), 16);
        found_first += 16 - outcome.activity["observed.Effect"];
    }
    assert!(found_first > 0);
}
