//! What a compiler and its lints do not hold: the engine and the protocols reach for nothing of the machine.

use std::path::{Path, PathBuf};

/// The crates of which a run consists.
const CRATES: [&str; 2] = ["sim-core/src", "protocols"];

/// What code of a run must not name, and what it may all the same.
const MACHINE: [(&str, &[&str]); 9] = [
    ("std::fs", &[]),
    ("std::net", &[]),
    ("std::os", &[]),
    ("std::env", &[]),
    ("std::process", &[]),
    ("std::thread", &["std::thread::Result"]),
    ("std::sync::mpsc", &[]),
    ("std::time", &[]),
    ("thread_local!", &[]),
];

/// Functions of floats that are not the same bits on every machine; `sim_core::math` has its own.
const FLOATS: [&str; 23] = [
    "ln", "ln_1p", "log", "log2", "log10", "exp", "exp2", "exp_m1", "powi", "powf", "cbrt", "hypot", "sin",
    "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "mul_add",
];

/// Every Rust file in a folder and in those below it.
pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// What of the machine a line of code names.
fn named(line: &str) -> Option<String> {
    let code = line.split("//").next().unwrap_or_default();
    let grouped = code.split_once("use std::{").map_or("", |(_, names)| names);
    let machine = MACHINE.iter().find(|(name, allowed)| {
        let plain = allowed.iter().fold(code.to_owned(), |code, allowed| code.replace(allowed, ""));
        let short = name.trim_start_matches("std::");
        plain.contains(name) || grouped.split([',', ' ', '}', ':']).any(|word| word == short)
    });
    if let Some((name, _)) = machine {
        return Some((*name).to_owned());
    }
    // On a value, or by its path; a method of one's own takes no float, but is spared only by its receiver.
    let float = |name: &&&str| {
        let by_path = [format!("f64::{name}("), format!("f32::{name}(")];
        let on_a_value = format!(".{name}()");
        let with_one = matches!(**name, "powi" | "powf" | "hypot" | "atan2" | "mul_add");
        by_path.iter().any(|path| code.contains(path))
            || code.contains(&on_a_value)
            || (with_one && code.contains(&format!(".{name}(")))
    };
    FLOATS.iter().find(float).map(|name| format!("{name} of a float"))
}

#[test]
fn a_run_reaches_for_nothing_of_the_machine() {
    let mut wrong = Vec::new();
    for folder in CRATES {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
        assert!(files.len() > 50, "{folder} has more files than {}", files.len());
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a source is text");
            let lines = (1..).zip(text.lines());
            let named = lines.filter_map(|(number, line)| named(line).map(|name| (number, name)));
            wrong.extend(named.map(|(number, name)| format!("{}:{number}: {name}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "no run may know of these: {wrong:#?}");
}

#[test]
fn what_is_forbidden_is_found() {
    for line in [
        "use std::fs::File;",
        "use std::{fmt, fs::File};",
        "std::thread::Builder::new()",
        "let home = std::env::var_os(\"HOME\");",
        "let share = value.powi(2);",
        "f64::sin(angle)",
        "(x - y).exp()",
    ] {
        assert!(named(line).is_some(), "{line}");
    }
    for line in [
        "// std::fs is for others",
        "type Stepped = std::thread::Result<u32>;",
        "math::exp(x)",
        "self.log(3)",
    ] {
        assert_eq!(named(line), None, "{line}");
    }
}
