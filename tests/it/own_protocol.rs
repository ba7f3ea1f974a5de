//! The example of a stranger's protocol runs, and is as short as it promises.

#[path = "../../examples/own_protocol.rs"]
mod example;

#[test]
fn a_protocol_of_ones_own_takes_fewer_than_a_hundred_lines() {
    let lines = include_str!("../../examples/own_protocol.rs").lines().count();
    assert!(lines < 100, "{lines} lines");
    example::main();
}
