//! Lists of a message, read entry by entry.
//!
//! bincode would make room for as many entries as a list announces before it reads the first one.
//! Here memory is taken as entries come, so that a message of few bytes costs little, whatever it
//! announces.

use bincode::de::{BorrowDecode, BorrowDecoder, Decode};
use bincode::enc::{Encode, Encoder};
use bincode::error::{DecodeError, EncodeError};

use super::messages::{BoardPage, Roster, ScoreEntry, Scores};
use crate::ids::PlayerId;

impl<'a, C> BorrowDecode<'a, C> for Roster<'a> {
    fn borrow_decode<D: BorrowDecoder<'a, Context = C>>(
        decoder: &mut D,
    ) -> Result<Roster<'a>, DecodeError> {
        Ok(Roster {
            complete: bool::decode(decoder)?,
            entries: list(decoder)?,
            gone: list(decoder)?,
        })
    }
}

impl<'a, C> BorrowDecode<'a, C> for Scores {
    fn borrow_decode<D: BorrowDecoder<'a, Context = C>>(
        decoder: &mut D,
    ) -> Result<Scores, DecodeError> {
        let mut entries: Vec<ScoreEntry> = list(decoder)?;
        let mut before = 0;
        for entry in &mut entries {
            before = entry.player.0.wrapping_add(before);
            entry.player = PlayerId(before);
        }
        Ok(Scores { entries })
    }
}

impl Encode for Scores {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.entries.len() as u64).encode(encoder)?;
        let mut before = 0;
        for entry in &self.entries {
            let player = PlayerId(entry.player.0.wrapping_sub(before));
            before = entry.player.0;
            ScoreEntry { player, ..*entry }.encode(encoder)?;
        }
        Ok(())
    }
}

impl<'a, C> BorrowDecode<'a, C> for BoardPage {
    fn borrow_decode<D: BorrowDecoder<'a, Context = C>>(
        decoder: &mut D,
    ) -> Result<BoardPage, DecodeError> {
        Ok(BoardPage {
            first: u16::decode(decoder)?,
            total: u16::decode(decoder)?,
            own: Option::decode(decoder)?,
            players: list(decoder)?,
        })
    }
}

/// A list as bincode writes it: how many, and each. Every entry takes a byte at least, so one that
/// announces more than there is ends where the bytes do.
fn list<'a, T, C, D>(decoder: &mut D) -> Result<Vec<T>, DecodeError>
where
    T: BorrowDecode<'a, C>,
    D: BorrowDecoder<'a, Context = C>,
{
    let announced = u64::decode(decoder)?;
    let mut entries = Vec::new();
    for _ in 0..announced {
        entries.push(T::borrow_decode(decoder)?);
    }
    Ok(entries)
}
