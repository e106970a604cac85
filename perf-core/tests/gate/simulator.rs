//! Rounds as a machine might give them: noise with a memory, bursts, launches that differ, heavy tails.

use perf_core::judge::block::{Block, Side};
use perf_core::judge::level::{Rounds, SessionRecord};
use perf_core::rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// What unchanged code varies by, as standard deviations of the logarithm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    /// Of a round, independent of all others.
    pub(crate) round: f64,
    /// Of the state of the machine, which changes slowly.
    pub(crate) state: f64,
    /// What the state has of itself one round later.
    pub(crate) memory: f64,
    /// How often a burst begins in a round; one goes on with 0.4, and slows down by half.
    pub(crate) bursts: f64,
    /// Of a launch of the program.
    pub(crate) launch: f64,
    /// Whether rounds have the tails of Student's t with two degrees of freedom.
    pub(crate) is_heavy: bool,
}

/// Half-second rounds, a bit noisier than the recorded ones.
pub(crate) const CALM: Noise =
    Noise { round: 0.045, state: 0.0, memory: 0.0, bursts: 0.0, launch: 0.0, is_heavy: false };

/// Every kind of noise by itself, and all of them together.
pub(crate) const NOISES: [(&str, Noise); 6] = [
    ("independent", CALM),
    ("AR(1)", Noise { state: 0.05, memory: 0.95, ..CALM }),
    ("bursts", Noise { bursts: 0.05, ..CALM }),
    ("launches", Noise { launch: 0.02, ..CALM }),
    ("heavy tails", Noise { is_heavy: true, ..CALM }),
    (
        "all of it",
        Noise { round: 0.045, state: 0.05, memory: 0.95, bursts: 0.05, launch: 0.02, is_heavy: true },
    ),
];

/// A machine that runs rounds one after the other.
pub(crate) struct Machine {
    noise: Noise,
    state: f64,
    is_bursting: bool,
    random: Pcg64Mcg,
}

impl Machine {
    pub(crate) fn new(noise: Noise, seed: u64) -> Self {
        Machine { noise, state: 0.0, is_bursting: false, random: Pcg64Mcg::seed_from_u64(seed) }
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        self.random.random::<f64>()
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.uniform() < 0.5
    }

    /// Box and Muller's.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Student's t with two degrees of freedom.
    pub(crate) fn heavy(&mut self) -> f64 {
        self.normal() / (-(1.0 - self.uniform()).ln()).sqrt()
    }

    /// Until nothing is left of the state that it is in.
    pub(crate) fn rest(&mut self) {
        self.state = self.noise.state * self.normal();
        self.is_bursting = false;
    }

    pub(crate) fn launch(&mut self) -> f64 {
        self.noise.launch * self.normal()
    }

    /// The logarithm of a round's value, around zero.
    pub(crate) fn round(&mut self) -> f64 {
        let Noise { round, state, memory, bursts, is_heavy, .. } = self.noise;
        self.state = memory * self.state + state * (1.0 - memory * memory).sqrt() * self.normal();
        let change = if self.is_bursting { 0.6 } else { bursts };
        self.is_bursting ^= bursts > 0.0 && self.uniform() < change;
        let own = if is_heavy { self.heavy() } else { self.normal() };
        self.state + round * own + if self.is_bursting { 0.5_f64.ln_1p() } else { 0.0 }
    }

    /// Blocks of three pairs; each side is launched anew for each, and a coin decides who goes first.
    pub(crate) fn blocks(&mut self, count: usize, effect: f64) -> Vec<Block> {
        (0..count)
            .map(|_| {
                let launches = (self.launch(), self.launch() + effect);
                self.block(launches)
            })
            .collect()
    }

    /// One block, of two launches.
    pub(crate) fn block(&mut self, (base, head): (f64, f64)) -> Block {
        let mut sides = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let is_head_first = self.coin();
            let (first, second) = (self.round(), self.round());
            let (of_base, of_head) = if is_head_first { (second, first) } else { (first, second) };
            sides.0.push(base + of_base);
            sides.1.push(head + of_head);
        }
        let side = |logs: &[f64]| Side { rounds: rounds(logs), service: Vec::new() };
        Block { base: side(&sides.0), head: side(&sides.1) }
    }

    /// A session of ten rounds around a level.
    pub(crate) fn session(&mut self, level: f64) -> SessionRecord {
        let launch = level + self.launch();
        let logs: Vec<f64> = (0..10).map(|_| launch + self.round()).collect();
        SessionRecord { rounds: rounds(&logs), ..SessionRecord::default() }
    }
}

/// Rounds of a p50 around a millisecond.
pub(crate) fn rounds(logs: &[f64]) -> Rounds {
    Rounds {
        n: vec![500; logs.len()],
        service_p50_ns: logs.iter().map(|log| Some(1e6 * log.exp())).collect(),
        ..Rounds::default()
    }
}
