//! Plans that make no sense.

use super::*;

fn validate(entries: &[&str], vocabulary: Option<&Vocabulary<'_>>) -> Result<(), String> {
    let entries = entries.iter().map(|text| toml::from_str(text).unwrap()).collect();
    FaultPlan { entries, over_budget: false }.validate(5, 2, vocabulary).map_err(|error| error.to_string())
}

#[test]
fn entries_that_make_no_sense_say_why() {
    for (text, why) in [
        ("at = \"1s\"\nfor = \"0s\"\npause = { target = \"n1\" }", "for must be above zero"),
        ("at = \"1s\"\nfor = \"1s\"\njoin = { count = 1 }", "takes no \"for\""),
        ("at = \"1s\"\njam = { target = \"n1\" }", "it must end"),
        ("at = \"1s\"\nfor = \"1s\"\ncrash = { target = \"n1\", restart_after = \"1s\" }", "say the same"),
        ("at = \"1s\"\ncrash = { target = \"event.node\" }", "event.node needs an event"),
        ("at = \"1s\"\ncrash = { target = \"n6\" }", "unknown target \"n6\""),
        ("at = \"1s\"\ncrash = { target = \"c3\" }", "unknown target \"c3\""),
        ("at = \"1s\"\nloss = { probability = \"1\" }", "use partition"),
        ("at = \"1s\"\nloss = { probability = \"0\" }", "probability must be above zero"),
        ("at = \"1s\"\nloss = { target = \"n1\", to = \"n2\", probability = \"1/2\" }", "not both"),
        ("at = \"1s\"\nflap = { target = \"n1\", period = \"10us\" }", "at least 1ms"),
        ("at = \"1s\"\nslow = { target = \"n1\", percent = 50 }", "percent must lie between 101"),
        ("at = \"1s\"\ndisk = { target = \"n1\", fault = \"healthy\" }", "is not a fault"),
        ("at = \"1s\"\nclock = { target = \"n1\", drift = \"0ppm\" }", "drift must be above zero"),
        ("at = \"1s\"\npartition = { split = \"random\", parts = 1 }", "parts must lie between 2"),
        ("at = \"1s\"\npartition = { links = [[1, 6]] }", "a slot of links must lie between 1 and 5"),
        ("at = \"1s\"\npartition = { links = [[0, 5]] }", "a slot of links must lie between 1 and 5"),
        ("at = \"9000h\"\njoin = { count = 1 }", "at is above 365 days"),
        ("at = \"1s\"\nfor = \"9000h\"\njam = { target = \"n1\" }", "for is above 365 days"),
        ("at = \"1s\"\nclock = { target = \"n1\", back = \"9000h\" }", "back is above 365 days"),
        (
            "at = \"1s\"\nrolling_restart = { target = \"all\", down = \"1s\", gap = \"9000h\" }",
            "gap is above",
        ),
        ("id = 4000000000\nat = \"1s\"\njoin = { count = 1 }", "the id 4000000000"),
    ] {
        let error = validate(&[text], None).unwrap_err();
        assert!(error.contains(why), "{text}\n{error}");
        assert!(error.starts_with("plan faults: entry 1 ("), "{error}");
    }
}

#[test]
fn names_are_looked_up_in_the_vocabulary() {
    let raft = Vocabulary {
        protocol: "raft",
        members: 5,
        clients: 2,
        grows: false,
        roles: &["leader", "follower"],
        observations: &["BecameLeader", "Voted"],
        messages: &["AppendEntries"],
        rounds: &[],
        domains: &[],
    };
    let check = |text| validate(&[text], Some(&raft));
    assert_eq!(check("on = { event = \"raft.became-leader\" }\ncrash = { target = \"event.node\" }"), Ok(()));
    assert_eq!(check("on = { send = \"append_entries\", role = \"primary\" }\njoin = { count = 1 }"), Ok(()));
    let error = check("on = { event = \"BecameLeadr\" }\njoin = { count = 1 }").unwrap_err();
    assert!(error.contains("unknown event \"BecameLeadr\", did you mean \"BecameLeader\"?"), "{error}");
    let error = check("on = { send = \"Vote\" }\njoin = { count = 1 }").unwrap_err();
    assert!(error.contains("unknown message \"Vote\"; expected one of AppendEntries"), "{error}");
    let error = check("on = { event = \"Voted\", role = \"follwer\" }\njoin = { count = 1 }").unwrap_err();
    assert!(error.contains("unknown role \"follwer\", did you mean \"follower\"?"), "{error}");
    let error = check("at = \"1s\"\npartition = { groups = [\"n1\", \"folower\"] }").unwrap_err();
    assert!(error.contains("did you mean \"follower\"?"), "{error}");
}

#[test]
fn a_round_is_written_once_and_in_force_from_the_start() {
    let chain = Vocabulary {
        protocol: "chain",
        members: 4,
        clients: 0,
        grows: false,
        roles: &["leader"],
        observations: &["Voted"],
        messages: &["Proposal", "Vote", "Request"],
        rounds: &["Proposal", "Vote"],
        domains: &[],
    };
    let check = |texts: &[&str]| validate(texts, Some(&chain));
    let third = "round = { number = 3, leader = \"n2\", sides = [\"n1,n2\", \"rest\"], drop = [\"vote\"] }";
    assert_eq!(check(&[third]), Ok(()));
    assert_eq!(check(&["for = \"1s\"\nround = { number = 3, sides = [\"n1\"] }"]), Ok(()));
    for (texts, why) in [
        (&["at = \"1s\"\nround = { number = 3 }"][..], "a round begins with its first message"),
        (&["on = { event = \"Voted\" }\nround = { number = 3 }"], "a round begins with its first message"),
        (&[third, "round = { number = 3 }"], "another entry says who leads round 3"),
        (&["round = { number = 0 }"], "number must lie between 1 and 4096"),
        (&["round = { number = 1, leader = \"n9\" }"], "leader must lie between 1 and 5"),
        (&["round = { number = 1, drop = [\"Vote\"] }"], "give sides, too"),
        (
            &["round = { number = 1, sides = [\"n1\"], drop = [\"Request\"] }"],
            "unknown message that tells its round \"Request\"",
        ),
        (&["round = { number = 1, sides = [\"n1\"], drop = [\"Vot\"] }"], "did you mean \"Vote\"?"),
    ] {
        let error = check(texts).unwrap_err();
        assert!(error.contains(why), "{texts:?}: {error}");
    }
    let other = Vocabulary { rounds: &[], ..chain };
    let error = validate(&["round = { number = 1 }"], Some(&other)).unwrap_err();
    assert!(error.contains("messages of chain tell no round"), "{error}");
}

#[test]
fn written_faults_of_one_kind_may_not_overlap_at_a_slot() {
    let pause = |at: &str, lasts: &str, target: &str| {
        format!("at = \"{at}\"\nfor = \"{lasts}\"\npause = {{ target = \"{target}\" }}")
    };
    let both = |first: String, second: String| validate(&[&first, &second], None);
    let error = both(pause("1s", "2s", "n1,n2"), pause("2s", "2s", "n2")).unwrap_err();
    assert_eq!(
        error,
        "plan faults: entries 1 and 2 (pause, pause) overlap at slot 2: the second begins at 2.000 s, before the \
         first has ended"
    );
    assert!(both(pause("3s", "2s", "all"), pause("2s", "2s", "n2")).is_err(), "in any order");
    assert_eq!(both(pause("1s", "1s", "n2"), pause("2s", "1s", "n2")), Ok(()), "one after the other");
    assert_eq!(both(pause("1s", "9s", "n1"), pause("2s", "2s", "n2")), Ok(()), "at different slots");
    assert_eq!(both(pause("1s", "9s", "n1"), pause("2s", "2s", "random(1)")), Ok(()), "not known beforehand");
    let crash = "at = \"2s\"\ncrash = { target = \"n1\" }".to_owned();
    assert!(both(pause("1s", "9s", "n1"), crash.clone()).is_err(), "a process is paused or down");
    assert!(
        both(crash.clone(), "at = \"1h\"\ncrash = { target = \"n1\" }".to_owned()).is_err(),
        "down for ever"
    );
    let loss = "at = \"2s\"\nfor = \"1s\"\nloss = { target = \"n1\", probability = \"1/2\" }".to_owned();
    assert_eq!(both(loss.clone(), loss), Ok(()), "links may be bad in several ways");
    let twice = "id = 3\nat = \"2s\"\njoin = { count = 1 }".to_owned();
    assert!(both(twice.clone(), twice).unwrap_err().contains("the id 3 is taken"));
    assert_eq!(both(crash, "at = \"2s\"\nslow = { target = \"n1\", percent = 200 }".to_owned()), Ok(()));
}
