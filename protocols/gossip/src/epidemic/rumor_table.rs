//! Which rumors are known in each of many places, in as few bits as there are rumors.
//!
//! Six such tables stand in a run's checks. At eight bytes a place, those of a million agents took 48 MB, and each agent that
//! learned the rumor missed the cache in all of them; at a bit a place all of them fit into it.

/// The bits of a word.
const WORD: usize = u64::BITS as usize;

/// A set of rumors for each of many places, all empty at first.
#[derive(Clone, Debug)]
pub(super) struct RumorTable {
    /// The sets, one after the other: a power of two of them in each word.
    words: Vec<u64>,
    /// How many bits a set takes: a power of two, and as many as the highest rumor asks for so far.
    bits: usize,
}

impl Default for RumorTable {
    fn default() -> Self {
        Self { words: Vec::new(), bits: 1 }
    }
}

impl RumorTable {
    /// The rumors in a place.
    #[inline]
    pub(super) fn get(&self, place: usize) -> u64 {
        let bit = place * self.bits;
        self.words.get(bit / WORD).map_or(0, |word| word >> (bit % WORD) & low(self.bits))
    }

    /// Makes the set of a place this one.
    #[inline]
    pub(super) fn set(&mut self, place: usize, rumors: u64) {
        // Most sets are emptied at the start, where nothing is known anywhere.
        if rumors != 0 || place * self.bits / WORD < self.words.len() {
            self.write(place, rumors);
        }
    }

    fn write(&mut self, place: usize, rumors: u64) {
        if rumors & !low(self.bits) != 0 {
            self.widen(rumors);
        }
        let bit = place * self.bits;
        let (word, shift) = (bit / WORD, bit % WORD);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] = self.words[word] & !(low(self.bits) << shift) | rumors << shift;
    }

    /// Adds rumors to the set of a place.
    #[inline]
    pub(super) fn add(&mut self, place: usize, rumors: u64) {
        self.set(place, self.get(place) | rumors);
    }

    /// Makes sets wide enough for these rumors.
    #[cold]
    fn widen(&mut self, rumors: u64) {
        let needed = WORD - rumors.leading_zeros() as usize;
        let before = std::mem::take(self);
        let places = before.words.len() * WORD / before.bits;
        *self = Self { words: Vec::new(), bits: needed.next_power_of_two() };
        for place in 0..places {
            self.set(place, before.get(place));
        }
    }
}

/// A word with so many low bits.
#[inline]
fn low(bits: usize) -> u64 {
    u64::MAX >> (WORD - bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_million_places_of_one_rumor_take_a_bit_each() {
        let mut table = RumorTable::default();
        (0..1_000_000).for_each(|place| table.set(place, 0));
        assert_eq!(table.words.capacity(), 0, "nothing is known anywhere");
        table.set(999_999, 1);
        assert_eq!((table.words.len(), table.get(999_998), table.get(999_999)), (15_625, 0, 1));
    }

    proptest! {
        #[test]
        fn it_is_a_list_of_sets(
            deeds in prop::collection::vec((0_usize..200, any::<u64>(), 0_u32..64, any::<bool>()), 0..100),
        ) {
            let (mut table, mut oracle) = (RumorTable::default(), vec![0; 200]);
            for (place, rumors, shift, adds) in deeds {
                let rumors = rumors >> shift;
                if adds {
                    table.add(place, rumors);
                    oracle[place] |= rumors;
                } else {
                    table.set(place, rumors);
                    oracle[place] = rumors;
                }
                prop_assert!((0..200).all(|place| table.get(place) == oracle[place]));
            }
            prop_assert_eq!(table.get(1_000), 0);
        }
    }
}
