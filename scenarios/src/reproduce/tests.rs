//! The table of experiments, without running it: protocols are not linked here.

use sim_core::ordered::OrderedSet;

use super::*;

#[test]
fn words_select_experiments() {
    let rows = |words: &[&str]| -> Vec<u32> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        select(&words).unwrap().iter().map(|experiment| experiment.row).collect()
    };
    assert_eq!(rows(&["2"]), [2]);
    assert_eq!(rows(&["4", "1"]), [1, 4], "in the order of the table");
    assert_eq!(rows(&["raft"]), [1, 2, 3, 4, 5]);
    assert_eq!(rows(&["byzantine"]), [14, 14, 14, 14, 15, 15, 15, 15, 16, 17, 18]);
    assert_eq!(rows(&[]), rows(&["all"]));
    let error = select(&["rafd".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("did you mean \"raft\"?"), "{error}");
    assert!(select(&["99".to_owned()]).is_err());
}

#[test]
fn every_claim_and_drawing_names_what_is_there() {
    let mut ids = OrderedSet::new();
    let mut names = OrderedSet::new();
    for experiment in experiments() {
        let cases = experiment.cases.len();
        for claim in &experiment.claims {
            assert!(ids.insert(format!("{}-{}", experiment.row, claim.name)), "{} twice", claim.name);
            assert!(claim.case < cases);
            if let Comparison::ShorterThan { case } = claim.comparison {
                assert!(case < cases && case != claim.case);
            }
        }
        for drawing in &experiment.drawings {
            assert!(names.insert(drawing.name));
            let claims: Vec<usize> = match &drawing.plot {
                Plot::Claims { claims, .. } => claims.clone(),
                Plot::Over { series, .. } => series.iter().flat_map(|(_, claims)| claims.clone()).collect(),
                Plot::Distributions { medians, .. } => {
                    assert!(medians.iter().all(|(case, _)| *case < cases));
                    Vec::new()
                }
            };
            assert!(claims.iter().all(|claim| *claim < experiment.claims.len()));
        }
        assert!(experiment.cases.iter().all(|case| crate::builtin::find(case.scenario).is_some()));
    }
    assert!(ids.len() > 30);
}

/// P[Bin(s, l) >= s - floor(n/2)]: the figures of row 1 follow from their formula.
#[test]
fn published_split_votes_are_the_binomial_tail() {
    for experiment in experiments().iter().filter(|experiment| experiment.row == 1) {
        for (claim, (n, s, l)) in experiment.claims.iter().zip([
            (5, 4, 0.1),
            (5, 4, 0.2),
            (5, 3, 0.1),
            (5, 3, 0.2),
            (3, 3, 0.1),
            (3, 3, 0.2_f64),
        ]) {
            let choose =
                |k: u32| (0..k).fold(1.0, |product, i| product * f64::from(s - i) / f64::from(i + 1));
            let term = |k: u32| choose(k) * l.powi(k as i32) * (1.0 - l).powi((s - k) as i32);
            let tail: f64 = (s - n / 2..=s).map(term).sum();
            let Comparison::Near(published, _) = claim.comparison else { panic!("{}", claim.name) };
            assert!((tail - published).abs() < 5e-5, "{}: {tail} against {published}", claim.name);
        }
    }
}

#[test]
fn fewer_seeds_are_still_enough_to_say_something() {
    let case = Case::new("c", "raft-calm", &[], 10_000);
    assert_eq!(case.runs_at(Ratio::new(1, 10)), 1_000);
    assert_eq!(case.runs_at(Ratio::new(1, 10_000)), 30);
    assert_eq!(Case { runs: 20, ..case }.runs_at(Ratio::new(1, 2)), 20);
}
