//! The options of a line that say nothing about certificates: which method takes which, and which it cannot do without
//! (`parse_hba_auth_opt` and the end of `parse_hba_line`, hba.c; option by option the same from PostgreSQL 11 to 18).

use super::problem::HbaProblem;
use super::{Method, before};

/// Options of one method, or of two.
struct Own {
    methods: &'static [Method],
    /// The same, as the server names them.
    shown: &'static str,
    names: &'static [&'static str],
}

const OWN: [Own; 6] = [
    Own { methods: &[Method::Pam], shown: "pam", names: &["pamservice", "pam_use_hostname"] },
    Own {
        methods: &[Method::Ldap],
        shown: "ldap",
        names: &[
            "ldapurl",
            "ldaptls",
            "ldapscheme",
            "ldapserver",
            "ldapport",
            "ldapbinddn",
            "ldapbindpasswd",
            "ldapsearchattribute",
            "ldapsearchfilter",
            "ldapbasedn",
            "ldapprefix",
            "ldapsuffix",
        ],
    },
    Own {
        methods: &[Method::Gss, Method::Sspi],
        shown: "gssapi and sspi",
        names: &["krb_realm", "include_realm"],
    },
    Own { methods: &[Method::Sspi], shown: "sspi", names: &["compat_realm", "upn_username"] },
    Own {
        methods: &[Method::Radius],
        shown: "radius",
        names: &["radiusservers", "radiusports", "radiussecrets", "radiusidentifiers"],
    },
    Own {
        methods: &[Method::Oauth],
        shown: "oauth",
        names: &["scope", "issuer", "validator", "delegate_ident_mapping"],
    },
];

/// What a method cannot do without: one of each list.
const NEEDED: [(Method, &[&str], &str); 5] = [
    (
        Method::Ldap,
        &["ldapprefix", "ldapsuffix", "ldapbasedn", "ldapurl"],
        "\"ldapbasedn\", \"ldapprefix\", or \"ldapsuffix\"",
    ),
    (Method::Radius, &["radiusservers"], "\"radiusservers\""),
    (Method::Radius, &["radiussecrets"], "\"radiussecrets\""),
    (Method::Oauth, &["scope"], "\"scope\""),
    (Method::Oauth, &["issuer"], "\"issuer\""),
];

/// What of LDAP a name that is put together needs, and what a search.
const LDAP_SIMPLE: [&str; 2] = ["ldapprefix", "ldapsuffix"];
const LDAP_SEARCH: [&str; 5] =
    ["ldapbasedn", "ldapbinddn", "ldapbindpasswd", "ldapsearchattribute", "ldapsearchfilter"];

/// The methods of which `map` is an option, as the server names them.
pub(super) fn methods_with_map(version: Option<u32>) -> &'static str {
    match before(version, 18) {
        true => "ident, peer, gssapi, sspi, and cert",
        false => "ident, peer, gssapi, sspi, cert, and oauth",
    }
}

/// Takes an option of a line with that method; `None` where there is none of that name.
pub(super) fn take(
    name: &[u8],
    method: Method,
    version: Option<u32>,
) -> Result<Option<&'static str>, HbaProblem> {
    let named = |own: &'static Own| {
        let known = own.names.iter().find(|known| known.as_bytes() == name);
        known.map(|known| (own, *known))
    };
    let is_known = |own: &&Own| own.methods != [Method::Oauth] || !before(version, 18);
    let Some((own, known)) = OWN.iter().filter(is_known).find_map(named) else {
        return Ok(None);
    };
    if own.methods.contains(&method) {
        return Ok(Some(known));
    }
    Err(HbaProblem::OptionMethods { option: known, methods: own.shown })
}

/// Refuses a line without what its method needs, and one that says two things at once.
pub(super) fn check(method: Method, given: &[&str]) -> Result<(), HbaProblem> {
    for (of, names, wanted) in NEEDED {
        if of == method && !names.iter().any(|name| given.contains(name)) {
            return Err(HbaProblem::OptionMissing { method, wanted });
        }
    }
    let has = |names: &[&str]| names.iter().any(|name| given.contains(name));
    if has(&LDAP_SIMPLE) && has(&LDAP_SEARCH) {
        return Err(HbaProblem::LdapModes);
    }
    if has(&["ldapsearchattribute"]) && has(&["ldapsearchfilter"]) {
        return Err(HbaProblem::LdapFilters);
    }
    Ok(())
}
