//! Plans edited by machines: every selector of a fault, to be changed in place.

use super::{Fault, Shape};
use crate::fault::selector::Selector;

impl Fault {
    /// Every selector in it, to be changed: the same as [`Fault::selectors`], in another order.
    pub fn selectors_mut(&mut self) -> Vec<&mut Selector> {
        match self {
            Self::Partition(partition) => match &mut partition.shape {
                Shape::Isolate { target, .. } => vec![target],
                Shape::OneWay { from, to } => vec![from, to],
                Shape::Groups(groups) => groups.iter_mut().collect(),
                _ => Vec::new(),
            },
            Self::Flap(flap) => vec![&mut flap.target],
            Self::Round(round) => round.sides.iter_mut().collect(),
            Self::Twins(twins) => std::iter::once(&mut twins.target).chain(&mut twins.place).collect(),
            Self::Crash(it) | Self::Amnesia(it) => vec![&mut it.target],
            Self::Pause(it) | Self::Leave(it) | Self::Replace(it) | Self::Corrupt(it) => vec![&mut it.target],
            Self::Slow(it) => vec![&mut it.target],
            Self::Detour(it) => vec![&mut it.target],
            Self::RollingRestart(it) => vec![&mut it.target],
            Self::Upgrade(it) => vec![&mut it.target],
            Self::Disk(it) => vec![&mut it.target],
            Self::Clock(it) => vec![&mut it.target],
            Self::Adaptive(it) => vec![&mut it.target],
            Self::Links(it) => it.ends.all_mut().collect(),
            Self::Join(_) | Self::Churn(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fault::FaultEntry;

    #[test]
    fn every_selector_can_be_changed() {
        for text in [
            r#"{"at":"1s","partition":{"isolate":"n1"}}"#,
            r#"{"at":"1s","partition":{"from":"n1","to":"n2"}}"#,
            r#"{"at":"1s","partition":{"groups":["n1","n2"]}}"#,
            r#"{"at":"1s","flap":{"target":"n1","period":"1s"}}"#,
            r#"{"round":{"number":1,"sides":["n1","n2"]}}"#,
            r#"{"at":"1s","loss":{"from":"n1","to":"n3","probability":"1/2"}}"#,
            r#"{"at":"1s","jam":{"target":"n1"}}"#,
            r#"{"at":"1s","crash":{"target":"n1"}}"#,
            r#"{"at":"1s","upgrade":{"target":"n1","to":"new"}}"#,
            r#"{"at":"1s","disk":{"target":"n1","fault":"rot"}}"#,
            r#"{"at":"1s","clock":{"target":"n1","forward":"1s"}}"#,
            r#"{"at":"1s","twins":{"target":"n1","place":"n2"}}"#,
            r#"{"at":"1s","detour":{"target":"n1","point":"short-batch","nth":2}}"#,
            r#"{"at":"1s","join":{"count":1}}"#,
        ] {
            let mut entry: FaultEntry = serde_json::from_str(text).unwrap();
            let mut before: Vec<String> = entry.what.selectors().iter().map(ToString::to_string).collect();
            let mut after: Vec<String> = entry.what.selectors_mut().iter().map(ToString::to_string).collect();
            before.sort();
            after.sort();
            assert_eq!(before, after, "{text}");
        }
    }
}
