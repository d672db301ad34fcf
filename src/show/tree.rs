//! Certificates under those who signed them: always a tree, whatever the certificates say of each other.

use super::signed::Signed;

/// How deep a tree is drawn: as many links as OpenSSL's default allows a chain.
pub(super) const DEEPEST: usize = 100;

/// The place of each one's issuer, in a tree. Circles are opened at their first, and what would hang too deep stands at
/// the top again; who signed it is still told.
pub(super) fn parents(signed: &[Signed]) -> Vec<Option<usize>> {
    let mut parents: Vec<Option<usize>> = signed
        .iter()
        .enumerate()
        .map(|(place, signed)| match signed {
            Signed::By(by) | Signed::Unchecked { by, .. } => Some(*by).filter(|by| *by != place),
            Signed::ByItself | Signed::ByAnotherKey | Signed::Elsewhere => None,
        })
        .collect();
    open_circles(&mut parents);
    limit_depth(&mut parents);
    parents
}

/// What hangs under each, in order.
pub(super) fn children(parents: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); parents.len()];
    for (place, parent) in parents.iter().enumerate() {
        if let Some(list) = parent.and_then(|parent| children.get_mut(parent)) {
            list.push(place);
        }
    }
    children
}

/// Authorities that signed each other lead to no root: the first of each circle becomes one.
fn open_circles(parents: &mut [Option<usize>]) {
    // From which place each was first met on the way up.
    let mut met: Vec<Option<usize>> = vec![None; parents.len()];
    for start in 0..parents.len() {
        let mut at = start;
        while met[at].is_none() {
            met[at] = Some(start);
            match parents[at] {
                Some(parent) if met[parent] == Some(start) => parents[parent] = None,
                Some(parent) => at = parent,
                None => {}
            }
        }
    }
}

fn limit_depth(parents: &mut [Option<usize>]) {
    let children = children(parents);
    let tops = (0..parents.len()).filter(|place| parents[*place].is_none());
    let mut waiting: Vec<(usize, usize)> = tops.map(|place| (place, 1)).collect();
    while let Some((place, depth)) = waiting.pop() {
        for child in &children[place] {
            if depth == DEEPEST {
                parents[*child] = None;
            }
            waiting.push((*child, depth % DEEPEST + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_opened_at_its_first_and_what_hangs_on_it_stays() {
        let by = |places: &[usize]| places.iter().map(|place| Signed::By(*place)).collect::<Vec<_>>();
        assert_eq!(parents(&by(&[1, 2, 0, 2])), [None, Some(2), Some(0), Some(2)]);
        assert_eq!(parents(&by(&[1, 0, 3, 2])), [None, Some(0), None, Some(2)]);
        assert_eq!(parents(&by(&[1, 1])), [Some(1), None]);
    }

    #[test]
    fn a_tree_is_no_deeper_than_a_chain_may_be() {
        let chain: Vec<Signed> =
            (0..250).map(|place: usize| place.checked_sub(1).map_or(Signed::ByItself, Signed::By)).collect();
        let parents = parents(&chain);
        let tops: Vec<usize> = (0..250).filter(|place| parents[*place].is_none()).collect();
        assert_eq!(tops, [0, 100, 200]);
    }
}
