//! Marks: what a good campaign reaches at least once.

/// How often each mark was reached, in the order in which they were first passed.
///
/// A protocol has a handful of them, so that looking for one is a few comparisons, and nothing is allocated once all were passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(Vec<(&'static str, u64)>);

impl Marks {
    /// A mark was passed, and reached if its condition held.
    pub(crate) fn pass(&mut self, name: &'static str, reached: bool) {
        *self.count(name) += u64::from(reached);
    }

    /// Counts what others counted, who begin anew.
    pub(crate) fn take_over(&mut self, others: &mut Self) {
        for (name, count) in &mut others.0 {
            *self.count(name) += std::mem::take(count);
        }
    }

    fn count(&mut self, name: &'static str) -> &mut u64 {
        let known = self.0.iter().position(|(known, _)| std::ptr::eq(*known, name) || *known == name);
        let place = known.unwrap_or_else(|| {
            self.0.push((name, 0));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    /// All that were passed.
    pub(crate) fn counted(&self) -> &[(&'static str, u64)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_and_never_reached_is_known_too() {
        let mut marks = Marks::default();
        let reached = [("late", false), ("early", true), ("late", false), ("early", true)];
        reached.into_iter().for_each(|(name, reached)| marks.pass(name, reached));
        assert_eq!(marks.counted(), [("late", 0), ("early", 2)]);
        let mut whole = Marks(vec![("early", 1)]);
        whole.take_over(&mut marks);
        whole.take_over(&mut marks);
        assert_eq!(whole.counted(), [("early", 3), ("late", 0)]);
    }
}
