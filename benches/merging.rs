//! What it takes to make, merge and draw a large sweep, beside its runs.
//!
//!     cargo bench --bench merging                          # 100 shards of 1,000 runs
//!     cargo bench --bench merging -- 100 10000             # 100 shards of 10,000 runs: 10^6
//!     cargo bench --bench merging -- 1000 10000            # 1,000 shards of 10,000 runs: 10^7
//!     cargo bench --bench merging -- 100 10000 PROGRAM     # of another build
//!
//! **Merging, tabulating and drawing** are measured of the program itself: seconds, seconds of processors, and the most memory that it had
//! at any time, as Linux tells it. One run is made, all others are its row with other numbers: what is measured is what
//! becomes of rows. Files are made where temporary files are, and all of them are brought to the disk: `TMPDIR=/dev/shm` leaves the disk
//! out.
//!
//! **What a sweep takes beside its runs** is measured in this process, in seconds of processors: a sweep with its files of runs and its
//! table, with one thread, against the same runs alone.

#![expect(clippy::disallowed_types, reason = "a benchmark reads the wall clock")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use scenarios::artefact::lock;
use scenarios::campaign::{Campaign, Sweeping, Text, seal};
use scenarios::document::Source;
use scenarios::parallel::{Hooks, Threads};
use scenarios::plan::compile;
use scenarios::run::run;
use scenarios::shard::Shard;
use scenarios::sweep::{Draft, Row, Seeds, Sweep, SweepOptions, Tabulated, sweep as sweep_in};
use seedstorm::prelude::Launch;
use seedstorm::scenarios;
use sim_core::digest::{Digest, RunDigest};
use sim_core::ordered::OrderedMap;
use sim_core::random::mix64;

/// Points of the sweep, each with a share of the runs.
const POINTS: u64 = 10;

fn main() {
    // As the program does.
    seedstorm::memory::keep();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number =
        |place: usize, usual: u64| words.get(place).map_or(usual, |word| word.parse().expect("a number"));
    let (shards, each) = (number(0, 100) as u32, number(1, 1_000));
    let program = words.get(2).map_or(env!("CARGO_BIN_EXE_seedstorm"), String::as_str);
    let folder = tempfile::tempdir().expect("a folder");
    overhead("overhead-vs-n", 20);
    overhead("agents-per-limit", 20);
    let runs = u64::from(shards) * each;
    let (sweep, campaign) = sweep(runs / POINTS);
    assert_eq!(sweep.runs(), runs, "runs are shared evenly by {POINTS} points");
    let template = template(program, folder.path(), &campaign);
    let build = build(program);
    let watch = Instant::now();
    let mut bytes = 0;
    for shard in Shard::all(shards) {
        bytes += write_shard(&sweep, &campaign, &build, shard, &template, folder.path());
    }
    println!(
        "{runs} runs in {shards} shards, {} MB, written in {:.1} s",
        bytes >> 20,
        watch.elapsed().as_secs_f64()
    );
    let merged = folder.path().join("merged").display().to_string();
    let shards = folder.path().join("shards").display().to_string();
    measure("merge", program, &["merge", &shards, "--out", &merged, "--quiet"]);
    fs::remove_dir_all(shards).expect("they are there");
    let many = folder.path().join("many.toml").display().to_string();
    measure("all tables again", program, &["sweep", &many, "--resume", "--out", &merged, "--quiet"]);
    measure("report", program, &["report", &merged, "--quiet"]);
}

/// How much more a sweep takes than its runs. Both are made in turns, and the least of each counts: whatever else the machine does
/// only adds.
fn overhead(name: &str, seeds: u64) {
    let mut draft = Draft::parse(scenarios::sweep::find(name).expect("it is built in")).expect("it is sound");
    draft.set_seeds(Seeds(0..seeds));
    let source = |name: &str| (name.to_owned(), scenarios::builtin::find(name).expect("it is built in"));
    let sources: OrderedMap<String, Source> = draft.scenarios().map(source).collect();
    let sweep = draft.build(&seedstorm::registry(), &sources).expect("it is sound");
    let (mut alone, mut whole) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        alone = alone.min(processor_time(|| {
            for point in &sweep.points {
                for seed in sweep.seeds() {
                    let plan = compile(&point.loaded, seed, &sweep.base(point).plants);
                    black_box(run(&plan, &Launch::default()).expect("it can be run"));
                }
            }
        }));
        let folder = tempfile::tempdir().expect("a folder");
        whole = whole.min(processor_time(|| {
            let held = lock(folder.path()).expect("nobody else is there");
            let options =
                SweepOptions { jobs: Some(1), build: "bench".to_owned(), ..SweepOptions::default() };
            let made = sweep_in(&sweep, &held, &options, Hooks::NONE).expect("it runs").made;
            let threads = Threads::start(Some(1)).expect("a thread");
            let rows = Tabulated::read(&sweep, folder.path(), "bench", made, &threads).expect("its runs");
            rows.write_runs_csv(&folder.path().join("runs.csv"), &threads).expect("room");
        }));
    }
    let share = (whole / alone - 1.0) * 100.0;
    let each = (whole - alone) / sweep.runs() as f64 * 1e6;
    println!(
        "{name}, {} runs: {alone:.2} s of processors alone, {whole:.2} s as a sweep: {share:.1} % more, {each:.0} us a run",
        sweep.runs()
    );
}

/// How long all threads of this process were at work.
fn processor_time(work: impl FnOnce()) -> f64 {
    let start = ProcessTime::now();
    work();
    start.elapsed().as_secs_f64()
}

fn sweep(seeds: u64) -> (Sweep, Campaign) {
    let points: Vec<String> = (0..POINTS).map(|point| format!("\"{}ms\"", 10 + point)).collect();
    let text = format!(
        "schema = \"seedstorm.sweep/1\"\ntitle = \"Many runs\"\nseeds = \"0..{seeds}\"\n[grid]\n\"network.latency\" = [{}]\n\
         [[base]]\nlabel = \"Raft\"\nscenario = \"raft-calm\"\nper = \"operations.succeeded\"\n[base.set]\n\
         \"cluster.duration\" = \"2s\"\n\"checks.progress\" = \"none\"\n",
        points.join(", ")
    );
    let source = Source { name: "many.toml".to_owned(), text };
    let scenario = scenarios::builtin::find("raft-calm").expect("it is built in");
    let sources = OrderedMap::from([("raft-calm".to_owned(), scenario)]);
    let sweep = Draft::parse(source.clone()).and_then(|draft| draft.build(&seedstorm::registry(), &sources));
    let sweep = sweep.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let campaign = Sweeping {
        sweep: Text::of(&source),
        seeds: Seeds(sweep.seeds()),
        scenarios: sources.iter().map(|(name, source)| (name.clone(), Text::of(source))).collect(),
        sweep_hash: sweep.hash.clone(),
    };
    (sweep, Campaign::Sweep(Box::new(campaign)))
}

/// The row of one real run.
fn template(program: &str, folder: &Path, campaign: &Campaign) -> Row {
    let Campaign::Sweep(sweeping) = campaign else { unreachable!("it is a sweep") };
    fs::write(folder.join("many.toml"), &sweeping.sweep.text).expect("the folder is there");
    let one = ["sweep", "many.toml", "--seeds", "0..1", "--out", "one", "--quiet"];
    let mut command = Command::new(fs::canonicalize(program).expect("it is there"));
    command.current_dir(folder).args(one).output().expect("it starts");
    let text = fs::read_to_string(folder.join("one/runs.jsonl")).expect("it was written");
    serde_json::from_str(text.lines().nth(1).expect("a run")).expect("a row")
}

/// The name of a build, as the program itself tells it in its seals.
fn build(program: &str) -> String {
    let mut digest = Digest::new();
    digest.bytes(&fs::read(program).expect("it is there"));
    format!("{}-{:016x}", env!("CARGO_PKG_VERSION"), digest.short())
}

fn write_shard(
    sweep: &Sweep,
    campaign: &Campaign,
    build: &str,
    shard: Shard,
    template: &Row,
    folder: &Path,
) -> u64 {
    let folder = folder.join("shards").join(shard.folder_name());
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("runs.jsonl");
    let mut file = BufWriter::new(File::create(&path).expect("a file"));
    let (runs, hash, engine) = (shard.count(sweep.runs()), &sweep.hash, scenarios::ENGINE);
    let header = format!(
        "{{\"schema\":\"seedstorm.sweep-runs/1\",\"engine\":{engine},\"build\":\"{build}\",\"sweep_hash\":\"{hash}\",\
         \"runs\":{runs},\"shard\":\"{shard}\"}}\n"
    );
    file.write_all(header.as_bytes()).expect("room");
    let (mut row, per_point) = (template.clone(), sweep.seeds().end);
    for own in 0..runs {
        let number = shard.number(own);
        let dice = mix64(number);
        row.point = (number / per_point) as usize;
        row.at = sweep.points[row.point].at.iter().cloned().collect();
        row.seed = number % per_point;
        row.digest = RunDigest(u128::from(dice));
        for (count, size) in [
            (&mut row.messages, 5_000),
            (&mut row.bytes, 900_000),
            (&mut row.events, 20_000),
            (&mut row.delivered, 5_000),
        ] {
            *count = size + dice % size;
        }
        for metric in row.metrics.values_mut() {
            let rank = |place| 1_000_000 * (1 + place) + mix64(dice + place) % 50_000_000;
            [metric.p50, metric.p90, metric.p99, metric.max] = [0, 1, 2, 3].map(rank);
            metric.mean = (dice % 1_000_000_007) as f64 / 7.0;
        }
        serde_json::to_writer(&mut file, &row).expect("room");
        file.write_all(b"\n").expect("room");
    }
    file.into_inner().expect("room").sync_all().expect("room");
    seal(&folder, build, shard, campaign, &["runs.jsonl".to_owned()]).expect("a seal");
    fs::metadata(path).expect("it is there").len()
}

/// Runs the program and prints what it took: seconds, those of the processors, and memory.
fn measure(what: &str, program: &str, words: &[&str]) {
    let watch = Instant::now();
    let mut child = Command::new(program).args(words).stdout(Stdio::null()).spawn().expect("it starts");
    let (mut most, mut worked) = (0, 0.0);
    let status = loop {
        most = most.max(memory(&child));
        worked = processor_seconds(&child).max(worked);
        match child.try_wait().expect("it is ours") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let seconds = watch.elapsed().as_secs_f64();
    println!("{what}: {seconds:.1} s, {worked:.1} s of processors, {} MB at most, {status}", most >> 10);
}

/// The most memory that a process had so far, in KiB; 0 where the system does not tell.
fn memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// How long a process kept processors busy, its threads and the system for it; 0 where the system does not tell.
fn processor_seconds(child: &Child) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    // Behind the name, which is in brackets, the 12th and 13th words are hundredths of seconds.
    let words = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    words.map(|word| word.parse().unwrap_or(0.0)).sum::<f64>() / 100.0
}
