//! Random numbers that everybody draws alike from a seed.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// From 0 to 1, the latter not included.
pub(crate) fn unit(random: &mut Pcg64) -> f64 {
    (random.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A generator of its own for each number below one seed: neighbours have nothing in common.
pub(super) fn numbered(seed: u64, number: u64) -> Pcg64 {
    let high = mixed(seed ^ mixed(number));
    Pcg64::new(u128::from(high) << 64 | u128::from(mixed(high)), 0)
}

/// The output of `SplitMix64`: every bit depends on every other.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
