//! Finds where two runs part: both are made again with a trace, which changes nothing in them.

use sim_core::registry::{Launch, LaunchError};
use sim_core::trace::{Parting, Trace, TraceRequest, parting};

use crate::plan::Plan;
use crate::run::run;

/// How many events of each run are held at once. Longer runs are made again for each further part.
const PART: u64 = 250_000;

/// How many events are told before and after the place where two runs part.
pub const AROUND: usize = 6;

/// Where the runs of two plans part: the first event in which they differ, in any part of it. Nothing if they are one
/// run.
///
/// # Errors
/// If a plan cannot be run.
pub fn parting_of(left: &Plan, right: &Plan) -> Result<Option<Parting>, LaunchError> {
    in_parts(left, right, PART)
}

fn in_parts(left: &Plan, right: &Plan, limit: u64) -> Result<Option<Parting>, LaunchError> {
    let mut skip = 0;
    let mut before = Vec::new();
    loop {
        let (Some(one), Some(other)) = (part(left, skip, limit)?, part(right, skip, limit)?) else {
            return Ok(None);
        };
        if let Some(mut found) = parting(&one, &other, AROUND) {
            let missing = AROUND.saturating_sub(found.before.len());
            let cut = before.len().saturating_sub(missing);
            found.before.splice(0..0, before.drain(cut..));
            found.index += skip;
            return Ok(Some(found));
        }
        if one.omitted == 0 || other.omitted == 0 {
            return Ok(None);
        }
        before = one.events.iter().rev().take(AROUND).rev().map(|event| one.line(event)).collect();
        skip += limit;
    }
}

fn part(plan: &Plan, skip: u64, limit: u64) -> Result<Option<Trace>, LaunchError> {
    let trace = Some(TraceRequest { skip, limit, ..TraceRequest::default() });
    Ok(run(plan, &Launch { trace, ..Launch::default() })?.trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Format;
    use crate::plan::compile;
    use crate::scenario::load;

    fn plan(seed: u64, overlays: &[&str]) -> Plan {
        let all = ["cluster.duration=1s", "checks.at_least={}", "checks.progress=\"none\""];
        let overlays: Vec<String> = all.iter().chain(overlays).map(|text| (*text).to_owned()).collect();
        let source = crate::builtin::find("raft-calm").unwrap();
        let loaded = load(&crate::testing::real(), source, Format::Toml, &overlays).unwrap();
        compile(&loaded, seed, &[])
    }

    #[test]
    fn a_run_does_not_part_from_itself() {
        assert_eq!(in_parts(&plan(1, &[]), &plan(1, &[]), 700).unwrap(), None);
    }

    #[test]
    fn runs_part_at_the_same_event_in_parts_of_any_size() {
        // A fault at half a second: up to there the runs are one.
        let fault = "faults=[{at=\"500ms\",for=\"100ms\",crash={target=\"n2\"}}]";
        let (plain, struck) = (plan(1, &[]), plan(1, &[fault]));
        let whole = in_parts(&plain, &struck, PART).unwrap().unwrap();
        assert_eq!(whole.at_ns, 500_000_000, "{whole:#?}");
        assert!(whole.sides[1][0].contains("FAULT"), "{whole:#?}");
        assert_eq!(whole.before.len(), AROUND);
        for limit in [7, 300, 701] {
            let parted = in_parts(&plain, &struck, limit).unwrap().unwrap();
            assert_eq!((parted.index, &parted.before), (whole.index, &whole.before), "{limit}");
            assert_eq!(parted.sides[1][0], whole.sides[1][0]);
        }
    }
}
