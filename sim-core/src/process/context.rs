//! The only way a process touches the world.

use super::{Effect, Effects, JournalId, Protocol, RequestId, SyncId, TimerId};
use crate::digest::hash_words;
use crate::identity::NodeId;
use crate::random::{Keyed, ProcessRng, Purpose};
use crate::time::{Duration, Time};

/// What a process has at hand during one step.
pub struct Context<'a, P: Protocol> {
    pub(crate) now: Time,
    pub(crate) monotonic: Time,
    pub(crate) node: NodeId,
    pub(crate) rng: ProcessRng<'a>,
    pub(crate) keys: &'a Keys,
    pub(crate) effects: &'a mut Effects<P>,
    pub(crate) signatures: &'a mut u32,
}

/// Timers without numbers of their own have ids from here to twice as far: above those that a process chooses, and below the bound for
/// those of a part.
const UNNUMBERED: u32 = 1 << 23;

/// Who steps, when, and for the how-manieth time: what a context is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessPlace {
    pub(crate) now: Time,
    pub(crate) monotonic: Time,
    pub(crate) node: NodeId,
    pub(crate) incarnation: u32,
}

impl<'a, P: Protocol> Context<'a, P> {
    #[inline]
    pub(crate) fn new(
        place: ProcessPlace,
        rng: ProcessRng<'a>,
        keys: &'a Keys,
        effects: &'a mut Effects<P>,
        signatures: &'a mut u32,
    ) -> Self {
        Self { now: place.now, monotonic: place.monotonic, node: place.node, rng, keys, effects, signatures }
    }

    /// The time on the slot's wall clock, which may drift, jump or stand still: for what is compared with other clocks, or
    /// kept over a restart.
    #[inline]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The time on the slot's monotonic clock, which may drift or stand still but never jumps: for how long something took,
    /// or how long ago it was.
    #[inline]
    pub fn monotonic(&self) -> Time {
        self.monotonic
    }

    /// Who this process is.
    #[inline]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The process's own randomness.
    #[inline]
    pub fn rng(&mut self) -> &mut ProcessRng<'a> {
        &mut self.rng
    }

    /// Sends one message.
    #[inline]
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.effects.push_send_to(to, message);
    }

    /// [`Context::send`] of a message that is made where it stays: for what is sent all the time.
    #[inline(always)]
    pub fn send_with(&mut self, to: NodeId, make: impl FnOnce() -> P::Message) {
        self.effects.add_send_to(to, make);
    }

    /// Sends one message to each of many; they share the payload. Nothing if there is nobody.
    #[inline]
    pub fn send_all(&mut self, to: impl IntoIterator<Item = NodeId>, message: P::Message) {
        self.effects.push_send(to, message);
    }

    /// Sets a timer, or moves it if it is set. It runs by the monotonic clock, unless the platform's timers are tied to the
    /// wall clock.
    #[inline]
    pub fn set_timer(&mut self, id: TimerId, after: Duration, timer: P::Timer) {
        self.effects.add(|| Effect::SetTimer { id, after, timer });
    }

    /// Sets a timer that needs no number of its own, as one for each request. Its id is told so that it can be stopped; it is none that
    /// a process would choose, and different from those of the last eight million timers set like this.
    pub fn after(&mut self, after: Duration, timer: P::Timer) -> TimerId {
        let node = self.node.index();
        if node >= self.effects.unnumbered.len() {
            self.effects.unnumbered.resize(node + 1, 0);
        }
        let count = &mut self.effects.unnumbered[node];
        let id = TimerId(UNNUMBERED | *count);
        *count = (*count + 1) % UNNUMBERED;
        self.set_timer(id, after, timer);
        id
    }

    /// Stops a timer; nothing if it is not set.
    #[inline]
    pub fn cancel_timer(&mut self, id: TimerId) {
        self.effects.add(|| Effect::CancelTimer(id));
    }

    /// [`Context::append`] of a record that is made where it stays: for what is written all the time.
    #[inline(always)]
    pub fn append_with(&mut self, journal: JournalId, make: impl FnOnce() -> P::Record) {
        self.effects.add(|| Effect::Append { journal, record: make() });
    }

    /// Appends to a journal; see [`Effect::Append`].
    pub fn append(&mut self, journal: JournalId, record: P::Record) {
        self.effects.add(|| Effect::Append { journal, record });
    }

    /// Replaces a journal's content; see [`Effect::Rewrite`].
    pub fn rewrite(&mut self, journal: JournalId, records: Vec<P::Record>) {
        self.effects.add(|| Effect::Rewrite { journal, records });
    }

    /// Makes durable what was appended so far; ends with [`Input::Synced`](super::Input::Synced).
    pub fn sync(&mut self, journal: JournalId, id: SyncId) {
        self.effects.add(|| Effect::Sync { journal, id });
    }

    /// Gates every visible effect (send, return, observation) that follows in this step until the sync has succeeded, in
    /// order. They are lost with a crash or a failed sync. Holds add up; on a finished sync a hold is nothing.
    pub fn hold(&mut self, id: SyncId) {
        self.effects.add(|| Effect::Hold(id));
    }

    /// Gates every visible effect that follows in this step until all that was appended to the journal so far is durable, by
    /// whichever sync. Unlike [`Context::hold`] they survive a sync that fails, and go out once a later one succeeds; a crash
    /// takes them as well. Both kinds add up; where all is durable already, it is nothing.
    pub fn hold_until_durable(&mut self, journal: JournalId) {
        self.effects.add(|| Effect::HoldUntilDurable(journal));
    }

    /// Ends this process, as `abort()` does, for example since a sync failed and nobody knows what is on the disk (Rebello et al.,
    /// "Can Applications Recover from fsync Failures?", ATC 2020). It is a crash: memory, timers, sessions and whatever was not
    /// synced are lost, held effects too, and what this step asks for afterward does not happen. A supervisor starts the
    /// process again `restart_after` later in true time, unless a fault keeps it down until then; without a time, nobody does.
    pub fn abort(&mut self, restart_after: Option<Duration>) {
        self.effects.add(|| Effect::Abort { restart_after });
    }

    /// Ends a request.
    pub fn respond(&mut self, id: RequestId, response: P::Response) {
        self.effects.add(|| Effect::Return { id, response });
    }

    /// Ends the session with a peer.
    pub fn close_link(&mut self, peer: NodeId) {
        self.effects.add(|| Effect::CloseLink(peer));
    }

    /// Reports a fact. What it says of the process's own memory or disk is said **after the record was appended, and before any
    /// hold**: checks take the length of the journal at that moment for the place of the record, and ask the world whether it is
    /// durable. What others may rely on (a decision, a role) is said after the hold: nobody has seen it if the sync fails.
    #[inline]
    pub fn observe(&mut self, observation: P::Observation) {
        self.effects.add(|| Effect::Observe(observation));
    }

    /// [`Context::observe`] of something that is made where it stays: for what is reported all the time.
    #[inline(always)]
    pub fn observe_with(&mut self, make: impl FnOnce() -> P::Observation) {
        self.effects.add(|| Effect::Observe(make()));
    }

    /// Marks what a good campaign reaches at least once, as `snapshot-while-electing`: a rare case that a test should meet. An
    /// exploration counts the runs in which the condition held somewhere, and finds "nothing" only if each mark that was passed was
    /// reached in one of them. It decides nothing in the run.
    #[inline]
    pub fn sometimes(&mut self, name: &'static str, condition: bool) {
        self.effects.marks.pass(name, condition);
    }

    /// A point where the process may do something rare but right: send a shorter batch, give up early, take the slow path. True
    /// where the plan of the run has a detour (`detour = { .. }` among the faults), which it has only if the scenario or its swarm
    /// asks for it. Each one that is taken is an entry of the executed plan, so that it replays, and shrinking removes those
    /// that are not needed.
    #[inline]
    pub fn buggify(&mut self, point: &'static str) -> bool {
        self.effects.detours.on && self.effects.detours.pass(point)
    }

    /// Occupies this slot with work for a time; what arrives meanwhile waits.
    pub fn work(&mut self, cost: Duration) {
        self.effects.add(|| Effect::Work(cost));
    }

    /// Signs a content hash as this process.
    pub fn sign(&mut self, content: u64) -> Signature {
        *self.signatures += 1;
        self.keys.sign(self.node, content)
    }

    /// Whether a signature is the signer's own over this content.
    pub fn verify(&mut self, content: u64, signature: &Signature) -> bool {
        *self.signatures += 1;
        self.keys.verify(content, signature)
    }

    /// Whether an aggregate is made of exactly these members' signatures over this content. It costs as many verifications
    /// as it is said to: one if the scheme has signatures that can be folded, one for each signer if it has not.
    pub fn verify_aggregate(
        &mut self,
        content: u64,
        signers: impl IntoIterator<Item = NodeId>,
        aggregate: Aggregate,
        verifications: u32,
    ) -> bool {
        *self.signatures += verifications;
        self.keys.fold(content, signers) == aggregate
    }

    /// The same step with another vocabulary, for a part of a composite.
    pub(crate) fn reborrow<'b, Q: Protocol>(&'b mut self, effects: &'b mut Effects<Q>) -> Context<'b, Q> {
        Context {
            now: self.now,
            monotonic: self.monotonic,
            node: self.node,
            rng: self.rng.reborrow(),
            keys: self.keys,
            effects,
            signatures: self.signatures,
        }
    }
}

/// A simulated signature: unforgeable because nobody but the world computes the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    /// Who is said to have signed.
    pub signer: NodeId,
    tag: u64,
}

impl Signature {
    /// A signature that verifies under no content, as a forger without the key would make it.
    pub const fn forged(signer: NodeId, guess: u64) -> Self {
        Self { signer, tag: guess }
    }

    /// Signs again what has this content now, if a hand that altered it holds the signer's key.
    pub fn seal(&mut self, content: u64, hand: &mut dyn crate::facts::mutation::Hand) {
        if let Some(tag) = hand.sign(self.signer, content) {
            self.tag = tag;
        }
    }
}

/// Signatures over one content, folded into one: as hard to forge as each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aggregate(u64);

impl Aggregate {
    /// Folds in one more signature.
    #[inline]
    pub const fn add(&mut self, signature: &Signature) {
        self.0 = self.0.wrapping_add(signature.tag);
    }
}

impl crate::facts::Field for Aggregate {
    fn fold(&self, digest: &mut crate::digest::Digest) {
        digest.word(self.0);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn crate::facts::Visitor) {
        visitor.value(name, crate::facts::Value::Digest(self.0));
    }
}

impl crate::facts::Field for Signature {
    fn fold(&self, digest: &mut crate::digest::Digest) {
        digest.word(u64::from(self.signer.0));
        digest.word(self.tag);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn crate::facts::Visitor) {
        visitor.value(name, crate::facts::Value::Node(self.signer));
    }
}

/// The secret keys of a run; only the world holds them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys {
    secret: u64,
}

impl Keys {
    pub(crate) fn new(run_seed: u64) -> Self {
        Self { secret: Keyed::new(run_seed, Purpose::Identity).words(0, 0)[0] }
    }

    pub(crate) fn sign(&self, signer: NodeId, content: u64) -> Signature {
        Signature { signer, tag: hash_words(&[self.secret, u64::from(signer.0), content]) }
    }

    pub(crate) fn tag(&self, signer: NodeId, content: u64) -> u64 {
        self.sign(signer, content).tag
    }

    pub(crate) fn verify(&self, content: u64, signature: &Signature) -> bool {
        *signature == self.sign(signature.signer, content)
    }

    /// The signatures of all these under a content, folded.
    pub(crate) fn fold(&self, content: u64, signers: impl IntoIterator<Item = NodeId>) -> Aggregate {
        let mut folded = Aggregate::default();
        signers.into_iter().for_each(|signer| folded.add(&self.sign(signer, content)));
        folded
    }
}
