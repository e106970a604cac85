//! Finds the bend in a curve of p99 over rate: up to it more load costs little latency, from it on a lot.
//!
//! Needs no limit, and says nothing about one: a capacity lies below the knee where its limit is tight, above it where
//! its limit is loose.
//!
//! The method is Kneedle's (Satopää, Albrecht, Irwin and Raghavan, "Finding a 'Kneedle' in a Haystack", 2011): the
//! curve is scaled to the unit square, and its knee is the point furthest below the diagonal. Latency does not fall
//! when load grows, so the curve is smoothed by the non-decreasing one nearest to it (pool adjacent violators, Barlow
//! et al., "Statistical Inference under Order Restrictions", 1972) instead of by Kneedle's splines, which want many
//! and evenly spaced points. A search leaves 8 to 20, most of them close to the limit.
//!
//! Two others were left out. Gunther's Universal Scalability Law (Guerrilla Capacity Planning, ch. 5) fits throughput
//! over concurrency in a steady state; an open load above saturation has none (the queue, and with it Little's N = X·R,
//! grows with the length of the probe), and below it N is too small to tell the law's terms apart. Two straight lines
//! through the logarithms (Lerman, "Fitting Segmented Regression Models by Grid Search", 1980) have no place for the
//! plateau of an overloaded target, and with 30 % noise fitted a quarter of simulated searches at best.

/// Fewer different rates than this have no shape.
const LEAST_RATES: usize = 5;
/// Below the diagonal of the unit square; a curve that grows with the power 1.5 of the rate is 0.15 below.
const LEAST_BEND: f64 = 0.4;
/// From the knee to the highest rate, p99 must grow by this factor: three standard deviations of a p99 with 37 % noise.
const LEAST_RISE: f64 = 3.0;

/// Where p99 starts to climb.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knee {
    /// The last measured rate before it does, per second.
    pub rate: f64,
    /// What p99 was there on the smoothed curve, in nanoseconds.
    pub p99_ns: f64,
}

/// All measurements at one rate, then a point of the smoothed curve.
#[derive(Clone, Copy)]
struct Point {
    rate: f64,
    /// The mean of ln p99.
    ln_p99: f64,
    measurements: f64,
}

impl Knee {
    /// Of rates with their p99 in nanoseconds, in any order; a rate may come more than once.
    ///
    /// `None` with fewer than five different rates, and where the curve bends too little to be told from noise: of a
    /// thousand simulated ones with 30 % noise, a flat p99 showed no knee, one in proportion to the rate eight. Four
    /// servers with such noise have their knee between 0.87 and 1.04 of saturation in nine of ten cases.
    pub fn of(measurements: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let points = smoothed(by_rate(measurements));
        let (first, last) = (points.first()?, points.last()?);
        let (width, height) = (last.rate - first.rate, last.p99() - first.p99());
        let bend = |point: &Point| (point.rate - first.rate) / width - (point.p99() - first.p99()) / height;
        let knee = points.iter().max_by(|a, b| bend(a).total_cmp(&bend(b)))?;
        let is_bent = bend(knee) >= LEAST_BEND && last.p99() >= LEAST_RISE * knee.p99();
        (points.len() >= LEAST_RATES && is_bent).then(|| Knee { rate: knee.rate, p99_ns: knee.p99() })
    }
}

impl Point {
    fn p99(&self) -> f64 {
        self.ln_p99.exp()
    }

    /// Both together, at the first one's rate.
    fn with(&self, other: &Point) -> Point {
        let measurements = self.measurements + other.measurements;
        let sum = self.ln_p99 * self.measurements + other.ln_p99 * other.measurements;
        Point { rate: self.rate, ln_p99: sum / measurements, measurements }
    }
}

/// One point for each rate, in order. What has no logarithm is left out.
fn by_rate(measurements: impl IntoIterator<Item = (f64, f64)>) -> Vec<Point> {
    let points =
        measurements.into_iter().map(|(rate, p99)| Point { rate, ln_p99: p99.ln(), measurements: 1.0 });
    let mut points: Vec<Point> = points.filter(|p| p.rate.is_finite() && p.ln_p99.is_finite()).collect();
    points.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let same = points.chunk_by(|a, b| a.rate.total_cmp(&b.rate).is_eq());
    same.filter_map(|same| same.iter().copied().reduce(|a, b| a.with(&b))).collect()
}

/// The nearest points that do not fall: neighbours that do are pooled until none is left.
fn smoothed(points: Vec<Point>) -> Vec<Point> {
    let mut pools: Vec<(Point, Vec<f64>)> = Vec::new();
    for point in points {
        let mut pool = (point, vec![point.rate]);
        while let Some((before, mut rates)) = pools.pop_if(|(before, _)| before.ln_p99 > pool.0.ln_p99) {
            rates.append(&mut pool.1);
            pool = (before.with(&pool.0), rates);
        }
        pools.push(pool);
    }
    let at_each =
        |(pool, rates): (Point, Vec<f64>)| rates.into_iter().map(move |rate| Point { rate, ..pool });
    pools.into_iter().flat_map(at_each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::arrivals::unit;
    use proptest::prelude::*;
    use rand_pcg::Pcg64;

    /// Standard normal, by Box and Muller.
    fn normal(random: &mut Pcg64) -> f64 {
        (-2.0 * (1.0 - unit(random)).ln()).sqrt() * (std::f64::consts::TAU * unit(random)).cos()
    }

    /// The p99 in ns of four servers of 5 ms each (saturated at 800/s) in a probe of 5 s, with 30 % of noise.
    ///
    /// Below saturation the tail of the M/M/c queue's waiting time, with Sakasegawa's P(wait) ≈ ρ^√(2(c+1)); above it
    /// the queue of the whole probe.
    fn four_servers(rate: f64, random: &mut Pcg64) -> f64 {
        let load = rate / 800.0;
        let waits = load.powf(10f64.sqrt());
        let delay = match load {
            load if load >= 1.0 => 0.01 + (load - 1.0) * 5.0,
            load => ((waits * 100.0).max(1.0).ln() / (800.0 * (1.0 - load))).min(0.25),
        };
        (0.0075 + delay.min(1.25)) * 1e9 * (0.3 * normal(random)).exp()
    }

    /// Doubled up to beyond the middle, then closing in on it, as a search leaves them.
    fn rates_around(middle: f64) -> Vec<f64> {
        let from = middle / 40.0;
        let climb = (0..).map(|n| from * 2f64.powi(n)).take_while(|rate| *rate < middle * 2.0);
        let close = [1.19, 1.09, 1.04, 1.0, 1.0, 0.97, 0.9];
        climb.chain(close.map(|part| part * middle)).collect()
    }

    /// The knees of a thousand curves.
    fn knees(rates: &[f64], p99: impl Fn(f64, &mut Pcg64) -> f64) -> Vec<f64> {
        let knee = |seed| {
            let mut random = Pcg64::new(seed, 0);
            Knee::of(rates.iter().map(|rate| (*rate, p99(*rate, &mut random))))
        };
        let mut rates: Vec<f64> = (0..1000).filter_map(knee).map(|knee| knee.rate).collect();
        rates.sort_by(f64::total_cmp);
        rates
    }

    #[test]
    fn a_flat_line_and_a_steep_one_meet_at_the_knee() {
        let p99 = |rate: f64| 5e6 + (rate - 800.0).max(0.0) * 1e6;
        let rates = [100.0, 1600.0, 200.0, 400.0, 800.0, 1131.0, 951.0, 872.0];
        let knee = Knee::of(rates.map(|rate| (rate, p99(rate)))).unwrap();
        assert_eq!((knee.rate, knee.p99_ns.round()), (800.0, 5e6));
    }

    #[test]
    fn without_a_bend_or_with_four_rates_there_is_no_knee() {
        let rates = [100.0, 200.0, 400.0, 600.0, 700.0, 800.0];
        assert_eq!(Knee::of(rates.map(|rate| (rate, 5e6))), None);
        assert_eq!(Knee::of(rates.map(|rate| (rate, rate * 1e4))), None);
        assert_eq!(Knee::of(rates.map(|rate| (rate, 1e9 / rate))), None);
        assert_eq!(Knee::of([]), None);
        let cliff = [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (4.0, 100.0)];
        assert_eq!(Knee::of(cliff), None);
        assert!(Knee::of(cliff.into_iter().chain([(2.5, 1.0)])).is_some());
        assert_eq!(Knee::of(cliff.into_iter().chain([(2.5, 0.0), (2.6, f64::NAN)])), None);
    }

    #[test]
    fn a_saturated_queue_has_its_knee_near_saturation_whatever_the_noise() {
        let knees = knees(&rates_around(700.0), four_servers);
        assert!(knees.len() > 900, "{}", knees.len());
        let (low, high) = (knees[knees.len() / 20], knees[knees.len() * 19 / 20]);
        assert!(low > 0.8 * 800.0 && high < 1.1 * 800.0, "{low} {high}");
    }

    #[test]
    fn noise_alone_makes_no_knee() {
        let rates = rates_around(700.0);
        let noisy = |power: f64| {
            knees(&rates, |rate, random| 1e6 * rate.powf(power) * (0.3 * normal(random)).exp()).len()
        };
        let of_a_thousand = [noisy(0.0), noisy(0.5), noisy(1.0)];
        assert!(of_a_thousand.into_iter().all(|knees| knees <= 20), "{of_a_thousand:?}");
    }

    proptest! {
        #[test]
        fn the_smoothed_curve_never_falls_and_keeps_its_rates_and_its_mean(
            p99s in proptest::collection::vec(1.0f64..1e9, 1..20),
        ) {
            let points = by_rate(p99s.iter().enumerate().map(|(n, p99)| (n as f64, *p99)));
            let smooth = smoothed(points.clone());
            prop_assert!(smooth.is_sorted_by(|a, b| a.ln_p99 <= b.ln_p99 && a.rate < b.rate));
            prop_assert_eq!(smooth.len(), points.len());
            let sum = |points: &[Point]| points.iter().map(|point| point.ln_p99).sum::<f64>();
            prop_assert!((sum(&smooth) - sum(&points)).abs() < 1e-6);
        }

        #[test]
        fn a_knee_is_one_of_the_measured_rates(curve in proptest::collection::vec((1.0f64..1e4, 0.0f64..1e9), 0..25)) {
            if let Some(knee) = Knee::of(curve.iter().copied()) {
                prop_assert!(curve.iter().any(|(rate, _)| rate.total_cmp(&knee.rate).is_eq()));
                prop_assert!(knee.p99_ns.is_finite() && knee.p99_ns > 0.0);
            }
        }
    }
}
