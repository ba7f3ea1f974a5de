//! The settings of a Raft cluster.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_core::random::below;
use sim_core::registry::{Knob, ParameterError};
use sim_core::time::Duration;

/// The settings of a Raft cluster, as they stand under `[cluster.raft]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// The shortest election timeout; a server that heard from a leader more recently helps nobody to depose it.
    pub election_timeout_min: Duration,
    /// The longest election timeout; timeouts are drawn uniformly between the two, both included.
    pub election_timeout_max: Duration,
    /// How often a leader speaks to its followers.
    pub heartbeat: Duration,
    /// Whether a server asks if it would win before it raises its term (dissertation, section 9.6).
    pub pre_vote: bool,
    /// Whether a leader that does not hear from a majority for [`Self::election_timeout_max`] steps down, and
    /// servers that hear from a leader ignore candidates (dissertation, sections 6.2 and 4.2.3).
    pub check_quorum: bool,
    /// Entries in one message at most.
    pub max_batch: u32,
    /// Messages with entries under way to one follower at most, before the first is acknowledged.
    pub max_inflight: u32,
    /// How long a client waits for an answer before it asks another server.
    pub client_retry: Duration,
    /// How long a server waits before it tries a failed sync again.
    pub disk_retry: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            election_timeout_min: Duration::from_millis(150),
            election_timeout_max: Duration::from_millis(300),
            heartbeat: Duration::from_millis(50),
            pre_vote: true,
            check_quorum: true,
            max_batch: 64,
            max_inflight: 16,
            client_retry: Duration::from_millis(500),
            disk_retry: Duration::from_millis(50),
        }
    }
}

/// Settings that change what is owed.
pub const KNOBS: &[Knob] = &[
    Knob {
        name: "pre_vote",
        default: "true",
        forfeits: Some(
            "a stable leader while a server that cannot hear it can still be heard, or comes back",
        ),
    },
    Knob {
        name: "check_quorum",
        default: "true",
        forfeits: Some("progress while a leader that reaches no majority is still heard by its followers"),
    },
    Knob { name: "election_timeout_min", default: "150ms", forfeits: None },
    Knob { name: "election_timeout_max", default: "300ms", forfeits: None },
    Knob { name: "heartbeat", default: "50ms", forfeits: None },
    Knob { name: "max_batch", default: "64", forfeits: None },
    Knob { name: "max_inflight", default: "16", forfeits: None },
    Knob { name: "client_retry", default: "500ms", forfeits: None },
    Knob { name: "disk_retry", default: "50ms", forfeits: None },
];

/// Batch sizes and windows that a swarm draws from: the extremes find more than the middle.
const DRAWN_SIZES: [u32; 5] = [1, 2, 4, 16, 64];

impl Parameters {
    /// Refuses settings under which a cluster cannot work.
    ///
    /// # Errors
    /// If a length of time or a size is zero, the election timeouts are in the wrong order, or a follower would
    /// time out before its leader's second heartbeat.
    pub fn validate(&self) -> Result<(), ParameterError> {
        let lengths = [
            ("election_timeout_min", self.election_timeout_min),
            ("heartbeat", self.heartbeat),
            ("client_retry", self.client_retry),
            ("disk_retry", self.disk_retry),
        ];
        for (name, length) in lengths {
            if length.is_zero() {
                return Err(refused(name, "must be longer than 0s"));
            }
        }
        for (name, size) in [("max_batch", self.max_batch), ("max_inflight", self.max_inflight)] {
            if size == 0 {
                return Err(refused(name, "must be at least 1"));
            }
        }
        if self.election_timeout_max < self.election_timeout_min {
            return Err(refused("election_timeout_max", "must be at least election_timeout_min"));
        }
        if self.heartbeat.saturating_mul(2) > self.election_timeout_min {
            return Err(refused("heartbeat", "must be at most half of election_timeout_min"));
        }
        Ok(())
    }

    /// The same cluster with other timing and sizes, none of which forfeits anything. Timeouts only get longer, so
    /// that what suited the network still does.
    #[must_use]
    pub fn drawn(&self, rng: &mut ChaCha8Rng) -> Self {
        let mut scaled = |length: Duration, low: u64, high: u64| {
            length.saturating_mul(low + below(rng.next_u64(), high - low + 1)) / 8
        };
        let election_timeout_min = scaled(self.election_timeout_min, 8, 16);
        let spread = scaled(self.election_timeout_min, 1, 16);
        let heartbeat = scaled(self.election_timeout_min, 1, 3);
        let client_retry = scaled(self.client_retry, 4, 16);
        let disk_retry = scaled(self.disk_retry, 4, 16);
        let mut size = || DRAWN_SIZES[below(rng.next_u64(), DRAWN_SIZES.len() as u64) as usize];
        Self {
            election_timeout_min,
            election_timeout_max: election_timeout_min.saturating_add(spread),
            heartbeat,
            max_batch: size(),
            max_inflight: size(),
            client_retry,
            disk_retry,
            ..*self
        }
    }

    /// The longest that the protocol waits before it acts.
    pub fn largest_timeout(&self) -> Duration {
        self.election_timeout_max.max(self.client_retry).max(self.disk_retry)
    }

    /// The JSON Schema of the settings.
    pub fn schema() -> Value {
        let length = |default: Duration, about: &str| {
            json!({
                "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(ns|us|µs|ms|s|min|h)$",
                "default": default, "description": about,
            })
        };
        let switch = |default: bool, about: &str| json!({ "type": "boolean", "default": default, "description": about });
        let size = |default: u32, about: &str| json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX, "default": default, "description": about });
        let own = Self::default();
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "election_timeout_min": length(own.election_timeout_min, "Shortest election timeout."),
                "election_timeout_max": length(own.election_timeout_max, "Longest election timeout."),
                "heartbeat": length(own.heartbeat, "How often a leader speaks to its followers."),
                "pre_vote": switch(own.pre_vote, "Ask whether one would win before raising the term."),
                "check_quorum": switch(own.check_quorum, "A leader that hears no majority steps down."),
                "max_batch": size(own.max_batch, "Entries in one message at most."),
                "max_inflight": size(own.max_inflight, "Unacknowledged messages with entries to one follower at most."),
                "client_retry": length(own.client_retry, "How long a client waits before it asks another server."),
                "disk_retry": length(own.disk_retry, "How long a server waits before it tries a failed sync again."),
            },
        })
    }
}

fn refused(name: &str, message: &str) -> ParameterError {
    ParameterError { path: vec![name.to_owned()], message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use sim_core::random::{StreamName, stream};
    use sim_core::registry::parse_parameters;

    use super::*;

    #[test]
    fn defaults_are_legal_and_survive_a_round_trip() {
        let own = Parameters::default();
        assert_eq!(own.validate(), Ok(()));
        let written = serde_json::to_value(own).unwrap();
        assert_eq!(parse_parameters::<Parameters>(&written), Ok(own));
        assert_eq!(parse_parameters::<Parameters>(&json!({})), Ok(own));
    }

    #[test]
    fn unknown_and_absurd_settings_are_refused_by_name() {
        assert!(parse_parameters::<Parameters>(&json!({ "heartbeats": "5ms" })).is_err());
        for (value, name) in [
            (json!({ "heartbeat": "0s" }), "heartbeat"),
            (json!({ "heartbeat": "76ms" }), "heartbeat"),
            (json!({ "max_batch": 0 }), "max_batch"),
            (json!({ "max_inflight": 0 }), "max_inflight"),
            (json!({ "election_timeout_max": "149ms" }), "election_timeout_max"),
        ] {
            let parameters: Parameters = parse_parameters(&value).unwrap();
            assert_eq!(parameters.validate().unwrap_err().path, [name], "{value}");
        }
    }

    #[test]
    fn drawn_settings_are_legal_forfeit_nothing_and_differ() {
        let base = Parameters::default();
        let draw = |seed| base.drawn(&mut stream(seed, StreamName::Configuration));
        for seed in 0..500 {
            let drawn = draw(seed);
            assert_eq!(drawn.validate(), Ok(()), "{drawn:?}");
            assert!(drawn.pre_vote && drawn.check_quorum);
            assert!(drawn.election_timeout_min >= base.election_timeout_min);
        }
        assert_ne!(draw(1), draw(2));
        assert_eq!(draw(3), draw(3));
    }

    #[test]
    fn schema_and_knobs_name_exactly_the_settings() {
        let written = serde_json::to_value(Parameters::default()).unwrap();
        let names: Vec<_> = written.as_object().unwrap().keys().cloned().collect();
        let schema = Parameters::schema();
        let described: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(described, names);
        for name in names {
            assert_eq!(schema["properties"][&name]["default"], written[&name]);
            let knob = KNOBS.iter().find(|knob| knob.name == name).unwrap();
            let default = written[&name].as_str().map_or_else(|| written[&name].to_string(), str::to_owned);
            assert_eq!(knob.default, default);
        }
    }
}
