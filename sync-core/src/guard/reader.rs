//! A cursor over hostile bytes: every read is checked, nothing is copied or allocated.

use crate::bytes::{Actor, Hash};

/// Reports bytes that do not follow the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The unread rest of some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is unread.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(len).map_err(|_too_long| Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn hash(&mut self) -> Result<Hash, Malformed> {
        self.array().map(Hash)
    }

    /// An actor with its length; actors of visit documents have 16 bytes.
    pub(super) fn actor(&mut self) -> Result<Actor, Malformed> {
        if self.uleb()? == 16 { self.array().map(Actor) } else { Err(Malformed) }
    }

    /// An unsigned LEB128 number of 64 bits in its shortest form.
    pub(super) fn uleb(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                return Err(Malformed);
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(Malformed) } else { Ok(value) };
            }
        }
        Err(Malformed)
    }

    /// A signed LEB128 number of 64 bits in its shortest form.
    pub(super) fn sleb(&mut self) -> Result<i64, Malformed> {
        let mut value = 0i64;
        let mut previous = 0u8;
        for shift in (0u32..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let is_negative = byte & 0x40 != 0;
                let is_overlong =
                    shift > 0 && ((byte == 0 && previous & 0x40 == 0) || (byte == 0x7f && previous & 0x40 != 0));
                if is_overlong || (shift == 63 && byte != 0 && byte != 0x7f) {
                    return Err(Malformed);
                }
                return Ok(if is_negative && shift < 57 { value | (-1 << (shift + 7)) } else { value });
            }
            previous = byte;
        }
        Err(Malformed)
    }

    /// A text with its length.
    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let len = self.uleb()?;
        std::str::from_utf8(self.take(len)?).map_err(|_no_utf8| Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form_only() {
        let uleb = |bytes: &[u8]| Reader::new(bytes).uleb();
        assert_eq!(uleb(&[0x7f]), Ok(127));
        assert_eq!(uleb(&[0x80, 0x01]), Ok(128));
        assert_eq!(uleb(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Ok(u64::MAX));
        for bad in [
            &[][..],
            &[0x80],
            &[0x80, 0x00],
            &[0xff; 10],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] {
            assert_eq!(uleb(bad), Err(Malformed), "{bad:?}");
        }
        let sleb = |bytes: &[u8]| Reader::new(bytes).sleb();
        assert_eq!((sleb(&[0x7f]), sleb(&[0x3f]), sleb(&[0x40])), (Ok(-1), Ok(63), Ok(-64)));
        assert_eq!((sleb(&[0xc0, 0x00]), sleb(&[0xbf, 0x7f])), (Ok(64), Ok(-65)));
        assert_eq!(sleb(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]), Ok(i64::MIN));
        assert_eq!(sleb(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]), Ok(i64::MAX));
        for bad in [&[][..], &[0x80, 0x00], &[0xff, 0x7f], &[0x80; 10]] {
            assert_eq!(sleb(bad), Err(Malformed), "{bad:?}");
        }
    }
}
