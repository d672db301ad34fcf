//! What PostgreSQL has against a line of `pg_hba.conf`, in its words.

use super::Method;

/// Why a line is refused; the server then does not start, and on a reload goes on with the lines that it had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HbaProblem {
    /// A connection type that is none.
    #[error("invalid connection type \"{found}\"")]
    Connection {
        /// What stands there.
        found: String,
    },
    /// A line that is too short.
    #[error("end-of-line before {before}")]
    EndOfLine {
        /// What is missing.
        before: &'static str,
    },
    /// A list where one word has to stand.
    #[error("multiple values specified for {what}")]
    Several {
        /// The field.
        what: &'static str,
    },
    /// A host name with a mask.
    #[error("specifying both host name and CIDR mask is invalid: \"{found}\"")]
    NameWithMask {
        /// What stands there.
        found: String,
    },
    /// More bits than the address has.
    #[error("invalid CIDR mask in address \"{found}\"")]
    MaskLength {
        /// What stands there.
        found: String,
    },
    /// A mask that is no address.
    #[error("invalid IP mask \"{found}\"")]
    Mask {
        /// What stands there.
        found: String,
    },
    /// A mask of the other family.
    #[error("IP address and mask do not match: \"{found}\"")]
    MaskFamily {
        /// The mask.
        found: String,
    },
    /// A method that is none.
    #[error("invalid authentication method \"{found}\"")]
    Method {
        /// What stands there.
        found: String,
    },
    /// A method that does not work over this kind of connection.
    #[error("{method} authentication is only supported on {on}")]
    MethodOnly {
        /// The method.
        method: Method,
        /// Where it works.
        on: &'static str,
    },
    /// An option without a value.
    #[error("authentication option not in name=value format: {found}")]
    OptionForm {
        /// What stands there.
        found: String,
    },
    /// An option that is none.
    #[error("unrecognized authentication option name: \"{found}\"")]
    OptionName {
        /// Its name.
        found: String,
    },
    /// An option about certificates where there are none.
    #[error("{option} can only be configured for \"hostssl\" rows")]
    OptionWithoutTls {
        /// The option.
        option: &'static str,
    },
    /// An option of another method.
    #[error("authentication option \"{option}\" is only valid for authentication methods {methods}")]
    OptionMethods {
        /// The option.
        option: &'static str,
        /// The methods that take it.
        methods: &'static str,
    },
    /// A method without what it needs.
    #[error("authentication method \"{method}\" requires argument {wanted} to be set")]
    OptionMissing {
        /// The method.
        method: Method,
        /// The options, in quotes; one of them is needed.
        wanted: &'static str,
    },
    /// LDAP told to put a name together, and to search for it.
    #[error("cannot mix options for simple bind and search+bind modes")]
    LdapModes,
    /// LDAP told twice what to search for.
    #[error("cannot use ldapsearchattribute together with ldapsearchfilter")]
    LdapFilters,
    /// A `clientcert` that is none.
    #[error("invalid value for clientcert: \"{found}\"")]
    ClientCertificate {
        /// The value.
        found: String,
    },
    /// Less than the method `cert` asks for anyway.
    #[error("clientcert only accepts \"verify-full\" when using \"cert\" authentication, not \"{found}\"")]
    CertNeedsFull {
        /// The value.
        found: String,
    },
    /// A `clientname` that is none.
    #[error("invalid value for clientname: \"{found}\"")]
    ClientName {
        /// The value.
        found: String,
    },
}

impl HbaProblem {
    pub(in crate::settings) fn detail(&self) -> Option<String> {
        let detail = match self {
            Self::Connection { .. } => {
                "A line begins with local, host, hostssl, hostnossl, hostgssenc or hostnogssenc; include is known from \
                 PostgreSQL 16."
            }
            Self::LdapModes => {
                "ldapprefix and ldapsuffix put a name together; ldapbasedn and what belongs to it search for one."
            }
            Self::ClientCertificate { .. } => "It takes verify-ca or verify-full.",
            Self::ClientName { .. } => "It takes CN or DN.",
            _ => return None,
        };
        Some(detail.to_owned())
    }

    pub(in crate::settings) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::EndOfLine { before: "netmask specification" } => {
                "Write the address with the length of its mask: 192.0.2.1/32."
            }
            Self::Connection { .. } | Self::EndOfLine { .. } | Self::Several { .. } => {
                "Write: TYPE DATABASE USER ADDRESS METHOD [OPTIONS], without ADDRESS for local."
            }
            Self::NameWithMask { .. }
            | Self::MaskLength { .. }
            | Self::Mask { .. }
            | Self::MaskFamily { .. } => {
                "Write an address as 192.0.2.0/24 or 2001:db8::/32, and a host name without a mask."
            }
            Self::MethodOnly { method: Method::Cert, .. } | Self::OptionWithoutTls { .. } => {
                "Begin the line with hostssl."
            }
            Self::OptionMethods { option: "map", .. } => {
                "Take it out: with clientcert=verify-full the certificate's name has to be the role's."
            }
            Self::OptionMethods { .. } => "Take it out, or name the method that it is for.",
            Self::OptionMissing { .. } => "Give it behind the method, as NAME=VALUE.",
            Self::CertNeedsFull { .. } => "Take clientcert out: cert implies verify-full.",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
