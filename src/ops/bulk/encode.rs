//! What leaves of one certificate: two files, or a piece of a stream.

use super::crew::ROWS;
use crate::error::Error;
use crate::fs::{Contents, FileEntry, FsError, Mode, append_to_archive};
use crate::index::Line;
use crate::k8s::{TlsSecret, object_name};
use crate::layout::Arrangement;
use crate::pem;
use crate::pg::{certificate_file, key_file};
use crate::pki::Made;
use crate::plan::{CertificateSpec, Plan};
use crate::x509::{Usage, format_serial, serialize_instant};
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How a stream is written.
#[derive(Debug, Clone, Copy)]
pub enum StreamForm {
    /// A tar archive: `client.alice.crt`, `client.alice.key`, with modes and owners.
    Tar,
    /// PEM: after a line with the name the certificates, then the key.
    Pem,
    /// A line each.
    Lines(LineForm),
    /// Kubernetes Secrets as documents of YAML.
    Secrets,
}

/// How a line of a stream is written, and read again.
#[derive(Debug, Clone, Copy)]
pub struct LineForm {
    /// What every line begins with, before the name.
    pub beginning: &'static str,
    /// Adds the line of a certificate, without its end.
    pub write: fn(&Record<'_>, &mut Vec<u8>),
    /// The name in a line; `None` for one that was not finished.
    pub name: fn(&[u8]) -> Option<String>,
}

/// A certificate and its key as a line has them. The field names are an interface.
#[derive(Serialize)]
pub struct Record<'a> {
    /// The stem of its files.
    pub name: &'a str,
    /// What it is for.
    pub usage: Usage,
    /// Its common name.
    pub common_name: &'a str,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// Its first valid second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_before: OffsetDateTime,
    /// Its last valid second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
    /// The certificate and what is appended to it, as PEM.
    pub certificate: &'a str,
    /// Its key, as PEM.
    pub key: &'a str,
}

/// Never shows the key.
impl std::fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The two files of a certificate, by name.
pub(super) type Pair = [(String, FileEntry); 2];

/// Some certificates, as they leave.
#[derive(Default)]
pub(super) struct Batch {
    /// Their lines in the index.
    pub(super) lines: Vec<u8>,
    /// How many they are.
    pub(super) count: usize,
    /// Their piece of a stream.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Their files, a key before its certificate.
    pub(super) files: Vec<Pair>,
}

/// What a tar archive has besides of two files.
const TAR_BYTES: usize = 4 * 512;
/// What a heading has besides its name.
const HEADING_BYTES: usize = 8;
/// What a line of JSON needs at most beside certificates and keys, and of those more than as PEM.
const LINE_BYTES: usize = 4096;

/// Writes certificates down.
pub(super) struct Encoder<'a> {
    form: Option<StreamForm>,
    arrangement: &'a Arrangement,
    appended: String,
    trust: String,
    now: OffsetDateTime,
}

impl<'a> Encoder<'a> {
    /// `appends` are the CAs that follow each certificate.
    pub(super) fn new(
        form: Option<StreamForm>,
        arrangement: &'a Arrangement,
        plan: &Plan,
        appends: &[String],
        now: OffsetDateTime,
    ) -> Self {
        let pem = |spec: &CertificateSpec| spec.kept.as_ref().map(|kept| pem::encode_certificate(&kept.der));
        let appended = appends.iter().filter_map(|stem| pem(plan.certificate(stem)?));
        // The highest CA that is known here is what its holder trusts.
        let trust = plan.certificates.first().and_then(pem).unwrap_or_default();
        Self { form, arrangement, appended: appended.collect(), trust, now }
    }

    /// Adds a certificate to a batch.
    pub(super) fn add(&self, spec: &CertificateSpec, made: &Made, batch: &mut Batch) -> Result<(), Error> {
        let line = Line::issued(&made.serial, spec.window.not_after, &spec.subject);
        batch.lines.extend_from_slice(&line.to_text());
        batch.lines.push(b'\n');
        batch.count += 1;
        let mut certificate = pem::encode_certificate(&made.der);
        certificate.push_str(&self.appended);
        match self.form {
            None => batch.files.push(self.files(spec, certificate, made)),
            Some(form) => {
                let pem = certificate.len() + made.key_pem.len();
                reserve(
                    &mut batch.bytes,
                    match form {
                        // Two headers, and blocks that are filled up.
                        StreamForm::Tar => pem + TAR_BYTES,
                        StreamForm::Pem => pem + spec.stem.len() + HEADING_BYTES,
                        StreamForm::Lines(_) | StreamForm::Secrets => {
                            2 * (pem + self.trust.len()) + LINE_BYTES
                        }
                    },
                );
                self.piece(form, spec, &certificate, made, &mut batch.bytes)?;
            }
        }
        Ok(())
    }

    /// The two files of a certificate.
    pub(super) fn files(&self, spec: &CertificateSpec, certificate: String, made: &Made) -> Pair {
        let mode = self.arrangement.key_mode.unwrap_or(Mode::SECRET);
        let entry = |contents, mode| FileEntry { contents, mode, owner: self.arrangement.owner };
        [
            (key_file(&spec.stem), entry(made.key_pem.clone().into(), mode)),
            (certificate_file(&spec.stem), entry(Contents::public(certificate), Mode::PUBLIC)),
        ]
    }

    /// The text of its certificate file.
    pub(super) fn certificate(&self, made: &Made) -> String {
        [pem::encode_certificate(&made.der).as_str(), &self.appended].concat()
    }

    fn piece(
        &self,
        form: StreamForm,
        spec: &CertificateSpec,
        certificate: &str,
        made: &Made,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        match form {
            StreamForm::Tar => {
                let (second, owner) = (self.now.unix_timestamp(), self.arrangement.owner);
                let key_mode = self.arrangement.key_mode.unwrap_or(Mode::SECRET);
                let mut add = |name: String, contents: &[u8], mode| {
                    let added = append_to_archive(out, &name, contents, (mode, owner), second);
                    added.ok_or(FsError::BadName { name })
                };
                add(certificate_file(&spec.stem), certificate.as_bytes(), Mode::PUBLIC)?;
                add(key_file(&spec.stem), &made.key_pem, key_mode)?;
            }
            StreamForm::Pem => {
                out.extend_from_slice(pem_heading(&spec.stem).as_bytes());
                out.extend_from_slice(certificate.as_bytes());
                out.extend_from_slice(&made.key_pem);
            }
            StreamForm::Lines(form) => {
                let common_name = spec.subject.common_names().next().unwrap_or_default();
                let record = Record {
                    name: &spec.stem,
                    usage: spec.usage,
                    common_name: &common_name,
                    serial: format_serial(&made.serial),
                    not_before: spec.window.not_before,
                    not_after: spec.window.not_after,
                    certificate,
                    key: std::str::from_utf8(&made.key_pem).unwrap_or_default(),
                };
                (form.write)(&record, out);
                out.push(b'\n');
            }
            StreamForm::Secrets => {
                let secret = TlsSecret {
                    name: &secret_name(&spec.stem),
                    certificate: certificate.as_bytes(),
                    key: &made.key_pem,
                    trust: self.trust.as_bytes(),
                };
                out.extend_from_slice(&secret.manifest());
            }
        }
        Ok(())
    }
}

/// The line before a certificate in a stream of PEM, which every reader of PEM passes over (RFC 7468 §2).
pub(super) fn pem_heading(stem: &str) -> String {
    format!("# {stem}\n")
}

/// `client.alice` -> `client-alice`, which Kubernetes takes for the name of an object.
pub(super) fn secret_name(stem: &str) -> String {
    let (usage, name) = stem.split_once('.').unwrap_or((stem, ""));
    object_name(usage, name)
}

/// Makes room without leaving a copy of a key in freed memory: for as many as are made at a time, as each time that it
/// grows all of it is wiped.
fn reserve(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    if bytes.capacity() - bytes.len() >= more {
        return;
    }
    let wanted = if bytes.capacity() == 0 { more * ROWS } else { bytes.capacity() + more * ROWS / 4 };
    let mut larger = Zeroizing::new(Vec::with_capacity(wanted.max(bytes.len() + more)));
    larger.extend_from_slice(bytes);
    *bytes = larger;
}
