//! Whose certificates are believed: the system's authorities, those of `--ca-file`, and Mozilla's list where the system has
//! none. There is no switch that believes everybody: whoever sits in between would read every hash.

use std::path::Path;
use std::sync::Arc;

use reqwest::{Certificate, Client, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::error::RunError;

/// What a person should know of a machine without a store.
pub(super) const BUILT_IN: &str = "this machine has no store of certificate authorities: Mozilla's list, as it was when this program \
     was built, is believed instead";

/// The authorities of a PEM file.
///
/// # Errors
/// [`RunError::io`]; [`RunError::usage`] for a file without certificates.
pub fn read(path: &Path) -> Result<Vec<Certificate>, RunError> {
    let bytes = std::fs::read(path).map_err(RunError::io(path))?;
    let unusable = |why: &str| {
        RunError::usage(format!("{}: {why}", path.display()))
            .remedy("--ca-file takes the certificates of authorities in PEM, one after the other")
    };
    let found = Certificate::from_pem_bundle(&bytes).map_err(|_| unusable("a certificate in it cannot be read"))?;
    if found.is_empty() { Err(unusable("no certificate is in it")) } else { Ok(found) }
}

/// Builds a client that believes these authorities besides the system's, and whether Mozilla's list had to stand in for those.
/// `tls` says whether anybody will be asked for a certificate at all.
///
/// # Errors
/// What keeps the client from being built.
pub(super) fn build(
    builder: impl Fn() -> ClientBuilder,
    tls: bool,
    added: &[Certificate],
) -> Result<(Client, bool), reqwest::Error> {
    if !tls {
        return builder().tls_certs_only([]).build().map(|client| (client, false));
    }
    // Beside added ones, a store with nothing in it would be no error.
    let with_system = builder().build();
    let with_system = with_system.and_then(|client| match added {
        [] => Ok(client),
        added => builder().tls_certs_merge(added.iter().cloned()).build(),
    });
    // A certificate that cannot be used fails again below, and is told there.
    with_system.map(|client| (client, false)).or_else(|_| {
        let listed = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let listed = listed.filter_map(|authority| Certificate::from_der(authority).ok());
        let client = builder().tls_certs_only(listed.chain(added.iter().cloned())).build()?;
        Ok((client, true))
    })
}

/// What a connection that is no HTTP is made with: the same authorities are believed.
///
/// # Errors
/// As [`read`].
pub fn tls(file: Option<&Path>) -> Result<ClientConfig, RunError> {
    let added = file.map_or(Ok(Vec::new()), ders)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let begun = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let begun = begun.map_err(RunError::bug("no TLS"))?;
    // As for HTTP: a store with nothing in it counts as none, whatever is added.
    if Verifier::new(Arc::clone(&provider)).is_ok()
        && let Ok(verifier) = Verifier::new_with_extra_roots(added.iter().cloned(), provider)
    {
        return Ok(begun.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned().chain(added));
    Ok(begun.with_root_certificates(roots).with_no_client_auth())
}

fn ders(path: &Path) -> Result<Vec<CertificateDer<'static>>, RunError> {
    read(path)?;
    let bytes = std::fs::read(path).map_err(RunError::io(path))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    found.map_err(|error| {
        RunError::usage(format!("{}: a certificate in it cannot be read", path.display())).because(error)
    })
}
