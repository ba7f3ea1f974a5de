//! Changes of valid files: of their text, and of the values that they hold.

use seedstorm::sim_core::random::mix64;
use serde_json::{Map, Number, Value};

/// Dice that are a function of a number.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix64(seed ^ 0x5EED_F022))
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix64(self.0)
    }

    /// A number below `end`; 0 if that is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.word() % end as u64) as usize }
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Texts that a reader may stumble over.
const TEXTS: &[&str] = &[
    "",
    " ",
    "é",
    "ñ1",
    "𝕏",
    "\u{1b}[31m",
    "\n::error::x",
    "\u{85}",
    "\u{9b}",
    "\u{2028}",
    "\u{202e}",
    "\0",
    "=1+1",
    "../../x",
    "/",
    "0",
    "-1",
    "1",
    "00",
    "1e9",
    "NaN",
    "inf",
    "0s",
    "1ns",
    "-1s",
    "0.5ns",
    "9223372036854775807ns",
    "18446744073709551615ns",
    "18446744073709551616ns",
    "99999999999h",
    "1h",
    "100h",
    "1us",
    "5e-324s",
    "0%",
    "1%",
    "100%",
    "101%",
    "5 %",
    "1/0",
    "0/1",
    "1/18446744073709551615",
    "18446744073709551615/18446744073709551615",
    "1/3",
    "1000000000/s",
    "1/h",
    "0/s",
    "all",
    "clients",
    "n0",
    "n1",
    "n4294967295",
    "n4294967296",
    "c1",
    "c4294967295",
    "é1",
    "né",
    "cé",
    "leader",
    "every(leader)",
    "every(",
    "random(0)",
    "random(4294967295)",
    "slot(1)",
    "slot(0)",
    "slot(1-16777216)",
    "slot(4294967295)",
    "slot(1-100000000,1-100000000)",
    "slot(,)",
    "slot(2-1)",
    "n1,n1,n1",
    ",,,",
    "event.node",
    "minority",
    "quorum-minus-one",
    "next-leader",
    "1/2,n1",
    "safety",
    "pass",
    "none",
    "auto",
    "raft",
    "bracha",
    "epidemic",
    "register",
    "0..0",
    "0..1",
    "1..0",
    "0..9007199254740992",
    "0..18446744073709551615",
    "9007199254740993",
    "-0",
    "0x10",
    "1_000",
    "true",
    "{}",
    "[]",
    "\"",
];

/// Numbers at which something may end.
const NUMBERS: &[i128] = &[
    0,
    1,
    2,
    3,
    5,
    7,
    10,
    64,
    100,
    255,
    256,
    1_000,
    1_024,
    65_535,
    65_536,
    100_000,
    1_000_000,
    16_777_216,
    16_777_217,
    500_000_001,
    2_147_483_647,
    2_147_483_648,
    4_294_967_295,
    4_294_967_296,
    9_007_199_254_740_991,
    9_007_199_254_740_992,
    9_223_372_036_854_775_807,
    9_223_372_036_854_775_808,
    18_446_744_073_709_551_615,
    -1,
    -2,
    -9_223_372_036_854_775_808,
];

const FLOATS: &[f64] = &[0.0, -0.0, 0.5, 1.0, -1.0, 1e-300, 1e300, 1.797e308, 5e-324, 3.5];

fn leaf(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0..5 => Value::String((*dice.pick(TEXTS)).to_owned()),
        5..9 => number(*dice.pick(NUMBERS)),
        9 => Number::from_f64(*dice.pick(FLOATS)).map_or(Value::Null, Value::Number),
        10 => [Value::Null, Value::Bool(true), Value::Bool(false)][dice.below(3)].clone(),
        _ => match dice.below(4) {
            0 => Value::Array(Vec::new()),
            1 => Value::Object(Map::new()),
            2 => Value::String("x".repeat(1 << dice.below(13))),
            _ => nested(dice.below(200)),
        },
    }
}

fn number(number: i128) -> Value {
    u64::try_from(number)
        .map(Value::from)
        .or_else(|_| i64::try_from(number).map(Value::from))
        .unwrap_or(Value::Null)
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inside, _| Value::Array(vec![inside]))
}

/// How many values are in one, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(table) => table.values().map(count).sum(),
        _ => 0,
    }
}

/// The value of a number, in the order of the document.
fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(table) => table.values_mut().find_map(|item| nth(item, left)),
        _ => None,
    }
}

/// Changes a value in a few places.
pub(crate) fn values(value: &mut Value, other: &Value, dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        let all = count(value);
        let donor = if dice.below(4) == 0 { other.clone() } else { value.clone() };
        let (mut from, mut to) = (dice.below(count(&donor)), dice.below(all));
        let mut donor = donor;
        let taken = nth(&mut donor, &mut from).map_or(Value::Null, Value::take);
        let Some(at) = nth(value, &mut to) else { continue };
        change(at, taken, dice);
    }
}

fn change(at: &mut Value, taken: Value, dice: &mut Dice) {
    let what = dice.below(10);
    match (what, &mut *at) {
        (0..3, Value::Object(table)) if !table.is_empty() => {
            let keys: Vec<String> = table.keys().cloned().collect();
            let key = dice.pick(&keys).clone();
            match what {
                0 => drop(table.remove(&key)),
                1 => {
                    let inside = table.remove(&key).unwrap_or(Value::Null);
                    table.insert((*dice.pick(TEXTS)).to_owned(), inside);
                }
                _ => drop(table.insert(key, leaf(dice))),
            }
        }
        (0..3, Value::Array(items)) if !items.is_empty() => {
            let index = dice.below(items.len());
            match what {
                0 => drop(items.remove(index)),
                1 => {
                    let times = [2, 10, 300][dice.below(3)];
                    let again = vec![items[index].clone(); if count(&items[index]) > 40 { 2 } else { times }];
                    items.extend(again);
                }
                _ => items[index] = leaf(dice),
            }
        }
        (3, _) => *at = taken,
        (4, Value::Number(number)) => {
            let near = number.as_i64().unwrap_or(0);
            *at = near.checked_add(*dice.pick(&[1, -1, 1_000_000_000])).map_or(Value::Null, Value::from);
        }
        _ => *at = leaf(dice),
    }
}

/// Changes a text in a few places, anywhere.
pub(crate) fn text(whole: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        let at = dice.below(whole.len() + 1);
        match dice.below(9) {
            0 => whole.truncate(at),
            1 if at < whole.len() => whole[at] ^= 1 << dice.below(8),
            2 => drop(whole.splice(at..at, dice.pick(TEXTS).bytes())),
            3 => {
                let (from, length) = (dice.below(other.len()), dice.below(200));
                let piece = other[from..(from + length).min(other.len())].to_vec();
                drop(whole.splice(at..at, piece));
            }
            4 => {
                let end = (at + dice.below(60)).min(whole.len());
                drop(whole.drain(at..end));
            }
            _ => line(whole, dice),
        }
    }
}

/// Changes a line, or what stands behind an equals sign in it.
fn line(whole: &mut Vec<u8>, dice: &mut Dice) {
    let mut lines: Vec<Vec<u8>> = whole.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (index, other) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(6) {
        0 => drop(lines.remove(index)),
        1 => lines.swap(index, other),
        2 => {
            let again = lines[index].clone();
            lines.insert(other, again);
        }
        _ => {
            if let Some(equals) = lines[index].iter().position(|byte| matches!(byte, b'=' | b':')) {
                lines[index].truncate(equals + 1);
                let value = leaf(dice).to_string();
                lines[index].extend(value.bytes());
            }
        }
    }
    *whole = lines.join(&b'\n');
}
