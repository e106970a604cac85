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
#[derive(Clone, Debug, PartialEq)]
pub struct SignedRank {
    /// Of the values that are not zero, doubled, so that a shared rank is whole.
    ranks: Vec<usize>,
    /// The sum of the doubled ranks of the values above zero.
    above: usize,
    /// The sum of all.
    all: usize,
    /// How many values were ranked, zeros among them.
    ranked: usize,
    p_above: f64,
    p_below: f64,
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
        let all = ranks.iter().sum();
        let (p_above, p_below) = tails(&ranks, above, all);
        SignedRank { ranks, above, all, ranked: values.len(), p_above, p_below }
    }

    /// How many values are not zero.
    pub fn count(&self) -> usize {
        self.ranks.len()
    }

    /// How often chance alone leans at least as far above zero. One without values.
    pub fn p_above(&self) -> f64 {
        self.p_above
    }

    /// How often chance alone leans at least as far below zero. One without values.
    pub fn p_below(&self) -> f64 {
        self.p_below
    }

    /// How often chance alone leans at least as far to either side.
    pub fn p_either(&self) -> f64 {
        (2.0 * self.p_above.min(self.p_below)).min(1.0)
    }

    /// The smallest p of either side that the test can still reach when `more` values follow: all of them on that side,
    /// and larger than what is there.
    pub fn best_p(&self, more: usize) -> f64 {
        let mut ranks = self.ranks.clone();
        ranks.extend((self.ranked + 1..=self.ranked + more).map(|rank| 2 * rank));
        let all = ranks.iter().sum();
        // What leans the other way stays as it is.
        tails(&ranks, self.above.min(self.all - self.above), all).1
    }
}

/// The smallest p of the test of so many values.
pub fn floor(values: u32) -> f64 {
    0.5_f64.powi(i32::try_from(values).unwrap_or(i32::MAX))
}

/// That the sum of a random subset is at least `above`, and that it is at most that. The shorter tail is counted.
fn tails(ranks: &[usize], above: usize, all: usize) -> (f64, f64) {
    let shorter = above.min(all - above);
    let p = p_by_sum(ranks, shorter);
    let (beyond, at) = (p.iter().sum::<f64>(), p[p.len() - 1]);
    match above == shorter {
        // Sums are symmetric around the half of all.
        true => (1.0 - beyond + at, beyond),
        false => (beyond, 1.0 - beyond + at),
    }
}

/// The probability of each sum of a random subset, from 0 to `most`. Halves of whole counts: exact up to 53 ranks.
fn p_by_sum(ranks: &[usize], most: usize) -> Vec<f64> {
    // Without ties every doubled rank is even, and half the table is enough.
    let step = if ranks.iter().all(|rank| rank % 2 == 0) { 2 } else { 1 };
    let mut p = vec![0.0; most / step + 1];
    p[0] = 1.0;
    for rank in ranks.iter().map(|rank| rank / step) {
        let before = p.clone();
        let (low, high) = p.split_at_mut(rank.min(before.len()));
        low.iter_mut().for_each(|p| *p *= 0.5);
        high.iter_mut().zip(&before).for_each(|(p, with)| *p = 0.5 * (*p + with));
    }
    p
}

/// The mean of each pair of values, a value with itself among them, in order (Walsh averages): where values lie, and
/// between which bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct PairMeans {
    means: Vec<f64>,
    values: usize,
}

impl PairMeans {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let mut means = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
        for (n, a) in values.iter().enumerate() {
            means.extend(values[n..].iter().map(|b| f64::midpoint(*a, *b)));
        }
        means.sort_unstable_by(f64::total_cmp);
        (!means.is_empty()).then_some(PairMeans { means, values: values.len() })
    }

    /// The Hodges–Lehmann estimate: their median (Hodges and Lehmann 1963, doi:10.1214/aoms/1177704172).
    pub fn estimate(&self) -> f64 {
        let count = self.means.len();
        f64::midpoint(self.means[(count - 1) / 2], self.means[count / 2])
    }

    /// An interval that misses the truth at most as often as is asked for, endless where there are too few values.
    ///
    /// From the k-th mean from either end, k the largest with P(W ≤ k − 1) ≤ `miss`/2: what the test at `miss` does not
    /// reject (Hollander, Wolfe and Chicken 2014, 3.3). With tied values it covers at least as much (Noether 1967, Journal
    /// of the American Statistical Association 62:184).
    pub fn interval(&self, miss: f64) -> (f64, f64) {
        self.without(outermost(self.values, miss))
    }

    /// The bounds when so many of the outermost are left out on either side.
    pub(super) fn without(&self, outermost: Option<usize>) -> (f64, f64) {
        match outermost {
            Some(outermost) => (self.means[outermost], self.means[self.means.len() - 1 - outermost]),
            None => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
}

/// How many of the outermost means of pairs lie outside an interval, on either side; `None` for too few values.
pub(super) fn outermost(values: usize, miss: f64) -> Option<usize> {
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
        let means = PairMeans::of(&hamilton).unwrap();
        assert!(near(means.estimate(), -0.46), "{}", means.estimate());
        let interval = means.interval(0.05);
        assert!(near(interval.0, -0.786) && near(interval.1, -0.010), "{interval:?}");
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
        let best = SignedRank::of(&values).best_p(3);
        values.extend([6.0, 7.0, 8.0]);
        assert!(near(best, SignedRank::of(&values).p_above()));
        values.iter_mut().for_each(|value| *value = -*value);
        assert!(
            near(SignedRank::of(&values[..6]).best_p(3), best)
                && near(SignedRank::of(&values).p_below(), best)
        );
    }

    #[test]
    fn too_few_values_have_an_endless_interval() {
        // 2·2^-5 is more than 5 %; 2·2^-6 is less.
        let interval = |values: &[f64]| PairMeans::of(values).unwrap().interval(0.05);
        assert_eq!(interval(&[1.0; 5]), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), (1.0, 6.0));
        assert_eq!(PairMeans::of(&[f64::NAN]), None);
        assert_eq!(PairMeans::of(&[7.0]).map(|means| means.estimate()), Some(7.0));
    }

    #[test]
    fn an_interval_leaves_out_what_tables_say() {
        // R's qsignrank(0.025, n) − 1, and qsignrank(0.005, 20) − 1.
        for (n, miss, outside) in
            [(6, 0.05, 0), (10, 0.05, 8), (14, 0.05, 21), (20, 0.05, 52), (20, 0.01, 37)]
        {
            assert_eq!(outermost(n, miss), Some(outside), "{n} {miss}");
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
            let means = PairMeans::of(&values).unwrap();
            let (low, high) = means.interval(0.05);
            let rejects = |at: f64| {
                let shifted: Vec<f64> = values.iter().map(|value| value - at).collect();
                SignedRank::of(&shifted).p_either() <= 0.05
            };
            let a_bit = 1e-6;
            prop_assert!(rejects(low - a_bit) && rejects(high + a_bit));
            prop_assert!(!rejects(low + a_bit) && !rejects(high - a_bit));
            prop_assert!(low <= means.estimate() && means.estimate() <= high);
        }
    }
}
