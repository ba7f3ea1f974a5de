//! The schema of `[swarm]`, `[checks]`, `[initial]` and `[[measure]]`.

use serde_json::{Map, Value};
use sim_core::fault::rounds::MOST_ROUNDS;
use sim_core::fault::spec::LAST_ROUND;
use sim_core::fault::swarm::MOST_STRIKES;
use sim_core::fault::{Family, Kind};
use sim_core::ordered::OrderedSet;
use sim_core::registry::Registry;
use sim_core::tree;

use super::form::{SHARE, about, count, count32, duration, list, maybe, node, probability, selector, table};
use crate::scenario::EVERYWHERE;

pub(super) fn swarm() -> Value {
    let range = || table(&["min", "max"], tree!({ "min": count32(1), "max": count32(1) }));
    let switch = |words: &str| about(tree!({ "type": "boolean", "default": false }), words);
    let families: Vec<&str> = Family::ALL.iter().map(|family| family.name()).collect();
    let families = tree!({ "oneOf": [
        { "enum": ["none", "all"] },
        table(&["only"], tree!({ "only": list(tree!({ "enum": families })) })),
    ] });
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let traitors = tree!({ "oneOf": [
        { "enum": ["none", "up_to_budget", "budget"] },
        table(&["beyond"], tree!({ "beyond": count32(0) })),
    ] });
    let lengths = table(&["min", "max"], tree!({ "min": duration(), "max": duration() }));
    let schema = table(
        &[],
        tree!({
            "nodes": about(range(), "The number of members, instead of cluster.nodes."),
            "small": switch("Draw small clusters more often: the smaller of two drawn numbers of members."),
            "operations": about(range(), "The number of operations, instead of workload.operations."),
            "clients": about(range(), "The number of clients, instead of workload.clients, which is the least."),
            "duration": about(lengths, "The length of the first phase, at most cluster.duration: each doubling is equally likely."),
            "families": about(families, "Families of faults that a seed may draw."),
            "off": about(list(tree!({ "enum": kinds })), "Kinds of faults that are never drawn."),
            "membership": switch("Whether members may join and leave."),
            "detours": switch("Whether processes may take detours in their own code, where they ask for them."),
            "max_faults": about(count(0, MOST_STRIKES as u64), "The most faults that a seed draws, at most 96."),
            "workload": switch("Draw what clients do: the model, the number of objects, the mix and the pace."),
            "readers": switch("Draw how many clients only read: none, one, or half of them."),
            "spread": switch("Draw how the drawn operations are spread: over the run, over its first quarter, in bursts after faults, or in a closed loop."),
            "past": switch(
                "Draw what an earlier run left on the disks, where the protocol knows, or, with `swim`, who leaves and when: a third of the seeds start from it.",
            ),
            "moods": switch("Draw how faults are drawn: how many wait for events, strike together or strike whoever leads, how long they last."),
            "disorder": switch("Draw stretches of disorder as the faults of half of the seeds: messages are of any age, and members crash and come back all the time."),
            "knobs": switch("Draw the protocol's knobs; what a drawn one forfeits is not owed."),
            "network": switch("Draw latency, loss and duplication."),
            "disk": switch("Draw how long syncs take."),
            "traitors": about(traitors, "How many traitors there are from the start."),
            "behaviors": switch("Draw what traitors do."),
            "corrupt_clients": switch("Draw how many clients are corrupt: none in half of the seeds, else one or up to half of them."),
            "rounds": about(rounds(), "Draw a schedule of rounds: who leads each, who hears whom, who has a twin."),
            "byzzfuzz": about(byzzfuzz(), "Draw a bounded number of faults in drawn rounds: the network in two parts, or a traitor that lies."),
            "rules": switch("Draw rules for what traitors do with which messages, beside behaviors."),
        }),
    );
    about(schema, "What each seed draws instead of what is written.")
}

fn rounds() -> Value {
    let switch = |words: &str| about(tree!({ "type": "boolean", "default": false }), words);
    let twins = table(&["min", "max"], tree!({ "min": count32(0), "max": count32(0) }));
    table(
        &["count"],
        tree!({
            "count": about(count(1, u64::from(MOST_ROUNDS)), "How many rounds are planned, from the first on."),
            "twins": about(twins, "How many members have a twin, which runs beside the members."),
            "lasts": about(duration(), "How long the sides of a round last, from its first message on; ten times the longest timeout if absent."),
            "kinds": about(list(tree!({ "type": "string" })), "Kinds of messages of which one may be lost alone across the sides of a round."),
            "any_sides": switch("Whether any members may be apart; else a quorum is on one side."),
            "enumerate": switch("Whether the seed is the number of the schedule, so that so many seeds try all."),
        }),
    )
}

fn byzzfuzz() -> Value {
    let switch = |words: &str| about(tree!({ "type": "boolean", "default": false }), words);
    table(
        &["within"],
        tree!({
            "within": about(count(1, u64::from(MOST_ROUNDS)), "Faults are in the rounds from the first to this one."),
            "network": about(count(0, u64::from(MOST_ROUNDS)), "How many times the network is in two parts for a round, at most."),
            "process": about(count(0, u64::from(MOST_ROUNDS)), "How many times a traitor lies in a round, at most."),
            "corrupt": about(count32(0), "How many members are traitors, at most; one if absent, and no more than the protocol bears."),
            "scope": about(tree!({ "enum": ["small", "any"] }), "How far altered messages are from what they were; drawn for each fault if absent."),
            "lies": switch("Whether half of the lies are those that only traitors of the protocol can tell."),
        }),
    )
}

pub(super) fn checks() -> Value {
    let names = || list(tree!({ "type": "string" }));
    let safety =
        tree!({ "oneOf": [{ "enum": ["all", "none"] }, table(&["only"], tree!({ "only": names() }))] });
    let progress = tree!({ "oneOf": [
        { "enum": ["auto", "none"] },
        table(&["within"], tree!({ "within": duration() })),
    ] });
    let least = tree!({ "type": "object", "additionalProperties": amount() });
    let budget = about(count(0, u64::MAX), "Steps of the search for each object.");
    let schema = table(
        &[],
        tree!({
            "safety": about(safety, "Which of the protocol's checks are on."),
            "off": about(names(), "Checks that are off, by name."),
            "progress": about(progress, "Whether progress is owed after the heal, and how soon."),
            "at_least": about(least, "Counters that a run must reach to count; else it is inconclusive."),
            "linearizable": about(table(&[], tree!({ "budget_steps": budget })), "How long to search for a linearization."),
        }),
    );
    about(schema, "What is judged, and what a run must show to count.")
}

pub(super) fn initial(registry: &Registry) -> Value {
    let twin = table(
        &["of"],
        tree!({
            "of": about(node(), "Who runs twice."),
            "at": about(node(), "In whose place; beside all members if absent."),
        }),
    );
    let mut schema = table(
        &[],
        tree!({
            "absent": about(list(node()), "Members that are down from the start."),
            "corrupt": about(list(node()), "Traitors from the start."),
            "behavior": about(tree!({ "type": "string" }), "The behavior of traitors, as the protocol names it."),
            "twins": about(list(twin), "Identities that run twice."),
            "shuffle": about(tree!({ "type": "boolean", "default": false }), "Whether the seed draws which members all of this is about."),
        }),
    );
    // Protocols bring the schema of what they start from.
    let state = |schema| about(schema, "What disks and timers hold at the start.");
    let named =
        registry.iter().filter_map(|entry| Some((format!("^{}$", entry.info().name), entry.state_schema()?)));
    let named = named.map(|(name, schema)| (name, state(schema)));
    schema["patternProperties"] = tree::table(named.collect()).into();
    about(schema, "The state at the start.")
}

/// The settings of behaviors that every protocol's traitors know.
fn behaviors() -> Map<String, Value> {
    let likely =
        || table(&[], tree!({ "probability": about(probability(), "How likely; always if absent.") }));
    let orders = tree!({ "enum": ["shuffle", "halves"] });
    let every = [
        ("silent", table(&[], tree!({}))),
        (
            "withhold",
            table(&[], tree!({ "from": about(maybe(count32(0)), "How many are left out; f if absent.") })),
        ),
        ("drop", likely()),
        ("delay", table(&["by"], tree!({ "by": about(duration(), "How much later.") }))),
        ("replay", likely()),
        (
            "alter",
            table(
                &[],
                tree!({
                    "field": about(tree!({ "type": "string" }), "Which value, by its name in a trace; any if absent."),
                    "scope": about(
                        tree!({ "enum": ["small", "any"] }),
                        "How far from what it was: next to it, or anything of its type.",
                    ),
                    "seal": about(tree!({ "type": "boolean" }), "Whether it is signed again; yes if absent."),
                    "probability": about(probability(), "How likely, for each recipient; always if absent."),
                }),
            ),
        ),
        (
            "order",
            table(&[], tree!({ "how": about(orders, "Which messages between others are held back.") })),
        ),
        ("twins", table(&["place"], tree!({ "place": about(node(), "Where the second copy runs.") }))),
        (
            "adaptive",
            table(
                &["every", "count"],
                tree!({
                    "target": about(selector(), "Whom it corrupts each time; whoever leads next if absent."),
                    "every": about(duration(), "The time from one corruption to the next."),
                    "count": about(count32(0), "How many it corrupts."),
                }),
            ),
        ),
    ];
    every.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

pub(super) fn adversaries(registry: &Registry) -> Value {
    let text = || tree!({ "type": "string" });
    let on = table(
        &[],
        tree!({
            "send": about(text(), "To messages of this kind only."),
            "role": about(text(), "While the traitor is in this role only."),
            "round": about(count(1, u64::from(LAST_ROUND)), "To messages that tell this round only."),
        }),
    );
    let own: OrderedSet<&str> = registry
        .iter()
        .flat_map(|entry| entry.info().behaviors.iter().map(|behavior| behavior.name))
        .collect();
    let own: Vec<&str> = own.into_iter().filter(|name| !EVERYWHERE.contains(name)).collect();
    let names: Vec<&str> = EVERYWHERE.iter().copied().chain(own.iter().copied()).collect();
    let mut settings = behaviors();
    let ways = || table(&[], tree!({ "ways": about(count32(2), "How many stories it tells.") }));
    settings.extend(own.into_iter().map(|name| (name.to_owned(), ways())));
    let mut with_settings = table(&[], settings.into());
    with_settings["minProperties"] = 1.into();
    with_settings["maxProperties"] = 1.into();
    let act = tree!({ "anyOf": [{ "enum": names }, with_settings] });
    let entry = table(
        &["do"],
        tree!({
            "nodes": about(list(node()), "Traitors from the start; every traitor if absent."),
            "on": about(on, "When the entry applies; always if absent."),
            "do": about(act, "What the traitor does: a behavior, or one with its settings."),
        }),
    );
    about(list(entry), "Who is a traitor, and what becomes of what it would say.")
}

/// A number of times, or a share.
fn amount() -> Value {
    let share = tree!({ "type": "string", "pattern": SHARE, "examples": ["all", "99%", "1/2"] });
    tree!({ "anyOf": [count(0, u64::MAX), share] })
}

pub(super) fn stop() -> Value {
    let kind = about(tree!({ "type": "string" }), "The kind of observation.");
    let often = about(amount(), "How often in all, or at which share of the members; once if absent.");
    let schema = table(
        &[],
        tree!({
            "observed": about(table(&["kind"], tree!({ "kind": kind, "count": often })), "As soon as this was observed so often."),
            "returned": about(amount(), "As soon as so many operations have returned, or this share of those that the workload asks for."),
            "all_in_role": about(tree!({ "type": "string" }), "As soon as every running member is in this role."),
            "violation": about(tree!({ "type": "boolean" }), "At the first violation."),
        }),
    );
    about(schema, "When to stop before the end.")
}

/// Observations or messages: the name of a kind, or a table that narrows it.
fn pattern() -> Value {
    tree!({ "oneOf": [{ "type": "string" }, table(&["kind"], narrowed())] })
}

/// An observation, or the beginning of a fault.
fn point() -> Value {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let fault = table(&["fault"], tree!({ "fault": { "enum": kinds }, "nth": count(1, u64::MAX) }));
    tree!({ "oneOf": [{ "type": "string" }, table(&["kind"], narrowed()), fault] })
}

fn narrowed() -> Value {
    let text = |words: &str| about(tree!({ "type": "string" }), words);
    tree!({
        "kind": text("The kind of observation or message."),
        "node": about(node(), "Only at this node."),
        "about": about(tree!({ "type": "array", "items": node() }), "Only what is about one of these nodes."),
        "role": text("Only at a process that is in this role afterwards."),
        "was": text("Only at a process that was in this role before."),
        "since": about(duration(), "Only at this time or later."),
        "until": about(duration(), "Only before this time."),
        "nth": about(count(1, u64::MAX), "Which one, counting from one."),
    })
}

pub(super) fn measure() -> Value {
    let one = |name: &str, words: &str| about(table(&[name], tree!({ name: pattern() })), words);
    let role = table(&["share_in_role"], tree!({ "share_in_role": { "type": "string" } }));
    let between = table(&["from", "to"], tree!({ "from": point(), "to": point() }));
    let what = tree!({ "oneOf": [
        one("first_time", "When a kind of observation was first made, in nanoseconds."),
        one("last_time", "When it was last made."),
        one("count", "How often it was made."),
        one("rank_at", "The term (view, round) of whoever made it."),
        one("highest_rank", "The highest term (view, round) in it."),
        about(table(&["between"], tree!({ "between": between })), "The time from one point to another, in nanoseconds."),
        about(role, "The share of members in a role at the end, in parts per million."),
        one("sent", "How many messages of a kind were sent."),
    ] });
    let entry = table(
        &["name", "what"],
        tree!({ "name": about(tree!({ "type": "string" }), "How the outcome names it."), "what": about(what, "What it counts.") }),
    );
    about(list(entry), "One number per run each.")
}
