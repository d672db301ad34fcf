//! The catalogue of rules: what `verify` can find, how bad it is, what it means to a user and where that is written.
//!
//! A rule's id is stable: scripts, waivers and fixtures name it. The functions that look for it are in the siblings of
//! this file, by subject.

use super::severity::Severity;
use serde::{Serialize, Serializer};
use std::fmt;

/// Declares the catalogue: one line a rule, so that no rule can lack a part.
macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $variant:ident, $id:literal, $severity:ident, $source:literal;)+) => {
        /// What can be found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Rule {
            /// Every rule, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its stable name.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)+
                }
            }

            /// How bad it is where nothing says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }

            /// Where it is written.
            #[must_use]
            pub fn source(self) -> &'static str {
                match self {
                    $(Self::$variant => $source,)+
                }
            }

            /// What it means to a user.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

catalogue! {
    // What is in the files.
    /// A file holds nothing that its name or its place promises.
    NothingInFile, "file-empty", Error, "PostgreSQL: runtime-config-connection, ssl_cert_file";
    /// A PEM block is damaged: it does not end, or is not base64 inside.
    PemDamaged, "pem-damaged", Error, "RFC 7468 §2";
    /// A block cannot be read as what its label says.
    BlockUnreadable, "block-unreadable", Error, "RFC 7468 §5; RFC 5280 §4.1";
    /// A certificate or a server's key is DER; PostgreSQL and libpq read PEM there.
    DerNotPem, "der-not-pem", Error, "PostgreSQL: init_host_context, be-secure-openssl.c; initialize_SSL, fe-secure-openssl.c";
    /// A certificate is in OpenSSL's own TRUSTED form, which only OpenSSL reads.
    TrustedCertificate, "trusted-certificate", Warning, "OpenSSL: PEM_read_X509_AUX(3)";
    /// A private key lies in a file that is handed out.
    KeyInPublicFile, "key-in-public-file", Error, "PostgreSQL: ssl-tcp, Creating Certificates";
    /// A file holds one certificate twice.
    CertificateTwice, "certificate-twice", Note, "RFC 8446 §4.4.2";
    /// A byte order mark hides the first block from rustls and Go; OpenSSL passes over it.
    ByteOrderMark, "byte-order-mark", Warning, "rustls-pki-types: pem; Go: encoding/pem";
    /// Text around the blocks, or foreign line ends: most readers pass over them, not all.
    TextAroundPem, "text-around-pem", Note, "RFC 7468 §2";

    // Certificates and keys that belong together.
    /// The key does not belong to the first certificate of its file.
    KeyMismatch, "key-mismatch", Error, "PostgreSQL: SSL_CTX_use_PrivateKey_file, be-secure-openssl.c";
    /// Whether a key belongs to its certificate could not be checked: it is of a kind that is not read here.
    KeyNotChecked, "key-not-checked", Warning, "RFC 5958 §2";
    /// The end-entity is not the first certificate of its file.
    LeafNotFirst, "leaf-not-first", Error, "PostgreSQL: ssl-tcp, Using Client Certificates; RFC 8446 §4.4.2";
    /// The certificates behind the leaf are not in the order of their signatures.
    ChainOrder, "chain-order", Warning, "RFC 5246 §7.4.2";
    /// A certificate file has no key beside it, where one is needed.
    KeyMissing, "key-missing", Error, "PostgreSQL: ssl_key_file; libpq: sslkey";
    /// A key has no certificate beside it.
    KeyAlone, "key-alone", Warning, "PostgreSQL: ssl_cert_file";
    /// A key is under a passphrase.
    KeyEncrypted, "key-encrypted", Warning, "PostgreSQL: ssl_passphrase_command; libpq: sslpassword";
    /// A client's key is encrypted PKCS#8 in DER, which libpq refuses even with the password.
    KeyEncryptedDer, "key-encrypted-der", Error, "libpq: initialize_SSL, fe-secure-openssl.c";
    /// A client's key is PKCS#1 or SEC1; native-tls reads PKCS#8 alone.
    KeyNotPkcs8, "key-not-pkcs8", Warning, "native-tls: Identity::from_pkcs8";
    /// A PKCS#12 archive stays closed, so that nothing of what is in it could be judged.
    Pkcs12Locked, "pkcs12-locked", Warning, "RFC 7292 §4";
    /// PKCS#12 is named where the server or libpq reads PEM.
    Pkcs12NotRead, "pkcs12-not-read", Error, "PostgreSQL: init_host_context, be-secure-openssl.c; initialize_SSL, fe-secure-openssl.c";
    /// The key of a PKCS#12 archive has another alias than `user`, and pgJDBC sends no certificate.
    Pkcs12Alias, "pkcs12-alias", Warning, "pgJDBC: PKCS12KeyManager";
    /// A PKCS#12 archive does not end in .p12 or .pfx, and pgJDBC sends no certificate.
    Pkcs12Ending, "pkcs12-ending", Warning, "pgJDBC: LibPQFactory";
    /// A PKCS#12 archive has no password: pgJDBC refuses it, and whoever has it has the key.
    Pkcs12NoPassword, "pkcs12-no-password", Warning, "pgJDBC: PKCS12KeyManager; RFC 7292 §4";

    // Who may read a key.
    /// A key can be read by its group or by everybody, and PostgreSQL refuses it.
    KeyModeTooOpen, "key-mode-too-open", Error, "PostgreSQL: check_ssl_key_file_permissions, be-secure-common.c";
    /// A server's key is owned by neither the server's user nor root.
    KeyOwner, "key-owner", Error, "PostgreSQL: check_ssl_key_file_permissions, be-secure-common.c";
    /// A key is root's own: the server, which never runs as root, cannot open it.
    KeyNotReadable, "key-not-readable", Error, "PostgreSQL: check_ssl_key_file_permissions, be-secure-common.c";

    // Chains.
    /// The chain ends before an anchor: an issuer is in no file that was given.
    ChainIncomplete, "chain-incomplete", Error, "OpenSSL: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY; RFC 5280 §6.1";
    /// The chain reaches no self-signed certificate in the trust file.
    AnchorNotSelfSigned, "anchor-not-self-signed", Error, "OpenSSL: verification without X509_V_FLAG_PARTIAL_CHAIN";
    /// A leaf's file lacks its intermediate, so that peers which trust the root alone refuse it.
    IntermediateNotAppended, "intermediate-not-appended", Warning, "PostgreSQL: ssl-tcp, Using Client Certificates";
    /// A signature was not made by the key of the issuer.
    SignatureBad, "signature-bad", Error, "RFC 5280 §6.1.3 (a)(1)";
    /// A signature could not be checked here, so nothing can be said of it.
    SignatureNotChecked, "signature-not-checked", Warning, "RFC 5280 §6.1.3 (a)(1)";
    /// The issuer is no CA.
    IssuerNotCa, "issuer-not-ca", Error, "RFC 5280 §6.1.4 (k)";
    /// A self-signed certificate is not among those that the other side trusts.
    NotTrusted, "not-trusted", Error, "OpenSSL: X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN";
    /// The issuer's key usage does not let it sign certificates.
    IssuerCannotSign, "issuer-cannot-sign", Error, "RFC 5280 §6.1.4 (n)";
    /// More CAs follow than the path length of one above allows.
    PathLengthExceeded, "path-length-exceeded", Error, "RFC 5280 §6.1.4 (l), (m)";
    /// A name lies outside what a CA above may sign.
    NameConstraints, "name-constraints", Error, "RFC 5280 §6.1.3 (b), (c)";
    /// An extended key usage on a CA forbids what is under it.
    CaUsageForbids, "ca-usage-forbids", Error, "OpenSSL: X509_check_purpose(3)";
    /// A CA has name constraints of a kind that is not judged here.
    ConstraintsNotChecked, "constraints-not-checked", Warning, "RFC 5280 §4.2.1.10";
    /// A CA constrains whole subjects, which rustls does not judge: it refuses every server under it.
    SubjectConstraints, "subject-constraints", Warning, "RFC 5280 §4.2.1.10; webpki: NameConstraintViolation";
    /// A critical extension is unknown, so nobody may accept the certificate or the revocation list.
    CriticalExtensionUnknown, "critical-extension-unknown", Error, "RFC 5280 §4.2, §5.2";
    /// An extension is there twice, and OpenSSL knows no such certificate where it is one that it reads.
    ExtensionRepeated, "extension-repeated", Error, "RFC 5280 §4.2; OpenSSL: X509_get_ext_d2i(3)";
    /// An extension cannot be read, and OpenSSL knows no such certificate where it is one that it reads.
    ExtensionUnreadable, "extension-unreadable", Error, "RFC 5280 §4.2; OpenSSL: X509_get_ext_d2i(3)";
    /// The algorithms named inside and behind what is signed differ, and OpenSSL takes the signature for a bad one.
    AlgorithmsDiffer, "algorithms-differ", Error, "RFC 5280 §4.1.1.2, §5.1.1.2; OpenSSL: X509_verify(3)";

    // Time.
    /// It has ended.
    Expired, "expired", Error, "RFC 5280 §4.1.2.5; PostgreSQL starts on it without a word";
    /// It has not begun.
    NotYetValid, "not-yet-valid", Error, "RFC 5280 §4.1.2.5";
    /// It ends soon.
    ExpiresSoon, "expires-soon", Warning, "RFC 5280 §4.1.2.5";
    /// It lives longer than its issuer, so that it stops working before its date.
    OutlivesIssuer, "outlives-issuer", Warning, "RFC 5280 §6.1.3 (a)(2)";

    // Strength.
    /// A key is weaker than OpenSSL's security level 2 takes.
    KeyTooSmall, "key-too-small", Error, "OpenSSL: SSL_CTX_set_security_level(3)";
    /// A signature rests on a digest that OpenSSL's security level 2 refuses.
    DigestTooWeak, "digest-too-weak", Error, "OpenSSL: SSL_CTX_set_security_level(3)";
    /// A key spells out its elliptic curve, and OpenSSL takes those alone that name it.
    ExplicitCurve, "explicit-curve", Error, "RFC 5480 §2.1.1; OpenSSL: X509_V_ERR_EC_KEY_EXPLICIT_PARAMS";
    /// A server's certificate bears an EdDSA signature, and no libpq can log in with SCRAM.
    EddsaBreaksScram, "eddsa-breaks-scram", Error, "libpq: pgtls_get_peer_certificate_hash, fe-secure-openssl.c";
    /// A client's key is P-384, which TLS 1.2 refuses with the server's default curves.
    P384Client, "p384-client", Warning, "PostgreSQL: ssl_ecdh_curve";

    // What a certificate may be used for.
    /// A server's certificate is not for servers.
    NotForServers, "not-for-servers", Error, "OpenSSL: X509_check_purpose(3), sslserver";
    /// A client's certificate is not for clients.
    NotForClients, "not-for-clients", Error, "OpenSSL: X509_check_purpose(3), sslclient";
    /// A client's certificate can pose as the database server.
    ClientPassesAsServer, "client-passes-as-server", Error, "RFC 5280 §4.2.1.12: no extKeyUsage restricts nothing";
    /// A server's certificate can log in as a role.
    ServerPassesAsClient, "server-passes-as-client", Error, "RFC 5280 §4.2.1.12: no extKeyUsage restricts nothing";
    /// A leaf that is trusted as an anchor is a CA: whoever holds its key can mint a login for any role.
    LeafMintsLogins, "leaf-mints-logins", Error, "RFC 5280 §4.2.1.9";
    /// An end-entity is marked as a CA.
    LeafIsCa, "leaf-is-ca", Warning, "RFC 5280 §4.2.1.9; webpki: CaUsedAsEndEntity";
    /// A certificate is for servers and for clients.
    BothUsages, "both-usages", Note, "RFC 5280 §4.2.1.12";
    /// A key cannot sign a handshake: its key usage lacks digitalSignature; an error where OpenSSL refuses that.
    NoDigitalSignature, "no-digital-signature", Warning, "RFC 5280 §4.2.1.3; OpenSSL: X509_check_purpose(3); pgJDBC: no shared cipher";

    // Form.
    /// X.509 v1: rustls does not load such a leaf, Python 3.13 refuses such a CA.
    X509V1, "x509-v1", Warning, "RFC 5280 §4.1.2.1; webpki: UnsupportedCertVersion";
    /// A CA has no keyUsage, which Python 3.13 refuses.
    CaKeyUsageMissing, "ca-key-usage-missing", Warning, "RFC 5280 §4.2.1.3; Python: VERIFY_X509_STRICT";
    /// A CA has no subjectKeyIdentifier, which Python 3.13 refuses.
    CaKeyIdentifierMissing, "ca-key-identifier-missing", Warning, "RFC 5280 §4.2.1.2; Python: VERIFY_X509_STRICT";
    /// A certificate does not name its issuer's key, which Python 3.13 refuses.
    AuthorityKeyIdentifierMissing, "authority-key-identifier-missing", Warning, "RFC 5280 §4.2.1.1; Python: VERIFY_X509_STRICT";
    /// A CA's basicConstraints is not critical, which Python 3.13 refuses.
    CaConstraintsNotCritical, "ca-constraints-not-critical", Warning, "RFC 5280 §4.2.1.9; Python: VERIFY_X509_STRICT";
    /// A CA has no basicConstraints; OpenSSL takes it by its key usage or as an old root, Go, Java and Python do not.
    CaConstraintsMissing, "ca-constraints-missing", Warning, "RFC 5280 §4.2.1.9; OpenSSL: X509_check_ca(3)";
    /// A certificate has no subject where one has to be: in a CA, or without alternative names; Python 3.13 refuses it.
    SubjectEmpty, "subject-empty", Warning, "RFC 5280 §4.1.2.6; Python: VERIFY_X509_STRICT";
    /// A subject alternative name is not critical where there is no subject, which Python 3.13 refuses.
    SanNotCritical, "san-not-critical", Warning, "RFC 5280 §4.2.1.6; Python: VERIFY_X509_STRICT";
    /// A subject alternative name holds no name, which Python 3.13 refuses.
    SanEmpty, "san-empty", Warning, "RFC 5280 §4.2.1.6; Python: VERIFY_X509_STRICT";
    /// An end-entity has keyCertSign or a path length and is no CA that may sign, which Python 3.13 refuses.
    LeafLikeCa, "leaf-like-ca", Warning, "RFC 5280 §4.2.1.3, §4.2.1.9; Python: VERIFY_X509_STRICT";
    /// An intermediate may make further CAs: it has no path length.
    NoPathLength, "path-length", Note, "RFC 5280 §4.2.1.9";
    /// A serial number is zero or negative, or over 20 octets.
    SerialMalformed, "serial-malformed", Warning, "RFC 5280 §4.1.2.2";
    /// Two certificates of one issuer have one serial number: revoking one revokes both.
    SerialTwice, "serial-twice", Warning, "RFC 5280 §4.1.2.2";

    // Names.
    /// No name of the certificate is the host that is connected to.
    HostMismatch, "host-mismatch", Error, "libpq: pq_verify_peer_name_matches_certificate, fe-secure-common.c";
    /// A server's certificate has no subject alternative name, which Go and rustls want.
    SanMissing, "san-missing", Warning, "RFC 6125 §6.4.4; Go: crypto/x509";
    /// The common name is a host name that the subject alternative names leave out.
    CommonNameNotInSan, "common-name-not-in-san", Warning, "libpq: fe-secure-openssl.c";
    /// A wildcard stands where no PostgreSQL client takes it.
    WildcardUnusable, "wildcard-unusable", Error, "libpq: wildcard_certificate_match, fe-secure-common.c";
    /// A wildcard covers a whole top-level domain.
    WildcardTopLevel, "wildcard-top-level", Warning, "libpq: wildcard_certificate_match, fe-secure-common.c";
    /// An address is an iPAddress alone, which libpq before 15 does not look at.
    AddressOldLibpq, "address-old-libpq", Warning, "PostgreSQL: commit c1932e5428 (15)";
    /// A name ends in a dot; libpq compares it as text.
    TrailingDot, "trailing-dot", Warning, "libpq: fe-secure-common.c";
    /// A subject has several common names, of which PostgreSQL looks at the first alone.
    SeveralCommonNames, "several-common-names", Warning, "PostgreSQL: be_tls_open_server, be-secure-openssl.c";
    /// A name holds a NUL byte, and the connection is dropped.
    NulInName, "nul-in-name", Error, "CVE-2009-4034; be-secure-openssl.c";
    /// A subject alternative name is malformed.
    SanMalformed, "san-malformed", Error, "RFC 5280 §4.2.1.6";
    /// Whether `sslmode=verify-full` accepts a host cannot be told: no server's certificate is here.
    HostNotTold, "host-not-told", Note, "libpq: pq_verify_peer_name_matches_certificate, fe-secure-common.c";
    /// The server would not take the certificate for that role.
    RoleMismatch, "role-mismatch", Error, "PostgreSQL: auth-cert; check_usermap, hba.c";
    /// Whether a certificate lets in as a role cannot be told: a pattern decides, no line compares names, or none is here.
    RoleNotTold, "role-not-told", Note, "PostgreSQL: auth-username-maps; CheckCertAuth, auth.c";
    /// A client's common name is longer than any role's.
    RoleNameTooLong, "role-name-too-long", Error, "PostgreSQL: NAMEDATALEN, pg_config_manual.h";
    /// A client's certificate has no common name, so that `cert` finds no user name.
    CommonNameMissing, "common-name-missing", Error, "PostgreSQL: CheckCertAuth, auth.c";

    // Revocation.
    /// It is revoked.
    Revoked, "revoked", Error, "RFC 5280 §6.3";
    /// A revocation list is past its next update: every certificate under its issuer is refused.
    CrlStale, "crl-stale", Error, "RFC 5280 §5.1.2.5";
    /// A revocation list begins in the future: every certificate under its issuer is refused.
    CrlNotYetValid, "crl-not-yet-valid", Error, "RFC 5280 §5.1.2.4";
    /// A revocation list ends soon; then every certificate under its issuer is refused.
    CrlExpiresSoon, "crl-expires-soon", Warning, "RFC 5280 §5.1.2.5";
    /// A list is there, but not one of every issuer in the chain.
    CrlMissing, "crl-missing", Error, "PostgreSQL: X509_V_FLAG_CRL_CHECK_ALL, be-secure-openssl.c";
    /// A revocation list was not signed by its issuer, or its issuer may not sign lists.
    CrlSignatureBad, "crl-signature-bad", Error, "RFC 5280 §6.3.3 (f), (g)";
    /// A delta list is taken for a whole one: who is revoked on its base list alone is let in.
    CrlDelta, "crl-delta", Error, "RFC 5280 §5.2.4; OpenSSL: get_crl_score, crypto/x509/x509_vfy.c";
    /// A list is about some certificates alone, and another one in the chain needs a list too.
    CrlScope, "crl-scope", Error, "RFC 5280 §5.2.5; OpenSSL: X509_V_ERR_DIFFERENT_CRL_SCOPE";
    /// A file of lists holds an older list of a CA than another file: who loads it lets in whoever was revoked since.
    CrlBehind, "crl-behind", Error, "PostgreSQL: ssl_crl_file; RFC 5280 §6.3";
    /// A file of a CRL directory does not bear the hash name under which it is looked for.
    CrlHashName, "crl-hash-name", Error, "OpenSSL: X509_LOOKUP_hash_dir(3)";
    /// A certificate inside a CRL file becomes a trust anchor.
    CaInCrlFile, "ca-in-crl-file", Warning, "OpenSSL: X509_STORE_load_locations(3)";
    /// Revocation lists inside the CA file alone are loaded and never looked at.
    CrlOnlyInTrust, "crl-only-in-trust", Warning, "PostgreSQL: init_host_context, be-secure-openssl.c";
    /// There is no revocation list: nobody can be shut out before a certificate ends.
    CrlNone, "crl-none", Note, "PostgreSQL: ssl_crl_file";
    /// The index of a CA cannot be read, or not to its end: OpenSSL makes no revocation list of it, or one with a gap.
    IndexDamaged, "index-damaged", Error, "OpenSSL: openssl-ca(1), database; TXT_DB_read, crypto/txt_db/txt_db.c";
    /// The index of its CA says that a certificate is revoked, and the newest list here does not: peers ask lists alone.
    IndexRevoked, "index-revoked", Error, "OpenSSL: openssl-ca(1), -revoke, -gencrl; RFC 5280 §6.3";
    /// The index of its CA does not list a certificate: OCSP calls it unknown, and no list will name it.
    NotInIndex, "not-in-index", Warning, "OpenSSL: openssl-ca(1), database; RFC 6960 §2.2";
    /// A CA issued certificates that are not among the files.
    IndexedElsewhere, "indexed-elsewhere", Note, "OpenSSL: openssl-ca(1), database";

    // Settings.
    /// `sslrootcert=system` loads no revocation list, and libpq before 16 takes it for a file name.
    SystemTrust, "system-trust", Warning, "libpq: sslrootcert (16)";
    /// `sslcrl` beside `sslcrldir`: where one cannot be loaded, libpq checks nothing.
    CrlFileAndDirectory, "crl-file-and-directory", Warning, "libpq: initialize_SSL, fe-secure-openssl.c";
    /// `sslcrl` names nothing that can be loaded, and libpq checks no revocation at all; as `ssl_crl_file`, an error.
    CrlNotLoaded, "crl-not-loaded", Warning, "libpq: initialize_SSL, fe-secure-openssl.c";
    /// A directory of revocation lists is missing or holds none: checking is on, and every certificate is refused.
    CrlDirectoryUnusable, "crl-directory-unusable", Error, "OpenSSL: X509_LOOKUP_hash_dir(3); libpq: sslcrldir";
    /// A client verifies servers by a file of trust anchors that is not there.
    RootFileMissing, "root-file-missing", Error, "libpq: initialize_SSL, fe-secure-openssl.c";
    /// A client compares host names and is given an address alone.
    HostMissing, "host-missing", Error, "libpq: pq_verify_peer_name_matches_certificate, fe-secure-common.c";
    /// A client takes any server for its own: its sslmode does not insist on a chain, or on TLS.
    ServerNotVerified, "server-not-verified", Warning, "PostgreSQL: libpq-ssl, Protection Provided in Different Modes";
    /// A client verifies the chain of a server and not its name.
    HostNotCompared, "host-not-compared", Note, "PostgreSQL: libpq-ssl, Protection Provided in Different Modes";
    /// What a server trusts is not among a client's files, so that the client's chain can be judged in part alone.
    ClientTrustUnknown, "client-trust-unknown", Note, "PostgreSQL: ssl_ca_file";
    /// A client sends no certificate.
    NoClientCertificate, "no-client-certificate", Note, "PostgreSQL: libpq-ssl, Client Certificates; sslcertmode (16)";
    /// A client connects through Unix-domain sockets, where there is no TLS.
    SocketWithoutTls, "socket-without-tls", Note, "libpq: sslmode";
    /// A server speaks no TLS at all.
    SslOff, "ssl-off", Error, "PostgreSQL: ssl";
    /// A line of pg_hba.conf wants certificates of clients, and the server has nothing to check them by.
    ClientTrustMissing, "client-trust-missing", Error, "PostgreSQL: auth-cert; ssl_ca_file";
    /// The server refuses a line of pg_hba.conf, and does not start.
    HbaRefused, "hba-refused", Error, "PostgreSQL: parse_hba_line, hba.c";
    /// The server refuses a line of pg_ident.conf, and knows no user map at all.
    IdentRefused, "ident-refused", Error, "PostgreSQL: parse_ident_line, load_ident, hba.c";
    /// A line of pg_hba.conf names a user map of which pg_ident.conf has no line.
    MapMissing, "map-missing", Error, "PostgreSQL: auth-username-maps; check_usermap, hba.c";
    /// A regular expression of a user map is not held at both ends, and lets in who has such a part in the name.
    MapNotAnchored, "map-not-anchored", Warning, "PostgreSQL: auth-username-maps";
    /// The role of a user map is a word that has a meaning only from PostgreSQL 16 on.
    MapRoleLiteral, "map-role-literal", Warning, "PostgreSQL: commit efb6f4a4f9 (16)";
    /// What clients trust is not among the files, so that the server's chain can be judged in part alone.
    ServerTrustUnknown, "server-trust-unknown", Note, "libpq: sslrootcert";
    /// A server asks no client for a certificate: it has no CA file.
    NoClientTrust, "no-client-trust", Note, "PostgreSQL: ssl_ca_file";
    /// A CA is being rotated: the one that comes after it, or came before it, is trusted beside it.
    RotationHalfWay, "rotation-half-way", Note, "RFC 4210 §4.4";
    /// Keys of CAs lie beside files that are shipped.
    CaKeyPresent, "ca-key-present", Note, "PostgreSQL: ssl-tcp, Creating Certificates";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl Rule {
    /// Whether a chain in which it is broken is none to anybody, though every certificate and signature of it is there.
    #[must_use]
    pub fn breaks_chain(self) -> bool {
        matches!(
            self,
            Self::IssuerNotCa
                | Self::IssuerCannotSign
                | Self::PathLengthExceeded
                | Self::NameConstraints
                | Self::CaUsageForbids
                | Self::CriticalExtensionUnknown
                | Self::ExtensionRepeated
                | Self::ExtensionUnreadable
                | Self::AlgorithmsDiffer
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_distinct_words_with_hyphens_and_meanings_are_sentences() {
        let ids: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(rule.id().chars().all(plain), "{rule}");
            assert!(
                rule.meaning().ends_with('.') && !rule.meaning().starts_with(' '),
                "{rule}: {}",
                rule.meaning()
            );
            assert!(!rule.source().is_empty(), "{rule}");
        }
    }
}
