//! A shrunk capsule outlives changes of the code that have nothing to do with its bug: one more kind of message (before
//! all others, and sent), one more report, one more setting.

use sim_core::check::{Check, Findings, Judge, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::process::{Boot, Context, Input, Message, Observe, Process, TimerId};
use sim_core::registry::{FaultModel, Launch, Registry, Simple};
use sim_core::simulate::Subject;
use sim_core::time::Duration;

use scenarios::capsule::Capsule;
use scenarios::document::{Format, Source};
use scenarios::explore::{ExploreOptions, Hooks, explore};
use scenarios::replay::{ReplayOptions, Replayed, replay};
use scenarios::scenario::load;
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink};

const SERVER: NodeId = NodeId(0);
const WORK: Duration = Duration::from_millis(300);

/// A lock whose server forgets in a crash who holds it. `$hello` says what else the processes do.
macro_rules! lock {
    ($module:ident, $info:ident, messages { $($more:ident)? }, reports { $($log:ident)? }, settings { $($setting:ident)? }) => {
        mod $module {
            use super::*;

            sim_core::facts! { pub(super) enum Words { $($more,)? Ask, Grant, Release } }
            sim_core::facts! { pub(super) enum Report { $($log,)? Holds, Done } }
            sim_core::facts! { pub(super) enum Alarm { Retry, Finished } }
            sim_core::vocabulary! { pub(super) Lock { message: Words, timer: Alarm, observation: Report } }

            impl Message for Words {
                fn wire_size(&self) -> u32 {
                    64
                }
            }

            impl Observe for Report {}

            sim_core::parameters! {
                /// What can be set.
                pub(super) struct Settings {
                    $(
                        /// Something that one of the two knows.
                        $setting: u64 = 0;
                    )?
                }
            }

            pub(super) struct Place {
                holder: Option<NodeId>,
            }

            impl Place {
                fn asked(&mut self, from: NodeId, cx: &mut Context<'_, Lock>) {
                    if self.holder.is_none() {
                        self.holder = Some(from);
                        cx.send(from, Words::Grant);
                    }
                }
            }

            impl Process<Lock> for Place {
                fn step(&mut self, input: Input<'_, Lock>, cx: &mut Context<'_, Lock>) {
                    let worker = cx.node() != SERVER;
                    match input {
                        Input::Start => {
                            $(cx.send(SERVER, Words::$more);)?
                            $(cx.observe(Report::$log);)?
                            cx.set_timer(TimerId(0), WORK, Alarm::Retry);
                        }
                        Input::Timer { timer: Alarm::Retry, .. } => {
                            // The server asks nobody.
                            (0..u32::from(worker)).for_each(|_| cx.send(SERVER, Words::Ask));
                            let wait = cx.rng().duration_between(WORK, WORK * 4);
                            cx.set_timer(TimerId(0), wait, Alarm::Retry);
                        }
                        Input::Timer { timer: Alarm::Finished, .. } => {
                            cx.observe(Report::Done);
                            cx.send(SERVER, Words::Release);
                        }
                        Input::Message { from, message: Words::Ask } => self.asked(from, cx),
                        Input::Message { message: Words::Grant, .. } => {
                            cx.observe(Report::Holds);
                            cx.set_timer(TimerId(1), WORK, Alarm::Finished);
                        }
                        Input::Message { message: Words::Release, .. } => self.holder = None,
                        _ => {}
                    }
                }
            }

            #[derive(Default)]
            struct OneHolder {
                holding: Vec<Slot>,
            }

            impl Check<Lock> for OneHolder {
                fn observe(&mut self, _: &Ground, seen: &Seen<'_, Lock>, findings: &mut Findings) {
                    match seen.observation {
                        Report::Holds => {
                            findings.exercised();
                            self.holding.push(seen.slot);
                        }
                        Report::Done => self.holding.retain(|slot| *slot != seen.slot),
                        #[allow(unreachable_patterns, reason = "only one of the two has a third report")]
                        _ => {}
                    }
                    if self.holding.len() > 1 {
                        findings.safety("", &[seen.node], format!("{} hold it", self.holding.len()));
                    }
                }
                fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
                    if what == Lifecycle::Crashed {
                        self.holding.retain(|holding| *holding != slot);
                    }
                }
            }

            pub(super) fn registry() -> Registry {
                let mut registry = Registry::new();
                let simple = Simple::new(&super::$info, |_: &Settings, _, _| Subject {
                    checks: vec![Judge::new("lock/one-holder", "one worker holds the lock", OneHolder::default())],
                    ..Subject::new("lock", |_: Boot<'_, Lock>| Place { holder: None })
                });
                registry.register(simple.bears(|_| FaultModel { crashed: 1, lost_disks: 0, byzantine: 0, outages: false }));
                registry
            }
        }
    };
}

lock!(then, THEN, messages {}, reports {}, settings {});
lock!(now, NOW, messages { Hello }, reports { Started }, settings { patience });

use sim_core::facts::Facts;
use sim_core::registry::ProtocolInfo;

const THEN: ProtocolInfo =
    ProtocolInfo { messages: then::Words::KINDS, ..ProtocolInfo::new("lock", "A lock") };
const NOW: ProtocolInfo = ProtocolInfo { messages: now::Words::KINDS, ..ProtocolInfo::new("lock", "A lock") };

const SCENARIO: &str = r#"schema = "seedstorm.scenario/1"
title = "a lock"
[cluster]
protocol = "lock"
nodes = 5
duration = "5s"
[checks]
progress = "none"
[swarm]
families = { only = ["process"] }
"#;

/// A capsule that the older code left, shrunk.
fn capsule(registry: &Registry) -> Capsule {
    let source = Source { name: "lock.toml".to_owned(), text: SCENARIO.to_owned() };
    let loaded = load(registry, source, Format::Toml, &[]).unwrap();
    let options = ExploreOptions {
        seeds: 0..200,
        plants: Vec::new(),
        jobs: None,
        stop_on_first: true,
        known: Vec::new(),
        build: "then".to_owned(),
        ..ExploreOptions::default()
    };
    let found = explore(&loaded, &options, Hooks::NONE).unwrap().findings.remove(0).capsule;
    let options = ShrinkOptions { budget: 3_000, jobs: None, build: "then".to_owned() };
    shrink(registry, &found, &options, ShrinkHooks::NONE).unwrap().capsule
}

fn replayed(registry: &Registry, capsule: &Capsule, build: &str) -> Replayed {
    let options = ReplayOptions { build, intact: true };
    replay(registry, capsule, options, &Launch::default()).unwrap().replayed
}

#[test]
fn a_shrunk_capsule_outlives_changes_that_have_nothing_to_do_with_it() {
    let (then, now) = (then::registry(), now::registry());
    let small = capsule(&then);
    let size = small.shrunk.as_ref().unwrap().after;
    assert!(size.faults == 1 && size.nodes == 3, "{size:?}");
    assert_eq!(replayed(&then, &small, "then"), Replayed::Reproduced);
    assert_eq!(replayed(&then, &small, "another build"), Replayed::Reproduced);
    assert_eq!(replayed(&now, &small, "another build"), Replayed::Reproduced);
    // An older engine's as well: never taken for the same, never passed in silence.
    let old = Capsule { engine: 1, ..small };
    assert_eq!(replayed(&now, &old, "then"), Replayed::Reproduced);
}
