//! Selectors as they are written.

use super::*;

const PBFT: Vocabulary<'_> = Vocabulary {
    protocol: "pbft",
    members: 7,
    clients: 0,
    grows: false,
    roles: &["primary", "backup"],
    observations: &["Prepared"],
    messages: &["PrePrepare"],
    rounds: &[],
    domains: &[],
};

#[test]
fn selectors_read_as_they_are_written() {
    for text in [
        "all",
        "clients",
        "n3",
        "c2",
        "slot(1-3,7)",
        "slot(5)",
        "leader",
        "backup",
        "every(follower)",
        "next-leader",
        "random(2)",
        "1/3",
        "minority",
        "quorum-minus-one",
        "event.node",
        "n1,n4",
        "slot(1,2),leader,random(1)",
    ] {
        let selector: Selector = text.parse().unwrap();
        assert_eq!(selector.to_string().parse::<Selector>().unwrap(), selector, "{text}");
    }
    assert_eq!("slot(1,2,3,5)".parse::<Selector>().unwrap().to_string(), "slot(1-3,5)");
    assert_eq!("next-primary".parse(), Ok(Selector::NextLeader));
    assert_eq!(" n3 ".parse(), Ok(Selector::Node(2)));
    assert_eq!("20%".parse(), Ok(Selector::Fraction(Ratio::new(20, 100))));
}

#[test]
fn what_is_no_selector_is_refused() {
    for text in [
        "",
        "n0",
        "n1,",
        "random(0)",
        "random(x)",
        "slot(0)",
        "slot(3-1)",
        "slot(1-4000000000)",
        "0/3",
        "a b",
        "next-x(",
    ] {
        assert!(text.parse::<Selector>().is_err(), "{text}");
    }
}

#[test]
fn a_typing_error_gets_the_nearest_name_and_all_that_exist() {
    let check = |text: &str| text.parse::<Selector>().unwrap().check(&PBFT);
    for text in ["primary", "leader", "backup", "next-leader", "n7", "every(backup)", "n1,random(2)"] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
    let error = check("primry").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown target \"primry\", did you mean \"primary\"?; expected for pbft: primary, backup, next-primary, \
         every(ROLE), random(K), 1/3, minority, quorum-minus-one, all, n1..n7, event.node"
    );
    assert_eq!(check("n1,n8").unwrap_err().text, "n8");
    assert_eq!(check("c1").unwrap_err().text, "c1");
    assert_eq!(check("follower").unwrap_err().nearest, None, "nothing is near");
    assert_eq!(nearest("BecameLeadr", ["Voted", "BecameLeader"]), Some("BecameLeader".to_owned()));
}

#[test]
fn the_table_of_targets_has_every_form_once() {
    let forms: Vec<Selector> = TARGETS.iter().map(|named| named.name.parse().unwrap()).collect();
    for (named, form) in TARGETS.iter().zip(&forms) {
        assert_eq!(form.to_string(), named.name);
        let same = |other: &&Selector| std::mem::discriminant(*other) == std::mem::discriminant(form);
        assert_eq!(forms.iter().filter(same).count(), 1, "{}", named.name);
    }
    for (word, selector) in &WORDS {
        assert!(forms.contains(selector), "{word} is not in the table");
    }
}
