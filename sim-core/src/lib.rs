//! The world of a run: time, events, randomness, processes, network, disks, clocks, faults, checks and the outcome.
//!
//! A protocol is a state machine without I/O: one input in, effects out. This crate runs a cluster of them in virtual
//! time, injects faults, checks what happens, and tells the outcome. The same setup and seed give the same run, bit for
//! bit.
//!
//! ```
//! use sim_core::identity::NodeId;
//! use sim_core::launch::Launch;
//! use sim_core::process::{Boot, Context, Input, Message, Process};
//! use sim_core::setup::Setup;
//! use sim_core::simulate::{Subject, simulate};
//!
//! sim_core::facts! { pub enum Ball { Ping, Pong } }
//!
//! impl Message for Ball {
//!     fn wire_size(&self) -> u32 {
//!         40
//!     }
//! }
//!
//! sim_core::vocabulary! {
//!     /// Two players and a ball.
//!     pub Table { message: Ball }
//! }
//!
//! struct Player;
//!
//! impl Process<Table> for Player {
//!     fn step(&mut self, input: Input<'_, Table>, cx: &mut Context<'_, Table>) {
//!         match input {
//!             Input::Start if cx.node() == NodeId(0) => cx.send(NodeId(1), Ball::Ping),
//!             Input::Message { from, message: Ball::Ping } => cx.send(from, Ball::Pong),
//!             _ => {}
//!         }
//!     }
//! }
//!
//! let subject = Subject::new("table", |_: Boot<'_, Table>| Player);
//! let outcome = simulate(&Setup::new(1, 2), &Launch::default(), subject)?;
//! assert_eq!((outcome.messages.sent, outcome.messages.delivered), (2, 2));
//! # Ok::<(), sim_core::launch::LaunchError>(())
//! ```
//!
//! **What a protocol is.** [`process`]: inputs, effects, the contract. [`mod@facts`]: what its words say to neutral readers.
//! [`part`]: protocols inside one process. [`identity`]: places and names. [`operation`]: what clients are asked.
//!
//! **What a run is.** [`setup`]: everything that decides it. [`launch`]: plants, traces, pictures. [`simulate`]: from a
//! setup to an outcome. [`workload`]: what clients do. [`registry`]: protocols as values.
//!
//! **What goes wrong.** [`fault`]: plans, their execution, the budget. [`coalition`]: the brain of all traitors.
//! [`adversary`]: the rules that a scenario gives it. [`network`]: what becomes of a message. [`graph`]: who is linked to
//! whom. [`disk`]: what a crash leaves of a journal.
//!
//! **What is judged.** [`ground`]: the truth about every slot. [`check`]: checks, findings, verdicts. [`history`]:
//! linearizability. [`limit`]: service levels. [`activity`]: whether anything happened. [`progress`]: when a stall accuses. [`judgment`]: what a run or a
//! campaign comes to.
//!
//! **What is told.** [`outcome`]: all of it, in neutral words. [`trace`]: every event. [`picture`]: what can be drawn.
//! [`metrics`]: latencies. [`story`]: how a violation came about. [`sweep`]: tables of many runs. [`capped`]: lists of
//! limited length.
//!
//! **What everything rests on.** [`time`], [`ratio`], [`math`], [`stats`]: exact numbers, and inexact ones that are the
//! same everywhere. [`random`], [`distribution`]: keyed chance. [`digest`], [`hash`]: fixed hashes. [`queue`], [`slab`]:
//! the event queue and its store. [`text`]: values as texts. [`sorting`]: for lists that are sorted seldom.

pub mod activity;
pub mod adversary;
pub mod capped;
pub mod check;
pub mod coalition;
pub mod digest;
pub mod disk;
pub mod distribution;
pub mod facts;
pub mod fault;
pub mod graph;
pub mod ground;
pub mod hash;
pub mod history;
pub mod identity;
pub mod judgment;
pub mod launch;
pub mod limit;
pub mod lookout;
pub mod math;
pub mod metrics;
pub mod network;
pub mod operation;
pub mod ordered;
pub mod outcome;
pub mod part;
pub mod picture;
pub mod process;
pub mod progress;
pub mod queue;
pub mod random;
pub mod ratio;
pub mod registry;
pub mod setup;
pub mod slab;
pub mod slot_names;
pub mod sorting;
pub mod stats;
pub mod story;
pub mod sweep;
pub mod text;
pub mod time;
pub mod trace;
pub mod tree;
pub mod workload;

mod agenda;
mod aside;
mod clock;
mod kernel;
mod runs;
mod server;
mod subject;
mod timers;
mod world;

/// From a setup and a system under test to an outcome.
pub mod simulate {
    pub use crate::runs::{
        Bounds, EveryOrder, Schedules, by_priorities, every_order, simulate, simulate_choices,
    };
    pub use crate::subject::{Liveness, NothingOwed, Reach, Subject};
}

/// Workloads that benchmarks need from inside.
#[doc(hidden)]
pub mod workbench {
    pub use crate::kernel::phold::Phold;
}
