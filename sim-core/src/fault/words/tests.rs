use super::*;
use crate::fault::action::{CutId, DegradeId};

/// Five members and two clients.
fn ground() -> Ground {
    Ground::new(5, 2)
}

/// What a fault is called, as it is written, with nothing left to draw.
fn told(written: &str) -> String {
    let entry: crate::fault::FaultEntry =
        serde_json::from_str(&format!("{{\"at\":\"0s\",{written}}}")).unwrap();
    fault(&entry.what, &ground())
}

fn all_told(faults: &[(&str, &str)]) {
    for (written, phrase) in faults {
        assert_eq!(told(written), *phrase, "{written}");
    }
}

#[test]
fn faults_of_the_network_are_phrases() {
    all_told(&[
        (r#""partition":{"isolate":"slot(1)"}"#, "cut off n1 from everybody else"),
        (r#""partition":{"isolate":"slot(1)","direction":"inbound"}"#, "lose every message to n1"),
        (r#""partition":{"isolate":"slot(1)","direction":"outbound"}"#, "lose every message from n1"),
        (r#""partition":{"groups":["slot(1,3)","slot(2,4,5)"]}"#, "cut n1 and n3 from n2, n4 and n5"),
        (r#""partition":{"groups":["slot(1,6)"]}"#, "cut n1 and c1 from n2 to n5"),
        (
            r#""partition":{"groups":["slot(1,2,3)","slot(3,4,5)"]}"#,
            "cut n1 and n2 from n4 and n5; only n3 reaches both sides",
        ),
        (
            r#""partition":{"groups":["slot(1)","slot(2,3)"]}"#,
            "cut the members into 3 groups: n1 | n2 and n3 | n4 and n5",
        ),
        (
            r#""partition":{"from":"slot(1)","to":"slot(2,3,7)"}"#,
            "lose every message from n1 to n2, n3 and c2",
        ),
        (r#""partition":{"links":[[1,2],[2,3]]}"#, "cut all links between members but n1-n2 and n2-n3"),
        (
            r#""flap":{"target":"slot(2)","period":"200ms"}"#,
            "cut off n2 from everybody else, again and again, every 200ms",
        ),
        (r#""round":{"number":3,"leader":"n2"}"#, "in round 3, let n2 lead"),
        (
            r#""round":{"number":3,"leader":"n2","sides":["slot(1)","slot(2-5)"]}"#,
            "in round 3, let n2 lead and cut n1 from n2 to n5",
        ),
        (
            r#""round":{"number":9,"sides":["slot(1,2)"],"drop":["Vote"]}"#,
            "in round 9, cut n1 and n2 from n3 to n5 (Vote only)",
        ),
        (r#""slow_link":{"target":"slot(1)","delay":"50ms"}"#, "delay every message from or to n1 by 50ms"),
        (
            r#""jam":{"from":"slot(1)","to":"slot(2)"}"#,
            "hold back every message from n1 to n2 until this is over",
        ),
        (r#""loss":{"probability":"1/20"}"#, "lose 1 in 20 messages"),
        (r#""loss":{"to":"slot(4)","probability":"1"}"#, "lose every message to n4"),
        (
            r#""spikes":{"probability":"20/1000","delay":{"uniform":{"min":"1ms","max":"3ms"}}}"#,
            "delay 1 in 50 messages by 1ms to 3ms",
        ),
        (
            r#""reorder":{"probability":"1/4","within":"20ms"}"#,
            "delay 1 in 4 messages by up to 20ms, past later ones",
        ),
        (r#""duplicate":{"from":"slot(3)","probability":"1/20"}"#, "deliver 1 in 20 messages from n3 twice"),
        (r#""corruption":{"probability":"1/100"}"#, "flip a bit of 1 in 100 messages"),
        (
            r#""bandwidth":{"target":"slot(1)","bytes_per_second":1000}"#,
            "let n1 send no more than 1000 bytes per second",
        ),
        (
            r#""rate_limit":{"from":"slot(1)","to":"slot(2)","messages_per_second":20}"#,
            "let n1 send no more than 20 messages per second to n2",
        ),
    ]);
}

#[test]
fn faults_of_places_are_phrases() {
    all_told(&[
        (r#""crash":{"target":"slot(1-3)"}"#, "crash n1 to n3"),
        (r#""amnesia":{"target":"slot(1)"}"#, "crash n1 and wipe the disk"),
        (r#""pause":{"target":"slot(1,2)"}"#, "pause n1 and n2"),
        (
            r#""slow":{"target":"slot(1)","percent":250,"floor":"5ms"}"#,
            "slow down n1: everything takes 2.5 times as long, and at least 5ms a message",
        ),
        (r#""join":{"count":1}"#, "add a new member"),
        (r#""join":{"count":2}"#, "add 2 new members"),
        (r#""leave":{"target":"slot(2)"}"#, "take n2 away for good"),
        (
            r#""disk":{"target":"slot(1)","fault":"lose-tail"}"#,
            "let a crash of n1 lose all that is not synced",
        ),
        (
            r#""disk":{"target":"slot(1)","fault":"tear-tail"}"#,
            "let a crash of n1 tear the first record that is not synced",
        ),
        (
            r#""disk":{"target":"slot(1)","fault":{"slow":{"percent":1000,"extra":"5ms"}}}"#,
            "let syncs of n1 take 10 times as long, and 5ms more",
        ),
        (r#""disk":{"target":"slot(1)","fault":"failing"}"#, "let syncs of n1 fail"),
        (r#""disk":{"target":"slot(1)","fault":"full"}"#, "fill the disk of n1, so that syncs fail"),
        (r#""disk":{"target":"slot(1)","fault":"rot"}"#, "rot a synced record of n1"),
        (r#""clock":{"target":"slot(1)","forward":"2s"}"#, "set the clock of n1 forward by 2s"),
        (r#""clock":{"target":"slot(1)","drift":"-200ppm"}"#, "let the clock of n1 lose 200us every second"),
        (r#""clock":{"target":"slot(1)","freeze":true}"#, "stop the clock of n1"),
        (r#""corrupt":{"target":"slot(1)"}"#, "make n1 a traitor"),
        (r#""twins":{"target":"slot(1)","place":"slot(2)"}"#, "run a second n1 in the place of n2"),
    ]);
}

#[test]
fn what_is_done_to_the_world_is_told_in_the_same_words() {
    let ground = ground();
    let told = |done: Action| action(&done, &ground);
    let cut = |reach| told(Action::Cut { id: CutId(1), reach });
    let [one, other, rest] = [0b01, 0b10, 1 << 62];
    assert_eq!(cut(Reach::Groups(vec![one, other, one, other, other])), "cut n1 and n3 from n2, n4 and n5");
    // Clients reach everybody.
    let sets = vec![one, rest, rest, rest, rest, u64::MAX, u64::MAX];
    assert_eq!(cut(Reach::Groups(sets)), "cut n1 from n2 to n5");
    let [from, to] = [vec![Slot(0)], vec![Slot(1), Slot(5)]];
    assert_eq!(cut(Reach::OneWay { from, to }), "lose every message from n1 to n2 and c1");
    let how = Degradation { to: vec![Slot(3)], loss: Ratio::new(1, 20), ..Degradation::default() };
    assert_eq!(told(Action::Degrade { id: DegradeId(1), how }), "lose 1 in 20 messages to n4");
    assert_eq!(told(Action::Crash(Slot(2))), "crash n3");
    let healed = Action::Disk { slot: Slot(0), fault: DiskFault::Healthy };
    assert_eq!(told(healed), "heal the disk of n1");
    let own = Action::Clock { slot: Slot(0), change: ClockChange::OwnRate };
    assert_eq!(told(own), "let the clock of n1 run as ever");
    let change = ClockChange::TakeBack(Duration::from_secs(1));
    assert_eq!(
        told(Action::Clock { slot: Slot(0), change }),
        "set the clock of n1 forward again, by up to 1s"
    );
    let how =
        Degradation { from: vec![Slot(0)], to: vec![Slot(3)], rate: Some(20), ..Degradation::default() };
    let limited = told(Action::Degrade { id: DegradeId(1), how });
    assert_eq!(limited, "let n1 send no more than 20 messages per second to n4");
}

#[test]
fn of_a_crowd_some_are_named_and_the_rest_is_counted() {
    let ground = Ground::new(100, 0);
    let odd: Vec<Slot> = (0..50).map(|i| Slot(2 * i)).collect();
    assert_eq!(names(&odd, &ground), "n1, n3, n5, n7, n9, n11, n13, n15 and 42 more");
    assert_eq!(names(&(0..100).map(Slot).collect::<Vec<_>>(), &ground), "n1 to n100");
    assert_eq!(names(&[], &ground), "nobody");
}

#[test]
fn lengths_of_time_are_told_to_three_digits() {
    for (nanos, told) in [
        (999, "999ns"),
        (50_000_000, "50ms"),
        (281_645, "282us"),
        (8_380_074, "8.38ms"),
        (42_370_964, "42.4ms"),
        (1_500_000_000, "1.50s"),
        (2_000_000_001, "2s"),
        (90_000_000_000, "90s"),
    ] {
        assert_eq!(rough(Duration::from_nanos(nanos)), told);
    }
}
