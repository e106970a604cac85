//! Who goes first: a fair coin for every pair of rounds, and for every launch, all from one seed.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// Tosses.
#[derive(Clone, Debug)]
pub struct Coins(Pcg64);

/// The working tree, or what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The revision.
    Base,
    /// The working tree.
    Head,
}

impl Who {
    /// As messages and reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Who::Base => "base",
            Who::Head => "head",
        }
    }
}

impl Coins {
    /// Those of one block of one test, the same for the same seed, whatever other tests are compared.
    pub fn of(seed: u64, test: &str, block: u32) -> Self {
        let name = test.bytes().fold(0_u64, |hash, byte| {
            // FNV-1a's step; names only have to differ.
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let stream = u128::from(name) << 32 | u128::from(block);
        Coins(Pcg64::new(u128::from(seed), stream))
    }

    /// Both, in the order of a toss.
    pub fn toss(&mut self) -> [Who; 2] {
        match self.0.next_u64() >> 63 {
            0 => [Who::Base, Who::Head],
            _ => [Who::Head, Who::Base],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firsts(seed: u64, test: &str) -> Vec<Who> {
        (0..1000).map(|block| Coins::of(seed, test, block).toss()[0]).collect()
    }

    #[test]
    fn coins_are_fair_and_follow_from_the_seed() {
        let heads = firsts(1, "login").iter().filter(|who| **who == Who::Head).count();
        assert!((430..570).contains(&heads), "{heads}");
        assert_eq!(firsts(1, "login"), firsts(1, "login"));
        assert_ne!(firsts(1, "login"), firsts(2, "login"));
        assert_ne!(firsts(1, "login"), firsts(1, "search"));
    }
}
