//! [`AddressLimiter`]: limits the open connections and the connect rate of each address.
//!
//! It does no I/O and is given the time. The table is bounded: an address without connections expires
//! once its burst is replenished, and when the table is full, the addresses whose last connect is
//! longest ago are removed. The edge checks it at accept, and again for an address that a proxy
//! forwards. A [`ConnectionPermit`] moves with its connection, into the shard too, and releases it on
//! drop.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::limits::{ADDRESS_BURST_SECONDS, ADDRESSES_MAX};
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
    /// Most open connections.
    pub(crate) connections_max: u32,
    /// Most connects per second, on average.
    pub(crate) connects_per_second: u32,
}

/// The limit that an address has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressLimit {
    /// The most open connections.
    Connections,
    /// The connect rate.
    Rate,
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
    /// When the whole burst is available again. Each connect moves it forward.
    burst_full_at: Duration,
    /// When it connected last.
    last_connect: Duration,
}

/// Counts one connection against its address until it is dropped.
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
    /// Counts one more connection of an address at `now`.
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
        let key = self.key(prefix(address), now);
        let limits = self.limits;
        let address = &mut self.addresses[key];
        // A refused connect keeps the entry alive as well, else the address could start afresh.
        address.last_connect = now;
        if address.open >= limits.connections_max {
            return Err(AddressLimit::Connections);
        }
        let burst_full_at =
            address.burst_full_at.max(now) + Duration::from_secs(1) / limits.connects_per_second;
        if burst_full_at > now + Duration::from_secs(ADDRESS_BURST_SECONDS.into()) {
            return Err(AddressLimit::Rate);
        }
        (address.open, address.burst_full_at) = (address.open + 1, burst_full_at);
        Ok(key)
    }

    fn release(&mut self, key: AddressKey) {
        // The entry may have been removed.
        if let Some(address) = self.addresses.get_mut(key) {
            address.open -= 1;
        }
    }

    fn key(&mut self, prefix: ClientAddress, now: Duration) -> AddressKey {
        if let Some(key) = self.by_prefix.get(&prefix) {
            return *key;
        }
        if self.addresses.len() >= self.addresses_max {
            self.clear(now);
        }
        let address = AddressEntry { prefix, open: 0, burst_full_at: now, last_connect: now };
        let key = self.addresses.insert(address);
        self.by_prefix.insert(prefix, key);
        key
    }

    /// Removes the addresses without connections whose burst is replenished.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.addresses.retain(|_, address| {
            let keep = address.open > 0 || address.burst_full_at > now;
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
            self.addresses.iter().map(|(key, it)| (it.open > 0, it.last_connect, key)).collect();
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
