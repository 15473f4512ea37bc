//! Readers who stop reading lose their connection: a body that is sent holds memory and a place until it is taken.

use std::any::Any;
use std::time::Duration;

/// Most bytes of an answer that the system keeps and has not sent yet.
///
/// It tells of room once half of them are sent. Without such a bound it keeps megabytes for a reader who was quick at
/// first, and tells of room only when a third of them is taken: a slow reader would seem to take nothing for minutes.
///
/// # Source
/// A wake-up for each 64 KiB costs little beside sending them, and is one in a minute at the slowest pace that is allowed.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 << 10;

/// Ends a connection once its other side has taken nothing for so long of what is sent to it, and lets the process see how
/// much is taken.
///
/// The library has clocks for heads of requests and for idle connections, none for an answer on its way. The system keeps
/// this one, which also runs while the other side says that it has no room, and while it says nothing at all. Where the
/// system has none, originals alone have a clock, that of their pace.
pub fn watch(connection: &dyn Any, idle: Duration) {
    #[cfg(target_os = "linux")]
    {
        use actix_web::rt::net::TcpStream;
        use socket2::SockRef;

        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        let socket = SockRef::from(stream);
        let set = socket.set_tcp_user_timeout(Some(idle)).and_then(|()| socket.set_tcp_notsent_lowat(UNSENT_BYTES));
        if let Err(error) = set {
            tracing::warn!(%error, "a reader who stops reading keeps his connection");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, idle);
}
