//! Fuzzes everything that reads a file: scenarios, sweeps, capsules, states, records and histories.
//!
//! ```text
//! cargo run --release --example fuzz -- [INPUTS] [--seed N] [--from N] [--only scenario|resolved|sweep|...]
//! ```
//!
//! Inputs are valid files with a few changes; number i is a function of the seed and i (with INPUTS 1 it is written first). What goes wrong (a panic, or a broken
//! promise) is printed and written to `seedstorm-out/fuzz`. An input that hangs ends the program after half a minute. Limit the
//! memory with `ulimit -v`: what asks for more ends the program too, and `seedstorm-out/fuzz/at` has the number of its input.

#![allow(clippy::unwrap_used, reason = "a harness stops at the first surprise of its own")]
#![allow(unused_qualifications, reason = "the same modules stand in the tests")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a harness looks at the clock and at what it was asked for; no run sees it"
)]

#[path = "../tests/fuzz/corpus.rs"]
mod corpus;
#[path = "../tests/fuzz/drive.rs"]
mod drive;
#[path = "../tests/fuzz/mutate.rs"]
mod mutate;
#[path = "../tests/fuzz/targets.rs"]
mod targets;

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use targets::TARGETS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)
    };
    let number =
        |text: Option<&String>, otherwise| text.map_or(otherwise, |text| text.parse::<u64>().unwrap());
    let inputs = number(arguments.first().filter(|argument| !argument.starts_with('-')), 100_000);
    let (seed, from) = (number(after("--seed"), 1), number(after("--from"), 0));
    let only = after("--only").map(|name| {
        let named = TARGETS.iter().find(|target| format!("{target:?}").eq_ignore_ascii_case(name));
        *named.expect("a target")
    });
    seedstorm::scenarios::run::keep_quiet_about_panics_in_runs();
    let out = Path::new("seedstorm-out/fuzz");
    std::fs::create_dir_all(out).unwrap();
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
    let corpus = corpus::Corpus::new(folder.path());
    let started = Instant::now();
    let told = |driven: &drive::Driven| {
        if driven.inputs.is_multiple_of(10_000) {
            let rate = driven.inputs as f64 / started.elapsed().as_secs_f64();
            eprintln!("{} inputs · {rate:.0}/s · {} wrong", driven.inputs, driven.wrong.len());
        }
        driven.wrong.len() < 200
    };
    if inputs == 1 {
        let (target, input) = drive::made(&corpus, seed, from);
        std::fs::write(out.join(format!("{from}-{target:?}")), input).unwrap();
    }
    let mark = std::fs::File::create(out.join("at")).unwrap();
    let before = |number| mark.write_all_at(format!("{number:020}").as_bytes(), 0).unwrap();
    let driven = drive::drive(&corpus, seed, from..from + inputs, only, before, told);
    for wrong in &driven.wrong {
        let path = out.join(format!("{}-{:?}", wrong.number, wrong.target));
        std::fs::write(&path, &wrong.input).unwrap();
        println!("{} ({:?}): {}", wrong.number, wrong.target, wrong.why);
    }
    println!(
        "{} inputs in {:.0} s · {} taken · slowest {:?} (input {}) · peak memory {} MiB · {} wrong",
        driven.inputs,
        started.elapsed().as_secs_f64(),
        driven.taken,
        driven.slowest.1,
        driven.slowest.0,
        peak() >> 10,
        driven.wrong.len()
    );
    ExitCode::from(u8::from(!driven.wrong.is_empty()))
}

/// The most memory that this process had, in KiB; 0 where nobody says so.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
