//! Tendermint without and with a world.

mod cluster;
mod runs;
