//! The throw-away PostgreSQL cluster of a test process.
//!
//! It listens on a Unix socket in a private directory only, so it collides with nothing and nobody reaches it.
//! A small shell stands between the test process and the server and holds the reading end of a pipe: when the process
//! ends, in whichever way, also by `kill -9`, the pipe closes, the shell stops the server and removes the directory.
//! Should even the shell be killed, the next start removes what is left: a lock tells the dead from the living.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;
use std::{env, thread};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use super::binaries::{self, Binaries};
use super::{TestDbError, unique_name};

/// How long a server may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Longest path of a Unix socket that Linux and macOS both accept.
///
/// # Units
/// Bytes.
/// # Source
/// `sun_path` has 108 bytes on Linux and 104 on macOS, with a closing zero.
const SOCKET_PATH_BYTES: usize = 103;

/// Name of the superuser, who needs no password: only the socket's directory lets anyone in.
const USER: &str = "doorstep";

/// A PostgreSQL server that belongs to this process.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    /// Held open until the process ends; its standard input is the sign of life.
    watcher: Child,
    /// Locked for as long as this process lives.
    _owner: File,
    /// Creating a database copies another one, which nobody may be using meanwhile.
    creating: Mutex<()>,
}

/// An unprivileged user.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// Returns the cluster of this process and starts it on the first call.
    ///
    /// # Errors
    /// Why it cannot start; later calls give the same reason without another attempt.
    /// # Concurrency
    /// Callers wait for the first one.
    pub fn of_this_process() -> Result<&'static Self, TestDbError> {
        static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let started = CLUSTER.get_or_init(|| Self::start().map_err(|error| error.to_string()));
        started.as_ref().map_err(|reason| TestDbError::Earlier(reason.clone()))
    }

    /// Returns the URL of a database, with the socket's directory as percent-encoded host.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", percent_encoded(&self.directory))
    }

    /// Creates a database, empty or as a copy of another.
    ///
    /// # Errors
    /// Why the server refused.
    pub fn create_database(&self, name: &str, template: Option<&str>) -> Result<(), TestDbError> {
        let template = template.unwrap_or("template0");
        let _one_at_a_time = self.creating.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
    }

    /// Drops a database and cuts its connections.
    ///
    /// # Errors
    /// Why the server refused.
    pub fn drop_database(&self, name: &str) -> Result<(), TestDbError> {
        self.execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
    }

    fn execute(&self, statement: &str) -> Result<(), TestDbError> {
        let mut connection = PgConnection::establish(&self.url("postgres"))?;
        connection
            .batch_execute(statement)
            .map_err(|source| TestDbError::Statement { statement: statement.to_owned(), source })
    }

    fn start() -> Result<Self, TestDbError> {
        let Binaries { initdb, postgres } = binaries::find()?;
        let account = unprivileged()?;
        let (directory, owner) = claim_directory(account)?;
        initialise(&initdb, &directory, account)?;
        let (watcher, log) = launch(&postgres, &directory, account)?;
        let cluster = Self { directory, watcher, _owner: owner, creating: Mutex::new(()) };
        cluster.wait_until_ready(log)?;
        Ok(cluster)
    }

    /// Reads the server's log until it says that it accepts connections, and goes on reading so that the pipe never
    /// fills.
    fn wait_until_ready(&self, log: ChildStderr) -> Result<(), TestDbError> {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                // Nobody listens after the start; the pipe still has to be drained.
                let _heard = sender.send(line);
            }
        });
        let mut seen = Vec::new();
        loop {
            match receiver.recv_timeout(START_TIMEOUT) {
                Ok(line) if line.contains("ready to accept connections") => return Ok(()),
                Ok(line) => seen.push(line),
                Err(_ended) => return Err(TestDbError::NotReady { log: seen.join("\n") }),
            }
        }
    }

    /// Returns the process id of the shell that watches over the server.
    #[must_use]
    pub fn watcher_id(&self) -> u32 {
        self.watcher.id()
    }

    /// Returns the private directory of the cluster.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Makes a private directory for a new cluster and locks it, after removing those whose owners are gone.
///
/// All of it happens under one lock, so that a directory is never seen between its creation and its locking.
fn claim_directory(account: Option<Account>) -> Result<(PathBuf, File), TestDbError> {
    let base = base_directory(account)?;
    let gate_path = base.join("lock");
    let gate = File::create(&gate_path).map_err(|source| TestDbError::io("create", &gate_path, source))?;
    gate.lock().map_err(|source| TestDbError::io("lock", &gate_path, source))?;
    remove_abandoned(&base);

    let directory = base.join(unique_name("pg"));
    let socket = directory.join(".s.PGSQL.5432");
    if socket.as_os_str().len() > SOCKET_PATH_BYTES {
        return Err(TestDbError::SocketPath(socket));
    }
    DirBuilder::new().mode(0o700).create(&directory).map_err(|source| TestDbError::io("create", &directory, source))?;
    let owner_path = directory.join("owner");
    let owner = File::create(&owner_path).map_err(|source| TestDbError::io("create", &owner_path, source))?;
    owner.lock().map_err(|source| TestDbError::io("lock", &owner_path, source))?;
    if let Some(Account { uid, gid }) = account {
        chown(&directory, Some(uid), Some(gid)).map_err(|source| TestDbError::io("hand over", &directory, source))?;
    }
    Ok((directory, owner))
}

/// The directory that holds the clusters of this user. PostgreSQL's group may write, so that the watcher can remove
/// its cluster; others may only pass through.
fn base_directory(account: Option<Account>) -> Result<PathBuf, TestDbError> {
    let base = env::temp_dir().join(format!("doorstep-pg-{}", own_uid()?));
    let made = DirBuilder::new().recursive(true).mode(0o771).create(&base);
    // The mode is set again because the umask may have narrowed it; this fails if the directory is someone else's.
    made.and_then(|()| chown(&base, None, account.map(|account| account.gid)))
        .and_then(|()| fs::set_permissions(&base, Permissions::from_mode(0o771)))
        .map_err(|source| TestDbError::io("prepare", &base, source))?;
    Ok(base)
}

/// Removes clusters whose owner no longer holds its lock. A server that still runs there ends by itself when it finds
/// its directory gone.
fn remove_abandoned(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for directory in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        // Without the file it is half removed.
        let is_abandoned = File::open(directory.join("owner")).map_or(true, |owner| owner.try_lock().is_ok());
        if is_abandoned && let Err(error) = fs::remove_dir_all(&directory) {
            // The watcher may be removing it at this moment; if not, the next start tries again.
            eprintln!("an abandoned test cluster stays at {}: {error}", directory.display());
        }
    }
}

fn initialise(initdb: &Path, directory: &Path, account: Option<Account>) -> Result<(), TestDbError> {
    let output = command(initdb, directory, account)
        .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"])
        .arg("--no-instructions")
        .arg("--pgdata")
        .arg(directory.join("data"))
        .output()
        .map_err(|source| TestDbError::io("run", initdb, source))?;
    if output.status.success() {
        return Ok(());
    }
    Err(TestDbError::InitDb { output: String::from_utf8_lossy(&output.stderr).into_owned() })
}

fn launch(postgres: &Path, directory: &Path, account: Option<Account>) -> Result<(Child, ChildStderr), TestDbError> {
    // Nothing here has to survive a crash, and every test process has a server of its own: safety off, small buffers.
    const SETTINGS: [&str; 8] = [
        "listen_addresses=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "autovacuum=off",
        "max_connections=200",
        "shared_buffers=32MB",
        "log_min_messages=log",
    ];
    let shell = Path::new("/bin/sh");
    let mut watcher = command(shell, directory, account);
    watcher.args(["-c", include_str!("watch.sh"), "watch"]).arg(directory);
    watcher.arg(postgres).arg("-D").arg(directory.join("data")).arg("-k").arg(directory);
    for setting in SETTINGS {
        watcher.args(["-c", setting]);
    }
    // A group of its own: an interrupt typed at the terminal reaches the tests, the closing pipe then the watcher.
    watcher.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = watcher.spawn().map_err(|source| TestDbError::io("run", shell, source))?;
    let log = child.stderr.take().ok_or_else(|| TestDbError::NotReady { log: "it has no log".to_owned() })?;
    Ok((child, log))
}

/// A command that runs in the private directory, as the unprivileged user if there has to be one.
fn command(program: &Path, directory: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env("HOME", directory).env("LC_ALL", "C").env_remove("PGDATA");
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

/// PostgreSQL refuses to run as root; returns whom to run it as, or nobody else if this process is not root.
fn unprivileged() -> Result<Option<Account>, TestDbError> {
    if own_uid()? != 0 {
        return Ok(None);
    }
    let path = Path::new("/etc/passwd");
    let users = fs::read_to_string(path).map_err(|source| TestDbError::io("read", path, source))?;
    let account = ["postgres", "nobody"].into_iter().find_map(|name| find_account(&users, name));
    account.map(Some).ok_or(TestDbError::NoUser)
}

/// Reads `name:password:uid:gid:…`.
fn find_account(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid })
    })
}

/// The user of this process, told by a file that it makes: the standard library has no call for it.
fn own_uid() -> Result<u32, TestDbError> {
    let probe = env::temp_dir().join(unique_name("doorstep-uid"));
    let metadata = File::create(&probe)
        .and_then(|file| file.metadata())
        .map_err(|source| TestDbError::io("create", &probe, source))?;
    fs::remove_file(&probe).map_err(|source| TestDbError::io("remove", &probe, source))?;
    Ok(metadata.uid())
}

/// Encodes everything but unreserved characters, so that a path can stand where a URL has its host.
///
/// # Source
/// RFC 3986, section 2.3.
fn percent_encoded(path: &Path) -> String {
    let mut encoded = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(*byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_directory_becomes_a_url_host() {
        assert_eq!(percent_encoded(Path::new("/tmp/a b_1")), "%2Ftmp%2Fa%20b_1");
    }

    #[test]
    fn an_account_is_read_by_its_exact_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let account = find_account(users, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(find_account(users, "nobody").is_none());
    }

    #[test]
    fn only_clusters_without_a_living_owner_are_removed() {
        let base = env::temp_dir().join(unique_name("doorstep-base"));
        let [living, dead, half] = ["living", "dead", "half"].map(|name| base.join(name));
        for directory in [&living, &dead, &half] {
            fs::create_dir_all(directory.join("data")).unwrap();
        }
        let owner = File::create(living.join("owner")).unwrap();
        owner.lock().unwrap();
        File::create(dead.join("owner")).unwrap();
        remove_abandoned(&base);
        assert_eq!([living.is_dir(), dead.is_dir(), half.is_dir()], [true, false, false]);
        drop(owner);
        remove_abandoned(&base);
        assert!(!living.is_dir());
        fs::remove_dir_all(&base).unwrap();
    }
}
