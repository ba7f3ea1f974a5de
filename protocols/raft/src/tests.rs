//! Paper tests: one rule each, by a single server or by a small cluster without a world.

mod chaos;
mod clients;
mod clusters;
mod disk;
mod elections;
mod features;
mod one;
mod pump;
mod replication;
mod world;
