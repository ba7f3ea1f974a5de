//! Snapshots, and how the log is kept short (dissertation, chapter 5).
//!
//! A server that has applied enough entries since its last snapshot takes another: its state machine, sessions included,
//! at the index that it has applied. The entries before go, but for a quarter of an interval, so that a follower who is
//! hardly behind needs no snapshot. All of it is one write to the journal, which happens whole or not at all.
//!
//! A leader sends its snapshot to a follower who needs entries that are gone, chunk by chunk: the next when the one before was
//! acknowledged, and the same again when nothing was heard for a heartbeat. What the follower has beyond the snapshot stays
//! if the logs match there; otherwise its whole log goes. A snapshot that is not ahead of what was applied changes nothing.

use std::rc::Rc;

use sim_core::digest::Digest;
use sim_core::facts::{Field, Visitor};
use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::configuration::Config;
use super::log::Base;
use super::replication::{Leadership, Progress};
use super::server::{Role, Server};
use super::vocabulary::{InstallSnapshot, Raft, RaftMessage, RaftObservation, RaftRecord, SnapshotRecord};
use objects::Store;

/// A state machine at some index, shared by all who keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image(pub Rc<Store>);

impl Field for Image {
    fn fold(&self, digest: &mut Digest) {
        digest.word(self.0.digest());
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        self.0.digest().show(name, visitor);
    }
}

/// A snapshot: a state machine, and where in the log it stands.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// The last entry that it covers.
    pub(super) last: Base,
    /// The configuration in force there.
    pub(super) config: Config,
    pub(super) image: Image,
}

/// A snapshot on its way to a follower.
#[derive(Debug)]
pub(super) struct Install {
    snapshot: Snapshot,
    /// The chunk that was sent last.
    chunk: u64,
}

/// A snapshot on its way from a leader: which one, and the chunk that is awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    last: u64,
    chunk: u64,
}

/// Where a chunk belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) number: u64,
    pub(super) of: u64,
}

impl Server {
    /// Takes a snapshot, if it is time.
    pub(super) fn maybe_take_snapshot(&mut self, cx: &mut Context<'_, Raft>) {
        let every = u64::from(self.parameters.snapshot_every);
        let before = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.last.index);
        if every == 0 || self.applied < before + every {
            return;
        }
        let index = self.applied;
        let last = Base { index, term: self.log.term_at(index).unwrap_or(0), hash: self.log.hash_at(index) };
        let image = Image(Rc::new(self.store.clone()));
        cx.observe(RaftObservation::SnapshotTaken { index, hash: last.hash, state: self.store.digest() });
        let config = self.config_at(index);
        self.configs.drain(..self.configs.partition_point(|(at, _)| *at <= index));
        self.configs.insert(0, (index, config.clone()));
        self.snapshot = Some(Snapshot { last, config, image });
        self.log.compact(index - every / 4);
        self.journal.compacted(self.log.base().index);
        self.rewrite_journal(cx);
    }

    /// Writes the snapshot and what comes after it as a new journal.
    fn rewrite_journal(&mut self, cx: &mut Context<'_, Raft>) {
        let Some(Snapshot { last, config, image }) = self.snapshot.clone() else { return };
        let base = self.log.base();
        let snapshot = SnapshotRecord {
            index: last.index,
            term: last.term,
            hash: last.hash,
            base_index: base.index,
            base_term: base.term,
            base_hash: base.hash,
            config,
            image,
        };
        let hard_state = RaftRecord::HardState { term: self.term, vote: self.durable_vote() };
        let entries = self.log.iter().map(|(index, entry)| RaftRecord::Entry { index, entry: entry.clone() });
        let records =
            [RaftRecord::Snapshot(Box::new(snapshot)), hard_state].into_iter().chain(entries).collect();
        self.journal.rewrite(records, cx);
    }

    /// Begins to send snapshots to those who need entries that are gone.
    pub(super) fn start_installs(&mut self, cx: &mut Context<'_, Raft>) {
        let Self { role: Role::Leader(leadership), log, node, snapshot: Some(snapshot), .. } = self else {
            return;
        };
        let base = log.base().index;
        let mut begun = false;
        for progress in leadership.progress.iter_mut().filter(|progress| progress.node != *node) {
            if progress.next > base {
                progress.install = None;
            } else if progress.install.is_none() {
                progress.install = Some(Install { snapshot: snapshot.clone(), chunk: 0 });
                progress.installs_now();
                begun = true;
            }
        }
        if begun {
            self.send_chunks(cx);
        }
    }

    /// Sends the chunk that is due to everybody to whom a snapshot is sent and nothing was said for a heartbeat.
    pub(super) fn send_chunks(&mut self, cx: &mut Context<'_, Raft>) {
        let (interval, now, term) = (self.parameters.heartbeat, cx.monotonic(), self.term);
        let size = self.parameters.snapshot_chunk;
        let Role::Leader(Leadership { progress, .. }) = &mut self.role else { return };
        for progress in progress.iter_mut() {
            if progress.install.is_none() || !progress.heartbeat_in(interval, now).is_zero() {
                continue;
            }
            let message = progress.install.as_ref().map(|install| install.message(term, size));
            if let Some(message) = message {
                progress.said(now);
                cx.send(progress.node, message);
            }
        }
    }

    /// A chunk of a snapshot comes from the leader.
    pub(super) fn on_chunk(
        &mut self,
        from: NodeId,
        snapshot: Snapshot,
        chunk: Chunk,
        cx: &mut Context<'_, Raft>,
    ) {
        let last = snapshot.last.index;
        if last <= self.applied && !self.plants.takes_old_snapshots {
            return self.acknowledge_chunk(from, last, chunk.of, true, cx);
        }
        let awaited = match self.incoming {
            Some(incoming) if incoming.last == last => incoming.chunk,
            _ => 0,
        };
        let next = if chunk.number == awaited { awaited + 1 } else { awaited };
        if next < chunk.of {
            self.incoming = Some(Incoming { last, chunk: next });
            if next > awaited {
                cx.observe(RaftObservation::ChunkKept { index: last, chunk: next, chunks: chunk.of });
            }
            return self.acknowledge_chunk(from, last, next, false, cx);
        }
        self.incoming = None;
        // Plant R50: a snapshot that is older than what was applied is taken too.
        if last > self.applied || (self.plants.takes_old_snapshots && last < self.applied) {
            self.install(snapshot, cx);
        }
        self.acknowledge_chunk(from, last, chunk.of, true, cx);
    }

    fn acknowledge_chunk(
        &mut self,
        to: NodeId,
        index: u64,
        chunk: u64,
        done: bool,
        cx: &mut Context<'_, Raft>,
    ) {
        let position = if done {
            self.journal.hard_state().max(self.journal.entry(index))
        } else {
            self.journal.hard_state()
        };
        if !self.journal.failing() && self.journal.wait_for(position, cx) {
            self.say(to, RaftMessage::InstallReply { term: self.term, index, chunk, done }, cx);
        }
    }

    /// Replaces the state machine, and the log as far as it does not match.
    fn install(&mut self, snapshot: Snapshot, cx: &mut Context<'_, Raft>) {
        let last = snapshot.last;
        let matches = self.log.term_at(last.index) == Some(last.term);
        // Plant R49: what matches beyond goes as well.
        if matches && !self.plants.install_drops_suffix {
            self.log.compact(last.index);
            self.configs.retain(|(index, _)| *index > last.index);
        } else {
            self.log = super::log::Log::after(last);
            self.configs.clear();
        }
        self.configs.insert(0, (last.index, snapshot.config.clone()));
        self.use_last_config(cx);
        self.journal.installed(&self.log, self.commit);
        self.store = (*snapshot.image.0).clone();
        // Where the logs match, more may be committed than applied.
        self.commit = last.index.max(if self.log.last_index() > last.index { self.commit } else { 0 });
        self.applied = last.index;
        self.snapshot = Some(snapshot);
        self.rewrite_journal(cx);
        self.report_snapshot(cx);
        self.report_configs(cx);
    }

    /// Says what was installed, or found at boot.
    pub(super) fn report_snapshot(&self, cx: &mut Context<'_, Raft>) {
        if let Some(Snapshot { last, .. }) = &self.snapshot {
            cx.observe(RaftObservation::SnapshotInstalled {
                index: last.index,
                hash: last.hash,
                state: self.store.digest(),
                last_index: self.log.last_index(),
            });
        }
    }

    /// A follower answered a chunk.
    pub(super) fn on_install_reply(
        &mut self,
        place: usize,
        term: u64,
        (index, chunk, done): (u64, u64, bool),
        cx: &mut Context<'_, Raft>,
    ) {
        if term > self.term {
            return self.enter_term(term, cx);
        }
        let current = self.term;
        let size = self.parameters.snapshot_chunk;
        let Role::Leader(Leadership { progress, .. }) = &mut self.role else { return };
        if term != current {
            return;
        }
        let progress: &mut Progress = &mut progress[place];
        progress.heard(cx.monotonic());
        let Some(install) = progress.install.as_mut().filter(|install| install.snapshot.last.index == index)
        else {
            return;
        };
        if done {
            progress.install = None;
            progress.caught_up(index);
            self.replicate(cx);
        } else if chunk < install.chunk {
            // It has begun with another one, or was restarted. If not, its next answer says so.
            install.chunk = chunk;
        } else if chunk > install.chunk {
            install.chunk = chunk;
            let message = install.message(term, size);
            progress.said(cx.monotonic());
            cx.send(progress.node, message);
        }
    }
}

impl Install {
    fn message(&self, term: u64, size: u32) -> RaftMessage {
        let Snapshot { last, config, image } = &self.snapshot;
        let (bytes, size) = (image.0.bytes(), u64::from(size));
        let chunks = bytes.div_ceil(size).max(1);
        let sent = self.chunk.min(chunks - 1);
        let chunk = InstallSnapshot {
            term,
            index: last.index,
            last_term: last.term,
            hash: last.hash,
            chunk: sent,
            chunks,
            bytes: size.min(bytes - sent * size),
            config: config.clone(),
            image: image.clone(),
        };
        RaftMessage::InstallSnapshot(Box::new(chunk))
    }
}
