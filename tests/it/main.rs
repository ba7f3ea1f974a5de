//! The one integration binary: everything through the façade or the program itself.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
#![allow(
    unused_qualifications,
    reason = "examples use the facade, though a shorter path exists in this package"
)]

mod altered;
mod byzzfuzz;
mod cases;
mod cli;
mod composite;
mod determinism;
mod detours;
mod docs;
mod fuzz;
mod golden;
mod imports;
mod lease_lock;
mod liveness;
mod own_protocol;
mod paper;
mod rounds;
mod schema;
mod storm;
mod support;
mod survives;
mod tasks;
mod tidy;
mod upgrades;
mod witnesses;
