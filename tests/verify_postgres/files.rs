//! The files of a case where a server and psql can use them, and the same files before the judge.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use nix::unistd::{getegid, geteuid};
use pgtls::fs::{FileEntry, Mode, Owner};
use pgtls::scratch::{Scratch, Setup};
use pgtls::verify::{Exhibit, Policy, Reader, Roles, check, concerns};
use time::OffsetDateTime;

use crate::faults::{CLIENT, Case, SERVER, case, faults, names, problems};
use crate::foreign::Place;
use crate::table::Row;

/// As whom the server runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The owner of a server's data: another user than us where we are root.
    pub(crate) fn of(server: &Scratch) -> Self {
        let data = fs::metadata(server.directory().join("data")).unwrap();
        Self { uid: data.uid(), gid: data.gid() }
    }
}

/// A case with its files in a directory that the server can read.
pub(crate) struct Files {
    place: Place,
    case: Case,
    account: Account,
}

/// The names of the fixtures that begin so.
pub(crate) fn cases(beginning: &str) -> Vec<String> {
    names(&faults()).into_iter().filter(|name| name.starts_with(beginning)).collect()
}

/// A server on files without a fault, which all can read.
pub(crate) fn sound() -> Setup {
    let file = |name: &str| faults().join("clean-ecdsa-p256").join(name);
    let setup = Setup::new(file("server.crt"), file("server.key"));
    ["app", "admin", "bob", "App", &"r".repeat(63)].into_iter().fold(setup, Setup::role)
}

impl Files {
    pub(crate) fn new(row: &Row, account: Account) -> Self {
        let case = case(row.case);
        let place = Place::new();
        open(place.root());
        copy(&case.dir, place.root());
        let files = Self { place, case, account };
        if row.has("in-ca-file") {
            files.move_list_into_trust();
        }
        if row.has("begins-later") {
            files.begin_later();
        }
        for name in files.names() {
            files.give(&name);
        }
        files
    }

    /// The list stands in the CA file, and nowhere else.
    fn move_list_into_trust(&self) {
        let list = self.place.read("crl.pem");
        self.place.write("root.crt", &(self.place.read("root.crt") + &list));
        fs::remove_file(self.place.path("crl.pem")).unwrap();
    }

    /// A server's certificate that signs itself and begins in two years, in place of the one there.
    fn begin_later(&self) {
        let settings = "[ca]\ndefault_ca = ca\n[ca]\ndatabase = later.index\nserial = later.serial\nnew_certs_dir = .\n\
             default_md = sha256\npolicy = policy\n[policy]\ncommonName = supplied\n[extensions]\n\
             basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n\
             extendedKeyUsage = serverAuth\nsubjectAltName = DNS:db.test\nsubjectKeyIdentifier = hash\n";
        let place = &self.place;
        place.write("later.cnf", settings);
        place.write("later.index", "");
        place.openssl("req -new -config /dev/null -key server.key -subj /CN=db.test -out later.csr");
        let year = OffsetDateTime::now_utc().year() + 2;
        place.openssl(&format!(
            "ca -batch -notext -selfsign -rand_serial -config later.cnf -keyfile server.key -in later.csr \
             -extensions extensions -startdate {year}0101000000Z -enddate {}0101000000Z -out server.crt",
            year + 1
        ));
        place.write("trust.crt", &(place.read("server.crt") + &place.read("client.crt")));
        for name in place.names().iter().filter(|name| name.starts_with("later.") || is_by_number(name)) {
            fs::remove_file(place.path(name)).unwrap();
        }
    }

    /// The certificates, keys and lists, those in directories with their directory.
    fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for name in self.place.names() {
            let path = self.place.path(&name);
            if path.is_dir() {
                let below = crate::faults::names(&path).into_iter().filter(|below| concerns(below));
                names.extend(below.map(|below| format!("{name}/{below}")));
            } else if concerns(&name) {
                names.insert(name);
            }
        }
        names
    }

    /// The mode and the owner that make the case; without root all stays our own, and so does the server.
    fn give(&self, name: &str) {
        let path = self.place.path(name);
        let mode = self.case.mode(name).bits();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        if geteuid().is_root() {
            let Owner { uid, gid } = self.owner(name);
            chown(&path, Some(uid), Some(gid)).unwrap();
        }
    }

    /// Whose the file is to be: the ids in `expected.toml` stand for the users of this machine.
    fn owner(&self, name: &str) -> Owner {
        match self.case.owner(name) {
            SERVER => Owner { uid: self.account.uid, gid: self.account.gid },
            CLIENT if !geteuid().is_root() => Owner { uid: geteuid().as_raw(), gid: getegid().as_raw() },
            // The server is let in by the group of what is root's.
            0 => Owner { uid: 0, gid: self.account.gid },
            other => Owner { uid: other, gid: other },
        }
    }

    /// Whether a file had to be another user's and is ours, because only root can give files away: then the judge alone
    /// is asked, who is told of the owner.
    pub(crate) fn lacks_owner(&self) -> bool {
        let owner = |name: &String| fs::metadata(self.place.path(name)).unwrap().uid();
        let lacks = self.names().iter().any(|name| owner(name) != self.owner(name).uid);
        assert!(!(lacks && geteuid().is_root()), "root gives every file its owner");
        lacks
    }

    /// The trust file of both sides, if there is one.
    fn trust(&self, row: &Row) -> Option<String> {
        let told = row.value("trust").or(self.case.expected.files.trust.as_deref());
        let usual = ["chain.crt", "root.crt"].into_iter().find(|name| self.place.path(name).exists());
        told.or(usual).map(str::to_owned)
    }

    /// The file and the directory of lists.
    fn lists(&self, row: &Row) -> (Option<String>, Option<String>) {
        let of_case = &self.case.expected.files;
        let file = row.value("crl").map(str::to_owned).or_else(|| of_case.crl.clone());
        (file.filter(|_| !row.has("in-ca-file")), of_case.crl_dir.clone())
    }

    fn host(&self) -> &str {
        self.case.expected.host.as_deref().unwrap_or("db.test")
    }

    fn sslmode(&self, row: &Row) -> &str {
        if row.has("unjudged") {
            "require"
        } else {
            self.case.expected.sslmode.as_deref().unwrap_or("verify-full")
        }
    }

    /// Whom psql logs in as.
    pub(crate) fn user<'a>(&'a self, row: &'a Row) -> &'a str {
        row.value("user").or(self.case.expected.user.as_deref()).unwrap_or("app")
    }

    /// The ids of the errors and warnings that the judge finds now.
    pub(crate) fn judged(&self, row: &Row) -> BTreeSet<&'static str> {
        let exhibit = |name: String| {
            let path = self.place.path(&name);
            let mode = Mode::from_bits(fs::metadata(&path).unwrap().mode());
            // Where we are not root, the owner is as the case wants it, whoever has the file.
            let entry = FileEntry::new(fs::read(&path).unwrap(), mode).owned_by(self.owner(&name));
            Exhibit::read(&name, &entry, None)
        };
        let exhibits: Vec<Exhibit> = self.names().into_iter().map(exhibit).collect();
        let (trust, (crl_file, crl_directory)) = (self.trust(row), self.lists(row));
        let roles = Roles {
            client_trust: trust.clone(),
            server_trust: trust,
            crl_file,
            crl_directory,
            ..Roles::default()
        };
        let mut policy = Policy::at(OffsetDateTime::now_utc());
        policy.reader = Reader::User(self.account.uid);
        policy.host = Some(self.host().to_owned());
        policy.checks_host = self.sslmode(row) == "verify-full";
        policy.user = Some(self.user(row).to_owned());
        problems(&check(".", &exhibits, &roles, &policy).0)
    }

    /// A server on the files themselves: a scratch server copies what it is given, and gives the copies good modes.
    pub(crate) fn setup(&self, row: &Row) -> Setup {
        let mut setup = sound();
        let mut name = |setting: &str, file: Option<String>| {
            if let Some(file) = file {
                setup = setup.clone().setting(setting, self.place.text(&file));
            }
        };
        name("ssl_cert_file", Some("server.crt".to_owned()));
        name("ssl_key_file", Some("server.key".to_owned()));
        name("ssl_ca_file", self.trust(row));
        if row.value("lists") != Some("client") {
            let (file, directory) = self.lists(row);
            name("ssl_crl_file", file);
            name("ssl_crl_dir", directory);
        }
        setup.hba("hostssl all all all cert")
    }

    /// How psql connects.
    pub(crate) fn keywords(&self, row: &Row) -> Vec<(&'static str, String)> {
        let mut keywords = vec![
            ("host", self.host().to_owned()),
            ("hostaddr", "127.0.0.1".to_owned()),
            ("user", self.user(row).to_owned()),
            ("sslmode", self.sslmode(row).to_owned()),
            ("sslcert", self.place.text("client.crt")),
            ("sslkey", self.place.text("client.key")),
            // Over TLS 1.3 the connection may be closed under a client before it reads why it is refused.
            ("ssl_max_protocol_version", row.value("tls").unwrap_or("TLSv1.2").to_owned()),
        ];
        let mut name = |keyword, file: Option<String>| {
            keywords.extend(file.map(|file| (keyword, self.place.text(&file))));
        };
        if !row.has("unjudged") {
            name("sslrootcert", self.trust(row));
        }
        if row.value("lists") == Some("client") {
            let (file, directory) = self.lists(row);
            name("sslcrl", file);
            name("sslcrldir", directory);
        }
        keywords
    }

    /// The words of the table with the directory in its place.
    pub(crate) fn told(&self, words: &str) -> String {
        words.replace("{dir}", &self.place.root().display().to_string())
    }
}

/// Lets the server in.
fn open(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            open(&target);
            copy(&path, &target);
        } else if !path.ends_with("expected.toml") {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// `openssl ca` keeps a copy of what it signs under its serial number.
fn is_by_number(name: &str) -> bool {
    name.strip_suffix(".pem").is_some_and(|number| number.len() == 40)
}
