//! kong.conf, and the same as variables: TLS to PostgreSQL as Kong's guide has it, and a certificate for it.

use super::check;
use super::error::ConfigError;
use super::libpq::refuse_blank_end;
use super::link::Link;
use super::mark::{comment, opening};
use super::quote;
use super::site::Text;
use std::fmt::Write;

/// A form of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KongForm {
    /// Lines of kong.conf.
    #[default]
    Conf,
    /// `KONG_*` variables.
    Environment,
}

/// `pg_ssl_version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KongProtocol {
    /// Kong's default, and the guide's.
    #[default]
    Tls12,
    /// For servers that speak nothing less.
    Tls13,
    /// Whichever both know.
    Any,
}

impl KongProtocol {
    fn word(self) -> &'static str {
        match self {
            Self::Tls12 => "tlsv1_2",
            Self::Tls13 => "tlsv1_3",
            Self::Any => "any",
        }
    }
}

/// What is wished of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KongWish {
    /// The form.
    pub form: KongForm,
    /// `pg_ssl_version`.
    pub protocol: KongProtocol,
    /// `lua_ssl_verify_depth`; `None`: as many as the chain has intermediate CAs.
    pub depth: Option<usize>,
    /// The host of a read-only server, for `pg_ro_*`.
    pub read_only_host: Option<String>,
}

/// A setting, why it is as it is, and whether Kong's Enterprise edition alone knows it.
struct Setting {
    name: &'static str,
    value: String,
    why: Option<String>,
    is_enterprise: bool,
}

impl Setting {
    fn of(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), why: None, is_enterprise: false }
    }

    fn why(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    fn enterprise(self) -> Self {
        Self { is_enterprise: true, ..self }
    }
}

/// The settings.
///
/// # Errors
/// [`ConfigError`] for what the form cannot say, and a depth that the chain does not fit into.
pub fn kong(link: &Link, wish: &KongWish) -> Result<Text, ConfigError> {
    let needed = link.depth.unwrap_or_default();
    if let Some(wanted) = wish.depth.filter(|wanted| *wanted < needed) {
        return Err(ConfigError::Depth { wanted, needed });
    }
    link.refuse_locked("Kong has no setting for it.")?;
    refuse_paths(link)?;
    let settings = settings(link, wish, needed);
    let target = match wish.form {
        KongForm::Conf => "kong",
        KongForm::Environment => "kong --form env",
    };
    let mut text = opening(target);
    for setting in &settings {
        refuse_blank_end("kong.conf", &setting.value)?;
        let edition = if setting.is_enterprise { "Enterprise only. " } else { "" };
        let why = format!("{edition}{}", setting.why.as_deref().unwrap_or_default());
        if !why.is_empty() {
            comment(&mut text, why.trim_end());
        }
        let _ = match wish.form {
            KongForm::Conf => writeln!(text, "{} = {}", setting.name, quote::kong(&setting.value)),
            KongForm::Environment => {
                let name = setting.name.to_ascii_uppercase();
                writeln!(text, "KONG_{name}={}", quote::variable(&setting.value))
            }
        };
    }
    Ok(Text { text, notes: link.notes() })
}

/// Kong takes a path that does not begin at the root for the certificate itself, and cuts its list at commas.
fn refuse_paths(link: &Link) -> Result<(), ConfigError> {
    let detail = "The list of what is trusted is cut at commas.";
    check::unsayable("the path", &link.trust, "kong.conf", |c| c == ',', detail)?;
    let paths = std::iter::once(&link.trust).chain(link.pair.iter().flat_map(|(file, key)| [file, key]));
    for path in paths {
        let detail = "A backslash at the end of a line goes on with the next.";
        let ends_open = path.ends_with('\\');
        check::unsayable("the path", path, "kong.conf", |c| c == '\\' && ends_open, detail)?;
        if !path.starts_with('/') {
            return Err(ConfigError::Combination {
                fact: format!("Kong wants whole paths, and \"{path}\" is none"),
                hint: "Give the directory from the root of the file system: --files-at /etc/kong/tls.",
            });
        }
    }
    Ok(())
}

fn settings(link: &Link, wish: &KongWish, needed: usize) -> Vec<Setting> {
    let mut all = vec![Setting::of("pg_host", &link.host)];
    all.extend(link.port.map(|port| Setting::of("pg_port", port.to_string())));
    let user = Setting::of("pg_user", &link.user);
    all.push(match &link.pair {
        Some(_) => user.why("The name in the certificate: the server compares the two."),
        None => user,
    });
    all.extend(link.database.as_ref().map(|database| Setting::of("pg_database", database)));
    let hint = "By itself a wish: a server without TLS gets a plain connection.";
    all.push(Setting::of("pg_ssl", "on").why(hint));
    all.push(Setting::of("pg_ssl_required", "on").why("Ends Kong where the server has no TLS.").enterprise());
    let name = "The chain is verified; no host name is compared, as with sslmode=verify-ca.";
    all.push(Setting::of("pg_ssl_verify", "on").why(name));
    all.push(Setting::of("pg_ssl_version", wish.protocol.word()).enterprise());
    all.push(Setting::of("lua_ssl_trusted_certificate", format!("system,{}", link.trust)));
    let count = match needed {
        1 => "1 intermediate CA is between the server and its root".to_owned(),
        0 if link.depth.is_none() => "No server is here; 1 is Kong's default".to_owned(),
        count => format!("{count} intermediate CAs are between the server and its root"),
    };
    let depth = wish.depth.unwrap_or(if link.depth.is_none() { 1 } else { needed });
    let why = match depth {
        0 => format!("{count}. It holds for all that Kong verifies: public CAs need 1 or more."),
        _ => format!("{count}."),
    };
    all.push(Setting::of("lua_ssl_verify_depth", depth.to_string()).why(why));
    if let Some((certificate, key)) = &link.pair {
        let why = "mTLS: the certificate that Kong shows, and its key, 0600 and of Kong's user.";
        all.push(Setting::of("pg_ssl_cert", certificate).why(why).enterprise());
        all.push(Setting::of("pg_ssl_cert_key", key).enterprise());
    }
    if let Some(host) = &wish.read_only_host {
        all.push(
            Setting::of("pg_ro_host", host).why("The read-only server; it is shown the same certificate."),
        );
        all.extend(link.port.map(|port| Setting::of("pg_ro_port", port.to_string())));
        all.push(Setting::of("pg_ro_user", &link.user));
        all.push(Setting::of("pg_ro_ssl", "on"));
        all.push(Setting::of("pg_ro_ssl_required", "on").enterprise());
        all.push(Setting::of("pg_ro_ssl_verify", "on"));
        all.push(Setting::of("pg_ro_ssl_version", wish.protocol.word()).enterprise());
    }
    all
}
