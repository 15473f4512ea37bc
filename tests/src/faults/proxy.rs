//! The proxy: an address that stands for the server's.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::SockRef;

use super::relay::relay;
use super::{Counts, Script, Weather};

/// A proxy in front of a server; it ends with this value, and with it whatever is silent.
pub struct FaultProxy {
    url: String,
    shared: Arc<Shared>,
}

/// What the connections of a proxy share.
pub(super) struct Shared {
    state: Mutex<State>,
}

struct State {
    server: String,
    weather: Box<dyn Weather>,
    counts: Counts,
    /// Connections under way, so that they can be ended.
    open: Vec<TcpStream>,
    is_over: bool,
}

impl std::fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaultProxy({}, {:?})", self.url, self.counts())
    }
}

impl FaultProxy {
    /// A proxy before the server at a base URL, in fine weather.
    ///
    /// # Panics
    /// If there is no port for it.
    #[must_use]
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port for the proxy");
        let url = format!("http://{}", listener.local_addr().expect("the port is known"));
        let state = State {
            server: authority(server),
            weather: Box::new(Script::default()),
            counts: Counts::default(),
            open: Vec::new(),
            is_over: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state) });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for phone in listener.incoming().map_while(Result::ok) {
                if !accepting.enter(&phone) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || {
                    // A broken link is what this is about: its ends see that themselves.
                    let _ = relay(&phone, &shared);
                    shared.leave(&phone);
                });
            }
        });
        Self { url, shared }
    }

    /// Its address, which phones take for the server's.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Says what becomes of the next requests.
    pub fn set(&self, weather: impl Weather + 'static) {
        self.shared.lock().weather = Box::new(weather);
    }

    /// Leads to a server elsewhere.
    pub fn lead_to(&self, server: &str) {
        self.shared.lock().server = authority(server);
    }

    /// Cuts every connection under way: the phone sees its own reset, the server sees it end.
    pub fn cut(&self) {
        for phone in self.shared.lock().open.drain(..) {
            // It may have ended by itself. It is reset once nobody has it any more; who reads from it lets go now.
            let _ = SockRef::from(&phone).set_linger(Some(Duration::ZERO));
            let _ = phone.shutdown(Shutdown::Read);
        }
    }

    /// What went through so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.end();
        // The accepting thread sees that it is over when the next connection comes: this one.
        let _ = TcpStream::connect(authority(&self.url));
    }
}

fn authority(url: &str) -> String {
    url.trim_start_matches("http://").trim_end_matches('/').to_owned()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connect(&self) -> std::io::Result<TcpStream> {
        let server = self.lock().server.clone();
        TcpStream::connect(server)
    }

    /// Asks the weather.
    pub(super) fn ask<T>(&self, ask: impl FnOnce(&mut dyn Weather) -> T) -> T {
        ask(self.lock().weather.as_mut())
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.lock().counts);
    }

    /// Notes a connection; tells whether the proxy still stands.
    fn enter(&self, phone: &TcpStream) -> bool {
        let mut state = self.lock();
        if let Ok(handle) = phone.try_clone() {
            state.open.push(handle);
        }
        !state.is_over
    }

    fn leave(&self, phone: &TcpStream) {
        let peer = phone.peer_addr().ok();
        self.lock().open.retain(|open| open.peer_addr().ok().is_some_and(|other| Some(other) != peer));
    }

    fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        for phone in state.open.drain(..) {
            // It may have ended by itself.
            let _ = phone.shutdown(Shutdown::Both);
        }
    }
}
