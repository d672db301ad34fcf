//! What `config kong` writes, given to what Kong is made of: nginx with its Lua module, whose sockets verify and show
//! certificates for it. A real server lets it in, and not with less.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod around;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use around::{Place, start};

/// What Kong does with its settings: a TLS request, a handshake that verifies, the client's certificate, a log-in. The
/// answer is the server's message: its kind, and behind `R` 0 where nothing more is wanted.
const LOG_IN: &str = r#"
local ssl = require "ngx.ssl"
local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end
local sock = ngx.socket.tcp()
assert(sock:connect("127.0.0.1", PORT))
if "CERT" ~= "" then
  assert(sock:setclientcert(assert(ssl.parse_pem_cert(read("CERT"))), assert(ssl.parse_pem_priv_key(read("KEY")))))
end
sock:send("\0\0\0\8\4\210\22\47")
if sock:receive(1) ~= "S" then return ngx.print("no TLS") end
local good, problem = sock:sslhandshake(false, nil, true)
if not good then return ngx.print(problem) end
local body = "\0\3\0\0user\0USER\0database\0postgres\0\0"
sock:send(string.char(0, 0, 0, #body + 4) .. body)
local kind, broken = sock:receive(1)
if not kind then return ngx.print(broken) end
local rest = sock:receive(8)
ngx.print(kind, kind == "R" and rest:byte(8) or "")
"#;

/// How long a relay holds back what the server says.
const HELD_BACK: Duration = Duration::from_millis(100);

/// The port of a relay to a server, whose answers come late by it. The Lua module forgets why it has refused a server
/// whose whole handshake lay there at its first look, as it does now and then on a busy machine.
fn relay(server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) =
                (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
            let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            spawn(move || {
                let _ = io::copy(&mut from_client, &mut to_server);
                let _ = to_server.shutdown(Shutdown::Write);
            });
            spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = server.read(&mut piece) {
                    sleep(HELD_BACK);
                    if client.write_all(&piece[..length]).is_err() {
                        break;
                    }
                }
                let _ = client.shutdown(Shutdown::Write);
            });
        }
    });
    port
}

/// An nginx, which ends with the test.
struct Nginx {
    process: Child,
    port: u16,
}

impl Nginx {
    /// Runs one that does what Kong would do with these settings.
    fn start(home: &Path, settings: &BTreeMap<String, String>, server: u16) -> Self {
        let value = |name: &str| settings.get(name).cloned().unwrap_or_default();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let trust = value("lua_ssl_trusted_certificate");
        // Kong joins the two into one file; of the system's CAs none is wanted here.
        let trust = trust.strip_prefix("system,").unwrap();
        let lua = LOG_IN
            .replace("PORT", &server.to_string())
            .replace("CERT", &value("pg_ssl_cert"))
            .replace("KEY", &value("pg_ssl_cert_key"))
            .replace("USER", &value("pg_user"));
        let protocol = value("pg_ssl_version").replace("tlsv1_", "TLSv1.");
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|name| format!("{name}_temp_path {name};"));
        let text = format!(
            "load_module /usr/lib/nginx/modules/ndk_http_module.so;\n\
             load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;\n\
             daemon off; master_process off; pid nginx.pid; error_log stderr error; events {{}}\n\
             http {{ access_log off; {} lua_socket_log_errors off;\n\
             lua_ssl_trusted_certificate \"{trust}\"; lua_ssl_verify_depth {}; lua_ssl_protocols {protocol};\n\
             server {{ listen 127.0.0.1:{port}; location / {{ content_by_lua_block {{ {lua} }} }} }} }}\n",
            temporary.join(" "),
            value("lua_ssl_verify_depth"),
        );
        fs::write(home.join("nginx.conf"), text).unwrap();
        let program = ["/usr/sbin/nginx", "nginx"].into_iter().find(|path| Path::new(path).exists());
        let log = fs::File::create(home.join("nginx.log")).unwrap();
        let process = Command::new(program.unwrap_or("nginx"))
            .args(["-p", home.to_str().unwrap(), "-c", "nginx.conf"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let nginx = Self { process, port };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(home.join("nginx.log")).unwrap();
            assert!(Instant::now() < deadline, "{log}");
            sleep(Duration::from_millis(50));
        }
        nginx
    }

    /// What comes of a connection.
    fn said(&self) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The settings, as Kong reads them.
fn settings(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once(" = ").unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn kong_is_let_in_with_these_settings_and_with_nothing_less() {
    for (layout, depth) in
        [(&["chain", "--intermediate"][..], "1"), (&["chain"], "0"), (&["self-signed"], "0")]
    {
        let place = Place::new(layout);
        let server = start(place.setup("postgresql").hba(place.config("hba")));
        let behind = relay(server.port());
        let whole = settings(&place.config("kong --host localhost"));
        let comes_of =
            |settings: &BTreeMap<String, String>| Nginx::start(place.home.path(), settings, behind).said();
        let with = |name: &str, value: &str| {
            let mut changed = whole.clone();
            changed.insert(name.to_owned(), value.to_owned());
            changed
        };
        assert_eq!(whole["lua_ssl_verify_depth"], depth, "{layout:?}");
        assert_eq!(comes_of(&whole), "R0", "{layout:?}: {}", server.log());
        assert_eq!(comes_of(&with("pg_ssl_cert", "")), "E", "{layout:?}");
        if depth != "0" {
            let said = comes_of(&with("lua_ssl_verify_depth", "0"));
            // OpenSSL stops looking before it has the root.
            assert!(said.contains("unable to get issuer certificate"), "{said}");
        }
        let other = place.home.path().join("other");
        support::Run::new(&["gen", "chain", "-q", "-D", other.to_str().unwrap()]).code(0);
        let trust = format!("system,{}", other.join("chain.crt").display());
        let said = comes_of(&with("lua_ssl_trusted_certificate", &trust));
        assert!(said.contains("unable to get") || said.contains("self-signed"), "{layout:?}: {said}");
        fs::remove_dir_all(other).unwrap();
    }
}
