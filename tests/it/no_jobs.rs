//! `serve --no-jobs`: what belongs to the node is done by it all the same.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use integration_tests::server::TestServer;

/// A node that says nothing for so long says nothing any more.
const SILENCE: Duration = Duration::from_secs(60);

/// The process; it ends with this value.
struct Node(Child);

impl Node {
    /// What it says, as long as it says something.
    fn log(&mut self) -> impl Iterator<Item = String> {
        let errors: ChildStderr = self.0.stderr.take().expect("a pipe");
        let (heard, lines) = mpsc::channel();
        thread::spawn(move || {
            // Nobody listens any more once the test is over.
            BufReader::new(errors).lines().map_while(Result::ok).all(|line| heard.send(line).is_ok())
        });
        std::iter::from_fn(move || lines.recv_timeout(SILENCE).ok())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_node_without_jobs_tidies_its_own_directory() {
    let mut server = TestServer::start();
    server.kill();
    let blobs = server.directory().join("data/blobs");
    let leftovers = ["parts/o/d/broken.0", "uploads/o/d/silent.0"].map(|name| blobs.join(name));
    let lively = blobs.join("uploads/o/d/lively.0");
    for path in leftovers.iter().chain([&lively]) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a directory");
        File::create(path).expect("a file");
    }
    for path in &leftovers {
        let file = File::options().write(true).open(path).expect("the file");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("its time");
    }
    let clock = server.clock.path().as_os_str();
    let words = ["serve".as_ref(), "--no-jobs".as_ref(), "--listen".as_ref(), "127.0.0.1:0".as_ref()];
    let mut command = server.command(words.into_iter().chain(["--clock".as_ref(), clock]));
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut node = Node(started.expect("a server"));
    let mut said = Vec::new();
    let is_tidy = node.log().any(|line| {
        said.push(line);
        said.last().is_some_and(|line| line.contains("leftovers of uploads were forgotten"))
    });
    assert!(is_tidy, "{}", said.join("\n"));
    assert!(leftovers.iter().all(|path| !path.exists()), "{leftovers:?}");
    assert!(lively.exists(), "what is young is kept");
}
