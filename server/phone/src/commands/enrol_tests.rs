//! Enrolling anew: a store that holds somebody's work takes no code of anybody else.

use serde_json::{Value, json};
use sync_core::bytes::Hash;

use super::enrol::enrol;
use crate::cli::EnrolArgs;
use crate::client::{Content, Stands, Step, Transport, Uploaded};
use crate::error::{PhoneError, PhoneResult};
use crate::testing::{REP, TestPhone};

/// A server that refuses each enrolment.
struct Refusing {
    status: u16,
    code: &'static str,
    asked: Vec<Value>,
}

impl Transport for Refusing {
    fn post(&mut self, path: &str, _token: Option<&str>, body: &Value) -> PhoneResult<Value> {
        assert_eq!(path, "/v1/devices/enrol");
        self.asked.push(body.clone());
        let (status, code) = (self.status, self.code.to_owned());
        Err(PhoneError::Refused { status, title: code.clone(), code, retry_later: false })
    }

    fn fetch(&mut self, path: &str, _token: Option<&str>) -> PhoneResult<Value> {
        panic!("unexpected question {path}")
    }

    fn sync(&mut self, _token: &str, _body: &[u8]) -> PhoneResult<Vec<u8>> {
        panic!("unexpected sync")
    }

    fn put_blob(&mut self, _: &str, _: &Hash, _: Content<'_>, _: &str) -> PhoneResult<Uploaded> {
        panic!("unexpected upload")
    }

    fn upload(&mut self, _: &str, _: Step<'_>) -> PhoneResult<Stands> {
        panic!("unexpected upload")
    }
}

#[test]
fn a_store_without_a_login_says_whose_work_it_holds() {
    let phone = TestPhone::new();
    let args = EnrolArgs {
        server: "http://server.invalid".to_owned(),
        organisation: "yunze".to_owned(),
        login: "ma.jun".to_owned(),
        code: "7K3M9P2QXR".to_owned(),
        name: "phone".to_owned(),
    };
    for (status, code, said) in [(403, "enrolment_foreign", "another rep's"), (409, "conflict", "only `sync`")] {
        let mut server = Refusing { status, code, asked: Vec::new() };
        let refused = enrol(&phone.phone(), &args, &mut server).expect_err("refused");
        assert!(refused.to_string().contains(said), "{code}: {refused}");
        let said: Vec<&Value> = server.asked.iter().map(|body| &body["former_user_id"]).collect();
        assert_eq!(said, [&json!(REP)]);
    }
}
