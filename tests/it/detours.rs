//! A detour in a protocol's own code is found by exploration, and shrinks to the one that mattered, which the story names.

use seedstorm::storm::{Storm, StormFailure};
use sim_core::check::{Check, Findings, Seen};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::process::{Boot, Context, Input, Message, Observe, Process, Summary};
use sim_core::registry::{NoParameters, ProtocolInfo, Registry, Simple};
use sim_core::simulate::Subject;
use sim_core::time::Duration;

sim_core::facts! { enum Word { Hum } }
sim_core::facts! { enum Beat { Beat } }
sim_core::facts! { enum Sound { Hummed, Whispered, Shouted } }
sim_core::vocabulary! { Choir { message: Word, timer: Beat, observation: Sound } }

impl Message for Word {
    fn wire_size(&self) -> u32 {
        40
    }
}

impl Observe for Sound {
    fn summary(&self) -> Summary {
        Summary { role: Some("singer"), ..Summary::default() }
    }
}

struct Singer;

impl Process<Choir> for Singer {
    fn step(&mut self, input: Input<'_, Choir>, cx: &mut Context<'_, Choir>) {
        if matches!(input, Input::Message { .. }) {
            return;
        }
        cx.send(cx.node(), Word::Hum);
        cx.observe(Sound::Hummed);
        if cx.buggify("whisper") {
            cx.observe(Sound::Whispered);
        }
        if cx.buggify("shout") {
            cx.observe(Sound::Shouted);
        }
        cx.after(Duration::from_millis(20), Beat::Beat);
    }
}

struct Quiet;

impl Check<Choir> for Quiet {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Choir>, findings: &mut Findings) {
        findings.exercised();
        if matches!(seen.observation, Sound::Shouted) {
            findings.safety("", &[seen.node], format!("{} shouted", seen.node));
        }
    }
}

sim_core::checks! {
    fn checks() -> Choir {
        "choir/quiet": "Nobody shouts." => Quiet,
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    roles: &["singer"],
    messages: Word::KINDS,
    observations: Sound::KINDS,
    checks: CHECKS,
    ..ProtocolInfo::new("choir", "A choir hums")
};

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(Simple::new(&INFO, |_: &NoParameters, _, _| Subject {
        checks: checks(),
        ..Subject::new("choir", |_: Boot<'_, Choir>| Singer)
    }));
    registry
}

const SCENARIO: &str = r#"
schema = "seedstorm.scenario/1"
title  = "A choir that may take detours"

[cluster]
protocol = "choir"
nodes    = 4
duration = "2s"

[[faults]]
at     = "100ms"
for    = "1s"
detour = { chance = "1/10" }

[checks]
progress = "none"
"#;

fn storm(registry: &Registry, home: &tempfile::TempDir, scenario: &str) -> Result<String, String> {
    std::fs::write(home.path().join("choir.toml"), scenario).unwrap();
    match Storm::new(registry, home.path(), "choir.toml").seeds(20).run() {
        Ok(weathered) => Ok(weathered.to_string()),
        Err(failure @ (StormFailure::Found(_) | StormFailure::Demands { .. })) => Err(failure.to_string()),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn of_many_detours_the_one_that_mattered_is_left_and_told() {
    let (registry, home) = (registry(), tempfile::tempdir().unwrap());
    let story = storm(&registry, &home, SCENARIO).unwrap_err();
    let told: Vec<&str> = story.lines().filter(|line| line.contains("FAULT")).collect();
    assert_eq!(told.len(), 1, "{story}");
    assert!(told[0].contains("take the detour shout"), "{story}");
    // What is kept is that one entry.
    let kept = std::fs::read_dir(home.path().join("choir.corpus")).unwrap().next().unwrap().unwrap().path();
    let capsule: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
    let entries = capsule["setup"]["faults"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{capsule}");
    assert_eq!(entries[0]["detour"]["point"], "shout");
}

#[test]
fn a_detour_at_another_point_breaks_nothing_and_one_at_no_point_is_noticed() {
    let (registry, home) = (registry(), tempfile::tempdir().unwrap());
    let at = |point: &str| SCENARIO.replace("chance = \"1/10\"", &format!("point = \"{point}\""));
    storm(&registry, &home, &at("whisper")).unwrap();
    let misspelled = storm(&registry, &home, &at("shuot")).unwrap_err();
    assert!(misspelled.contains("process"), "no fault of the family struck: {misspelled}");
}
