//! `[versions]`: what members may be upgraded to.

use serde_json::Value;
use sim_core::ordered::OrderedMap;
use sim_core::registry::{Cluster, ParameterError};
use sim_core::setup::{FIRST_VERSION, Version};

/// The versions of a cluster, by name. What does not fit a cluster, as one with drawn parameters, is left out.
pub(super) fn of(
    written: &OrderedMap<String, Value>,
    cluster: &dyn Cluster,
) -> Vec<(String, Box<dyn Cluster>)> {
    let version = |(name, changes): (&String, &Value)| Some((name.clone(), cluster.otherwise(changes).ok()?));
    written.iter().filter_map(version).collect()
}

/// The same as plain data.
pub(super) fn with_parameters(versions: Vec<(String, Box<dyn Cluster>)>) -> Vec<Version> {
    let plain =
        |(name, cluster): (String, Box<dyn Cluster>)| Version { name, parameters: cluster.parameters() };
    versions.into_iter().map(plain).collect()
}

/// Whether each version can be one of this cluster.
pub(crate) fn fit(written: &OrderedMap<String, Value>, cluster: &dyn Cluster) -> bool {
    written.values().all(|changes| cluster.otherwise(changes).is_ok())
}

/// What is wrong with a version, if anything is, and where in it.
pub(super) fn problem(name: &str, changes: &Value, cluster: &dyn Cluster) -> Option<ParameterError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let refused = |message: &str| Some(ParameterError { path: Vec::new(), message: message.to_owned() });
    if name == FIRST_VERSION {
        return refused("everybody starts as the version that is called \"first\"; call this one otherwise");
    }
    if name.is_empty() || !name.chars().all(plain) {
        return refused("the name of a version has letters, digits, points and dashes");
    }
    if !changes.is_object() {
        return refused("expected a table of the parameters that are set otherwise");
    }
    cluster.otherwise(changes).err()
}
