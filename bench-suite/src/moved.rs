//! Whether the times of two builds differ by more than the noise of the machine.
//!
//! Both run in turns, round after round, each time in a process of its own. The time of a round is the
//! *least* of its samples: neighbours only ever add to it. No assumption is made about what is left of them:
//! under the hypothesis that both builds are the same, every order of the 2n times is equally likely.

/// Medians that differ by less are the same, whatever the noise: layout of code and of memory do as much.
pub const LEAST: f64 = 0.03;

/// Times above or below all of the other build that are forgiven, from seven rounds on.
const OUTLIERS: usize = 1;

/// `after` over `before`, if that is no noise: all times of one are above all of the other, and the medians differ
/// by [`LEAST`] or more. Of seven rounds or more, one time of each build may lie among the other's.
///
/// Of n rounds of the same program that happens by chance with probability 2/(2n choose n) without the exception:
/// 1/126 for five rounds; with it, 1/300 for nine.
///
/// ```
/// use halfwave_bench_suite::moved::ratio;
/// assert_eq!(ratio(&[1.0, 1.1, 1.2], &[1.1, 1.0, 1.3]), None);
/// assert_eq!(ratio(&[1.0, 1.1, 1.2], &[2.1, 2.2, 3.0]), Some(2.0));
/// ```
#[must_use]
pub fn ratio(before: &[f64], after: &[f64]) -> Option<f64> {
    let [before, after] = [before, after].map(|times| {
        let mut times = times.to_vec();
        times.sort_by(f64::total_cmp);
        times
    });
    let ratio = median(&after)? / median(&before)?;
    let (less, more) = if ratio > 1.0 { (&before, &after) } else { (&after, &before) };
    let forgiven = if less.len().min(more.len()) < 7 { 0 } else { OUTLIERS };
    let apart = less[less.len() - 1 - forgiven] < more[forgiven];
    (apart && (ratio - 1.0).abs() >= LEAST).then_some(ratio)
}

fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use halfwave_kernels::{Level, rng};

    use super::*;

    #[test]
    fn one_time_among_the_others_is_forgiven_from_seven_rounds_on() {
        let before = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 9.0];
        let after = [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.5];
        assert_eq!(ratio(&before, &after), Some(2.0));
        assert_eq!(ratio(&after, &before), Some(0.5));
        assert_eq!(ratio(&before[1..], &after[1..]), None);
        assert_eq!(ratio(&[9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0], &after), None);
    }

    #[test]
    fn a_small_difference_is_none_and_no_times_are_the_same() {
        assert_eq!(ratio(&[1.0; 9], &[1.029; 9]), None);
        assert_eq!(ratio(&[1.0; 9], &[0.96; 9]), Some(0.96));
        assert_eq!(ratio(&[], &[1.0]), None);
    }

    /// The share of false alarms is as the documentation says, on noise of any size.
    #[test]
    fn noise_alone_seldom_moves() {
        const TRIALS: usize = 20_000;
        let share = |rounds: usize| {
            let mut noise = vec![0.0; 2 * rounds * TRIALS];
            rng::uniform(Level::best(), rng::Stream::new(11).at(0), &mut noise);
            let times: Vec<_> = noise.iter().map(|&u| f64::from(1.0 + 9.0 * u)).collect();
            let moved = times.chunks(2 * rounds).filter(|times| {
                let (before, after) = times.split_at(rounds);
                ratio(before, after).is_some()
            });
            moved.count() as f64 / TRIALS as f64
        };
        let (five, nine) = (share(5), share(9));
        assert!((1.0 / 160.0..1.0 / 100.0).contains(&five), "{five}");
        assert!((1.0 / 450.0..1.0 / 220.0).contains(&nine), "{nine}");
    }
}
