//! Both sides in lockstep: each event happens to both, and both must be the same after it.

use our_raft::vocabulary::RaftMessage;
use std::collections::VecDeque;

use raft::eraftpb::Message;

use crate::known::{Known, Tally};
use crate::ours::Ours;
use crate::theirs::Theirs;
use crate::words::{Meaning, Role, Side, State};

/// A message under way on both sides.
#[derive(Clone)]
pub struct Flying {
    pub from: usize,
    pub to: usize,
    pub means: Meaning,
    ours: RaftMessage,
    theirs: Message,
}

/// What a leader and a follower have between them.
#[derive(Clone, Default)]
struct Link {
    /// Whether something was refused or lost, so that each side mends it in its own way.
    astray: bool,
    /// Whether a refusal has made the window of ours small.
    small: bool,
    /// The last index of each message that is not acknowledged.
    unacknowledged: Vec<u64>,
}

pub struct Lockstep {
    ours: Ours,
    theirs: Theirs,
    servers: usize,
    /// Whether whoever is of a later term answers entries in any case.
    answers_old_entries: bool,
    pub flying: Vec<Flying>,
    pub up: Vec<bool>,
    links: Vec<Vec<Link>>,
    /// The term that each server leads, if it does.
    leads: Vec<Option<u64>>,
    /// Who refused a server's last candidacy.
    refused_by: Vec<Vec<usize>>,
    pub tally: Tally,
}

impl Lockstep {
    pub fn new(ours: Ours, theirs: Theirs, servers: usize, answers_old_entries: bool) -> Self {
        Self {
            ours,
            theirs,
            servers,
            answers_old_entries,
            flying: Vec::new(),
            up: vec![true; servers],
            links: vec![vec![Link::default(); servers]; servers],
            leads: vec![None; servers],
            refused_by: vec![Vec::new(); servers],
            tally: Tally::new(),
        }
    }

    fn known(&mut self, known: Known) {
        *self.tally.entry(known).or_default() += 1;
    }

    /// Who leads on both sides and runs.
    pub fn leaders(&self) -> Vec<usize> {
        (0..self.servers)
            .filter(|server| self.up[*server] && self.ours.state(*server).role == Role::Leader)
            .collect()
    }

    /// The largest commit index of all.
    pub fn most_committed(&self) -> u64 {
        (0..self.servers).map(|server| self.ours.state(server).commit).max().unwrap_or(0)
    }

    pub fn time_out(&mut self, server: usize) -> Result<(), String> {
        self.silence(server);
        if self.ours.state(server).role != Role::Leader {
            self.refused_by[server].clear();
        }
        self.ours.time_out(server);
        self.theirs.time_out(server);
        self.compare_said(server, None)
    }

    pub fn silence(&mut self, server: usize) {
        if self.ours.state(server).role != Role::Leader {
            self.ours.silence(server);
            self.theirs.silence(server);
        }
    }

    pub fn audit(&mut self, server: usize) -> Result<(), String> {
        self.ours.audit(server);
        self.theirs.audit(server);
        self.compare_said(server, None)
    }

    pub fn propose(&mut self, server: usize, number: u64) -> Result<(), String> {
        self.ours.propose(server, number);
        self.theirs.propose(server, number);
        self.compare_said(server, None)
    }

    pub fn restart(&mut self, server: usize) -> Result<(), String> {
        self.ours.restart(server);
        self.theirs.restart(server);
        self.refused_by[server].clear();
        self.compare_said(server, None)
    }

    /// A message arrives on both sides, unless that is an event in which they are known to differ.
    pub fn deliver(&mut self, message: &Flying) -> Result<(), String> {
        let Flying { from, to, .. } = *message;
        if !self.up[to] || self.is_known(message) {
            return Ok(());
        }
        let (before, stood) = (self.theirs.state(to), self.ours.state(to).role);
        if let Meaning::Answer { pre, granted: false, .. } = message.means {
            let asked = if pre { Role::PreCandidate } else { Role::Candidate };
            if stood == asked && !self.refused_by[to].contains(&from) {
                self.refused_by[to].push(from);
            }
        }
        if let Meaning::Acknowledge { index, .. } = message.means {
            self.links[to][from].unacknowledged.retain(|last| *last > index);
        }
        let protected = self.theirs.protects(to);
        self.ours.hear(to, from, &message.ours);
        self.theirs.hear(to, from, &message.theirs);
        // Whoever won its pre-votes asks anew.
        let role = self.ours.state(to).role;
        if role == Role::Candidate && stood != role {
            self.refused_by[to].clear();
        }
        self.compare_said(to, Some((message, &before, protected)))
    }

    fn is_known(&mut self, message: &Flying) -> bool {
        let state = self.theirs.state(message.to);
        let known = match message.means {
            Meaning::Ask { pre: false, term, .. }
                if term == state.term && state.vote.is_none() && state.leader.is_some() =>
            {
                Known::NoVoteBesideLeader
            }
            Meaning::Ask { pre: true, term, .. }
                if term == state.term
                    && (state.vote == Some(message.from)
                        || state.vote.is_none() && state.leader.is_none()) =>
            {
                Known::PreVoteOfOwnTerm
            }
            Meaning::Answer { pre: true, granted: true, term } if term <= state.term => {
                Known::OldPreVoteCounts
            }
            Meaning::Answer { granted: true, .. } if self.refused_by[message.to].contains(&message.from) => {
                Known::FirstAnswerCounts
            }
            // Only the term in it is alike on both sides.
            Meaning::Refuse { term } if term <= state.term => Known::Probing,
            Meaning::Acknowledge { .. } if self.links[message.to][message.from].astray => Known::Probing,
            _ => return false,
        };
        self.known(known);
        true
    }

    /// What both have said after an event must mean the same; it is under way from now on.
    fn compare_said(&mut self, server: usize, heard: Option<(&Flying, &State, bool)>) -> Result<(), String> {
        self.notice_leader(server);
        let mut ours = with_meaning::<Ours>(self.ours.said(server));
        let mut theirs = with_meaning::<Theirs>(self.theirs.said(server));
        if let Some((message, before, protected)) = heard {
            self.leave_out(&mut ours, message, before, protected);
            self.leave_out_answers(&mut ours, &mut theirs, message, before);
        }
        self.leave_out_astray(server, &mut ours, &mut theirs);
        let left: Vec<_> = ours.iter().map(|(to, meaning, _)| (*to, meaning.clone())).collect();
        let right: Vec<_> = theirs.iter().map(|(to, meaning, _)| (*to, meaning.clone())).collect();
        if left != right {
            return Err(format!("server {server} of ours says {left:?}, of the crate {right:?}"));
        }
        for ((to, means, ours), (_, _, theirs)) in ours.into_iter().zip(theirs) {
            if let Meaning::Append { prev, entries, .. } = &means {
                self.links[server][to].unacknowledged.push(prev + entries.len() as u64);
            }
            self.flying.push(Flying { from: server, to, means, ours, theirs });
        }
        Ok(())
    }

    /// A new leader knows nothing of its followers.
    fn notice_leader(&mut self, server: usize) {
        let state = self.ours.state(server);
        let leads = (state.role == Role::Leader).then_some(state.term);
        if leads != self.leads[server] {
            self.leads[server] = leads;
            self.links[server].fill(Link::default());
        }
    }

    /// What ours says beyond the crate.
    fn leave_out(
        &mut self,
        ours: &mut Vec<(usize, Meaning, RaftMessage)>,
        heard: &Flying,
        before: &State,
        protected: bool,
    ) {
        let known = match heard.means {
            Meaning::Ask { pre: false, term, .. } if term < before.term => Known::SilentOnOldVotes,
            Meaning::Ask { pre: true, term, .. } if term > before.term && protected => {
                Known::SilentWhileProtected
            }
            Meaning::Append { term, .. } if term < before.term && !self.answers_old_entries => {
                Known::SilentOnOldEntries
            }
            _ => return,
        };
        let refusal = |meaning: &Meaning| {
            matches!(meaning, Meaning::Answer { granted: false, .. } | Meaning::Refuse { .. })
        };
        let said = ours.len();
        ours.retain(|(_, meaning, _)| !refusal(meaning));
        if ours.len() < said {
            self.known(known);
        }
    }

    /// What is answered to entries, where that is each side's own.
    fn leave_out_answers(
        &mut self,
        ours: &mut Vec<(usize, Meaning, RaftMessage)>,
        theirs: &mut Vec<(usize, Meaning, Message)>,
        heard: &Flying,
        before: &State,
    ) {
        let Meaning::Append { term, prev, .. } = heard.means else { return };
        if term < before.term {
            return;
        }
        let link = &mut self.links[heard.from][heard.to];
        let refused = ours.iter().any(|(_, meaning, _)| matches!(meaning, Meaning::Refuse { .. }))
            && theirs.iter().any(|(_, meaning, _)| matches!(meaning, Meaning::Refuse { .. }));
        let known = if refused {
            link.astray = true;
            Known::Probing
        } else if prev < before.commit {
            Known::AcknowledgesCommit
        } else {
            return;
        };
        let answer =
            |meaning: &Meaning| matches!(meaning, Meaning::Refuse { .. } | Meaning::Acknowledge { .. });
        ours.retain(|(_, meaning, _)| !answer(meaning));
        theirs.retain(|(_, meaning, _)| !answer(meaning));
        self.known(known);
    }

    /// What a leader says on a link where something was refused or lost.
    fn leave_out_astray(
        &mut self,
        server: usize,
        ours: &mut Vec<(usize, Meaning, RaftMessage)>,
        theirs: &mut Vec<(usize, Meaning, Message)>,
    ) {
        for to in 0..self.servers {
            let entries =
                |other: usize, meaning: &Meaning| other == to && matches!(meaning, Meaning::Append { .. });
            let says = ours.iter().any(|(to, meaning, _)| entries(*to, meaning))
                || theirs.iter().any(|(to, meaning, _)| entries(*to, meaning));
            let link = &mut self.links[server][to];
            if !says {
                continue;
            }
            let narrow = link.small && !link.unacknowledged.is_empty();
            let known = if link.astray {
                Known::Probing
            } else if narrow {
                link.astray = true;
                Known::SmallWindow
            } else {
                continue;
            };
            ours.retain(|(to, meaning, _)| !entries(*to, meaning));
            theirs.retain(|(to, meaning, _)| !entries(*to, meaning));
            self.known(known);
        }
    }

    /// A leader's heartbeat reaches some, and all that follows between them is said and heard, twice: then the logs of
    /// both are equal, and what is committed is known.
    pub fn beat(&mut self, leader: usize, reached: &[usize]) -> Result<(), String> {
        let up: Vec<usize> = reached.iter().copied().filter(|to| self.up[*to]).collect();
        for _ in 0..2 {
            self.ours.beat(leader);
            self.theirs.beat(leader);
            let ours = self.ours.said(leader);
            let theirs = self.theirs.said(leader);
            for to in up.iter().copied() {
                let silent = !self.answers_old_entries;
                let heard = converse(&mut self.ours, (leader, to), only(&ours, to), silent);
                converse(&mut self.theirs, (leader, to), only(&theirs, to), silent);
                if heard.left_out {
                    self.known(Known::SilentOnOldEntries);
                }
                // Whoever is of a later term goes on as before: where its log ends is not found out.
                let astray = self.ours.state(to).leader != Some(leader);
                let link = &mut self.links[leader][to];
                *link = Link {
                    astray,
                    small: link.small || link.astray || heard.refused,
                    unacknowledged: Vec::new(),
                };
                // What the others are told meanwhile.
                for server in [leader, to] {
                    self.compare_said(server, None)?;
                }
            }
        }
        self.reached(leader, &up)
    }

    /// Whom a leader's heartbeat has reached has its log, and knows what it has committed.
    fn reached(&self, leader: usize, reached: &[usize]) -> Result<(), String> {
        let leads = self.ours.state(leader);
        if leads.role != Role::Leader || leads.term_at(leads.commit) != leads.term {
            return Ok(());
        }
        for to in reached.iter().copied().filter(|to| self.ours.state(*to).leader == Some(leader)) {
            for (side, state) in [("ours", self.ours.state(to)), ("the crate", self.theirs.state(to))] {
                if state.log != leads.log || state.commit != leads.commit {
                    return Err(format!(
                        "server {to} of {side} is not where its leader is: {state:?}, {leads:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Both are the same.
    pub fn compare_states(&mut self) -> Result<(), String> {
        let committed = (0..self.servers).map(|server| self.theirs.state(server).commit).max().unwrap_or(0);
        for server in (0..self.servers).filter(|server| self.up[*server]) {
            let (mut ours, theirs) = (self.ours.state(server), self.theirs.state(server));
            let stands = matches!(ours.role, Role::PreCandidate | Role::Candidate);
            let cannot_win = self.refused_by[server].len() > self.servers - (self.servers / 2 + 1);
            if stands && theirs.role == Role::Follower && cannot_win {
                ours.role = Role::Follower;
                *self.tally.entry(Known::GivesUp).or_default() += 1;
            }
            // A leader that has committed an entry of its own knows all that is committed.
            let knows = theirs.role == Role::Leader && theirs.term_at(theirs.commit) == theirs.term;
            if ours.commit < theirs.commit && !knows {
                ours.commit = theirs.commit;
                *self.tally.entry(Known::CommitIsLate).or_default() += 1;
            }
            if theirs.role != Role::Leader && (theirs.commit + 1..=committed).contains(&ours.commit) {
                ours.commit = theirs.commit;
                *self.tally.entry(Known::HeartbeatTellsLess).or_default() += 1;
            }
            if ours != theirs {
                return Err(format!("server {server} of ours is {ours:?}, of the crate {theirs:?}"));
            }
        }
        Ok(())
    }
}

/// What both sides talk about, in one order; the rest is each side's own.
fn with_meaning<S: Side>(said: Vec<(usize, S::Message)>) -> Vec<(usize, Meaning, S::Message)> {
    let mut said: Vec<_> = said
        .into_iter()
        .map(|(to, message)| (to, S::meaning(&message), message))
        .filter(|(_, meaning, _)| *meaning != Meaning::Other)
        .collect();
    said.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    said
}

fn only<M: Clone>(said: &[(usize, M)], to: usize) -> Vec<M> {
    said.iter().filter(|said| said.0 == to).map(|said| said.1.clone()).collect()
}

/// What came up while two talked.
#[derive(Default)]
struct Conversation {
    /// Entries were refused.
    refused: bool,
    /// A leader of an earlier term was refused, and must not hear of it.
    left_out: bool,
}

/// Everything that two say to each other, until they are quiet. What either says to others waits.
fn converse<S: Side>(
    side: &mut S,
    (leader, follower): (usize, usize),
    first: Vec<S::Message>,
    silent_on_old_entries: bool,
) -> Conversation {
    let mut conversation = Conversation::default();
    let mut way: VecDeque<_> = first.into_iter().map(|message| (leader, follower, message)).collect();
    let mut others = [Vec::new(), Vec::new()];
    while let Some((from, to, message)) = way.pop_front() {
        if let Meaning::Refuse { term } = S::meaning(&message) {
            if silent_on_old_entries && term > side.state(to).term {
                conversation.left_out = true;
                continue;
            }
            conversation.refused = true;
        }
        side.hear(to, from, &message);
        for (whom, message) in side.said(to) {
            if whom == from {
                way.push_back((to, from, message));
            } else {
                others[usize::from(to == follower)].push((whom, message));
            }
        }
    }
    let [of_leader, of_follower] = others;
    side.say_again(leader, of_leader);
    side.say_again(follower, of_follower);
    conversation
}
