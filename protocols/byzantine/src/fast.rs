//! Fast Byzantine agreement, small: Zyzzyva (Kotla et al., "Zyzzyva: speculative Byzantine fault tolerance", 2007) and
//! parameterized FaB (Martin and Alvisi, "Fast Byzantine consensus", 2006), each for a single slot of its log.
//!
//! Both decide on two tracks. A leader proposes a request, and members accept it. Who sees that **all** members accepted it
//! decides at once: the fast track. Who sees a quorum of them makes a certificate of it; a quorum that holds this certificate
//! decides as well: the slow track. In Zyzzyva it is clients who see answers and make certificates; in FaB it is the members.
//!
//! A leader that does not deliver is replaced. The next one gathers reports of what members accepted and which certificate they
//! hold, and what it may propose follows from them. Both papers get this wrong (Abraham et al., "Revisiting fast practical
//! Byzantine fault tolerance", arXiv 1712.01367): Zyzzyva prefers a certificate to what was decided without one in a later view,
//! and FaB finds reports out of which nothing may be proposed. These rules are planted bugs (B30, B31). The clean rule is
//! that of arXiv 1801.10022 for n = 3f + 1 and t = 0: a new view keeps what either track may have decided in the
//! highest view below it.
//!
//! What is left out: more than one slot, checkpoints, and clients apart. The first members are clients as well, so that
//! a traitor's client lies, too. A client that is served tells all members, with proof; in the papers the next slots do that.
//!
//! - [`vocabulary`], [`reports`]: what is said, kept and reported
//! - [`choice`]: what may be proposed, given reports; the clean rule and the published ones
//! - [`style`]: in what the two protocols differ; [`parameters`]: settings
//! - `replica`, `voting`, `views`, `durability`: a member
//! - [`safety`], [`liveness`]: what is checked, and what progress is owed
//! - [`traitors`]: the lies that only members of these protocols can tell
//! - [`zyzzyva`], [`fab`]: their places in the registry; [`entry`]: what these share

pub mod choice;
mod durability;
pub mod entry;
pub mod fab;
pub mod liveness;
pub mod parameters;
mod replica;
pub mod reports;
pub mod safety;
pub mod style;
pub mod traitors;
mod views;
pub mod vocabulary;
mod voting;
pub mod zyzzyva;

#[cfg(test)]
mod tests;
