//! A network from the library: fit, evaluate, probabilities, save and load.
//!
//! `cargo run --release -p halfwave-trainer --example mlp`

use std::error::Error;

use halfwave_datasets::{Locator, load, preprocess::Standardiser, split::stratified_split};
use halfwave_kernels::{Kind, Level};
use halfwave_trainer::{
    metrics::calibration_error,
    network::{Head, MlpConfig, Network},
    observe::Silent,
    optim::Optimiser,
};

fn main() -> Result<(), Box<dyn Error>> {
    let level = Level::best();
    // 569 rows of 30 measurements; three in ten are not trained on.
    let data = load("wdbc", &Locator::new(None))?.train;
    let fold = stratified_split(&data.labels, 0.3, 1)?;
    let (mut train, mut test) = (data.subset(&fold.train), data.subset(&fold.test));
    let standardiser = Standardiser::fit(&train.x, train.width)?;
    standardiser.apply(&mut train.x)?;
    standardiser.apply(&mut test.x)?;

    let config = MlpConfig {
        sizes: vec![train.width, 64, 32, train.classes()],
        activation: Kind::Relu,
        dropout: 0.1,
        head: Head::Softmax,
        optimiser: Optimiser::adam(),
        batch: 64,
        epochs: 40,
    };
    let mut network = Network::mlp(&config, 1)?;
    network.fit(level, &train, None, "wdbc", &mut Silent)?;
    print!("{}", network.summary());

    let confusion = network.evaluate(level, &test)?.confusion;
    println!("\naccuracy           {:.2} %", 100.0 * confusion.accuracy());
    for (k, name) in test.class_names.iter().enumerate() {
        let scores = confusion.class(k);
        println!("{name:<19}F1 {:.3}, {} rows", scores.f1, scores.support);
    }
    let p = network.probabilities(level, &test.x);
    let error = calibration_error(&p, &test.labels, test.classes(), 15);
    println!("calibration error  {:.2} %", 100.0 * error);

    let file = std::env::temp_dir().join("halfwave-wdbc.safetensors");
    std::fs::write(&file, network.to_bytes()?)?;
    let again = Network::from_bytes(&std::fs::read(&file)?, 1)?;
    std::fs::remove_file(&file)?;
    assert_eq!(again.probabilities(level, &test.x), p);
    Ok(())
}
