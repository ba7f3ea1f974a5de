//! Counts, and what is refused.

use super::*;
use crate::ground::Electorate;

fn governor(crashed: u32, lost_disks: u32, byzantine: u32) -> Governor {
    bearing(FaultModel { crashed, lost_disks, byzantine, outages: false })
}

fn bearing(model: FaultModel) -> Governor {
    let mut governor = Governor::new(model, false);
    governor.sync(&Ground::new(5, 2));
    governor
}

fn take(governor: &mut Governor, slot: u32, change: Change) -> Result<(), Refusal> {
    governor.allows(Slot(slot), change)?;
    governor.apply(Slot(slot), change);
    Ok(())
}

#[test]
fn a_group_has_a_budget_of_its_own() {
    let mut governor = governor(5, 0, 0);
    governor.limit_groups(&[FaultGroup { first: 0, slots: 3, affected: 1 }]);
    assert_eq!(governor.allows(Slot(1), Change::Down), Ok(()));
    governor.apply(Slot(1), Change::Down);
    assert_eq!(governor.allows(Slot(2), Change::Paused), Err(Refusal::CrashBudget));
    assert_eq!(governor.allows(Slot(1), Change::Paused), Ok(()), "it is affected already");
    assert_eq!(governor.allows(Slot(3), Change::Down), Ok(()), "outside of the group");
    governor.apply(Slot(1), Change::Up);
    assert_eq!(governor.allows(Slot(2), Change::Paused), Ok(()));
}

#[test]
fn classes_share_the_count_of_affected_members() {
    let mut governor = governor(2, 1, 0);
    assert_eq!(take(&mut governor, 0, Change::Down), Ok(()));
    assert_eq!(take(&mut governor, 1, Change::Disk(true)), Ok(()));
    assert_eq!(take(&mut governor, 2, Change::Paused), Err(Refusal::CrashBudget));
    // A disk that is only slow does not count, nor does a client, nor a second fault at an affected member.
    assert_eq!(take(&mut governor, 3, Change::Disk(false)), Ok(()));
    assert_eq!(take(&mut governor, 5, Change::Down), Ok(()));
    assert_eq!(take(&mut governor, 1, Change::Down), Ok(()));
    assert_eq!(take(&mut governor, 0, Change::Up), Ok(()));
    assert_eq!(take(&mut governor, 2, Change::Paused), Ok(()));
    assert!(!governor.exceeded());
}

#[test]
fn a_lost_disk_counts_for_ever() {
    let mut governor = governor(2, 1, 0);
    assert_eq!(take(&mut governor, 0, Change::Wiped), Ok(()));
    assert_eq!(take(&mut governor, 0, Change::Up), Ok(()));
    assert_eq!(governor.counts(), Counts { affected: 1, lost: 1, traitors: 0 });
    assert_eq!(take(&mut governor, 1, Change::Rotten), Err(Refusal::DiskBudget));
    assert_eq!(take(&mut governor, 1, Change::Down), Ok(()));
    assert_eq!(take(&mut governor, 2, Change::Down), Err(Refusal::CrashBudget));
}

#[test]
fn traitors_leave_less_room_for_crashes() {
    let mut governor = governor(1, 0, 1);
    assert_eq!(take(&mut governor, 0, Change::Traitor), Ok(()));
    assert_eq!(take(&mut governor, 1, Change::Traitor), Err(Refusal::TraitorBudget));
    assert_eq!(take(&mut governor, 1, Change::Down), Err(Refusal::CrashBudget));
    assert_eq!(take(&mut governor, 0, Change::Down), Ok(()));
}

#[test]
fn over_budget_on_purpose_is_noticed() {
    let mut governor =
        Governor::new(FaultModel { crashed: 1, lost_disks: 0, byzantine: 0, outages: false }, true);
    governor.sync(&Ground::new(3, 0));
    assert_eq!(take(&mut governor, 0, Change::Down), Ok(()));
    assert!(!governor.exceeded());
    assert_eq!(take(&mut governor, 1, Change::Down), Ok(()));
    assert!(governor.exceeded());
}

#[test]
fn the_world_tells_who_is_down_without_a_fault() {
    let mut ground = Ground::new(5, 0);
    ground.places[4].up = false;
    let mut governor =
        Governor::new(FaultModel { crashed: 2, lost_disks: 0, byzantine: 0, outages: false }, false);
    governor.sync(&ground);
    assert_eq!(governor.counts().affected, 1);
    assert_eq!(take(&mut governor, 0, Change::Down), Ok(()));
    assert_eq!(take(&mut governor, 1, Change::Down), Err(Refusal::CrashBudget));
    // The world has not executed the crash yet; it counts all the same.
    governor.sync(&ground);
    assert_eq!(governor.counts().affected, 2);
}

/// Five members and a client; the last member is no voter any more, and somebody who came later is one.
fn voting() -> (Ground, Governor) {
    let mut ground = Ground::new(5, 1);
    ground.add(NodeId(9), Role::Member);
    let members = [0, 1, 2, 3, 9].map(NodeId).to_vec();
    ground.electorates = vec![Electorate { members, quorum: 3 }];
    let mut governor = governor(1, 1, 0);
    governor.sync(&ground);
    (ground, governor)
}

#[test]
fn voters_count_and_nobody_else() {
    let (mut ground, mut governor) = voting();
    assert_eq!(take(&mut governor, 4, Change::Left), Ok(()), "it does not vote");
    assert_eq!(take(&mut governor, 6, Change::Down), Ok(()));
    assert_eq!(take(&mut governor, 0, Change::Paused), Ok(()), "two of five voters, whatever the model says");
    assert_eq!(take(&mut governor, 1, Change::Down), Err(Refusal::CrashBudget));
    assert_eq!(governor.counts().affected, 2);
    // While a change is joint, the budgets of both hold.
    ground.electorates.push(Electorate { members: [1, 2, 3].map(NodeId).to_vec(), quorum: 2 });
    governor.sync(&ground);
    assert_eq!(take(&mut governor, 1, Change::Down), Err(Refusal::CrashBudget));
    ground.electorates.remove(0);
    governor.sync(&ground);
    assert_eq!(governor.counts().affected, 0, "none of the three");
    assert_eq!(take(&mut governor, 1, Change::Down), Ok(()));
    assert_eq!(take(&mut governor, 2, Change::Paused), Err(Refusal::CrashBudget));
    governor.invariants();
}

#[test]
fn a_lost_disk_counts_until_its_voter_is_removed() {
    let (mut ground, mut governor) = voting();
    for slot in [0, 1] {
        assert_eq!(take(&mut governor, slot, Change::Wiped), Ok(()));
        ground.assign(Slot(slot), NodeId(20 + slot));
        assert_eq!(take(&mut governor, slot, Change::Up), Ok(()));
        governor.sync(&ground);
    }
    assert_eq!(take(&mut governor, 2, Change::Down), Err(Refusal::CrashBudget), "two voters are nowhere");
    ground.electorates[0].members = [2, 3, 9, 20, 21].map(NodeId).to_vec();
    governor.sync(&ground);
    assert_eq!(governor.counts(), Counts::default(), "who votes now has lost nothing");
    assert_eq!(take(&mut governor, 0, Change::Wiped), Ok(()));
    assert_eq!(take(&mut governor, 2, Change::Rotten), Ok(()));
    governor.sync(&ground);
    assert_eq!(governor.counts().lost, 2, "the same server, with a record that is rotten");
    assert_eq!(take(&mut governor, 3, Change::Rotten), Err(Refusal::CrashBudget));
    governor.invariants();
}

#[test]
fn all_may_be_down_together_where_they_come_back_and_only_there() {
    let model = FaultModel { crashed: 2, lost_disks: 1, byzantine: 0, outages: true };
    let mut careful = bearing(model);
    for slot in 0..5 {
        assert_eq!(take(&mut careful, slot, Change::Outage), Ok(()), "{slot}");
    }
    // What is gone for good counts, also of somebody who was to come back.
    assert_eq!(take(&mut careful, 0, Change::Wiped), Ok(()));
    assert_eq!(take(&mut careful, 1, Change::Wiped), Err(Refusal::DiskBudget));
    assert_eq!(take(&mut careful, 1, Change::Down), Ok(()));
    assert_eq!(take(&mut careful, 2, Change::Left), Err(Refusal::CrashBudget));
    for slot in 2..5 {
        assert_eq!(take(&mut careful, slot, Change::Up), Ok(()));
    }
    assert!(!careful.exceeded());
    careful.invariants();
    let mut forgetful = bearing(FaultModel { outages: false, ..model });
    assert_eq!(take(&mut forgetful, 0, Change::Outage), Ok(()));
    assert_eq!(take(&mut forgetful, 1, Change::Outage), Ok(()));
    assert_eq!(take(&mut forgetful, 2, Change::Outage), Err(Refusal::CrashBudget));
}
