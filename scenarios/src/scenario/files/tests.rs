//! Scenarios beside files of data: what was read from them has the right values, and what is wrong is shown in its line.

use std::fs;
use std::path::PathBuf;

use sim_core::registry::Launch;
use sim_core::time::{Duration, Time};

use crate::document::Format;
use crate::plan::compile;
use crate::problem::Problems;
use crate::run::run;
use crate::scenario::{Loaded, load, reload};
use crate::source::Source;
use crate::testing::{LEAST, real, registry};

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            fs::write(folder.path(name), text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, text: &str) -> Result<Loaded, Problems> {
        let name = self.path("scenario.toml").display().to_string();
        load(&registry(), Source { name, text: text.to_owned() }, Format::Toml, &[])
    }

    fn complaint(&self, more: &str) -> String {
        let loaded = self.load(&format!("{LEAST}{more}\n"));
        loaded.map_or_else(|problems| problems.render(false), |_| String::new())
    }
}

#[test]
fn every_row_of_a_table_of_outages_is_a_fault() {
    // 275 outages: each node in turn is down for 3 ms, every 7 ms.
    let mut table = "# who, from, to\nwho,from,to\n".to_owned();
    for turn in 0..275 {
        table += &format!("n{},{}ms,{}ms\n", turn % 4 + 1, 7 * turn, 7 * turn + 3);
    }
    let folder = Folder::with(&[("outages.csv", &table)]);
    let loaded = folder.load(&format!("{LEAST}[[outages]]\nfile = \"outages.csv\"\n")).unwrap();
    let faults = compile(&loaded, 1, &[]).setup.faults.entries;
    assert_eq!(faults.len(), 275);
    assert!(
        faults
            .iter()
            .all(|fault| fault.what.key() == "crash" && fault.lasts == Some(Duration::from_millis(3)))
    );
    let last = &faults[274];
    assert_eq!(last.at, sim_core::fault::Moment::At(Time::from_nanos(7 * 274 * 1_000_000)));
    assert_eq!(last.what.target().unwrap().to_string(), "n3");
    // The data is part of the scenario: another table is another hash, and a capsule needs no file.
    let other = Folder::with(&[("outages.csv", &table.replacen("0ms,3ms", "0ms,4ms", 1))]);
    let other = other.load(&format!("{LEAST}[[outages]]\nfile = \"outages.csv\"\n")).unwrap();
    assert_ne!(loaded.hash, other.hash);
    assert_eq!(reload(&registry(), "again", &loaded.resolved).unwrap().hash, loaded.hash);
}

#[test]
fn what_is_wrong_with_outages_is_shown_in_their_line() {
    let all = "[[outages]]\nfile = \"outages.csv\"\n";
    for (table, more, expected) in [
        ("n1,1s,2s", all, ""),
        ("2,0.5,1.5", all, ""),
        ("n1,1s,", "[[outages]]\nfile = \"outages.csv\"\nfault = \"pause\"\n", ""),
        (
            "n1;1s;1500ms",
            "[[outages]]\nfile = \"outages.csv\"\nfault = \"partition\"\nover_budget = true\n",
            "",
        ),
        ("n1,1s", all, "expected three cells (who, from, to), found 2"),
        ("n1,soon,2s", all, "\"soon\" is no time"),
        ("n1,2s,1s", all, "this outage ends before it begins"),
        ("n9,1s,2s", all, "unknown target \"n9\""),
        ("n1,100ms,900ms\nn1,500ms,1s", all, "overlap at slot 1"),
        ("n1,1s,2s", "[[outages]]\nfile = \"outages.csv\"\nfault = \"crush\"\n", "did you mean \"crash\"?"),
        ("n1,1s,2s", "[[outages]]\nfile = \"outages.csv\"\nfaults = \"crash\"\n", "did you mean \"fault\"?"),
        ("n1,1s,2s", "[[outages]]\nfile = \"outage.csv\"\n", "failed to read"),
        ("n1,1s,2s", "[[outages]]\nfile = \"../outages.csv\"\n", "does not stay in the scenario's folder"),
        ("n1,1s,2s", "[[outages]]\nfile = \"/dev/zero\"\n", "does not stay in the scenario's folder"),
        ("n1,1s,2s", "[[outages]]\nfault = \"crash\"\n", "missing key \"file\""),
        ("n1,1s,2s", "outages = 7\n", "expected a table"),
    ] {
        let folder = Folder::with(&[("outages.csv", table)]);
        // What stands at the top comes before every table.
        let text =
            if more.starts_with("outages") { format!("{more}{LEAST}") } else { format!("{LEAST}{more}") };
        let found = folder.load(&text).map_or_else(|problems| problems.render(false), |_| String::new());
        assert_eq!(found.is_empty(), expected.is_empty(), "{table}: {found}");
        assert!(found.contains(expected), "{table}: {found}");
    }
    let folder = Folder::with(&[("outages.csv", "who,from,to\nn1,1s,2s\nn9,1s,2s\n")]);
    let found = folder.complaint(all);
    assert!(found.contains("outages.csv:3:1"), "{found}");
    // Each cell has its own column.
    for (table, place) in [
        ("n1,soon,2s", "outages.csv:1:4"),
        ("n1, 1s,  later", "outages.csv:1:10"),
        ("n1,2s,1s", "outages.csv:1:7"),
        ("n1,100ms,900ms\nn1,500ms,1s", "outages.csv:2:"),
    ] {
        let found = Folder::with(&[("outages.csv", table)]).complaint(all);
        assert!(found.contains(place), "{table}: {found}");
    }
}

#[test]
fn a_histogram_with_empty_buckets_draws_nothing_from_them() {
    // As Prometheus shows it: 900 up to 1 ms, none up to 8 ms, 99 up to 16 ms, one beyond.
    let prometheus = "# TYPE fsync_seconds histogram\nfsync_seconds_bucket{disk=\"a\",le=\"0.0005\"} 0\n\
        fsync_seconds_bucket{disk=\"a\",le=\"0.001\"} 900\nfsync_seconds_bucket{disk=\"a\",le=\"0.002\"} 900\n\
        fsync_seconds_bucket{disk=\"a\",le=\"0.004\"} 900\nfsync_seconds_bucket{disk=\"a\",le=\"0.008\"} 900\n\
        fsync_seconds_bucket{disk=\"a\",le=\"0.016\"} 999\nfsync_seconds_bucket{disk=\"a\",le=\"+Inf\"} 1000\n\
        fsync_seconds_sum 7.5\nfsync_seconds_count 1000\n";
    let table = "le,count\n500us,0\n1ms,900\n2ms,900\n4ms,900\n8ms,900\n16ms,999\n+Inf,1000\n";
    let folder = Folder::with(&[("fsync.prom", prometheus), ("fsync.csv", table)]);
    let load = |file: &str| {
        let text = format!("{LEAST}[disk]\nsync = {{ empirical = {{ file = \"{file}\" }} }}\n");
        folder.load(&text).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let (one, two) = (load("fsync.prom"), load("fsync.csv"));
    assert_eq!(one.hash, two.hash);
    let sampler = one.scenario.disk.sync.compile();
    let (mut fast, mut slow) = (0, 0);
    for step in 0..100_000_u64 {
        let word = step * (u64::MAX / 100_000);
        let keyed = sim_core::random::Keyed::new(1, sim_core::random::Purpose::Disk);
        let drawn = sampler.sample(word, &mut sim_core::random::Draw::new(keyed, step, 0));
        let micros = drawn.as_nanos() / 1_000;
        assert!((500..=1_000).contains(&micros) || (7_999..=16_000).contains(&micros), "{micros} us");
        if micros <= 1_000 { fast += 1 } else { slow += 1 }
    }
    assert!((fast - 90_000_i32).abs() < 100 && (slow - 10_000_i32).abs() < 100, "{fast} {slow}");
    assert_eq!(reload(&registry(), "again", &one.resolved).unwrap().hash, one.hash);
}

#[test]
fn what_is_wrong_with_a_histogram_is_told() {
    for (table, expected) in [
        ("value,count\n1ms,3\n10ms,1", ""),
        ("le,count\n1ms,3\n2ms,1", "counts are cumulative"),
        ("le,count\n1ms,0", "this histogram is empty"),
        ("le,count\n1 parsec,3", "is no duration"),
        ("le,count\n1ms,many", "is no number"),
        ("1ms,3", "expected the head le,count"),
        ("x_bucket{lee=\"1\"} 3", "this bucket has no le"),
    ] {
        let folder = Folder::with(&[("fsync.csv", table)]);
        let found = folder.complaint("[disk]\nsync = { empirical = { file = \"fsync.csv\" } }");
        assert_eq!(found.is_empty(), expected.is_empty(), "{table}: {found}");
        assert!(found.contains(expected), "{table}: {found}");
    }
}

#[test]
fn edges_come_from_tables_and_from_graphml() {
    let graphml = "<?xml version=\"1.0\"?>\n<graphml>\n<graph edgedefault=\"undirected\">\n<node id=\"Oslo\"/>\n<node id=\"Bern\"/>\n\
        <node id=\"Rome\"/><node id=\"Kyiv\"/>\n<edge source=\"Oslo\" target=\"Bern\"/>\n<edge id=\"e\" source=\"Bern\" target=\"Rome\"></edge>\n\
        <edge source=\"Rome\" target=\"Kyiv\"/>\n</graph></graphml>\n";
    let folder = Folder::with(&[
        ("a.csv", "from,to\nn1,n2\n2,3\n3,4\n"),
        ("b.graphml", graphml),
        ("c.csv", "Oslo,Bern,9\nBern,Rome,8\nRome,Kyiv,7\n"),
        ("d.csv", "1,2\n9\n"),
    ]);
    let of = |file: &str| {
        folder.load(&format!("{LEAST}[network]\ntopology = {{ edges = {{ file = \"{file}\" }} }}\n"))
    };
    let hashes = ["a.csv", "b.graphml", "c.csv"]
        .map(|file| of(file).unwrap_or_else(|problems| panic!("{problems}")).hash);
    assert!(hashes[0] == hashes[1] && hashes[1] == hashes[2], "{hashes:?}");
    assert!(of("d.csv").unwrap_err().render(false).contains("expected two cells"));
}

/// 1,740 hosts, as many as the King data set has, at random places on a plane.
fn plane(hosts: u64) -> String {
    let place =
        |host: u64| (sim_core::random::mix64(host) % 1_000, sim_core::random::mix64(host ^ 7) % 1_000);
    let mut text = String::new();
    for a in 0..hosts {
        for b in 0..hosts {
            let ((ax, ay), (bx, by)) = (place(a), place(b));
            let away = ax.abs_diff(bx) + ay.abs_diff(by);
            let comma = if b == 0 { "" } else { "," };
            text += &format!("{comma}{}.{:02}", away / 20, away * 5 % 100);
        }
        text.push('\n');
    }
    text
}

#[test]
fn a_matrix_of_1740_hosts_is_read_shared_and_carried_by_a_capsule() {
    let folder = Folder::with(&[("hosts.csv", &plane(1_740))]);
    let text = "schema = \"seedstorm.scenario/1\"\ntitle = \"hosts\"\n[cluster]\nprotocol = \"epidemic\"\nnodes = 1740\nduration = \"5s\"\n\
        [checks]\nprogress = \"none\"\n[network]\nhosts = { latency = { file = \"hosts.csv\" } }\n";
    let mut registry = real();
    registry.register(protocols::gossip::epidemic::entry::ENTRY);
    let name = folder.path("scenario.toml").display().to_string();
    let loaded = load(&registry, Source { name, text: text.to_owned() }, Format::Toml, &[]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    let plan = compile(&loaded, 1, &[]);
    let hosts = plan.setup.network.hosts.as_ref().unwrap();
    assert_eq!(hosts.latency.hosts(), 1_740);
    let place =
        |host: u64| (sim_core::random::mix64(host) % 1_000, sim_core::random::mix64(host ^ 7) % 1_000);
    for (a, b) in [(0_u64, 1_u64), (17, 1_739), (1_000, 3), (5, 5)] {
        let ((ax, ay), (bx, by)) = (place(a), place(b));
        let micros = (ax.abs_diff(bx) + ay.abs_diff(by)) * 50;
        assert_eq!(hosts.latency.between(a as usize, b as usize), Duration::from_micros(micros));
    }
    let outcome = run(&plan, &Launch::default()).unwrap();
    assert!(outcome.messages.delivered > 1_000, "{:?}", outcome.messages);
    let again = reload(&registry, "again", &loaded.resolved).unwrap();
    assert_eq!(again.hash, loaded.hash);
    assert_eq!(run(&compile(&again, 1, &[]), &Launch::default()).unwrap().digest, outcome.digest);
}

#[test]
fn bandwidth_by_host_comes_from_a_table() {
    let named = "[network]\nbandwidth = { file = \"lines.csv\" }";
    let in_megabits = "[network]\nbandwidth = { file = \"lines.csv\", unit = \"Mbit/s\" }";
    let folder = Folder::with(&[("lines.csv", "host,rate\na,100\nb,0.5\n")]);
    let loaded = folder.load(&format!("{LEAST}{in_megabits}\n")).unwrap();
    assert_eq!(loaded.resolved["network"]["bandwidth"], serde_json::json!({ "hosts": [12_500_000, 62_500] }));
    for (table, more, expected) in [
        ("1000\n2000", named, ""),
        ("1000\n0", named, "\"0\" is no bandwidth"),
        ("a,1000\nb,fast", named, "\"fast\" is no bandwidth"),
        ("", named, "expected 1 to 100000 hosts, found 0"),
        ("1000", &named.replace("file =", "file = \"lines.csv\", unti ="), "did you mean \"unit\"?"),
        ("1000", &in_megabits.replace("Mbit", "mbit"), "did you mean \"Mbit/s\"?"),
    ] {
        let folder = Folder::with(&[("lines.csv", table)]);
        let found = folder.complaint(more);
        assert_eq!(found.is_empty(), expected.is_empty(), "{table}: {found}");
        assert!(found.contains(expected), "{table}: {found}");
    }
}

#[test]
fn what_is_wrong_with_a_matrix_is_told() {
    let hosts = "[network]\nhosts = { latency = { file = \"hosts.csv\" } }";
    for (table, more, expected) in [
        ("0,1.5\n1.5,0", hosts, ""),
        ("a,b\n0,1.5\n1.5,0", hosts, ""),
        (
            "0,1500\n1500,0",
            "[network]\nhosts = { latency = { file = \"hosts.csv\", unit = \"us\" }, jitter = \"1ms\" }",
            "",
        ),
        (
            "0,1.5\n1.5,0",
            "[network]\nhosts = { latency = { file = \"hosts.csv\", unit = \"sm\" } }",
            "unknown unit \"sm\"",
        ),
        ("0,1\n1", hosts, "a row of 1 numbers, expected 2"),
        ("0,1\n1,x", hosts, "\"x\" is no latency"),
        ("0,1\n-1,0", hosts, "\"-1\" is no latency"),
        ("0,1", hosts, "expected a square, found 1 rows of 2 numbers"),
        (
            "0",
            "[network]\nhosts = { latency = { file = \"hosts.csv\" }, jiter = \"1ms\" }",
            "did you mean \"jitter\"?",
        ),
    ] {
        let folder = Folder::with(&[("hosts.csv", table)]);
        let found = folder.complaint(more);
        assert_eq!(found.is_empty(), expected.is_empty(), "{table}: {found}");
        assert!(found.contains(expected), "{table}: {found}");
    }
}

#[test]
fn what_is_read_is_bounded() {
    let folder = Folder::with(&[("outages.csv", "n1,1s,2s\n")]);
    let large = fs::File::create(folder.path("large.csv")).unwrap();
    large.set_len(super::MOST_BYTES + 1).unwrap();
    let found = folder.complaint("[[outages]]\nfile = \"large.csv\"");
    assert!(found.contains("large.csv is too large") && found.contains("scenario.toml:"), "{found}");
    // All files of a scenario share the bound.
    large.set_len(super::MOST_BYTES - 5).unwrap();
    let twice = "[[outages]]\nfile = \"outages.csv\"\n[[outages]]\nfile = \"large.csv\"\n";
    assert!(folder.complaint(twice).contains("large.csv is too large"));
    // Little text can become much scenario.
    let table: String = (0..200_000).map(|index| format!("1,{}\n", index % 3 + 2)).collect();
    let folder = Folder::with(&[("edges.csv", &table.repeat(4))]);
    let found = folder.complaint("[network]\ntopology = { edges = { file = \"edges.csv\" } }");
    assert!(found.contains("with its data, the scenario has"), "{found}");
}

#[test]
fn data_that_is_compiled_in_needs_no_file() {
    let folder = Folder::with(&[]);
    let with =
        |name: &str| folder.complaint(&format!("[disk]\nsync = {{ empirical = {{ file = \"{name}\" }} }}"));
    assert_eq!(with("builtin:fsync.prom"), "");
    assert!(with("builtin:fsnyc.prom").contains("did you mean \"fsync.prom\"?"));
    // What is wrong with such data shows its own place.
    assert!(with("builtin:outages.csv").contains("--> builtin:outages.csv:1:1"));
}
