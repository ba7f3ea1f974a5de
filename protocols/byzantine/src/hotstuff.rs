//! HotStuff (Yin, Malkhi, Reiter, Gueta and Abraham, PODC 2019), basic and chained, and its two-chain form with timeout
//! certificates (Jolteon, arXiv 2106.10362).
//!
//! A leader extends a chain of blocks; each block carries the certificate of its parent. A block is committed once enough
//! blocks of consecutive views stand on it: a three-chain or a two-chain, or after three phases of votes on one block.
//!
//! Differences to the papers: a leader keeps several views in a row ([`turns`]), and giving up on it gives up all of
//! them; timeouts are multicast and make a certificate under every rule; nothing is proposed where nothing waits; all
//! that a member signs is durable before it leaves.
//!
//! - [`vocabulary`], [`blocks`]: what is said, proved, kept and reported
//! - [`parameters`], [`plants`]: settings, and bugs that can be switched on
//! - [`turns`]: who leads which view
//! - `replica`: a member, and what it does with each input; [`node`]: members and clients
//! - `proposing`, `voting`, `chain`, `phases`: blocks, votes, what follows from certificates, and the phases of the basic rule
//! - `pacemaker`: views and timeouts
//! - `execution`, `requests`: what clients ask for
//! - `catch_up`, `durability`: who was left behind, and what a restart finds
//! - [`safety`], [`liveness`]: what is checked, and what progress is owed
//! - [`traitors`]: the lies that only members of HotStuff can tell
//! - [`entry`]: its place in the registry

pub mod blocks;
mod catch_up;
mod chain;
mod durability;
pub mod entry;
mod execution;
pub mod liveness;
pub mod node;
mod pacemaker;
pub mod parameters;
mod phases;
pub mod plants;
mod proposing;
mod replica;
mod requests;
pub mod safety;
pub mod traitors;
pub mod turns;
pub mod vocabulary;
mod voting;

#[cfg(test)]
mod tests;
