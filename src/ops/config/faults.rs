//! Which certificates of a directory are out of their time or revoked, as the judge sees it.

use crate::config::Fault;
use crate::verify::{self, Chain, Exhibit, Policy, Report, Roles, Rule};
use crate::x509::Window;
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// What the judge says of a directory.
pub(super) struct Faults {
    revoked: BTreeSet<String>,
    now: OffsetDateTime,
}

impl Faults {
    pub(super) fn of(place: &str, exhibits: &[Exhibit], now: OffsetDateTime) -> Self {
        let policy = Policy { wants_keys: false, ..Policy::at(now) };
        let (Report { findings, .. }, _) = verify::check(place, exhibits, &Roles::default(), &policy);
        let revoked = findings.into_iter().filter(|it| matches!(it.rule, Rule::Revoked | Rule::IndexRevoked));
        Self { revoked: revoked.flat_map(|finding| finding.files).collect(), now }
    }

    /// Why nobody takes the certificate of that file, if so.
    pub(super) fn find(&self, file: &str, chain: &Chain<'_>) -> Option<Fault> {
        if self.revoked.contains(file) {
            return Some(Fault::Revoked);
        }
        chain.links.iter().enumerate().find_map(|(at, link)| {
            let (said, has_ended) = self.out_of_time(link.certificate.window)?;
            let authority = (at > 0).then(|| link.file.to_owned());
            Some(Fault::Time { authority, said, has_ended })
        })
    }

    /// What is wrong with a window, and whether it is past.
    fn out_of_time(&self, window: Window) -> Option<(String, bool)> {
        if self.now > window.not_after {
            return Some((format!("ended on {}", window.not_after.date()), true));
        }
        let is_early = self.now < window.not_before;
        is_early.then(|| (format!("is not valid before {}", window.not_before.date()), false))
    }
}
