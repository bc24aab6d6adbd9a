//! The keys of the vault: where they are looked for, who may hold them, and how they are read. It encrypts nothing.

use std::{
    fmt,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use zeroize::Zeroizing;

use crate::{
    Error, Key,
    disk::{self, Content},
};

/// The variable that holds keys.
pub const KEY_VARIABLE: &str = "ROUNDSMAN_VAULT_KEY";
/// The name of the secret that holds keys, with systemd and with Podman.
pub const KEY_SECRET: &str = "roundsman-vault-key";
/// The name of the key file in the state directory.
pub const KEY_FILE: &str = "vault.key";
/// How the name of the file ends that keeps dropped keys.
const DROPPED: &str = ".dropped";
/// The most that a file with keys may hold: some hundred keys, and comments.
const MAX_BYTES: u64 = 64 * 1024;
/// Where Podman and Docker put secrets.
const SECRETS: &str = "/run/secrets";

/// Where keys are looked for: the first place that has some counts, and no other.
#[derive(Clone, Default)]
pub struct KeyLookup {
    /// What `ROUNDSMAN_VAULT_KEY` holds.
    pub variable: Option<Zeroizing<String>>,
    /// The file that the configuration names. It counts also when it is not there.
    pub configured: Option<PathBuf>,
    /// The systemd credential.
    pub systemd: Option<PathBuf>,
    /// The Podman secret.
    pub podman: Option<PathBuf>,
    /// The file in the state directory.
    pub own: PathBuf,
}

/// Where keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In `ROUNDSMAN_VAULT_KEY`.
    Variable,
    /// In a file that is ours to write.
    File(PathBuf),
    /// In a systemd credential.
    Systemd(PathBuf),
    /// In a Podman secret.
    Podman(PathBuf),
    /// Somewhere else, for this one time.
    Given,
}

/// Some keys, newest first.
#[derive(Clone)]
pub struct Keys {
    /// Where they came from.
    pub place: KeyPlace,
    keys: Vec<Key>,
}

impl KeyLookup {
    /// What is looked at around a process whose state directory is this: `variable` reads its environment.
    pub fn around(
        variable: impl Fn(&str) -> Option<String>,
        configured: Option<PathBuf>,
        state_dir: &Path,
    ) -> Self {
        let secret = |folder: String| Path::new(&folder).join(KEY_SECRET);
        Self {
            variable: variable(KEY_VARIABLE).filter(|keys| !keys.trim().is_empty()).map(Zeroizing::new),
            configured,
            systemd: variable("CREDENTIALS_DIRECTORY").map(secret),
            podman: Some(Path::new(SECRETS).join(KEY_SECRET)),
            own: state_dir.join(KEY_FILE),
        }
    }

    /// The place that counts. It may be a file that is not there.
    pub fn place(&self) -> KeyPlace {
        if self.variable.is_some() {
            return KeyPlace::Variable;
        }
        if let Some(file) = &self.configured {
            return KeyPlace::File(file.clone());
        }
        let there = |path: &&PathBuf| path.exists();
        if let Some(path) = self.systemd.as_ref().filter(there) {
            return KeyPlace::Systemd(path.clone());
        }
        match self.podman.as_ref().filter(there) {
            Some(path) => KeyPlace::Podman(path.clone()),
            None => KeyPlace::File(self.own.clone()),
        }
    }

    /// All files that may hold keys, also those that are not there.
    pub fn files(&self) -> Vec<PathBuf> {
        let named = [self.configured.clone(), self.systemd.clone(), self.podman.clone()];
        let ours = self.configured.iter().chain([&self.own]).map(|keys| dropped_file(keys));
        named.into_iter().flatten().chain([self.own.clone()]).chain(ours).collect()
    }

    /// The file beside the key file in which dropped keys are kept, if keys are in a file that is ours to write.
    pub fn dropped_file(&self) -> Option<PathBuf> {
        match self.place() {
            KeyPlace::File(path) => Some(dropped_file(&path)),
            _ => None,
        }
    }

    /// The keys that rotations have dropped, newest first, and where they are kept. They open nothing by themselves.
    pub fn dropped(&self) -> Result<Option<Keys>, Error> {
        let Some(path) = self.dropped_file() else { return Ok(None) };
        let place = KeyPlace::File(path.clone());
        let keys = read(&path, &place)?.map(|text| Keys::parse(&text, place)).transpose()?;
        Ok(keys.filter(|keys| keys.count() > 0))
    }

    /// Reads the keys.
    pub fn load(&self) -> Result<Keys, Error> {
        let place = self.place();
        let text = match &place {
            KeyPlace::Variable | KeyPlace::Given => self.variable.clone().unwrap_or_default(),
            KeyPlace::File(path) | KeyPlace::Systemd(path) | KeyPlace::Podman(path) => {
                read(path, &place)?.ok_or_else(|| Error::NoKey { searched: self.searched() })?
            }
        };
        let keys = Keys::parse(&text, place)?;
        if keys.keys.is_empty() {
            return Err(Error::NoKey { searched: self.searched() });
        }
        Ok(keys)
    }

    fn searched(&self) -> Vec<PathBuf> {
        let places = [&self.systemd, &self.podman].into_iter().flatten().chain([&self.own]);
        self.configured.clone().map_or_else(|| places.cloned().collect(), |file| vec![file])
    }
}

fn dropped_file(keys: &Path) -> PathBuf {
    let mut path = keys.as_os_str().to_owned();
    path.push(DROPPED);
    path.into()
}

/// The text of a key file, if it is there and in the right hands.
pub(crate) fn read(path: &Path, place: &KeyPlace) -> Result<Option<Zeroizing<String>>, Error> {
    let Some(Content { bytes, metadata, folder_owner }) = disk::read(path, MAX_BYTES)? else {
        return Ok(None);
    };
    let me = geteuid().as_raw();
    // Root may look at a file of the daemon's user, in whose folder it lies: who owns both decides what is there anyway.
    let of_daemon = me == 0 && folder_owner == metadata.uid();
    if ![me, 0].contains(&metadata.uid()) && !of_daemon {
        return Err(Error::Owner { path: path.to_owned(), owner: metadata.uid(), me });
    }
    let mode = metadata.mode() & 0o7777;
    // systemd grants access by an access list, which shows as bits of the group; Podman's secrets lie in a container that
    // has no other users, with mode 0444.
    let forbidden = match place {
        KeyPlace::Systemd(_) => 0o037,
        KeyPlace::Podman(_) => 0o022,
        _ => 0o077,
    };
    if mode & forbidden != 0 {
        let may = if mode & 0o022 == 0 { "read" } else { "write" };
        return Err(Error::Mode { path: path.to_owned(), mode, may });
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::BadKey { place: place.clone(), number: 1 })?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

impl Keys {
    /// Reads keys, separated by commas or white space, newest first. Lines that begin with `#` are comments.
    pub fn parse(text: &str, place: KeyPlace) -> Result<Self, Error> {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let words = lines
            .flat_map(|line| line.split(|char: char| char == ',' || char.is_whitespace()))
            .filter(|word| !word.is_empty());
        let keys = words.enumerate().map(|(index, word)| {
            Key::parse(word).ok_or_else(|| Error::BadKey { place: place.clone(), number: index + 1 })
        });
        Ok(Self { keys: keys.collect::<Result<_, _>>()?, place })
    }

    /// The keys that are these.
    pub(crate) fn of(keys: Vec<Key>, place: KeyPlace) -> Self {
        Self { place, keys }
    }

    /// As a key file has them.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        self.text_under("# Keys of the vault, newest first.\n")
    }

    /// As the file has them that are for documents alone.
    pub(crate) fn text_of_documents(&self) -> Zeroizing<String> {
        self.text_under(
            "# The key of what tasks keep secretly, as there is no vault. It opens nothing else.\n",
        )
    }

    /// As the file has them that keeps dropped ones.
    pub(crate) fn text_of_dropped(&self) -> Zeroizing<String> {
        self.text_under(
            "# Keys that the vault has no more. To open what has one of them, put it in the key file, behind the newest.\n",
        )
    }

    fn text_under(&self, heading: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(heading.len() + 64 + self.keys.len() * 48));
        text.push_str(heading);
        for key in &self.keys {
            text.push_str(&key.text());
            text.push('\n');
        }
        text
    }

    /// The one that encrypts.
    pub fn newest(&self) -> &Key {
        self.keys.first().expect("keys without a key are refused where they are read")
    }

    /// All of them, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The value in a token, and how many keys are newer than the one that opens it.
    pub fn open(&self, token: &str) -> Option<(usize, Zeroizing<Vec<u8>>)> {
        self.keys.iter().enumerate().find_map(|(age, key)| Some((age, key.open(token)?)))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("place", &self.place)
            .field("count", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable => f.write_str(KEY_VARIABLE),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Systemd(path) => write!(f, "the systemd credential {}", path.display()),
            Self::Podman(path) => write!(f, "the Podman secret {}", path.display()),
            Self::Given => f.write_str("the key that was given"),
        }
    }
}
