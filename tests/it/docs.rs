//! The documents say what is so: paths exist, links lead somewhere, commands are accepted, examples load.

mod library;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seedstorm::prelude::Source;
use seedstorm::scenarios::reproduce::Comparison;
use seedstorm::scenarios::{ENGINE, builtin};
use sim_core::ordered::OrderedSet;

use crate::support::{folder, seedstorm};

/// Where the repository is.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Documents for people at the top; those in folders are found.
const TOP: [&str; 4] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The markdown files of a folder, in order, as paths from the root.
fn documents_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("the folder exists");
    let names = entries.map(|entry| entry.expect("it can be read").file_name());
    let names = names.map(|name| name.into_string().expect("names are plain"));
    let mut paths: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")).collect();
    paths.sort();
    paths
}

fn all_documents() -> Vec<String> {
    let folders = ["docs", "docs/guide", "docs/design"];
    TOP.iter().map(ToString::to_string).chain(folders.into_iter().flat_map(documents_in)).collect()
}

/// What stands between single backticks on each line outside of code blocks.
fn code_words(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let plain = text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    plain.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// The lines of every code block in a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, Vec<&str>)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(found)) => open = Some((found == language, Vec::new())),
            (None, None) => {}
            (Some((_, lines)), None) => lines.push(line),
            (Some((wanted, lines)), Some(_)) => {
                if *wanted {
                    blocks.push(std::mem::take(lines));
                }
                open = None;
            }
        }
    }
    blocks
}

/// The targets of the links and pictures in a text, without those to the web.
fn links(text: &str) -> Vec<&str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let targets = ends.filter(|target| !target.starts_with("http") && !target.starts_with('#'));
    targets.map(|target| target.split('#').next().unwrap_or(target)).collect()
}

/// Every command line in the shell blocks of a document.
fn commands(document: &str) -> Vec<String> {
    let text = read(document);
    let lines = blocks(&text, "sh").concat();
    let commands = lines.into_iter().map(|line| line.split('#').next().unwrap_or(line).trim());
    commands.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The arguments of a command of this program, if the line is one.
fn own_arguments(line: &str) -> Option<Vec<&str>> {
    let rest = line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("seedstorm "))?;
    Some(rest.split_whitespace().collect())
}

#[test]
fn the_map_names_paths_that_exist() {
    let text = read("docs/ARCHITECTURE.md");
    let is_path = |word: &&str| word.contains('/') || word.ends_with(".toml");
    let words: Vec<&str> = code_words(&text).into_iter().filter(is_path).collect();
    assert!(words.len() > 40, "the map names {} paths only", words.len());
    let missing: Vec<&str> = words.into_iter().filter(|word| !Path::new(ROOT).join(word).exists()).collect();
    assert_eq!(missing, [""; 0], "docs/ARCHITECTURE.md names what does not exist");
}

#[test]
fn design_records_name_files_that_exist() {
    for document in documents_in("docs/design") {
        let text = read(&document);
        for word in code_words(&text) {
            let found = [ROOT.to_owned(), format!("{ROOT}/sim-core/src")]
                .iter()
                .any(|root| Path::new(root).join(word).exists());
            assert!(found || !word.ends_with(".rs"), "{document} names {word}");
        }
    }
}

#[test]
fn design_records_are_numbered_and_complete() {
    let documents = documents_in("docs/design");
    let number = |document: &str| {
        document["docs/design/".len()..].split_once('-').map(|(digits, _)| digits.to_owned())
    };
    for pair in documents.windows(2) {
        assert!(number(&pair[0]) < number(&pair[1]), "{} and {} have one number", pair[0], pair[1]);
    }
    for document in &documents {
        let digits = number(document).filter(|digits| digits.len() == 4 && digits.parse::<u32>().is_ok());
        assert!(digits.is_some(), "{document} should begin with four digits");
        let text = read(document);
        for heading in ["## Context", "## Choice", "## Rejected", "## Consequence"] {
            assert!(text.lines().any(|line| line == heading), "{document} has no {heading}");
        }
    }
}

#[test]
fn links_lead_somewhere() {
    for document in all_documents() {
        let folder = PathBuf::from(ROOT).join(&document).parent().unwrap().to_owned();
        let text = read(&document);
        for target in links(&text) {
            assert!(folder.join(target).exists(), "{document} links to {target}");
        }
    }
}

/// The program itself judges the arguments: `--help` is only printed if all that stands before it is accepted.
fn accepted(arguments: &[&str]) -> bool {
    let program = env!("CARGO_BIN_EXE_seedstorm");
    let output = Command::new(program).args(arguments).arg("--help").output();
    output.expect("the program starts").status.success()
}

#[test]
fn the_program_accepts_every_command_in_the_documents() {
    assert!(!accepted(&["run", "--no-such-flag"]), "the test itself must be able to fail");
    let mut seen = 0;
    for document in all_documents() {
        for line in commands(&document) {
            let Some(arguments) = own_arguments(&line) else { continue };
            assert!(accepted(&arguments), "{document}: {line}");
            seen += 1;
        }
    }
    assert!(seen >= 5, "only {seen} commands found");
}

#[test]
fn scenarios_and_plants_in_commands_exist() {
    let registry = seedstorm::registry();
    let plants: Vec<&str> = registry
        .iter()
        .flat_map(|entry| entry.info().plants)
        .flat_map(|plant| [plant.name, plant.id])
        .collect();
    for document in all_documents() {
        for line in commands(&document) {
            let arguments = own_arguments(&line).unwrap_or_default();
            if let ["run" | "explore", scenario, ..] = arguments[..] {
                let written = scenario.ends_with(".toml") || scenario.ends_with(".json");
                assert!(written || builtin::find(scenario).is_some(), "{document}: no scenario {scenario}");
            }
            for pair in arguments.windows(2).filter(|pair| pair[0] == "--plant") {
                assert!(plants.contains(&pair[1]), "{document}: no plant {}", pair[1]);
            }
        }
    }
}

#[test]
fn cargo_commands_in_the_documents_name_what_exists() {
    for document in all_documents() {
        for line in commands(&document) {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                let paths = match pair {
                    ["--example", name] => vec![format!("examples/{name}.rs")],
                    ["--bench", name] => ["benches", "sim-core/benches", "scenarios/benches"]
                        .map(|at| format!("{at}/{name}.rs"))
                        .to_vec(),
                    ["-p", package] => vec![format!("{package}/Cargo.toml")],
                    _ => continue,
                };
                let exists = paths.iter().any(|path| Path::new(ROOT).join(path).exists());
                assert!(exists, "{document}: {line} needs one of {paths:?}");
            }
        }
    }
}

#[test]
fn the_readme_tells_how_to_run_and_how_to_test() {
    let commands = commands("README.md");
    assert!(commands.iter().any(|line| line.starts_with("cargo run --release -- run ")), "no run");
    assert!(commands.iter().any(|line| line == "cargo test"), "no test");
    assert!(read(".ci/run").contains("\nstep cargo test"), ".ci/run does not run the README's test command");
}

/// Every whole file in the documents that names this version of a format.
fn files_in_the_documents(schema: &str) -> Vec<Source> {
    let named = |line: &&str| line.starts_with("schema") && line.contains(schema);
    let mut files = Vec::new();
    for document in all_documents() {
        let text = read(&document);
        let whole = blocks(&text, "toml").into_iter().filter(|block| block.iter().any(named));
        files.extend(whole.map(|block| Source { name: document.clone(), text: block.join("\n") }));
    }
    files
}

/// Runs the program on a file of the documents: it must end as expected.
fn comes_out_as_expected(file: &Source, arguments: &[&str]) {
    let folder = folder();
    std::fs::write(folder.path().join("file.toml"), &file.text).expect("it can be written");
    let said = seedstorm(folder.path(), arguments);
    assert_eq!(said.code, 0, "{}: {}{}", file.name, said.out, said.err);
}

#[test]
fn scenarios_in_the_documents_come_to_what_they_expect() {
    let files = files_in_the_documents("\"seedstorm.scenario/1\"");
    assert!(!files.is_empty(), "no document shows a whole scenario");
    for file in files {
        comes_out_as_expected(&file, &["run", "file.toml", "--seed", "1"]);
    }
}

#[test]
fn sweeps_in_the_documents_come_to_what_they_expect() {
    let files = files_in_the_documents("\"seedstorm.sweep/1\"");
    assert!(!files.is_empty(), "no document shows a whole sweep");
    for file in files {
        comes_out_as_expected(&file, &["sweep", "file.toml", "--seeds", "0..3"]);
    }
}

#[test]
fn runs_in_the_documents_come_to_what_they_expect() {
    let mut seen = OrderedSet::new();
    for document in all_documents() {
        for line in commands(&document) {
            let arguments = own_arguments(&line).unwrap_or_default();
            let ["run", scenario, ..] = arguments[..] else { continue };
            // A million nodes take too long for a test that is not optimized.
            let runs = builtin::find(scenario).is_some() && scenario != "epidemic-million";
            if !runs || !seen.insert(arguments.join(" ")) {
                continue;
            }
            let folder = folder();
            let said = seedstorm(folder.path(), &arguments);
            assert_eq!(said.code, 0, "{document}: {line}\n{}{}", said.out, said.err);
        }
    }
    assert!(seen.len() >= 5, "only {} runs found", seen.len());
}

#[test]
fn the_guide_names_every_protocol_and_every_built_in_scenario() {
    let text: String = documents_in("docs/guide").iter().map(|document| read(document)).collect();
    let words = code_words(&text);
    for name in builtin::names().chain(seedstorm::registry().iter().map(|entry| entry.info().name)) {
        assert!(words.contains(&name), "the guide does not mention {name}");
    }
}

#[test]
fn the_guide_has_every_row_that_is_reproduced_with_its_published_figure() {
    let text = read("docs/guide/literature.md");
    for experiment in seedstorm::scenarios::reproduce::experiments() {
        for claim in &experiment.claims {
            let start = format!("| `{}-{}` | {} | ", experiment.row, claim.name, claim.title);
            let line = text.lines().find_map(|line| line.strip_prefix(&start));
            let line = line.unwrap_or_else(|| panic!("no line begins with {start}"));
            let published = match &claim.comparison {
                Comparison::Near(figure, _) | Comparison::Exactly(figure) => figure.to_string(),
                Comparison::ShorterThan { case } => experiment.cases[*case].name.clone(),
            };
            let cell = line.split('|').next().unwrap_or_default();
            assert!(cell.contains(&published), "{start}{cell}: not {published}");
        }
        for drawing in &experiment.drawings {
            assert!(text.contains(&format!("(literature/{}.svg)", drawing.name)), "no {}", drawing.name);
        }
    }
}

#[test]
fn the_changelog_names_the_engine() {
    let engine = format!("Engine {ENGINE}.");
    assert!(read("CHANGELOG.md").lines().any(|line| line == engine), "CHANGELOG.md does not say {engine}");
}

#[test]
fn the_workflow_runs_the_script_that_people_run() {
    let workflow = read(".github/workflows/ci.yml");
    assert!(workflow.contains("run: .ci/run"));
    for system in ["ubuntu-24.04 ", "ubuntu-24.04-arm", "macos-"] {
        assert!(workflow.contains(system), "no job on {system}");
    }
}

#[cfg(unix)]
#[test]
fn the_script_is_executable() {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(Path::new(ROOT).join(".ci/run")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
}

#[test]
fn the_library_example_of_the_guide_is_run() {
    let found = library::explore_a_swarm().unwrap();
    assert_eq!((found.runs, found.findings.len()), (20, 0));
    let text = read("docs/guide/continuous-integration.md");
    let shown = blocks(&text, "rust").concat().join("\n");
    let code = include_str!("docs/library.rs").replace("pub(super) ", "");
    assert!(!shown.is_empty() && code.contains(&shown), "the guide shows something else");
}
