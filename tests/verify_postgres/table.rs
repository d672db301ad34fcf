//! What the judge predicts of each case and what PostgreSQL then says: fault -> message.
//!
//! The words are those of PostgreSQL 15 with OpenSSL 3.0. What is known to differ elsewhere is left out:
//! - OpenSSL calls an alert `tlsv1 alert` or `sslv3 alert` before 3.2 and `ssl/tls alert` since: `alert ...` is here;
//! - where OpenSSL says why it cannot read a file, the reason is here only if releases agree on it;
//! - from PostgreSQL 16 on there is a DETAIL with depth and reason beneath `certificate verify failed` in the log.

/// Columns: case and changes, what is predicted, what the server's log says at FATAL. The server does not start.
///
/// `{dir}` is the directory of the files; fixtures/README.md says what the cases are.
const STARTS: &str = r#"
    keys-crossed                      | key-mismatch      | could not load private key file "{dir}/server.key": key values mismatch
    leaf-not-first                    | leaf-not-first    | could not load private key file "{dir}/server.key": key values mismatch
    server-key-missing                | key-missing       | could not access private key file "{dir}/server.key": No such file or directory
    key-file-without-key              | file-empty        | could not load private key file "{dir}/server.key"
    server-key-der                    | der-not-pem       | could not load private key file "{dir}/server.key"
    server-key-readable-by-all        | key-mode-too-open | private key file "{dir}/server.key" has group or world access
    server-key-of-root-readable-by-all| key-mode-too-open | private key file "{dir}/server.key" has group or world access
    server-key-of-another-user        | key-owner         | private key file "{dir}/server.key" must be owned by the database user or root
    server-key-of-root-alone          | key-not-readable  | could not load private key file "{dir}/server.key": Permission denied
    server-key-rsa-1024               | key-too-small     | could not load server certificate file "{dir}/server.crt": ee key too small
    server-signed-with-sha1           | digest-too-weak   | could not load server certificate file "{dir}/server.crt": ca md too weak
    extension-twice                   | extension-repeated | could not load server certificate file "{dir}/server.crt": invalid certificate
    extension-unreadable              | extension-unreadable | could not load server certificate file "{dir}/server.crt": invalid certificate
    server-certificate-der            | der-not-pem       | could not load server certificate file "{dir}/server.crt": no start line
    pem-truncated                     | pem-damaged       | could not load server certificate file "{dir}/server.crt": bad end line
    crl-not-loaded                    | crl-not-loaded    | could not load SSL certificate revocation list file "{dir}/crl.pem": No such file or directory
"#;

/// Columns: case and changes, what is predicted, what psql says, what the server's log says: nothing where it sees
/// nothing amiss. Where psql `connects`, both are silent.
///
/// The changes:
/// - `trust=FILE`: the CA file of both sides; `user=ROLE`: whom psql logs in as; `crl=FILE`: the file of lists;
/// - `lists=client`: psql is told of the lists, and the server is not; without it the other way round;
/// - `tls=VERSION`: the newest that psql speaks, else TLSv1.2;
/// - `unjudged`: psql does not judge the server, so the server comes to judge psql;
/// - `in-ca-file`, `begins-later`: what `files.rs` does to the files under that name.
const CONNECTIONS: &str = r#"
    clean-address-for-libpq-14             | | connects |
    clean-another-is-revoked               | | connects |
    clean-ca-with-both-usages              | | connects |
    clean-client-key-der                   | | connects |
    clean-client-key-of-another-user       | | connects |
    clean-client-signed-by-ed25519         | | connects |
    clean-crl-directory                    | | connects |
    clean-crl-directory lists=client       | | connects |
    clean-ecdsa-p256                       | | connects |
    clean-ecdsa-p256-intermediate          | | connects |
    clean-ecdsa-p384                       | | connects |
    clean-ed25519                          | | connects |
    clean-extension-unknown                | | connects |
    clean-host-and-role                    | | connects |
    clean-host-in-capitals                 | | connects |
    clean-host-in-short-form               | | connects |
    clean-host-under-verify-ca             | | connects |
    clean-leaves-without-constraints       | | connects |
    clean-leaves-without-key-usage         | | connects |
    clean-list-beside-its-predecessor      | | connects |
    clean-list-for-users-of-an-intermediate | | connects |
    clean-lists                            | | connects |
    clean-lists lists=client               | | connects |
    clean-name-constraints                 | | connects |
    clean-netscape-types                   | | connects |
    clean-newer-list-tells-otherwise       | | connects |
    clean-path-length-spent                | | connects |
    clean-role-name-of-63 user=rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr | | connects |
    clean-root-beside-its-predecessor      | | connects |
    clean-root-sent-too                    | | connects |
    clean-root-signed-with-sha1            | | connects |
    clean-root-without-crl-sign            | | connects |
    clean-rsa-2048                         | | connects |
    clean-rsa-2048-intermediate            | | connects |
    clean-rsa-3072                         | | connects |
    clean-rsa-4096                         | | connects |
    clean-self-signed                      | | connects |
    clean-serial-of-20-octets              | | connects |
    clean-serial-under-two-issuers         | | connects |
    clean-server-for-any-usage-too         | | connects |
    clean-server-key-of-root               | | connects |
    clean-server-key-sec1                  | | connects |
    clean-server-settings                  | | connects |
    clean-server-without-common-name       | | connects |
    clean-server-without-subject           | | connects |
    clean-server-without-key-identifier    | | connects |
    clean-trust-in-any-order               | | connects |
    clean-two-roots-of-one-name            | | connects |
    clean-wildcard                         | | connects |

    anchor-of-the-same-name                | chain-incomplete          | SSL error: certificate verify failed | alert unknown ca
    anchor-of-the-same-name unjudged       | chain-incomplete          | alert unknown ca                     | certificate verify failed
    intermediate-nowhere                   | chain-incomplete          | SSL error: certificate verify failed | alert unknown ca
    client-intermediate-nowhere            | chain-incomplete          | alert unknown ca                     | certificate verify failed
    client-intermediate-not-appended       | intermediate-not-appended | connects                             |
    client-intermediate-not-appended trust=root.crt | chain-incomplete | alert unknown ca                     | certificate verify failed
    intermediate-not-appended              | intermediate-not-appended | connects                             |
    intermediate-not-appended trust=root.crt | chain-incomplete        | SSL error: certificate verify failed | alert unknown ca
    anchor-is-the-intermediate             | anchor-not-self-signed    | SSL error: certificate verify failed | alert unknown ca
    anchor-is-the-intermediate unjudged    | anchor-not-self-signed    | alert unknown ca                     | certificate verify failed
    anchor-is-the-leaf                     | anchor-not-self-signed    | SSL error: certificate verify failed | alert unknown ca
    self-signed-server-not-trusted         | not-trusted               | SSL error: certificate verify failed | alert unknown ca
    issuer-is-no-ca                        | issuer-not-ca             | SSL error: certificate verify failed | alert unknown ca
    issuer-cannot-sign                     | issuer-cannot-sign        | SSL error: certificate verify failed | alert unknown ca
    path-length-exceeded                   | path-length-exceeded      | SSL error: certificate verify failed | alert unknown ca
    path-length-exceeded unjudged          | path-length-exceeded      | alert unknown ca                     | certificate verify failed
    signature-flipped                      | signature-bad             | SSL error: | alert decrypt error
    name-constraints                       | name-constraints          | SSL error: certificate verify failed | alert certificate unknown
    subject-constraints                    | subject-constraints       | connects                             |
    subject-outside-constraints            | name-constraints subject-constraints | SSL error: certificate verify failed | alert certificate unknown
    subject-outside-constraints unjudged   | name-constraints subject-constraints | alert certificate unknown            | certificate verify failed
    intermediate-outside-constraints       | name-constraints subject-constraints | SSL error: certificate verify failed | alert certificate unknown
    constraints-of-another-kind            | constraints-not-checked   | connects                             |
    critical-extension-unknown             | critical-extension-unknown | SSL error: certificate verify failed | alert certificate unknown
    root-with-extension-twice              | extension-repeated        | SSL error: invalid certificate       | alert unknown ca
    root-with-extension-twice unjudged     | extension-repeated        | alert unknown ca                     | certificate verify failed
    policies-twice                         | extension-repeated        | connects                             |
    policies-unreadable                    | extension-unreadable      | connects                             |
    algorithms-differ                      | algorithms-differ         | SSL error: certificate verify failed | alert decrypt error
    root-algorithms-differ                 | algorithms-differ         | connects                             |
    server-key-ed448                       | key-not-checked           | connects                             |
    root-without-subject                   | subject-empty             | connects                             |
    server-without-subject                 | san-not-critical          | connects                             |
    server-with-empty-names                | san-empty san-missing     | connects                             |
    server-signs-certificates              | leaf-like-ca              | connects                             |
    server-with-path-length                | leaf-like-ca              | connects                             |
    server-is-ca-with-path-length          | leaf-is-ca leaf-like-ca   | connects                             |
    server-v2                              | x509-v1                   | connects                             |

    server-for-clients-alone               | not-for-servers           | SSL error: certificate verify failed | alert unsupported certificate
    server-for-any-usage                   | not-for-servers           | SSL error: certificate verify failed | alert unsupported certificate
    server-for-netscape-clients            | not-for-servers           | SSL error: certificate verify failed | alert unsupported certificate
    client-for-netscape-servers            | not-for-clients           | alert unsupported certificate        | certificate verify failed
    client-for-servers-alone               | not-for-clients           | alert unsupported certificate        | certificate verify failed
    client-for-any-usage                   | client-passes-as-server   | connects                             |
    server-key-enciphers-only              | no-digital-signature      | alert handshake failure              | no shared cipher
    server-key-enciphers-only tls=TLSv1.3  | no-digital-signature      | connects                             |
    server-key-attests-only tls=TLSv1.3    | no-digital-signature      | SSL error: certificate verify failed | alert unsupported certificate
    client-key-enciphers-only              | no-digital-signature      | alert unsupported certificate        | certificate verify failed
    client-key-agrees-only                 | no-digital-signature      | connects                             |
    ca-for-clients-over-a-server           | ca-usage-forbids          | SSL error: certificate verify failed | alert unsupported certificate

    root-key-rsa-1024                      | key-too-small             | alert internal error                 | could not accept SSL connection: ca key too small
    server-key-spells-out-its-curve        | explicit-curve            | SSL error: certificate verify failed | alert bad certificate
    root-key-spells-out-its-curve          | explicit-curve signature-not-checked | SSL error: certificate verify failed | alert bad certificate
    server-expired                         | expired                   | SSL error: certificate verify failed | alert certificate expired
    client-expired                         | expired                   | alert certificate expired            | certificate verify failed
    intermediate-expired                   | expired                   | SSL error: certificate verify failed | alert certificate expired
    intermediate-expired unjudged          | expired                   | alert certificate expired            | certificate verify failed
    root-expired                           | expired                   | SSL error: certificate verify failed | alert certificate expired
    clean-self-signed begins-later         | not-yet-valid             | SSL error: certificate verify failed | alert bad certificate

    host-mismatch                          | host-mismatch             | server certificate for "db.test" (and 2 other names) does not match host name "replica.test" |
    host-in-common-name-alone              | common-name-not-in-san host-mismatch | server certificate for "replica.test" does not match host name "db.test" |
    host-two-labels-under-wildcard         | host-mismatch             | does not match host name "a.replica.db.test" |
    nul-in-san                             | nul-in-name               | SSL certificate's name contains embedded null |
    nul-in-common-name                     | nul-in-name role-mismatch | closed                               | SSL certificate's common name contains embedded null
    address-of-five-octets                 | san-malformed             | certificate contains IP address with invalid length 5 |

    role-mismatch                          | role-mismatch             | FATAL:  certificate authentication failed for user "bob" | provided user name (bob) and authenticated user name (app) do not match
    role-in-capitals                       | role-mismatch             | FATAL:  certificate authentication failed for user "App" | provided user name (App) and authenticated user name (app) do not match
    client-without-common-name             | common-name-missing       | FATAL:  certificate authentication failed for user "app" | certificate authentication failed for user "app": client certificate contains no user name
    two-common-names                       | several-common-names      | connects                             |
    two-common-names user=admin            | role-mismatch several-common-names | FATAL:  certificate authentication failed for user "admin" | provided user name (admin) and authenticated user name (app) do not match

    client-certificate-missing             | key-alone                 | FATAL:  connection requires a valid client certificate | FATAL:  connection requires a valid client certificate
    client-key-readable-by-group           | key-mode-too-open         | private key file "{dir}/client.key" has group or world access | EOF detected
    client-key-encrypted                   | key-encrypted             | could not load private key file "{dir}/client.key" | EOF detected
    client-signed-with-md5                 | digest-too-weak           | could not read certificate file "{dir}/client.crt": ca md too weak | EOF detected
    file-empty                             | file-empty                | could not read certificate file "{dir}/client.crt": no start line | EOF detected

    client-revoked                         | revoked                   | alert certificate revoked            | certificate verify failed
    client-revoked in-ca-file              | crl-only-in-trust         | connects                             |
    intermediate-revoked                   | revoked                   | alert certificate revoked            | certificate verify failed
    intermediate-revoked lists=client      | revoked                   | SSL error: certificate verify failed | alert certificate revoked
    intermediate-revoked lists=client crl=gone.pem | crl-not-loaded    | connects                             |
    crl-not-loaded lists=client            | crl-not-loaded            | connects                             |
    crl-stale                              | crl-stale                 | alert certificate expired            | certificate verify failed
    crl-stale lists=client                 | crl-stale                 | SSL error: certificate verify failed | alert certificate expired
    crl-of-the-root-missing                | crl-missing               | alert unknown ca                     | certificate verify failed
    crl-of-the-root-missing lists=client   | crl-missing               | SSL error: certificate verify failed | alert unknown ca
    crl-directory-without-lists            | crl-directory-unusable    | alert unknown ca                     | certificate verify failed
    crl-directory-without-lists lists=client | crl-directory-unusable  | SSL error: certificate verify failed | alert unknown ca
    crl-hash-name                          | crl-hash-name             | alert unknown ca                     | certificate verify failed
    crl-hash-name lists=client             | crl-hash-name             | SSL error: certificate verify failed | alert unknown ca
    crl-of-another-key                     | crl-missing crl-signature-bad | alert unknown ca                 | certificate verify failed
    crl-delta                              | crl-delta                 | connects                             |
    crl-for-users-alone                    | crl-scope                 | alert certificate unknown            | certificate verify failed
    crl-for-users-alone lists=client       | crl-scope                 | SSL error: certificate verify failed | alert certificate unknown
    crl-for-authorities-alone              | crl-scope                 | alert certificate unknown            | certificate verify failed
    crl-for-another-place                  | crl-scope                 | alert certificate unknown            | certificate verify failed
    crl-for-some-reasons                   | crl-missing               | alert unknown ca                     | certificate verify failed
    crl-extension-unknown                  | critical-extension-unknown | alert certificate unknown           | certificate verify failed
    crl-extension-twice                    | extension-repeated        | connects                             |
    crl-extension-unreadable               | extension-unreadable      | connects                             |
    crl-algorithms-differ                  | algorithms-differ         | connects                             |
    crl-signature-flipped                  | crl-signature-bad         | alert decrypt error                  | could not accept SSL connection
"#;

/// Clean cases of which this table has none: they are clean for a while.
pub(crate) const CLEAN_FOR_A_WHILE: [&str; 1] = ["clean-expires-later"];

/// What becomes of a case.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// psql logs in.
    Connects,
    /// The server does not start, and its log says this.
    NoStart(&'static str),
    /// psql says this, and this is in the server's log.
    Refused { psql: &'static str, log: &'static str },
}

/// A line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The fixture.
    pub(crate) case: &'static str,
    changes: Vec<&'static str>,
    /// The ids of all errors and warnings.
    pub(crate) predicted: Vec<&'static str>,
    pub(crate) verdict: Verdict,
}

impl Row {
    /// Whether the change is asked for.
    pub(crate) fn has(&self, change: &str) -> bool {
        self.changes.contains(&change)
    }

    /// What stands behind the equals sign of a change.
    pub(crate) fn value(&self, change: &str) -> Option<&'static str> {
        let mut pairs = self.changes.iter().filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == change).map(|(_, value)| value)
    }

    /// As it stands in the table.
    pub(crate) fn name(&self) -> String {
        [&[self.case], self.changes.as_slice()].concat().join(" ")
    }

    fn new(columns: &[&'static str], verdict: Verdict) -> Self {
        let mut words = columns[0].split_whitespace();
        let case = words.next().unwrap();
        let predicted = columns[1].split_whitespace().collect();
        Self { case, changes: words.collect(), predicted, verdict }
    }
}

/// The cases on which the server does not start.
pub(crate) fn starts() -> Vec<Row> {
    let rows = columns::<3>(STARTS).map(|columns| Row::new(&columns, Verdict::NoStart(columns[2])));
    rows.collect()
}

/// The cases on which it starts, and psql tries to log in.
pub(crate) fn connections() -> Vec<Row> {
    let rows = columns::<4>(CONNECTIONS).map(|columns| {
        let verdict = match columns[2] {
            "connects" => Verdict::Connects,
            psql => Verdict::Refused { psql, log: columns[3] },
        };
        Row::new(&columns, verdict)
    });
    rows.collect()
}

fn columns<const COUNT: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; COUNT]> {
    let lines = table.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        columns.try_into().unwrap_or_else(|columns| panic!("not {COUNT} columns: {columns:?}"))
    })
}
