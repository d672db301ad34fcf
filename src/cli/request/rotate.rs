//! `rotate`: the CA, the phase and what belongs to that alone.

use super::issue::key_type;
use super::windows::span;
use super::{CliError, directory, passphrase, path_variable};
use crate::cli::args::{RotateArgs, StepWord};
use crate::ops::{RotatePlace, RotateRequest};
use crate::plan::{RotateWish, RotationStep};
use std::ffi::OsString;

/// What `rotate` is to do.
pub(in crate::cli) enum RotateCommand {
    /// A phase.
    Phase(RotateRequest),
    /// To tell how far it is.
    Status { stem: String, place: RotatePlace },
}

/// `rotate`.
pub(in crate::cli) fn rotated(
    args: &RotateArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<RotateCommand, CliError> {
    refuse_foreign_flags(args)?;
    let place = RotatePlace {
        directory: directory(args.dir.clone(), variable).unwrap_or_else(RotatePlace::usual_directory),
        ca_directory: args.ca_dir.clone().or_else(|| path_variable(variable, "PGTLS_CA_DIR")),
        ca_passphrase: passphrase(args.ca_passphrase_file.clone(), variable),
    };
    let stem = args.ca.clone();
    let step = match args.step {
        StepWord::Status => return Ok(RotateCommand::Status { stem, place }),
        StepWord::Add => RotationStep::Add {
            lifetime: span(args.lifetime.as_deref(), args.days.as_deref())?,
            key_type: args.key_type.as_deref().map(|flag| key_type(Some(flag))).transpose()?,
        },
        StepWord::Switch => RotationStep::Switch { is_distributed: args.trust_is_distributed },
        StepWord::Drop => RotationStep::Drop,
    };
    Ok(RotateCommand::Phase(RotateRequest {
        wish: RotateWish { stem, step },
        place,
        dry_run: args.output.dry_run,
    }))
}

/// Refuses a flag of another phase, which would do nothing.
fn refuse_foreign_flags(args: &RotateArgs) -> Result<(), CliError> {
    let flags = [
        ("--trust-is-distributed", args.trust_is_distributed, StepWord::Switch, "switch"),
        ("--lifetime", args.lifetime.is_some(), StepWord::Add, "add"),
        ("--days", args.days.is_some(), StepWord::Add, "add"),
        ("--key-type", args.key_type.is_some(), StepWord::Add, "add"),
    ];
    let foreign = flags.into_iter().find(|(_, is_given, of, _)| *is_given && *of != args.step);
    if let Some((flag, _, _, phase)) = foreign {
        return Err(CliError::Flags {
            fact: format!("{flag} belongs to \"rotate {} {phase}\"", args.ca),
            hint: "Leave it out here.",
        });
    }
    if args.step == StepWord::Status && args.output.dry_run {
        let fact = "status writes nothing, with --dry-run or without".to_owned();
        return Err(CliError::Flags { fact, hint: "Leave --dry-run out." });
    }
    Ok(())
}
