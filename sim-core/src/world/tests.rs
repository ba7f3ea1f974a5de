//! The contract of a process, tried by processes that lean on every word of it.
//!
//! Each test is a short play: actors are closures, [`lab::play`] runs them and notes what they say and when.

mod accounting;
mod adversaries;
mod choices;
mod clients;
mod clocks;
mod determinism;
mod detours;
mod heal;
mod holds;
mod journals;
mod lab;
mod lifecycle;
mod links;
mod outcome;
mod pace;
mod pictures;
mod progress;
mod rounds;
mod service;
mod traitors;
