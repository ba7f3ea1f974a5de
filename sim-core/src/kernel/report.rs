//! The outcome: everything that a run came to, in neutral words.

use super::limits::unjudged;
use super::{Dropped, Kernel, linearizable};
use crate::check::{CheckReport, Verdict, Violation};
use crate::clock::Clocks;
use crate::fault::Executed;
use crate::ground::Ground;
use crate::history::{HistoryCheck, Judgement};
use crate::identity::NodeId;
use crate::ordered::OrderedMap;
use crate::outcome::{Ended, MARK, Outcome, Picture, Progress};
use crate::picture::{Painter, edges};
use crate::setup::Amount;
use crate::slot_names::SlotNames;
use crate::time::Duration;
use crate::trace::{Trace, Tracer};
use crate::workload::Workload;

/// What a run was of, for its outcome.
pub(crate) struct Title {
    pub(crate) protocol: &'static str,
    pub(crate) plants: Vec<String>,
    pub(crate) keep_history: bool,
}

impl Kernel {
    /// Reports a violation that no check found.
    #[cold]
    pub(crate) fn report(
        &mut self,
        verdict: Verdict,
        kind: (&'static str, &'static str),
        nodes: &[NodeId],
        message: String,
    ) {
        self.findings.report(self.now, verdict, kind, nodes, message);
    }

    /// Ends the run and tells what it came to, given what its checks did.
    pub(crate) fn conclude(mut self, title: Title, ended: Ended, mut checks: Vec<CheckReport>) -> Outcome {
        let judged = self.history_check.map(|check| self.judge_history(check));
        let progress = self.progress();
        self.judge_progress(&progress);
        let activity = self.activity(ended, &progress);
        checks.extend(judged.iter().flat_map(linearizable::reports));
        let limits = self.judge_limits(&activity, &mut checks);
        let mut reasons = self.reasons(ended, &progress, &activity);
        reasons.extend(unchecked(&checks, &progress));
        reasons.extend(refused(self.driver.executed()));
        reasons.extend(unjudged(&limits));
        reasons.extend(
            judged
                .iter()
                .filter_map(Judgement::undecided)
                .map(|why| format!("the history was not judged to the end ({why})")),
        );
        let verdict = self.verdict(&reasons);
        let core = self.healed_core();
        let measures = self.gauges.read(&self.ground, self.driver.executed());
        self.count_messages();
        let (trace, trace_file) = self.tracer.map_or((None, None), Tracer::hand_over);
        let on = self.painter.on();
        let slots = self.ground.slot_names();
        let mut picture = picture(self.painter, &self.ground, &slots, &self.clocks, trace.as_ref());
        picture.evidence.extend(self.findings.evidence().iter().cloned());
        if on {
            picture.distributions.extend(self.metrics.distributions());
            picture.distributions.extend(self.findings.measured().distributions());
        }
        let mut metrics = self.metrics.summary();
        metrics.extend(self.findings.measured().summary());
        Outcome {
            protocol: title.protocol.to_owned(),
            plants: title.plants,
            seed: self.seed,
            slots,
            members: self.setup.members,
            core,
            verdict,
            reasons,
            violations: called_by_name(self.findings.violations(), &self.ground),
            violations_omitted: self.findings.omitted(),
            digest: self.digest.whole(),
            events: self.events,
            virtual_ns: self.now.as_nanos(),
            ended,
            progress,
            messages: self.messages,
            metrics,
            measures,
            limits,
            activity,
            checks,
            faults: self.driver.executed().to_vec(),
            plan: self.driver.executed_plan(),
            fates: self.network.changes().clone(),
            history: if title.keep_history { self.clients.history.entries() } else { Vec::new() },
            picture,
            trace,
            trace_file,
        }
    }

    /// Whether what the clients saw is linearizable.
    fn judge_history(&mut self, check: HistoryCheck) -> Judgement {
        let judgement = check.judge(&self.clients.history);
        linearizable::report(&judgement, &self.clients.history, self.now, &mut self.findings);
        judgement
    }

    fn judge_progress(&mut self, progress: &Progress) {
        match progress {
            Progress::Missed { detail } => {
                let message =
                    format!("no progress after the heal, though a healthy core was there: {detail}");
                self.report(Verdict::Liveness, ("progress", ""), &[], message);
            }
            Progress::Made { after_ns, late } => {
                let after = Duration::from_nanos(*after_ns);
                let told = after.told();
                if let Some(late) = late {
                    let message = format!("progress came late, {told} after the heal: {late}");
                    self.report(Verdict::Service, ("progress", "late"), &[], message);
                }
                if let Some(within) = self.setup.recovery_within.filter(|within| after > *within) {
                    let message = format!(
                        "progress came {told} after the heal, the scenario wants it within {}",
                        within.told()
                    );
                    self.report(Verdict::Service, ("progress", "service level"), &[], message);
                }
            }
            Progress::NotOwed { .. } | Progress::Stalled { .. } => {}
        }
    }

    fn activity(&self, ended: Ended, progress: &Progress) -> OrderedMap<String, u64> {
        let mut activity = OrderedMap::new();
        let faults = self.driver.activity();
        for (family, count) in faults.families() {
            activity.insert(format!("faults.{}", family.name()), count);
        }
        activity.insert("faults.fired".to_owned(), faults.total());
        activity.insert("faults.refused".to_owned(), faults.refused);
        let mut put = |name: &str, value: u64| {
            activity.insert(name.to_owned(), value);
        };
        put("operations.invoked", self.clients.invoked);
        put("operations.returned", self.clients.returned);
        put("operations.succeeded", self.clients.succeeded);
        put("operations.waited", self.clients.waited);
        put("operations.skipped", self.clients.workload.as_ref().map_or(0, Workload::skipped));
        put("syncs.ok", self.disks.synced);
        put("syncs.failed", self.disks.failed);
        put("disks.torn", self.disks.torn);
        put("disks.lost", self.disks.lost_tails);
        put("disks.rotten", self.disks.rotten);
        let judged = matches!(progress, Progress::Made { .. } | Progress::Missed { .. });
        put("progress.owed", u64::from(judged && self.owes_progress()));
        put("ended.early", u64::from(matches!(ended, Ended::EventLimit | Ended::Storm | Ended::Stopped)));
        let booked = self.servers.booked();
        put("time.coordinating_ns", booked.coordinating);
        put("time.working_ns", booked.working);
        for (name, kind) in self.vocabulary.observations.iter().zip(&self.watch.kinds) {
            put(&format!("observed.{name}"), kind.count);
        }
        for (name, count) in Dropped::NAMES.iter().zip(self.dropped) {
            put(&format!("dropped.{name}"), count);
        }
        self.deeds.counted().for_each(|(name, count)| put(name, count));
        for (name, count) in self.marks.counted() {
            put(&format!("{MARK}{name}"), *count);
        }
        activity
    }

    /// Why the run proves nothing, if it does not.
    fn reasons(&self, ended: Ended, progress: &Progress, activity: &OrderedMap<String, u64>) -> Vec<String> {
        let mut reasons = Vec::new();
        // A protocol that has nothing to report must at least have said something.
        let kinds = &self.watch.kinds;
        let observed = kinds.iter().any(|kind| kind.count > 0);
        let said = self.messages.delivered > 0 || self.clients.succeeded > 0;
        if self.events == 0 || !(observed || (kinds.is_empty() && said)) {
            reasons.push("nothing happened".to_owned());
        }
        if self.messages.delivered == 0 {
            reasons.push("no message was delivered".to_owned());
        }
        if ended == Ended::EventLimit {
            reasons.push("the limit of events ended the run early".to_owned());
        }
        if ended == Ended::Stopped {
            reasons.push("it was ended from outside".to_owned());
        }
        // Whoever says how many operations are to succeed may say that none has to.
        let judged = self.setup.at_least.iter().any(|(name, _)| name == "operations.succeeded");
        if self.setup.workload.is_some() && self.clients.succeeded == 0 && !judged {
            reasons.push("no operation succeeded".to_owned());
        }
        if let Progress::Stalled { reason, detail } = progress {
            let more = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            reasons.push(format!("no progress after the heal, excused: {}{more}", reason.words()));
        }
        for (name, least) in &self.setup.at_least {
            let count = activity.get(name).copied().unwrap_or(0);
            reasons.extend(match *least {
                Amount::Times(least) if count < least => {
                    Some(format!("{name} is {count}, the scenario wants at least {least}"))
                }
                Amount::Times(_) => None,
                share => self.too_few_members(name, share),
            });
        }
        reasons
    }

    /// Why a demand of a share of the members is not met, if it is not.
    fn too_few_members(&self, name: &str, share: Amount) -> Option<String> {
        let (members, wanted) = (self.setup.members, share.of_members(self.setup.members)?);
        let there = self.watch.members_with(name, self.vocabulary.observations).unwrap_or(0);
        let few =
            || format!("{name} is at {there} of {members} members, the scenario wants at least {wanted}");
        (there < wanted).then(few)
    }

    /// Whether there was more than the protocol promises to bear: by faults, by traitors from the start, or by a network that
    /// loses what it counts on.
    fn beyond_the_model(&self) -> bool {
        let traitors = self.ground.members().filter(|(_, place)| !place.honest).count();
        self.demoted
            || self.driver.over_budget()
            || traitors > self.driver.governor().model().byzantine as usize
    }

    fn verdict(&self, reasons: &[String]) -> Verdict {
        let quiet = if reasons.is_empty() { Verdict::Pass } else { Verdict::Inconclusive };
        match self.findings.worst() {
            // Beyond what the protocol promises to bear, a broken property breaks the assumption, not the protocol.
            Some(found) if found < Verdict::Crash && self.beyond_the_model() => Verdict::Assumption,
            Some(found) => found.max(quiet),
            None => quiet,
        }
    }

    pub(crate) fn count_messages(&mut self) {
        self.count_check();
        let in_flight = self.envelopes.len() as u64;
        let messages = &mut self.messages;
        messages.in_flight = in_flight;
        messages.by_kind = self
            .vocabulary
            .messages
            .iter()
            .zip(&self.sends.by_kind)
            .filter(|(_, count)| **count > 0)
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect();
    }
}

/// Findings as people read them: checks know clients by their numbers among all nodes, and everything else calls them `c1`, ...
fn called_by_name(found: &[Violation], ground: &Ground) -> Vec<Violation> {
    let called =
        |found: &Violation| Violation { message: ground.call_by_name(&found.message), ..found.clone() };
    found.iter().map(called).collect()
}

fn picture(
    painter: Painter,
    ground: &Ground,
    names: &SlotNames,
    clocks: &Clocks,
    trace: Option<&Trace>,
) -> Picture {
    let on = painter.on();
    let mut picture = painter.finish(ground.now, ground, names, |slot| clocks.read(slot, ground.now));
    if let Some(trace) = trace.filter(|_| on) {
        picture.edges = edges(trace, ground);
    }
    picture
}

/// Why a run of which nothing was judged proves nothing. A protocol without any check of its own promises nothing.
fn unchecked(checks: &[CheckReport], progress: &Progress) -> Option<String> {
    if checks.is_empty() || matches!(progress, Progress::Made { .. } | Progress::Missed { .. }) {
        return None;
    }
    let why = if checks.iter().all(|check| !check.on) {
        "nothing was checked: every check is off"
    } else if checks.iter().all(|check| !check.on || check.exercised == 0) {
        "nothing was checked: no check had anything to judge"
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// Why a run whose faults were all refused proves nothing.
fn refused(faults: &[Executed]) -> Option<String> {
    let first = faults.first()?;
    if faults.iter().any(|fault| fault.refused.is_none()) {
        return None;
    }
    Some(match faults.len() {
        1 => format!("the only fault was refused: {}", first.detail),
        count => format!("every fault was refused, the first one because {} (of {count})", first.detail),
    })
}
