//! A replica: the crate, its journal, and a key-value store that applies what is decided.

use std::rc::Rc;

use adapter_kit::command::Proposal;
use adapter_kit::sessions::Sessions;

use omnipaxos::util::LogEntry;
use omnipaxos::{ClusterConfig, OmniPaxos, ServerConfig};
use seedstorm::sim_core::facts::{ContentHash, Facts};
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Boot, Context, Input, JournalId, LinkState, Process, SyncId};
use seedstorm::sim_core::time::Duration;

use crate::storage::{Store, Written};
use crate::vocabulary::{Alarm, Item, Kept, Omni, Report, Word, Write};
use crate::{Parameters, Plants};

const LOG: JournalId = JournalId(0);

/// One incarnation of a replica.
pub struct Replica {
    crate_: OmniPaxos<Item, Store>,
    written: Written,
    /// The length of the log, as its writes make it.
    log: u64,
    syncs: u64,
    tick: Duration,
    plants: Plants,
    /// How many entries were applied.
    applied: usize,
    sessions: Sessions,
    promised: u64,
    leads: Option<bool>,
}

/// The crate counts nodes from one.
fn pid(node: NodeId) -> u64 {
    u64::from(node.0) + 1
}

fn node(pid: u64) -> NodeId {
    NodeId(u32::try_from(pid - 1).expect("a node of the cluster"))
}

impl Process<Omni> for Replica {
    fn step(&mut self, input: Input<'_, Omni>, cx: &mut Context<'_, Omni>) {
        match input {
            Input::Start => self.start(cx),
            Input::Timer { timer: Alarm::Tick, .. } => {
                self.crate_.tick();
                cx.after(self.tick, Alarm::Tick);
            }
            Input::Message { from, message: Word::Request { proposal } } => self.asked(from, proposal, cx),
            Input::Message { message, .. } => {
                if let Some(message) = message.body() {
                    self.crate_.handle_incoming(message.clone());
                }
            }
            Input::Link { peer, state: LinkState::Up } => self.crate_.reconnected(pid(peer)),
            _ => return,
        }
        self.settle(cx);
    }
}

impl Replica {
    /// It recovers what its journal holds.
    pub fn boot(boot: &Boot<'_, Omni>, parameters: Parameters, plants: Plants) -> Self {
        let written = Written::default();
        let journal = boot.journal(LOG);
        let records = journal.intact().into_iter().flatten();
        let store = Store::replayed(records, &written);
        let log = store.log().len() as u64;
        let cluster = ClusterConfig {
            configuration_id: 1,
            nodes: boot.members.iter().copied().map(pid).collect(),
            flexible_quorum: None,
        };
        let server = ServerConfig {
            pid: pid(boot.node),
            election_tick_timeout: parameters.election_ticks.into(),
            resend_message_tick_timeout: parameters.resend_ticks.into(),
            flush_batch_tick_timeout: 1,
            batch_size: parameters.batch as usize,
            ..ServerConfig::default()
        };
        let crate_ = cluster.build_for_server(server, store).expect("the configuration is valid");
        Self {
            crate_,
            written: Rc::clone(&written),
            log,
            syncs: 0,
            tick: parameters.tick,
            plants,
            applied: 0,
            sessions: Sessions::default(),
            promised: 0,
            leads: None,
        }
    }

    /// It reports what it found: a crash may have come between a sync and the report of what was written before it.
    fn start(&mut self, cx: &mut Context<'_, Omni>) {
        for index in 0..self.log {
            if let Some(LogEntry::Decided(entry) | LogEntry::Undecided(entry)) =
                self.crate_.read(index as usize)
            {
                cx.observe(Report::Wrote { index: index + 1, digest: ContentHash(entry.content()) });
            }
        }
        cx.after(self.tick, Alarm::Tick);
    }

    fn asked(&mut self, from: NodeId, proposal: &Proposal, cx: &mut Context<'_, Omni>) {
        match self.sessions.asked(proposal) {
            Some(answer) => {
                // What it answers with was decided; that it was rests on what is on disk by now or not at all.
                self.hold(cx);
                cx.send(from, Word::Answer { answer });
            }
            None => {
                // It refuses nothing but while it is being reconfigured, which it never is.
                let _ = self.crate_.append(Item { proposal: proposal.clone() });
            }
        }
    }

    /// Writes go to the journal, then reports of them; messages wait for the sync; then come decisions and answers.
    fn settle(&mut self, cx: &mut Context<'_, Omni>) {
        let written = std::mem::take(&mut *self.written.borrow_mut());
        self.keep(written, cx);
        self.hold(cx);
        let mut outgoing = Vec::new();
        self.crate_.take_outgoing_messages(&mut outgoing);
        for message in outgoing {
            cx.send(node(message.get_receiver()), Word::from(message));
        }
        self.apply(cx);
        self.report(cx);
    }

    fn hold(&self, cx: &mut Context<'_, Omni>) {
        if self.syncs > 0 && !self.plants.ack_before_sync {
            cx.hold(SyncId(self.syncs));
        }
    }

    fn keep(&mut self, written: Vec<Kept>, cx: &mut Context<'_, Omni>) {
        let mut any = false;
        for Kept { writes } in written {
            let mut kept = writes.clone();
            if self.plants.forget_promise {
                kept.retain(|write| !matches!(write, Write::Promise { .. }));
            }
            if !kept.is_empty() {
                cx.append(LOG, Kept { writes: kept });
                any = true;
            }
            writes.iter().for_each(|write| self.wrote(write, cx));
        }
        let promise = self.crate_.get_promise();
        let promised = u64::from(promise.n) << 16 | promise.pid;
        if promised != self.promised {
            self.promised = promised;
            cx.observe(Report::Promised { n: promised });
        }
        if any {
            self.syncs += 1;
            cx.sync(LOG, SyncId(self.syncs));
        }
    }

    fn wrote(&mut self, write: &Write, cx: &mut Context<'_, Omni>) {
        let entries = match write {
            Write::Append { entries } => entries,
            Write::AppendFrom { from, entries } => {
                self.log = *from;
                entries
            }
            _ => return,
        };
        for entry in entries {
            self.log += 1;
            cx.observe(Report::Wrote { index: self.log, digest: ContentHash(entry.content()) });
        }
    }

    fn apply(&mut self, cx: &mut Context<'_, Omni>) {
        while self.applied < self.crate_.get_decided_idx() {
            let Some(LogEntry::Decided(entry)) = self.crate_.read(self.applied) else { return };
            self.applied += 1;
            cx.observe(Report::Decided { index: self.applied as u64, digest: ContentHash(entry.content()) });
            self.done(&entry, cx);
        }
    }

    /// A command is done once, however often it is decided.
    fn done(&mut self, entry: &Item, cx: &mut Context<'_, Omni>) {
        cx.sometimes("command-decided-twice", self.sessions.is_repeated(&entry.proposal));
        if let Some(answer) = self.sessions.decided(&entry.proposal) {
            cx.send(entry.proposal.client, Word::Answer { answer });
        }
    }

    fn report(&mut self, cx: &mut Context<'_, Omni>) {
        let leader = self.crate_.get_current_leader();
        let leads = leader == Some((self.crate_.get_pid(), true));
        if self.leads != Some(leads) {
            self.leads = Some(leads);
            let n = self.crate_.get_promise().n;
            cx.observe(if leads { Report::Leads { n } } else { Report::Follows { n } });
        }
    }
}
