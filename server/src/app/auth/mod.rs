//! Signing in, enrolling devices, keeping sessions.

mod authenticate;
mod device;
mod enrol;
mod login;
mod refresh;
mod session;
mod users;

pub use authenticate::{authenticate, expiry};
pub(crate) use authenticate::{load_actor, load_holder};
pub use device::{DeviceChange, change_device, sign_out};
pub use enrol::{EnrolCommand, EnrolmentCode, create_enrolment_code, enrol_device};
pub use login::{LoginCommand, login};
pub use refresh::{create_nonce, create_upload_token, refresh_session};
pub use session::Session;
pub(crate) use users::is_login;
pub use users::{NewUser, Person, create_user, describe_me, list_devices, list_users, set_phone};
