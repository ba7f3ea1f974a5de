//! The names of what every run counts, so that a scenario that asks for a counter that does not exist is refused
//! before it runs.

use crate::fault::Family;
use crate::kernel::Dropped;

/// Counters that every run has, whatever its protocol; besides, there is one for each family of faults, each kind of
/// observation and each way to lose a message.
pub const COUNTERS: [(&str, &str); 26] = [
    ("faults.fired", "faults that fired, of all families"),
    ("faults.refused", "faults that the budget or their target refused"),
    ("operations.invoked", "operations that clients were asked for"),
    ("operations.returned", "operations that came back, whatever came of them"),
    ("operations.succeeded", "operations that came back and took effect or told what they saw"),
    ("operations.waited", "operations that waited in line until a client was free"),
    ("operations.skipped", "operations that were given up because every client was busy"),
    ("syncs.ok", "syncs that made something durable"),
    ("syncs.failed", "syncs that failed"),
    ("disks.torn", "crashes that tore the record being written"),
    ("disks.lost", "crashes that took writes which were not synced"),
    ("disks.rotten", "durable records that rotted"),
    ("progress.owed", "1 if progress was owed in the second phase, and judged"),
    ("ended.early", "1 if the limit of events ended the run"),
    ("traitors.silent", "inputs that traitors ignored, and messages that they swallowed"),
    ("traitors.equivocated", "messages of traitors that told different members different things"),
    ("traitors.withheld", "messages of traitors that left honest members untold"),
    ("traitors.dropped", "messages of traitors that lost recipients by chance"),
    ("traitors.delayed", "messages of traitors that were sent later"),
    ("traitors.altered", "messages of traitors in which a value was changed"),
    ("traitors.replayed", "messages that traitors heard and said again"),
    ("traitors.forged", "times that traitors spoke for somebody else"),
    ("traitors.inflated", "messages of traitors in a term, view or incarnation far ahead"),
    ("traitors.ordered", "messages between others that the coalition held back"),
    ("time.coordinating_ns", "time that slots spent on messages and signatures"),
    ("time.working_ns", "time that slots spent on work"),
];

/// The names of all counters of a protocol with these kinds of observations, sorted.
pub fn counter_names(observations: &[&str]) -> Vec<String> {
    let general = COUNTERS.iter().map(|(name, _)| (*name).to_owned());
    let families = Family::ALL.iter().map(|family| format!("faults.{}", family.name()));
    let observed = observations.iter().map(|kind| format!("observed.{kind}"));
    let dropped = Dropped::NAMES.iter().map(|why| format!("dropped.{why}"));
    let mut names: Vec<String> = general.chain(families).chain(observed).chain(dropped).collect();
    names.sort();
    names
}
