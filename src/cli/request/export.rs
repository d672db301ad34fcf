//! `export`: who is meant, who reads it, where it goes.

use super::{CliError, directory};
use crate::cli::args::{ConsumerWord, ExportArgs, FormatWord, PartyWord};
use crate::layout::export::{Consumer, KeyFormat, Party};
use crate::ops::{Destination, ExportRequest, is_dash};
use std::ffi::OsString;

/// `export`; `to_terminal` says whether standard output is a terminal, to which no archive goes.
pub(in crate::cli) fn exported(
    args: &ExportArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
    to_terminal: bool,
) -> Result<ExportRequest, CliError> {
    let refuse = |fact: &str, hint| Err(CliError::Flags { fact: fact.to_owned(), hint });
    let destination = match (&args.places.to, &args.places.write) {
        (Some(directory), _) => Destination::Directory(directory.clone()),
        (None, Some(file)) if !is_dash(file) => Destination::Archive(file.clone()),
        (None, _) => Destination::Stream,
    };
    if destination == Destination::Stream && !args.output.dry_run {
        if to_terminal {
            let hint = "Send it to a program or a file: --tar | docker cp - db:/DIR, or --tar --write FILE.";
            return refuse("a tar archive is not for a terminal", hint);
        }
        if args.output.json {
            let hint = "Give it a file: --tar --write FILE.";
            return refuse("--json and a tar archive cannot both go to standard output", hint);
        }
    }
    Ok(ExportRequest {
        party: match args.party {
            PartyWord::Server => Party::Server,
            PartyWord::Client => Party::Client,
        },
        name: args.name.clone(),
        directory: directory(args.dir.clone(), variable),
        consumer: args.consumer.map(|word| match word {
            ConsumerWord::Pg => Consumer::Pg,
            ConsumerWord::Libpq => Consumer::Libpq,
            ConsumerWord::Jdbc => Consumer::Jdbc,
            ConsumerWord::P12 => Consumer::P12,
            ConsumerWord::Tls => Consumer::Tls,
        }),
        format: match args.format {
            None => KeyFormat::Pkcs8,
            Some(FormatWord::Pkcs1) => KeyFormat::Pkcs1,
            Some(FormatWord::Sec1) => KeyFormat::Sec1,
            Some(FormatWord::Der) => KeyFormat::Der,
            Some(FormatWord::Combined) => KeyFormat::Combined,
        },
        destination,
        owner: args.places.owner.clone(),
        key_mode: args.places.key_mode.clone(),
        passphrase_file: args.passphrase_file.clone(),
        encrypt_key_file: args.encrypt_key_file.clone(),
        dry_run: args.output.dry_run,
    })
}
