//! The text of `issue`: what was issued under whom, and where it goes.

use super::text;
use crate::ops::Generated;
use crate::pg::certificate_file;
use crate::x509::format_date;
use std::fmt::Write as _;

/// `issue`, done or only planned.
pub(super) fn text(issued: &Generated, dry_run: bool, as_root: bool) -> String {
    let mut out = text::headline(issued, dry_run);
    out.push('\n');
    out.push_str(&text::tree(&issued.tree()));
    if dry_run {
        text::beginnings(&mut out, issued);
        out.push_str(&text::files(issued));
        return out;
    }
    let placement = issued.deployment();
    out.push('\n');
    out.push_str(&text::uses(&placement, issued));
    out.push('\n');
    let _ = writeln!(out, "next:   pgtls verify {}", text::path_word(&issued.directory));
    for spec in issued.plan.certificates.iter().filter(|spec| spec.kept.is_none()) {
        let file = certificate_file(&spec.stem);
        let _ = writeln!(out, "expiry: {file} on {}", format_date(spec.window.not_after));
    }
    if as_root {
        out.push_str(&text::installation(&placement, issued));
    }
    out
}
