//! Finding an installed PostgreSQL.
//!
//! Distributions hide the server's programs: Debian keeps one folder per major version out of `PATH`, Fedora puts them in
//! `/usr/bin`, Homebrew in its own prefix. The search goes from the most to the least deliberate answer: a setting, what
//! `pg_config` says, the usual folders with the newest version first, `PATH`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::EmbeddedError;

/// The oldest major version that the migrations run on.
pub const OLDEST_MAJOR: u16 = 15;

/// How to install PostgreSQL, in the words of the machine's own package manager.
pub(super) fn how_to_install() -> &'static str {
    if cfg!(target_os = "macos") {
        "`brew install postgresql@17`"
    } else if Path::new("/etc/debian_version").exists() {
        "`apt-get install postgresql` as root"
    } else if Path::new("/etc/fedora-release").exists() || Path::new("/etc/redhat-release").exists() {
        "`dnf install postgresql-server` as root"
    } else {
        "your system's package of the PostgreSQL server"
    }
}

/// A version such as `15.18`. Development builds (`18beta1`, `19devel`) count as minor 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The release line, which decides whether a data folder can be opened.
    pub major: u16,
    /// The bug fix release within the line.
    pub minor: u16,
}

impl Version {
    /// Reads the first thing that looks like a version in the output of `postgres --version`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(|word| {
            let (major, rest) = leading_number(word)?;
            let minor = rest.strip_prefix('.').and_then(leading_number).map_or(0, |(minor, _)| minor);
            Some(Self { major, minor })
        })
    }
}

fn leading_number(text: &str) -> Option<(u16, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    digits.parse().ok().map(|number| (number, rest))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A folder with `postgres` and `initdb` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Where the programs are.
    pub bin_dir: PathBuf,
    /// What `postgres --version` said.
    pub version: Version,
}

impl Installation {
    /// The path of one of its programs.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }
}

/// Finds a PostgreSQL that can be used.
///
/// `setting` is a folder chosen by the operator: if given, nothing else is looked at. `data_major` is the version that an
/// existing data folder was made by; only that major version can open it.
pub async fn locate(setting: Option<&Path>, data_major: Option<u16>) -> Result<Installation, EmbeddedError> {
    let found = match setting {
        Some(folder) => match probe(folder).await {
            Some(installation) => vec![installation],
            None => return Err(EmbeddedError::BadBinDir { folder: folder.to_owned() }),
        },
        None => installations(candidates().await).await,
    };
    choose(found, data_major)
}

/// Picks from `found`, which is in order of preference.
fn choose(found: Vec<Installation>, data_major: Option<u16>) -> Result<Installation, EmbeddedError> {
    let newest = found.iter().map(|one| one.version).max();
    let fits = |one: &Installation| {
        one.version.major >= OLDEST_MAJOR && data_major.is_none_or(|major| one.version.major == major)
    };
    match (found.into_iter().find(fits), newest, data_major) {
        (Some(installation), _, _) => Ok(installation),
        (None, None, _) => Err(EmbeddedError::NotInstalled),
        (None, Some(found), Some(needed)) if found.major >= OLDEST_MAJOR => {
            Err(EmbeddedError::OtherMajor { needed, found })
        }
        (None, Some(found), _) => Err(EmbeddedError::TooOld { found }),
    }
}

async fn installations(folders: Vec<PathBuf>) -> Vec<Installation> {
    let mut found: Vec<Installation> = Vec::new();
    for folder in folders {
        if found.iter().any(|one| one.bin_dir == folder) {
            continue;
        }
        found.extend(probe(&folder).await);
    }
    found
}

/// Whether a folder holds the server's programs, and of which version. `pg_config` also comes with the client libraries
/// alone, so its word that a folder exists is not enough.
async fn probe(folder: &Path) -> Option<Installation> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    let text = output_of(Command::new(folder.join("postgres")).arg("--version")).await?;
    Some(Installation { bin_dir: folder.to_owned(), version: Version::parse(&text)? })
}

async fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(std::process::Stdio::null()).output().await.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

async fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(folder) = output_of(Command::new("pg_config").arg("--bindir")).await {
        folders.push(PathBuf::from(folder));
    }
    for (parent, prefix, suffix) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        folders.extend(versioned_folders(Path::new(parent), prefix, suffix));
    }
    #[expect(clippy::disallowed_methods, reason = "PATH is where the system keeps programs, not a setting of ours")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders
}

/// The folders `<parent>/<prefix><version>/<suffix>`, newest version first.
fn versioned_folders(parent: &Path, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let mut versions: Vec<(Version, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = Version::parse(name.to_str()?.strip_prefix(prefix)?)?;
            Some((version, entry.path().join(suffix)))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        let version = |major, minor| Some(Version { major, minor });
        assert_eq!(Version::parse("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), version(15, 18));
        assert_eq!(Version::parse("postgres (PostgreSQL) 18beta2"), version(18, 0));
        assert_eq!(Version::parse("PostgreSQL 9.6.24"), version(9, 6));
        assert_eq!(Version::parse("17"), version(17, 0));
        assert_eq!(Version::parse("postgres (PostgreSQL) unknown"), None);
    }

    fn installed(major: u16, minor: u16) -> Installation {
        Installation { bin_dir: PathBuf::from(format!("/pg/{major}")), version: Version { major, minor } }
    }

    #[test]
    fn the_first_that_fits_is_chosen_and_each_refusal_has_its_reason() {
        let both = || vec![installed(17, 2), installed(15, 8)];
        assert_eq!(choose(both(), None).unwrap().version.major, 17);
        assert_eq!(choose(both(), Some(15)).unwrap().version.major, 15);
        assert!(matches!(choose(vec![], None), Err(EmbeddedError::NotInstalled)));
        assert!(matches!(choose(vec![installed(14, 1)], None), Err(EmbeddedError::TooOld { .. })));
        assert!(matches!(choose(both(), Some(16)), Err(EmbeddedError::OtherMajor { needed: 16, .. })));
        assert!(matches!(choose(vec![installed(14, 1)], Some(15)), Err(EmbeddedError::TooOld { .. })));
    }

    #[test]
    fn folders_named_by_version_are_sorted_as_numbers() {
        let parent = std::env::temp_dir().join(format!("arctiv-locate-{}", std::process::id()));
        for name in ["pgsql-9.6", "pgsql-15", "pgsql-100", "other"] {
            std::fs::create_dir_all(parent.join(name)).unwrap();
        }
        let names: Vec<_> = versioned_folders(&parent, "pgsql-", "bin")
            .into_iter()
            .map(|path| path.strip_prefix(&parent).unwrap().display().to_string())
            .collect();
        std::fs::remove_dir_all(&parent).unwrap();
        assert_eq!(names, ["pgsql-100/bin", "pgsql-15/bin", "pgsql-9.6/bin"]);
    }

    #[tokio::test]
    async fn this_machine_has_one() {
        let found = locate(None, None).await.unwrap();
        assert!(found.program("postgres").is_file());
        let nowhere = locate(Some(Path::new("/nonexistent")), None).await.unwrap_err();
        assert!(nowhere.to_string().contains("/nonexistent"), "{nowhere}");
    }
}
