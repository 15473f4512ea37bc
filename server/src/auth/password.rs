//! Passwords: argon2id on a blocking thread, a few at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::app::{AppError, ErrorCode};

/// Hashes a password with argon2id and the library's default cost.
///
/// # Errors
/// `busy` if no hashing slot is free, internal if the library fails.
pub async fn hash(slots: &Arc<Semaphore>, password: String, salt: [u8; 32]) -> Result<String, AppError> {
    blocking(slots, move || {
        let hash = Argon2::default()
            .hash_password_with_salt(password.as_bytes(), salt.get(..16).unwrap_or(&salt))
            .map_err(|error| AppError::Internal(format!("argon2: {error}")))?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password matches; a missing hash costs the same time as a wrong password.
///
/// # Errors
/// `busy` if no hashing slot is free.
pub async fn verify(slots: &Arc<Semaphore>, password: String, stored: Option<String>) -> Result<bool, AppError> {
    blocking(slots, move || {
        let known = stored.is_some();
        let text = stored.unwrap_or_else(|| NOBODY.to_owned());
        let Ok(hash) = PasswordHash::new(&text) else {
            return Err(AppError::Internal("a stored password hash is unreadable".to_owned()));
        };
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && known)
    })
    .await
}

/// A hash nobody's password has, for logins that do not exist.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$lbcTo2iDbyQnBLUWkVJ4Uz+LeEXNkwfXkjVkdl7cqGo";

async fn blocking<T: Send + 'static>(
    slots: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let permit = Arc::clone(slots).acquire_owned().await.map_err(|_closed| AppError::from(ErrorCode::Busy))?;
    tokio::task::spawn_blocking(move || {
        let result = work();
        drop(permit);
        result
    })
    .await
    .map_err(|error| AppError::Internal(format!("password thread: {error}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let slots = Arc::new(Semaphore::new(1));
        let stored = hash(&slots, "示例-pass".to_owned(), [3; 32]).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify(&slots, "示例-pass".to_owned(), Some(stored.clone())).await.expect("verifies"));
        assert!(!verify(&slots, "other".to_owned(), Some(stored)).await.expect("verifies"));
        assert!(!verify(&slots, "other".to_owned(), None).await.expect("verifies"));
    }
}
