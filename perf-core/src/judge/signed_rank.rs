//! Whether paired differences lean to one side, and how far: Wilcoxon's signed-rank test, and the Hodges–Lehmann
//! estimate with its interval, all by exact null distributions.
//!
//! The values are ranked by their size; W is the sum of the ranks of those above zero. Under the null hypothesis every
//! sign is the throw of a fair coin, so W is the sum of a random subset of the ranks, and its distribution is counted
//! out, not approximated (Wilcoxon 1945, doi:10.2307/3001968; the counting: Streitberg and Röhmel 1986, Statistical
//! Software Newsletter 12). Equal sizes share the mean of their ranks. Zeros are ranked with the others and then taken
//! out, since they speak for neither side (Pratt 1959, doi:10.1080/01621459.1959.10501526). Given sizes and zeros the
//! test stays exact. Its smallest p is 2^-n for n values that are not zero.
//!
//! Numbers that are not finite are left out.

/// What the signs and ranks of some values say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRank {
    /// Of the values that are not zero, doubled, so that a shared rank is whole.
    ranks: Vec<usize>,
    /// The sum of the doubled ranks of the values above zero.
    above: usize,
    /// How many values were ranked, zeros among them.
    ranked: usize,
}

impl SignedRank {
    /// Of differences that are symmetric around zero under the null hypothesis.
    pub fn of(values: &[f64]) -> Self {
        let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        values.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let (mut ranks, mut above, mut passed) = (Vec::with_capacity(values.len()), 0, 0);
        for tied in values.chunk_by(|a, b| a.abs() >= b.abs()) {
            // Ranks `passed + 1` to `passed + n` have this mean, times two.
            let rank = 2 * passed + tied.len() + 1;
            passed += tied.len();
            for value in tied.iter().filter(|value| **value != 0.0) {
                ranks.push(rank);
                above += if *value > 0.0 { rank } else { 0 };
            }
        }
        SignedRank { ranks, above, ranked: values.len() }
    }

    /// How many values are not zero.
    pub fn count(&self) -> usize {
        self.ranks.len()
    }

    /// How often chance alone leans at least as far above zero. One without values.
    pub fn p_above(&self) -> f64 {
        p_at_least(&self.ranks, self.above)
    }

    /// How often chance alone leans at least as far below zero. One without values.
    pub fn p_below(&self) -> f64 {
        p_at_least(&self.ranks, self.ranks.iter().sum::<usize>() - self.above)
    }

    /// How often chance alone leans at least as far to either side.
    pub fn p_either(&self) -> f64 {
        (2.0 * self.p_above().min(self.p_below())).min(1.0)
    }

    /// The smallest `p_above` that the test can still reach when `more` values follow: all of them above zero, and
    /// larger than what is there.
    pub fn best_p_above(&self, more: usize) -> f64 {
        let mut ranks = self.ranks.clone();
        ranks.extend((self.ranked + 1..=self.ranked + more).map(|rank| 2 * rank));
        let added: usize = ranks[self.count()..].iter().sum();
        p_at_least(&ranks, self.above + added)
    }

    /// The same, for the other side.
    pub fn best_p_below(&self, more: usize) -> f64 {
        let all: usize = self.ranks.iter().sum();
        SignedRank { above: all - self.above, ..self.clone() }.best_p_above(more)
    }
}

/// The smallest p of the test of so many values.
pub fn floor(values: u32) -> f64 {
    0.5_f64.powi(i32::try_from(values).unwrap_or(i32::MAX))
}

/// That the sum of a random subset is at least `sum`. The shorter tail is counted.
fn p_at_least(ranks: &[usize], sum: usize) -> f64 {
    let all: usize = ranks.iter().sum();
    match sum {
        0 => 1.0,
        _ if all - sum < sum => p_by_sum(ranks, all - sum).iter().sum(),
        _ => 1.0 - p_by_sum(ranks, sum - 1).iter().sum::<f64>(),
    }
}

/// The probability of each sum of a random subset, from 0 to `most`. Halves of whole counts: exact up to 53 ranks.
fn p_by_sum(ranks: &[usize], most: usize) -> Vec<f64> {
    // Without ties every doubled rank is even, and half the table is enough.
    let step = if ranks.iter().all(|rank| rank % 2 == 0) { 2 } else { 1 };
    let mut p = vec![0.0; most / step + 1];
    p[0] = 1.0;
    for rank in ranks.iter().map(|rank| rank / step) {
        for sum in (rank..p.len()).rev() {
            p[sum] = 0.5 * (p[sum] + p[sum - rank]);
        }
        let below = rank.min(p.len());
        p[..below].iter_mut().for_each(|p| *p *= 0.5);
    }
    p
}

/// The mean of each pair of values, a value with itself among them, in order (Walsh averages).
fn pair_means(values: &[f64]) -> Vec<f64> {
    let pairs =
        values.iter().enumerate().flat_map(|(n, a)| values[n..].iter().map(|b| f64::midpoint(*a, *b)));
    let mut means: Vec<f64> = pairs.collect();
    means.sort_unstable_by(f64::total_cmp);
    means
}

/// Where values lie, and between which bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// The Hodges–Lehmann estimate.
    pub estimate: f64,
    /// It misses the truth at most as often as was asked for.
    pub interval: (f64, f64),
}

impl Location {
    /// The median of the means of all pairs (Hodges and Lehmann 1963, doi:10.1214/aoms/1177704172), and the k-th mean
    /// from either end, k the largest with P(W ≤ k − 1) ≤ `miss`/2: what the test at `miss` does not reject (Hollander,
    /// Wolfe and Chicken 2014, 3.3). With tied values it covers at least as much (Noether 1967,
    /// doi:10.1080/01621459.1967.10482920). The interval is endless where there are too few values for one.
    ///
    /// `None` without values.
    pub fn of(values: &[f64], miss: f64) -> Option<Self> {
        let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let means = pair_means(&values);
        let middle = means.len().checked_sub(1)? / 2;
        let estimate = f64::midpoint(means[middle], means[means.len() / 2]);
        let interval = match skipped(values.len(), miss) {
            Some(skipped) => (means[skipped], means[means.len() - 1 - skipped]),
            None => (f64::NEG_INFINITY, f64::INFINITY),
        };
        Some(Location { estimate, interval })
    }
}

/// How many of the outermost means of pairs lie outside, on either side.
fn skipped(values: usize, miss: f64) -> Option<usize> {
    let ranks: Vec<usize> = (1..=values).map(|rank| 2 * rank).collect();
    let mut reached = 0.0;
    let p_by_sum = p_by_sum(&ranks, values * (values + 1) / 2);
    let outside = p_by_sum.iter().take_while(|p| {
        reached += **p;
        reached <= miss / 2.0
    });
    outside.count().checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    /// All signs, one after the other.
    fn p_by_hand(values: &[f64]) -> f64 {
        let of = |signs: u32| {
            let signed =
                |(n, value): (usize, &f64)| if signs >> n & 1 == 1 { value.abs() } else { -value.abs() };
            let signed: Vec<f64> = values.iter().enumerate().map(signed).collect();
            SignedRank::of(&signed).above
        };
        let observed = SignedRank::of(values).above;
        let all = 1_u32 << values.len();
        (0..all).filter(|signs| of(*signs) >= observed).count() as f64 / f64::from(all)
    }

    #[test]
    fn p_values_are_those_of_the_tables() {
        // Hollander, Wolfe and Chicken 2014, example 3.1: nine depressed patients, T+ = 5, P = 0.0195.
        let hamilton = [-0.952, 0.147, -1.022, -0.430, -0.620, -0.590, -0.490, 0.080, -0.010];
        let test = SignedRank::of(&hamilton);
        assert_eq!((test.above, test.count()), (2 * 5, 9));
        assert!(near(test.p_below(), 10.0 / 512.0), "{}", test.p_below());
        // The published estimate is -0.46.
        let location = Location::of(&hamilton, 0.05).unwrap();
        assert!(near(location.estimate, -0.46), "{location:?}");
        assert!(near(location.interval.0, -0.786) && near(location.interval.1, -0.010), "{location:?}");
    }

    #[test]
    fn all_on_one_side_is_the_floor() {
        let rising: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!(near(SignedRank::of(&rising).p_above(), floor(20)) && near(floor(20), 2.0_f64.powi(-20)));
        assert!(near(SignedRank::of(&rising).p_below(), 1.0));
        assert!(near(SignedRank::of(&[1.0; 20]).p_above(), floor(20)), "ties");
    }

    #[test]
    fn zeros_are_ranked_and_then_left_out() {
        let test = SignedRank::of(&[0.0, -0.0, 3.0, -4.0, f64::NAN, f64::INFINITY]);
        assert_eq!((test.ranks.clone(), test.above), (vec![6, 8], 6));
        assert!(near(test.p_above(), 0.75) && near(test.p_below(), 0.5) && near(test.p_either(), 1.0));
        let nothing = SignedRank::of(&[0.0; 5]);
        assert!(near(nothing.p_above(), 1.0) && near(nothing.p_below(), 1.0) && nothing.count() == 0);
        assert!(near(SignedRank::of(&[]).p_either(), 1.0));
    }

    #[test]
    fn the_best_case_is_what_the_best_case_gives() {
        let mut values = vec![3.0, -1.0, 0.0, 2.0, -5.0, 4.0];
        let test = SignedRank::of(&values);
        let (above, below) = (test.best_p_above(3), test.best_p_below(3));
        values.extend([6.0, 7.0, 8.0]);
        assert!(near(above, SignedRank::of(&values).p_above()));
        values[6..].iter_mut().for_each(|value| *value = -*value);
        assert!(near(below, SignedRank::of(&values).p_below()));
    }

    #[test]
    fn too_few_values_have_an_endless_interval() {
        // 2·2^-5 is more than 5 %; 2·2^-6 is less.
        assert_eq!(Location::of(&[1.0; 5], 0.05).unwrap().interval, (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(Location::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.05).unwrap().interval, (1.0, 6.0));
        assert_eq!(Location::of(&[f64::NAN], 0.05), None);
        assert_eq!(Location::of(&[7.0], 0.05).map(|location| location.estimate), Some(7.0));
    }

    #[test]
    fn an_interval_leaves_out_what_tables_say() {
        // R's qsignrank(0.025, n) − 1, and qsignrank(0.005, 20) − 1.
        for (n, miss, outside) in
            [(6, 0.05, 0), (10, 0.05, 8), (14, 0.05, 21), (20, 0.05, 52), (20, 0.01, 37)]
        {
            assert_eq!(skipped(n, miss), Some(outside), "{n} {miss}");
        }
    }

    proptest! {
        #[test]
        fn p_is_the_share_of_all_signs(values in prop::collection::vec(-4_i8..5, 1..11)) {
            // Few different whole numbers: ties and zeros all over.
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            prop_assert!(near(SignedRank::of(&values).p_above(), p_by_hand(&values)));
        }

        #[test]
        fn the_interval_is_what_the_test_does_not_reject(values in prop::collection::vec(-1e3_f64..1e3, 8..16)) {
            let location = Location::of(&values, 0.05).unwrap();
            let rejects = |at: f64| {
                let shifted: Vec<f64> = values.iter().map(|value| value - at).collect();
                SignedRank::of(&shifted).p_either() <= 0.05
            };
            let a_bit = 1e-6;
            prop_assert!(rejects(location.interval.0 - a_bit) && rejects(location.interval.1 + a_bit));
            prop_assert!(!rejects(location.interval.0 + a_bit) && !rejects(location.interval.1 - a_bit));
            prop_assert!(location.interval.0 <= location.estimate && location.estimate <= location.interval.1);
        }
    }
}
