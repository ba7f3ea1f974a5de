//! Places that cannot be read from or written to: nothing is half-written.

use std::fs;
use std::path::Path;

use super::refused;
use crate::support::{folder, seedstorm};

#[test]
fn an_output_folder_that_cannot_be_one_is_refused_before_anything_is_run() {
    let folder = folder();
    fs::write(folder.path().join("file"), "x").unwrap();
    for (command, out) in [
        (&["run", "bracha-calm"][..], "file"),
        (&["explore", "bracha-calm"], "file"),
        (&["run", "bracha-calm"], "file/below"),
        (&["demo"], "file"),
        (&["sweep", "overhead-vs-n"], "file/below"),
        (&["reproduce", "raft"], "file"),
    ] {
        let complaint = refused(folder.path(), &[command, &["--out", out]].concat());
        for part in ["failed to write file", "is a file, not a folder", "nothing was run or written"] {
            assert!(complaint.contains(part), "{part}: {complaint}");
        }
    }
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"x");
}

#[test]
fn files_of_others_are_left_alone_and_never_replaced() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    assert_eq!(seedstorm(folder.path(), &["run", "bracha-calm", "--out", "out"]).code, 0);
    assert_eq!(fs::read(out.join("notes.txt")).unwrap(), b"mine");
    // Once more: what it wrote itself it may replace.
    assert_eq!(seedstorm(folder.path(), &["run", "bracha-calm", "--out", "out"]).code, 0);
    fs::write(out.join("scenario.json"), "{\"mine\": true}").unwrap();
    let complaint = refused(folder.path(), &["run", "bracha-calm", "--out", "out"]);
    assert!(complaint.contains("scenario.json is not a file of this program"), "{complaint}");
    assert_eq!(fs::read(out.join("scenario.json")).unwrap(), b"{\"mine\": true}");
    for (command, name) in [
        (&["demo"][..], "record.json"),
        (&["sweep", "overhead-vs-n"], "sweep.json"),
        (&["sweep", "overhead-vs-n", "--start-over"], "runs.jsonl"),
        (&["reproduce", "raft"], "reproduce.json"),
        (&["run", "bracha-calm"], "report.html"),
    ] {
        let out = folder.path().join(name).with_extension("");
        fs::create_dir_all(&out).unwrap();
        fs::write(out.join(name), "mine").unwrap();
        let complaint = refused(folder.path(), &[command, &["--out", &out.display().to_string()]].concat());
        assert!(complaint.contains("is not a file of this program"), "{complaint}");
        assert_eq!(
            (fs::read(out.join(name)).unwrap(), fs::read_dir(&out).unwrap().count()),
            (b"mine".to_vec(), 1)
        );
        fs::remove_dir_all(out).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_is_refused_before_anything_is_run() {
    let folder = folder();
    let complaint = refused(folder.path(), &["run", "bracha-calm", "--out", "/proc/seedstorm"]);
    assert!(complaint.contains("nothing was run or written"), "{complaint}");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_not_waited_for_and_a_shells_own_is_read() {
    let folder = folder();
    let made = std::process::Command::new("mkfifo").arg("pipe").current_dir(folder.path()).status();
    if made.is_ok_and(|status| status.success()) {
        for command in ["run", "replay", "report"] {
            assert!(refused(folder.path(), &[command, "./pipe"]).contains("named pipe"), "{command}");
        }
    }
    let text = scenarios::builtin::find("bracha-calm").unwrap().text;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_seedstorm"))
        .args(["validate", "/dev/stdin"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_never_ends_is_refused() {
    let folder = folder();
    for command in ["validate", "replay"] {
        assert!(refused(folder.path(), &[command, "/dev/zero"]).contains("more than"));
    }
    assert_eq!(seedstorm(folder.path(), &["run", "raft-calm", "--out", "/dev/full"]).code, 2);
}

/// Runs the program under a limit on the size of files, in blocks of a shell's `ulimit`; signals are ignored, so that
/// a write fails in its middle as on a full disk.
#[cfg(unix)]
fn limited(folder: &Path, blocks: u32, arguments: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_seedstorm");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {program} {arguments}");
    let output = std::process::Command::new("sh").args(["-c", &script]).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_nothing_half_written() {
    let folder = folder();
    let out = folder.path().join("out");
    for blocks in [0, 1, 4, 9] {
        let (code, complaint) = limited(folder.path(), blocks, "run raft-storm --out out");
        assert_eq!(code, Some(74), "{complaint}");
        assert!(complaint.contains("failed to write"), "{complaint}");
        for entry in fs::read_dir(&out).into_iter().flatten() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let whole = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert!(whole, "{} is half-written", path.display());
        }
    }
    let (code, complaint) = limited(folder.path(), 1_000_000, "run raft-storm --out out");
    assert_eq!(code, Some(0), "{complaint}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_printed_is_told() {
    let program = env!("CARGO_BIN_EXE_seedstorm");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = std::process::Command::new(program).args(["list"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(74), "nothing was wrong with the arguments");
    assert!(String::from_utf8(output.stderr).unwrap().contains("failed to write the result"));
}

#[test]
fn two_runs_in_one_folder_at_once_leave_whole_files() {
    let folder = folder();
    let run = |seed: &'static str| {
        let path = folder.path().to_owned();
        move || seedstorm(&path, &["run", "bracha-swarm", "--seed", seed, "--out", "out"]).code
    };
    std::thread::scope(|scope| {
        let runs = ["1", "1", "2", "2"].map(|seed| scope.spawn(run(seed)));
        assert_eq!(runs.map(|run| run.join().unwrap()), [0; 4]);
    });
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder.path().join("out")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).unwrap();
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    assert!(names.iter().any(|name| name == "seed-1.capsule.json"), "{names:?}");
    assert!(names.iter().all(|name| !name.ends_with(".part")), "{names:?}");
    for seed in ["1", "2"] {
        let capsule = format!("out/seed-{seed}.capsule.json");
        assert_eq!(seedstorm(folder.path(), &["replay", &capsule]).code, 0);
    }
}

/// Editors of some systems begin a text with a byte order mark: every reader takes it, and text in UTF-16 is told as what it is.
#[test]
fn files_with_a_byte_order_mark_are_read() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let marked = |name: &str, text: &[u8]| fs::write(path(name), [b"\xef\xbb\xbf", text].concat()).unwrap();
    let calm = scenarios::builtin::find("raft-calm").unwrap().text;
    marked("calm.toml", calm.as_bytes());
    let short = ["--set", "cluster.duration=1s", "--set", "checks.at_least={}"];
    let run = [&["run", "calm.toml", "--out", "o", "--history", "h.jsonl"][..], &short].concat();
    assert_eq!(seedstorm(folder.path(), &run).code, 0);
    let edn = [&["run", "calm.toml", "--history", "h.edn"][..], &short].concat();
    assert_eq!(seedstorm(folder.path(), &edn).code, 0);
    for (name, arguments) in [
        ("o/scenario.json", &["validate", "o/scenario.json"][..]),
        ("o/seed-0.capsule.json", &["replay", "o/seed-0.capsule.json"]),
        ("o/record.json", &["report", "o"]),
        ("h.jsonl", &["check", "h.jsonl", "--model", "cas-register"]),
        ("h.edn", &["check", "h.edn", "--model", "cas-register"]),
    ] {
        let text = fs::read(path(name)).unwrap();
        marked(name, &text);
        let said = seedstorm(folder.path(), arguments);
        assert_eq!(said.code, 0, "{name}: {}{}", said.out, said.err);
    }
    let wide: Vec<u8> = calm.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(path("wide.toml"), [b"\xff\xfe", &wide[..]].concat()).unwrap();
    assert!(refused(folder.path(), &["validate", "wide.toml"]).contains("UTF-16"));
}
