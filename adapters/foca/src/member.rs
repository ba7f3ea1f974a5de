//! A member: the crate, its timers, its packets, and the number that its disk keeps.

use std::collections::BTreeMap;

use foca::{AccumulatingRuntime, Error, NoCustomBroadcast, OwnedNotification, State, Timer};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use seedstorm::sim_core::facts::Opaque;
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Boot, Context, Input, JournalId, Process, Start, SyncId, SyncResult};
use seedstorm::sim_core::time::Duration;

use crate::Plants;
use crate::identity::{Identity, Packed};
use crate::parameters::{Knows, Parameters};
use crate::vocabulary::{Alarm, Foca, Held, Kept, Report, Status, Word};

const DISK: JournalId = JournalId(0);

/// When a supervisor starts a member again that stopped itself.
const RESTART_AFTER: Duration = Duration::from_millis(200);

type Crate = foca::Foca<Identity, Packed, ChaCha8Rng, NoCustomBroadcast>;

/// One incarnation of a member.
pub struct Member {
    me: Identity,
    crate_: Crate,
    runtime: AccumulatingRuntime<Identity>,
    parameters: Parameters,
    plants: Plants,
    /// Whom it knows from the beginning.
    others: Vec<NodeId>,
    /// Whom it asks next to let it join.
    asks: usize,
    /// Whether it knows the members of genesis to be up.
    warm: bool,
    leaves: bool,
    stage: Stage,
    /// What it has told that it holds others to be.
    told: BTreeMap<NodeId, Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its number is not on disk yet.
    Starting,
    Running,
    Left,
}

impl Member {
    /// It is started once more than its journal has records: one that cannot be read was written all the same.
    pub fn boot(boot: &Boot<'_, Foca>, parameters: Parameters, plants: Plants) -> Self {
        let before = boot.journal(DISK).records.len() as u32;
        let me = Identity::started(boot.node, before + 1);
        let others: Vec<NodeId> = boot.members.iter().copied().filter(|node| *node != boot.node).collect();
        let seed = boot.seed();
        let drawn = u64::from_le_bytes(seed[..8].try_into().expect("eight bytes"));
        let genesis = boot.start == Start::Genesis;
        let place = boot.members.iter().rev().position(|node| *node == boot.node);
        Self {
            me,
            crate_: foca::Foca::new(me, parameters.config(), ChaCha8Rng::from_seed(seed), Packed),
            runtime: AccumulatingRuntime::new(),
            asks: (drawn % others.len().max(1) as u64) as usize,
            others,
            warm: genesis && parameters.start == Knows::Everybody,
            leaves: genesis && place.is_some_and(|place| place < parameters.leaving as usize),
            parameters,
            plants,
            stage: Stage::Starting,
            told: BTreeMap::new(),
        }
    }

    fn start(&mut self, cx: &mut Context<'_, Foca>) {
        if !self.plants.forget_boots {
            cx.append(DISK, Kept::Boot { number: self.me.boot });
        }
        cx.sync(DISK, SyncId(1));
    }

    /// Its number is on disk: nobody who starts here later is taken for this one.
    fn join(&mut self, cx: &mut Context<'_, Foca>) -> Result<(), Error> {
        self.stage = Stage::Running;
        cx.observe(Report::Started { id: self.me, warm: self.warm });
        let known = self.others.iter().map(|node| match self.warm {
            true => foca::Member::alive(Identity::started(*node, 1)),
            false => foca::Member::down(Identity::address(*node)),
        });
        self.crate_.apply_many(known, false, &mut self.runtime)?;
        if self.leaves {
            cx.after(self.parameters.leave_at, Alarm::Leave);
        }
        self.ask(cx)
    }

    /// Whoever knows nobody who is up asks one after the other.
    fn ask(&mut self, cx: &mut Context<'_, Foca>) -> Result<(), Error> {
        if self.others.is_empty() {
            return Ok(());
        }
        cx.after(self.parameters.join_retry, Alarm::Join);
        if self.crate_.num_members() > 0 {
            return Ok(());
        }
        let node = self.others[self.asks % self.others.len()];
        self.asks += 1;
        // The crate takes an announcement for any identity of the address.
        self.crate_.announce(Identity::address(node), &mut self.runtime)
    }

    fn take(&mut self, word: &Word) -> Result<(), Error> {
        let packet = word.packet();
        let refutes = packet.incarnation > 0;
        let ignored = self.plants.drop_refutations && refutes
            || self.plants.drop_turn_undead && matches!(word, Word::TurnUndead { .. });
        if ignored { Ok(()) } else { self.crate_.handle_data(&packet.bytes.0, &mut self.runtime) }
    }

    fn leave(&mut self, cx: &mut Context<'_, Foca>) -> Result<(), Error> {
        self.crate_.leave_cluster(&mut self.runtime)?;
        self.stage = Stage::Left;
        cx.observe(Report::Left { id: self.me });
        Ok(())
    }

    /// Everything that the crate wants done, and what it holds others to be now.
    fn settle(&mut self, timed_out: Option<Identity>, cx: &mut Context<'_, Foca>) {
        while let Some((to, bytes)) = self.runtime.to_send() {
            // The crate may hold an earlier identity of its own down, and announce itself to that (see the tests).
            let to_itself = to.node == self.me.node;
            cx.sometimes("announces-to-itself", to_itself);
            if let Some(word) = Word::read(&bytes).filter(|_| !to_itself) {
                cx.send(to.node, word);
            }
        }
        while let Some((after, event)) = self.runtime.to_schedule() {
            let lost = self.plants.lose_suspicions && matches!(event, Timer::ChangeSuspectToDown { .. });
            if !lost {
                cx.after(after.into(), Alarm::Crate { event: Opaque(event) });
            }
        }
        let mut renewed = false;
        while let Some(notice) = self.runtime.to_notify() {
            cx.sometimes("idle", notice == OwnedNotification::Idle);
            if let OwnedNotification::Rejoin(id) = notice {
                renewed = true;
                self.me = id;
                cx.observe(Report::Renewed { id });
            }
        }
        self.report(timed_out, cx);
        if renewed && self.parameters.wakes_itself {
            self.wake(cx);
        }
    }

    /// Whoever has a new identity does nothing until somebody who is up speaks to it, unless it is made to look whom it knows.
    fn wake(&mut self, cx: &mut Context<'_, Foca>) {
        if let Err(error) = self.crate_.apply_many(std::iter::empty(), false, &mut self.runtime) {
            cx.observe(Report::Failed { error: error.to_string() });
        }
        self.settle(None, cx);
    }

    fn report(&mut self, timed_out: Option<Identity>, cx: &mut Context<'_, Foca>) {
        let known: BTreeMap<NodeId, Held> =
            self.crate_.iter_membership_state().map(|member| (member.id().node, held(member))).collect();
        for (node, held) in &known {
            if self.told.get(node) == Some(held) {
                continue;
            }
            let held = *held;
            cx.observe(match held.status {
                Status::Alive => Report::Alive { held },
                Status::Suspect => Report::Suspected { held },
                Status::Down => Report::Down { held, timed_out: timed_out == Some(held.id) },
            });
        }
        for peer in self.told.keys().filter(|node| !known.contains_key(*node)) {
            cx.observe(Report::Forgot { peer: *peer });
        }
        self.told = known;
    }
}

fn held(member: &foca::Member<Identity>) -> Held {
    let status = match member.state() {
        State::Alive => Status::Alive,
        State::Suspect => Status::Suspect,
        State::Down => Status::Down,
    };
    Held { id: *member.id(), incarnation: member.incarnation(), status }
}

impl Process<Foca> for Member {
    fn step(&mut self, input: Input<'_, Foca>, cx: &mut Context<'_, Foca>) {
        let mut timed_out = None;
        let done = match (self.stage, input) {
            (_, Input::Start) => return self.start(cx),
            (Stage::Starting, Input::Synced { result: SyncResult::Ok, .. }) => self.join(cx),
            // It must not take part under a number that may be gone.
            (Stage::Starting, Input::Synced { .. }) => return cx.abort(Some(RESTART_AFTER)),
            (Stage::Running, Input::Message { message, .. }) => self.take(message),
            (Stage::Running, Input::Timer { timer: Alarm::Crate { event: Opaque(event) }, .. }) => {
                if let Timer::ChangeSuspectToDown { member_id, .. } = &event {
                    timed_out = Some(*member_id);
                }
                self.crate_.handle_timer(event, &mut self.runtime)
            }
            (Stage::Running, Input::Timer { timer: Alarm::Join, .. }) => self.ask(cx),
            (Stage::Running, Input::Timer { timer: Alarm::Leave, .. }) => self.leave(cx),
            _ => return,
        };
        if let Err(error) = done {
            cx.observe(Report::Failed { error: error.to_string() });
        }
        self.settle(timed_out, cx);
    }
}
