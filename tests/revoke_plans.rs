//! Plans for revocation lists: when one is due, how long it counts, and what the clock has to say.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod road;

use pgtls::diagnosis::{Diagnosis, Failure};
use pgtls::fs::FileSet;
use pgtls::keys::SystemKeys;
use pgtls::layout::{self, Arrangement, Found};
use pgtls::pki::{self, Secrets};
use pgtls::plan::{self, ListSpec, ListsError, Notice, Plan, PlanError, Which};
use pgtls::profile::{self, Overrides, Profile};
use pgtls::state::State;
use pgtls::x509::Lifetime;
use road::{NOW, make, told};
use time::Duration;

fn intermediate() -> Profile {
    profile::parse("intermediate", profile::builtin("intermediate").unwrap().text, &Overrides::default())
        .unwrap()
}

/// The files of a new directory.
fn files() -> FileSet {
    make(&intermediate(), &Arrangement::default(), &Secrets::default(), &SystemKeys).filled.directory
}

fn state(files: &FileSet) -> State {
    let found = Found {
        path: "pki".to_owned(),
        names: files.names().map(str::to_owned).collect(),
        files: files.clone(),
        ..Found::default()
    };
    let (state, problems) = layout::restore(&found, None);
    assert!(problems.is_empty(), "{problems:?}");
    state
}

/// Carries a plan out in memory.
fn done(plan: &Plan, files: &mut FileSet) {
    let outline = layout::outline(plan, &Arrangement::default());
    let issued = pki::issue(plan, &state(files), &SystemKeys, &Secrets::default()).unwrap();
    files.extend(layout::fill(&outline, &issued).unwrap().directory);
}

fn lists(which: Which, lifetime: Option<&str>, files: &FileSet, days: i64) -> Result<Plan, PlanError> {
    let lifetime = lifetime.map(|text| text.parse::<Lifetime>().unwrap());
    plan::lists(which, lifetime, &state(files), NOW + Duration::days(days))
}

/// Whose lists a plan makes.
fn made(plan: &Plan) -> Vec<&str> {
    plan.lists.iter().filter(|list| list.kept.is_none()).map(|list| list.of.as_str()).collect()
}

#[test]
fn a_list_is_due_with_less_than_a_third_of_its_life_left_or_where_it_begins_later() {
    let mut files = files();
    done(&lists(Which::All, Some("30d"), &files, 100).unwrap(), &mut files);
    for (days, due) in [(99, true), (100, false), (119, false), (121, true), (131, true)] {
        let plan = lists(Which::Due, None, &files, days).unwrap();
        assert_eq!(made(&plan), if due { vec!["root", "intermediate"] } else { vec![] }, "{days}");
        let outline = layout::outline(&plan, &Arrangement::default());
        assert_eq!(outline.files.is_empty(), !due, "{days}");
    }
}

#[test]
fn a_list_begins_now_and_ends_with_its_ca_at_the_latest() {
    let mut files = files();
    let plan = lists(Which::All, None, &files, 0).unwrap();
    let ends = |plan: &Plan| plan.lists.iter().map(|list| list.next_update.unwrap()).collect::<Vec<_>>();
    assert!(plan.lists.iter().all(|list: &ListSpec| list.this_update == NOW));
    assert_eq!(ends(&plan), [NOW + Duration::days(365); 2]);
    let near_the_end = lists(Which::All, None, &files, 1700).unwrap();
    let end = plan.certificate("intermediate").unwrap().window.not_after;
    assert_eq!(ends(&near_the_end)[1], end);
    // One that cannot last longer is not made anew every day.
    done(&near_the_end, &mut files);
    assert_eq!(made(&lists(Which::Due, None, &files, 1740).unwrap()), [""; 0]);
}

#[test]
fn a_clock_before_the_beginning_of_the_ca_is_refused() {
    let error = lists(Which::All, None, &files(), -2).unwrap_err();
    assert!(
        told(&error).starts_with("the existing CA \"pki/root.crt\" cannot sign: it is valid from "),
        "{error}"
    );
    assert_eq!(error.failure(), Failure::Forbidden);
}

#[test]
fn a_ca_that_has_ended_has_no_list_and_keeps_nobody_else_from_having_one() {
    let plan = lists(Which::All, None, &files(), 2000).unwrap();
    assert_eq!(made(&plan), ["root"], "the intermediate ended after 1825 days");
}

#[test]
fn where_every_ca_has_ended_that_is_said_and_not_that_its_key_is_away() {
    let error = lists(Which::All, None, &files(), 20_000).unwrap_err();
    assert!(told(&error).contains("\"pki/intermediate.crt\" cannot sign: it is valid from "), "{error}");
    assert_eq!(error.failure(), Failure::Forbidden);
}

#[test]
fn where_no_lists_are_in_use_none_are_made_on_the_way_and_what_cannot_be_made_is_told() {
    let mut files = files();
    let mut plan = lists(Which::All, None, &files, 0).unwrap();
    plan.lists.clear();
    plan.list_bundles.clear();
    let now = NOW + Duration::days(300);
    let mut unused = plan.clone();
    plan::refresh(&mut unused, &state(&files), Which::InUse, None, now).unwrap();
    assert!(unused.lists.is_empty());
    done(&lists(Which::All, None, &files, 0).unwrap(), &mut files);
    files.remove("root.key");
    let mut used = plan.clone();
    plan::refresh(&mut used, &state(&files), Which::InUse, None, now).unwrap();
    assert_eq!(made(&used), ["intermediate"]);
    let is_told = |notice: &Notice| matches!(notice, Notice::ListNotMade { certificate, next_update: Some(_), .. } if certificate == "root");
    assert!(used.notices.iter().any(is_told), "{:?}", used.notices);
    // While what is there counts, the others are made; afterwards everybody would be turned away with them.
    let plan = lists(Which::Due, None, &files, 300).unwrap();
    assert_eq!(made(&plan), ["intermediate"]);
    assert!(plan.notices.iter().any(is_told), "{:?}", plan.notices);
    let error = lists(Which::Due, None, &files, 366).unwrap_err();
    assert!(matches!(error, PlanError::Lists(ListsError::KeyMissing { .. })), "{error}");
    assert!(error.hint().unwrap().contains("put its own list here, as \"pki/root.crl\""), "{error:?}");
    assert_eq!(error.failure(), Failure::System);
}
