//! A throw-away server from its start to its end.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Instant;

use rustix::process::Signal;

use super::account::{Account, create_passage, file_error};
use super::client::{self, ClientOutcome, connection_string};
use super::configuration::{self, Places, quoted_identifier};
use super::error::ScratchError;
use super::home;
use super::ports::{free_port, loopback};
use super::postmaster::{INTERVAL, PATIENCE, Postmaster};
use super::programs::Programs;
use super::setup::Setup;

/// How many ports are tried.
const PORT_ATTEMPTS: u32 = 5;

/// How the operating system says that a port has another owner.
const PORT_TAKEN: &str = "Address already in use";

/// A running throw-away PostgreSQL; dropping it stops it and removes all its files.
#[derive(Debug)]
pub struct Scratch {
    setup: Setup,
    programs: Programs,
    account: Account,
    places: Places,
    port: u16,
    /// The postmaster; `None` once it is stopped.
    postmaster: Option<Postmaster>,
    /// The names of the roles created so far.
    roles: Vec<String>,
}

impl Scratch {
    /// Starts a server on copies of the files in `setup`, and waits until it takes connections and knows the roles.
    ///
    /// As root, the server is run as the user `postgres`, or `nobody` where there is none. The first start in a process
    /// also runs `initdb`, which takes a second or more.
    ///
    /// # Errors
    /// - [`ScratchError::ProgramMissing`]: PostgreSQL is not installed;
    /// - [`ScratchError::File`]: a file of `setup` could not be read, or the temporary directory not be written;
    /// - [`ScratchError::Refused`]: the server does not start on these files; its own words are in the error;
    /// - [`ScratchError::Statement`]: a role could not be created;
    /// - the others say that this machine cannot run a server now.
    pub fn start(setup: Setup) -> Result<Self, ScratchError> {
        let programs = match &setup.programs {
            Some(programs) => programs.clone(),
            None => Programs::find()?,
        };
        let account = Account::choose()?;
        // From here on, whatever fails, Drop removes what is there.
        let places = Places::new(home::new_place()?);
        let mut scratch =
            Self { setup, programs, account, places, port: 0, postmaster: None, roles: Vec::new() };
        scratch.create_directories()?;
        home::fill_data_directory(&scratch.places.data, &scratch.programs, account)?;
        scratch.copy_files()?;
        scratch.run_on_a_free_port()?;
        scratch.create_roles()?;
        Ok(scratch)
    }

    /// The name clients connect to: the server listens on loopback only.
    ///
    /// To try a certificate of another name, give `psql` that name as `host` and `127.0.0.1` as `hostaddr`.
    pub fn host(&self) -> &'static str {
        "localhost"
    }

    /// The TCP port; also part of the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of the Unix-domain socket; every role may log in there, but only the user of this process (and
    /// root, and the server) can enter it.
    pub fn socket_directory(&self) -> &Path {
        &self.places.socket
    }

    /// The directory that holds all files of this server, and is gone after it.
    pub fn directory(&self) -> &Path {
        &self.places.directory
    }

    /// The process id of the postmaster; `None` once the server is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.postmaster.as_ref().map(Postmaster::id)
    }

    /// The server's log so far, without time stamps and in English; empty where it cannot be read.
    pub fn log(&self) -> String {
        self.places.log()
    }

    /// Copies the files of the setup again and makes the server take them over, as after a renewal in place.
    ///
    /// # Errors
    /// [`ScratchError::NotReloaded`] when the server keeps what it had, with its words: the server itself reports a
    /// rejected certificate nowhere but in its log. [`ScratchError::File`] when a file could not be copied.
    pub fn reload(&mut self) -> Result<(), ScratchError> {
        self.copy_files()?;
        let loaded_before = self.load_time()?;
        let log_before = self.log().len();
        if let Some(postmaster) = &self.postmaster {
            postmaster.signal(Signal::HUP);
        }
        let deadline = Instant::now() + PATIENCE;
        // The postmaster reads all its files in one go before it takes a connection, so the first session that sees
        // the new time sees all the rest too.
        while self.load_time()? == loaded_before {
            if Instant::now() > deadline {
                return Err(ScratchError::NotReady { seconds: PATIENCE.as_secs(), words: self.log() });
            }
            sleep(INTERVAL);
        }
        let log = self.log();
        let new = log.get(log_before..).unwrap_or_default();
        // The signal itself says nothing about the outcome.
        let words: Vec<&str> = new.lines().filter(|line| !line.contains("received SIGHUP")).collect();
        let words = words.join("\n");
        if words.contains("not reloaded") || words.contains("contains errors") {
            return Err(ScratchError::NotReloaded { words });
        }
        Ok(())
    }

    /// Serves `setup` from now on: other files, `pg_hba.conf`, settings; roles it names for the first time are created.
    ///
    /// Its programs are not looked at; a setting that needs a restart is an error.
    ///
    /// # Errors
    /// As [`Scratch::reload`], and [`ScratchError::Statement`] when a role could not be created.
    pub fn serve(&mut self, setup: Setup) -> Result<(), ScratchError> {
        self.setup = setup;
        self.reload()?;
        self.create_roles()
    }

    /// Runs `psql` with these connection keywords and one query; the rows are in `stdout`, a line each, `|` between.
    ///
    /// `host`, `port`, `dbname` (`postgres`) and `connect_timeout` (10 seconds) are given unless the keywords say
    /// otherwise. No variable of the environment and no `~/.postgresql` has a say (the latter with a libpq of
    /// version 15 or newer), and nobody is asked for a password.
    ///
    /// # Errors
    /// Only when `psql` could not be run ([`ScratchError::Run`]); to be turned away is an outcome.
    pub fn psql(&self, keywords: &[(&str, &str)], query: &str) -> Result<ClientOutcome, ScratchError> {
        let connection = self.connection(keywords, Some("postgres"));
        let arguments =
            ["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-d", connection.as_str(), "-c", query];
        client::run(&self.programs.path("psql"), &arguments, &self.places.home)
    }

    /// Runs `pg_basebackup` with these connection keywords into `target`, which must be empty or not exist.
    ///
    /// Keywords and environment are treated as by [`Scratch::psql`].
    ///
    /// # Errors
    /// Only when `pg_basebackup` could not be run ([`ScratchError::Run`]).
    pub fn basebackup(
        &self,
        keywords: &[(&str, &str)],
        target: &Path,
    ) -> Result<ClientOutcome, ScratchError> {
        let connection = self.connection(keywords, None);
        let target = target.display().to_string();
        let arguments =
            ["-w", "--no-sync", "--checkpoint=fast", "-d", connection.as_str(), "-D", target.as_str()];
        client::run(&self.programs.path("pg_basebackup"), &arguments, &self.places.home)
    }

    /// Runs SQL as the superuser, over the socket, and returns the rows as [`Scratch::psql`] does.
    ///
    /// # Errors
    /// [`ScratchError::Statement`] with the server's words when it refuses.
    pub fn administer(&self, sql: &str) -> Result<String, ScratchError> {
        let socket = self.places.socket.display().to_string();
        let outcome = self.psql(&[("host", socket.as_str()), ("user", "postgres")], sql)?;
        if outcome.ok { Ok(outcome.stdout) } else { Err(ScratchError::Statement { words: outcome.stderr }) }
    }

    /// Stops the server and removes its files, and says so if that fails; dropping does the same in silence.
    ///
    /// # Errors
    /// [`ScratchError::File`] when something could not be removed.
    pub fn stop(mut self) -> Result<(), ScratchError> {
        self.end()
    }

    fn create_directories(&self) -> Result<(), ScratchError> {
        for passage in [&self.places.files, &self.places.home] {
            create_passage(passage).map_err(|source| file_error("create directory", passage, source))?;
        }
        self.account.create_private_directory(&self.places.data)?;
        self.account.create_private_directory(&self.places.socket)
    }

    /// Copies the files of the setup to where the server reads them, and configures it to do so.
    fn copy_files(&self) -> Result<(), ScratchError> {
        let setup = &self.setup;
        let served = [
            ("server.crt", Some(&setup.server_certificate)),
            ("server.key", Some(&setup.server_key)),
            ("root.crt", setup.client_ca.as_ref()),
            ("root.crl", setup.crl.as_ref()),
        ];
        for (name, path) in served {
            let Some(path) = path else { continue };
            let contents = open_file(path).map_err(|source| file_error("read", path, source))?;
            self.account.place(contents, &self.places.file(name))?;
        }
        let hba = configuration::hba(setup);
        self.account.place(hba.as_bytes(), &self.places.file("pg_hba.conf"))?;
        self.account.place(setup.ident.as_bytes(), &self.places.file("pg_ident.conf"))?;
        self.configure()
    }

    fn configure(&self) -> Result<(), ScratchError> {
        let text = configuration::postgresql(&self.setup, &self.places, &loopback(), self.port);
        self.account.place(text.as_bytes(), &self.places.file("postgresql.conf"))
    }

    fn run_on_a_free_port(&mut self) -> Result<(), ScratchError> {
        for _ in 0..PORT_ATTEMPTS {
            let Some(port) = free_port() else { continue };
            self.port = port;
            self.configure()?;
            let program = self.programs.path("postgres");
            let mut postmaster = Postmaster::spawn(program, &self.places, self.account)?;
            let ready = postmaster.wait_until_ready(&self.places);
            // A server that got one loopback address of two runs on; clients may then reach a stranger on the other.
            if !self.places.log().contains(PORT_TAKEN) {
                self.postmaster = Some(postmaster);
                return ready;
            }
        }
        Err(ScratchError::NoPort { attempts: PORT_ATTEMPTS })
    }

    fn create_roles(&mut self) -> Result<(), ScratchError> {
        let known = |name: &String| name == "postgres" || self.roles.contains(name);
        let new: Vec<_> = self.setup.roles.iter().filter(|role| !known(&role.name)).cloned().collect();
        let statements: Vec<String> = new
            .iter()
            .map(|role| {
                let replication = if role.replication { " REPLICATION" } else { "" };
                let superuser = if role.superuser { " SUPERUSER" } else { "" };
                format!("CREATE ROLE {} LOGIN{replication}{superuser}", quoted_identifier(&role.name))
            })
            .collect();
        if !statements.is_empty() {
            self.administer(&statements.join("; "))?;
            self.roles.extend(new.into_iter().map(|role| role.name));
        }
        Ok(())
    }

    fn connection(&self, keywords: &[(&str, &str)], database: Option<&str>) -> String {
        let port = self.port.to_string();
        let mut all = vec![("host", self.host()), ("port", port.as_str()), ("connect_timeout", "10")];
        all.extend(database.map(|name| ("dbname", name)));
        all.extend_from_slice(keywords);
        connection_string(&all)
    }

    /// When the server last read its configuration, to the microsecond.
    fn load_time(&self) -> Result<String, ScratchError> {
        self.administer("SELECT pg_conf_load_time()")
    }

    fn end(&mut self) -> Result<(), ScratchError> {
        // Dropped, it is stopped.
        self.postmaster = None;
        match fs::remove_dir_all(&self.places.directory) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(file_error("remove", &self.places.directory, source))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What could not be removed, the janitor tries again at the end of this process.
        let _ = self.end();
    }
}

/// Opens what is a file and nothing else: a pipe would keep us waiting, a directory fail in riddles.
fn open_file(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}
