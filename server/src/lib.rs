//! The Doorstep server.
//!
//! `http` maps requests to one `app` use case each; `app` owns transactions and calls `domain` (pure
//! decisions) and the store; `ports` are what the outside must satisfy, `adapters` satisfy them;
//! `boot` puts everything together. See `docs/ARCHITECTURE.md`.

pub mod adapters;
pub mod app;
pub mod auth;
pub mod backup;
pub mod boot;
pub mod cli;
pub mod commands;
pub mod config;
pub mod demo;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod memory;
pub mod ports;
pub mod telemetry;
pub mod verify;
