//! The one temporary directory of this process that holds all its servers, and the janitor that outlives us.
//!
//! Nothing of it may survive this process, not even when a signal ends it and no destructor runs. So a small shell,
//! the janitor, waits at the far end of a pipe: when the pipe closes, we are gone, and it stops the servers that are
//! left and removes the directory.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::account::{Account, create_passage, file_error};
use super::error::ScratchError;
use super::programs::Programs;

const JANITOR: &str = include_str!("janitor.sh");

/// Made by the first server of this process, and kept to its end.
static HOME: Mutex<Option<Home>> = Mutex::new(None);

struct Home {
    directory: PathBuf,
    janitor: Child,
    /// How many places were handed out; each has its number as its name.
    places: u32,
    /// The data directory that `initdb` of these programs made, to be copied for each server.
    templates: Vec<(Programs, PathBuf)>,
}

/// Creates an empty directory for one more server, which `account` can pass through but not change.
pub(super) fn new_place() -> Result<PathBuf, ScratchError> {
    let mut home = lock();
    let home = opened(&mut home)?;
    home.places += 1;
    let place = home.directory.join(home.places.to_string());
    create_passage(&place).map_err(|source| file_error("create directory", &place, source))?;
    Ok(place)
}

/// Fills the empty directory `data`, which belongs to `account`, with a new cluster.
///
/// `initdb` takes seconds, so it runs once for each installation; whoever comes meanwhile waits for it.
pub(super) fn fill_data_directory(
    data: &Path,
    programs: &Programs,
    account: Account,
) -> Result<(), ScratchError> {
    let template = template(programs, account)?;
    let mut copy = Command::new("cp");
    // "/." copies what is in the directory, not the directory.
    copy.arg("-R").arg(template.join(".")).arg(data);
    run(copy, account, data)
}

/// Tells the janitor of a server to stop should we not live to do it.
pub(super) fn server_started(pid: u32) {
    tell_janitor("started", pid);
}

/// Tells the janitor that a server needs it no more.
pub(super) fn server_stopped(pid: u32) {
    tell_janitor("stopped", pid);
}

/// An environment that depends on nothing but where programs and their libraries are.
///
/// No `PG*` variable of the caller, no `~/.postgresql`, no locale: the same words on every machine.
pub(super) fn clean_environment(command: &mut Command, home: &Path) {
    let kept = ["PATH", "LD_LIBRARY_PATH"].into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().envs(kept).env("LC_ALL", "C").env("HOME", home);
}

fn lock() -> MutexGuard<'static, Option<Home>> {
    // What is guarded is valid at every step, so another thread's panic (a failed test) need not stop us.
    HOME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn opened(home: &mut Option<Home>) -> Result<&mut Home, ScratchError> {
    match home {
        Some(home) => Ok(home),
        None => Ok(home.insert(Home::open()?)),
    }
}

impl Home {
    fn open() -> Result<Self, ScratchError> {
        let directory = new_directory(&env::temp_dir())?;
        let janitor = Command::new("sh")
            .args(["-c", JANITOR, "pgtls-janitor"])
            .arg(&directory)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own, or the terminal's Ctrl-C would end it together with us.
            .process_group(0)
            .spawn();
        match janitor {
            Ok(janitor) => Ok(Self { directory, janitor, places: 0, templates: Vec::new() }),
            Err(source) => {
                // Nothing is in it, and the error to report is the other one.
                let _ = fs::remove_dir(&directory);
                Err(ScratchError::Run { program: "sh".into(), source })
            }
        }
    }
}

fn tell_janitor(change: &str, pid: u32) {
    if let Some(pipe) = lock().as_mut().and_then(|home| home.janitor.stdin.as_mut()) {
        // Without its janitor a server is still stopped by its owner's drop; there is nothing better to do here.
        let _ = writeln!(pipe, "{change} {pid}");
    }
}

/// Creates a directory under `parent` by a name nobody else has.
fn new_directory(parent: &Path) -> Result<PathBuf, ScratchError> {
    loop {
        // Short, because the path of a Unix-domain socket must fit into some hundred bytes.
        let chance = RandomState::new().build_hasher().finish();
        let directory = parent.join(format!("pgtls-{:08x}", chance & 0xffff_ffff));
        match create_passage(&directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(file_error("create directory", &directory, source)),
            Ok(()) => return Ok(directory),
        }
    }
}

fn template(programs: &Programs, account: Account) -> Result<PathBuf, ScratchError> {
    let mut home = lock();
    let home = opened(&mut home)?;
    if let Some((_, template)) = home.templates.iter().find(|(owner, _)| owner == programs) {
        return Ok(template.clone());
    }
    let template = home.directory.join(format!("template-{}", home.templates.len() + 1));
    account.create_private_directory(&template)?;
    let mut initdb = Command::new(programs.path("initdb"));
    initdb
        .args(["--auth=trust", "--no-sync", "--username=postgres", "--encoding=UTF8", "--no-locale", "-D"])
        .arg(&template);
    if let Err(error) = run(initdb, account, &template) {
        // So that the next attempt does not stumble over this one's remains; its error is the one to report.
        let _ = fs::remove_dir_all(&template);
        return Err(error);
    }
    home.templates.push((programs.clone(), template.clone()));
    Ok(template)
}

/// Runs `command` to its end as `account`, in `directory`.
fn run(mut command: Command, account: Account, directory: &Path) -> Result<(), ScratchError> {
    let program = PathBuf::from(command.get_program());
    clean_environment(&mut command, directory);
    account.give(&mut command);
    // A directory the account can enter: PostgreSQL's programs look around before they go elsewhere.
    let output = command.current_dir(directory).stdin(Stdio::null()).output();
    match output {
        Err(source) => Err(ScratchError::Run { program, source }),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(ScratchError::ProgramFailed { program, words })
        }
    }
}
