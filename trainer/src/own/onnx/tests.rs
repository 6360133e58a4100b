use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, Write as _},
    path::Path,
    process::Command,
};

use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level, learned::LearnedKind};

use super::*;
use crate::{
    layers::Initialiser,
    network::NetworkConfig,
    npy::{self, Array},
    observe::Silent,
    optim::{Optimiser, Schedule},
};

const CLASSES: [&str; 3] = ["a", "b", "c"];

fn data() -> Dataset {
    let x: Vec<f32> = (0..24 * 50).map(|i| (i as f32 * 0.7).sin()).collect();
    let labels = (0..24).map(|i| i % 3).collect();
    Dataset::new(x, &[5, 5, 2], labels, &CLASSES).unwrap()
}

/// Trained a little, so that biases, scales and moments are not those of the start.
fn network(input: &[usize], layers: Vec<LayerConfig>, head: Head, data: &Dataset) -> Network {
    let (optimiser, schedule) = (Optimiser::adam(), Schedule::Constant);
    let input = input.to_vec();
    let config = NetworkConfig { input, layers, head, optimiser, schedule, batch: 8, epochs: 4 };
    let mut network = Network::new(&config, 3).unwrap();
    network.fit(Level::best(), data, None, "onnx", &mut Silent).unwrap();
    network
}

fn conv(stride: [usize; 2], padding: Padding) -> LayerConfig {
    let (channels, kernel, activation) = (4, [3, 2], Kind::LeakyRelu);
    let initialiser = Initialiser::HeNormal;
    LayerConfig::Conv { channels, kernel, stride, padding, activation, initialiser }
}

/// All layers that there are a form for, by twos and threes.
fn networks() -> Vec<(String, Network, Preprocessing)> {
    let data = data();
    let learned = |activation| LayerConfig::Learned {
        activation,
        per_channel: activation != LearnedKind::ReluN,
    };
    let top = || LayerConfig::dense(3, Kind::Identity);
    let mut all = Vec::new();
    for (i, padding) in [Padding::Valid, Padding::Same].into_iter().enumerate() {
        let layers = vec![
            conv([1, 2], padding),
            LayerConfig::batch_norm(),
            LayerConfig::MaxPool { window: [2, 2], stride: [1, 1], padding },
            learned(LearnedKind::Prelu),
            LayerConfig::LayerNorm { epsilon: 1e-5 },
            learned(LearnedKind::Dyt),
            LayerConfig::NegateHalf,
            LayerConfig::Dropout { rate: 0.25 },
            LayerConfig::Flatten,
            LayerConfig::dense(6, Kind::Tanh),
            top(),
        ];
        let network = network(&[5, 5, 2], layers, Head::Softmax, &data);
        all.push((format!("images{i}"), network, Preprocessing::default()));
    }
    let fitted = Preprocessing::fit((&data.x).into(), 50, true, Some(10)).unwrap();
    let mut prepared = data.clone();
    prepared.x = fitted.apply(data.x.clone()).unwrap();
    (prepared.width, prepared.shape) = (10, vec![10]);
    for head in [Head::Softmax, Head::NormalisedRelu, Head::Logistic] {
        let layers = vec![
            LayerConfig::WeightNorm { units: 7, initialiser: Initialiser::HeNormal },
            // Of an odd number.
            LayerConfig::NegateHalf,
            LayerConfig::Scale { factor: 1.5 },
            learned(LearnedKind::Swish),
            LayerConfig::GaussianNoise { std: 0.1 },
            LayerConfig::dense(6, Kind::Relu),
            learned(LearnedKind::ReluN),
            top(),
        ];
        let network = network(&[10], layers, head, &prepared);
        all.push((format!("rows-{head:?}"), network, fitted.clone()));
    }
    for &kind in Kind::ALL.iter().filter(|&&kind| kind != Kind::Lif) {
        let layers = vec![
            LayerConfig::dense(6, Kind::Softplus),
            LayerConfig::Activation { activation: kind },
            top(),
        ];
        let mut flat = data.clone();
        flat.shape = vec![50];
        let network = network(&[50], layers, Head::Softmax, &flat);
        all.push((format!("activation-{kind}"), network, Preprocessing::default()));
    }
    all
}

fn classes() -> [String; 3] {
    CLASSES.map(String::from)
}

/// Every operator takes what there is by then.
#[test]
fn graphs_are_chains_of_known_numbers() {
    for (name, network, preprocessing) in networks() {
        let bytes = bytes(&network, &preprocessing, &classes()).unwrap();
        let model = Model::decode(&bytes[..]).unwrap();
        assert_eq!((model.ir_version, model.opset_import[0].version), (9, 20));
        let graph = model.graph.unwrap();
        let mut known: BTreeSet<String> = graph.constants.iter().map(|c| c.name.clone()).collect();
        known.extend(graph.inputs.iter().map(|input| input.name.clone()));
        for node in &graph.nodes {
            assert!(node.inputs.iter().all(|input| known.contains(input)), "{name}: {node:?}");
            assert!(node.outputs.iter().all(|output| known.insert(output.clone())), "{name}");
        }
        assert!(graph.outputs.iter().all(|output| known.contains(&output.name)), "{name}");
        for constant in &graph.constants {
            let size = if constant.element == messages::F32 { 4 } else { 8 };
            let count = constant.sizes.iter().product::<i64>() as usize;
            assert_eq!(constant.bytes.len(), size * count, "{name}: {}", constant.name);
        }
    }
}

/// onnxruntime computes the same; `PYTHON` names the interpreter that has it.
#[test]
fn onnxruntime_computes_the_same() {
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let found = Command::new(&python).args(["-c", "import onnxruntime, numpy"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        // Past the capture of the test harness, which would keep a skip silent.
        let python = python.display();
        writeln!(io::stderr(), "SKIPPED: ONNX files are not run, for {python} has no onnxruntime")
            .unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let x = data().x;
    let level = Level::best();
    for (name, network, preprocessing) in networks() {
        let file = |end: &str| folder.path().join(format!("{name}.{end}"));
        fs::write(file("onnx"), bytes(&network, &preprocessing, &classes()).unwrap()).unwrap();
        let prepared = preprocessing.apply(x.clone()).unwrap();
        save(&file("x.npy"), &[24, 50], x.clone());
        save(&file("outputs.npy"), &[24, 3], network.outputs(level, (&prepared).into()));
        save(&file("probabilities.npy"), &[24, 3], network.probabilities(level, &prepared));
        let predicted = network.predict(level, &prepared);
        save(&file("class.npy"), &[24], predicted.into_iter().map(i64::from).collect());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/onnx.py");
    let output = Command::new(&python).arg(script).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn save<T: npy::Element>(path: &Path, shape: &[usize], data: Vec<T>) {
    let array = Array { shape: shape.to_vec(), data };
    let mut bytes = Vec::new();
    npy::write(&array, &mut bytes).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_has_no_form_is_an_error_that_names_the_layer() {
    let mut flat = data();
    flat.shape = vec![50];
    for (second, name) in
        [(LayerConfig::CaRelu, "carelu"), (LayerConfig::dense(6, Kind::Lif), "lif")]
    {
        let (first, last) =
            (LayerConfig::dense(6, Kind::Relu), LayerConfig::dense(3, Kind::Identity));
        let network = network(&[50], vec![first, second, last], Head::Softmax, &flat);
        let error = bytes(&network, &Preprocessing::default(), &classes()).unwrap_err();
        assert_eq!(error, OnnxError { number: 2, name });
        let said = format!("layer 2 ({name}) has no form in ONNX");
        assert!(error.to_string().starts_with(&said), "{error}");
    }
}
