//! What can go wrong on the phone, and the exit code of each.

use sync_core::doc::DocError;

/// Reports why a command failed; nothing that was captured before is lost by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// The command asks for something that does not exist or does not fit.
    #[error("{0}")]
    Usage(String),
    /// The store belongs to no device yet.
    #[error("this phone is not enrolled: run `doorstep phone enrol` first")]
    NotEnrolled,
    /// There is no store where one was looked for.
    #[error("there is no phone in {0}: check --dir, or run `doorstep phone enrol` to make one")]
    NoStore(String),
    /// The phone was wiped by order of the office.
    #[error("this phone was wiped by order of the office; enrol it anew / 本机已按办公室指令清除，请重新注册")]
    Wiped,
    /// The key that opens the store is gone: what is in it cannot be read without.
    #[error(
        "the key of this phone's store is not at {0}: put it back; without it nothing here can be read / \
             本机存储的密钥不在此处，请放回，否则无法读取"
    )]
    NoKey(String),
    /// The key is not the one by which the store was sealed.
    #[error(
        "the key is not the one of this phone's store: put the right one back / 密钥与本机存储不符，请放回正确的密钥"
    )]
    WrongKey,
    /// The store cannot be read or written.
    #[error("the phone's store: {0}")]
    Store(String),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A document, statement or message cannot be made.
    #[error("{0}")]
    Core(String),
    /// The server was not reached.
    #[error("no answer from the server, everything stays on the phone: {0}")]
    Network(String),
    /// The server refused a request as a whole.
    #[error("the server refused ({status} {code}): {title}")]
    Refused {
        /// Status code.
        status: u16,
        /// Stable code.
        code: String,
        /// What it says.
        title: String,
        /// Whether the same request may succeed later.
        retry_later: bool,
    },
}

impl PhoneError {
    /// The exit code of the command: 3 where trying again later may help, else 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Network(_) | Self::Refused { retry_later: true, .. } => 3,
            _ => 1,
        }
    }

    /// The stable code for machines.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Usage(_) => "usage",
            Self::NotEnrolled => "not_enrolled",
            Self::NoStore(_) => "no_store",
            Self::Wiped => "wiped",
            Self::NoKey(_) => "no_key",
            Self::WrongKey => "wrong_key",
            Self::Store(_) => "store",
            Self::File { .. } => "file",
            Self::Core(_) => "core",
            Self::Network(_) => "network",
            Self::Refused { code, .. } => code,
        }
    }

    /// A file error with its path.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }
}

/// The result of everything the phone does.
pub type PhoneResult<T> = Result<T, PhoneError>;

/// A usage error.
pub(crate) fn usage<T>(message: impl Into<String>) -> PhoneResult<T> {
    Err(PhoneError::Usage(message.into()))
}

macro_rules! store_errors {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for PhoneError {
            fn from(error: $error) -> Self {
                Self::Store(error.to_string())
            }
        }
    )+};
}

store_errors!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError,
    redb::SetDurabilityError,
    serde_json::Error,
);

macro_rules! core_errors {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for PhoneError {
            fn from(error: $error) -> Self {
                Self::Core(error.to_string())
            }
        }
    )+};
}

core_errors!(
    DocError,
    sync_core::plain_json::PlainJsonError,
    sync_core::intent::IntentError,
    sync_core::statement::ComposeError,
    sync_core::statement::ink::InkError,
    sync_core::protocol::codec::EncodeError,
    sync_core::protocol::DecodeError,
    sync_core::jws::KeyError,
    sync_core::order::OrderError,
    sync_core::bundle::BundleError,
);
