//! Philox 2x64 with 10 rounds, written out: integer arithmetic alone, the same on every machine.

/// The multiplier of a round (Salmon et al., table 2).
const MULTIPLIER: u64 = 0xD2B7_4407_B1CE_6E93;
/// What the key gains each round: the golden ratio.
const WEYL: u64 = 0x9E37_79B9_7F4A_7C15;
/// Rounds: the authors' recommendation, with a margin over the 6 that pass BigCrush.
const ROUNDS: u32 = 10;

/// Encrypts a counter under a key.
#[inline]
pub(super) const fn philox2x64_10(counter: [u64; 2], key: u64) -> [u64; 2] {
    let [mut left, mut right] = counter;
    let mut round_key = key;
    let mut round = 0;
    while round < ROUNDS {
        let product = left as u128 * MULTIPLIER as u128;
        left = (product >> 64) as u64 ^ round_key ^ right;
        right = product as u64;
        round_key = round_key.wrapping_add(WEYL);
        round += 1;
    }
    [left, right]
}

#[cfg(test)]
mod tests {
    use super::philox2x64_10;

    /// The known-answer vectors that the authors publish with Random123 (`kat_vectors`, philox2x64 10).
    #[test]
    fn known_answers() {
        for (counter, key, expected) in [
            ([0, 0], 0, [0xCA00_A045_9843_D731, 0x66C2_4222_C9A8_45B5]),
            ([u64::MAX, u64::MAX], u64::MAX, [0x65B0_21D6_0CD8_310F, 0x4D02_F322_2F86_DF20]),
            (
                [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344],
                0xA409_3822_299F_31D0,
                [0x0A5E_742C_2997_341C, 0xB0F8_83D3_8000_DE5D],
            ),
        ] {
            assert_eq!(philox2x64_10(counter, key), expected);
        }
    }
}
