//! Contents in words: zeros, `false` and hashes are left out, but for the digests of values that members decide on: who tells whom
//! another one is what stories of traitors are about.

use sim_core::process::{LinkState, SyncResult};
use sim_core::story::StepKind;
use sim_core::trace::{Content, Named, Shown, What};

/// Numbers from here on are hashes that a protocol reports as numbers; nobody reads them.
const HASHES: u64 = 1 << 48;

/// What protocols call the digest of a value that is to be decided.
const DIGEST: &str = "digest";

/// `RequestVote term 4`.
pub(super) fn message(content: &Content) -> String {
    format!("{}{}", content.kind, fields(&content.fields))
}

/// `voted term 4 candidate n1`.
pub(super) fn observation(content: &Content) -> String {
    format!("{}{}", plain(&content.kind), fields(&content.fields))
}

/// What a process takes in that is neither a message nor a request, after its name: `has its timer go off: Election`.
pub(super) fn input(what: &What<Content, String>) -> Option<(StepKind, String)> {
    let words = match what {
        What::Start => (StepKind::Process, "starts".to_owned()),
        What::Fire { timer, .. } => (StepKind::Timer, format!("has its timer go off: {}", message(timer))),
        What::Link { peer, state: LinkState::Up } => (StepKind::Process, format!("is connected to {peer}")),
        What::Link { peer, state: LinkState::Down } => {
            (StepKind::Process, format!("lost its connection to {peer}"))
        }
        What::Synced { result: SyncResult::Ok, .. } => (StepKind::Disk, "has its disk synced".to_owned()),
        What::Synced { .. } => (StepKind::Disk, "has a sync fail".to_owned()),
        _ => return None,
    };
    Some(words)
}

/// ` is leader of term 4`, from a role and a rank that some field of the content names.
pub(super) fn role(content: &Content, role: &str, rank: &str) -> String {
    let named = content.fields.iter().find(|field| field.value.to_string() == rank);
    match named {
        Some(field) => format!("is {role} of {} {rank}", field.name.replace('_', " ")),
        None => format!("is {role}"),
    }
}

/// `HardState term 4 vote none`: everything that a record holds, also what is absent from it.
pub(super) fn record(content: &Content) -> String {
    let shown = content.fields.iter().filter_map(|field| match &field.value {
        Shown::Digest(_) if field.name != DIGEST => None,
        Shown::Group { inside, .. } if tells_a_value(inside) => Some(fields(inside)),
        Shown::Group { label, .. } => Some(format!(" {} {label}", field.name)),
        value => Some(format!(" {} {value}", field.name)),
    });
    format!("{}{}", content.kind, shown.collect::<String>())
}

/// Words of several things one after the other, those that are the same in a row once: `Entry term 3 2 times, Vote term 4`.
pub(super) fn listed(words: &[String]) -> String {
    let same = words.chunk_by(|one, other| one == other).map(|same| match same {
        [one] => one.clone(),
        _ => format!("{} {} times", same[0], same.len()),
    });
    same.collect::<Vec<String>>().join(", ")
}

fn fields(fields: &[Named]) -> String {
    fields.iter().filter_map(field).collect()
}

/// Whether some part of it is the digest of a value, as in a signed vote.
fn tells_a_value(inside: &[Named]) -> bool {
    inside.iter().any(|field| match &field.value {
        Shown::Digest(_) => field.name == DIGEST,
        Shown::Group { label, inside } => label != "list" && tells_a_value(inside),
        _ => false,
    })
}

fn field(field: &Named) -> Option<String> {
    let name = field.name.replace('_', " ");
    match &field.value {
        Shown::Unsigned(number) if *number >= HASHES => None,
        Shown::Digest(_) if field.name == DIGEST => Some(format!(" {name} {}", field.value)),
        Shown::Absent | Shown::Bool(false) | Shown::Unsigned(0) | Shown::Signed(0) | Shown::Digest(_) => None,
        Shown::Bool(true) => Some(format!(" {name}")),
        Shown::Group { label, inside } if label == "list" => {
            (!inside.is_empty()).then(|| format!(" {} {name}", inside.len()))
        }
        Shown::Group { inside, .. } if tells_a_value(inside) => Some(fields(inside)),
        Shown::Group { label, .. } => Some(format!(" {label}")),
        value => Some(format!(" {name} {value}")),
    }
}

/// `BecameLeader` is `became leader`.
fn plain(kind: &str) -> String {
    let mut words = String::new();
    for letter in kind.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::identity::NodeId;

    fn content() -> Content {
        let field = |name: &str, value| Named { name: name.to_owned(), value };
        let fields = vec![
            field("term", Shown::Unsigned(4)),
            field("last_index", Shown::Unsigned(0)),
            field("candidate", Shown::Node(NodeId(0))),
            field("pre", Shown::Bool(true)),
            field("counted", Shown::Bool(false)),
            field("vote", Shown::Absent),
            field("hash", Shown::Digest(77)),
        ];
        Content { kind: "RequestVote".to_owned(), hash: 1, fields }
    }

    #[test]
    fn only_what_says_something_is_said() {
        assert_eq!(message(&content()), "RequestVote term 4 candidate n1 pre");
        assert_eq!(observation(&content()), "request vote term 4 candidate n1 pre");
        assert_eq!(role(&content(), "leader", "4"), "is leader of term 4");
        assert_eq!(role(&content(), "halted", "9"), "is halted");
    }

    #[test]
    fn a_vote_says_what_it_is_for() {
        let field = |name: &str, value| Named { name: name.to_owned(), value };
        let group = |label: &str, inside| Shown::Group { label: label.to_owned(), inside };
        let statement = vec![field("height", Shown::Unsigned(1)), field("digest", Shown::Digest(0x0BDB))];
        let vote = vec![
            field("statement", group("Statement", statement)),
            field("signature", Shown::Node(NodeId(0))),
        ];
        let batch = vec![field("hash", Shown::Digest(7))];
        let fields = vec![field("vote", group("Vote", vote)), field("batch", group("Requests", batch))];
        let proposal = Content { kind: "Proposal".to_owned(), hash: 1, fields };
        assert_eq!(message(&proposal), "Proposal height 1 digest 0000000000000bdb signature n1 Requests");
        assert_eq!(
            record(&proposal),
            "Proposal height 1 digest 0000000000000bdb signature n1 batch Requests"
        );
    }

    #[test]
    fn a_record_shows_what_it_lacks() {
        let expected = "RequestVote term 4 last_index 0 candidate n1 pre true counted false vote none";
        assert_eq!(record(&content()), expected);
    }

    #[test]
    fn what_is_the_same_in_a_row_is_told_once() {
        let words = ["a 1", "a 1", "a 1", "b", "a 1"].map(str::to_owned);
        assert_eq!(listed(&words), "a 1 3 times, b, a 1");
        assert_eq!(listed(&[]), "");
    }
}
