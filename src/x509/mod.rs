//! X.509 (RFC 5280) as plain data and as DER: names, subject alternative names, usages, windows of time,
//! certificates, requests for them, revocation lists. The sole door to the X.509 crates; it knows nothing of keys but their SubjectPublicKeyInfo.

mod ber;
mod carried;
mod certificate;
mod claims;
mod constraints;
mod delivery;
mod distribution;
mod encode;
mod encode_list;
mod encode_request;
mod error;
mod extension;
mod further;
mod general_name;
mod instant;
mod name;
mod reason;
mod request;
mod revocation;
mod serial;
mod signature;
mod template;
mod usage;
mod validity;

pub use carried::CarriedExtension;
pub use certificate::{Certificate, RawExtension};
pub use claims::MalformedName;
pub use constraints::{SubtreeName, keeps_constraints, keeps_directories};
pub use delivery::delivered;
pub use distribution::ListScope;
pub use encode::{BasicConstraints, CertificateFields, Extensions, Signer, Version, encode_certificate};
pub use encode_list::{ListFields, encode_list};
pub use encode_request::{RequestFields, encode_request};
pub use error::X509Error;
pub use extension::{ExtendedKeyUsage, ExtensionKind, KeyUsage};
pub use further::{FurtherExtensions, OtherExtension};
pub use general_name::{GeneralName, dns_name, other_names};
pub use instant::{format_asn1_time, parse_asn1_time, parse_der_time};
pub use name::Name;
pub use reason::{RevocationReason, UnknownReason};
pub use request::CertificateRequest;
pub use revocation::{Revocation, RevocationList};
pub use serial::{
    SerialNumber, decimal_serial, format_serial, parse_decimal_serial, serial_order, significant,
};
pub use signature::SignedParts;
pub use template::CertificateTemplate;
pub use usage::Usage;
pub use validity::{Lifetime, Window, format_date, format_instant, parse_instant, serialize_instant};
