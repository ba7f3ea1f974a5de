//! Deterministic simulation and chaos testing for coordination protocols.
//!
//! A run is a pure function of scenario, seed, fault plan and engine. Names come from four crates:
//! [`sim_core`] is the world, [`protocols`] what runs in it, [`scenarios`] gets from a file to a verdict, and
//! [`reports`] draws outcomes.
//!
//! ```
//! use seedstorm::prelude::*;
//!
//! let registry = seedstorm::registry();
//! let source = seedstorm::scenarios::builtin::find("raft-wan-election").expect("it is built in");
//! let loaded = load(&registry, source, Format::Toml, &[])?;
//! let plan = compile(&loaded, 1, &[]);
//! let outcome = run(&plan, &Launch::default())?;
//! assert_eq!(outcome.verdict, Verdict::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "reports")]
pub mod literature;
pub mod memory;
pub mod storm;
#[cfg(any(feature = "proptest", all(test, feature = "protocols")))]
pub mod strategies;

#[cfg(feature = "protocols")]
pub use protocols;
#[cfg(feature = "reports")]
pub use reports;
pub use {scenarios, sim_core};

/// What most programs need.
pub mod prelude {
    pub use scenarios::document::{Format, Source};
    pub use scenarios::explore::{Exploration, ExploreOptions, Hooks, explore};
    pub use scenarios::plan::{Plan, compile};
    pub use scenarios::run::{run, twice};
    pub use scenarios::scenario::{Loaded, Scenario, load};
    pub use sim_core::check::Verdict;
    pub use sim_core::outcome::Outcome;
    pub use sim_core::registry::{Launch, Registry};
    pub use sim_core::setup::Setup;
    pub use sim_core::time::{Duration, Time};
}

/// A registry with every protocol of this package.
#[cfg(feature = "protocols")]
pub fn registry() -> sim_core::registry::Registry {
    let mut registry = sim_core::registry::Registry::new();
    protocols::register(&mut registry);
    registry
}
