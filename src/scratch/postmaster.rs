//! The process of a throw-away server, from its start to its end.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::account::{Account, create_private_file, file_error};
use super::configuration::Places;
use super::error::ScratchError;
use super::home::{self, clean_environment};

/// Time for the server to take connections, or to take over a new configuration; a busy machine needs it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Time for each of the two ways to stop a server.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// How often something awaited is looked at.
pub(super) const INTERVAL: Duration = Duration::from_millis(20);

/// A child of this process, so that its id cannot pass to another while we know it; dropping it stops it.
#[derive(Debug)]
pub(super) struct Postmaster(Child);

impl Postmaster {
    /// Starts the server on what is in its places; its words go to their log.
    pub(super) fn spawn(program: PathBuf, places: &Places, account: Account) -> Result<Self, ScratchError> {
        if let Err(source) = fs::remove_file(&places.log)
            && source.kind() != io::ErrorKind::NotFound
        {
            return Err(file_error("remove", &places.log, source));
        }
        let log = create_private_file(&places.log)
            .and_then(|log| Ok((log.try_clone()?, log)))
            .map_err(|source| file_error("create", &places.log, source))?;
        let mut command = Command::new(&program);
        clean_environment(&mut command, &places.home);
        account.give(&mut command);
        command.arg("-D").arg(&places.data);
        for (name, file) in
            [("config_file", "postgresql.conf"), ("hba_file", "pg_hba.conf"), ("ident_file", "pg_ident.conf")]
        {
            command.arg("-c").arg(format!("{name}={}", places.file(file).display()));
        }
        let child = command
            .current_dir(&places.data)
            .stdin(Stdio::null())
            .stdout(log.0)
            .stderr(log.1)
            // A group of its own: Ctrl-C in a client at the same terminal must not stop the server.
            .process_group(0)
            .spawn()
            .map_err(|source| ScratchError::Run { program, source })?;
        home::server_started(child.id());
        Ok(Self(child))
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until it takes connections, or is seen to have ended.
    pub(super) fn wait_until_ready(&mut self, places: &Places) -> Result<(), ScratchError> {
        let deadline = Instant::now() + PATIENCE;
        while !is_ready(places) {
            if self.has_ended() {
                return Err(ScratchError::Refused { words: places.log() });
            }
            if Instant::now() > deadline {
                return Err(ScratchError::NotReady { seconds: PATIENCE.as_secs(), words: places.log() });
            }
            sleep(INTERVAL);
        }
        Ok(())
    }

    pub(super) fn signal(&self, signal: Signal) {
        // All that can be wrong is that it has just ended; as nobody waited for it, the id is still its own.
        let _ = kill_process(Pid::from_child(&self.0), signal);
    }

    fn has_ended(&mut self) -> bool {
        // A child that cannot be asked is no child any more.
        !matches!(self.0.try_wait(), Ok(None))
    }
}

/// Asks as `pg_ctl` does: the eighth line of the lock file is the postmaster's own word (`pidfile.h`, since 10).
fn is_ready(places: &Places) -> bool {
    let lock = fs::read_to_string(places.data.join("postmaster.pid")).unwrap_or_default();
    lock.lines().nth(7).is_some_and(|status| status.trim_end() == "ready")
}

/// Fast shutdown, then immediate shutdown, then the signal nobody can refuse.
impl Drop for Postmaster {
    fn drop(&mut self) {
        for signal in [Signal::INT, Signal::QUIT] {
            // Asked before each signal: once a child was seen to have ended, its id may be another's.
            if self.has_ended() {
                break;
            }
            self.signal(signal);
            let deadline = Instant::now() + STOP_PATIENCE;
            while !self.has_ended() && Instant::now() < deadline {
                sleep(INTERVAL);
            }
        }
        // Both do nothing to a process that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
        home::server_stopped(self.0.id());
    }
}
