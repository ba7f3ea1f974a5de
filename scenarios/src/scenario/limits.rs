//! `[[limit]]` against what a run of the scenario can come to: names that exist, bounds that fit what they bound.

use sim_core::activity::counter_names;
use sim_core::limit::{Level, Limit, Over};
use sim_core::metrics::{NAMES, OPERATION_LATENCY, OPERATION_WAIT};
use sim_core::registry::ProtocolInfo;
use sim_core::setup::MeasureOf;

use super::Scenario;
use super::counters::{SHORT, full_name, is_of_operations};
use crate::document::Places;
use crate::problem::Problem;

/// What a metric, a measure or a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Time,
    Number,
    /// A number that may be bounded as a share as well.
    Operations,
    /// A share, of the members.
    Share,
}

/// What a limit is on.
struct Subject {
    name: String,
    unit: Unit,
    /// Whether a run has one value of it.
    single: bool,
}

/// Brings the name in every limit to its full form, and tells what no run can be held against.
pub(super) fn resolve(scenario: &mut Scenario, protocol: &ProtocolInfo, places: &Places) -> Vec<Problem> {
    let mut limits = std::mem::take(&mut scenario.limit);
    let mut problems = Vec::new();
    for (index, limit) in limits.iter_mut().enumerate() {
        let index = index.to_string();
        let judge = Judge { scenario, protocol, places, index: &index };
        match judge.subject(&limit.metric) {
            Ok(subject) => {
                problems.extend(judge.wrong(limit, &subject));
                limit.metric = subject.name;
            }
            Err(problem) => problems.push(*problem),
        }
    }
    scenario.limit = limits;
    problems
}

struct Judge<'a> {
    scenario: &'a Scenario,
    protocol: &'a ProtocolInfo,
    places: &'a Places,
    index: &'a str,
}

impl Judge<'_> {
    fn at(&self, key: &str, title: impl Into<String>) -> Problem {
        Problem::new(title).at(self.places.value_at(&["limit", self.index, key]))
    }

    /// What a name means: a measure of the scenario, a metric, or a counter.
    fn subject(&self, name: &str) -> Result<Subject, Box<Problem>> {
        let subject = |name: &str, unit, single| Ok(Subject { name: name.to_owned(), unit, single });
        let unit = |name: &str| if name.ends_with("_ns") { Unit::Time } else { Unit::Number };
        if let Some(measure) = self.scenario.measure.iter().find(|measure| measure.name == name) {
            let unit = match measure.what {
                MeasureOf::FirstTime(_) | MeasureOf::LastTime(_) | MeasureOf::Between { .. } => Unit::Time,
                MeasureOf::ShareInRole(_) => Unit::Share,
                _ => Unit::Number,
            };
            return subject(name, unit, true);
        }
        if NAMES.contains(&name) {
            return match self.scenario.workload {
                Some(_) => subject(name, Unit::Time, false),
                None => {
                    Err(Box::new(self.at("metric", "there is no [workload], so there are no operations")))
                }
            };
        }
        if self.protocol.metrics.contains(&name) {
            return subject(name, unit(name), false);
        }
        let known = counter_names(self.protocol.observations);
        if let Some(full) = full_name(name, &known, self.protocol) {
            let unit = if is_of_operations(&full) { Unit::Operations } else { unit(&full) };
            return subject(&full, unit, true);
        }
        let problem = self.at("metric", format!("unknown metric, measure or counter \"{name}\""));
        let measures = self.scenario.measure.iter().map(|measure| measure.name.as_str());
        let metrics = NAMES.iter().chain(self.protocol.metrics).copied();
        let short = SHORT.iter().map(|(short, _)| *short);
        let names: Vec<&str> =
            metrics.chain(measures).chain(short).chain(known.iter().map(String::as_str)).collect();
        Err(Box::new(problem.suggest(name, names)))
    }

    /// What is wrong with a limit on something.
    fn wrong(&self, limit: &Limit, subject: &Subject) -> Vec<Problem> {
        let mut problems = Vec::new();
        let levels = [("at_least", limit.at_least), ("at_most", limit.at_most)];
        let levels: Vec<(&str, Level)> =
            levels.into_iter().filter_map(|(key, level)| Some((key, level?))).collect();
        problems.extend(levels.iter().filter_map(|(key, level)| self.misfit(key, *level, subject)));
        match (limit.at_least, limit.at_most) {
            (None, None) => {
                let origin = self.places.value_at(&["limit", self.index]);
                let problem = Problem::new("this limit has no bound").at(origin);
                problems.push(problem.note("expected at_least, at_most, or both"));
            }
            (Some(least), Some(most)) if problems.is_empty() => {
                if std::mem::discriminant(&least) != std::mem::discriminant(&most) {
                    problems.push(self.at("at_most", "at_least and at_most are in different units"));
                } else if least.number() > most.number() {
                    problems.push(self.at("at_least", "nothing is at least this and at most that"));
                }
            }
            _ => {}
        }
        if limit.quantile.is_some() && subject.single && limit.over == Over::Run {
            let problem = self.at(
                "quantile",
                format!("a run has one value of {}: there is no quantile of it", subject.name),
            );
            problems.push(problem.note("leave quantile out, or set over = \"campaign\""));
        }
        problems.extend(self.window(limit));
        problems
    }

    /// A bound in a unit that means nothing here.
    fn misfit(&self, key: &str, level: Level, subject: &Subject) -> Option<Problem> {
        let name = &subject.name;
        let expected = match (subject.unit, level) {
            (Unit::Time, Level::Time(_))
            | (Unit::Number | Unit::Operations, Level::Count(_))
            | (Unit::Operations | Unit::Share, Level::Share(_)) => return None,
            (Unit::Time, _) => "expected a duration, as in \"250ms\"",
            (Unit::Share, _) => "expected a share, as in \"99%\"",
            (Unit::Operations, _) => "expected a number, or a share of the operations as in \"99.9%\"",
            (Unit::Number, _) => "expected a number",
        };
        Some(self.at(key, format!("{name} cannot be compared with {level}")).note(expected))
    }

    fn window(&self, limit: &Limit) -> Option<Problem> {
        let key = limit.since.map(|_| "since").or(limit.until.map(|_| "until"))?;
        if ![OPERATION_LATENCY, OPERATION_WAIT].contains(&limit.metric.as_str()) {
            let problem = self.at(key, format!("{} is of the whole run", limit.metric));
            let note = format!(
                "{key} goes with {OPERATION_LATENCY} and {OPERATION_WAIT}; a [[measure]] has windows of its own"
            );
            return Some(problem.note(note));
        }
        let empty = limit.since.zip(limit.until).is_some_and(|(since, until)| since >= until);
        empty.then(|| self.at("until", "until must be after since"))
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::compile;
    use crate::testing::{LEAST, toml};

    const WORKLOAD: &str = "[workload]\nmodel = \"cas-register\"\n\
        [[measure]]\nname = \"down\"\nwhat = { between = { from = { fault = \"crash\" }, to = \"BecamePrimary\" } }\n\
        [[measure]]\nname = \"led\"\nwhat = { share_in_role = \"primary\" }\n";

    fn complaint(limit: &str) -> String {
        let text = format!("{LEAST}{WORKLOAD}[[limit]]\n{limit}\n");
        toml(&text).map_or_else(|problems| problems.render(false), |_| String::new())
    }

    #[test]
    fn a_limit_is_on_something_that_exists_in_a_unit_that_it_has() {
        for (limit, expected) in [
            (
                "metric = \"operation_latency_ns\"\nquantile = \"99%\"\nat_most = \"250ms\"\nsince = \"1s\"",
                "",
            ),
            ("metric = \"operations\"\nat_least = \"99.9%\"", ""),
            ("metric = \"operations.succeeded\"\nat_least = 7\nat_most = 9", ""),
            ("metric = \"down\"\nat_most = \"10s\"", ""),
            ("metric = \"down\"\nquantile = \"95%\"\nat_most = \"10s\"\nover = \"campaign\"", ""),
            ("metric = \"led\"\nat_least = \"1/4\"", ""),
            ("metric = \"became_primary\"\nat_most = 3", ""),
            ("metric = \"operation_latency\"\nat_most = \"1s\"", "did you mean \"operation_latency_ns\"?"),
            ("metric = \"operation_latency_ns\"\nat_most = 250", "expected a duration, as in \"250ms\""),
            ("metric = \"operation_latency_ns\"\nat_most = \"5%\"", "cannot be compared with 1/20"),
            ("metric = \"down\"", "this limit has no bound"),
            ("metric = \"down\"\nat_mots = \"1s\"", "at_most"),
            ("metric = \"down\"\nat_most = \"fast\"", "expected a whole number from 0 up, a duration"),
            ("metric = \"down\"\nquantile = \"95%\"\nat_most = \"10s\"", "a run has one value of down"),
            ("metric = \"down\"\nsince = \"1s\"\nat_most = \"10s\"", "down is of the whole run"),
            (
                "metric = \"operation_wait_ns\"\nsince = \"2s\"\nuntil = \"1s\"\nat_most = \"1s\"",
                "until must be after since",
            ),
            (
                "metric = \"operations\"\nat_least = 9\nat_most = 7",
                "nothing is at least this and at most that",
            ),
            ("metric = \"operations\"\nat_least = \"1%\"\nat_most = 7", "different units"),
            ("metric = \"led\"\nat_least = 3", "expected a share"),
            ("metric = \"became_primary\"\nat_most = \"3s\"", "expected a number"),
            ("metric = \"down\"\nat_most = \"10s\"\nover = \"week\"", "campaign"),
        ] {
            let found = complaint(limit);
            assert_eq!(found.is_empty(), expected.is_empty(), "{limit}: {found}");
            assert!(found.contains(expected), "{limit}: {found}");
            assert!(found.is_empty() || found.contains("test.toml:"), "{limit}: {found}");
        }
        let idle = toml(&format!("{LEAST}[[limit]]\nmetric = \"operation_latency_ns\"\nat_most = \"1s\"\n"));
        assert!(idle.unwrap_err().render(false).contains("there is no [workload]"));
    }

    #[test]
    fn limits_reach_the_setup_and_change_the_hash_where_they_differ() {
        let with = |most: u32| {
            toml(&format!("{LEAST}[[limit]]\nmetric = \"became_primary\"\nat_most = {most}\n")).unwrap()
        };
        let (one, two, none) = (with(1), with(2), toml(LEAST).unwrap());
        assert!(one.hash != two.hash && one.hash != none.hash);
        assert!(!none.resolved.to_string().contains("limit"));
        let setup = compile(&one, 3, &[]).setup;
        assert_eq!(setup.limits[0].metric, "observed.BecamePrimary");
        assert_eq!(
            serde_json::from_str::<sim_core::setup::Setup>(&serde_json::to_string(&setup).unwrap()).unwrap(),
            setup
        );
    }

    #[test]
    fn the_check_of_a_limit_can_be_expected() {
        let text = |check: &str| {
            let least = LEAST.replacen("[cluster]", &format!("expect = \"service:{check}\"\n[cluster]"), 1);
            toml(&format!("{least}[[limit]]\nmetric = \"became_primary\"\nat_most = 1\n"))
        };
        assert!(text("limit/observed.BecamePrimary").is_ok());
        assert!(text("limit/other").is_err());
    }
}
