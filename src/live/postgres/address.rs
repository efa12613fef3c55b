//! Where a server is and who asks: a URL as libpq takes it, and the variables of the environment that libpq reads. Never a
//! password: it would stand in the list of processes, in the shell's history and in the report.

use std::path::{Path, PathBuf};

use crate::error::RunError;

/// What a URL begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Where sockets are, of Debian's servers and of everybody else's.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// A database, and who asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub place: Place,
    pub port: u16,
    /// `hostaddr`: where the host is reached, through a tunnel.
    pub reach: Option<String>,
    pub user: String,
    pub database: String,
    pub tls: Tls,
    /// `sslrootcert`: authorities that are believed besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Host(String),
    /// The folder of its socket.
    Socket(PathBuf),
}

/// `sslmode`, as far as it makes a difference here: a certificate is always looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    Never,
    /// Where there is a wire that somebody could listen at.
    Usual,
    Always,
}

/// Whether this names a database of PostgreSQL.
pub(in crate::live) fn is_one(path: &Path) -> bool {
    path.to_str().is_some_and(|text| SCHEMES.iter().any(|scheme| text.starts_with(scheme)))
}

fn refused(what: impl std::fmt::Display) -> RunError {
    RunError::usage(format!("the address of the database: {what}"))
        .remedy("it is like postgres://USER@HOST:5432/DATABASE?sslmode=verify-full")
}

impl Address {
    /// Of a URL. `variable` gives the environment.
    ///
    /// # Errors
    /// [`RunError::usage`] for one that is none, names more than one server, or holds a password.
    pub fn of(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, RunError> {
        let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or(url);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains(':') {
            return Err(secret());
        }
        let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, port)) => (address, port.strip_prefix(':').unwrap_or("")),
            None => server.split_once(':').unwrap_or((server, "")),
        };
        let mut given = Given {
            host: decoded(host)?,
            port: decoded(port)?,
            user: decoded(user)?,
            database: decoded(database)?,
            ..Given::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            given.take(name, decoded(value)?)?;
        }
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let or = |value: String, name: &str| if value.is_empty() { variable(name).unwrap_or_default() } else { value };
        let host = or(given.host, "PGHOST");
        if host.contains(',') {
            return Err(refused("it names several servers"));
        }
        let port = or(given.port, "PGPORT");
        let port = if port.is_empty() { 5432 } else { port.parse().map_err(|_| refused("its port is no number"))? };
        let user = or(given.user, "PGUSER");
        let user =
            Some(user).filter(|user| !user.is_empty()).or_else(|| variable("USER")).or_else(|| variable("LOGNAME"));
        let user = user.ok_or_else(|| refused("it does not say who asks"))?;
        let database = Some(or(given.database, "PGDATABASE")).filter(|name| !name.is_empty());
        let ca_file = Some(or(given.ca_file, "PGSSLROOTCERT")).filter(|path| !path.is_empty() && path != "system");
        Ok(Self {
            place: Place::of(&host, port),
            port,
            reach: Some(given.reach).filter(|reach| !reach.is_empty()),
            database: database.unwrap_or_else(|| user.clone()),
            user,
            tls: Tls::of(&or(given.tls, "PGSSLMODE"))?,
            ca_file: ca_file.map(PathBuf::from),
        })
    }

    /// As messages and the report have it.
    pub fn name(&self) -> String {
        let host = match &self.place {
            Place::Socket(_) => "",
            Place::Host(host) => host,
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let port = if self.port == 5432 { String::new() } else { format!(":{}", self.port) };
        crate::escape::shown(&format!("postgres://{}@{host}{port}/{}", self.user, self.database), 200).into_owned()
    }

    /// Whether nobody else's wire lies between here and the server.
    pub fn is_local(&self) -> bool {
        match &self.place {
            Place::Socket(_) => true,
            Place::Host(host) => {
                // `hostaddr` is where the wire begins, and `host` where it ends: behind a tunnel there is more of it.
                host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

fn secret() -> RunError {
    RunError::usage("the address of the database holds a password, which would stand in the report and the ledger")
        .remedy("leave it out, and put it into PGPASSWORD or ~/.pgpass")
}

/// What a URL says, as text.
#[derive(Default)]
struct Given {
    host: String,
    reach: String,
    port: String,
    user: String,
    database: String,
    tls: String,
    ca_file: String,
}

impl Given {
    fn take(&mut self, name: &str, value: String) -> Result<(), RunError> {
        match name {
            "host" => self.host = value,
            "hostaddr" => self.reach = value,
            "port" => self.port = value,
            "user" => self.user = value,
            "dbname" => self.database = value,
            "sslmode" => self.tls = value,
            "sslrootcert" => self.ca_file = value,
            "password" | "sslpassword" => return Err(secret()),
            // What binds a password to a connection is done by the certificate, which is always looked at; what is said of
            // waiting and of names changes nothing that is read.
            "channel_binding"
            | "application_name"
            | "connect_timeout"
            | "target_session_attrs"
            | "gssencmode"
            | "keepalives" => {}
            _ => return Err(refused(format!("`{}` in it is not known", crate::escape::shown(name, 40)))),
        }
        Ok(())
    }
}

impl Place {
    fn of(host: &str, port: u16) -> Self {
        if host.starts_with('/') {
            return Self::Socket(host.into());
        }
        if !host.is_empty() {
            return Self::Host(host.to_owned());
        }
        let socket = SOCKETS.iter().map(Path::new).find(|folder| folder.join(socket(port)).exists());
        socket.map_or_else(|| Self::Host("localhost".into()), |folder| Self::Socket(folder.to_owned()))
    }
}

/// The name of a server's socket.
pub(super) fn socket(port: u16) -> String {
    format!(".s.PGSQL.{port}")
}

impl Tls {
    fn of(word: &str) -> Result<Self, RunError> {
        match word {
            "disable" => Ok(Self::Never),
            "" | "allow" | "prefer" => Ok(Self::Usual),
            "require" | "verify-ca" | "verify-full" => Ok(Self::Always),
            _ => Err(refused("sslmode is disable, prefer or verify-full")),
        }
    }
}

/// Text of a URL with its `%41` undone.
fn decoded(text: &str) -> Result<String, RunError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let digits = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(digits.ok_or_else(|| refused("a % in it is not followed by two digits; write %25"))?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| refused("it is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Address, RunError> {
        Address::of(url, |name| (name == "USER").then(|| "me".to_owned()))
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        let found =
            of("postgres://ann%40x@db.example.com:5433/my%20app?sslmode=verify-full&sslrootcert=/ca.pem").unwrap();
        let expected = Address {
            place: Place::Host("db.example.com".into()),
            port: 5433,
            reach: None,
            user: "ann@x".into(),
            database: "my app".into(),
            tls: Tls::Always,
            ca_file: Some("/ca.pem".into()),
        };
        assert_eq!(found, expected);
        assert_eq!(found.name(), "postgres://ann@x@db.example.com:5433/my app");
        let found = of("postgresql://ann@/app?host=/run/x&port=6000").unwrap();
        assert_eq!((found.place.clone(), found.port), (Place::Socket("/run/x".into()), 6000));
        assert!(found.is_local());
        assert_eq!(of("postgres://%2Frun%2Fx/app").unwrap().place, Place::Socket("/run/x".into()));
        let found = of("postgres://[::1]:6000").unwrap();
        assert_eq!((found.place.clone(), found.database.as_str()), (Place::Host("::1".into()), "me"));
        assert!(found.is_local() && !of("postgres://10.0.0.1/x").unwrap().is_local());
        let tunnel = of("postgres://db.example.com/x?hostaddr=127.0.0.1").unwrap();
        assert!(!tunnel.is_local() && tunnel.reach.as_deref() == Some("127.0.0.1"));
        let variables = |name: &str| match name {
            "PGHOST" => Some("h".to_owned()),
            "PGPORT" => Some("7".into()),
            "PGUSER" => Some("u".into()),
            "PGDATABASE" => Some("d".into()),
            "PGSSLMODE" => Some("disable".into()),
            _ => None,
        };
        let found = Address::of("postgres://", variables).unwrap();
        assert_eq!((found.place, found.port, found.tls), (Place::Host("h".into()), 7, Tls::Never));
        assert_eq!((found.user.as_str(), found.database.as_str()), ("u", "d"));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in [
            "postgres://ann:hunter2@db/app",
            "postgres://ann:@db/app",
            "postgres://ann@db/app?password=hunter2",
            "postgres://a:hunter2@x@db/app",
        ] {
            let said = of(url).unwrap_err();
            assert_eq!(said.exit_code(), 2);
            assert!(said.to_string().contains("PGPASSWORD") && !said.to_string().contains("hunter2"), "{said}");
        }
        for url in [
            "postgres://a@b,c/d",
            "postgres://a@b:x/d",
            "postgres://a@b/d?sslmode=maybe",
            "postgres://a@b/d?x=y",
            "postgres://a@b/%zz",
        ] {
            assert_eq!(of(url).unwrap_err().exit_code(), 2, "{url}");
        }
    }
}
