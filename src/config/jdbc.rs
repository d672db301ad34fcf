//! pgJDBC: a URL. It reads keys as PKCS#8 in DER or from PKCS#12 alone (`LibPQFactory`).

use super::link::Link;
use super::quote;
use super::site::Text;

/// The URL.
#[must_use]
pub fn jdbc(link: &Link) -> Text {
    let mut settings = vec![("user", link.user.as_str()), ("sslmode", "verify-full")];
    settings.push(("sslrootcert", &link.trust));
    if let Some((certificate, key)) = &link.pair {
        // An archive has its own certificate in it.
        if !key.ends_with(".p12") {
            settings.push(("sslcert", certificate));
        }
        settings.push(("sslkey", key));
    }
    let port = link.port.map(|port| format!(":{port}")).unwrap_or_default();
    // Without one pgJDBC takes the role's name, too.
    let database = link.database.as_deref().unwrap_or(&link.user);
    let host = quote::uri_host(&link.host);
    let words = settings.iter().map(|(name, value)| format!("{name}={}", quote::in_uri(value)));
    let words = words.collect::<Vec<_>>().join("&");
    let text = format!("jdbc:postgresql://{host}{port}/{}?{words}\n", quote::in_uri_whole(database));
    Text { text, notes: link.notes() }
}
