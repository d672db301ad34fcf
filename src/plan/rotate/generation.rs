//! The name of the CA that comes after another: the same with the next generation in its common name, so that no two CAs
//! of a directory share a name.

use crate::x509::Name;

/// `CN=root.example.com` -> `CN=root.example.com G2` -> `CN=root.example.com G3`, all else as it is; a generation that is
/// not among `taken`.
pub(super) fn successor(subject: &Name, taken: &[&Name]) -> Name {
    let own = subject.common_names().next().unwrap_or_default().into_owned();
    let (base, mut generation) = parted(&own);
    loop {
        generation += 1;
        let text = if base.is_empty() { format!("G{generation}") } else { format!("{base} G{generation}") };
        let name = subject.with_common_name(&text);
        if !taken.contains(&&name) {
            return name;
        }
    }
}

/// How often a CA of this name has had a successor, the first being 1.
pub(super) fn generation(subject: &Name) -> u32 {
    parted(&subject.common_names().next().unwrap_or_default()).1
}

/// The name without its generation.
pub(crate) fn without_generation(subject: &Name) -> Name {
    let own = subject.common_names().next().unwrap_or_default().into_owned();
    match parted(&own) {
        (_, 1) => subject.clone(),
        (base, _) => subject.with_common_name(base),
    }
}

/// A common name and its generation.
fn parted(common_name: &str) -> (&str, u32) {
    let parted = common_name.rsplit_once(" G").and_then(|(base, digits)| {
        let is_number = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        let generation =
            digits.parse().ok().filter(|generation| is_number && (2..u32::MAX).contains(generation));
        Some((base, generation?))
    });
    parted.unwrap_or((common_name, 1))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn each_generation_has_a_name_of_its_own_and_all_else_stays() {
        for (own, next) in [
            ("CN=root.example.com", "CN=root.example.com G2"),
            ("CN=root.example.com G2", "CN=root.example.com G3"),
            ("CN=root G9", "CN=root G10"),
            ("DC=example,DC=com,O=Acme,CN=Acme Root,OU=z", "DC=example,DC=com,O=Acme,CN=Acme Root G2,OU=z"),
            ("O=Acme", "O=Acme,CN=G2"),
            ("CN=root G1", "CN=root G1 G2"),
            ("CN=root G02", "CN=root G02 G2"),
            ("CN=root Gx", "CN=root Gx G2"),
            ("CN=G2", "CN=G2 G2"),
            ("CN=root G4294967295", "CN=root G4294967295 G2"),
        ] {
            let own = Name::parse(own).unwrap();
            assert_eq!(successor(&own, &[&own]).to_string(), next);
        }
    }

    #[test]
    fn a_generation_that_another_ca_has_is_left_out() {
        let name = |text| Name::parse(text).unwrap();
        let taken = [name("CN=root"), name("CN=root G2"), name("CN=root G3")];
        let taken: Vec<&Name> = taken.iter().collect();
        assert_eq!(successor(taken[0], &taken).to_string(), "CN=root G4");
        assert_eq!(successor(taken[1], &taken).to_string(), "CN=root G4");
    }

    #[test]
    fn a_generation_is_told_from_a_name_that_only_looks_like_one() {
        let name = |text| Name::parse(text).unwrap();
        assert_eq!([generation(&name("CN=root")), generation(&name("CN=root G7"))], [1, 7]);
        assert_eq!(without_generation(&name("O=A,CN=root G7")), name("O=A,CN=root"));
        assert_eq!(without_generation(&name("O=A,CN=root Gx")), name("O=A,CN=root Gx"));
        assert_eq!(without_generation(&name("O=A")), name("O=A"));
    }
}
