//! The literature, on seeds enough for its tolerances. Figures and tolerances are those that the papers allow; nothing
//! is tuned to them.

mod byzantine;
mod raft;
