//! Members of the healed core that must still come as far as somebody had come at the heal.

use sim_core::ground::{Ground, Place};
use sim_core::identity::Slot;
use sim_core::simulate::Reach;

/// Who must still come how far.
#[derive(Clone, Debug, Default)]
pub struct Laggards {
    /// As far as anybody running had come.
    target: u64,
    /// By slot: how far it has come, if it must still come further.
    behind: Vec<Option<u64>>,
    missing: usize,
}

/// Whether a place holds an honest one of so many members, whose journal is whole.
pub fn takes_part(members: u32, place: &Place) -> bool {
    place.honest && place.node.0 < members && place.status.role != Some("halted")
}

impl Laggards {
    /// Takes stock at the heal, of those who take part.
    pub fn take_stock(
        &mut self,
        ground: &Ground,
        core: &[Slot],
        takes_part: impl Fn(&Place) -> bool,
    ) -> Reach {
        let position = |place: &Place| place.status.position.unwrap_or(0);
        let running = ground.members().filter(|(_, place)| place.up && takes_part(place));
        self.target = running.map(|(_, place)| position(place)).max().unwrap_or(0);
        self.behind = vec![None; ground.places.len()];
        for slot in core {
            let place = ground.place(*slot);
            if takes_part(place) && position(place) < self.target {
                self.behind[slot.index()] = Some(position(place));
            }
        }
        self.missing = self.behind.iter().flatten().count();
        if self.missing == 0 { Reach::All } else { Reach::Nothing }
    }

    /// A member has come to a position.
    pub fn came(&mut self, slot: Slot, position: u64) -> Reach {
        let target = self.target;
        let Some(behind) = self.behind.get_mut(slot.index()) else { return Reach::Nothing };
        if behind.is_none_or(|before| position <= before) {
            return Reach::Nothing;
        }
        *behind = (position < target).then_some(position);
        self.missing -= usize::from(position >= target);
        if self.missing == 0 { Reach::All } else { Reach::More }
    }

    /// A member that halts for good takes part no more.
    pub fn halted(&mut self, slot: Slot) -> Reach {
        let behind = self.behind.get_mut(slot.index()).and_then(Option::take);
        self.missing -= usize::from(behind.is_some());
        if behind.is_some() && self.missing == 0 { Reach::All } else { Reach::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laggards() -> Laggards {
        let mut laggards = Laggards::default();
        let mut ground = Ground::new(5, 1);
        for (slot, position) in [(0, 5), (1, 5), (2, 3), (3, 4), (4, 9)] {
            ground.places[slot].status.position = Some(position);
        }
        ground.places[4].honest = false;
        let core = [0, 1, 2].map(Slot);
        assert_eq!(laggards.take_stock(&ground, &core, |place| place.honest), Reach::Nothing);
        laggards
    }

    #[test]
    fn the_core_must_come_as_far_as_somebody_honest_had_come() {
        let mut laggards = laggards();
        assert_eq!(laggards.came(Slot(2), 4), Reach::More);
        assert_eq!(laggards.came(Slot(2), 4), Reach::Nothing, "once each");
        assert_eq!(laggards.came(Slot(3), 9), Reach::Nothing, "outside");
        assert_eq!(laggards.came(Slot(2), 5), Reach::All);
    }

    #[test]
    fn who_halts_for_good_is_waited_for_no_longer() {
        let mut laggards = laggards();
        assert_eq!(laggards.halted(Slot(1)), Reach::Nothing, "it was far enough");
        assert_eq!(laggards.halted(Slot(2)), Reach::All);
    }
}
