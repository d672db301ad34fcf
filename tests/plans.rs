//! `plan::build`: every decision about a directory, and every refusal, for given profiles, directories and times.
//!
//! The plans of the built-in profiles are pinned in `tests/golden/plan-*.json`; `PGTLS_BLESS=1 cargo test --test plans`
//! writes them anew, and `git diff` then shows what changed.
#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod road;

use pgtls::diagnosis::{Diagnosis, Failure};
use pgtls::keys::{KeySource, KeyType, PrivateKey, StoredKey, SystemKeys};
use pgtls::layout::{self, Arrangement};
use pgtls::pem::{Block, BlockKind};
use pgtls::pki::Secrets;
use pgtls::plan::{self, Existing, IssuerRef, Notice, Plan, PlanError};
use pgtls::profile::{BUILTINS, Ending, Overrides, Profile, Rule};
use pgtls::state::State;
use pgtls::x509::{
    BasicConstraints, ExtendedKeyUsage, GeneralName, KeyUsage, Lifetime, Name, Window, format_instant,
    parse_instant,
};
use road::{NOW, built_in, existing, planned, read, told};
use std::collections::BTreeSet;
use std::{env, fs};
use time::{Duration, OffsetDateTime};

/// Whether there is nothing to write.
fn is_idle(plan: &Plan) -> bool {
    layout::outline(plan, &Arrangement::default()).files.is_empty()
}

/// A root, an intermediate CA and a server; `{root}`, `{ca}` and `{server}` stand for further lines.
fn chain(root: &str, ca: &str, server: &str) -> Profile {
    read(&format!(
        "name = \"t\"\n\
         [[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\n{root}\n\
         [[certificate]]\nname = \"ca\"\nusage = \"intermediate-ca\"\nissuer = \"root\"\nsubject = \"CN=ca\"\n{ca}\n\
         [[certificate]]\nname = \"server\"\nusage = \"server\"\nissuer = \"ca\"\nsubject = \"CN=db\"\n{server}\n"
    ))
}

/// One certificate that signs itself.
fn single(usage: &str, lines: &str) -> Profile {
    read(&format!("name = \"t\"\n[[certificate]]\nname = \"x\"\nusage = \"{usage}\"\n{lines}\n"))
}

fn refused(profile: &Profile) -> PlanError {
    refused_over(profile, &State::default(), Existing::Refuse, NOW)
}

fn refused_over(profile: &Profile, state: &State, existing: Existing, now: OffsetDateTime) -> PlanError {
    match plan::build(profile, state, existing, now) {
        Err(error) => error,
        Ok(plan) => panic!("accepted: {plan:?}"),
    }
}

fn instant(text: &str) -> OffsetDateTime {
    parse_instant(text).unwrap()
}

fn window(plan: &Plan, stem: &str) -> Window {
    plan.certificate(stem).unwrap().window
}

fn stems(plan: &Plan) -> Vec<&str> {
    plan.certificates.iter().map(|spec| spec.stem.as_str()).collect()
}

fn notices(plan: &Plan) -> Vec<String> {
    plan.notices.iter().map(ToString::to_string).collect()
}

/// A rule is broken: its id, and whether it is said as `text`.
fn assert_broken(error: &PlanError, rule: Rule, text: &str) {
    assert!(matches!(error, PlanError::Broken { rule: found, .. } if *found == rule), "{error:?}");
    assert_eq!(told(error), text);
    assert_eq!(error.failure(), Failure::Usage);
}

mod golden {
    use super::*;

    #[test]
    fn the_plan_of_each_built_in_profile_is_the_one_on_file() {
        let bless = env::var_os("PGTLS_BLESS").is_some_and(|value| value == "1");
        for profile in BUILTINS {
            let plan = planned(&built_in(profile.name, &Overrides::default()));
            let found = serde_json::to_string_pretty(&plan).unwrap() + "\n";
            let path = format!("{}/tests/golden/plan-{}.json", env!("CARGO_MANIFEST_DIR"), profile.name);
            if bless {
                fs::write(&path, &found).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(found, expected, "{path}: PGTLS_BLESS=1 cargo test --test plans writes it anew");
        }
    }

    #[test]
    fn equal_inputs_give_an_equal_plan_whatever_the_fraction_of_the_second() {
        for profile in BUILTINS {
            let profile = built_in(profile.name, &Overrides::default());
            let later = NOW + Duration::milliseconds(999);
            let plan = plan::build(&profile, &State::default(), Existing::Refuse, later).unwrap();
            assert_eq!(planned(&profile), plan);
        }
    }
}

mod windows {
    use super::*;

    #[test]
    fn a_certificate_begins_an_hour_back_and_its_lifetime_counts_from_now() {
        let found = window(&planned(&single("server", "lifetime = \"12h\"")), "x");
        assert_eq!(found.not_before, NOW - Duration::HOUR);
        assert_eq!(found.not_after, NOW + Duration::hours(12));
    }

    #[test]
    fn a_lifetime_counts_from_the_beginning_that_is_asked_for() {
        let found = window(&planned(&single("server", "not_before = 2030-01-01\nlifetime = \"2d\"")), "x");
        assert_eq!(found.not_before, instant("2030-01-01"));
        assert_eq!(found.not_after, instant("2030-01-03"));
    }

    #[test]
    fn instants_are_taken_as_they_are_in_the_past_too() {
        let past = "not_before = 1999-12-31T23:59:58Z\nnot_after = 1999-12-31T23:59:59Z";
        let found = window(&planned(&single("server", past)), "x");
        assert_eq!(format_instant(found.not_before), "1999-12-31T23:59:58Z");
        assert_eq!(format_instant(found.not_after), "1999-12-31T23:59:59Z");
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_refused() {
        let hint = "hint: Give a later end, or, in a profile, an earlier not_before.";
        let error = refused(&single("server", "not_before = 2026-02-01\nnot_after = 2026-01-31"));
        assert_eq!(
            told(&error),
            format!(
                "certificate \"x\" would end before it begins\n\
                 detail: It would begin at 2026-02-01T00:00:00Z and end at 2026-01-31T00:00:00Z.\n{hint}"
            )
        );
        assert_eq!(error.failure(), Failure::Usage);
        let error = refused(&single("server", "not_after = 2026-01-01"));
        assert_eq!(
            told(&error),
            format!(
                "certificate \"x\" would end before it begins\n\
                 detail: It would begin at 2026-01-02T02:04:05Z and end at 2026-01-01T00:00:00Z.\n{hint}"
            )
        );
    }

    #[test]
    fn a_life_past_the_year_9999_cannot_be_written() {
        for lifetime in ["7980y", "9000000000000d"] {
            let error = refused(&single("server", &format!("lifetime = \"{lifetime}\"")));
            assert_eq!(
                told(&error),
                "certificate \"x\" would end past the year 9999\nhint: Give a shorter lifetime."
            );
            assert_eq!(error.failure(), Failure::Usage);
        }
        let last = single("server", "not_after = 9999-12-31T23:59:59Z");
        assert_eq!(format_instant(window(&planned(&last), "x").not_after), "9999-12-31T23:59:59Z");
    }
}

mod stretching {
    use super::*;

    #[test]
    fn a_longer_leaf_stretches_every_ca_above_it_and_says_so() {
        let plan = planned(&chain("", "", "lifetime = \"20y\""));
        let end = NOW + Duration::days(7300);
        for stem in ["root", "ca", "server"] {
            assert_eq!(window(&plan, stem).not_after, end, "{stem}");
        }
        assert_eq!(
            notices(&plan),
            [
                "root.crt lives until 2045-12-28, because ca.crt does",
                "ca.crt lives until 2045-12-28, because server.crt does"
            ]
        );
        assert!(plan.notices.iter().all(|notice| !notice.is_warning()));
    }

    #[test]
    fn only_the_ca_that_is_too_short_is_stretched() {
        let plan = planned(&chain("", "", "lifetime = \"6y\""));
        assert_eq!(window(&plan, "root").not_after, NOW + Duration::days(3650));
        assert_eq!(window(&plan, "ca").not_after, NOW + Duration::days(6 * 365));
        assert_eq!(notices(&plan), ["ca.crt lives until 2032-01-01, because server.crt does"]);
    }

    #[test]
    fn of_several_leaves_the_longest_is_the_reason_whatever_the_order() {
        let leaf = |name: &str, years: u8| {
            format!(
                "[[certificate]]\nname = \"{name}\"\nusage = \"server\"\nissuer = \"root\"\nlifetime = \"{years}y\"\n"
            )
        };
        let root = "[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\n";
        for leaves in [[("a", 30), ("b", 40)], [("b", 40), ("a", 30)]] {
            let leaves = leaves.map(|(name, years)| leaf(name, years)).concat();
            let plan = planned(&read(&format!("name = \"t\"\n{root}{leaves}")));
            assert_eq!(notices(&plan), ["root.crt lives until 2065-12-23, because b.crt does"]);
        }
    }

    #[test]
    fn a_ca_whose_end_a_flag_named_is_not_stretched() {
        let years = |years: u32| Lifetime::days(365 * years);
        let ending = Some(Ending::After(years(20)));
        let overrides = Overrides { ending, ca_lifetime: Some(years(15)), ..Overrides::default() };
        let error = refused(&built_in("root-only", &overrides));
        assert_broken(
            &error,
            Rule::LeafOutlivesCa,
            "certificate \"server\" would outlive its CA\n\
             detail: It would end at 2045-12-28T03:04:05Z; \"root\" ends at 2040-12-29T03:04:05Z.\n\
             hint: --lifetime 5475d is the longest that fits.",
        );
        let overrides = Overrides { ending, intermediate_lifetime: Some(years(15)), ..Overrides::default() };
        let error = refused(&built_in("intermediate", &overrides));
        assert!(told(&error).contains("\"server\" would outlive its CA"), "{}", told(&error));
    }

    #[test]
    fn a_ca_whose_end_is_an_instant_is_not_stretched() {
        let error = refused(&chain("not_after = 2026-06-01", "lifetime = \"10d\"", "lifetime = \"200d\""));
        assert_broken(
            &error,
            Rule::LeafOutlivesCa,
            "certificate \"ca\" would outlive its CA\n\
             detail: It would end at 2026-07-21T03:04:05Z; \"root\" ends at 2026-06-01T00:00:00Z.\n\
             hint: --lifetime 149d is the longest that fits.",
        );
    }

    #[test]
    fn a_leaf_that_waives_the_rule_stretches_nothing() {
        let profile = chain("", "", "lifetime = \"20y\"\nwaive = [\"leaf-outlives-ca\"]");
        let plan = planned(&profile);
        assert_eq!(window(&plan, "ca").not_after, NOW + Duration::days(1825));
        assert_eq!(plan.certificate("server").unwrap().waived, [Rule::LeafOutlivesCa]);
        assert!(plan.notices.is_empty());
    }

    /// What the hint of a refused lifetime says fits.
    fn fitting(error: &PlanError) -> String {
        let hint = error.hint().unwrap();
        let rest = hint.strip_prefix("--lifetime ").unwrap_or_else(|| panic!("{hint}"));
        rest.strip_suffix(" is the longest that fits.").unwrap().to_owned()
    }

    #[test]
    fn the_lifetime_that_is_said_to_fit_does_and_no_longer_one() {
        for (end, fits, unit) in [
            (NOW + Duration::days(30), "30d", Duration::DAY),
            (NOW + Duration::days(30) - Duration::SECOND, "29d", Duration::DAY),
            (NOW + Duration::days(1), "1d", Duration::DAY),
            (NOW + Duration::days(1) - Duration::SECOND, "23h", Duration::HOUR),
            (NOW + Duration::HOUR, "1h", Duration::HOUR),
        ] {
            for fraction in [Duration::ZERO, Duration::milliseconds(999)] {
                let now = NOW + fraction;
                let profile = |leaf: &str| {
                    read(&format!(
                        "name = \"t\"\n[[certificate]]\nname = \"r\"\nusage = \"root-ca\"\nnot_after = {}\n\
                         [[certificate]]\nname = \"x\"\nusage = \"server\"\nissuer = \"r\"\nlifetime = \"{leaf}\"\n",
                        format_instant(end)
                    ))
                };
                let error = refused_over(&profile("400d"), &State::default(), Existing::Refuse, now);
                assert_eq!(fitting(&error), fits, "{end} {fraction}");
                let build =
                    |leaf: &str| plan::build(&profile(leaf), &State::default(), Existing::Refuse, now);
                assert!(build(fits).is_ok(), "{end} {fraction}");
                let longer = fits.parse::<Lifetime>().unwrap().duration() + unit;
                assert!(build(&format!("{}s", longer.whole_seconds())).is_err(), "{end} {fraction}");
            }
        }
    }

    #[test]
    fn the_lifetime_that_fits_counts_from_the_beginning_that_is_asked_for() {
        let profile = |leaf: &str| {
            chain(
                "not_after = 2027-01-01",
                "not_after = 2026-12-31",
                &format!("not_before = 2026-12-01\nlifetime = \"{leaf}\""),
            )
        };
        let error = refused(&profile("90d"));
        assert_eq!(fitting(&error), "30d");
        assert_eq!(window(&planned(&profile("30d")), "server").not_after, instant("2026-12-31"));
    }

    #[test]
    fn a_ca_that_is_over_leaves_no_lifetime_that_fits() {
        let profile = chain("not_after = 2026-01-02T03:30:00Z", "not_after = 2026-01-02T03:30:00Z", "");
        assert_eq!(
            told(&refused(&profile)),
            "certificate \"server\" would outlive its CA\n\
             detail: It would end at 2027-01-02T03:04:05Z; \"ca\" ends at 2026-01-02T03:30:00Z.\n\
             hint: Nothing fits any more; use another directory or CA."
        );
    }

    #[test]
    fn a_ca_that_outlives_its_own_ca_by_its_own_lifetime_is_told_of_its_own_flag() {
        let overrides = Overrides { ca_lifetime: Some(Lifetime::days(100)), ..Overrides::default() };
        let error = refused(&built_in("intermediate", &overrides));
        assert!(told(&error).starts_with("certificate \"intermediate\" would outlive its CA\n"));
        assert_eq!(error.hint().unwrap(), "--intermediate-lifetime 100d is the longest that fits.");
    }
}

mod rules {
    //! Each rule: a case that keeps it, one that breaks it, and one that waives it.
    use super::*;

    /// Breaks one rule; the same with a waiver goes through, and the plan shows it.
    fn broken_and_waived(rule: Rule, stem: &str, text: &str, profile: impl Fn(&str) -> Profile) {
        assert_broken(&refused(&profile("")), rule, text);
        let plan = planned(&profile(&format!("waive = [\"{rule}\"]")));
        assert_eq!(plan.certificate(stem).unwrap().waived, [rule]);
        let others: Vec<_> = Rule::ALL.iter().filter(|other| **other != rule).map(|rule| rule.id()).collect();
        assert_broken(&refused(&profile(&format!("waive = {others:?}"))), rule, text);
    }

    #[test]
    fn a_rule_that_is_waived_and_kept_does_not_show() {
        let all: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        let plan = planned(&single("server", &format!("subject = \"CN=x\"\nwaive = {all:?}")));
        assert!(plan.certificates[0].waived.is_empty());
    }

    #[test]
    fn several_broken_rules_are_all_waived_or_the_first_that_is_not_is_told() {
        let name = "é".repeat(65);
        let profile =
            |waived: &str| single("client", &format!("subject = \"CN={name}\"\nwaive = [{waived}]"));
        let both = "\"role-name-too-long\", \"common-name-too-long\"";
        assert_eq!(
            planned(&profile(both)).certificates[0].waived,
            [Rule::CommonNameTooLong, Rule::RoleNameTooLong]
        );
        let error = refused(&profile("\"common-name-too-long\""));
        assert!(matches!(error, PlanError::Broken { rule: Rule::RoleNameTooLong, .. }), "{error:?}");
    }

    #[test]
    fn a_common_name_of_64_characters_is_kept_and_one_of_65_broken() {
        let of = |length| "ü".repeat(length);
        planned(&single("server", &format!("subject = \"CN={}\"", of(64))));
        let name = of(65);
        let text = |usage: &str, hint: &str| {
            let text = format!(
                "the common name of \"x\" is over 64 characters\ndetail: \"{name}\" has 65.\nhint: {hint}"
            );
            broken_and_waived(Rule::CommonNameTooLong, "x", &text, |waive| {
                single(usage, &format!("subject = \"CN={name}\"\n{waive}"))
            });
        };
        text("server", "Put a shorter name first: the first alone is the common name, every one is a SAN.");
        text("root-ca", "Give a shorter --domain.");
        text("node", "Put a shorter name first: the first alone is the common name, every one is a SAN.");
    }

    #[test]
    fn every_common_name_of_a_subject_is_measured() {
        let name = "x".repeat(65);
        let error = refused(&single("server", &format!("subject = \"CN=short,CN={name}\"")));
        assert!(matches!(error, PlanError::Broken { rule: Rule::CommonNameTooLong, .. }), "{error:?}");
    }

    #[test]
    fn a_role_name_of_63_bytes_is_kept_and_one_of_64_broken() {
        let of = |length: usize| format!("é{}", "x".repeat(length - 2));
        planned(&single("client", &format!("subject = \"CN={}\"", of(63))));
        planned(&single("server", &format!("subject = \"CN={}\"", of(64))));
        let name = of(64);
        let text = format!(
            "the common name of \"x\" is over 63 bytes\n\
             detail: \"{name}\" has 64; no PostgreSQL role has such a name.\n\
             hint: Use the name of the role that it logs in as."
        );
        broken_and_waived(Rule::RoleNameTooLong, "x", &text, |waive| {
            single("client", &format!("subject = \"CN={name}\"\n{waive}"))
        });
    }

    #[test]
    fn a_wildcard_that_is_the_whole_first_label_is_kept_and_any_other_broken() {
        for good in ["*.example.com", "*.test", "db.example.com"] {
            planned(&single("server", &format!("subject = \"CN=x\"\nsan = [\"{good}\"]")));
        }
        for bad in ["*", "d*.example.com", "*b.example.com", "db.*.com", "*.*.example.com"] {
            let text = format!(
                "\"{bad}\" in certificate \"x\" has a wildcard where none works\n\
                 detail: PostgreSQL's clients take * only as the whole first label, for exactly one label.\n\
                 hint: Write it like *.example.com."
            );
            for usage in ["server", "node"] {
                broken_and_waived(Rule::WildcardPlace, "x", &text, |waive| {
                    single(usage, &format!("san = [\"a.test\", \"{bad}\"]\n{waive}"))
                });
                broken_and_waived(Rule::WildcardPlace, "x", &text, |waive| {
                    single(usage, &format!("subject = \"CN={bad}\"\n{waive}"))
                });
            }
            planned(&single("client", &format!("subject = \"CN={bad}\"")));
        }
    }

    #[test]
    fn an_ed25519_signature_on_a_client_is_kept_and_on_a_server_broken() {
        planned(&single("client", "key_type = \"ed25519\""));
        planned(&chain("", "", "key_type = \"ed25519\""));
        let detail = "detail: SCRAM cannot bind to it: every libpq login with a password fails.";
        for usage in ["server", "node"] {
            let text = format!(
                "certificate \"x\" would bear an Ed25519 signature\n{detail}\n\
                 hint: Use --key-type ecdsa-p256."
            );
            broken_and_waived(Rule::EddsaSignsServer, "x", &text, |waive| {
                single(usage, &format!("key_type = \"ed25519\"\n{waive}"))
            });
        }
        let text = format!(
            "certificate \"server\" would bear an Ed25519 signature\n{detail}\n\
             hint: Leave the CA at ecdsa-p256 (--ca-key-type); an Ed25519 leaf under it works."
        );
        broken_and_waived(Rule::EddsaSignsServer, "server", &text, |waive| {
            chain("", "key_type = \"ed25519\"", waive)
        });
    }

    #[test]
    fn an_issuer_that_is_a_ca_is_kept_and_one_that_is_none_broken() {
        planned(&chain("", "", ""));
        broken_and_waived(
            Rule::IssuerIsNoCa,
            "y",
            "\"x\" issues \"y\", but is no CA\nhint: Give the issuer the usage root-ca or intermediate-ca.",
            |waive| {
                single(
                    "server",
                    &format!("[[certificate]]\nname = \"y\"\nusage = \"client\"\nissuer = \"x\"\n{waive}"),
                )
            },
        );
    }

    #[test]
    fn a_path_length_that_leaves_room_is_kept_and_one_that_is_spent_broken() {
        let two = |root: &str, upper: &str, lower: &str| {
            read(&format!(
                "name = \"t\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\n{root}\n\
                 [[certificate]]\nname = \"upper\"\nusage = \"intermediate-ca\"\nissuer = \"root\"\n{upper}\n\
                 [[certificate]]\nname = \"lower\"\nusage = \"intermediate-ca\"\nissuer = \"upper\"\n{lower}\n\
                 [[certificate]]\nname = \"x\"\nusage = \"server\"\nissuer = \"lower\"\n"
            ))
        };
        planned(&two("path_length = 2", "path_length = 1", ""));
        planned(&two("", "path_length = \"none\"", ""));
        let text = "the path length of \"upper\" leaves no room for the CA \"lower\"\n\
                    detail: It is 0; 1 would be needed.\n\
                    hint: Set path_length = 1 on \"upper\", or issue \"lower\" higher up.";
        broken_and_waived(Rule::PathLengthSpent, "lower", text, |waive| two("", "", waive));
        let text = "the path length of \"root\" leaves no room for the CA \"lower\"\n\
                    detail: It is 1; 2 would be needed.\n\
                    hint: Set path_length = 2 on \"root\", or issue \"lower\" higher up.";
        broken_and_waived(Rule::PathLengthSpent, "lower", text, |waive| {
            two("path_length = 1", "path_length = 5", waive)
        });
    }

    #[test]
    fn a_leaf_that_ends_with_its_ca_is_kept_and_one_a_second_later_broken() {
        let ends = |end: &str, waive: &str| {
            chain("not_after = 2030-01-01", "not_after = 2030-01-01", &format!("not_after = {end}\n{waive}"))
        };
        planned(&ends("2030-01-01", ""));
        let text = "certificate \"server\" would outlive its CA\n\
                    detail: It would end at 2030-01-01T00:00:01Z; \"ca\" ends at 2030-01-01T00:00:00Z.\n\
                    hint: --lifetime 1459d is the longest that fits.";
        broken_and_waived(Rule::LeafOutlivesCa, "server", text, |waive| ends("2030-01-01T00:00:01Z", waive));
    }
}

mod decisions {
    //! What a usage becomes, and in which order.
    use super::*;

    #[test]
    fn a_usage_decides_the_extensions() {
        use KeyUsage::{CrlSign, DigitalSignature, KeyCertSign, KeyEncipherment};
        let (server, client) = (ExtendedKeyUsage::server_auth(), ExtendedKeyUsage::client_auth());
        for (usage, key_type, key_usage, purposes) in [
            ("server", "ecdsa-p256", vec![DigitalSignature], vec![server.clone()]),
            ("server", "rsa-2048", vec![DigitalSignature, KeyEncipherment], vec![server.clone()]),
            ("client", "rsa-2048", vec![DigitalSignature], vec![client.clone()]),
            ("node", "ed25519", vec![DigitalSignature], vec![server.clone(), client.clone()]),
            ("node", "rsa-3072", vec![DigitalSignature, KeyEncipherment], vec![server, client]),
            ("root-ca", "rsa-4096", vec![KeyCertSign, CrlSign], vec![]),
            ("bare", "rsa-2048", vec![], vec![]),
        ] {
            let waive = "waive = [\"eddsa-signs-server\"]";
            let plan = planned(&single(usage, &format!("key_type = \"{key_type}\"\n{waive}")));
            let extensions = &plan.certificates[0].extensions;
            assert_eq!(extensions.key_usage, key_usage, "{usage} {key_type}");
            assert_eq!(extensions.extended_key_usage, purposes, "{usage} {key_type}");
            assert_eq!(extensions.basic_constraints.is_ca(), usage == "root-ca", "{usage}");
        }
    }

    #[test]
    fn further_purposes_follow_those_of_the_usage_each_once() {
        let plan = planned(&single("node", "extended_key_usages = [\"clientAuth\", \"codeSigning\"]"));
        let shown: Vec<_> =
            plan.certificates[0].extensions.extended_key_usage.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["serverAuth", "clientAuth", "codeSigning"]);
    }

    #[test]
    fn an_intermediate_ca_signs_no_further_ca_unless_told_otherwise() {
        for (root, ca, expected) in [
            ("", "", [None, Some(0)]),
            ("path_length = 4", "path_length = 2", [Some(4), Some(2)]),
            ("", "path_length = \"none\"", [None, None]),
        ] {
            let plan = planned(&chain(root, ca, ""));
            for (stem, path_length) in ["root", "ca"].into_iter().zip(expected) {
                let found = plan.certificate(stem).unwrap().extensions.basic_constraints;
                assert_eq!(found, BasicConstraints::Ca { path_length });
            }
        }
    }

    #[test]
    fn every_order_of_the_text_gives_an_order_with_issuers_first() {
        let certificate = |name: &str, usage: &str, issuer: &str| {
            let issuer = if issuer.is_empty() { String::new() } else { format!("issuer = \"{issuer}\"\n") };
            format!("[[certificate]]\nname = \"{name}\"\nusage = \"{usage}\"\n{issuer}")
        };
        let texts = [
            certificate("root", "root-ca", ""),
            certificate("ca", "intermediate-ca", "root"),
            certificate("server", "server", "ca"),
            certificate("client", "client", "ca"),
        ];
        for order in permutations(&[0, 1, 2, 3]) {
            let text: String = order.iter().map(|at| texts[*at].as_str()).collect();
            let plan = planned(&read(&format!("name = \"t\"\n{text}")));
            let mut expected = vec!["root", "ca"];
            expected.extend(order.iter().filter_map(|at| [None, None, Some("server"), Some("client")][*at]));
            assert_eq!(stems(&plan), expected, "{order:?}");
            assert_eq!(plan.certificate("root").unwrap().issuer, IssuerRef::Itself);
        }
    }

    fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for item in items {
            let rest: Vec<usize> = items.iter().copied().filter(|other| other != item).collect();
            all.extend(permutations(&rest).into_iter().map(|tail| [vec![*item], tail].concat()));
        }
        all
    }

    #[test]
    fn certificates_that_have_no_issuer_stay_in_the_order_of_the_text() {
        let text = ["c", "a", "b"]
            .map(|name| format!("[[certificate]]\nname = \"{name}\"\nusage = \"node\"\n"))
            .concat();
        assert_eq!(stems(&planned(&read(&format!("name = \"t\"\n{text}")))), ["c", "a", "b"]);
    }
}

mod notice {
    use super::*;

    #[test]
    fn a_life_of_over_a_hundred_years_is_warned_of() {
        let long = planned(&single("server", "lifetime = \"36526d\""));
        assert_eq!(notices(&long), ["x.crt lives for over 100 years, until 2126-01-04"]);
        assert!(long.notices[0].is_warning());
        assert!(planned(&single("server", "lifetime = \"36525d\"")).notices.is_empty());
        let profile = single("server", "lifetime = \"36526d\"");
        let idle = plan::build(&profile, &existing(&profile), Existing::Keep, NOW).unwrap();
        assert!(idle.notices.is_empty(), "what is there was warned of when it was made");
    }

    #[test]
    fn a_p384_key_of_a_client_is_warned_of() {
        let plan = planned(&single("client", "key_type = \"ecdsa-p384\""));
        assert_eq!(
            notices(&plan),
            [
                "x.key is P-384: over TLS 1.2 (Kong's default) the server refuses it unless ssl_ecdh_curve is secp384r1"
            ]
        );
        assert!(plan.notices[0].is_warning());
        assert!(planned(&single("server", "key_type = \"ecdsa-p384\"")).notices.is_empty());
    }

    #[test]
    fn the_names_of_the_guide_are_said_to_be_an_example() {
        let plan = planned(&built_in("intermediate", &Overrides::default()));
        assert_eq!(notices(&plan), ["\"yourdomain.com\" is the guide's example"]);
        assert!(!plan.notices[0].is_warning());
        let server = vec!["db.example.com".parse().unwrap()];
        let plan = planned(&built_in("intermediate", &Overrides { server, ..Overrides::default() }));
        assert!(plan.notices.is_empty());
        assert!(planned(&single("server", "subject = \"CN=db.notyourdomain.com\"")).notices.is_empty());
        assert_eq!(planned(&single("node", "subject = \"CN=yourdomain.com\"")).notices.len(), 1);
    }

    #[test]
    fn each_notice_has_a_form_for_programs() {
        let mut profile = chain("", "", "lifetime = \"101y\"");
        profile.certificates[2].subject = Name::parse("CN=x.yourdomain.com").unwrap();
        let mut plan = planned(&profile);
        plan.notices.push(Notice::P384Client { certificate: "client".to_owned() });
        assert_eq!(
            serde_json::to_value(&plan.notices).unwrap(),
            serde_json::json!([
                {"notice": "stretched", "certificate": "root", "because_of": "ca", "not_after": "2126-12-09T03:04:05Z"},
                {"notice": "stretched", "certificate": "ca", "because_of": "server", "not_after": "2126-12-09T03:04:05Z"},
                {"notice": "over_hundred_years", "certificate": "root", "not_after": "2126-12-09T03:04:05Z"},
                {"notice": "over_hundred_years", "certificate": "ca", "not_after": "2126-12-09T03:04:05Z"},
                {"notice": "over_hundred_years", "certificate": "server", "not_after": "2126-12-09T03:04:05Z"},
                {"notice": "example_names", "domain": "yourdomain.com"},
                {"notice": "p384_client", "certificate": "client"},
            ])
        );
    }
}

mod over_existing {
    //! A directory that holds something already, under each policy.
    use super::*;

    fn intermediate() -> Profile {
        built_in("intermediate", &Overrides::default())
    }

    /// `state` without the files of that name.
    fn without(state: &State, names: &[&str]) -> State {
        let mut state = state.clone();
        for name in names {
            assert!(state.occupied.remove(*name), "{name} is not there");
            state.certificates.remove(*name);
            state.keys.remove(*name);
        }
        state
    }

    fn build(profile: &Profile, state: &State, existing: Existing) -> Plan {
        plan::build(profile, state, existing, NOW).unwrap_or_else(|error| panic!("{}", told(&error)))
    }

    fn kept(plan: &Plan) -> Vec<&str> {
        let kept = plan.certificates.iter().filter(|spec| spec.kept.is_some());
        kept.map(|spec| spec.stem.as_str()).collect()
    }

    fn files(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    const EXISTS_HINT: &str = "hint: Use another directory (-D), --if-missing to make what is absent, or --force to \
        replace servers and clients.";
    const HALF_HINT: &str =
        "hint: Put the other file back, or move this one away; --force replaces servers and clients.";
    const DIFFERS_HINT: &str = "hint: Ask for what is there, or use another directory with -D; --force replaces servers \
        and clients.";

    mod refuse {
        use super::*;

        #[test]
        fn any_file_in_the_way_is_refused_with_their_number() {
            let mut state = State { path: "pki".to_owned(), ..State::default() };
            for (file, detail) in [
                ("chain.crt", "It would be overwritten; nothing was changed."),
                ("client.key", "It and 1 more would be overwritten; nothing was changed."),
                ("root.crt", "It and 2 more would be overwritten; nothing was changed."),
            ] {
                state.occupied.insert(file.to_owned());
                let error = refused_over(&intermediate(), &state, Existing::Refuse, NOW);
                assert_eq!(
                    told(&error),
                    format!("\"pki/{file}\" exists already\ndetail: {detail}\n{EXISTS_HINT}")
                );
                assert_eq!(error.failure(), Failure::Forbidden);
            }
        }

        #[test]
        fn files_of_another_name_are_in_nobodys_way() {
            let occupied = files(&["README", "server.csr", "root.crt.old", "server"]);
            let state = State { path: "pki".to_owned(), occupied, ..State::default() };
            let plan = build(&intermediate(), &state, Existing::Refuse);
            assert_eq!(plan, planned(&intermediate()));
        }

        #[test]
        fn a_path_is_shown_as_the_user_gave_it() {
            for (path, shown) in
                [(".", "root.key"), ("", "root.key"), ("a/", "a/root.key"), ("/x", "/x/root.key")]
            {
                let state =
                    State { path: path.to_owned(), occupied: files(&["root.key"]), ..State::default() };
                let error = refused_over(&intermediate(), &state, Existing::Refuse, NOW);
                assert_eq!(error.to_string(), format!("\"{shown}\" exists already"));
            }
        }

        #[test]
        fn cas_in_a_directory_of_their_own_are_kept_and_sign() {
            let arrangement = Arrangement { separate_ca: true, ..Arrangement::default() };
            let made = road::make(&intermediate(), &arrangement, &Secrets::default(), &SystemKeys);
            let mut state = road::restored(&made, &arrangement);
            state.occupied.clear();
            state.certificates.retain(|name, _| ["root.crt", "intermediate.crt"].contains(&name.as_str()));
            state.keys.retain(|name, _| ["root.key", "intermediate.key"].contains(&name.as_str()));
            let plan = build(&intermediate(), &state, Existing::Refuse);
            assert_eq!(kept(&plan), ["root", "intermediate"]);
            assert!(plan.kept_files.is_empty(), "the new directory gets copies of the CA certificates");

            state.keys.remove("intermediate.key");
            let unusable = refused_over(&intermediate(), &state, Existing::Refuse, NOW);
            assert!(
                told(&unusable).contains("its key \"ca/intermediate.key\" cannot be used"),
                "its file is there"
            );
            state.ca_occupied.as_mut().unwrap().remove("intermediate.key");
            let error = refused_over(&intermediate(), &state, Existing::Refuse, NOW);
            assert_eq!(
                told(&error),
                "the key of the CA \"ca/intermediate.crt\" is not there\n\
                 detail: \"ca/intermediate.key\" was looked for.\n\
                 hint: Put it back, or name the directory that holds it with --ca-dir."
            );
            assert_eq!(error.failure(), Failure::System);
        }

        #[test]
        fn half_a_ca_in_a_directory_of_its_own_is_named_there() {
            let ca_occupied = Some(files(&["root.key"]));
            let state =
                State { path: "pki".to_owned(), ca_path: "ca".to_owned(), ca_occupied, ..State::default() };
            let error = refused_over(&intermediate(), &state, Existing::Refuse, NOW);
            assert_eq!(told(&error), format!("\"ca/root.key\" exists without \"ca/root.crt\"\n{HALF_HINT}"));
        }
    }

    mod keep {
        use super::*;

        #[test]
        fn the_same_again_is_idle_and_shows_what_is_there() {
            for profile in BUILTINS {
                let profile = built_in(profile.name, &Overrides::default());
                let state = existing(&profile);
                let plan = build(&profile, &state, Existing::Keep);
                assert!(is_idle(&plan));
                assert_eq!(plan.certificates.len(), kept(&plan).len());
                assert_eq!(plan.kept_files, state.occupied);
                assert!(plan.notices.is_empty(), "{:?}", plan.notices);
                for spec in &plan.certificates {
                    assert_eq!(spec.kept.as_ref(), state.certificate(&spec.stem));
                    assert_eq!(spec.window, state.certificate(&spec.stem).unwrap().window);
                }
            }
        }

        #[test]
        fn the_same_again_is_idle_where_a_long_leaf_stretched_its_cas() {
            let ending = Some(Ending::After(Lifetime::days(20 * 365)));
            let profile = built_in("intermediate", &Overrides { ending, ..Overrides::default() });
            let state = existing(&profile);
            assert!(is_idle(&build(&profile, &state, Existing::Keep)));
            let absent = without(&state, &["server.crt", "server.key"]);
            assert_eq!(kept(&build(&profile, &absent, Existing::Keep)), ["root", "intermediate", "client"]);
        }

        #[test]
        fn a_bundle_of_any_name_is_kept_where_it_holds_what_it_should() {
            let text = "name = \"t\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=r\"\n\
                        [[bundle]]\nfile = \"ca.pem\"\ncertificates = [\"root\"]\n";
            let profile = read(text);
            assert!(is_idle(&build(&profile, &existing(&profile), Existing::Keep)));
        }

        #[test]
        fn the_same_weeks_later_is_still_idle() {
            let state = existing(&intermediate());
            let plan =
                plan::build(&intermediate(), &state, Existing::Keep, NOW + Duration::weeks(30)).unwrap();
            assert!(is_idle(&plan));
        }

        #[test]
        fn what_is_absent_is_made_under_what_is_there() {
            let state = existing(&intermediate());
            let absent = without(&state, &["client.crt", "client.key", "chain.crt"]);
            let plan = build(&intermediate(), &absent, Existing::Keep);
            assert!(!is_idle(&plan));
            assert_eq!(kept(&plan), ["root", "intermediate", "server"]);
            assert_eq!(plan.kept_files, absent.occupied);
            let absent = without(&state, &["chain.crt"]);
            let plan = build(&intermediate(), &absent, Existing::Keep);
            assert!(!is_idle(&plan), "a bundle is to be made");
            assert_eq!(kept(&plan).len(), 4);
        }

        #[test]
        fn the_keys_of_cas_that_sign_nothing_may_be_away() {
            let state = without(&existing(&intermediate()), &["root.key", "intermediate.key"]);
            assert!(is_idle(&build(&intermediate(), &state, Existing::Keep)));
            let state = without(&state, &["server.key", "server.crt"]);
            let error = refused_over(&intermediate(), &state, Existing::Keep, NOW);
            assert!(matches!(error, PlanError::CaKeyMissing { .. }), "{error:?}");
            assert_eq!(error.to_string(), "the key of the CA \"pki/intermediate.crt\" is not there");
        }

        #[test]
        fn half_a_pair_is_refused() {
            let state = existing(&intermediate());
            for (gone, present) in
                [("server.crt", "server.key"), ("server.key", "server.crt"), ("root.crt", "root.key")]
            {
                let error = refused_over(&intermediate(), &without(&state, &[gone]), Existing::Keep, NOW);
                assert_eq!(
                    told(&error),
                    format!("\"pki/{present}\" exists without \"pki/{gone}\"\n{HALF_HINT}")
                );
                assert_eq!(error.failure(), Failure::Forbidden);
            }
            let orphans = without(&state, &["root.crt", "root.key"]);
            let error = refused_over(&intermediate(), &orphans, Existing::Keep, NOW);
            assert_eq!(error.to_string(), "\"pki/intermediate.crt\" exists without \"pki/root.crt\"");
        }

        fn differs(profile: &Profile, state: &State, now: OffsetDateTime, text: &str) {
            let error = refused_over(profile, state, Existing::Keep, now);
            assert_eq!(told(&error), format!("{text}\n{DIFFERS_HINT}"));
            assert_eq!(error.failure(), Failure::Forbidden);
        }

        #[test]
        fn each_field_that_differs_is_named_with_what_is_and_what_was_asked_for() {
            let before =
                || chain("", "", "san = [\"a.test\", \"10.0.0.1\"]\nappend = [\"ca\"]\nlifetime = \"100d\"");
            let state = existing(&before());
            assert!(is_idle(&build(&before(), &state, Existing::Keep)));
            let same = "san = [\"a.test\", \"10.0.0.1\"]\nappend = [\"ca\"]\n";
            let mut profile = before();
            profile.certificates[2].subject = Name::parse("O=x,CN=db").unwrap();
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its subject\ndetail: It is CN=db; asked for is O=x,CN=db.",
            );
            profile = before();
            profile.certificates[2].san = vec![GeneralName::Dns("a.test".to_owned())];
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its subject alternative names\n\
                 detail: It is DNS:a.test IP:10.0.0.1; asked for is DNS:a.test.",
            );
            profile.certificates[2].san = Vec::new();
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its subject alternative names\n\
                 detail: It is DNS:a.test IP:10.0.0.1; asked for is empty.",
            );
            profile = before();
            profile.certificates[2].usage = pgtls::x509::Usage::Node;
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its usage\ndetail: It is server; asked for is node.",
            );
            profile = before();
            profile.certificates[2].issuer = Some("root".to_owned());
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its issuer\n\
                 detail: It is CN=ca; asked for is CN=root in root.crt.",
            );
            profile.certificates[2].issuer = None;
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its issuer\ndetail: It is CN=ca; asked for is CN=db.",
            );
            profile = before();
            profile.certificates[0].key_type = KeyType::Rsa2048;
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/root.crt\" exists and differs in its key type\n\
                 detail: It is ECDSA P-256; asked for is RSA 2048.",
            );
            differs(
                &chain("", "", &format!("{same}lifetime = \"99d\"")),
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its lifetime\n\
                 detail: It is 100d; asked for is 99d.",
            );
            differs(
                &chain("", "", &format!("{same}not_after = 2026-03-01")),
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its end\n\
                 detail: It is 2026-04-12T03:04:05Z; asked for is 2026-03-01T00:00:00Z.",
            );
            differs(
                &before(),
                &state,
                NOW + Duration::days(100) + Duration::SECOND,
                "\"pki/server.crt\" exists and differs in its window\n\
                 detail: It is 2026-01-02T02:04:05Z to 2026-04-12T03:04:05Z; asked for is one that holds \
                 2026-04-12T03:04:06Z.",
            );
            profile = before();
            profile.certificates[2].append = vec!["ca".to_owned(), "root".to_owned()];
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its appended certificates\n\
                 detail: It is CN=ca; asked for is ca, root.",
            );
            profile.certificates[2].append = Vec::new();
            differs(
                &profile,
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its appended certificates\n\
                 detail: It is CN=ca; asked for is none.",
            );
        }

        #[test]
        fn lifetimes_are_equal_up_to_the_hour_by_which_we_begin_earlier() {
            let of =
                |lifetime: &str| single("server", &format!("subject = \"CN=x\"\nlifetime = \"{lifetime}\""));
            let state = existing(&of("100h"));
            for lifetime in ["99h", "100h", "101h"] {
                assert!(is_idle(&build(&of(lifetime), &state, Existing::Keep)), "{lifetime}");
            }
            for lifetime in ["356399s", "363601s"] {
                let error = refused_over(&of(lifetime), &state, Existing::Keep, NOW);
                assert!(matches!(error, PlanError::Differs { field: "lifetime", .. }), "{lifetime}");
            }
        }

        #[test]
        fn a_ca_that_is_shorter_than_asked_for_or_longer_than_a_flag_says_differs() {
            let state = existing(&intermediate());
            let days = |days| Some(Lifetime::days(days));
            for overrides in [
                Overrides { ca_lifetime: days(3000), ..Overrides::default() },
                Overrides { ca_lifetime: days(4000), ..Overrides::default() },
            ] {
                let profile = built_in("intermediate", &overrides);
                let error = refused_over(&profile, &state, Existing::Keep, NOW);
                assert!(matches!(error, PlanError::Differs { field: "lifetime", .. }), "{error:?}");
            }
            let longer = chain("lifetime = \"20y\"", "", "");
            let error = refused_over(&longer, &existing(&chain("", "", "")), Existing::Keep, NOW);
            assert!(matches!(error, PlanError::Differs { field: "lifetime", .. }), "{error:?}");
        }

        #[test]
        fn another_key_beside_a_certificate_differs_and_a_closed_one_is_trusted() {
            let mut state = existing(&intermediate());
            let other = SystemKeys.generate(KeyType::EcdsaP256).unwrap();
            state.keys.insert("server.key".to_owned(), StoredKey::Plain(other));
            differs(
                &intermediate(),
                &state,
                NOW,
                "\"pki/server.crt\" exists and differs in its key\n\
                 detail: It is the key of another certificate; asked for is its own.",
            );
            let block = Block { kind: BlockKind::EncryptedPkcs8, der: vec![1].into() };
            state.keys.insert("server.key".to_owned(), StoredKey::Encrypted(block));
            assert!(is_idle(&build(&intermediate(), &state, Existing::Keep)));
        }

        #[test]
        fn a_bundle_that_holds_something_else_differs() {
            let mut state = existing(&intermediate());
            state.certificates.get_mut("chain.crt").unwrap().swap(0, 1);
            differs(
                &intermediate(),
                &state,
                NOW,
                "\"pki/chain.crt\" exists and differs in its certificates\n\
                 detail: It is CN=root.yourdomain.com, CN=intermediate.yourdomain.com; asked for is \
                 intermediate.crt, root.crt.",
            );
            state.certificates.remove("chain.crt");
            differs(
                &intermediate(),
                &state,
                NOW,
                "\"pki/chain.crt\" exists and differs in its certificates\n\
                 detail: It is none; asked for is intermediate.crt, root.crt.",
            );
        }

        #[test]
        fn a_leaf_that_outlives_a_kept_ca_is_forbidden_by_what_exists() {
            let profile = chain("not_after = 2026-06-01", "not_after = 2026-05-01", "lifetime = \"10d\"");
            let state = without(&existing(&profile), &["server.crt", "server.key"]);
            let long = chain("not_after = 2026-06-01", "not_after = 2026-05-01", "lifetime = \"1y\"");
            let error = refused_over(&long, &state, Existing::Keep, NOW);
            assert_eq!(
                told(&error),
                "certificate \"server\" would outlive its CA\n\
                 detail: It would end at 2027-01-02T03:04:05Z; \"ca\" ends at 2026-05-01T00:00:00Z.\n\
                 hint: --lifetime 118d is the longest that fits."
            );
            assert_eq!(error.failure(), Failure::Forbidden);
        }
    }

    mod replace {
        use super::*;

        #[test]
        fn end_entities_are_made_anew_and_cas_are_kept() {
            let state = existing(&intermediate());
            let plan = build(&intermediate(), &state, Existing::Replace);
            assert_eq!(kept(&plan), ["root", "intermediate"]);
            let ca_files = files(&["root.crt", "root.key", "intermediate.crt", "intermediate.key"]);
            assert_eq!(plan.kept_files, ca_files);
            assert!(!is_idle(&plan));
        }

        #[test]
        fn a_half_pair_of_an_end_entity_is_made_whole_and_that_of_a_ca_refused() {
            let state = existing(&intermediate());
            build(&intermediate(), &without(&state, &["server.crt"]), Existing::Replace);
            let error =
                refused_over(&intermediate(), &without(&state, &["root.crt"]), Existing::Replace, NOW);
            assert!(matches!(error, PlanError::HalfPair { .. }), "{error:?}");
        }

        #[test]
        fn a_ca_that_differs_is_used_as_it_is() {
            let state = existing(&intermediate());
            let domain = Some("other.test".to_owned());
            let other = built_in("intermediate", &Overrides { domain, ..Overrides::default() });
            let plan = build(&other, &state, Existing::Replace);
            let root = plan.certificate("root").unwrap();
            assert_eq!(root.subject.to_string(), "CN=root.yourdomain.com", "shown as it is");
            assert_eq!(plan.certificate("server").unwrap().subject.to_string(), "CN=dbhost.other.test");
        }

        /// `state` with its intermediate CA changed by hand.
        fn with_ca(state: &State, change: impl Fn(&mut pgtls::x509::Certificate)) -> State {
            let mut state = state.clone();
            change(&mut state.certificates.get_mut("intermediate.crt").unwrap()[0]);
            state
        }

        #[test]
        fn a_ca_that_cannot_sign_now_is_refused_with_the_reason() {
            let state = existing(&intermediate());
            let no_ca = "it is no CA (basicConstraints)";
            let outside = "it is valid from 2026-01-02T02:04:05Z to 2031-01-01T03:04:05Z";
            let foreign = SystemKeys.generate(KeyType::EcdsaP256).unwrap();
            let mut other_key = state.clone();
            other_key.keys.insert("intermediate.key".to_owned(), StoredKey::Plain(foreign));
            let other =
                "Name another CA (--ca-dir; of issue and sign also --ca), or another directory with -D.";
            let renew = "Renew it first: pgtls renew intermediate";
            let clock = "Set the clock of this machine, or wait until the CA begins.";
            for (state, now, reason, hint) in [
                (with_ca(&state, |ca| ca.ca = None), NOW, no_ca, other),
                (with_ca(&state, |ca| ca.ca = Some(false)), NOW, no_ca, other),
                (
                    with_ca(&state, |ca| ca.key_usage = Some(vec![KeyUsage::CrlSign])),
                    NOW,
                    "its key usage is without keyCertSign",
                    other,
                ),
                (state.clone(), NOW + Duration::days(1825) + Duration::SECOND, outside, renew),
                (state.clone(), NOW - Duration::HOUR - Duration::SECOND, outside, clock),
                (other_key, NOW, "its key is the key of another certificate", other),
            ] {
                // What it issues waives the window of its CA, so that the CA itself is looked at.
                let mut profile = intermediate();
                profile.certificates.iter_mut().for_each(|entry| entry.waive = vec![Rule::LeafOutlivesCa]);
                let error = refused_over(&profile, &state, Existing::Replace, now);
                assert_eq!(
                    told(&error),
                    format!("the existing CA \"pki/intermediate.crt\" cannot sign: {reason}\nhint: {hint}")
                );
                assert_eq!(error.failure(), Failure::Forbidden);
            }
            let no_key_usage = with_ca(&state, |ca| ca.key_usage = None);
            build(&intermediate(), &no_key_usage, Existing::Replace);
        }

        #[test]
        fn the_path_length_of_a_kept_ca_counts_as_it_is() {
            let two = |upper: &str| {
                read(&format!(
                    "name = \"t\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\n{upper}\n\
                     [[certificate]]\nname = \"ca\"\nusage = \"intermediate-ca\"\nissuer = \"root\"\n"
                ))
            };
            let alone = single("root-ca", "path_length = 0");
            let mut state = existing(&alone);
            state.occupied = files(&["root.crt", "root.key"]);
            let list = state.certificates.remove("x.crt").unwrap();
            state.certificates.insert("root.crt".to_owned(), list);
            let key = state.keys.remove("x.key").unwrap();
            state.keys.insert("root.key".to_owned(), key);
            let error = refused_over(&two("path_length = 5"), &state, Existing::Replace, NOW);
            assert!(matches!(error, PlanError::Broken { rule: Rule::PathLengthSpent, .. }), "{error:?}");
            assert!(error.detail().unwrap().contains("It is 0;"), "{:?}", error.detail());
            assert_eq!(error.failure(), Failure::Forbidden);
        }

        #[test]
        fn an_ed25519_ca_that_exists_is_what_forbids_a_server_under_it() {
            let overrides = Overrides { ca_key_type: Some(KeyType::Ed25519), ..Overrides::default() };
            let mut profile = built_in("intermediate", &overrides);
            profile.certificates[2].waive = vec![Rule::EddsaSignsServer];
            let state = existing(&profile);
            let error = refused_over(&intermediate(), &state, Existing::Replace, NOW);
            assert!(matches!(error, PlanError::Broken { rule: Rule::EddsaSignsServer, .. }), "{error:?}");
            assert_eq!(error.failure(), Failure::Forbidden);
        }
    }

    #[test]
    fn a_key_is_never_part_of_a_plan() {
        let state = existing(&intermediate());
        let plan = build(&intermediate(), &state, Existing::Keep);
        let Some(StoredKey::Plain(key)) = state.key("root") else { panic!("a plain key") };
        let (shown, json) = (format!("{plan:?}"), serde_json::to_string(&plan).unwrap());
        let secret = PrivateKey::pkcs8_der(key)[36..68].to_vec();
        assert!(!shown.contains(format!("{secret:?}").trim_matches(['[', ']'])));
        assert!(json.contains("\"kept\":true") && !json.contains("PRIVATE"));
    }
}
