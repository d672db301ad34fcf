//! What the command line promises: exit codes, which stream says what, and the exact words of every refusal.
//!
//! Every refusal here is one before anything is made, so each leaves an empty directory empty.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use support::{Run, assert_golden, is_root, masked, names, run, scratch, text};
use time::OffsetDateTime;

/// What every refusal of a lifetime ends with.
const SPANS: &str = "pgtls: hint: Give a whole number and a unit: 12h, 90d, 52w or 20y.\n";
/// What every refusal of a name ends with.
const NAMES: &str = "pgtls: hint: Give a host name, an IP address, an e-mail address or a URI; DNS:, IP:, email: or \
                     URI: in front forces the type.\n";
const FILLED: &str = "pgtls: hint: Use another directory (-D), --if-missing to make what is absent, or --force to \
                      replace servers and clients.\n";

/// Runs it in an empty directory; it prints nothing but this to standard error, and leaves the directory empty.
fn refused(arguments: &[&str], code: i32, stderr: &str) {
    let home = scratch();
    Run::new(arguments).dir(&home).stderr(stderr).code(code);
    assert_eq!(names(home.path()), [""; 0], "{arguments:?} left something behind");
}

/// The same for a profile, which is all that may be in the directory afterwards.
fn refused_profile(profile: &str, code: i32, stderr: &str) {
    let home = scratch();
    fs::write(home.path().join("mine.toml"), profile.trim_start()).unwrap();
    Run::new(&["gen", "mine.toml"]).dir(&home).stderr(stderr).code(code);
    assert_eq!(names(home.path()), ["mine.toml"], "{profile} left something behind");
}

// Profiles

#[test]
fn an_unknown_profile_is_refused_with_those_that_are_known() {
    let stderr = r#"
pgtls: error: unknown profile "chian"
pgtls: detail: Built in are intermediate, root-only, self-signed, split-ca, pgo-v4, pgo-v5, cnpg, zalando, patroni; gen also takes chain.
pgtls: hint: Give one of these, or the path of a profile of your own (with a slash or .toml).
"#;
    refused(&["gen", "chian"], 2, stderr);
}

#[test]
fn a_profile_file_that_is_not_there_is_the_systems_refusal() {
    refused(
        &["gen", "none.toml"],
        4,
        "pgtls: error: could not read \"none.toml\": no such file or directory\n\
                  pgtls: hint: Give the path of a file that exists.\n",
    );
}

#[test]
fn an_unknown_key_is_named_with_line_column_and_the_nearest_known_one() {
    let profile = r#"
name = "mine"

[[certificate]]
name     = "server"
usage    = "server"
subject  = "CN=db1.example.com"
 lifetme = "90d"
"#;
    let stderr = r#"
pgtls: error: mine.toml:7:2: unknown key "lifetme"
pgtls: detail: Known here: name, usage, issuer, subject, key_type, append, san, not_before, not_after, lifetime, serial, serial_bits, path_length, permitted_names, excluded_names, crl_distribution_points, extended_key_usages, critical, not_critical, waive.
pgtls: hint: Did you mean "lifetime"?
"#;
    refused_profile(profile, 2, stderr);
}

#[test]
fn an_unknown_key_at_the_top_is_named_too() {
    let stderr = r#"
pgtls: error: mine.toml:2:1: unknown key "certificates"
pgtls: detail: Known here: name, summary, source, certificate, bundle, set.
pgtls: hint: Did you mean "certificate"?
"#;
    refused_profile("name = \"mine\"\ncertificates = 1\n", 2, stderr);
}

#[test]
fn an_issuer_that_is_not_in_the_profile_is_refused() {
    let profile = r#"
name = "mine"

[[certificate]]
name    = "root"
usage   = "root-ca"
subject = "CN=root.example.com"

[[certificate]]
name    = "server"
usage   = "server"
issuer  = "rot"
subject = "CN=db1.example.com"
"#;
    let stderr = r#"
pgtls: error: mine.toml:11:11: unknown certificate "rot"
pgtls: detail: Known here: root, server.
pgtls: hint: Did you mean "root"?
"#;
    refused_profile(profile, 2, stderr);
}

#[test]
fn issuers_that_form_a_cycle_are_refused() {
    let profile = r#"
name = "mine"

[[certificate]]
name    = "a"
usage   = "intermediate-ca"
issuer  = "b"
subject = "CN=a"

[[certificate]]
name    = "b"
usage   = "intermediate-ca"
issuer  = "a"
subject = "CN=b"
"#;
    let stderr = r#"
pgtls: error: mine.toml:3:1: the issuers form a cycle: a -> b -> a
pgtls: hint: Let one of them sign itself: leave its "issuer" out.
"#;
    refused_profile(profile, 2, stderr);
}

#[test]
fn two_entries_for_one_file_are_refused() {
    let entry = "[[certificate]]\nname = \"server\"\nusage = \"server\"\nsubject = \"CN=db1\"\n";
    let stderr = r#"
pgtls: error: mine.toml:6:1: two entries for the file "server.crt"
pgtls: hint: Give each entry a name of its own.
"#;
    refused_profile(&format!("name = \"mine\"\n{entry}{entry}"), 2, stderr);
    let bundle = "[[bundle]]\nfile = \"server.crt\"\ncertificates = [\"server\"]\n";
    let stderr = stderr.replace("6:1", "7:8");
    refused_profile(&format!("name = \"mine\"\n{entry}{bundle}"), 2, &stderr);
}

#[test]
fn a_file_name_that_leaves_the_directory_is_refused() {
    let stderr = r#"
pgtls: error: mine.toml:3:8: "../server" cannot be the name of a file here
pgtls: hint: Use letters, digits, dot, hyphen and underscore, and begin with a letter or a digit.
"#;
    let profile =
        "name = \"mine\"\n[[certificate]]\nname = \"../server\"\nusage = \"server\"\nsubject = \"CN=x\"\n";
    refused_profile(profile, 2, stderr);
}

#[test]
fn a_profile_that_is_not_toml_is_refused_where_it_stops_being_it() {
    let home = scratch();
    fs::write(home.path().join("mine.toml"), "name = \"mine\"\nname = = 1\n").unwrap();
    let output = Run::new(&["gen", "mine.toml"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(2));
    // What follows the place is the TOML reader's own sentence.
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("pgtls: error: mine.toml:2:"), "{stderr}");
    assert!(
        stderr.ends_with("\npgtls: hint: A profile is TOML; see \"pgtls profiles intermediate\".\n"),
        "{stderr}"
    );
}

// Lifetimes

#[test]
fn a_lifetime_that_is_none_is_refused_for_every_flag_that_takes_one() {
    let shapeless = "it is not a number with one of the units s, m, h, d, w, y";
    for (flag, typed, read, problem) in [
        ("--lifetime", "0d", "0d", "it must be more than zero"),
        ("--lifetime", "-1d", "-1d", "it must be more than zero"),
        ("--lifetime", "ten", "ten", shapeless),
        ("--lifetime", "90", "90", shapeless),
        ("--lifetime", "", "", shapeless),
        ("--lifetime", "999999999999999999y", "999999999999999999y", "it is too long"),
        ("--days", "999999999999999999", "999999999999999999d", "it is too long"),
        ("--ca-lifetime", "0d", "0d", "it must be more than zero"),
        ("--ca-lifetime", "-1d", "-1d", "it must be more than zero"),
        ("--ca-lifetime", "ten", "ten", shapeless),
        ("--ca-lifetime", "999999999999999999y", "999999999999999999y", "it is too long"),
        ("--intermediate-lifetime", "0d", "0d", "it must be more than zero"),
    ] {
        let stderr = format!("pgtls: error: {flag}: invalid lifetime \"{read}\": {problem}\n{SPANS}");
        refused(&["gen", "chain", "--intermediate", flag, typed], 2, &stderr);
    }
}

#[test]
fn days_are_a_whole_number_above_zero() {
    for typed in ["0", "00", "-1", "ten", "1.5", "", "1d"] {
        let stderr = format!(
            "pgtls: error: --days: \"{typed}\" is not a whole number of days above zero\n\
             pgtls: hint: Write it like --days 90.\n"
        );
        refused(&["gen", "chain", "--days", typed], 2, &stderr);
    }
}

#[test]
fn a_criticality_without_its_extension_or_given_twice_is_refused() {
    for (lines, problem, hint) in [
        (
            "critical = [\"nameConstraints\"]",
            "1: \"server\" has no extension nameConstraints that could be critical or not",
            "Add the extension, or leave it out of critical and not_critical.",
        ),
        (
            "critical = [\"keyUsage\"]\nnot_critical = [\"keyUsage\"]",
            "17: the criticality of keyUsage is given twice",
            "Name it once.",
        ),
    ] {
        let profile =
            format!("name = \"t\"\n[[certificate]]\nname = \"server\"\nusage = \"server\"\n{lines}\n");
        let line = if problem.starts_with("17") { 6 } else { 2 };
        let stderr = format!("pgtls: error: mine.toml:{line}:{problem}\npgtls: hint: {hint}\n");
        refused_profile(&profile, 2, &stderr);
    }
}

#[test]
fn a_lifetime_past_the_year_9999_is_refused() {
    for (flag, typed, certificate) in [
        ("--lifetime", "8000y", "server"),
        ("--days", "3000000", "server"),
        ("--ca-lifetime", "8000y", "root"),
    ] {
        let stderr = format!(
            "pgtls: error: certificate \"{certificate}\" would end past the year 9999\n\
             pgtls: hint: Give a shorter lifetime.\n"
        );
        refused(&["gen", "chain", flag, typed], 2, &stderr);
    }
}

#[test]
fn an_end_that_is_no_instant_or_is_past_is_refused() {
    let stderr = r#"
pgtls: error: --not-after: invalid instant "tomorrow"
pgtls: hint: Write it like 2027-11-21 or 2027-11-21T18:30:00Z (UTC).
"#;
    let home = scratch();
    let output = Run::new(&["gen", "chain", "--not-after", "tomorrow"]).dir(&home).output();
    // Unmasked: the date in the hint is an example, not an answer.
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), stderr.trim_start().to_owned()));
    let output = Run::new(&["gen", "chain", "--not-after", "2020-01-01"]).dir(&home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.starts_with("pgtls: error: certificate \"server\" would end before it begins\n"),
        "{stderr}"
    );
    assert_eq!(names(home.path()), [""; 0]);
}

#[test]
fn over_a_hundred_years_is_a_warning_and_done() {
    let home = scratch();
    let stderr = "pgtls: warning: root.crt lives for over 100 years, until +36865 days\n\
                  pgtls: warning: server.crt lives for over 100 years, until +36865 days\n\
                  pgtls: warning: client.crt lives for over 100 years, until +36865 days\n";
    Run::new(&["gen", "chain", "-q", "--lifetime", "101y"]).dir(&home).stderr(stderr).code(0);
    assert_eq!(names(&home.path().join("pki")).len(), 7);
}

#[test]
fn a_leaf_that_outlives_a_ca_of_given_lifetime_is_refused_with_what_fits() {
    let stderr = r#"
pgtls: error: certificate "server" would outlive its CA
pgtls: detail: It would end at <+365d>; "root" ends at <+10d>.
pgtls: hint: --lifetime 10d is the longest that fits.
"#;
    refused(&["gen", "chain", "--ca-lifetime", "10d"], 2, stderr);
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "--ca-lifetime", "10d", "--lifetime", "10d"]).dir(&home).code(0);
}

// Names

#[test]
fn a_name_that_cannot_be_is_refused_for_server_and_san() {
    let long = "a".repeat(64);
    for (name, problem) in [
        ("", "it is empty"),
        ("a b", "it contains a space"),
        (" ", "it contains a space"),
        ("300.1.1.1", "it looks like an IP address but is none"),
        ("::zz", "it looks like an IP address but is none"),
        ("IP:db1", "it is not an IP address"),
        ("a..b", "it has an empty label"),
        ("db1.", "a host name in a certificate has no dot at its end"),
        (&long, "a label is over 63 bytes"),
        ("a/b", "it has a character that no host name has"),
    ] {
        for flag in ["--server", "--san"] {
            let stderr = format!("pgtls: error: {flag}: invalid name \"{name}\": {problem}\n{NAMES}");
            refused(&["gen", "chain", flag, name], 2, &stderr);
        }
    }
}

#[test]
fn a_wildcard_in_the_wrong_place_is_refused() {
    for name in ["*", "a*.example.com", "*.*.example.com", "db.*.com", "**.example.com"] {
        let stderr = format!(
            "pgtls: error: \"{name}\" in certificate \"server\" has a wildcard where none works\n\
             pgtls: detail: PostgreSQL's clients take * only as the whole first label, for exactly one label.\n\
             pgtls: hint: Write it like *.example.com.\n"
        );
        refused(&["gen", "chain", "--server", name], 2, &stderr);
        refused(&["gen", "chain", "--san", name], 2, &stderr);
    }
}

#[test]
fn an_address_of_mail_is_no_server() {
    let stderr = r#"
pgtls: error: "dba@example.com" is not a host name or an IP address, which --server takes
pgtls: hint: Give it with --san, which takes e-mail addresses and URIs too.
"#;
    refused(&["gen", "chain", "--server", "dba@example.com"], 2, stderr);
}

#[test]
fn a_common_name_over_64_characters_is_refused() {
    let long = ["a".repeat(60), "example.com".to_owned()].join(".");
    let stderr = format!(
        "pgtls: error: the common name of \"server\" is over 64 characters\n\
         pgtls: detail: \"{long}\" has 72.\n\
         pgtls: hint: Put a shorter name first: the first alone is the common name, every one is a SAN.\n"
    );
    refused(&["gen", "chain", "--server", &long], 2, &stderr);
}

#[test]
fn a_role_over_63_bytes_is_refused() {
    // 32 characters of two bytes each.
    let long = "é".repeat(32);
    let stderr = format!(
        "pgtls: error: the common name of \"client\" is over 63 bytes\n\
         pgtls: detail: \"{long}\" has 64; no PostgreSQL role has such a name.\n\
         pgtls: hint: Use the name of the role that it logs in as.\n"
    );
    refused(&["gen", "chain", "--client", &long], 2, &stderr);
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "--client", &"a".repeat(63)]).dir(&home).code(0);
}

#[test]
fn an_empty_role_is_refused() {
    for flag in ["--client", "--replication"] {
        let stderr = format!(
            "pgtls: error: {flag}: \"\" cannot be the name of a role\n\
             pgtls: hint: Give the PostgreSQL role that it logs in as.\n"
        );
        refused(&["gen", "chain", &format!("{flag}=")], 2, &stderr);
    }
}

#[test]
fn a_setting_that_the_profile_has_not_is_refused() {
    let stderr = r#"
pgtls: error: root-only: unknown setting "domian"
pgtls: detail: Known here: domain.
pgtls: hint: Did you mean "domain"?
"#;
    refused(&["gen", "chain", "--set", "domian=x"], 2, stderr);
    let stderr = "pgtls: error: --set: \"domain\" is not KEY=VALUE\n\
                  pgtls: hint: Write it like --set domain=example.com.\n";
    refused(&["gen", "chain", "--set", "domain"], 2, stderr);
}

// Keys

#[test]
fn an_unknown_key_type_is_refused_with_those_that_are_known() {
    for flag in ["--key-type", "--ca-key-type"] {
        let stderr = format!(
            "pgtls: error: {flag}: unknown key type \"rsa\"\n\
             pgtls: hint: Use one of ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072, rsa-4096.\n"
        );
        refused(&["gen", "chain", flag, "rsa"], 2, &stderr);
    }
}

#[test]
fn an_eddsa_signature_on_a_server_is_refused() {
    let stderr = r#"
pgtls: error: certificate "server" would bear an Ed25519 signature
pgtls: detail: SCRAM cannot bind to it: every libpq login with a password fails.
pgtls: hint: Leave the CA at ecdsa-p256 (--ca-key-type); an Ed25519 leaf under it works.
"#;
    refused(&["gen", "chain", "--ca-key-type", "ed25519"], 2, stderr);
    let stderr = r#"
pgtls: error: certificate "server" would bear an Ed25519 signature
pgtls: detail: SCRAM cannot bind to it: every libpq login with a password fails.
pgtls: hint: Use --key-type ecdsa-p256.
"#;
    refused(&["gen", "self-signed", "--key-type", "ed25519"], 2, stderr);
}

#[test]
fn a_passphrase_file_that_is_absent_unreadable_or_empty_is_refused() {
    let stderr = "pgtls: error: could not read \"secret\": no such file or directory\n\
                  pgtls: hint: Give the path of a file that exists.\n";
    refused(&["gen", "chain", "--ca-passphrase-file", "secret"], 4, stderr);

    for (held, left) in [("", "empty"), ("\n", "a line end"), ("\r\nx\n", "a line end of Windows")] {
        let home = scratch();
        fs::write(home.path().join("secret"), held).unwrap();
        let stderr = "pgtls: error: passphrase file \"secret\" holds no passphrase\n\
                      pgtls: hint: Its first line is the passphrase.\n";
        Run::new(&["gen", "chain", "--ca-passphrase-file", "secret"]).dir(&home).stderr(stderr).code(2);
        assert_eq!(names(home.path()), ["secret"], "{left}");
    }

    let home = scratch();
    fs::write(home.path().join("secret"), "x\n").unwrap();
    run(home.path(), "chmod", &["000", "secret"]);
    let stderr = "pgtls: error: could not read \"secret\": permission denied\n\
                  pgtls: hint: Make \"secret\" readable, or run the command as its owner.\n";
    let gen_chain = Run::new(&["gen", "chain", "--ca-passphrase-file", "secret"]).dir(&home);
    gen_chain.by_nobody().stderr(stderr).code(4);
    assert_eq!(names(home.path()), ["secret"]);
}

// What a profile may waive

/// Asserts that the profile is refused as it is, and that with `waive` in its last entry `--dry-run` says which rule.
fn waivable(profile: &str, rule: &str, certificate: &str, stderr: &str) {
    refused_profile(profile, 2, stderr);
    let home = scratch();
    let waived = format!("{}waive = [\"{rule}\"]\n", profile.trim_start());
    fs::write(home.path().join("mine.toml"), waived).unwrap();
    let output = Run::new(&["gen", "mine.toml", "--dry-run"]).dir(&home).output();
    let stdout = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    assert!(stdout.contains(&format!("\nnote: {certificate}.crt waives {rule}\n")), "{stdout}");
    assert_eq!(names(home.path()), ["mine.toml"]);
    Run::new(&["gen", "mine.toml", "-q"]).dir(&home).code(0);
}

#[test]
fn a_long_common_name_can_be_waived() {
    let name = "a".repeat(65);
    let stderr = format!(
        "pgtls: error: the common name of \"root\" is over 64 characters\n\
         pgtls: detail: \"{name}\" has 65.\n\
         pgtls: hint: Give a shorter --domain.\n"
    );
    let profile = format!(
        "name = \"mine\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN={name}\"\n"
    );
    waivable(&profile, "common-name-too-long", "root", &stderr);
}

#[test]
fn a_long_role_can_be_waived() {
    let name = "a".repeat(64);
    let stderr = format!(
        "pgtls: error: the common name of \"client\" is over 63 bytes\n\
         pgtls: detail: \"{name}\" has 64; no PostgreSQL role has such a name.\n\
         pgtls: hint: Use the name of the role that it logs in as.\n"
    );
    let profile = format!(
        "name = \"mine\"\n[[certificate]]\nname = \"client\"\nusage = \"client\"\nsubject = \"CN={name}\"\n"
    );
    waivable(&profile, "role-name-too-long", "client", &stderr);
}

#[test]
fn a_wildcard_in_the_wrong_place_can_be_waived() {
    let stderr = r#"
pgtls: error: "db.*.com" in certificate "server" has a wildcard where none works
pgtls: detail: PostgreSQL's clients take * only as the whole first label, for exactly one label.
pgtls: hint: Write it like *.example.com.
"#;
    let profile = r#"
name = "mine"
[[certificate]]
name = "server"
usage = "server"
subject = "CN=db"
san = ["db.*.com"]
"#;
    waivable(profile, "wildcard-place", "server", stderr);
}

#[test]
fn an_eddsa_signature_can_be_waived() {
    let stderr = r#"
pgtls: error: certificate "server" would bear an Ed25519 signature
pgtls: detail: SCRAM cannot bind to it: every libpq login with a password fails.
pgtls: hint: Use --key-type ecdsa-p256.
"#;
    let profile = r#"
name = "mine"
[[certificate]]
name = "server"
usage = "server"
subject = "CN=db"
key_type = "ed25519"
"#;
    waivable(profile, "eddsa-signs-server", "server", stderr);
}

#[test]
fn an_issuer_that_is_no_ca_can_be_waived() {
    let stderr = r#"
pgtls: error: "server" issues "client", but is no CA
pgtls: hint: Give the issuer the usage root-ca or intermediate-ca.
"#;
    let profile = r#"
name = "mine"
[[certificate]]
name = "server"
usage = "server"
subject = "CN=db"
[[certificate]]
name = "client"
usage = "client"
issuer = "server"
subject = "CN=kong"
"#;
    waivable(profile, "issuer-is-no-ca", "client", stderr);
}

#[test]
fn a_spent_path_length_is_refused_and_can_be_waived() {
    let stderr = r#"
pgtls: error: the path length of "one" leaves no room for the CA "two"
pgtls: detail: It is 0; 1 would be needed.
pgtls: hint: Set path_length = 1 on "one", or issue "two" higher up.
"#;
    let profile = r#"
name = "mine"
[[certificate]]
name = "root"
usage = "root-ca"
subject = "CN=root"
[[certificate]]
name = "one"
usage = "intermediate-ca"
issuer = "root"
subject = "CN=one"
[[certificate]]
name = "two"
usage = "intermediate-ca"
issuer = "one"
subject = "CN=two"
"#;
    waivable(profile, "path-length-spent", "two", stderr);
}

#[test]
fn a_leaf_that_outlives_its_ca_can_be_waived() {
    let stderr = r#"
pgtls: error: certificate "server" would outlive its CA
pgtls: detail: It would end at <+20d>; "root" ends at 2099-01-01T00:00:00Z.
pgtls: hint: --lifetime 10d is the longest that fits.
"#;
    // An instant does not stretch, unlike a lifetime.
    let profile = |end: &str| {
        format!(
            "name = \"mine\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\n\
             not_after = {end}\n[[certificate]]\nname = \"server\"\nusage = \"server\"\nissuer = \"root\"\n\
             subject = \"CN=db\"\nlifetime = \"20d\"\n"
        )
    };
    let end = (OffsetDateTime::now_utc() + time::Duration::days(10) + time::Duration::minutes(5))
        .replace_nanosecond(0)
        .unwrap();
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let stderr = stderr.replace("2099-01-01T00:00:00Z", "<+10d>");
    waivable(&profile(&end.format(format).unwrap()), "leaf-outlives-ca", "server", &stderr);
}

#[test]
fn an_unknown_rule_cannot_be_waived() {
    let stderr = r#"
pgtls: error: mine.toml:6:10: unknown rule "wildcard-places"
pgtls: detail: Known here: common-name-too-long, eddsa-signs-server, issuer-is-no-ca, leaf-outlives-ca, named-like-its-ca, outside-name-constraints, path-length-spent, role-name-too-long, wildcard-place.
pgtls: hint: Did you mean "wildcard-place"?
"#;
    let profile = r#"
name = "mine"
[[certificate]]
name = "server"
usage = "server"
subject = "CN=db"
waive = ["wildcard-places"]
"#;
    refused_profile(profile, 2, stderr);
}

// Flags

#[test]
fn output_as_kubectl_has_it_gets_a_hint() {
    let stderr = "pgtls: error: there is no flag -o\n\
                  pgtls: hint: Results go to standard output; --json prints them as JSON.\n";
    for words in [&["-o", "yaml"][..], &["-oyaml"], &["-o=yaml"], &["-o"]] {
        refused(&[&["gen", "chain"], words].concat(), 2, stderr);
        refused(&[&["inspect"], words].concat(), 2, stderr);
    }
}

#[test]
fn flags_that_exclude_each_other_are_refused() {
    for (one, two, fact) in [
        (&["--force"][..], &["--if-missing"][..], "'--force' cannot be used with '--if-missing'"),
        (&["--lifetime", "1d"], &["--days", "1"], "'--lifetime <SPAN>' cannot be used with '--days <N>'"),
        (
            &["--lifetime", "1d"],
            &["--not-after", "2040-01-01"],
            "'--lifetime <SPAN>' cannot be used with '--not-after <INSTANT>'",
        ),
        (
            &["--days", "1"],
            &["--not-after", "2040-01-01"],
            "'--days <N>' cannot be used with '--not-after <INSTANT>'",
        ),
        (&["--quiet"], &["--json"], "'--quiet' cannot be used with '--json'"),
    ] {
        let home = scratch();
        let output = Run::new(&[&["gen", "chain"], one, two].concat()).dir(&home).output();
        let stderr = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""), "{one:?} {two:?}");
        assert!(stderr.contains(fact), "{stderr}");
        assert_eq!(names(home.path()), [""; 0]);
    }
    let stderr = "pgtls: error: --intermediate goes with \"chain\", not with \"self-signed\"\n\
                  pgtls: hint: Run: pgtls gen chain --intermediate\n";
    refused(&["gen", "self-signed", "--intermediate"], 2, stderr);
}

#[test]
fn a_conflict_is_told_in_full() {
    let stderr = r#"
pgtls: error: the argument '--force' cannot be used with '--if-missing'

Usage: pgtls gen --force <chain|self-signed|NAME|FILE.toml>

For more information, try '--help'.
"#;
    refused(&["gen", "chain", "--force", "--if-missing"], 2, stderr);
}

#[test]
fn a_flag_that_the_profile_has_no_use_for_is_refused() {
    let stderr = r#"
pgtls: error: --ca-lifetime is given, but the profile "self-signed" has no such CA
pgtls: hint: Leave --ca-lifetime out, or use a profile with one.
"#;
    refused(&["gen", "self-signed", "--ca-lifetime", "10d"], 2, stderr);
    let stderr = r#"
pgtls: error: --no-append is given, but the profile "root-only" has no certificate "db2"
pgtls: hint: Leave --no-append out, or name one of its certificates "db2".
"#;
    refused(&["gen", "chain", "--no-append", "db2"], 2, stderr);
}

#[test]
fn an_unknown_owner_is_refused() {
    let hint = "pgtls: hint: Give a name that this machine knows, or numbers: --owner 999:999.\n";
    let stderr = format!("pgtls: error: unknown user \"no-such-user\"\n{hint}");
    refused(&["gen", "chain", "--owner", "no-such-user"], 2, &stderr);
    let stderr = format!("pgtls: error: unknown group \"no-such-group\"\n{hint}");
    refused(&["gen", "chain", "--owner", "root:no-such-group"], 2, &stderr);
    let stderr = "pgtls: error: no account has the user id 54321, so its group is not known\n\
                  pgtls: hint: Give both: --owner 54321:GID.\n";
    refused(&["gen", "chain", "--owner", "54321"], 2, stderr);
}

#[test]
fn a_key_mode_with_which_no_server_starts_is_refused() {
    for (mode, owner, detail) in [
        ("0644", "0:0", "Nobody but the owner may write it, and nobody outside the group may read it."),
        ("0660", "0:0", "Nobody but the owner may write it, and nobody outside the group may read it."),
        ("0700", "0:0", "Nobody but the owner may write it, and nobody outside the group may read it."),
        ("0640", "999:999", "A key that the group can read has to be owned by root."),
        ("0200", "0:0", "Its owner could not read it."),
        ("rw", "0:0", "It is not an octal number."),
        ("", "0:0", "It is not an octal number."),
        ("07777777777777", "0:0", "It is not an octal number."),
    ] {
        let stderr = format!(
            "pgtls: error: key mode {mode} is one that PostgreSQL refuses\n\
             pgtls: detail: {detail}\n\
             pgtls: hint: Use 0600 (or 0400); 0640 only with --owner root:GROUP.\n"
        );
        refused(&["gen", "chain", "--owner", owner, "--key-mode", mode], 2, &stderr);
    }
}

#[test]
fn one_directory_cannot_be_both() {
    for (dir, ca_dir) in [("pki", "pki"), ("pki", "./pki/"), ("./pki", "pki"), (".", ".")] {
        let stderr = format!(
            "pgtls: error: --ca-dir and -D name the same directory, \"{ca_dir}\"\n\
             pgtls: hint: Leave --ca-dir out, or give it another directory.\n"
        );
        refused(&["gen", "chain", "-D", dir, "--ca-dir", ca_dir], 2, &stderr);
    }
}

// Streams

#[test]
fn an_error_under_json_is_json_on_stderr() {
    let stderr = r#"
{"error":"--lifetime: invalid lifetime \"0d\": it must be more than zero","detail":null,"hint":"Give a whole number and a unit: 12h, 90d, 52w or 20y.","exit_code":2}
"#;
    refused(&["gen", "chain", "--json", "--lifetime", "0d"], 2, stderr);
    let stderr = r#"
{"error":"\"pki\" does not exist","detail":null,"hint":"Make one with \"pgtls gen chain --intermediate\", or give its path.","exit_code":4}
"#;
    refused(&["inspect", "pki", "--json"], 4, stderr);
}

#[test]
fn what_the_argument_parser_refuses_is_json_too() {
    let home = scratch();
    let output = Run::new(&["gen", "chain", "--json", "--nope"]).dir(&home).output();
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["exit_code"], 2);
    assert_eq!(error["error"], "unexpected argument '--nope' found");
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    let stderr = format!(
        "pgtls: error: \"pki/root.crt\" exists already\n\
         pgtls: detail: It and 8 more would be overwritten; nothing was changed.\n{FILLED}"
    );
    Run::new(&["gen", "chain", "--intermediate", "--quiet"]).dir(&home).stderr(&stderr).code(3);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let script = r#"(set +e; "$@"; echo "exit code $?" >&2) | head -n 1"#;
    let stdout = "# Mirrors Kong, \"Configuring PostgreSQL TLS\": \"Creating certificates\", \"Intermediate CA chain\".\n";
    Run::new(&["profiles", "intermediate"]).through(script).stdout(stdout).stderr("exit code 0\n").code(0);
    // Nobody reads at all: the write itself fails, whatever the pipe would hold.
    let script = r#"(sleep 0.2; "$@"; echo "exit code $?" >&2) | true"#;
    for words in
        [&["profiles", "intermediate"][..], &["profiles"], &["--help"], &["gen", "chain", "--dry-run"]]
    {
        Run::new(words).through(script).stderr("exit code 0\n").code(0);
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let stderr = "pgtls: error: could not write to standard output: No space left on device (os error 28)\n";
    Run::new(&["profiles"]).through(r#"exec "$@" > /dev/full"#).stderr(stderr).code(4);
}

#[test]
fn nothing_is_ever_asked() {
    let home = scratch();
    // Closed, not empty: a prompt would fail, not read an end of file.
    Run::new(&["gen", "chain", "-q"]).dir(&home).through(r#"exec "$@" <&-"#).code(0);
    // Open and silent: a prompt would wait for ever.
    let mut child = Run::new(&["gen", "chain", "--force", "-q"]).dir(&home).command();
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    let silent = child.stdin.take();
    assert!(child.wait().unwrap().success());
    drop(silent);
}

// The environment

#[test]
fn the_directory_comes_from_the_flag_then_the_environment_then_is_pki() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).env("PGTLS_DIR", "").code(0);
    Run::new(&["gen", "chain", "-q"]).dir(&home).env("PGTLS_DIR", "variable").code(0);
    Run::new(&["gen", "chain", "-q", "-D", "flag"]).dir(&home).env("PGTLS_DIR", "variable").code(0);
    assert_eq!(names(home.path()), ["flag", "pki", "variable"]);
    let inspected = Run::new(&["inspect"]).dir(&home).env("PGTLS_DIR", "variable").output();
    assert!(text(&inspected.stdout).starts_with("variable/: 3 certificates, 3 keys\n"));
}

#[test]
fn the_directory_of_ca_keys_comes_from_the_environment_too() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).env("PGTLS_CA_DIR", "ca").code(0);
    assert_eq!(names(&home.path().join("ca")), ["root.crt", "root.index", "root.index.attr", "root.key"]);
    let shipped = ["chain.crt", "client.crt", "client.key", "root.crt", "server.crt", "server.key"];
    assert_eq!(names(&home.path().join("pki")), shipped);
}

// Help

#[test]
fn without_a_word_the_help_goes_to_stderr() {
    let help = text(&Run::new(&["--help"]).output().stdout);
    let short = text(&Run::new(&["-h"]).output().stdout);
    assert!(help.starts_with(
        "Makes, judges, renews, rotates and revokes the TLS certificates of PostgreSQL servers and clients\n"
    ));
    assert_eq!(help, short);
    Run::new(&[]).stderr(&help).code(2);
    assert_golden("help.txt", &help);
}

#[test]
fn the_help_of_gen_is_as_recorded() {
    let help = Run::new(&["gen", "--help"]).output();
    assert_eq!(help.status.code(), Some(0));
    assert_golden("help-gen.txt", &text(&help.stdout));
}

/// The long flags that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let flag = |line: &str| {
        let long = &line[line.find("--")?..];
        Some(long.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect())
    };
    lines.filter_map(flag).collect()
}

const VERBS: [&str; 25] = [
    "gen",
    "issue",
    "sign",
    "csr",
    "import",
    "renew",
    "rotate",
    "revoke",
    "crl",
    "export",
    "verify",
    "inspect",
    "can-login",
    "k8s",
    "profiles",
    "config postgresql",
    "config hba",
    "config ident",
    "config libpq",
    "config kong",
    "config pgbouncer",
    "config patroni",
    "config jdbc",
    "config hosts",
    "config docker",
];

/// A verb, and its target where it has several, with these behind it.
fn with<'w>(verb: &'w str, more: &[&'w str]) -> Run {
    Run::new(&verb.split(' ').chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn every_flag_in_the_help_exists() {
    for verb in VERBS {
        let help = text(&with(verb, &["--help"]).output().stdout);
        let flags = listed(&help);
        assert!(flags.contains(&"--help".to_owned()), "{verb}: {flags:?}");
        for flag in flags {
            // Twice: a flag that does not exist is "unexpected"; this is only refused for what it lacks or conflicts.
            let stderr = text(&with(verb, &[&flag, "--no-such-flag"]).output().stderr);
            assert!(!stderr.contains(&format!("unexpected argument '{flag}'")), "{verb}: {stderr}");
        }
    }
}

#[test]
fn every_flag_in_the_source_is_in_the_help_and_the_other_way_round() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/args");
    let files = names(&folder).into_iter().map(|name| fs::read_to_string(folder.join(name)).unwrap());
    let source = files.collect::<String>();
    let mut lines = source.lines().map(str::trim);
    let mut flags = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((_, rest)) = line.split_once("long = \"") {
            flags.push(format!("--{}", rest.split('"').next().unwrap()));
        } else if line.starts_with("#[arg(") && (line.contains("long,") || line.contains("long)")) {
            let field = lines.find_map(|line| line.strip_prefix("pub(")?.split_once(") ")).unwrap().1;
            let name = field.split(':').next().unwrap();
            flags.push(format!("--{}", name.replace('_', "-")));
        } else if let Some((_, named)) = line.split_once("#[arg(long = \"") {
            // A keyword of Rust, which no field can be called.
            flags.push(format!("--{}", named.split('"').next().unwrap()));
        }
    }
    assert!(flags.len() > 20, "{flags:?}");
    let helps = VERBS.map(|verb| text(&with(verb, &["--help"]).output().stdout));
    let shown = listed(&helps.concat());
    for flag in &flags {
        assert!(shown.contains(flag), "{flag} is in no help");
    }
    for flag in shown.iter().filter(|flag| *flag != "--help") {
        assert!(flags.contains(flag), "{flag} is in no source");
    }
}

#[test]
fn every_flag_in_the_examples_of_the_help_exists() {
    for arguments in [&["--help"][..], &["gen", "--help"]] {
        let help = text(&Run::new(arguments).output().stdout);
        let examples = help.lines().filter_map(|line| line.trim().strip_prefix("pgtls gen "));
        let mut count = 0;
        for example in examples {
            let words: Vec<&str> =
                example.split("  ").next().unwrap().split(' ').filter(|word| *word != "mine.toml").collect();
            let profile = if example.starts_with("mine.toml") { &["intermediate"][..] } else { &[] };
            let owner = words.iter().position(|word| *word == "postgres" && !is_root());
            let words: Vec<&str> = words
                .iter()
                .enumerate()
                .map(|(at, word)| if Some(at) == owner { "0:0" } else { *word })
                .collect();
            let home = scratch();
            let output =
                Run::new(&[&["gen"], profile, &words, &["--dry-run", "-q"]].concat()).dir(&home).output();
            let stderr = text(&output.stderr);
            assert!(
                output.status.success() || stderr.contains("cannot be used multiple times"),
                "{example}: {stderr}"
            );
            count += 1;
        }
        assert!(count >= 3, "{help}");
    }
}

#[test]
fn the_version_is_printed() {
    Run::new(&["--version"]).stdout(concat!("pgtls ", env!("CARGO_PKG_VERSION"), "\n")).code(0);
}

// Profiles and inspection

#[test]
fn profiles_lists_the_built_in_ones_and_prints_each() {
    let list = Run::new(&["profiles"]).output();
    assert_golden("profiles.txt", &text(&list.stdout));
    for name in ["intermediate", "root-only", "self-signed"] {
        let source = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles").join(name).with_extension("toml"),
        );
        Run::new(&["profiles", name]).stdout(&source.unwrap()).code(0);
    }
}

#[test]
fn a_printed_profile_can_be_edited_and_used() {
    let home = scratch();
    let profile = text(&Run::new(&["profiles", "intermediate"]).output().stdout);
    fs::write(home.path().join("mine.toml"), profile.replace("CN=kong", "CN=app")).unwrap();
    Run::new(&["gen", "mine.toml", "-q"]).dir(&home).code(0);
    let subject =
        run(&home.path().join("pki"), "openssl", &["x509", "-in", "client.crt", "-noout", "-subject"]);
    assert_eq!(subject.replace(' ', ""), "subject=CN=app\n");
}

#[test]
fn inspecting_what_is_not_there_is_refused() {
    let stderr = "pgtls: error: \"pki\" does not exist\n\
                  pgtls: hint: Make one with \"pgtls gen chain --intermediate\", or give its path.\n";
    refused(&["inspect", "pki"], 4, stderr);
    let stderr = "pgtls: error: no certificate, key, request or revocation list in \".\"\n\
                  pgtls: hint: Give a directory that holds some, or files of any name.\n";
    refused(&["inspect"], 2, stderr);
}

#[test]
fn inspecting_a_damaged_file_warns_and_exits_1() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    fs::write(home.path().join("client.crt"), "-----BEGIN CERTIFICATE-----\nMII\n").unwrap();
    let output = Run::new(&["inspect"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert_eq!(stderr, "pgtls: warning: client.crt: the CERTIFICATE that begins in line 1 does not end\n");
    let tree = masked(&text(&output.stdout), OffsetDateTime::now_utc());
    assert!(tree.starts_with("./: 2 certificates, 3 keys\n"), "{tree}");
}

#[test]
fn a_user_or_a_version_that_cannot_be_is_refused_in_words() {
    for (flag, value) in [
        ("--server-uid", "0"),
        ("--server-uid", "4294967295"),
        ("--libpq-version", "0"),
        ("--libpq-version", "100"),
    ] {
        let output = Run::new(&["verify", flag, value]).output();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flag} {value}: {stderr}");
        assert!(stderr.contains(&format!("invalid value '{value}' for '{flag}")), "{stderr}");
    }
}
