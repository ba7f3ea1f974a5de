//! Raft (Ongaro and Ousterhout 2014; Ongaro's dissertation 2014).

pub mod safety;
pub mod store;
pub mod vocabulary;
