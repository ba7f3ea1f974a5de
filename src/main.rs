//! seedstorm
fn main() {}
