use std::time::Duration;

use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level, learned::LearnedKind, units::Unit};
use tempfile::TempDir;

use super::{fuzz::Model, *};
use crate::{
    autoencoder::{AutoEncoder, AutoEncoderConfig, Reconstruction},
    layers::LayerConfig,
    network::{Criterion, Head, Network, NetworkConfig, Stopping},
    observe::Epoch,
    optim::{Optimiser, Schedule},
    rbm::{Centring, Chains, Rbm, RbmConfig, Visible},
    rnn::{Recurrent, Rnn, RnnConfig},
    siamese::{Pair, Siamese, SiameseConfig},
    train::Diverged,
};

const LEVEL: fn() -> Level = Level::best;

/// Watches a training that is killed: after so many steps nothing is saved any more.
struct Killed {
    checkpoints: Checkpoints,
    left: usize,
    told: Vec<(usize, Vec<(&'static str, u64)>)>,
    notes: Vec<String>,
}

impl Observer for Killed {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let metrics = epoch.metrics.iter().map(|&(name, x)| (name, x.to_bits())).collect();
        self.told.push((epoch.epoch, metrics));
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.into());
    }

    fn warning(&mut self, text: &str) {
        self.notes.push(format!("warning: {text}"));
    }

    fn checkpoints(&mut self) -> Option<&mut Checkpoints> {
        let alive = self.left > 0;
        self.left -= usize::from(alive);
        alive.then_some(&mut self.checkpoints)
    }
}

fn watched(folder: &Path, left: usize, there: There) -> Killed {
    let checkpoints = Checkpoints::open(folder, "x = 1\n", Duration::ZERO, there).unwrap();
    Killed { checkpoints, left, told: Vec::new(), notes: Vec::new() }
}

/// That training by `train`, which returns the bits of what it has trained, ends in the same bits and tells the same
/// epochs wherever it was killed.
fn goes_on(train: impl Fn(&mut dyn Observer) -> Vec<u32>) {
    let whole = tempfile::tempdir().unwrap();
    let mut watch = watched(whole.path(), usize::MAX, There::Refuse);
    let (wanted, told) = (train(&mut watch), watch.told);
    assert!(told.len() > 1);
    let mut went_on = 0;
    for left in 1.. {
        let killed = tempfile::tempdir().unwrap();
        let mut watch = watched(killed.path(), left, There::Refuse);
        train(&mut watch);
        let complete = watch.left > 0;
        drop(watch);
        let mut watch = watched(killed.path(), usize::MAX, There::Resume);
        assert_eq!(train(&mut watch), wanted, "killed after {left}");
        assert_eq!(watch.told, told, "killed after {left}");
        went_on += watch.notes.iter().filter(|note| note.contains("goes on after epoch")).count();
        if complete {
            break;
        }
    }
    assert!(went_on > told.len(), "there are more steps than epochs");
}

fn bits(x: &[f32]) -> impl Iterator<Item = u32> {
    x.iter().map(|x| x.to_bits())
}

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.7).sin()).collect()
}

fn data() -> Dataset {
    let labels = (0..22).map(|i| i % 3).collect();
    Dataset::new(values(22 * 16), &[4, 4, 1], labels, &["a", "b", "c"]).unwrap()
}

fn network(optimiser: Optimiser) -> Network {
    let config = NetworkConfig {
        input: vec![4, 4, 1],
        layers: vec![
            LayerConfig::conv(2, [3, 3], Kind::Relu),
            LayerConfig::batch_norm(),
            LayerConfig::Flatten,
            LayerConfig::Dropout { rate: 0.25 },
            LayerConfig::Learned { activation: LearnedKind::Prelu, per_channel: true },
            LayerConfig::dense(3, Kind::Identity),
        ],
        head: Head::Softmax,
        optimiser,
        schedule: Schedule::Constant,
        batch: 6,
        epochs: 3,
    };
    Network::new(&config, 3).unwrap()
}

/// Of the parameters, and of what inference makes of the running moments.
fn bits_of(network: &Network) -> Vec<u32> {
    let parameters = network.parameters();
    let outputs = network.probabilities(LEVEL(), &data().x);
    parameters.iter().flatten().flat_map(|x| bits(x)).chain(bits(&outputs)).collect()
}

#[test]
fn networks_go_on() {
    for optimiser in [Optimiser::adam(), Optimiser::sgd(0.1, 0.9)] {
        goes_on(|observer| {
            let (mut network, data) = (network(optimiser), data());
            network.fit(LEVEL(), &data, Some((&data).into()), "network", observer).unwrap();
            bits_of(&network)
        });
    }
}

/// What is best so far is in the checkpoint too, and can be trained further.
#[test]
fn early_stopping_goes_on() {
    goes_on(|observer| {
        let (network, data) = (network(Optimiser::sgd(0.02, 0.9)), data());
        let validation = data.subset(&[3, 7, 11, 14]);
        let sets = [(&data).into(), (&validation).into()];
        let stopping = Stopping { epochs: 12, patience: 2 };
        let by = Criterion::Loss;
        let best = network.fit_until(LEVEL(), sets, stopping, by, "network", observer).unwrap();
        assert!(best.epoch > 1 && best.epoch < 10, "{}", best.epoch);
        let mut network = best.network;
        network.fit(LEVEL(), &data, None, "further", observer).unwrap();
        bits_of(&network)
    });
}

#[test]
fn rbms_go_on() {
    let plain =
        RbmConfig { batch: 6, epochs: 3, ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 5) };
    let persistent = RbmConfig { chains: Chains::Persistent, ..plain.clone() };
    let centred = RbmConfig { centring: Some(Centring { rate: 0.1 }), ..persistent.clone() };
    let noisy = RbmConfig {
        visible: Visible::Gaussian,
        hidden: Unit::Nrelu,
        sigma_rate: 0.1,
        ..plain.clone()
    };
    for config in [plain, persistent, centred, noisy] {
        goes_on(|observer| {
            let x: Vec<f32> = values(22 * 8).iter().map(|x| x.abs()).collect();
            let mut rbm = Rbm::new(&config, 8, 1).unwrap();
            rbm.fit(LEVEL(), &x, "rbm", observer).unwrap();
            let all = [rbm.weights(), rbm.visible_bias(), rbm.hidden_bias()];
            all.into_iter().chain(rbm.sigma()).flat_map(bits).collect()
        });
    }
}

#[test]
fn auto_encoders_go_on() {
    goes_on(|observer| {
        let config = AutoEncoderConfig {
            hidden_units: 5,
            activation: Kind::Relu,
            reconstruction: Reconstruction::Softplus,
            masking: 0.25,
            salt_and_pepper: 0.0,
            l1: 1e-3,
            optimiser: Optimiser::adam(),
            batch: 6,
            epochs: 3,
        };
        let mut model = AutoEncoder::new(&config, 8, 1).unwrap();
        model.fit(LEVEL(), &values(22 * 8), None, "encoder", observer).unwrap();
        [model.encoder(), model.decoder()].concat().into_iter().flat_map(bits).collect()
    });
}

#[test]
fn siamese_networks_go_on() {
    goes_on(|observer| {
        let config = SiameseConfig {
            activation: Kind::Relu,
            hidden_units: 4,
            optimiser: Optimiser::sgd(0.1, 0.9),
            schedule: Schedule::Constant,
            batch: 5,
            epochs: 3,
        };
        let pair = |i: u32| Pair { first: i, second: (i * 7 + 3) % 22, same: i.is_multiple_of(2) };
        let pairs: Vec<Pair> = (0..22).map(pair).collect();
        let mut network = Siamese::new(&config, 8, 1).unwrap();
        network.fit(LEVEL(), &values(22 * 8), &pairs, None, "pairs", observer).unwrap();
        let cosines = network.cosines(LEVEL(), &values(22 * 8), &pairs).unwrap();
        bits(network.weights()).chain(bits(&network.probabilities(&cosines))).collect()
    });
}

#[test]
fn recurrent_networks_go_on() {
    goes_on(|observer| {
        let config = RnnConfig {
            steps: 4,
            hidden_units: 5,
            activation: Kind::Relu,
            recurrent: Recurrent::Identity,
            clip: Some(1.0),
            optimiser: Optimiser::adam(),
            batch: 6,
            epochs: 3,
        };
        let mut rnn = Rnn::new(&config, 16, 3, 1).unwrap();
        rnn.fit(LEVEL(), &data(), None, "rnn", observer).unwrap();
        rnn.parameters().iter().flat_map(|x| bits(x)).collect()
    });
}

/// The folder of a network that was killed in its fifth step.
fn stopped() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut watch = watched(folder.path(), 6, There::Refuse);
    train(&mut watch);
    folder
}

fn train(observer: &mut dyn Observer) -> Vec<u32> {
    let mut network = network(Optimiser::adam());
    network.fit(LEVEL(), &data(), None, "network", observer).unwrap();
    bits_of(&network)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_last_two_are_kept_and_a_broken_one_is_passed_over() {
    let folder = stopped();
    let last = ["fit-00001.step-4.safetensors", "fit-00001.step-5.safetensors", "run.toml"];
    assert_eq!(names(folder.path()), last);
    let wanted = train(&mut crate::observe::Silent);
    let path = folder.path().join(last[1]);
    let sound = fs::read(&path).unwrap();
    for broken in [&sound[..sound.len() - 1], &[], b"no"] {
        fs::write(&path, broken).unwrap();
        let before = fs::read(folder.path().join(last[0])).unwrap();
        let mut watch = watched(folder.path(), 2, There::Resume);
        assert_eq!(train(&mut watch), wanted);
        let warning = |note: &String| {
            note.starts_with("warning:") && note.contains("step-5.safetensors: passed over:")
        };
        assert!(warning(&watch.notes[0]), "{:?}", watch.notes);
        assert!(watch.notes[1].ends_with("goes on after epoch 0, step 4"), "{:?}", watch.notes);
        assert!(fs::read(folder.path().join(last[0])).is_ok_and(|now| now == before));
    }
    // With none left it begins anew.
    for name in &last[..2] {
        fs::write(folder.path().join(name), "no").unwrap();
    }
    let mut watch = watched(folder.path(), usize::MAX, There::Resume);
    assert_eq!(train(&mut watch), wanted);
    assert_eq!(watch.notes.len(), 2, "{:?}", watch.notes);
}

/// `run.toml` was edited: nothing is trained, and nothing is removed.
#[test]
fn checkpoints_of_another_run_stay() {
    let folder = stopped();
    fs::write(folder.path().join("run.toml"), "x = 2\n").unwrap();
    let before = names(folder.path());
    let checkpoints =
        Checkpoints::open(folder.path(), "x = 2\n", Duration::ZERO, There::Resume).unwrap();
    let mut watch = Killed { checkpoints, left: usize::MAX, told: Vec::new(), notes: Vec::new() };
    let mut network = network(Optimiser::adam());
    let error = network.fit(LEVEL(), &data(), None, "network", &mut watch).unwrap_err();
    assert!(error.to_string().contains("is of another run than run.toml beside it"), "{error}");
    assert_eq!(names(folder.path()), before);
}

const SCHEDULE: Loop<'_> = Loop { run: "few", seed: 1, rows: 10, batch: 5, epochs: 3 };

/// A change of any byte is found, or changes nothing that counts; so is any lost end.
#[test]
fn no_broken_file_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("few");
    let about =
        |schedule: &Loop<'_>| file::About::new("x".into(), 1, schedule, Progress::default());
    let mut few = Model {
        fixed: [0.1, -0.0, 1e-40],
        growing: vec![3.0; 2],
        number: f64::INFINITY,
        count: 7,
        progress: Progress { epochs: 1, steps: 4 },
        flag: true,
        ..Model::default()
    };
    let mut at = Position::new(Progress { epochs: 2, steps: 5 });
    (at.steps, at.seconds) = (1, 0.25);
    at.epochs = vec![(vec![("loss", 0.1), ("accuracy", f64::NAN)], 3.5), (Vec::new(), 1.0)];
    let sound = file::bytes(&about(&SCHEDULE), &mut few, &at).unwrap();
    let read = |bytes: &[u8], schedule: &Loop<'_>| {
        fs::write(&path, bytes).unwrap();
        let (mut new, mut start) = (Model::default(), Position::new(Progress::default()));
        let read = file::read(&path, &about(schedule), &mut new, &mut start).unwrap();
        // As Debug says it: NaN is not equal to itself.
        let found = (new, format!("{start:?}"));
        if read.is_err() {
            let nothing = (Model::default(), format!("{:?}", Position::new(Progress::default())));
            assert_eq!(found, nothing, "what is refused changes nothing");
        }
        read.map(|()| found)
    };
    let wanted = (few, format!("{at:?}"));
    assert_eq!(read(&sound, &SCHEDULE).unwrap(), wanted);
    let mut harmless = 0;
    for i in 0..sound.len() {
        assert!(read(&sound[..i], &SCHEDULE).is_err(), "length {i}");
        for bit in 0..8 {
            let mut changed = sound.clone();
            changed[i] ^= 1 << bit;
            if let Ok(found) = read(&changed, &SCHEDULE) {
                assert_eq!(found, wanted, "byte {i}");
                harmless += 1;
            }
        }
    }
    // Blanks between the parts of the header.
    assert!(harmless < 100, "{harmless} of {} changes", 8 * sound.len());
    assert!(read(&[&sound[..], b"more"].concat(), &SCHEDULE).is_err());
    for other in [
        Loop { run: "other", ..SCHEDULE },
        Loop { seed: 2, ..SCHEDULE },
        Loop { epochs: 4, ..SCHEDULE },
    ] {
        let error = read(&sound, &other).unwrap_err().to_string();
        assert!(error.contains("another training loop"), "{error}");
    }
}

/// What could not be read again is not written, and pushes no sound state out.
#[test]
fn states_that_have_diverged_are_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let mut checkpoints =
        Checkpoints::open(folder.path(), "x", Duration::ZERO, There::Refuse).unwrap();
    let (mut few, mut at) = (Model::default(), Position::new(Progress::default()));
    checkpoints.begin(&SCHEDULE, &mut few, &mut at).unwrap();
    for (step, x) in [(1, 0.5), (2, f32::INFINITY), (3, f32::NAN), (4, -1.0)] {
        few.fixed[1] = x;
        at.progress.steps = step;
        checkpoints.after_step(&mut few, &at).unwrap();
    }
    let saved = ["fit-00001.step-1.safetensors", "fit-00001.step-4.safetensors", "run.toml"];
    assert_eq!(names(folder.path()), saved);
}

/// A model of other sizes, or with numbers that are none.
#[test]
fn states_that_do_not_fit_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("few");
    let about = file::About::new("x".into(), 1, &SCHEDULE, Progress::default());
    let at = Position::new(Progress::default());
    let mut bad = Model::default();
    bad.fixed[1] = f32::NAN;
    fs::write(&path, file::bytes(&about, &mut bad, &at).unwrap()).unwrap();
    let mut start = at.clone();
    let mut refused = |learner: &mut dyn Learner| {
        file::read(&path, &about, learner, &mut start).unwrap().unwrap_err().to_string()
    };
    let error = refused(&mut Model::default());
    assert!(error.contains("`fixed`: expected finite numbers, found NaN"), "{error}");

    // What grows has its length or none.
    for length in [1, 3, 5] {
        let mut bad = Model { growing: vec![1.0; length], ..Model::default() };
        fs::write(&path, file::bytes(&about, &mut bad, &at).unwrap()).unwrap();
        let error = refused(&mut Model::default());
        assert!(error.contains(&format!("expected F32 [2], found F32 [{length}]")), "{error}");
    }

    struct Fewer(Model);
    impl Learner for Fewer {
        fn step(&mut self, _: Progress, _: &[u32]) -> Result<(), Diverged> {
            Ok(())
        }

        fn is_sound(&self) -> bool {
            true
        }

        fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
            Ok(Vec::new())
        }

        fn places(&mut self) -> Places<'_> {
            vec![("fixed".into(), Place::Fixed(&mut self.0.fixed[..2]))]
        }

        fn flop(&self) -> u64 {
            0
        }

        fn lower(&self) -> String {
            String::new()
        }
    }
    fs::write(&path, file::bytes(&about, &mut Model::default(), &at).unwrap()).unwrap();
    let error = refused(&mut Fewer(Model::default()));
    assert!(error.contains("expected F32 [2], found F32 [3]"), "{error}");
}

/// Chains may be larger than all else.
#[test]
fn many_chains_go_on() {
    let config = RbmConfig {
        chains: Chains::Persistent,
        batch: 6000,
        epochs: 2,
        ..RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 3000)
    };
    let x: Vec<f32> = (0..24_000).map(|i| (i % 2) as f32).collect();
    let train = |observer: &mut dyn Observer| {
        let mut rbm = Rbm::new(&config, 2, 1).unwrap();
        rbm.fit(LEVEL(), &x, "chains", observer).unwrap();
        rbm.weights().to_vec()
    };
    let wanted = train(&mut crate::observe::Silent);
    let folder = tempfile::tempdir().unwrap();
    train(&mut watched(folder.path(), 2, There::Refuse));
    let mut watch = watched(folder.path(), usize::MAX, There::Resume);
    assert_eq!(train(&mut watch), wanted);
    assert_eq!(watch.notes, ["chains: goes on after epoch 0, step 1"]);
}

/// A checkpoint that the system does not give is not broken.
#[test]
fn a_checkpoint_that_cannot_be_read_stays() {
    let folder = stopped();
    let path = folder.path().join("fit-00001.step-5.safetensors");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let before = names(folder.path());
    let mut watch = watched(folder.path(), usize::MAX, There::Resume);
    let error =
        network(Optimiser::adam()).fit(LEVEL(), &data(), None, "network", &mut watch).unwrap_err();
    assert!(matches!(error, TrainError::UnusedCheckpoint { .. }), "{error}");
    assert!(error.to_string().contains("step-5.safetensors: cannot read it"), "{error}");
    assert_eq!(names(folder.path()), before);
}

/// What ended is on disk when the checkpoints are closed or dropped, however rarely they are saved.
#[test]
fn what_ended_is_saved_in_the_end() {
    let parent = tempfile::tempdir().unwrap();
    for (name, close) in [("closed", true), ("dropped", false)] {
        let folder = parent.path().join(name);
        let hour = Duration::from_secs(3600);
        let mut checkpoints = Checkpoints::open(&folder, "x = 1", hour, There::Refuse).unwrap();
        train(&mut checkpoints);
        assert_eq!(names(&folder), ["run.toml"]);
        if close {
            checkpoints.close().unwrap();
        } else {
            drop(checkpoints);
        }
        assert_eq!(names(&folder), ["fit-00001.done.safetensors", "run.toml"]);
    }
}

/// Files of somebody else are neither taken for checkpoints nor removed with them.
#[test]
fn files_of_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine.txt");
    fs::write(&mine, "mine").unwrap();
    for there in [There::Refuse, There::Resume, There::ResumeOrReplace, There::Replace] {
        let error = Checkpoints::open(folder.path(), "x = 1", Duration::ZERO, there).unwrap_err();
        assert!(matches!(error, OutputError::Foreign(_)), "{error}");
        assert_eq!(names(folder.path()), ["mine.txt"]);
    }
    fs::remove_file(&mine).unwrap();
    let mut watch = watched(folder.path(), usize::MAX, There::Refuse);
    train(&mut watch);
    fs::write(&mine, "mine").unwrap();
    watch.checkpoints.discard().unwrap();
    assert_eq!(names(folder.path()), ["mine.txt"]);
}

#[test]
fn the_folder_is_of_one_run_and_one_process() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("checkpoint");
    let open = |run, there| Checkpoints::open(&folder, run, Duration::ZERO, there);
    let first = open("x = 1", There::Refuse).unwrap();
    assert!(matches!(open("x = 1", There::Resume), Err(OutputError::Busy(_))));
    drop(first);
    // Nothing is lost yet.
    let mut first = open("x = 1", There::Refuse).unwrap();
    train(&mut first);
    drop(first);
    assert!(matches!(open("x = 1", There::Refuse), Err(OutputError::Stopped(_))));
    assert!(matches!(open("x = 2", There::Resume), Err(OutputError::OtherRun(_))));
    drop(open("x = 1", There::Resume).unwrap());
    assert_eq!(names(&folder), ["fit-00001.done.safetensors", "run.toml"]);
    drop(open("x = 2", There::ResumeOrReplace).unwrap());
    assert_eq!(Checkpoints::description(&folder).unwrap(), "x = 2");
    drop(open("x = 3", There::Replace).unwrap());
    assert_eq!(Checkpoints::description(&folder).unwrap(), "x = 3");

    // What comes to nothing leaves nothing; what has a state leaves that, and says how to go on, whatever failed.
    let failure = |_: &mut Checkpoints| Err::<(), _>(Error::Usage("no".into()));
    let error = open("x = 3", There::Resume).unwrap().keep("say --resume", failure).unwrap_err();
    assert_eq!((error.to_string(), folder.exists()), ("no".into(), false));
    let damaged = |checkpoints: &mut Checkpoints| {
        train(checkpoints);
        Err::<(), _>(Error::Train(TrainError::Unreadable("x".into())))
    };
    let error = open("x = 3", There::Refuse).unwrap().keep("say --resume", damaged).unwrap_err();
    assert!(error.to_string().ends_with("kept: say --resume"), "{error}");
    let error = open("x = 3", There::Resume).unwrap().keep("say --resume", failure).unwrap_err();
    assert!(error.to_string().starts_with("no\n"), "{error}");
    assert_eq!(names(&folder), ["fit-00001.done.safetensors", "run.toml"]);
    open("x = 3", There::Replace).unwrap().discard().unwrap();
    assert!(!folder.exists());
    let stopped = |checkpoints: &mut Checkpoints| {
        train(checkpoints);
        Err::<(), _>(Error::Threads { threads: 9, reason: "no".into() })
    };
    let error = open("x = 3", There::Refuse).unwrap().keep("say --resume", stopped).unwrap_err();
    assert!(error.to_string().ends_with("kept: say --resume"), "{error}");
    assert_eq!(names(&folder), ["fit-00001.done.safetensors", "run.toml"]);
    let done = open("x = 3", There::Resume).unwrap().keep("", |checkpoints| {
        assert!(train(checkpoints) == train(&mut crate::observe::Silent));
        Ok(checkpoints.earlier())
    });
    assert!(done.unwrap() > 0.0 && !folder.exists());
}
