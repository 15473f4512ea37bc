//! How often devices, people, organisations and addresses may call this process.
//!
//! In memory on purpose: nothing depends on the counts but the load. They follow the monotonic clock of the machine,
//! not the injected one: a rate protects real resources, also where a test or a demo holds the time still.

use std::hash::Hash as Key;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UserId};

use crate::app::{AppResult, ErrorCode, Refusal};
use crate::config::LimitsConfig;
use crate::domain::Actor;

/// The counts of this process.
#[derive(Debug)]
pub struct Rates {
    device: Rate<(OrgId, DeviceId)>,
    user: Rate<(OrgId, UserId)>,
    tenant: Rate<OrgId>,
    login_address: Rate<IpAddr>,
    customer_address: Rate<IpAddr>,
    /// By the hash of the organisation's code, which anybody may make up, of any length.
    login_tenant: Rate<Hash>,
}

impl Rates {
    /// Counts from zero under these limits.
    #[must_use]
    pub fn new(limits: &LimitsConfig) -> Self {
        Self {
            device: Rate::new(limits.sync_per_minute, limits.sync_burst),
            user: Rate::new(limits.user_per_minute, limits.user_per_minute),
            tenant: Rate::new(limits.tenant_per_minute, limits.tenant_per_minute),
            login_address: Rate::new(limits.login_address_per_minute, limits.login_address_per_minute),
            customer_address: Rate::new(limits.customer_address_per_minute, limits.customer_address_per_minute),
            login_tenant: Rate::new(limits.login_tenant_per_minute, limits.login_tenant_per_minute),
        }
    }

    /// Counts a sync call.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait.
    pub fn count_sync(&self, org: OrgId, device: DeviceId) -> AppResult<()> {
        self.device.count(&(org, device), ErrorCode::RateLimited)
    }

    /// Counts a call of a person, for him and for his organisation.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait.
    pub fn count_call(&self, actor: &Actor) -> AppResult<()> {
        // The person first: who is over his own limit does not use up his colleagues'.
        self.user.count(&(actor.org, actor.user), ErrorCode::RateLimited)?;
        self.tenant.count(&actor.org, ErrorCode::RateLimited)
    }

    /// Counts a try to sign in from an address.
    ///
    /// # Errors
    /// `too_many_attempts` with the time to wait.
    pub fn count_login_from(&self, address: IpAddr) -> AppResult<()> {
        self.login_address.count(&network(address), ErrorCode::TooManyAttempts)
    }

    /// Counts a request to a customer's page from an address: tokens are not to be guessed.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait.
    pub fn count_customer_from(&self, address: IpAddr) -> AppResult<()> {
        self.customer_address.count(&network(address), ErrorCode::RateLimited)
    }

    /// Counts a try to sign in to an organisation, whether it exists or not.
    ///
    /// # Errors
    /// `too_many_attempts` with the time to wait.
    pub fn count_login_to(&self, organisation: &str) -> AppResult<()> {
        self.login_tenant.count(&Hash::of(organisation.as_bytes()), ErrorCode::TooManyAttempts)
    }

    /// Forgets whoever has rested long enough to start from zero, so that memory follows the calls of the last minutes.
    pub fn forget_rested(&self) {
        self.device.forget_rested();
        self.user.forget_rested();
        self.tenant.forget_rested();
        self.login_address.forget_rested();
        self.customer_address.forget_rested();
        self.login_tenant.forget_rested();
    }
}

/// Whoever holds an IPv6 address holds its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// One kind of count.
struct Rate<K: Key + Eq + Clone> {
    counts: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
    per_minute: NonZeroU32,
}

impl<K: Key + Eq + Clone> std::fmt::Debug for Rate<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rate({} per minute)", self.per_minute)
    }
}

impl<K: Key + Eq + Clone> Rate<K> {
    fn new(per_minute: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self { counts: DefaultKeyedRateLimiter::keyed(quota), clock: DefaultClock::default(), per_minute }
    }

    fn count(&self, key: &K, code: ErrorCode) -> AppResult<()> {
        self.counts.check_key(key).map(drop).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let secs = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
            let refusal = Refusal::new(code).retry_after(secs);
            // How many calls there were is not kept.
            Refusal { limit: Some(self.per_minute.get().into()), ..refusal }.into()
        })
    }

    fn forget_rested(&self) {
        self.counts.retain_recent();
        self.counts.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_minute: u32, burst: u32) -> Rate<u8> {
        Rate::new(NonZeroU32::new(per_minute).expect("more than zero"), NonZeroU32::new(burst).expect("more than zero"))
    }

    #[test]
    fn each_key_has_its_burst_and_then_waits() {
        let rate = rate(1, 3);
        for key in [1, 2] {
            for _ in 0..3 {
                rate.count(&key, ErrorCode::RateLimited).expect("within the burst");
            }
            let error = rate.count(&key, ErrorCode::RateLimited).expect_err("one too many");
            let crate::app::AppError::Refused(refusal) = error else { panic!("{error}") };
            assert_eq!((refusal.code, refusal.limit), (ErrorCode::RateLimited, Some(1)));
            assert!((1..=61).contains(&refusal.retry_after_s.expect("a time to wait")), "{refusal:?}");
        }
    }

    #[test]
    fn who_has_rested_is_forgotten() {
        // Replenished within a microsecond.
        let rested = rate(60_000_000, 1);
        rested.count(&1, ErrorCode::RateLimited).expect("the first");
        while !rested.counts.is_empty() {
            rested.forget_rested();
        }
        let tired = rate(1, 1);
        tired.count(&1, ErrorCode::RateLimited).expect("the first");
        tired.forget_rested();
        assert_eq!(tired.counts.len(), 1);
    }

    #[test]
    fn neighbours_of_one_network_are_one() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
