//! Sorting, compiled once: a sort of its own for each kind of entry would be 3 KB each.

use std::{cmp::Ordering, collections::BinaryHeap};

/// The entries by their key, smallest first; those with equal keys stay in their order.
pub fn by_key<T, K: Ord>(entries: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let keys: Vec<K> = entries.iter().map(key).collect();
    let order = order(entries.len(), &|one, other| {
        keys.get(one).cmp(&keys.get(other))
    });
    let mut entries: Vec<_> = entries.into_iter().map(Some).collect();
    let take = |at: usize| entries.get_mut(at).and_then(Option::take);
    order.into_iter().filter_map(take).collect()
}

/// In which order numbered entries stand.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let entries: BinaryHeap<_> = (0..count).map(|at| Numbered { at, compare }).collect();
    let sorted = entries.into_sorted_vec();
    sorted.into_iter().map(|entry| entry.at).collect()
}

/// An entry by its number: those that compare equal stand as they were numbered.
struct Numbered<'a> {
    at: usize,
    compare: &'a dyn Fn(usize, usize) -> Ordering,
}

impl Ord for Numbered<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = (self.compare)(self.at, other.at);
        by_key.then(self.at.cmp(&other.at))
    }
}

impl PartialOrd for Numbered<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Numbered<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Numbered<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_keep_their_order() {
        let words = vec!["pear", "fig", "plum", "yam", "kiwi"];
        let sorted = by_key(words, |word| word.len());
        assert_eq!(sorted, ["fig", "yam", "pear", "plum", "kiwi"]);
    }
}
