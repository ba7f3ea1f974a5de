//! Whole clusters: without a world, step by step, and in one, under every behavior of traitors.

mod cluster;
mod runs;
