//! cert-manager: the objects that reproduce a plan on a cluster: an issuer that signs itself, the root and its
//! ClusterIssuer, the CAs below with their Issuers, and a Certificate for everybody else. Or, adopted, the Issuer of a CA
//! that is there already, so that what trusts it goes on doing so.
//!
//! Sources: pkg/apis/certmanager/v1/types_certificate.go and pkg/util/kube/pki.go of 1.21: durations have no days; of
//! `ca.crt` in an Issuer's Secret the first certificate alone is read; the Secret of a ClusterIssuer lies in cert-manager's
//! own namespace. It gives a CA no path length and begins a certificate now. On request trust-manager hands the roots out.

use super::bundle::TrustSource;
use super::error::KubernetesError;
use super::goods::Naming;
use super::manifest::{Manifest, Meta, SecretKind};
use super::yaml::{Yaml, map, texts};
use crate::fs::Contents;
use crate::keys::KeyType;
use crate::plan::{CertificateSpec, IssuerRef, Plan};
use crate::profile::{CertificateEntry, Ending, PathLength, Profile};
use crate::x509::{ExtendedKeyUsage, GeneralName, KeyUsage, SerialNumber, Usage};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};

/// The version of every object.
const VERSION: &str = "cert-manager.io/v1";
/// Where cert-manager looks for the Secret of a ClusterIssuer.
const OWN_NAMESPACE: &str = "cert-manager";
/// With this label CloudNativePG sees a change of a Secret at once.
const CNPG_RELOAD: &str = "cnpg.io/reload";

/// A CA that is handed over. There is no `Debug`: its key is in it.
pub struct Adopted {
    /// Its stem in the plan.
    pub stem: String,
    /// Its certificate.
    pub certificate: Contents,
    /// Its key.
    pub key: Contents,
    /// The root above it, or itself.
    pub root: Contents,
}

/// What is asked for besides the profile.
#[derive(Default)]
pub struct Issuing<'a> {
    /// The CA that signs on; `None`: CAs are made on the cluster.
    pub adopted: Option<&'a Adopted>,
    /// Whether trust-manager is to hand out what clients trust.
    pub bundle: bool,
}

/// The objects.
///
/// # Errors
/// [`KubernetesError::Unsayable`] for a wish that cert-manager has no field for; [`KubernetesError::NoServer`].
pub fn cert_manager(
    naming: &Naming,
    profile: &Profile,
    plan: &Plan,
    Issuing { adopted, bundle }: &Issuing<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Manifest>, KubernetesError> {
    profile.certificates.iter().try_for_each(sayable)?;
    let cluster = Cluster { naming, plan, adopts: adopted.is_some(), reloads: profile.name == "cnpg", now };
    let mut all = match adopted {
        Some(adopted) => cluster.adopted(adopted)?,
        None => cluster.authorities()?,
    };
    for spec in plan.certificates.iter().filter(|spec| !spec.usage.is_ca()) {
        all.push(cluster.certificate(spec)?);
    }
    if *bundle {
        let sources = match adopted {
            Some(adopted) => {
                let text = String::from_utf8_lossy(&adopted.root).into_owned();
                vec![TrustSource::Text(text)]
            }
            None => cluster.trusted_by_clients(profile)?,
        };
        all.push(super::bundle::bundle(&cluster.wide_meta("trust")?, sources));
    }
    Ok(all)
}

/// What the objects are made of.
struct Cluster<'a> {
    naming: &'a Naming,
    plan: &'a Plan,
    adopts: bool,
    reloads: bool,
    now: OffsetDateTime,
}

impl Cluster<'_> {
    /// `hippo` and `server` -> `hippo-tls-server`, which is no name that an operator gives its own.
    fn name(&self, stem: &str) -> Result<String, KubernetesError> {
        super::label_name(
            "--cluster",
            &format!("{}-tls-{}", self.naming.cluster, stem.replace(['.', '_'], "-")),
        )
    }

    /// For what is of the whole cluster, or lies in cert-manager's namespace with what is of others: a database cluster of
    /// the same name in another namespace must not get the same root. No namespace has a dot in it, so no other cluster's
    /// name can become the same by it.
    fn wide_name(&self, stem: &str) -> Result<String, KubernetesError> {
        let namespace = self.naming.meta.namespace.as_deref().unwrap_or_default();
        Ok(format!("{namespace}.{}", self.name(stem)?))
    }

    /// A CA that is adopted lies where its leaves do, also where it is a root.
    fn is_wide(&self, spec: &CertificateSpec) -> bool {
        spec.usage == Usage::RootCa && !self.adopts
    }

    fn name_of(&self, spec: &CertificateSpec) -> Result<String, KubernetesError> {
        if self.is_wide(spec) { self.wide_name(&spec.stem) } else { self.name(&spec.stem) }
    }

    /// The root's Secret has to lie where its ClusterIssuer looks for it.
    fn meta_of(&self, spec: &CertificateSpec) -> Result<Meta, KubernetesError> {
        let meta = self.naming.meta.named(&self.name_of(spec)?);
        Ok(match self.is_wide(spec) {
            true => Meta { namespace: Some(OWN_NAMESPACE.to_owned()), ..meta },
            false => meta,
        })
    }

    /// What has no namespace.
    fn wide_meta(&self, stem: &str) -> Result<Meta, KubernetesError> {
        Ok(Meta { namespace: None, ..self.naming.meta.named(&self.wide_name(stem)?) })
    }

    /// The CAs, each behind the one that signs it.
    fn authorities(&self) -> Result<Vec<Manifest>, KubernetesError> {
        let own = self.wide_meta("selfsigned")?;
        let mut all =
            vec![Manifest::resource(VERSION, "ClusterIssuer", &own, map([("selfSigned", map([]))]))];
        let authorities = self.plan.certificates.iter().filter(|spec| spec.usage.is_ca());
        for spec in authorities {
            all.push(self.certificate(spec)?);
            let meta = self.meta_of(spec)?;
            let ca = map([("ca", map([("secretName", meta.name.as_str().into())]))]);
            let (kind, meta) = match self.is_wide(spec) {
                true => ("ClusterIssuer", Meta { namespace: None, ..meta }),
                false => ("Issuer", meta),
            };
            all.push(Manifest::resource(VERSION, kind, &meta, ca));
        }
        Ok(all)
    }

    /// One CA that is there already.
    fn adopted(&self, adopted: &Adopted) -> Result<Vec<Manifest>, KubernetesError> {
        let meta = self.naming.meta.named(&self.name(&adopted.stem)?);
        let data = [("ca.crt", &adopted.root), ("tls.crt", &adopted.certificate), ("tls.key", &adopted.key)];
        let ca = map([("ca", map([("secretName", meta.name.as_str().into())]))]);
        Ok(vec![
            Manifest::secret(&meta, SecretKind::Tls, &data)?.holding_ca_key(),
            Manifest::resource(VERSION, "Issuer", &meta, ca),
        ])
    }

    /// The roots above everybody who serves: with any other, whoever has a client's CA could pose as a server.
    fn trusted_by_clients(&self, profile: &Profile) -> Result<Vec<TrustSource>, KubernetesError> {
        let serves = |spec: &&CertificateSpec| {
            spec.extensions.extended_key_usage.contains(&ExtendedKeyUsage::server_auth())
        };
        let servers = self.plan.certificates.iter().filter(serves);
        let names = servers.map(|spec| self.name_of(self.root_above(spec)));
        let names = names.collect::<Result<BTreeSet<String>, _>>()?;
        if names.is_empty() {
            return Err(KubernetesError::NoServer { profile: profile.name.clone() });
        }
        Ok(names.into_iter().map(TrustSource::Secret).collect())
    }

    fn root_above<'s>(&'s self, spec: &'s CertificateSpec) -> &'s CertificateSpec {
        let mut at = spec;
        while let IssuerRef::Certificate(stem) = &at.issuer {
            let Some(above) = self.plan.certificate(stem) else { break };
            at = above;
        }
        at
    }

    fn certificate(&self, spec: &CertificateSpec) -> Result<Manifest, KubernetesError> {
        let meta = self.meta_of(spec)?;
        let is_ca = spec.usage.is_ca();
        let mut labels = meta.clone();
        if self.reloads && !is_ca {
            labels = labels.labelled(CNPG_RELOAD, "");
        }
        let mut fields = vec![
            ("duration", self.hours(spec)?.into()),
            ("issuerRef", self.issuer(spec)?),
            ("privateKey", private_key(spec.key_type, is_ca)),
            ("secretName", meta.name.as_str().into()),
            ("usages", texts(usages(spec))),
        ];
        if is_ca {
            fields.push(("isCA", Yaml::Flag(true)));
        }
        fields
            .extend(spec.subject.common_names().next().map(|name| ("commonName", Yaml::from(name.as_ref()))));
        fields.extend(names(spec));
        if !labels.labels.is_empty() {
            let held = labels.labels.iter().map(|(key, value)| (key.clone(), value.as_str().into()));
            fields.push(("secretTemplate", map([("labels", Yaml::Map(held.collect()))])));
        }
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Ok(Manifest::resource(VERSION, "Certificate", &meta, Yaml::Map(fields)))
    }

    /// From now to its end, in whole hours.
    fn hours(&self, spec: &CertificateSpec) -> Result<String, KubernetesError> {
        let life = spec.window.not_after - self.now;
        let hours = (life + Duration::HOUR - Duration::SECOND).whole_hours();
        if life < Duration::HOUR {
            return Err(unsayable(&spec.stem, "lives for less than an hour"));
        }
        Ok(format!("{hours}h"))
    }

    fn issuer(&self, spec: &CertificateSpec) -> Result<Yaml, KubernetesError> {
        let above = match &spec.issuer {
            IssuerRef::Certificate(stem) => self.plan.certificate(stem),
            _ => None,
        };
        let (kind, name) = match above {
            Some(above) if self.is_wide(above) => ("ClusterIssuer", self.name_of(above)?),
            Some(above) => ("Issuer", self.name_of(above)?),
            None => ("ClusterIssuer", self.wide_name("selfsigned")?),
        };
        Ok(map([("group", "cert-manager.io".into()), ("kind", kind.into()), ("name", name.into())]))
    }
}

/// Names by their types.
fn names(spec: &CertificateSpec) -> Vec<(&'static str, Yaml)> {
    let field = |name: &GeneralName| match name {
        GeneralName::Dns(_) => "dnsNames",
        GeneralName::Ip(_) => "ipAddresses",
        GeneralName::Email(_) => "emailAddresses",
        GeneralName::Uri(_) => "uris",
    };
    let all = &spec.extensions.subject_alt_names;
    let fields = ["dnsNames", "ipAddresses", "emailAddresses", "uris"].into_iter().filter_map(|wanted| {
        let held: Vec<String> =
            all.iter().filter(|name| field(name) == wanted).map(GeneralName::value).collect();
        (!held.is_empty()).then(|| (wanted, texts(held)))
    });
    fields.collect()
}

/// A CA keeps its key, or what it signed would end with it; for the others it is cert-manager's own way.
fn private_key(kind: KeyType, is_ca: bool) -> Yaml {
    let (algorithm, size) = match kind {
        KeyType::EcdsaP256 => ("ECDSA", Some(256)),
        KeyType::EcdsaP384 => ("ECDSA", Some(384)),
        KeyType::Ed25519 => ("Ed25519", None),
        KeyType::Rsa2048 => ("RSA", Some(2048)),
        KeyType::Rsa3072 => ("RSA", Some(3072)),
        KeyType::Rsa4096 => ("RSA", Some(4096)),
    };
    let fields = [
        ("algorithm", algorithm.into()),
        ("encoding", "PKCS8".into()),
        ("rotationPolicy", if is_ca { "Never" } else { "Always" }.into()),
    ];
    let fields = fields.into_iter().chain(size.map(|size| ("size", Yaml::Number(size))));
    Yaml::Map(fields.map(|(key, value)| (key.to_owned(), value)).collect())
}

/// cert-manager's words for key usages and extended ones.
fn usages(spec: &CertificateSpec) -> Vec<&'static str> {
    let extensions = &spec.extensions;
    let uses = |usage| extensions.key_usage.contains(&usage);
    let is_for = |purpose: &ExtendedKeyUsage| extensions.extended_key_usage.contains(purpose);
    [
        ("digital signature", uses(KeyUsage::DigitalSignature)),
        ("key encipherment", uses(KeyUsage::KeyEncipherment)),
        ("cert sign", uses(KeyUsage::KeyCertSign)),
        ("crl sign", uses(KeyUsage::CrlSign)),
        ("server auth", is_for(&ExtendedKeyUsage::server_auth())),
        ("client auth", is_for(&ExtendedKeyUsage::client_auth())),
    ]
    .into_iter()
    .filter_map(|(word, used)| used.then_some(word))
    .collect()
}

/// Refuses what would silently be something else on the cluster.
fn sayable(entry: &CertificateEntry) -> Result<(), KubernetesError> {
    let attributes: usize = entry.subject.attributes().iter().map(Vec::len).sum();
    let problems = [
        (entry.issuer.is_none() && !entry.usage.is_ca(), "signs itself"),
        (entry.usage == Usage::Bare, "is X.509 v1"),
        (entry.validity.not_before.is_some(), "has a beginning of its own"),
        (matches!(entry.validity.ending, Ending::At(_)), "ends at an instant"),
        (entry.serial != SerialNumber::USUAL, "has a serial number of its own"),
        (entry.path_length != PathLength::Usual, "has a path length of its own"),
        (!entry.permitted.is_empty() || !entry.excluded.is_empty(), "has name constraints"),
        (!entry.crl_distribution_points.is_empty(), "names places of revocation lists"),
        (!entry.extended_key_usages.is_empty(), "has further extended key usages"),
        (!entry.criticality.is_empty(), "has extensions of another criticality"),
        (!entry.waive.is_empty(), "waives a rule"),
        (
            attributes != 1 || entry.subject.common_names().next().is_none(),
            "has more or less than a common name",
        ),
    ];
    match problems.into_iter().find(|(is_so, _)| *is_so) {
        Some((_, problem)) => Err(unsayable(&entry.name, problem)),
        None => Ok(()),
    }
}

fn unsayable(name: &str, problem: &'static str) -> KubernetesError {
    KubernetesError::Unsayable { name: name.to_owned(), problem }
}
