//! Readers who stop reading lose their connection: a body that is sent holds memory and a place until it is taken.

use std::any::Any;
use std::time::Duration;

/// Ends a connection once its other side has taken nothing for so long of what is sent to it.
///
/// The library has clocks for heads of requests and for idle connections, none for an answer on its way. The system keeps
/// this one, which also runs while the other side says that it has no room, and while it says nothing at all. Where the
/// system has none, only the number of originals sent at once is bounded.
pub fn cut_idle(connection: &dyn Any, idle: Duration) {
    #[cfg(target_os = "linux")]
    {
        use actix_web::rt::net::TcpStream;
        use socket2::SockRef;

        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(idle)) {
            tracing::warn!(%error, "a reader who stops reading keeps his connection");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, idle);
}
