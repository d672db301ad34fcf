//! Much in few lines: what a terminal shows of thousands. JSON has all of it.

use super::words::harmless;
use std::collections::HashMap;
use std::hash::Hash;

/// How many names of a long list are shown.
const FEW_NAMES: usize = 4;
/// How many blocks of one kind are shown.
const FEW_BLOCKS: usize = 10;

/// A number as people read it: `4,997`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Names in a row; of a long list the first ones and how many more there are.
pub(super) fn names<S: AsRef<str>>(names: &[S]) -> String {
    // One more would take the place of the words.
    let shown = if names.len() <= FEW_NAMES + 1 { names.len() } else { FEW_NAMES };
    let mut out = names[..shown].iter().map(|name| harmless(name.as_ref())).collect::<Vec<_>>().join(", ");
    if shown < names.len() {
        out.push_str(&format!(" and {} more", grouped(names.len() - shown)));
    }
    out
}

/// Of blocks that are alike, the first few, and for those left out: what they have in common and how many they are.
pub(super) fn blocks<T, K: Eq + Hash + Clone>(
    all: Vec<T>,
    likeness: impl Fn(&T) -> K,
) -> (Vec<T>, Vec<(K, usize)>) {
    let mut counts: HashMap<K, usize> = HashMap::new();
    all.iter().for_each(|block| *counts.entry(likeness(block)).or_default() += 1);
    let mut met: HashMap<K, usize> = HashMap::new();
    let mut order = Vec::new();
    let mut shown = Vec::new();
    for block in all {
        let key = likeness(&block);
        let total = counts.get(&key).copied().unwrap_or_default();
        let met = met.entry(key.clone()).or_default();
        *met += 1;
        if total <= FEW_BLOCKS + 1 || *met <= FEW_BLOCKS {
            shown.push(block);
        } else if *met == FEW_BLOCKS + 1 {
            order.push((key, total - FEW_BLOCKS));
        }
    }
    (shown, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn of_a_long_list_the_first_names_are_shown_and_how_many_more() {
        let all: Vec<String> = (0..5_000).map(|at| format!("{at}.crt")).collect();
        assert_eq!(names(&all[..5]), "0.crt, 1.crt, 2.crt, 3.crt, 4.crt");
        assert_eq!(names(&all), "0.crt, 1.crt, 2.crt, 3.crt and 4,996 more");
        assert_eq!(names(&["a\u{1b}b"]), "a\\u{1b}b");
    }

    #[test]
    fn of_blocks_that_are_alike_the_first_ten_are_shown_and_the_others_counted() {
        let (shown, left) = blocks((0..30).collect(), |at: &i32| at % 2);
        assert_eq!((shown.len(), left), (20, vec![(0, 5), (1, 5)]));
        let (shown, left) = blocks((0..11).collect(), |_: &i32| ());
        assert_eq!((shown.len(), left.len()), (11, 0));
    }
}
