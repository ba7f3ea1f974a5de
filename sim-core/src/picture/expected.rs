//! What theory says of a share of the members over time.

use serde::{Deserialize, Serialize};

use crate::fault::Executed;

/// Which share of the members theory expects in a state, over time. A protocol tells it where it knows such a theory
/// ([`Subject::expected`](crate::simulate::Subject::expected)), and a report draws it beside what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The state: a role as members report it.
    pub state: String,
    /// Whose theory it is, as a source is cited.
    pub source: String,
    /// What it says.
    pub course: Course,
}

/// What a theory says of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Points in order, each with nanoseconds since the start and a share from 0 to 1; straight between two of them, and constant
    /// after the last one.
    Shares(Vec<(u64, f64)>),
    /// Nothing: it is about other runs, for this reason.
    Unknown(String),
}

impl Expectation {
    /// What is left of it in a run with these faults: theory is about runs without any.
    pub(crate) fn under(self, faults: &[Executed]) -> Self {
        if faults.iter().all(|fault| fault.refused.is_some()) {
            return self;
        }
        Self { course: Course::Unknown("there were faults".to_owned()), ..self }
    }
}

impl Course {
    /// The share at a moment, if the theory says one.
    pub fn at(&self, at_ns: u64) -> Option<f64> {
        let Self::Shares(points) = self else { return None };
        let next = points.partition_point(|(at, _)| *at <= at_ns);
        match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
            (Some((from, low)), Some((to, high))) => {
                Some(low + (high - low) * (at_ns - from) as f64 / (to - from) as f64)
            }
            (Some((_, share)), None) | (None, Some(&(_, share))) => Some(share),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_straight_between_points_and_may_jump() {
        let course = Course::Shares(vec![(0, 0.0), (10, 0.5), (10, 0.7), (20, 1.0)]);
        let shares = [0, 5, 10, 15, 20, 99].map(|at| course.at(at).unwrap());
        assert_eq!(shares, [0.0, 0.25, 0.7, 0.85, 1.0, 1.0]);
        assert_eq!(Course::Unknown(String::new()).at(3), None);
    }
}
