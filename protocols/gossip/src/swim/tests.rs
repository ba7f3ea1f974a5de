//! Whole members and whole runs.

mod members;
mod runs;
