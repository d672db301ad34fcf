//! The command line: words in, words out. It decides nothing; `ops` does the work.

mod args;
mod bulk;
mod can_login;
mod compared;
mod configured;
mod csr;
mod drivers;
mod exit;
mod expiry;
mod export;
mod import;
mod inspect;
mod interrupt;
mod issued;
mod json;
mod k8s;
mod look;
mod prometheus;
mod render;
mod renewed;
mod report;
mod reports;
mod request;
mod requested;
mod revoked;
mod rotate;
mod shorten;
mod text;
mod verdict;
mod words;

use crate::error::Error;
use crate::keys::KeySource;
use crate::ops::{self, BulkRequest, Control};
use crate::profile::BUILTINS;
use args::{Cli, Verb};
use bulk::Destination;
use clap::Parser;
use interrupt::Interrupt;
use look::Look;
use render::Render;
use report::Report;
use request::{CliError, RotateCommand, TypedCommand, Wanted};
use std::ffi::OsString;
use std::io::{Read, Write};
use time::OffsetDateTime;

/// What the process gives: the only place where the command line learns of the world.
pub struct Process<'a> {
    /// The arguments, the program's own name first.
    pub arguments: Vec<OsString>,
    /// Looks an environment variable up.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Now.
    pub now: OffsetDateTime,
    /// Keys and randomness.
    pub keys: &'a dyn KeySource,
    /// What a path of `-` stands for; read only where one was given.
    pub stdin: &'a mut dyn Read,
    /// The columns of the terminal that standard output is; `None`: it is none.
    pub terminal: Option<usize>,
    /// Whether standard error is a terminal, where a bar shows how far a long run is.
    pub stderr_is_terminal: bool,
    /// Results.
    pub stdout: &'a mut dyn Write,
    /// Everything else.
    pub stderr: &'a mut dyn Write,
}

/// Runs one command; the result is the exit code of `exit`.
pub fn run(process: Process<'_>) -> u8 {
    let Process { arguments, variable, now, keys, stdin, terminal, stderr_is_terminal, stdout, stderr } =
        process;
    let mut render = Render::new(stdout, stderr);
    // Where the words cannot be parsed, a program that asked for JSON still gets it.
    render.set_json(arguments.iter().any(|argument| argument == "--json"));
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return render.usage(&error),
    };
    render.set_json(cli.verb.json());
    let to_terminal = terminal.is_some();
    if let Verb::Issue(args) = &cli.verb
        && let Some(list) = &args.list.file
    {
        let request = match request::listed(args, list, variable, to_terminal) {
            Ok(request) => request,
            Err(error) => return render.error(&error),
        };
        let output = &args.under.output;
        let bar = stderr_is_terminal && !output.quiet && !output.json;
        return issue_listed(
            &request,
            output.quiet,
            bar,
            stdin,
            &mut render,
            Look::of(terminal, variable),
            now,
            keys,
        );
    }
    match dispatch(&cli.verb, &arguments, variable, stdin, to_terminal, now, keys) {
        Ok(report) => render.report(&report, Look::of(terminal, variable)),
        Err(error) => render.error(&error),
    }
}

/// `issue -f`, which may take a while: it shows how far it is, and ends in good order when it is told to.
#[allow(clippy::too_many_arguments, reason = "what the process gives, each by itself")]
fn issue_listed(
    request: &BulkRequest,
    quiet: bool,
    bar: bool,
    stdin: &mut dyn Read,
    render: &mut Render<'_>,
    look: Look,
    now: OffsetDateTime,
    keys: &dyn KeySource,
) -> u8 {
    let interrupt = Interrupt::default();
    let mut has_begun = false;
    let issued = render.long_run(bar, |stdout, shown| {
        let progress = &mut |done, total| {
            // Once: handlers add up, and those of a second time would take the first signal for a second.
            if !std::mem::replace(&mut has_begun, true) {
                interrupt.watch();
            }
            shown(done, total);
        };
        let control = Control { is_stopped: &|| interrupt.is_on(), progress, threads: None };
        ops::bulk(request, stdin, stdout, control, now, keys)
    });
    let code = match issued {
        Ok(issued) => {
            let destination = Destination::of(&request.outlet);
            let report = Report::Listed {
                issued: Box::new(issued),
                destination,
                dry_run: request.under.dry_run,
                quiet,
            };
            render.report(&report, look)
        }
        Err(error) => render.error(&error.into()),
    };
    render.flush();
    interrupt.end();
    code
}

fn dispatch(
    verb: &Verb,
    arguments: &[OsString],
    variable: &dyn Fn(&str) -> Option<OsString>,
    stdin: &mut dyn Read,
    to_terminal: bool,
    now: OffsetDateTime,
    keys: &dyn KeySource,
) -> Result<Report, CliError> {
    match verb {
        Verb::Gen(args) => {
            let request = request::generate(args, variable)?;
            if args.as_openssl {
                return Ok(Report::Text(ops::as_openssl(&request, now)?));
            }
            let generated = ops::generate(&request, now, keys)?;
            Ok(Report::Generated {
                generated: Box::new(generated),
                dry_run: args.output.dry_run,
                quiet: args.output.quiet,
                as_root: request.owner.is_none() && ops::caller_is_root(),
                command: TypedCommand::new(arguments),
            })
        }
        Verb::Issue(args) => {
            let request = request::issued(args, variable)?;
            Ok(Report::Issued {
                issued: Box::new(ops::issue(&request, now, keys)?),
                dry_run: args.under.output.dry_run,
                quiet: args.under.output.quiet,
                as_root: request.under.owner.is_none() && ops::caller_is_root(),
            })
        }
        Verb::Sign(args) => {
            let (wish, under) = request::signed(args, variable, stdin)?;
            Ok(Report::Issued {
                issued: Box::new(ops::sign(&wish, &under, now, keys)?),
                dry_run: under.dry_run,
                quiet: args.under.output.quiet,
                // There is no key to be installed.
                as_root: false,
            })
        }
        Verb::Csr(args) => {
            let made = ops::csr(&request::csr(args, variable)?, now, keys)?;
            Ok(Report::Csr { made: Box::new(made), dry_run: args.output.dry_run, quiet: args.output.quiet })
        }
        Verb::Import(args) => {
            let imported = ops::import(&request::import(args, variable, stdin)?, now)?;
            Ok(Report::Imported {
                imported: Box::new(imported),
                dry_run: args.output.dry_run,
                quiet: args.output.quiet,
            })
        }
        Verb::Rotate(args) => {
            let quiet = args.output.quiet;
            match request::rotated(args, variable)? {
                RotateCommand::Phase(request) => {
                    let rotated = ops::rotate(&request, now, keys)?;
                    Ok(Report::Rotated { rotated: Box::new(rotated), dry_run: request.dry_run, quiet })
                }
                RotateCommand::Status { stem, place } => {
                    let status = ops::rotation_status(&stem, &place, now, keys)?;
                    Ok(Report::RotationStatus { status: Box::new(status), place, quiet })
                }
            }
        }
        Verb::Revoke(args) => {
            let revoked = ops::revoke(&request::revoked(args, variable)?, now, keys)?;
            let (dry_run, quiet) = (args.output.dry_run, args.output.quiet);
            Ok(Report::Revoked { revoked: Box::new(revoked), dry_run, quiet })
        }
        Verb::Crl(args) => {
            let made = ops::lists(&request::crl(args, variable)?, now, keys)?;
            let (dry_run, quiet) = (args.output.dry_run, args.output.quiet);
            Ok(Report::Lists { made: Box::new(made), dry_run, quiet })
        }
        Verb::Renew(args) => {
            let renewed = ops::renew(&request::renewed(args, variable)?, now, keys)?;
            let (dry_run, quiet) = (args.output.dry_run, args.output.quiet);
            Ok(Report::Renewed { renewed: Box::new(renewed), dry_run, quiet })
        }
        Verb::Verify(args) => {
            if let Some(against) = &args.against {
                let compared = ops::compare(&request::verified(args, variable, stdin)?, against, now)?;
                return Ok(Report::Compared { compared, quiet: args.quiet });
            }
            let verified = ops::verify(&request::verified(args, variable, stdin)?, now)?;
            Ok(Report::Verified {
                verified: Box::new(verified),
                strict: args.strict,
                quiet: args.quiet,
                metrics: args.prometheus,
                drivers: args.drivers,
            })
        }
        Verb::CanLogin(args) => {
            let found = ops::can_login(&request::login_asked(args, variable, stdin)?, now)?;
            Ok(Report::CanLogin { found: Box::new(found), quiet: args.quiet })
        }
        Verb::Inspect(args) => {
            let inspection = ops::inspect(&request::inspected(args, variable, stdin)?, now)?;
            Ok(Report::Inspected { inspection: Box::new(inspection), short: args.short })
        }
        Verb::Export(args) => {
            let exported = ops::export(&request::exported(args, variable, to_terminal)?, now, keys)?;
            let (dry_run, quiet) = (args.output.dry_run, args.output.quiet);
            Ok(Report::Exported { exported: Box::new(exported), dry_run, quiet })
        }
        Verb::Config(args) => {
            let configured = ops::configure(&request::configured(args, variable)?, now)?;
            let output = &args.target.place().output;
            let (dry_run, quiet) = (output.dry_run, output.quiet);
            Ok(Report::Configured { configured: Box::new(configured), dry_run, quiet })
        }
        Verb::K8s(args) => {
            let made = match request::manifests(args, variable)? {
                Wanted::Manifests(request) => ops::manifests(&request, now)?,
                Wanted::Issuing(request) => ops::cert_manager(&request, now)?,
            };
            let (dry_run, quiet) = (args.output.dry_run, args.output.quiet);
            Ok(Report::Manifested { made: Box::new(made), dry_run, quiet })
        }
        Verb::Profiles(args) => match &args.name {
            None => Ok(Report::Profiles(BUILTINS.map(summary).into_iter().collect::<Result<_, Error>>()?)),
            Some(name) => Ok(Report::Text(ops::profile_source(name)?.text)),
        },
    }
}

/// Name and summary of a built-in.
fn summary(builtin: crate::profile::Builtin) -> Result<(String, String), Error> {
    let profile = crate::profile::parse(builtin.name, builtin.text, &crate::profile::Overrides::default())?;
    Ok((profile.name, profile.summary))
}
