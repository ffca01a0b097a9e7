//! [`AddressLimiter`]: limits the WebSockets and the HTTP requests of each address.
//!
//! It does no I/O and is given the time. The table is bounded: an address without WebSockets expires
//! once its bursts are replenished, and when the table is full, the addresses whose last use is
//! longest ago are removed. The edge checks it at accept and for each request, by the address that a
//! trusted proxy forwards if there is one. A [`ConnectionPermit`] moves with its WebSocket, into the
//! shard too, and releases it on drop.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::limits::{
    ADDRESS_BURST_SECONDS, ADDRESSES_MAX, CONNECT_REQUESTS, REQUEST_DELAY_MAX,
    REQUESTS_BURST_SECONDS,
};
use ipnet::IpNet;
use slotmap::SlotMap;

use super::peer::ClientAddress;

/// Prefix that counts as one address for IPv6: what one subscriber usually has.
const IPV6_PREFIX_BITS: u8 = 64;
/// A full table is cleared of one part in this many, so that this is rare.
const CLEARED_PART: usize = 8;

slotmap::new_key_type! {
    /// An entry of the table. The key of a removed entry is never reused.
    struct AddressKey;
}

/// The limits of each address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressLimits {
    /// Most open WebSockets.
    pub(crate) connections_max: u32,
    /// Most new WebSockets per second, on average.
    pub(crate) connects_per_second: u32,
    /// Most HTTP requests per second, on average.
    pub(crate) requests_per_second: u32,
}

/// The limit that an address has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AddressLimit {
    /// The most open WebSockets.
    Connections,
    /// The rate of new WebSockets.
    Connects,
    /// The rate of HTTP requests and connections.
    Requests,
    /// The most open HTTP connections, none of which is idle.
    HttpConnections,
}

/// The table of addresses.
#[derive(Debug)]
pub(crate) struct AddressLimiter {
    limits: AddressLimits,
    addresses_max: usize,
    addresses: SlotMap<AddressKey, AddressEntry>,
    by_prefix: HashMap<ClientAddress, AddressKey>,
}

#[derive(Debug)]
struct AddressEntry {
    prefix: ClientAddress,
    open: u32,
    connects: RateBucket,
    requests: RateBucket,
    /// When it connected or requested something last.
    last_use: Duration,
}

/// A rate, by when the whole burst is available again. Each unit taken moves that forward.
#[derive(Clone, Copy, Debug)]
struct RateBucket {
    full_at: Duration,
}

impl RateBucket {
    /// Takes `units`, unless the burst is exceeded by more than `debt_max`. Returns how long until
    /// the burst covers them.
    fn take(
        &mut self,
        now: Duration,
        units: u32,
        per_second: u32,
        burst: Duration,
        debt_max: Duration,
    ) -> Option<Duration> {
        let full_at = self.full_at.max(now) + units * Duration::from_secs(1) / per_second;
        let debt = full_at.saturating_sub(now + burst);
        if debt > debt_max {
            return None;
        }
        self.full_at = full_at;
        Some(debt)
    }
}

/// Counts one WebSocket against its address until it is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    address: AddressKey,
    addresses: Arc<Mutex<AddressLimiter>>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        lock(&self.addresses).release(self.address);
    }
}

impl ConnectionPermit {
    /// Counts one more WebSocket of an address at `now`.
    ///
    /// # Errors
    /// The limit that the address has reached.
    pub(crate) fn take(
        addresses: &Arc<Mutex<AddressLimiter>>,
        address: ClientAddress,
        now: Duration,
    ) -> Result<ConnectionPermit, AddressLimit> {
        let address = lock(addresses).take(address, now)?;
        Ok(ConnectionPermit { address, addresses: Arc::clone(addresses) })
    }
}

/// A poisoned lock is still consistent: no code panics while it changes the table.
fn lock(addresses: &Mutex<AddressLimiter>) -> std::sync::MutexGuard<'_, AddressLimiter> {
    addresses.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AddressLimiter {
    pub(crate) fn new(limits: AddressLimits) -> AddressLimiter {
        AddressLimiter::with_capacity(limits, ADDRESSES_MAX)
    }

    fn with_capacity(limits: AddressLimits, addresses_max: usize) -> AddressLimiter {
        let (addresses, by_prefix) = (SlotMap::with_key(), HashMap::new());
        AddressLimiter { limits, addresses_max, addresses, by_prefix }
    }

    /// The number of addresses in the table.
    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    fn take(&mut self, address: ClientAddress, now: Duration) -> Result<AddressKey, AddressLimit> {
        let (limits, key) = (self.limits, self.key(address, now));
        let address = &mut self.addresses[key];
        if address.open >= limits.connections_max {
            return Err(AddressLimit::Connections);
        }
        let burst = Duration::from_secs(ADDRESS_BURST_SECONDS.into());
        let taken =
            address.connects.take(now, 1, limits.connects_per_second, burst, Duration::ZERO);
        taken.ok_or(AddressLimit::Connects)?;
        address.open += 1;
        Ok(key)
    }

    /// Whether an address has the most open WebSockets.
    pub(crate) fn is_full(&self, address: ClientAddress) -> bool {
        let key = self.by_prefix.get(&prefix(address));
        key.is_some_and(|key| self.addresses[*key].open >= self.limits.connections_max)
    }

    /// Counts a new connection at `now`, which may become a WebSocket or not. It does not wait: its
    /// first request does.
    ///
    /// # Errors
    /// If the address has reached its rate, so that a request would be refused as well.
    pub(crate) fn connect(
        &mut self,
        address: ClientAddress,
        now: Duration,
    ) -> Result<(), AddressLimit> {
        // It is let in whenever a request would be, so that who uses up the rate by the connections
        // that it has keeps nobody else at its address out.
        let others = (CONNECT_REQUESTS - 1) * Duration::from_secs(1);
        let debt_max = REQUEST_DELAY_MAX + others / self.limits.requests_per_second;
        self.count_requests(address, now, CONNECT_REQUESTS, debt_max).map(drop)
    }

    /// Counts a request at `now`. Returns how long its response is delayed.
    ///
    /// # Errors
    /// If that would be more than [`REQUEST_DELAY_MAX`].
    pub(crate) fn request(
        &mut self,
        address: ClientAddress,
        now: Duration,
    ) -> Result<Duration, AddressLimit> {
        self.count_requests(address, now, 1, REQUEST_DELAY_MAX)
    }

    fn count_requests(
        &mut self,
        address: ClientAddress,
        now: Duration,
        units: u32,
        debt_max: Duration,
    ) -> Result<Duration, AddressLimit> {
        let (per_second, key) = (self.limits.requests_per_second, self.key(address, now));
        let burst = Duration::from_secs(REQUESTS_BURST_SECONDS.into());
        let taken = self.addresses[key].requests.take(now, units, per_second, burst, debt_max);
        taken.ok_or(AddressLimit::Requests)
    }

    fn release(&mut self, key: AddressKey) {
        // The entry may have been removed.
        if let Some(address) = self.addresses.get_mut(key) {
            address.open -= 1;
        }
    }

    /// The entry of an address, which is used at `now`. A refused use counts as well, else the
    /// address could start afresh.
    fn key(&mut self, address: ClientAddress, now: Duration) -> AddressKey {
        let prefix = prefix(address);
        if let Some(key) = self.by_prefix.get(&prefix) {
            self.addresses[*key].last_use = now;
            return *key;
        }
        if self.addresses.len() >= self.addresses_max {
            self.clear(now);
        }
        let full = RateBucket { full_at: now };
        let (connects, requests) = (full, full);
        let address = AddressEntry { prefix, open: 0, connects, requests, last_use: now };
        let key = self.addresses.insert(address);
        self.by_prefix.insert(prefix, key);
        key
    }

    /// Removes the addresses without WebSockets whose bursts are replenished.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.addresses.retain(|_, address| {
            let full_at = address.connects.full_at.max(address.requests.full_at);
            let keep = address.open > 0 || full_at > now;
            if !keep {
                self.by_prefix.remove(&address.prefix);
            }
            keep
        });
    }

    /// Makes space: removes expired entries, and if those are not enough, the oldest ones.
    fn clear(&mut self, now: Duration) {
        self.expire(now);
        let most = self.addresses_max - (self.addresses_max / CLEARED_PART).max(1);
        let Some(excess) = self.addresses.len().checked_sub(most).filter(|excess| *excess > 0)
        else {
            return;
        };
        let mut by_age: Vec<_> =
            self.addresses.iter().map(|(key, it)| (it.open > 0, it.last_use, key)).collect();
        by_age.select_nth_unstable(excess - 1);
        for (.., key) in &by_age[..excess] {
            if let Some(address) = self.addresses.remove(*key) {
                self.by_prefix.remove(&address.prefix);
            }
        }
    }
}

/// The prefix that counts as one address.
pub(crate) fn prefix(address: ClientAddress) -> ClientAddress {
    let ClientAddress::Known(address) = address else { return address };
    ClientAddress::Known(match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let net = IpNet::new(IpAddr::V6(address), IPV6_PREFIX_BITS);
            net.expect("64 bits are fewer than 128").network()
        }
    })
}

#[cfg(test)]
mod tests;
