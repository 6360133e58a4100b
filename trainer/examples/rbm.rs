//! An RBM from the library: fit, features, scores, samples, save and load.
//!
//! `cargo run --release -p halfwave-trainer --example rbm`

use std::error::Error;

use halfwave_datasets::{Locator, load};
use halfwave_kernels::{Level, rng::Stream, units::Unit};
use halfwave_trainer::{
    observe::Silent,
    optim::Schedule,
    rbm::{Average, Chains, Rbm, RbmConfig, Visible},
};

fn main() -> Result<(), Box<dyn Error>> {
    let level = Level::best();
    // 1,797 digits of 8×8 pixels, 0 to 16, made binary; the last 297 are not trained on.
    let digits = load("optdigits", &Locator::new(None))?.train;
    let x: Vec<f32> = digits.x.iter().map(|&pixel| f32::from(pixel > 8.0)).collect();
    let (train, other) = x.split_at(1500 * digits.width);

    let config = RbmConfig {
        chains: Chains::Persistent,
        schedule: Schedule::Linear { epochs: 100 },
        learning_rate: 0.05,
        epochs: 100,
        ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 16)
    };
    let mut rbm = Rbm::new(&config, digits.width, 1)?;
    rbm.fit(level, train, "digits", &mut Silent)?;

    let features = rbm.features(level, other);
    println!("features              {} rows of {}", features.len() / 16, rbm.hidden_units());

    // Sixteen hidden units have 65,536 states: ln Z is a sum.
    let log_z = rbm.log_z_exact()?;
    for (name, rows) in [("trained on", train), ("other rows", other)] {
        let scores = Average::of(&rbm.log_likelihood(rows, log_z)?);
        println!("{name:<22}{:.2} ± {:.2} nats", scores.mean, scores.standard_error);
    }

    let mut v = other[..digits.width].to_vec();
    rbm.gibbs(level, Stream::new(7).at(0), 1000, &mut v)?;
    for row in v.chunks(8) {
        println!("{}", row.iter().map(|&v| if v > 0.5 { "##" } else { "  " }).collect::<String>());
    }

    let file = std::env::temp_dir().join("halfwave-digits.safetensors");
    std::fs::write(&file, rbm.to_bytes()?)?;
    let again = Rbm::from_bytes(&std::fs::read(&file)?, 1)?;
    std::fs::remove_file(&file)?;
    assert_eq!(again.weights(), rbm.weights());
    Ok(())
}
