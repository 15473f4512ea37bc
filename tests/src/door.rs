//! The server of a test over TCP, for clients that speak WebSocket; it shares everything with the server inside.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::{JoinHandle, spawn};

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use doorstep::boot;
use doorstep::http::middleware::edge::edge;

use crate::app::TestApp;

/// A listening server; it stops when dropped, and must be dropped before its [`TestApp`].
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    handle: Option<ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

impl TestApp {
    /// Lets the server listen on a port of its own.
    ///
    /// # Panics
    /// If it cannot listen.
    #[must_use]
    pub fn listen(&self) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = self.state.clone();
        let (tell, handle) = mpsc::channel();
        let thread = spawn(move || {
            boot::block_on(async move {
                let server = HttpServer::new(move || {
                    let state = state.clone();
                    let app = App::new().app_data(web::Data::new(state.clone())).wrap(from_fn(edge));
                    app.configure(boot::configure(state))
                });
                let server = server.workers(1).disable_signals().listen(listener).expect("it listens").run();
                tell.send(server.handle()).expect("the test waits");
                server.await.expect("it serves");
            });
        });
        let handle = handle.recv().expect("the server runs");
        Door { address, handle: Some(handle), thread: Some(thread) }
    }
}

impl Door {
    /// The address of the automerge-repo door, with a ticket if there is one.
    #[must_use]
    pub fn repo_url(&self, ticket: Option<&str>) -> String {
        let query = ticket.map(|ticket| format!("?ticket={ticket}")).unwrap_or_default();
        format!("ws://{}/v1/repo{query}", self.address)
    }

    /// The address of the server.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            // A runtime of its own: the test has one on this thread.
            let stopped = spawn(move || boot::block_on(handle.stop(false)));
            stopped.join().expect("the server stops");
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ended well");
        }
    }
}
