//! The page: what is on it, what cannot get on it, how large it may be.

use super::*;
use sim_core::outcome::PointMark;

use crate::figure::Style;
use crate::testing::{passing, violation};

/// Every section that a person may look for.
const SECTIONS: [&str; 15] = [
    "aria-label=\"Verdict\"",
    "aria-label=\"Key numbers\"",
    "aria-label=\"Faults and roles\"",
    "aria-label=\"Replay\"",
    "id=\"figure-latency\"",
    "id=\"figure-latency-over-time\"",
    "id=\"figure-latency-percentiles\"",
    "id=\"figure-throughput\"",
    "id=\"figure-messages-by-kind\"",
    "id=\"figure-rank\"",
    "id=\"figure-clock-offsets\"",
    "id=\"checks\"",
    "id=\"metrics\"",
    "id=\"activity\"",
    "id=\"scenario\"",
];

#[test]
fn no_section_is_missing() {
    for record in [passing(), violation()] {
        let page = page(&record);
        for section in SECTIONS {
            assert!(page.contains(section), "{section} is not on the page");
        }
        assert!(page.contains("one-way: lose every message from n1 to n2"), "the strip says what happened");
    }
}

#[test]
fn a_story_stands_on_the_first_screen_with_its_diagram() {
    let page = page(&violation());
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not on the page"));
    assert!(place("two leaders in term 4: n1 and n2") < place("class=\"steps\""));
    assert!(place("class=\"steps\"") < place("class=\"spacetime\""));
    assert!(place("class=\"spacetime\"") < place("aria-label=\"Faults and roles\""));
    assert!(place("aria-label=\"Faults and roles\"") < place("aria-label=\"What if?\""));
    assert!(place("without fault 1") < place("id=\"command\""));
    assert!(page.contains("12 more steps led here"));
    for number in 1..=9 {
        // Once in the list and once in the diagram: they light up together.
        let steps = page.matches(&format!("data-step=\"{number}\" tabindex")).count();
        assert_eq!(steps, 1, "step {number} in the list");
        assert!(
            page.matches(&format!("data-step=\"{number}\"")).count() >= 2,
            "step {number} in the diagram"
        );
    }
    assert_eq!(page.matches("class=\"arrow lost\"").count(), 1);
    assert!(!super::page(&passing()).contains("class=\"steps\""));
}

#[test]
fn the_first_screen_says_who_lied_and_how() {
    let mut record = passing();
    let mark = |slot| PointMark { at_ns: 0, slot, kind: "corrupt".to_owned(), label: String::new() };
    (1..3).for_each(|slot| record.outcome.picture.marks.items.push(mark(slot)));
    record.outcome.activity.insert("traitors.equivocated".to_owned(), 1_200);
    record.outcome.activity.insert("traitors.silent".to_owned(), 3);
    record.outcome.activity.insert("traitors.forged".to_owned(), 0);
    let page = page(&record);
    assert!(page.contains("n2, n3: 1,200 equivocated, 3 silent"), "no such card");
    assert!(page.contains("2 traitors at work"));
    record.outcome.activity.remove("traitors.silent");
    assert!(super::page(&record).contains("n2, n3: 1,200 equivocated<"));
}

#[test]
fn the_diagram_marks_traitors() {
    let mut record = violation();
    assert!(!page(&record).contains("n1 \u{2717}</text>"));
    let mark = PointMark { at_ns: 0, slot: 0, kind: "corrupt".to_owned(), label: String::new() };
    record.outcome.picture.marks.items.push(mark);
    assert!(page(&record).contains("n1 \u{2717}</text>"));
}

#[test]
fn texts_are_data() {
    let evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'";
    let mut record = violation();
    record.title = evil.to_owned();
    record.about = evil.to_owned();
    record.name = evil.to_owned();
    record.replay = evil.to_owned();
    record.scenario = serde_json::json!({ "title": evil });
    record.outcome.slots = [evil].into_iter().chain(record.outcome.slots.iter().skip(1)).collect();
    record.outcome.violations[0].message = evil.to_owned();
    record.outcome.picture.lanes.items[0].state = evil.to_owned();
    record.outcome.messages.by_kind.insert(evil.to_owned(), 3);
    let story = record.story.as_mut().unwrap();
    story.headline = evil.to_owned();
    story.steps[1].text = evil.to_owned();
    let page = page(&record);
    assert_eq!(page.matches("<script").count(), 1, "the page's own script and no other");
    assert!(!page.contains("<img"), "a text became an element");
    assert!(page.matches("&lt;script&gt;alert(1)").count() > 8);
}

#[test]
fn nothing_is_loaded_and_nothing_else_is_run() {
    let page = page(&violation());
    let policy =
        page.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for outside in ["http://", "https://", " src=", " href=\"/", "@import", "url(", "style=\""] {
        assert!(!page.contains(outside), "the page has {outside}");
    }
}

#[test]
fn a_violation_shows_what_it_rests_on_and_what_was_left_out() {
    let mut record = violation();
    record.outcome.picture.series.omitted = 4;
    record.outcome.picture.tables.omitted = 2;
    let page = page(&record);
    assert!(page.contains("<summary>Evidence: two leaders in term 4: n1 and n2</summary>"));
    assert!(page.contains("<li>n3 voted for n2 in term 4</li>"));
    for left_out in ["7 more facts were not kept", "2 more tables were not kept", "nor are 4 more that were"]
    {
        assert!(page.contains(left_out), "{left_out}");
    }
}

#[test]
fn figures_have_their_numbers_below_them() {
    let page = page(&passing());
    assert_eq!(page.matches("<svg class=\"figure\"").count(), page.matches("<figcaption>").count());
    assert!(page.contains("<th class=\"number\" scope=\"col\">latency (ms)</th>"));
}

#[test]
fn a_crowd_becomes_shares_and_the_worst_by_name() {
    let mut record = passing();
    let spans = record.outcome.picture.lanes.items.clone();
    record.outcome.members = 200;
    record.outcome.slots = (1..=200).map(|n| format!("n{n}")).collect();
    record.outcome.picture.lanes.items = (0..200)
        .flat_map(|slot| {
            spans
                .iter()
                .filter(move |span| span.slot == slot % 5)
                .cloned()
                .map(move |span| sim_core::outcome::LaneSpan { slot, ..span })
        })
        .collect();
    let page = page(&record);
    assert!(page.contains("id=\"figure-roles-over-time\"") && page.contains("id=\"figure-rank-quantiles\""));
    assert_eq!(page.matches("<svg class=\"lane\"").count(), 10 + 2, "ten lanes, two families");
    assert!(page.contains("<span class=\"label\" title=\"\">n3</span>"), "n3 was down");
}

#[test]
fn a_crowd_has_distributions_of_its_times_and_messages() {
    let mut record = passing();
    let of = |name: &str, steps: &[(u64, f64)]| sim_core::outcome::Cumulative {
        name: name.to_owned(),
        count: 200,
        steps: steps.to_vec(),
    };
    let sent = sim_core::outcome::Cumulative::SENT;
    let detected = "swim_detection_ns";
    record.outcome.picture.distributions =
        vec![of(sent, &[(70, 0.25), (80, 1.0)]), of(detected, &[(2_000_000_000, 0.5), (3_000_000_000, 1.0)])];
    assert!(!page(&record).contains("id=\"figure-messages-per-member\""), "a few have lanes instead");
    record.outcome.members = 200;
    record.outcome.slots = (1..=200).map(|n| format!("n{n}")).collect();
    let page = page(&record);
    assert!(page.contains("id=\"figure-distributions\"") && page.contains("swim detection: 200 values"));
    assert!(page.contains("200 members; half of them sent at most 80 messages, and nobody more than 80"));
    let figures = figures::of_crowd(&Run::new(&record));
    let times = figures.iter().find(|figure| figure.name == "distributions").unwrap();
    let points: Vec<(f64, f64)> = times.series[0].points.iter().map(|point| (point.x, point.y)).collect();
    assert_eq!(points, [(2.0, 0.0), (2.0, 0.5), (3.0, 1.0)]);
}

/// A thousand agents that learn something, counted four times, and what theory says.
fn epidemic(course: sim_core::outcome::Course) -> RunRecord {
    use sim_core::outcome::{Expectation, Series};
    let mut record = passing();
    let outcome = &mut record.outcome;
    (outcome.members, outcome.virtual_ns) = (1_000, 1_000_000_000);
    outcome.slots = (1..=1_000).map(|n| format!("n{n}")).collect();
    outcome.picture.lanes.items.clear();
    outcome.faults.clear();
    let series = |name: &str, counts: [f64; 4]| Series {
        name: name.to_owned(),
        unit: Series::MEMBERS.to_owned(),
        slot: None,
        points: (0..4).map(|at| at * 250_000_000).zip(counts).collect(),
        omitted: 0,
    };
    for (name, counts) in [
        ("running", [0.0; 4]),
        ("susceptible", [990.0, 900.0, 200.0, 0.0]),
        ("infected", [10.0, 100.0, 800.0, 1_000.0]),
    ] {
        outcome.picture.series.push(series(name, counts));
    }
    let (state, source) = ("infected".to_owned(), "somebody 1987".to_owned());
    outcome.picture.expected = Some(Expectation { state, source, course });
    record
}

#[test]
fn what_theory_expects_is_drawn_beside_what_was_counted() {
    use sim_core::outcome::Course;
    let points = vec![(0, 0.01), (500_000_000, 0.5), (1_500_000_000, 1.0)];
    let record = epidemic(Course::Shares(points));
    let figures = figures::of_crowd(&Run::new(&record));
    let shares = figures.iter().find(|figure| figure.name == "roles-over-time").unwrap();
    let drawn: Vec<(&str, Style, Option<usize>)> =
        shares.series.iter().map(|series| (series.name.as_str(), series.style, series.color)).collect();
    let infected = drawn[1].2;
    let expected = [
        ("susceptible", Style::Line, Some(6)),
        ("infected", Style::Line, infected),
        ("infected, in theory", Style::Dashed, infected),
    ];
    assert_eq!(drawn, expected, "nobody was ever just running; one color for one state");
    let of = |index: usize| -> Vec<(f64, f64)> {
        shares.series[index].points.iter().map(|point| (point.x, point.y)).collect()
    };
    assert_eq!(of(1), [(0.0, 0.01), (0.25, 0.1), (0.5, 0.8), (0.75, 1.0)]);
    assert_eq!(of(2), [(0.0, 0.01), (0.5, 0.5), (1.0, 0.75)], "it ends where the run ends");
    assert!(shares.caption.contains("somebody 1987"));

    let without = epidemic(Course::Unknown("there were faults".to_owned()));
    let figures = figures::of_crowd(&Run::new(&without));
    assert_eq!(figures[0].series.len(), 2, "no curve of a theory that is not about this run");
    assert_eq!(figures[0].caption, "No curve of theory (somebody 1987): there were faults");
}

#[test]
fn what_is_the_same_all_the_time_has_no_chart() {
    let mut record = passing();
    record.outcome.members = 200;
    record.outcome.slots = (1..=200).map(|n| format!("n{n}")).collect();
    record.outcome.faults.clear();
    let end = record.outcome.virtual_ns;
    let lane = |slot: u32, state: &str, label: &str| sim_core::outcome::LaneSpan {
        slot,
        state: state.to_owned(),
        from_ns: 0,
        to_ns: end,
        label: label.to_owned(),
    };
    record.outcome.picture.lanes.items = (0..200).map(|slot| lane(slot, "member", "1")).collect();
    let flat = page(&record);
    for name in ["roles-over-time", "rank-quantiles", "rank"] {
        assert!(!flat.contains(&format!("id=\"figure-{name}\"")), "{name}");
    }
    assert!(flat.contains("The first 10 nodes; none was ever anything else"));
    // What was kept of lanes ends before the run: shares end there, too.
    record.outcome.picture.lanes.items =
        (0..200).map(|slot| lane(slot, ["member", "leader"][slot as usize % 2], "1")).collect();
    record.outcome.picture.lanes.items.iter_mut().for_each(|span| span.to_ns = end / 2);
    record.outcome.picture.lanes.omitted = 7;
    let cut = page(&record);
    assert!(cut.contains("what nodes were is not kept: 7 more changes."));
    let shares = figures::of_crowd(&Run::new(&record));
    let last = shares[0].series[0].points.last().unwrap();
    assert!(
        last.x <= end as f64 / 2e9 && last.y == 0.5,
        "half of them, to the end of what is kept: {last:?}"
    );
}

#[test]
fn the_state_in_which_members_start_is_plain_however_short() {
    let mut record = passing();
    let span = record.outcome.picture.lanes.items[0].clone();
    let end = record.outcome.virtual_ns;
    let lane = |slot: u32| {
        let at = |state: &str, from_ns, to_ns| sim_core::outcome::LaneSpan {
            slot,
            state: state.to_owned(),
            from_ns,
            to_ns,
            ..span.clone()
        };
        [at("follower", 0, end / 10), at("candidate", end / 10, end / 5), at("leader", end / 5, end)]
    };
    record.outcome.picture.lanes.items = (0..record.outcome.members).flat_map(lane).collect();
    let run = Run::new(&record);
    let palette = crate::run::Palette::new(&run);
    assert_eq!(["follower", "leader", "candidate"].map(|state| palette.class(state)), ["plain", "c0", "c4"]);
    let names = ["leader", "waiting", "idle"].map(ToOwned::to_owned);
    assert_eq!(
        palette.shares(&names),
        ["c0", "c1", "plain"],
        "as on the lanes, and no state's color for what is none"
    );
}

#[test]
fn paper_is_light_and_only_the_list_takes_the_focus() {
    let page = page(&violation());
    assert!(page.contains("@media screen and (prefers-color-scheme:dark)"));
    assert!(!page.contains("@media (prefers-color-scheme"), "a dark page would be printed light on white");
    let script = page.split("<script>").nth(1).unwrap();
    assert!(
        script.contains("items.forEach")
            && !script.contains("all.forEach(function (e) {\n      e.addEventListener(\"focus\"")
    );
}

#[test]
fn a_large_run_makes_a_page_below_a_megabyte() {
    let mut record = passing();
    let (first, span) = (record.outcome.history[0].clone(), record.outcome.picture.lanes.items[0].clone());
    let call = |index: u64| sim_core::history::HistoryEntry {
        call_ns: index * 10_000,
        return_ns: Some(index * 17_000 + 1),
        ..first.clone()
    };
    record.outcome.history = (0..100_000).map(call).collect();
    let stretch = |index: u64| sim_core::outcome::LaneSpan {
        slot: u32::try_from(index % 50).unwrap(),
        from_ns: index * 50_000,
        to_ns: index * 50_000 + 40_000,
        ..span.clone()
    };
    record.outcome.picture.lanes.items = (0..20_000).map(stretch).collect();
    record.outcome.members = 50;
    let fault = record.outcome.faults[0].clone();
    record.outcome.faults = vec![fault; 2_000];
    let found = violation().outcome.violations[0].clone();
    record.outcome.violations = vec![found; 1_000];
    let page = page(&record);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("of 100,000 operations") && page.contains("rows; the files have them all"));
}

#[test]
fn the_page_of_a_million_nodes_names_those_that_it_shows() {
    let mut record = passing();
    record.outcome.members = 1_000_000;
    record.outcome.slots = (1..=1_000_000).map(|n| format!("n{n}")).collect();
    let page = page(&record);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("&quot;slots&quot;:{&quot;0&quot;:&quot;n1&quot;,&quot;1&quot;:&quot;n2&quot;"));
}

/// Writes pages that can be looked at: `SEEDSTORM_RECORDS=DIR cargo test -p reports gallery_of_pages -- --ignored` makes
/// a page of each record in a folder's folders, and of the records for tests.
#[test]
#[ignore = "writes a gallery for people"]
#[expect(clippy::disallowed_methods, reason = "a person says where to")]
fn gallery_of_pages() {
    let folder = std::path::PathBuf::from(std::env::var("SEEDSTORM_RECORDS").unwrap());
    std::fs::write(folder.join("violation.html"), page(&violation())).unwrap();
    for run in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if let Ok(text) = std::fs::read_to_string(run.join("record.json")) {
            let record = RunRecord::from_json(&text).unwrap();
            std::fs::write(run.with_extension("html"), page(&record)).unwrap();
        }
    }
}

/// A run with a finding, and the trace around it.
fn traced() -> RunRecord {
    let event = |at_ns: u64, what: &str, id: Option<u64>, line: &str| sim_core::trace::Moment {
        at_ns,
        slot: Some(0),
        what: what.to_owned(),
        kind: "RequestVote".to_owned(),
        id,
        peer: id.map(|_| 1),
        text: "RequestVote term 4".to_owned(),
        line: line.to_owned(),
    };
    let mut record = violation();
    record.moments = Some(sim_core::trace::Moments {
        windows: vec![sim_core::trace::Window {
            from_ns: 600_000_000,
            to_ns: 710_000_000,
            facts: vec![(2, "Voted".to_owned(), "Voted term 4".to_owned())],
            in_flight: vec![event(599_000_000, "send", Some(7), "</pre><b>sent</b>")],
            events: vec![event(650_000_000, "deliver", Some(7), "0.650 s  n1 -> n2  RequestVote")],
        }],
    });
    record
}

#[test]
fn the_time_axis_has_lanes_charts_and_what_its_script_reads() {
    let page = page(&traced());
    let text =
        page.split("<pre id=\"timeline-data\" hidden>").nth(1).unwrap().split("</pre>").next().unwrap();
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let data: serde_json::Value = serde_json::from_str(&text).expect("the script can read it");
    assert_eq!((&data["end"], &data["slots"]["0"]), (&1_000_000_000_u64.into(), &"n1".into()));
    assert_eq!(data["nodes"].as_array().unwrap().len(), 5);
    assert_eq!(data["windows"][0]["before"][0]["line"], "</pre><b>sent</b>");
    assert_eq!(
        data["trace"],
        "seedstorm replay seedstorm-out/demo/election-safety.capsule.json --trace - --until TIME"
    );
    let charts: Vec<&str> =
        data["charts"].as_array().unwrap().iter().map(|chart| chart["name"].as_str().unwrap()).collect();
    for name in charts {
        for id in ["figure", "now"] {
            assert!(page.contains(&format!("id=\"{id}-{name}\"")), "{id}-{name}");
        }
    }
    for id in
        ["filter-node", "filter-fault", "filter-kind", "next-event", "previous-event", "whole", "moment"]
    {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    // Each step is a moment.
    assert!(page.contains("\" data-step=\"1\" tabindex") && page.contains("data-at=\""));
}
