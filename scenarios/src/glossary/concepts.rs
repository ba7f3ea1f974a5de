//! Words of this program's own: what a page, an error or the guide means by them.

use super::{Term, TermKind, sentence};

/// A word: its name, other names, a line, a paragraph, how it is written, a command to try, and what to look at next.
type Concept = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// Every word that has a page.
const CONCEPTS: [Concept; 16] = [
    (
        "seed",
        &["seeds"],
        "the number from which everything that is random in a run is drawn",
        "The same scenario, seed and engine give the same run, event by event, on every machine. In a swarm the seed also draws \
         the plan: the size of the cluster, the network, the load and the faults.",
        "--seed 7, or --seeds 0..1000 for a thousand of them",
        "seedstorm run raft-calm --seed 7",
        &["plan", "digest"],
    ),
    (
        "plan",
        &["fault plan"],
        "everything that a seed decided, written out: settings, faults and their times",
        "A run is given by its plan and its seed. Shrinking changes the plan and keeps the seed. A capsule holds both.",
        "--dry-run prints it",
        "seedstorm run raft-swarm --seed 7 --dry-run",
        &["seed", "capsule", "shrinking"],
    ),
    (
        "digest",
        &[],
        "a hash of every event of a run, in order",
        "Two runs with one digest did the same: the same messages with the same content at the same times, the same faults, the \
         same observations. A replay compares digests; they do not depend on threads, tracing, profile or machine.",
        "the line \"digest\" of a run; expected in a capsule",
        "seedstorm run raft-calm --seed 7 --twice",
        &["capsule", "seed"],
    ),
    (
        "capsule",
        &["capsules"],
        "a small JSON file that holds one run: scenario, plan, seed, verdict and digest",
        "Explorations write a capsule for each finding. It replays on every machine with this engine, shrinks, becomes a page, and \
         can be kept in a corpus so that the bug stays found. It carries the data that its scenario read from files.",
        "a file whose name ends in .capsule.json",
        "seedstorm replay FILE",
        &["shrinking", "corpus", "digest"],
    ),
    (
        "heal",
        &["second phase", "two phases"],
        "the end of the first phase: a core of members is repaired, and progress is owed from then on",
        "During cluster.duration faults fire and safety is judged. Then nothing new fires, a core of honest members with intact \
         disks gets a working network, everything outside stays broken, and the core must make progress. Progress is judged \
         by opportunities, and late is not never.",
        "[checks] progress = \"auto\", \"none\" or { within = \"10s\" }",
        "seedstorm run raft-partition",
        &["core", "progress", "liveness"],
    ),
    (
        "core",
        &["healed core"],
        "the members that are repaired at the heal",
        "A random set of honest members with intact disks that is large enough for what the protocol promises. Stories of \
         liveness name it.",
        "no key: it is drawn, and a story names it",
        "seedstorm run raft-partition",
        &["heal", "governor"],
    ),
    (
        "governor",
        &["fault budget", "budget"],
        "what keeps faults within what the protocol promises to bear",
        "Each protocol says how many members may be down, may have lost their disks, or may lie at once. The governor refuses a \
         fault beyond that, and the page counts what was refused. A written fault may go beyond it on purpose: then the \
         verdict is assumption and accuses nobody.",
        "over_budget = true at the top of a scenario, or in one fault",
        "seedstorm run raft-majority-cut",
        &["assumption", "heal"],
    ),
    (
        "swarm testing",
        &["swarm"],
        "a scenario whose settings and faults each seed draws anew",
        "Seeds that leave features out find more than seeds that use everything at once (Groce et al., Swarm Testing, ISSTA \
         2012). So a seed draws which families of faults it uses at all, and the size, network, load and knobs.",
        "a scenario with a table [swarm]",
        "seedstorm explore raft-swarm --seeds 0..1000",
        &["[swarm]", "exploration"],
    ),
    (
        "exploration",
        &["explore"],
        "runs over many seeds, with what they found and what they exercised",
        "Findings are grouped by fingerprint, shrunk and written as capsules. The activity table says what happened in how many \
         runs; a campaign in which something owed was never exercised passes nothing.",
        "seedstorm explore SCENARIO --seeds A..B",
        "seedstorm explore raft-swarm --seeds 0..1000",
        &["capsule", "fingerprint", "shard"],
    ),
    (
        "fingerprint",
        &[],
        "what makes two findings the same bug: the check and the circumstances, without names and times",
        "An exploration keeps the smallest capsule of each fingerprint. --known passes over those that are known already.",
        "--known FINGERPRINT",
        "seedstorm explore raft-swarm --seeds 0..1000",
        &["exploration", "corpus"],
    ),
    (
        "shrinking",
        &["shrink"],
        "the search for a smaller plan that fails in the same way",
        "Faults, members, operations and time are taken away as long as the same check finds the same thing. The result replays \
         like the first.",
        "seedstorm shrink FILE",
        "seedstorm shrink FILE",
        &["capsule", "story"],
    ),
    (
        "story",
        &["stories"],
        "the steps of a run that matter for a finding, in order and in words",
        "It is made from the trace by going back from the violation along what caused what. It folds repetitions, marks traitors, \
         and says which race or fault decided.",
        "part of replay, explore and every page",
        "seedstorm demo",
        &["capsule", "likelihood"],
    ),
    (
        "likelihood",
        &[],
        "how often the finding comes again if everything random is drawn anew from a moment on",
        "A run is doomed from where the likelihood is near one. It is told with an interval, as a chart in the story.",
        "seedstorm likelihood FILE",
        "seedstorm likelihood FILE",
        &["story", "seed"],
    ),
    (
        "corpus",
        &[],
        "a folder of capsules that a test runs again",
        "Each capsule must do what it did: fail as told while the bug is there, or pass once it is mended.",
        "seedstorm corpus add DIR FILE",
        "seedstorm corpus run DIR",
        &["capsule"],
    ),
    (
        "parameter sweep",
        &["sweep", "grid"],
        "runs over a grid of settings, with figures, intervals and plots",
        "Each point of the grid runs with the same seeds, so that differences are paired. The page draws figures against the \
         settings; the tables beside it hold every number that is drawn.",
        "a file with [[axis]] and [[plot]]",
        "seedstorm sweep overhead-vs-n",
        &["shard"],
    ),
    (
        "shard",
        &["shards"],
        "one of N parts of a campaign, for another machine",
        "--shard K/N runs every N-th of the runs. merge puts the folders together into what one machine would have written, byte \
         by byte but for times.",
        "--shard 0/3",
        "seedstorm explore raft-swarm --seeds 0..300 --shard 0/3 --out part0",
        &["exploration", "parameter sweep"],
    ),
];

pub(super) fn concepts() -> impl Iterator<Item = Term> {
    CONCEPTS.iter().map(|&(name, aliases, line, about, written, example, related)| Term {
        kind: TermKind::Concept,
        name: name.to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        protocol: None,
        line: line.to_owned(),
        about: format!("{} {about}", sentence(line)),
        written: written.to_owned(),
        example: example.to_owned(),
        related: related.iter().map(|name| (*name).to_owned()).collect(),
        entries: Vec::new(),
        details: serde_json::Map::new(),
    })
}
