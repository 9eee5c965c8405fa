//! Where a sealed value lives. The place is authenticated with the value, so that a ciphertext copied to another row,
//! column or table does not open there.

/// Changing this string makes every envelope sealed before it unreadable.
const LABEL: &[u8] = b"arctiv.vault.v1";

/// The place of a sealed value: table, row id, column.
///
/// ```
/// # use vault::Context;
/// let account_id = [7_u8; 16]; // the row's UUID in bytes
/// let context = Context::new("account_credentials", &account_id, "access_token");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Context<'a> {
    table: &'a str,
    row: &'a [u8],
    column: &'a str,
}

impl<'a> Context<'a> {
    /// `row` is the row's id in its binary form (`Uuid::as_bytes`), so that spelling cannot vary.
    pub const fn new(table: &'a str, row: &'a [u8], column: &'a str) -> Self {
        Self { table, row, column }
    }

    /// The associated data of an envelope: the label, then envelope header and place, each preceded by its length as
    /// eight bytes. With plain concatenation `("ab", "c")` and `("a", "bc")` would be the same place.
    pub(crate) fn associated_data(&self, header: &[u8]) -> Vec<u8> {
        let parts = [LABEL, header, self.table.as_bytes(), self.row, self.column.as_bytes()];
        let mut data = Vec::with_capacity(parts.iter().map(|part| size_of::<u64>() + part.len()).sum());
        for part in parts {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moving_a_byte_between_parts_is_another_place() {
        let one = Context::new("ab", b"c", "d").associated_data(b"h");
        assert_ne!(one, Context::new("a", b"bc", "d").associated_data(b"h"));
        assert_ne!(one, Context::new("ab", b"", "cd").associated_data(b"h"));
        assert_ne!(one, Context::new("b", b"c", "d").associated_data(b"ha"));
    }

    proptest! {
        /// The encoding is injective: two places share associated data only if they are the same place.
        #[test]
        fn different_places_have_different_data(
            a in (".{0,6}", any::<[u8; 3]>(), ".{0,6}"),
            b in (".{0,6}", any::<[u8; 3]>(), ".{0,6}"),
        ) {
            let data = |(table, row, column): &(String, [u8; 3], String)| {
                Context::new(table, row, column).associated_data(b"header")
            };
            prop_assert_eq!(data(&a) == data(&b), a == b);
        }
    }
}
