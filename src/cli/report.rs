//! What there is to be printed, as plain data: a verb's result, and how it is to be told.

use super::bulk::Destination;
use super::request::TypedCommand;
use crate::ops::{
    BulkIssued, CanLogin, Compared, Configured, CsrMade, Exported, Generated, Imported, Inspection,
    ListsMade, Manifested, Renewed, RotatePlace, Rotated, Verified,
};
use crate::plan::RotationStatus;

/// What a verb has to say.
pub(super) enum Report {
    /// `gen`.
    Generated {
        generated: Box<Generated>,
        dry_run: bool,
        quiet: bool,
        /// Run by root, without an owner asked for.
        as_root: bool,
        /// The command that was typed.
        command: TypedCommand,
    },
    /// `issue` and `sign`.
    Issued {
        issued: Box<Generated>,
        dry_run: bool,
        quiet: bool,
        /// Run by root, without an owner asked for.
        as_root: bool,
    },
    /// `issue -f`.
    Listed { issued: Box<BulkIssued>, destination: Destination, dry_run: bool, quiet: bool },
    /// `revoke`.
    Revoked { revoked: Box<Generated>, dry_run: bool, quiet: bool },
    /// `crl`.
    Lists { made: Box<ListsMade>, dry_run: bool, quiet: bool },
    /// `can-login`.
    CanLogin { found: Box<CanLogin>, quiet: bool },
    /// `csr`.
    Csr { made: Box<CsrMade>, dry_run: bool, quiet: bool },
    /// `import`.
    Imported { imported: Box<Imported>, dry_run: bool, quiet: bool },
    /// `renew`.
    Renewed { renewed: Box<Renewed>, dry_run: bool, quiet: bool },
    /// A phase of `rotate`.
    Rotated { rotated: Box<Rotated>, dry_run: bool, quiet: bool },
    /// `rotate CA status`.
    RotationStatus { status: Box<RotationStatus>, place: RotatePlace, quiet: bool },
    /// `inspect`.
    Inspected {
        inspection: Box<Inspection>,
        /// One line each.
        short: bool,
    },
    /// `verify`.
    Verified {
        verified: Box<Verified>,
        /// Warnings fail too.
        strict: bool,
        quiet: bool,
        /// As metrics for Prometheus.
        metrics: bool,
        /// Whether the client stacks are asked for.
        drivers: bool,
    },
    /// `verify --against`.
    Compared { compared: Compared, quiet: bool },
    /// `export`.
    Exported { exported: Box<Exported>, dry_run: bool, quiet: bool },
    /// `config`.
    Configured { configured: Box<Configured>, dry_run: bool, quiet: bool },
    /// `k8s`.
    Manifested { made: Box<Manifested>, dry_run: bool, quiet: bool },
    /// `profiles`: names and summaries.
    Profiles(Vec<(String, String)>),
    /// A text as it is.
    Text(String),
}
