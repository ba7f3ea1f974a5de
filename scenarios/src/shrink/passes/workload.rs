//! Removes clients and operations.

use sim_core::identity::Slot;
use sim_core::setup::Setup;

use super::super::pass::Candidates;
use super::super::slots::remove_slot;
use super::super::tester::Tested;

/// Without clients: all, all but one, half, or any one of them.
pub(in super::super) fn clients(best: &Tested) -> Candidates<'_> {
    let clients = best.candidate.setup.clients;
    let fewer = |kept| best.candidate.with(|setup| keep_clients(setup, kept));
    let mut kept = vec![0, 1, clients / 2];
    kept.retain(|kept| *kept < clients);
    let one = move |client| best.candidate.with(|setup| remove_slot(setup, Slot(setup.members + client)));
    let single = (0..clients).rev().filter(move |_| clients > 1).map(one);
    let corrupt = best.candidate.setup.workload.as_ref().and_then(|workload| workload.corrupt).unwrap_or(0);
    let honest = move |corrupt: Option<u32>| {
        best.candidate.with(|setup| {
            if let Some(workload) = &mut setup.workload {
                workload.corrupt = corrupt;
            }
        })
    };
    let fewer_corrupt =
        [None, Some(1)].into_iter().filter(move |left| left.unwrap_or(0) < corrupt).map(honest);
    Box::new(kept.into_iter().map(fewer).chain(fewer_corrupt).chain(single))
}

fn keep_clients(setup: &mut Setup, kept: u32) {
    for client in (kept..setup.clients).rev() {
        let slot = Slot(setup.members + client);
        remove_slot(setup, slot);
    }
    if setup.clients == 0 {
        setup.workload = None;
    }
}

/// With fewer operations, and none after the last that was needed.
pub(in super::super) fn operations(best: &Tested) -> Candidates<'_> {
    let now = best.size.operations;
    let mut most = vec![0, 1, 2, now / 4, now / 2, now / 4 * 3, now.saturating_sub(1)];
    most.retain(|most| *most < now);
    most.dedup();
    let fewer = |most| {
        best.candidate.with(|setup| {
            if let Some(workload) = &mut setup.workload {
                workload.operations = Some(most);
            }
        })
    };
    Box::new(most.into_iter().map(fewer))
}
