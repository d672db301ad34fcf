//! Which certificates of a list the judge looks at before they leave: the first of each shape, and every thousandth.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod lists;
mod support;

use lists::directory;
use pgtls::fs::Directory;
use pgtls::keys::KeyType;
use pgtls::layout::{Found, restore};
use pgtls::list::List;
use pgtls::plan::{Series, SeriesWish, series};
use pgtls::profile::{Ending, Validity};
use pgtls::x509::{Lifetime, Usage};
use time::OffsetDateTime;

/// The plan of a list of clients under a new CA.
fn planned(list: &str) -> Series {
    let home = directory("");
    let files = Directory::open(home.path().join("pki")).unwrap().unwrap().read(|_| true).unwrap();
    let found = Found { path: "pki".to_owned(), files, ..Found::default() };
    let (state, problems) = restore(&found, None);
    assert!(problems.is_empty(), "{problems:?}");
    let ending = Ending::After(Lifetime::days(30));
    let wish = SeriesWish {
        usage: Usage::Client,
        validity: Validity { not_before: None, ending, stretches: false },
        key_type: KeyType::default(),
        appends: true,
    };
    let (list, problems) = List::read(&mut list.as_bytes()).unwrap();
    series(list, "list", problems, wish, None, &state, OffsetDateTime::now_utc()).unwrap()
}

fn judged(series: &Series) -> Vec<usize> {
    (0..series.len()).filter(|at| series.is_judged(*at)).collect()
}

#[test]
fn the_first_of_each_shape_is_judged_and_every_thousandth() {
    let row = |at: usize| match at {
        // A lifetime of its own, names of two kinds, and the same kinds again.
        1500 => format!("role{at},,7d\n"),
        1600 => format!("role{at},a@b.test 10.0.0.1,\n"),
        1700 => format!("role{at},c@d.test 10.0.0.2,\n"),
        1800 => format!("role{at},::1,\n"),
        _ => format!("role{at},,\n"),
    };
    let rows: String = (0..2600).map(row).collect();
    let mut series = planned(&format!("name,san,lifetime\n{rows}"));
    series.choose_judged();
    assert_eq!(judged(&series), [0, 1000, 1500, 1600, 1800, 2000]);
}

#[test]
fn what_is_left_out_is_not_counted_and_the_first_that_is_made_is_judged() {
    let mut series = planned(&lists::roles(2600));
    (0..1200).for_each(|at| series.skip(at));
    series.choose_judged();
    assert_eq!(judged(&series), [1200, 2200]);
}
