//! [`Guests`]: who is connected from where, and how often an address may connect.
//!
//! Pure, and handed the time. The table is bounded: an address without connections that has been
//! quiet for as long as its burst lasts is as good as unknown and forgotten, and when there is no
//! more space, those go whose last connect was the longest ago. The door asks it at accept, and
//! again for the address that a proxy names; a [`Guest`] travels with its connection, wherever that
//! goes, and what it counted goes with it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use shared::limits::{ADDRESS_BURST_SECONDS, ADDRESSES_MAX};
use slotmap::SlotMap;

/// An IPv6 address is as good as all of those that one subscriber has.
const IPV6_PREFIX_BITS: u8 = 64;
/// By what part the table is cleared when it is full, so that this is seldom.
const CLEARED_PART: usize = 8;

slotmap::new_key_type! {
    /// One address of the table; never another's, even when it was forgotten.
    struct AddressKey;
}

/// How much one address may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressLimits {
    /// Open connections.
    pub(crate) connections_max: u32,
    /// Connects per second, on average.
    pub(crate) connects_per_second: u32,
}

/// Why an address may not have one more connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowd {
    /// It has as many as it may have.
    TooMany,
    /// It connects too often.
    TooFast,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Guests {
    limits: AddressLimits,
    addresses_max: usize,
    addresses: SlotMap<AddressKey, Address>,
    by_prefix: HashMap<IpAddr, AddressKey>,
}

#[derive(Debug)]
struct Address {
    prefix: IpAddr,
    open: u32,
    /// When it will have its whole burst again: connects move it on, time catches up.
    rested: Duration,
    last: Duration,
}

/// One connection that counts against its address until this is dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    address: AddressKey,
    guests: Arc<Mutex<Guests>>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        lock(&self.guests).leave(self.address);
    }
}

impl Guest {
    /// Lets in one more connection of an address, at `now`.
    pub(crate) fn enter(
        guests: &Arc<Mutex<Guests>>,
        address: IpAddr,
        now: Duration,
    ) -> Result<Guest, Crowd> {
        let address = lock(guests).enter(address, now)?;
        Ok(Guest { address, guests: Arc::clone(guests) })
    }
}

/// Nothing that holds the lock panics half way.
fn lock(guests: &Mutex<Guests>) -> std::sync::MutexGuard<'_, Guests> {
    guests.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guests {
    pub(crate) fn new(limits: AddressLimits) -> Guests {
        Guests::of_size(limits, ADDRESSES_MAX)
    }

    fn of_size(limits: AddressLimits, addresses_max: usize) -> Guests {
        let (addresses, by_prefix) = (SlotMap::with_key(), HashMap::new());
        Guests { limits, addresses_max, addresses, by_prefix }
    }

    /// How many addresses are remembered.
    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    fn enter(&mut self, address: IpAddr, now: Duration) -> Result<AddressKey, Crowd> {
        let key = self.key(prefix(address), now);
        let limits = self.limits;
        let address = &mut self.addresses[key];
        // Whoever is refused is remembered, too: else it could begin anew.
        address.last = now;
        if address.open >= limits.connections_max {
            return Err(Crowd::TooMany);
        }
        let rested = address.rested.max(now) + Duration::from_secs(1) / limits.connects_per_second;
        if rested > now + Duration::from_secs(ADDRESS_BURST_SECONDS.into()) {
            return Err(Crowd::TooFast);
        }
        (address.open, address.rested) = (address.open + 1, rested);
        Ok(key)
    }

    fn leave(&mut self, key: AddressKey) {
        // It may have been forgotten.
        if let Some(address) = self.addresses.get_mut(key) {
            address.open -= 1;
        }
    }

    fn key(&mut self, prefix: IpAddr, now: Duration) -> AddressKey {
        if let Some(key) = self.by_prefix.get(&prefix) {
            return *key;
        }
        if self.addresses.len() >= self.addresses_max {
            self.clear(now);
        }
        let address = Address { prefix, open: 0, rested: now, last: now };
        let key = self.addresses.insert(address);
        self.by_prefix.insert(prefix, key);
        key
    }

    /// Forgets those that are as good as unknown.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.addresses.retain(|_, address| {
            let stays = address.open > 0 || address.rested > now;
            if !stays {
                self.by_prefix.remove(&address.prefix);
            }
            stays
        });
    }

    /// Makes space: first what has expired, and if that is not enough, by age.
    fn clear(&mut self, now: Duration) {
        self.expire(now);
        let most = self.addresses_max - (self.addresses_max / CLEARED_PART).max(1);
        let Some(excess) = self.addresses.len().checked_sub(most).filter(|excess| *excess > 0)
        else {
            return;
        };
        let mut by_age: Vec<_> =
            self.addresses.iter().map(|(key, it)| (it.open > 0, it.last, key)).collect();
        by_age.select_nth_unstable(excess - 1);
        for (.., key) in &by_age[..excess] {
            if let Some(address) = self.addresses.remove(*key) {
                self.by_prefix.remove(&address.prefix);
            }
        }
    }
}

/// What counts as one address.
fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let net = IpNet::new(IpAddr::V6(address), IPV6_PREFIX_BITS);
            net.expect("64 bits are fewer than 128").network()
        }
    }
}

#[cfg(test)]
mod tests;
