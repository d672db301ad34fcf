//! `issue -f`: a list, and the flags beside it.

use super::CliError;
use super::csr::usage;
use super::issue::{key_type, under, validity};
use crate::cli::args::{IssueArgs, StreamWord};
use crate::cli::bulk;
use crate::ops::{BulkRequest, Outlet, StreamForm, is_dash};
use crate::plan::SeriesWish;
use std::ffi::OsString;
use std::path::Path;

/// `issue -f FILE`.
pub(in crate::cli) fn listed(
    args: &IssueArgs,
    list: &Path,
    variable: &dyn Fn(&str) -> Option<OsString>,
    to_terminal: bool,
) -> Result<BulkRequest, CliError> {
    let outlet = outlet(args, to_terminal)?;
    Ok(BulkRequest {
        list: list.to_path_buf(),
        wish: SeriesWish {
            usage: usage(args.usage),
            validity: validity(&args.under)?,
            key_type: key_type(args.key_type.as_deref())?,
            appends: !args.under.no_append,
        },
        under: under(&args.under, variable),
        key_passphrase_file: args.encrypt_key_file.clone(),
        key_mode: args.key_mode.clone(),
        skip_issued: args.list.skip_issued,
        outlet,
    })
}

fn outlet(args: &IssueArgs, to_terminal: bool) -> Result<Outlet, CliError> {
    let refuse = |fact: &str, hint| Err(CliError::Flags { fact: fact.to_owned(), hint });
    let Some(word) = args.list.stream else { return Ok(Outlet::Files) };
    let file = args.list.write.clone().filter(|path| !is_dash(path));
    if word != StreamWord::Tar && (args.key_mode.is_some() || args.under.owner.is_some()) {
        return refuse(
            "only files and a tar archive have modes and owners",
            "Leave --owner and --key-mode out.",
        );
    }
    if file.is_none() && !args.under.output.dry_run {
        if args.under.output.json {
            return refuse(
                "--json and the stream would both go to standard output",
                "Give the stream a file with --write; --stream jsonl is JSON itself.",
            );
        }
        if to_terminal {
            return refuse("keys are not written to a terminal", "Name a file with --write, or use a pipe.");
        }
    }
    let form = match word {
        StreamWord::Tar => StreamForm::Tar,
        StreamWord::Pem => StreamForm::Pem,
        StreamWord::Jsonl => StreamForm::Lines(bulk::JSON_LINES),
        StreamWord::K8s => StreamForm::Secrets,
    };
    Ok(Outlet::Stream { form, file })
}
