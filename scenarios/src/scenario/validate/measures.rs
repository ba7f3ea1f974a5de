//! `[[measure]]` against the protocol: kinds, roles and nodes that exist, keys that mean something where they stand.

use sim_core::setup::{MeasureOf, Pattern};

use super::Validator;
use crate::problem::Problem;

impl Validator<'_> {
    /// What measures name.
    pub(super) fn measures(&mut self) {
        let scenario = self.scenario;
        for (place, measure) in scenario.measure.iter().enumerate() {
            let index = place.to_string();
            let inside = |path: &[&'static str]| -> Vec<String> {
                let start = ["measure", &index, "what"].map(str::to_owned);
                start.into_iter().chain(path.iter().map(|key| (*key).to_owned())).collect()
            };
            if scenario.measure[..place].iter().any(|other| other.name == measure.name) {
                let title = format!("there is another measure named \"{}\"", measure.name);
                self.problem(&["measure", &index, "name"], title);
            }
            for (path, pattern) in measure.what.observed() {
                self.pattern(&inside(&path), "observation", pattern, self.protocol.observations);
            }
            match &measure.what {
                MeasureOf::Sent(pattern) => {
                    self.pattern(&inside(&["sent"]), "kind of message", pattern, self.protocol.messages);
                }
                MeasureOf::ShareInRole(role) => {
                    let path = inside(&["share_in_role"]);
                    self.known(&path, "role", role, self.protocol.roles);
                }
                _ => {}
            }
            for (path, node) in measure.what.nodes() {
                self.node_exists(&inside(&path), node);
            }
            if let Some((path, key)) = measure.what.misplaced() {
                let origin = self.places.key_at(&inside(&path));
                self.problems.push(Problem::new(format!("\"{key}\" means nothing here")).at(origin));
            }
        }
    }

    fn pattern(&mut self, path: &[String], kind: &str, pattern: &Pattern, names: &[&str]) {
        let at = |key: &str| -> Vec<String> { path.iter().cloned().chain([key.to_owned()]).collect() };
        self.known(&at("kind"), kind, &pattern.kind, names);
        for (key, role) in [("role", &pattern.role), ("was", &pattern.was)] {
            if let Some(role) = role {
                self.known(&at(key), "role", role, self.protocol.roles);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{LEAST, toml};

    fn complaint(what: &str) -> String {
        let text = format!("{LEAST}[[measure]]\nname = \"it\"\nwhat = {what}\n");
        toml(&text).map_or_else(|problems| problems.render(false), |_| String::new())
    }

    #[test]
    fn what_is_measured_must_exist_and_mean_something() {
        for (what, expected) in [
            (
                "{ count = { kind = \"BecamePrimary\", node = \"n4\", role = \"primary\", since = \"1s\" } }",
                "",
            ),
            ("{ between = { from = { fault = \"crash\" }, to = \"BecamePrimary\" } }", ""),
            ("{ first_time = { kind = \"BecamePrimery\" } }", "did you mean \"BecamePrimary\"?"),
            ("{ count = { kind = \"BecamePrimary\", node = \"n5\" } }", "there is no node n5"),
            ("{ count = { kind = \"BecamePrimary\", was = \"leader\" } }", "unknown role \"leader\""),
            ("{ sent = \"Pong\" }", "unknown kind of message \"Pong\""),
            ("{ sent = { kind = \"Ping\", nth = 2 } }", "\"nth\" means nothing here"),
            ("{ between = { from = { fault = \"crush\" }, to = \"BecamePrimary\" } }", "\"crush\""),
            (
                "{ count = { kind = \"BecamePrimary\", since = \"2s\", until = \"1s\" } }",
                "since must be before until",
            ),
        ] {
            let found = complaint(what);
            assert_eq!(found.is_empty(), expected.is_empty(), "{what}: {found}");
            assert!(found.contains(expected), "{what}: {found}");
        }
    }

    #[test]
    fn the_node_of_a_measure_is_in_every_cluster_that_may_be_drawn() {
        let of_n5 = "[[measure]]\nname = \"it\"\nwhat = { sent = { kind = \"Ping\", node = \"n5\" } }\n";
        let swarm = |nodes: &str| toml(&format!("{LEAST}[swarm]\nnodes = {nodes}\n{of_n5}"));
        let said = swarm("{ min = 3, max = 5 }").unwrap_err().render(false);
        assert!(said.contains("there is no node n5") && said.contains("n1 to n3"), "{said}");
        assert!(swarm("{ min = 5, max = 5 }").is_ok());
    }

    #[test]
    fn two_measures_of_one_name_are_refused() {
        let one = "[[measure]]\nname = \"it\"\nwhat = { count = \"BecamePrimary\" }\n";
        let error = toml(&format!("{LEAST}{one}{one}")).unwrap_err();
        assert!(error.render(false).contains("another measure named \"it\""));
    }

    #[test]
    fn a_protocol_that_starts_from_nothing_else_takes_no_state() {
        let error = toml(&format!("{LEAST}[initial.toy]\nterm = 5\n")).unwrap_err();
        assert!(error.render(false).contains("cannot be given a state"), "{}", error.render(false));
    }
}
