//! `initial.shuffle`: the same initial state, with members that the seed draws.
//!
//! Who has the longest log, or is away, is then another one in each run, while faults and placements keep to their names.
//! So a seed meets the combinations that one would have to write as so many scenarios.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use sim_core::random::{StreamName, below, stream};
use sim_core::setup::Setup;

use crate::renaming::rename;

/// Puts others in the place of the members that the initial state names: whoever is named twice is the same one twice.
pub(super) fn members(setup: &mut Setup) {
    let others = permutation(setup.members, &mut stream(setup.seed, StreamName::Shuffle));
    let other = |slot: u32| others.get(slot as usize).copied().unwrap_or(slot);
    let initial = &mut setup.initial;
    for slots in [&mut initial.absent, &mut initial.corrupt, &mut initial.beside] {
        slots.iter_mut().for_each(|slot| *slot = other(*slot));
        slots.sort_unstable();
    }
    for (at, of) in &mut initial.twins {
        (*at, *of) = (other(*at), other(*of));
    }
    if let Some(state) = &mut initial.state {
        rename(state, &|slot| Some(other(slot)));
    }
}

/// Who stands for whom (Fisher and Yates).
fn permutation(members: u32, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let mut others: Vec<u32> = (0..members).collect();
    for last in (1..others.len()).rev() {
        let index = usize::try_from(below(rng.next_u64(), last as u64 + 1)).unwrap_or(last);
        others.swap(last, index);
    }
    others
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sim_core::ordered::OrderedSet;
    use sim_core::setup::Initial;

    use super::*;

    fn shuffled(seed: u64) -> Setup {
        let initial = Initial {
            absent: vec![0, 1],
            corrupt: vec![4],
            twins: vec![(2, 3)],
            beside: Vec::new(),
            state: Some(json!([{ "nodes": ["n1"], "vote": "n3", "log": [1, 2], "kind": "nothing" }])),
        };
        let mut setup = Setup { initial, ..Setup::new(seed, 5) };
        members(&mut setup);
        setup
    }

    #[test]
    fn every_member_stands_for_one_and_names_stay_together() {
        let mut firsts = OrderedSet::new();
        for seed in 0..200 {
            let Initial { absent, corrupt, twins, state, .. } = shuffled(seed).initial;
            let mut all = [absent.clone(), corrupt, vec![twins[0].0, twins[0].1]].concat();
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 4], "seed {seed}");
            let state = state.unwrap();
            let slot = |name: &Value| name.as_str().unwrap()[1..].parse::<u32>().unwrap() - 1;
            let (first, vote) = (slot(&state[0]["nodes"][0]), slot(&state[0]["vote"]));
            assert!(absent.contains(&first) && vote == twins[0].0, "seed {seed}: {state}");
            assert_eq!((&state[0]["log"], &state[0]["kind"]), (&json!([1, 2]), &json!("nothing")));
            firsts.insert(first);
        }
        assert_eq!(firsts.len(), 5, "everybody was somebody else at some seed");
        assert_eq!(shuffled(3), shuffled(3));
    }
}
