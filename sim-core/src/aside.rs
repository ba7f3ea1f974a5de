//! Values laid aside under numbers that others gave, until they are asked for.

use crate::ordered::OrderedMap;
use crate::slab::Slab;

/// Values by number, in constant room for each. Only the slab knows their type: a world has few lines of code for them.
#[derive(Debug)]
pub(crate) struct Aside<T> {
    places: Places,
    values: Slab<T>,
}

impl<T> Aside<T> {
    /// Nothing.
    pub(crate) const fn new() -> Self {
        Self { places: Places(OrderedMap::new()), values: Slab::new() }
    }

    /// Lays a value aside; its number must be free.
    pub(crate) fn put(&mut self, number: u64, value: T) {
        let place = self.values.insert(value);
        self.places.put(number, place);
    }

    /// Takes the value of a number back, if there is one.
    pub(crate) fn take(&mut self, number: u64) -> Option<T> {
        self.places.take(number).map(|place| self.values.remove(place))
    }
}

/// Where in the slab the value of each number is.
#[derive(Debug)]
struct Places(OrderedMap<u64, u32>);

impl Places {
    fn put(&mut self, number: u64, place: u32) {
        let before = self.0.insert(number, place);
        assert!(before.is_none(), "number {number} is taken");
    }

    fn take(&mut self, number: u64) -> Option<u32> {
        self.0.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_comes_back_once_and_under_its_number() {
        let mut aside = Aside::new();
        aside.put(9, "nine");
        aside.put(3, "three");
        assert_eq!((aside.take(9), aside.take(9), aside.take(4)), (Some("nine"), None, None));
        aside.put(9, "again");
        assert_eq!((aside.take(3), aside.take(9)), (Some("three"), Some("again")));
    }

    #[test]
    #[should_panic(expected = "number 5 is taken")]
    fn a_number_is_given_once() {
        let mut aside = Aside::new();
        aside.put(5, 'a');
        aside.put(5, 'b');
    }
}
