//! Epidemics and SWIM against what was published, with few seeds.

use super::{assert_passes, run_rows};
use sim_core::ratio::Ratio;

#[test]
fn epidemics_leave_the_residue_and_take_the_rounds_of_the_paper() {
    let reproduction = run_rows(&["6", "8", "9"], Ratio::new(1, 10), 2);
    assert_passes(&reproduction);
    assert_eq!(reproduction.rows().count(), 8 + 9 + 3);
}

#[test]
fn swim_times_and_counts_are_those_of_the_formulas() {
    let reproduction = run_rows(&["11", "12"], Ratio::new(1, 20), 2);
    assert_passes(&reproduction);
    assert_eq!(reproduction.rows().count(), 12 + 7);
}

#[test]
fn lifeguard_spares_those_who_are_well() {
    assert_passes(&run_rows(&["13"], Ratio::ONE, 2));
}
