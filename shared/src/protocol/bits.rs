//! Bits into bytes and back, lowest bit first.

/// The message ended before what it should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message ends too early")]
pub struct OutOfBits;

/// Writes bits to the end of a byte vector.
#[derive(Debug)]
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where its own bytes begin.
    start: usize,
    held: u64,
    held_bits: u32,
}

impl<'a> BitWriter<'a> {
    /// A writer that adds to the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> BitWriter<'a> {
        let start = out.len();
        BitWriter { out, start, held: 0, held_bits: 0 }
    }

    /// The lowest `bits` bits of `value` (0 to 32 of them; the others must be 0).
    pub fn put(&mut self, value: u32, bits: u32) {
        debug_assert!(bits <= 32 && (bits == 32 || value >> bits == 0));
        self.held |= u64::from(value) << self.held_bits;
        self.held_bits += bits;
        while self.held_bits >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.held_bits -= 8;
        }
    }

    /// One bit.
    pub fn put_bool(&mut self, value: bool) {
        self.put(u32::from(value), 1);
    }

    /// Any number; small ones take few bits (Elias gamma of `value + 1`: 1 bit for 0, 3 for 1
    /// and 2, 5 for 3 to 6, ... 65 for the largest).
    pub fn put_count(&mut self, value: u32) {
        let value = u64::from(value) + 1;
        let bits = value.ilog2();
        self.put(0, bits);
        self.put(1, 1);
        self.put((value ^ (1 << bits)) as u32, bits);
    }

    /// How many bytes it has written, the last one begun included.
    #[must_use]
    pub fn written(&self) -> usize {
        self.out.len() - self.start + usize::from(self.held_bits > 0)
    }

    /// Ends the last byte with zeros.
    pub fn finish(self) {
        if self.held_bits > 0 {
            self.out.push(self.held as u8);
        }
    }
}

/// Reads bits from bytes.
#[derive(Clone, Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    next: usize,
    held: u64,
    held_bits: u32,
}

impl<'a> BitReader<'a> {
    /// A reader at the first bit of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, next: 0, held: 0, held_bits: 0 }
    }

    /// The next `bits` bits (0 to 32).
    ///
    /// # Errors
    /// When there are not so many.
    pub fn take(&mut self, bits: u32) -> Result<u32, OutOfBits> {
        debug_assert!(bits <= 32);
        while self.held_bits < bits {
            let byte = *self.bytes.get(self.next).ok_or(OutOfBits)?;
            self.next += 1;
            self.held |= u64::from(byte) << self.held_bits;
            self.held_bits += 8;
        }
        let value = (self.held & ((1 << bits) - 1)) as u32;
        self.held >>= bits;
        self.held_bits -= bits;
        Ok(value)
    }

    /// The next bit.
    ///
    /// # Errors
    /// When there is none.
    pub fn take_bool(&mut self) -> Result<bool, OutOfBits> {
        Ok(self.take(1)? == 1)
    }

    /// The next number as [`BitWriter::put_count`] wrote it.
    ///
    /// # Errors
    /// When the bits end, or do not make a number of 32 bits.
    pub fn take_count(&mut self) -> Result<u32, OutOfBits> {
        let mut bits = 0;
        while !self.take_bool()? {
            bits += 1;
            if bits > 32 {
                return Err(OutOfBits);
            }
        }
        let value = (1_u64 << bits) + u64::from(self.take(bits)?) - 1;
        u32::try_from(value).map_err(|_| OutOfBits)
    }

    /// Whether all has been read but the zeros that end the last byte.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next == self.bytes.len() && self.held_bits < 8 && self.held == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(items in prop::collection::vec((any::<u32>(), 0..=32_u32), 0..200)) {
            let mut bytes = Vec::new();
            let mut writer = BitWriter::new(&mut bytes);
            for &(value, bits) in &items {
                writer.put((u64::from(value) & ((1 << bits) - 1)) as u32, bits);
                writer.put_count(value);
            }
            writer.finish();
            let mut reader = BitReader::new(&bytes);
            for &(value, bits) in &items {
                prop_assert_eq!(reader.take(bits), Ok((u64::from(value) & ((1 << bits) - 1)) as u32));
                prop_assert_eq!(reader.take_count(), Ok(value));
            }
            prop_assert!(reader.is_done());
        }

        #[test]
        fn any_bytes_are_read_to_their_end_and_no_further(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = BitReader::new(&bytes);
            let counts = (0..).take_while(|_| reader.take_count().is_ok()).count();
            prop_assert!(counts <= 8 * bytes.len());
        }
    }
}
