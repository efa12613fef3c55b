//! Where the password is: PGPASSWORD, `~/.pgpass`, or a person.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::address::{Address, Place};
use crate::error::RunError;

/// The password for this address, which the server has asked for.
///
/// # Errors
/// [`RunError::usage`] if nobody has it.
pub(super) fn of(address: &Address) -> Result<Zeroizing<String>, RunError> {
    if let Some(password) = std::env::var("PGPASSWORD").ok().filter(|password| !password.is_empty()) {
        return Ok(Zeroizing::new(password));
    }
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".pgpass"));
    let file = std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(home);
    let mut open_to_all = "";
    if let Some(path) = file.filter(|path| path.is_file()) {
        if is_closed(&path) {
            let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(RunError::io(&path))?);
            if let Some(password) = text.lines().find_map(|line| in_line(line, address)) {
                return Ok(Zeroizing::new(password));
            }
        } else {
            open_to_all = " (the password file is not read: others may read it; chmod 600 it)";
        }
    }
    let terminal = console::Term::stderr();
    if terminal.is_term() && std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        let _ =
            terminal.write_str(&format!("password of {} for the database: ", crate::escape::shown(&address.user, 60)));
        if let Ok(password) = terminal.read_secure_line() {
            return Ok(Zeroizing::new(password));
        }
    }
    Err(RunError::usage(format!("the database asks for a password, and there is none{open_to_all}"))
        .remedy("put it into PGPASSWORD or ~/.pgpass (a password is never an argument)"))
}

/// Whether nobody but its owner reads a file, as libpq wants it.
fn is_closed(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|found| found.permissions().mode().trailing_zeros() >= 6)
    }
    #[cfg(not(unix))]
    {
        path.exists()
    }
}

/// The password of a line of `~/.pgpass`, if it is this address's: `host:port:database:user:password`, with `*` for anything
/// and a backslash before `:` and `\` (PostgreSQL, *The Password File*).
fn in_line(line: &str, address: &Address) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => fields.last_mut()?.push(chars.next()?),
            ':' if fields.len() < 5 => fields.push(String::new()),
            c => fields.last_mut()?.push(c),
        }
    }
    let [host, port, database, user, password] = fields.try_into().ok()?;
    let is = |field: &str, value: &str| field == "*" || field == value;
    let here = match &address.place {
        Place::Host(name) => is(&host, name),
        Place::Socket(folder) => host == "localhost" || is(&host, &folder.display().to_string()),
    };
    let fits =
        here && is(&port, &address.port.to_string()) && is(&database, &address.database) && is(&user, &address.user);
    fits.then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_password_file_are_read_as_libpq_reads_them() {
        let address = Address::of("postgres://an%3An@db:6000/app", |_| None).unwrap();
        for (line, password) in [
            ("db:6000:app:an\\:n:se\\\\cret:x", Some("se\\cret:x")),
            ("*:*:*:*:s", Some("s")),
            ("other:*:*:*:s", None),
            ("db:1:*:*:s", None),
            ("#*:*:*:*:s", None),
            ("*:*:*:ann:s", None),
            ("*:*:*:s", None),
        ] {
            assert_eq!(in_line(line, &address).as_deref(), password, "{line}");
        }
        let socket = Address::of("postgres://ann@/app?host=/run/x", |_| None).unwrap();
        assert_eq!(in_line("localhost:5432:app:ann:s", &socket).as_deref(), Some("s"));
        assert_eq!(in_line("/run/x:5432:app:ann:s", &socket).as_deref(), Some("s"));
    }
}
