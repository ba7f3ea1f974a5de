//! Built-in networks: `network.wan = ".."` stands for regions with latencies that somebody published.
//!
//! A network is written out as `[network.regions]` before anything is typed, so that a capsule needs no name. Published are
//! round trips; one way is taken as half of one.

use serde_json::{Map, Value, json};

use crate::document::{Document, Places};
use crate::problem::Problem;

/// A network that was measured.
#[derive(Clone, Copy, Debug)]
pub struct Wan {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Who published it, where and of when.
    pub source: &'static str,
    /// Its sites.
    pub sites: &'static [&'static str],
    /// Round trips in microseconds, a row per sending site; within a site on the diagonal.
    pub round_trips: &'static [&'static [u32]],
}

/// Every built-in network.
pub const NETWORKS: &[Wan] = &[
    Wan {
        name: "ibm-cloud-2024",
        about: "ten regions of a cloud on five continents; within a region, the mean between its three zones",
        source: "IBM Cloud documentation for VPC, network latency, average of 3 February to 3 March 2024 \
                 (github.com/ibm-cloud-docs/vpc, _include-segments/network-latency.md)",
        sites: &[
            "dallas",
            "toronto",
            "washington",
            "frankfurt",
            "london",
            "madrid",
            "osaka",
            "sydney",
            "tokyo",
            "sao-paulo",
        ],
        round_trips: &[
            &[1_960, 34_000, 32_000, 123_000, 113_000, 118_000, 149_000, 185_000, 142_000, 144_000],
            &[34_000, 1_830, 19_000, 92_000, 82_000, 107_000, 170_000, 215_000, 162_000, 130_000],
            &[32_000, 19_000, 850, 98_000, 75_000, 87_000, 174_000, 215_000, 167_000, 119_000],
            &[123_000, 92_000, 98_000, 830, 12_000, 29_000, 242_000, 260_000, 237_000, 196_000],
            &[113_000, 82_000, 75_000, 12_000, 2_080, 26_000, 253_000, 272_000, 247_000, 186_000],
            &[118_000, 107_000, 87_000, 29_000, 26_000, 700, 268_000, 281_000, 260_000, 205_000],
            &[149_000, 170_000, 174_000, 245_000, 255_000, 268_000, 1_680, 124_000, 9_000, 293_000],
            &[185_000, 215_000, 214_000, 260_000, 271_000, 285_000, 124_000, 1_750, 117_000, 329_000],
            &[141_000, 164_000, 167_000, 237_000, 246_000, 259_000, 9_000, 117_000, 1_750, 286_000],
            &[145_000, 128_000, 120_000, 196_000, 185_000, 206_000, 292_000, 326_000, 285_000, 2_310],
        ],
    },
    Wan {
        name: "ibm-dallas-2024",
        about: "the three zones of one region of a cloud",
        source: "IBM Cloud documentation for VPC, network latency, average of 27 July to 25 August 2024 \
                 (github.com/ibm-cloud-docs/vpc, _include-segments/network-latency.md)",
        sites: &["dallas-1", "dallas-2", "dallas-3"],
        round_trips: &[&[90, 2_030, 2_200], &[2_030, 90, 2_180], &[2_200, 2_180, 80]],
    },
];

const KEYS: [&str; 4] = ["name", "sites", "placement", "clients"];

/// The names of all built-in networks.
pub fn names() -> impl Iterator<Item = &'static str> {
    NETWORKS.iter().map(|network| network.name)
}

/// Writes out the network that a document names, if it names one.
pub(super) fn include(document: &mut Document) -> Vec<Problem> {
    let taken = |document: &mut Document| document.value.get_mut("network")?.as_object_mut()?.remove("wan");
    let Some(asked) = taken(document) else { return Vec::new() };
    let Some(network) = document.places.children.get_mut("network") else { return Vec::new() };
    let places = network.children.remove("wan").unwrap_or_else(|| Places::leaf(network.value.clone()));
    let table = match asked {
        Value::Object(table) => table,
        name => Map::from_iter([("name".to_owned(), name)]),
    };
    let Some(there) = document.value.get_mut("network").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    if there.contains_key("regions") {
        return vec![
            Problem::new("latency is by a built-in network or by region, not both").at(places.value),
        ];
    }
    match regions(&table, &places) {
        Ok(regions) => {
            there.insert("regions".to_owned(), regions);
            network.children.insert("regions".to_owned(), written_out(&places));
            Vec::new()
        }
        Err(problems) => problems,
    }
}

/// Where the parts of `[network.regions]` stand that were written out.
fn written_out(places: &Places) -> Places {
    let mut whole = Places::leaf(places.value.clone());
    for key in ["placement", "clients"] {
        if let Some(place) = places.children.get(key) {
            whole.children.insert(key.to_owned(), place.clone());
        }
    }
    whole
}

/// A network as `[network.regions]`.
fn regions(table: &Map<String, Value>, places: &Places) -> Result<Value, Vec<Problem>> {
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let problem = Problem::new(format!("unknown key \"{key}\"")).at(places.key_at(&[key.as_str()]));
        return Err(vec![problem.suggest(key, KEYS)]);
    }
    let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
    let Some(network) = NETWORKS.iter().find(|network| network.name == name) else {
        let problem = Problem::new(format!("there is no built-in network \"{name}\""));
        return Err(vec![problem.at(places.value_at(&["name"])).suggest(name, names())]);
    };
    let sites = sites(network, table.get("sites"), places)?;
    let way = |from: usize, to: usize| format!("{}ns", u64::from(network.round_trips[from][to]) * 500);
    let row = |from: &usize| sites.iter().map(|to| way(*from, *to)).collect::<Vec<_>>();
    let names: Vec<&str> = sites.iter().map(|site| network.sites[*site]).collect();
    let mut regions = json!({ "regions": names, "latency": sites.iter().map(row).collect::<Vec<_>>() });
    for key in ["placement", "clients"] {
        if let Some(placement) = table.get(key) {
            regions[key] = placement.clone();
        }
    }
    Ok(regions)
}

/// The sites that are asked for, as places in the network's list.
fn sites(network: &Wan, asked: Option<&Value>, places: &Places) -> Result<Vec<usize>, Vec<Problem>> {
    let Some(asked) = asked else { return Ok((0..network.sites.len()).collect()) };
    let wrong = |title: &str, at| vec![Problem::new(title).at(at)];
    let Some(asked) = asked.as_array().filter(|asked| !asked.is_empty()) else {
        return Err(wrong("expected a list of sites", places.value_at(&["sites"])));
    };
    let mut found = Vec::new();
    for (index, site) in asked.iter().enumerate() {
        let at = places.value_at(&["sites", &index.to_string()]);
        let name = site.as_str().unwrap_or_default();
        let Some(place) = network.sites.iter().position(|known| *known == name) else {
            let problem = Problem::new(format!("{} has no site \"{name}\"", network.name)).at(at);
            return Err(vec![problem.suggest(name, network.sites.iter().copied())]);
        };
        if found.contains(&place) {
            return Err(wrong("this site is named twice", at));
        }
        found.push(place);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use sim_core::distribution::Distribution;
    use sim_core::time::Duration;

    use super::*;
    use crate::testing::{LEAST, toml};

    fn complaint(network: &str) -> String {
        let loaded = toml(&format!("{LEAST}[network]\n{network}\n"));
        loaded.map_or_else(|problems| problems.render(false), |_| String::new())
    }

    #[test]
    fn every_network_is_a_square_and_says_where_it_is_from() {
        for network in NETWORKS {
            let sites = network.sites.len();
            assert!(network.source.contains("20") && network.source.len() > 40, "{}", network.name);
            assert_eq!(network.round_trips.len(), sites);
            assert!(network.round_trips.iter().all(|row| row.len() == sites));
            assert_eq!(complaint(&format!("wan = \"{}\"", network.name)), "");
            // Both ways of a link were measured and agree within a tenth: a slip of a digit would not.
            for a in 0..sites {
                for b in 0..a {
                    let (to, from) = (network.round_trips[a][b], network.round_trips[b][a]);
                    assert!(to.abs_diff(from) * 10 <= to.max(from), "{}: {a} {b}", network.name);
                }
            }
        }
    }

    #[test]
    fn a_network_is_written_out_as_regions() {
        let wan = r#"wan = { name = "ibm-cloud-2024", sites = ["london", "tokyo"], clients = "blocks" }"#;
        let by_name = toml(&format!("{LEAST}[network]\n{wan}\n")).unwrap();
        let regions = r#"regions = { regions = ["london", "tokyo"], latency = [["1040us", "123500us"], ["123ms", "875us"]], clients = "blocks" }"#;
        let by_hand = toml(&format!("{LEAST}[network]\n{regions}\n")).unwrap();
        assert_eq!(by_name.hash, by_hand.hash);
        let matrix = by_name.scenario.network.regions.unwrap();
        assert_eq!(matrix.latency[0][1], Distribution::Fixed(Duration::from_micros(123_500)));
    }

    #[test]
    fn what_is_not_there_is_told_in_its_place() {
        for (network, expected) in [
            ("wan = \"ibm-clowd-2024\"", "did you mean \"ibm-cloud-2024\"?"),
            ("wan = 7", "there is no built-in network"),
            ("wan = { nme = \"ibm-dallas-2024\" }", "did you mean \"name\"?"),
            ("wan = { name = \"ibm-dallas-2024\", sites = [\"dallas-9\"] }", "has no site \"dallas-9\""),
            ("wan = { name = \"ibm-dallas-2024\", sites = [] }", "expected a list of sites"),
            ("wan = { name = \"ibm-dallas-2024\", sites = [\"dallas-1\", \"dallas-1\"] }", "named twice"),
            (
                "wan = { name = \"ibm-dallas-2024\", placement = { named = [\"dallas-1\"] } }",
                "1 places are given for 4 members",
            ),
            (
                "wan = \"ibm-dallas-2024\"\nregions = { regions = [\"a\"], latency = [[\"1ms\"]] }",
                "by a built-in network or by region, not both",
            ),
        ] {
            let found = complaint(network);
            assert!(found.contains(expected) && found.contains("test.toml:8:"), "{network}: {found}");
        }
    }
}
