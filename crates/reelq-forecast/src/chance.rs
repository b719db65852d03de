//! Draws of chance from one seeded generator.

use std::f64::consts::TAU;

use rand::{Rng as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};

/// 2 to the power of -53: the distance between two draws of [`Chance::unit`].
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;
/// An odd number without a pattern: it keeps the seeds of neighbouring plays apart.
const APART: u64 = 0x9e37_79b9_7f4a_7c15;

/// A generator. A named algorithm, so that a seed means the same on every machine.
#[derive(Debug)]
pub(crate) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The generator of one account in one play. Each has its own: a change to one account leaves the others as they were.
    pub(crate) fn of(seed: u64, account: u64, play: u64) -> Self {
        let mixed =
            seed.wrapping_add(account.wrapping_mul(APART)).rotate_left(32).wrapping_add(play.wrapping_mul(APART));
        Self(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// Evenly from 0, and below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * UNIT
    }

    /// Evenly from 0, and below `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// One of the values; `None` where there is none.
    pub(crate) fn pick<T: Copy>(&mut self, values: &[T]) -> Option<T> {
        let index = self.below(u64::try_from(values.len()).ok()?);
        values.get(usize::try_from(index).ok()?).copied()
    }

    /// From the normal distribution around 0 with deviation 1 (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }

    /// From the gamma distribution of this shape, which is above 0, and scale 1 (Marsaglia and Tsang, 2000).
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            // A draw of a shape that is larger by one, made smaller: the paper's own way to shapes below one.
            let smaller = (1.0 - self.unit()).powf(1.0 / shape);
            return self.gamma(shape + 1.0) * smaller;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// Parts of one whole, from the Dirichlet distribution; of two parts, the beta distribution.
    pub(crate) fn parts<const N: usize>(&mut self, shapes: [f64; N]) -> [f64; N] {
        let draws = shapes.map(|shape| self.gamma(shape));
        let sum: f64 = draws.iter().sum();
        draws.map(|draw| draw / sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 200_000;

    /// Mean and variance.
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    fn moments(mut draw: impl FnMut(&mut Chance) -> f64) -> (f64, f64) {
        let mut chance = Chance::of(7, 0, 0);
        let draws: Vec<f64> = (0..DRAWS).map(|_| draw(&mut chance)).collect();
        let mean = draws.iter().sum::<f64>() / DRAWS as f64;
        (mean, draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64)
    }

    #[test]
    fn gamma_has_its_shape_as_mean_and_variance() {
        for shape in [0.17, 0.5, 1.0, 3.5, 200.0] {
            let (mean, variance) = moments(|chance| chance.gamma(shape));
            assert!((mean / shape - 1.0).abs() < 0.02, "{shape}: {mean}");
            assert!((variance / shape - 1.0).abs() < 0.05, "{shape}: {variance}");
        }
    }

    #[test]
    fn beta_has_the_moments_of_the_books() {
        let (mean, variance) = moments(|chance| chance.parts([3.5, 97.5])[0]);
        assert!((mean - 3.5 / 101.0).abs() < 2e-4, "{mean}");
        assert!((variance - 3.5 * 97.5 / (101.0 * 101.0 * 102.0)).abs() < 1e-5, "{variance}");
    }

    #[test]
    fn picks_are_even_and_nothing_is_picked_from_nothing() {
        let (mean, _) = moments(|chance| chance.pick(&[0.0, 1.0, 2.0]).unwrap());
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert_eq!(Chance::of(1, 2, 3).pick::<u8>(&[]), None);
    }
}
