//! What exploration has found in the crate, against the crate alone: its calls one by one.

use std::num::NonZeroUsize;
use std::time::Duration;

use foca::{AccumulatingRuntime, Config, Foca, Member, NoCustomBroadcast, PeriodicParams, Timer};
use foca_under_test::identity::{Identity, Packed};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use seedstorm::sim_core::identity::NodeId;

type Node = Foca<Identity, Packed, ChaCha8Rng, NoCustomBroadcast>;

const ME: Identity = Identity::started(NodeId(0), 2);
const BEFORE: Identity = Identity::started(NodeId(0), 1);
const OTHER: Identity = Identity::started(NodeId(1), 1);
const DEAD: Identity = Identity::started(NodeId(2), 1);

fn node(me: Identity) -> Node {
    let one = NonZeroUsize::MIN;
    let every = PeriodicParams { frequency: Duration::from_secs(1), num_members: one };
    let config = Config {
        periodic_announce: Some(every.clone()),
        periodic_announce_to_down_members: Some(every.clone()),
        periodic_gossip: Some(every),
        notify_down_members: true,
        ..Config::simple()
    };
    Foca::new(me, config, ChaCha8Rng::seed_from_u64(1), Packed)
}

/// To whom packets go.
fn sent(runtime: &mut AccumulatingRuntime<Identity>) -> Vec<(Identity, Vec<u8>)> {
    std::iter::from_fn(|| runtime.to_send()).map(|(to, bytes)| (to, bytes.to_vec())).collect()
}

/// The timers that are set.
fn set(runtime: &mut AccumulatingRuntime<Identity>) -> Vec<Timer<Identity>> {
    std::iter::from_fn(|| runtime.to_schedule()).map(|(_, timer)| timer).collect()
}

/// The packet to somebody, out of several.
fn only(to: Identity, sent: Vec<(Identity, Vec<u8>)>) -> Vec<u8> {
    let mut packets = sent.into_iter().filter(|(other, _)| other.node == to.node).map(|(_, packet)| packet);
    packets.next().unwrap_or_else(|| panic!("nothing is sent to {to:?}"))
}

/// Two members hold each other down, as after a partition, and a third one up, which has just died. One announces itself to
/// the other. Both hear that they are down, and are given new identities; one packet is lost. From then on neither of them
/// ever does anything: a new identity stops all timers, and they are started again only when somebody who is up is heard.
/// Nobody finds out that the third one is dead, and nobody finds the other one.
#[test]
fn two_members_that_hear_at_once_that_they_are_down_fall_silent() {
    let (mut of_one, mut of_two) = (AccumulatingRuntime::new(), AccumulatingRuntime::new());
    let (mut one, mut two) = (node(ME), node(OTHER));
    one.apply_many([Member::alive(DEAD), Member::down(OTHER)].into_iter(), false, &mut of_one).unwrap();
    two.apply_many([Member::alive(DEAD), Member::down(ME)].into_iter(), false, &mut of_two).unwrap();
    let (mut ones, mut twos) = (set(&mut of_one), set(&mut of_two));

    let announce = ones.iter().find(|timer| matches!(timer, Timer::PeriodicAnnounceDown(_))).cloned();
    one.handle_timer(announce.expect("it is connected"), &mut of_one).unwrap();
    two.handle_data(&only(OTHER, sent(&mut of_one)), &mut of_two).unwrap();
    one.handle_data(&only(ME, sent(&mut of_two)), &mut of_one).unwrap();
    two.handle_data(&only(OTHER, sent(&mut of_one)), &mut of_two).unwrap();
    assert!(one.identity().renewal > 0 && two.identity().renewal > 0, "both were given new identities");
    let lost = sent(&mut of_two);
    assert_eq!(
        lost.iter().filter(|(to, _)| to.node == ME.node).count(),
        1,
        "one packet between them is lost"
    );

    for _ in 0..1_000 {
        ones.extend(set(&mut of_one));
        twos.extend(set(&mut of_two));
        ones.drain(..).for_each(|timer| one.handle_timer(timer, &mut of_one).unwrap());
        twos.drain(..).for_each(|timer| two.handle_timer(timer, &mut of_two).unwrap());
        assert_eq!((sent(&mut of_one).len(), sent(&mut of_two).len()), (0, 0));
    }
    assert!(
        one.num_members() > 0 && two.num_members() > 0,
        "both believe that somebody is up, and probe nobody"
    );

    // To look whom it knows is all that it takes.
    one.apply_many(std::iter::empty(), false, &mut of_one).unwrap();
    assert!(set(&mut of_one).iter().any(|timer| matches!(timer, Timer::ProbeRandomMember(_))));
}

/// A member was restarted, and the cluster still tells that its identity of before is down. It adds that to those whom it
/// holds down, although it has its own address; when it is time to announce itself to somebody who is down, it sends the
/// announcement to itself, and refuses what arrives.
#[test]
fn a_restarted_member_announces_itself_to_itself() {
    let (mut runtime, mut me) = (AccumulatingRuntime::new(), node(ME));
    let told = [Member::alive(OTHER), Member::down(BEFORE)];
    me.apply_many(told.into_iter(), true, &mut runtime).unwrap();
    assert!(
        me.iter_membership_state().any(|member| *member.id() == BEFORE),
        "it is a member of its own list"
    );
    let announce =
        set(&mut runtime).into_iter().find(|timer| matches!(timer, Timer::PeriodicAnnounceDown(_)));
    sent(&mut runtime);
    me.handle_timer(announce.expect("it is connected"), &mut runtime).unwrap();
    let sent = sent(&mut runtime);
    let [(to, packet)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(*to, BEFORE, "nobody else is down, so that it finds itself");
    let error = me.handle_data(packet, &mut runtime).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Received data from something claiming to have an identity equal to our own"
    );
}
