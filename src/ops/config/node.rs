//! Which certificates a node of Patroni shows: as a server, and to the other nodes.

use super::known::Known;
use crate::config::{self, ConfigError, Home, Member, PatroniWish, Text, VerifyClient};
use crate::error::Error;
use crate::layout::export::Party;

/// Writes a node's configuration, once it is known whose it is.
pub(super) fn patroni(
    known: &Known,
    name: Option<&str>,
    ctl: Option<&str>,
    home: &Home,
    wish: &PatroniWish,
) -> Result<Text, Error> {
    let shows_its_own = ctl.is_none() && wish.verify_client != VerifyClient::Nobody;
    let server = server(known, name, wish.host.as_deref(), shows_its_own)?;
    let host = wish.host.as_deref().or_else(|| config::usual_host(server));
    if let Some(host) = host.filter(|host| !known.is_strictly_for(server, host)) {
        return Err(known.not_for(server, host, "node").into());
    }
    let caller = match (ctl, wish.verify_client) {
        (_, VerifyClient::Nobody) => None,
        (Some(name), _) => Some(known.member(Party::Client, Some(name))?),
        (None, _) => Some(as_client(known, server).ok_or_else(|| one_sided(known, server))?),
    };
    Ok(config::patroni(&known.site, server, caller, home, wish)?)
}

/// The node's certificate: the one that is named, else one for the host, else the only one that is both sides', where that
/// is wanted, else the usual one.
fn server<'k>(
    known: &'k Known,
    name: Option<&str>,
    host: Option<&str>,
    is_both: bool,
) -> Result<&'k Member, Error> {
    let all = known.members(Party::Server);
    if name.is_some() || all.is_empty() {
        return known.member_of_kind(Party::Server, "node", name);
    }
    let is_of_host = |server: &&Member| host.is_none_or(|host| known.is_strictly_for(server, host));
    let of_host: Vec<&Member> = all.iter().filter(is_of_host).collect();
    let shown = of_host.iter().filter(|server| is_both && as_client(known, server).is_some());
    let shown: Vec<&Member> = shown.copied().collect();
    match (host, of_host.first(), &shown[..]) {
        (Some(host), None, _) => Err(known.not_for(&all[0], host, "node").into()),
        (Some(_), _, [one, ..]) | (None, _, [one]) | (Some(_), Some(one), []) => Ok(one),
        _ => known.member(Party::Server, None),
    }
}

/// The same certificate as a client's, where it is one.
fn as_client<'k>(known: &'k Known, server: &Member) -> Option<&'k Member> {
    known.members(Party::Client).iter().find(|client| client.file == server.file)
}

fn one_sided(known: &Known, server: &Member) -> ConfigError {
    let names: Vec<&str> = server.hosts.iter().map(String::as_str).collect();
    ConfigError::OneSided { file: known.site.shown(&server.file), command: known.site.issue("node", &names) }
}
