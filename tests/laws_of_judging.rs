//! The judge finds in what the maker makes exactly what the profile waives: nothing where nothing is waived, and the
//! waived rule where one is.

mod road;

use pgtls::keys::KeyType;
use pgtls::layout::Arrangement;
use pgtls::pki::Secrets;
use pgtls::plan::{CertificateSpec, Plan};
use pgtls::profile::{self, BUILTINS, Overrides, Profile};
use pgtls::verify::{Exhibit, Policy, Report, Roles, Rule, Severity, check};
use road::{KeyPool, Made, NOW, built_in, make, read};
use std::collections::BTreeSet;
use std::sync::OnceLock;

fn made(profile: &Profile, arrangement: &Arrangement) -> Made {
    static POOL: OnceLock<KeyPool> = OnceLock::new();
    make(profile, arrangement, &Secrets::default(), &POOL.get_or_init(KeyPool::default).source(11))
}

/// What the judge says of everything that was made, in memory.
fn judged(made: &Made, waived: Vec<(String, Rule)>) -> Report {
    let sets = [&made.filled.directory, &made.filled.ca_directory];
    let files = sets.into_iter().flat_map(|files| files.iter());
    let exhibits: Vec<Exhibit> = files.map(|(name, entry)| Exhibit::read(name, entry, None)).collect();
    check(".", &exhibits, &Roles::default(), &Policy { waived, ..Policy::at(NOW) }).0
}

fn problems(report: &Report) -> BTreeSet<Rule> {
    let serious = report.findings.iter().filter(|finding| finding.severity != Severity::Note);
    serious.map(|finding| finding.rule).collect()
}

/// What the judge calls a rule of the maker. It knows no bound on common names but that of roles, because no peer has
/// one; and it tells a certificate with its CA's name from a self-signed one by the key identifiers, as OpenSSL does.
fn as_judged(rule: profile::Rule) -> Option<Rule> {
    match rule {
        profile::Rule::CommonNameTooLong | profile::Rule::NamedLikeItsCa => None,
        profile::Rule::EddsaSignsServer => Some(Rule::EddsaBreaksScram),
        profile::Rule::IssuerIsNoCa => Some(Rule::IssuerNotCa),
        profile::Rule::LeafOutlivesCa => Some(Rule::OutlivesIssuer),
        profile::Rule::OutsideNameConstraints => Some(Rule::NameConstraints),
        profile::Rule::PathLengthSpent => Some(Rule::PathLengthExceeded),
        profile::Rule::RoleNameTooLong => Some(Rule::RoleNameTooLong),
        profile::Rule::WildcardPlace => Some(Rule::WildcardUnusable),
    }
}

/// The waivers of a plan in the words of the judge. What the maker holds against a certificate the judge may hold against
/// one of its CAs: a path length, or that it is none.
fn waivers(plan: &Plan) -> Vec<(String, Rule)> {
    let spec = |stem: &str| plan.certificates.iter().find(|spec| spec.stem == stem);
    let mut waivers = Vec::new();
    for made in &plan.certificates {
        let issuer = |made: &&CertificateSpec| made.issuer.stem().and_then(spec);
        let line = std::iter::successors(spec(&made.stem), issuer);
        for stem in line.map(|spec| &spec.stem) {
            let rules = made.waived.iter().copied().filter_map(as_judged);
            waivers.extend(rules.map(|rule| (format!("{stem}.crt"), rule)));
        }
    }
    waivers
}

fn hold(name: &str, profile: &Profile, besides: &[Rule]) {
    for arrangement in [Arrangement::default(), Arrangement { separate_ca: true, ..Arrangement::default() }] {
        let made = made(profile, &arrangement);
        let waivers = waivers(&made.plan);
        let wanted: BTreeSet<Rule> =
            waivers.iter().map(|(_, rule)| *rule).chain(besides.iter().copied()).collect();
        let report = judged(&made, Vec::new());
        assert_eq!(problems(&report), wanted, "{name}: {report:#?}");
        let report = judged(&made, waivers);
        assert_eq!(problems(&report), besides.iter().copied().collect(), "{name}, waived: {report:#?}");
    }
}

#[test]
fn nothing_is_found_in_a_built_in_profile_of_any_type_of_key() {
    for profile in BUILTINS {
        for kind in KeyType::ALL {
            let replication = Some("primaryuser".to_owned());
            let overrides = Overrides { key_type: Some(kind), replication, ..Overrides::default() };
            let mut made = built_in(profile.name, &overrides);
            // Refused where it signs itself, so that nobody gets it without asking.
            let waives = kind == KeyType::Ed25519;
            if waives {
                made.certificates
                    .iter_mut()
                    .for_each(|entry| entry.waive.push(profile::Rule::EddsaSignsServer));
            }
            // The maker warns of it too, and makes it: it works over TLS 1.3.
            let besides: &[Rule] = if kind == KeyType::EcdsaP384 { &[Rule::P384Client] } else { &[] };
            hold(&format!("{} {kind}", profile.name), &made, besides);
        }
    }
}

const ROOT: &str = "[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root.test\"\n";
const BUNDLE: &str = "[[bundle]]\nfile = \"chain.crt\"\ncertificates = [\"root\"]\n";

/// A profile of these lines beside a root, a server and a client.
fn with(root: &str, server: &str, client: &str, more: &str) -> Profile {
    let leaf = |usage: &str, lines: &str| {
        format!("[[certificate]]\nname = \"{usage}\"\nusage = \"{usage}\"\n{lines}")
    };
    let server = leaf("server", server);
    let client = leaf("client", client);
    read(&format!("name = \"mine\"\n{ROOT}{root}{more}{server}{client}{BUNDLE}"))
}

const SERVER: &str = "issuer = \"root\"\nsubject = \"CN=db.test\"\nsan = [\"db.test\"]\n";
const CLIENT: &str = "issuer = \"root\"\nsubject = \"CN=app\"\n";

#[test]
fn what_an_entry_waives_is_found_and_nothing_else() {
    let waiving = |lines: &str, rules: &str| format!("{lines}waive = [{rules}]\n");
    let long = |count: usize| format!("issuer = \"root\"\nsubject = \"CN={}\"\n", "r".repeat(count));
    let sub = |lines: &str| {
        format!(
            "[[certificate]]\nname = \"intermediate\"\nusage = \"intermediate-ca\"\nissuer = \"root\"\n\
             subject = \"CN=intermediate.test\"\n{lines}"
        )
    };
    let under = |lines: &str| {
        format!("{}append = [\"intermediate\"]\n", lines.replace("\"root\"", "\"intermediate\""))
    };
    let cases = [
        ("role", with("", SERVER, &waiving(&long(64), "\"role-name-too-long\""), "")),
        (
            "name",
            with("", SERVER, &waiving(&long(65), "\"common-name-too-long\", \"role-name-too-long\""), ""),
        ),
        (
            "wildcard",
            with(
                "",
                &waiving(&SERVER.replace("[\"db", "[\"DNS:d*.test\", \"db"), "\"wildcard-place\""),
                CLIENT,
                "",
            ),
        ),
        (
            "outlives",
            with(
                "not_after = \"2030-01-01\"\n",
                &waiving(&format!("{SERVER}not_after = \"2031-01-01\"\n"), "\"leaf-outlives-ca\""),
                CLIENT,
                "",
            ),
        ),
        (
            "constraints",
            with(
                "permitted_names = [\"DNS:other.test\"]\n",
                &waiving(SERVER, "\"outside-name-constraints\""),
                CLIENT,
                "",
            ),
        ),
        (
            "path",
            with(
                "path_length = 0\n",
                &under(SERVER),
                &under(CLIENT),
                &sub("waive = [\"path-length-spent\"]\n"),
            ),
        ),
        ("eddsa", with("key_type = \"ed25519\"\n", &waiving(SERVER, "\"eddsa-signs-server\""), CLIENT, "")),
        (
            "namesake",
            with(
                "",
                &waiving(
                    &SERVER.replace("CN=db.test", "CN=root.test").replace("[\"db", "[\"root.test\", \"db"),
                    "\"named-like-its-ca\"",
                ),
                CLIENT,
                "",
            ),
        ),
        (
            "no CA",
            with(
                "",
                SERVER,
                &waiving(
                    &format!("{}append = [\"server\"]\n", CLIENT.replace("\"root\"", "\"server\"")),
                    "\"issuer-is-no-ca\"",
                ),
                "",
            ),
        ),
    ];
    let mut waived = BTreeSet::new();
    for (name, profile) in &cases {
        hold(name, profile, &[]);
        waived.extend(
            made(profile, &Arrangement::default())
                .plan
                .certificates
                .iter()
                .flat_map(|spec| spec.waived.clone()),
        );
    }
    assert_eq!(waived.into_iter().collect::<Vec<_>>(), profile::Rule::ALL, "every rule is waived once");
}
