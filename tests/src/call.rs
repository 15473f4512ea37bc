//! A request to the API and its answer, whichever way it travels.
//!
//! Knows neither actix nor sockets: [`TestApp`](crate::app::TestApp) and
//! [`TestServer`](crate::server::TestServer) carry calls and bring answers.

use serde_json::Value;

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    /// GET, POST, …
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
}

impl Call {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.to_owned(), path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A GET.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    /// A POST.
    #[must_use]
    pub fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an access token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    /// Sets a body of any kind.
    #[must_use]
    pub fn bytes(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, for messages.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` where there is none.
    ///
    /// # Panics
    /// If the body is something else, which it shows.
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in the body {}", self.text()))
    }

    /// The stable code of a problem; `None` for anything else.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        (self.header("content-type")? == "application/problem+json").then(|| self.json())?["code"]
            .as_str()
            .map(str::to_owned)
    }

    /// Status and code together, the way most refusals are asserted; the code is empty for a success.
    #[must_use]
    pub fn outcome(&self) -> (u16, String) {
        (self.status, self.code().unwrap_or_default())
    }

    /// Gives the body of a success of exactly this status.
    ///
    /// # Panics
    /// With the answer, if the status is another.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }
}
