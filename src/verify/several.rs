//! Files of several places that have nothing to do with each other: each is judged by what it trusts itself, and what is
//! said of them is one answer.

use super::drivers::{DriverRow, Verdict, drivers};
use super::{Exhibit, Finding, Index, Policy, Report, Roles, Rule, Tally, check};
use std::collections::{HashMap, HashSet};

/// What belongs together, and which file plays which part in it.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The files.
    pub exhibits: Vec<Exhibit>,
    /// Their parts.
    pub roles: Roles,
}

/// Judges each stage by itself; `all` are the files of all of them.
#[must_use]
pub fn check_several(all: &[Exhibit], stages: &[Stage], policy: &Policy) -> (Report, Tally) {
    let mut found = Vec::new();
    let mut of_places: HashMap<Rule, Vec<Finding>> = HashMap::new();
    let certificates = Index::of(all).all.len();
    let mut tally = Tally { certificates, knows_trust: true, is_several: true, ..Tally::default() };
    for stage in stages {
        let (report, part) = check("", &stage.exhibits, &stage.roles, policy);
        let (wide, narrow): (Vec<Finding>, Vec<Finding>) =
            report.findings.into_iter().partition(|finding| finding.files.is_empty());
        found.extend(narrow);
        wide.into_iter().for_each(|finding| of_places.entry(finding.rule).or_default().push(finding));
        tally.knows_trust &= part.knows_trust;
        let is_new = |file: &String| !tally.trust.contains(file);
        let trust: Vec<String> = part.trust.into_iter().filter(is_new).collect();
        tally.trust.extend(trust);
        tally.leaves.extend(part.leaves);
    }
    let mut met = HashSet::new();
    tally.leaves.retain(|leaf| met.insert((leaf.file.clone(), leaf.subject.clone())));
    for exhibit in all {
        tally.keys += usize::from(!exhibit.keys.is_empty());
        tally.lists += exhibit.lists.len();
    }
    // Of a place as a whole things are said once, and that nobody is there to be asked only where that is so everywhere.
    for (rule, said) in of_places {
        let is_question = matches!(rule, Rule::HostNotTold | Rule::RoleNotTold);
        if !is_question || said.len() == stages.len() {
            found.extend(said.into_iter().max_by(|one, other| one.fact.cmp(&other.fact)));
        }
    }
    (Report::of(found), tally)
}

/// Puts each stage to every stack; where there are several answers, the worst counts.
#[must_use]
pub fn drivers_of_several(stages: &[Stage], policy: &Policy) -> Vec<DriverRow> {
    let rows = stages.iter().map(|stage| drivers(&stage.exhibits, &stage.roles, policy));
    rows.reduce(|all, more| all.into_iter().zip(more).map(|(one, other)| joined(one, other)).collect())
        .unwrap_or_default()
}

fn joined(one: DriverRow, other: DriverRow) -> DriverRow {
    let worse = |one: Option<Verdict>, other: Option<Verdict>| {
        one.into_iter().chain(other).max_by_key(|verdict| verdict.answer.badness())
    };
    DriverRow {
        driver: one.driver,
        version: one.version,
        server: worse(one.server, other.server),
        client: worse(one.client, other.client),
        needs: one.needs.or(other.needs),
        lua_ssl_verify_depth: one.lua_ssl_verify_depth.max(other.lua_ssl_verify_depth),
    }
}
