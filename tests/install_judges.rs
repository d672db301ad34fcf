//! `.ci/install-judges`: touches nothing where all is there, installs what is not, and names what it cannot install.
//!
//! It runs with a PATH of our making, on which `apt-get`, `sudo` and `id` are stand-ins, and with a root directory of
//! our making, so that this machine is neither looked at nor changed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/install-judges");

/// What the script itself is made of; stand-ins need them too.
const TOOLS: [&str; 9] = ["cat", "chmod", "env", "mkdir", "readlink", "rm", "sh", "tee", "true"];

/// All the script looks for, apart from PostgreSQL.
const PROGRAMS: [&str; 11] = [
    "openssl",
    "make",
    "chattr",
    "setpriv",
    "cc",
    "keytool",
    "javac",
    "kubectl",
    "pgbouncer",
    "patroni",
    "patronictl",
];

/// Where Debian puts pgJDBC, below the root directory.
const DRIVER: &str = "usr/share/java/postgresql.jar";

/// And nginx's Lua module.
const LUA_MODULE: &str = "usr/lib/nginx/modules/ngx_http_lua_module.so";

/// A machine with `bin` for its PATH and `root` for its root directory.
struct Machine {
    directory: TempDir,
}

/// And what Patroni's Raft is made of.
const RAFT: &str = "usr/lib/python3/dist-packages/pysyncobj/__init__.py";

/// What a run of the script left behind.
struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// One line for each run of `apt-get` or `sudo`.
    calls: String,
}

impl Machine {
    /// The tools, an `id` that says root, and an `apt-get` that installs nothing.
    fn new() -> Self {
        let machine = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir_all(machine.path("bin")).unwrap();
        fs::create_dir_all(machine.path("root")).unwrap();
        for tool in TOOLS {
            symlink(real(tool), machine.path("bin").join(tool)).unwrap();
        }
        machine.user(0);
        machine.apt("");
        machine
    }

    fn complete() -> Self {
        let machine = Self::new();
        for program in PROGRAMS {
            machine.program(program, "");
        }
        machine.postgresql("root/usr/lib/postgresql/15/bin");
        machine.executable(&format!("root/{DRIVER}"), "");
        machine.executable(&format!("root/{LUA_MODULE}"), "");
        machine.executable(&format!("root/{RAFT}"), "");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts a shell script on the PATH.
    fn program(&self, name: &str, body: &str) {
        self.executable(&format!("bin/{name}"), body);
    }

    fn executable(&self, path: &str, body: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path("bin").join(name)).unwrap();
    }

    fn postgresql(&self, directory: &str) {
        for program in ["initdb", "postgres", "psql", "pg_basebackup"] {
            self.executable(&format!("{directory}/{program}"), "");
        }
    }

    fn user(&self, uid: u32) {
        self.program("id", &format!("echo {uid}"));
    }

    /// An `apt-get` that writes down how it was called, then does `body` when it is to install something.
    fn apt(&self, body: &str) {
        let body = format!("echo apt-get \"$@\" >>\"$CALLS\"\n[ \"$2\" = install ] || exit 0\n{body}");
        self.program("apt-get", &body);
    }

    /// A `sudo` that writes down how it was called and runs the command without a password.
    fn sudo(&self) {
        self.program("sudo", "echo sudo \"$@\" >>\"$CALLS\"\nshift 2\nexec \"$@\"");
    }

    fn run(&self) -> Outcome {
        let calls = self.path("calls");
        let output = Command::new(SCRIPT)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("INSTALL_JUDGES_ROOT", self.path("root"))
            .env("CALLS", &calls)
            .output()
            .unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            calls: fs::read_to_string(calls).unwrap_or_default(),
        }
    }

    fn drop_ins(&self) -> Vec<String> {
        let directory = self.path("root/etc/postgresql-common/createcluster.d");
        let entries = fs::read_dir(directory).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// A tool of this machine.
fn real(tool: &str) -> PathBuf {
    let places = ["/bin", "/usr/bin"];
    let found = places.into_iter().map(|place| Path::new(place).join(tool)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{tool} is needed"))
}

#[test]
fn where_all_is_there_nothing_is_touched_and_nothing_said() {
    let outcome = Machine::complete().run();
    assert_eq!((outcome.code, outcome.calls.as_str()), (Some(0), ""));
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
}

#[test]
fn postgresql_on_path_by_a_link_or_by_pg_config_is_found_too() {
    for place in ["bin", "link", "pg_config"] {
        let machine = Machine::new();
        for program in PROGRAMS {
            machine.program(program, "");
        }
        machine.executable(&format!("root/{DRIVER}"), "");
        machine.executable(&format!("root/{LUA_MODULE}"), "");
        machine.executable(&format!("root/{RAFT}"), "");
        match place {
            "bin" => machine.postgresql("bin"),
            "link" => {
                machine.postgresql("opt/with space/bin");
                symlink(machine.path("opt/with space/bin/initdb"), machine.path("bin/initdb")).unwrap();
            }
            _ => {
                machine.postgresql("opt/with space/bin");
                let directory = machine.path("opt/with space/bin");
                machine.program("pg_config", &format!("echo '{}'", directory.display()));
            }
        }
        let outcome = machine.run();
        assert_eq!(
            (outcome.code, outcome.calls.as_str(), outcome.stderr.as_str()),
            (Some(0), "", ""),
            "{place}"
        );
    }
}

#[test]
fn as_root_what_is_missing_is_installed_and_no_server_of_the_package_is_made() {
    let machine = Machine::complete();
    fs::remove_file(machine.path("root/usr/lib/postgresql/15/bin/psql")).unwrap();
    let psql = machine.path("root/usr/lib/postgresql/15/bin/psql");
    let drop_ins = machine.path("root/etc/postgresql-common/createcluster.d");
    machine.apt(&format!(
        "cat {}/*.conf >>\"$CALLS\"\necho '#!/bin/sh' >{psql}\nchmod +x {psql}",
        drop_ins.display(),
        psql = psql.display(),
    ));
    let outcome = machine.run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let expected = "apt-get -q update\n\
                    apt-get -q install -y --no-install-recommends postgresql postgresql-client\n\
                    create_main_cluster = false\n";
    assert_eq!(outcome.calls, expected);
    assert_eq!(outcome.stderr, "install-judges: installing postgresql postgresql-client\n");
    assert_eq!(outcome.stdout, "");
    assert_eq!(machine.drop_ins(), Vec::<String>::new(), "the rule is for our own installation only");
}

#[test]
fn a_user_with_sudo_installs_by_sudo() {
    let machine = Machine::complete();
    machine.user(1000);
    machine.sudo();
    machine.remove("openssl");
    let program = machine.path("bin/openssl");
    machine.apt(&format!("echo '#!/bin/sh' >{0}\nchmod +x {0}", program.display()));
    let outcome = machine.run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let install = "apt-get -q install -y --no-install-recommends openssl";
    assert!(
        outcome
            .calls
            .contains(&format!("sudo -n -- env DEBIAN_FRONTEND=noninteractive {install}\n{install}\n"))
    );
    assert_eq!(machine.drop_ins(), Vec::<String>::new());
}

#[test]
fn a_user_without_sudo_is_told_the_programs_and_the_packages() {
    for has_sudo in [false, true] {
        let machine = Machine::complete();
        machine.user(1000);
        if has_sudo {
            machine.program("sudo", "echo 'sudo: a password is required' >&2\nexit 1");
        }
        fs::remove_dir_all(machine.path("root/usr")).unwrap();
        for program in PROGRAMS {
            machine.remove(program);
        }
        let outcome = machine.run();
        assert_eq!((outcome.code, outcome.calls.as_str(), outcome.stdout.as_str()), (Some(1), "", ""));
        let expected = "\
install-judges: missing: initdb, postgres, psql and pg_basebackup in one directory (Debian: postgresql postgresql-client)
install-judges: missing: openssl (Debian: openssl)
install-judges: missing: make (Debian: make)
install-judges: missing: chattr (Debian: e2fsprogs)
install-judges: missing: setpriv (Debian: util-linux)
install-judges: missing: keytool (Debian: openjdk-17-jre-headless)
install-judges: missing: javac (Debian: openjdk-17-jdk-headless)
install-judges: missing: postgresql.jar, which is pgJDBC (Debian: libpostgresql-jdbc-java)
install-judges: missing: kubectl (Debian: kubernetes-client)
install-judges: missing: pgbouncer (Debian: pgbouncer)
install-judges: missing: nginx with its Lua module (Debian: nginx-light libnginx-mod-http-lua)
install-judges: missing: patroni with pysyncobj (Debian: patroni python3-pysyncobj)
install-judges: missing: cc, a C compiler (Debian: gcc libc6-dev)
install-judges: error: only root can install them, and sudo would ask for a password
install-judges: hint: Install the packages as root: apt-get install postgresql postgresql-client openssl make e2fsprogs util-linux openjdk-17-jre-headless openjdk-17-jdk-headless libpostgresql-jdbc-java kubernetes-client pgbouncer nginx-light libnginx-mod-http-lua patroni python3-pysyncobj gcc libc6-dev
";
        assert_eq!(outcome.stderr, expected);
    }
}

#[test]
fn without_apt_get_the_missing_are_named() {
    let machine = Machine::complete();
    machine.remove("apt-get");
    machine.remove("make");
    let outcome = machine.run();
    let expected = "\
install-judges: missing: make (Debian: make)
install-judges: error: there is no apt-get to install them with
install-judges: hint: Install the packages as root: apt-get install make
";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), expected));
}

#[test]
fn a_compiler_without_header_files_is_not_enough() {
    let machine = Machine::complete();
    machine.program("cc", "[ -e \"$CALLS\" ]");
    let outcome = machine.run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.calls.ends_with("install -y --no-install-recommends libc6-dev\n"), "{}", outcome.calls);
}

#[test]
fn an_installation_that_fails_names_the_missing_and_leaves_no_rule_behind() {
    let machine = Machine::complete();
    fs::remove_dir_all(machine.path("root/usr")).unwrap();
    machine.apt("echo 'E: Unable to locate package' >&2\nexit 100");
    let outcome = machine.run();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("E: Unable to locate package\n"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("error: apt-get could not install them\n"), "{}", outcome.stderr);
    assert_eq!(machine.drop_ins(), Vec::<String>::new());
}

#[test]
fn an_installation_that_brings_nothing_is_noticed() {
    let machine = Machine::complete();
    machine.remove("openssl");
    let outcome = machine.run();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("missing: openssl (Debian: openssl)\n"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("error: still not there after the installation\n"), "{}", outcome.stderr);
}

#[test]
fn a_failed_update_of_the_lists_is_a_warning() {
    let machine = Machine::complete();
    machine.remove("openssl");
    let program = machine.path("bin/openssl");
    let body =
        format!("[ \"$2\" = install ] || exit 100\necho '#!/bin/sh' >{0}\nchmod +x {0}", program.display());
    machine.program("apt-get", &body);
    let outcome = machine.run();
    let expected = "install-judges: installing openssl\n\
                    install-judges: warning: could not update the package lists\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), expected));
}
