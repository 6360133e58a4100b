//! THE TABLE of experiments.

use toml::Table;

use super::{
    Experiment, Job, Run, Text, agarap, equivariance, glorot, glorot_sentiment, images_cnn, lab,
    linear_regions, mnist_mlp, mnist_pretrain, mnist_rbm, mnist_rbm_likelihood,
    nair_hinton_figures, nair_hinton_lfw, nair_hinton_norb, noise_ablation, optdigits_rbm, tour,
};
use crate::config::{self, ConfigError};

/// All experiments; the first is the default.
pub static TABLE: &[Experiment] = &[
    Experiment {
        name: "tour",
        summary: "The default: agarap-wdbc and optdigits-rbm in short, in well under a minute.",
        data: &["wdbc", "optdigits"],
        prefers: &[],
        seeds: 3,
        epochs: &[
            "wdbc.mlp.epochs",
            "optdigits_rbm.bernoulli.epochs",
            "optdigits_rbm.nrelu.epochs",
            "optdigits_rbm.logistic.epochs",
        ],
        defaults: tour::DEFAULTS,
        full: None,
        prepare: prepare::<tour::Config>,
    },
    Experiment {
        name: "agarap-wdbc",
        summary: "Agarap's Table 9: 30-128-64-32-2 with softmax and ReLU heads, cross-validation and a 70/30 \
            split, honest or as published.",
        data: &["wdbc"],
        prefers: &[],
        seeds: 5,
        epochs: &["mlp.epochs"],
        defaults: &[("", include_str!("configs/agarap-wdbc.toml"))],
        full: None,
        prepare: prepare::<agarap::wdbc::Config>,
    },
    Experiment {
        name: "agarap-mnist",
        summary: "Agarap's Tables 3 to 5: a dense and a convolutional network on 256 principal components of \
            MNIST, softmax and ReLU heads, ten folds as published or honest.",
        data: &["mnist"],
        prefers: &[],
        seeds: 1,
        epochs: &["epochs"],
        defaults: &[("", include_str!("configs/agarap-mnist.toml"))],
        full: None,
        prepare: prepare::<agarap::images::Config>,
    },
    Experiment {
        name: "agarap-fashion",
        summary: "Agarap's Tables 6 to 8: the same on Fashion-MNIST.",
        data: &["fashion-mnist"],
        prefers: &[],
        seeds: 1,
        epochs: &["epochs"],
        defaults: &[
            ("", include_str!("configs/agarap-mnist.toml")),
            ("", include_str!("configs/agarap-fashion.toml")),
        ],
        full: None,
        prepare: prepare::<agarap::images::Config>,
    },
    Experiment {
        name: "optdigits-rbm",
        summary: "RBMs with Bernoulli and NReLU hidden units on 8x8 digits: features for logistic \
            regression, against pixels; filters.",
        data: &["optdigits"],
        prefers: &[],
        seeds: 5,
        epochs: &["bernoulli.epochs", "nrelu.epochs", "logistic.epochs"],
        defaults: &[("", include_str!("configs/optdigits-rbm.toml"))],
        full: None,
        prepare: prepare::<optdigits_rbm::Config>,
    },
    Experiment {
        name: "mnist-mlp",
        summary: "784-512-512-10 with ReLU and Adam on MNIST.",
        data: &["mnist"],
        prefers: &[],
        seeds: 5,
        epochs: &["mlp.epochs", "mlp.schedule.epochs"],
        defaults: &[("", include_str!("configs/mnist-mlp.toml"))],
        full: None,
        prepare: prepare::<mnist_mlp::Config>,
    },
    Experiment {
        name: "mnist-cnn",
        summary: "conv 32, conv 64, pool, dense 128 with ReLU, dropout and Adam on MNIST.",
        data: &["mnist"],
        prefers: &[],
        seeds: 1,
        epochs: &["epochs"],
        defaults: &[("", include_str!("configs/mnist-cnn.toml"))],
        full: None,
        prepare: prepare::<images_cnn::Config>,
    },
    Experiment {
        name: "fashion-cnn",
        summary: "The same on Fashion-MNIST.",
        data: &["fashion-mnist"],
        prefers: &[],
        seeds: 1,
        epochs: &["epochs"],
        defaults: &[
            ("", include_str!("configs/mnist-cnn.toml")),
            ("", include_str!("configs/fashion-cnn.toml")),
        ],
        full: None,
        prepare: prepare::<images_cnn::Config>,
    },
    Experiment {
        name: "mnist-rbm",
        summary: "784-500 RBMs with Bernoulli and NReLU hidden units on MNIST: features for logistic \
            regression, against pixels; filters.",
        data: &["mnist"],
        prefers: &[],
        seeds: 1,
        epochs: &["bernoulli.epochs", "nrelu.epochs", "logistic.epochs"],
        defaults: &[("", include_str!("configs/mnist-rbm.toml"))],
        full: None,
        prepare: prepare::<mnist_rbm::Config>,
    },
    Experiment {
        name: "mnist-rbm-likelihood",
        summary: "Log-likelihood of RBMs on binarised MNIST by CD-1, CD-25 and PCD: annealed importance sampling \
            in both directions, exact for 16 hidden units, against a mixture of Bernoullis.",
        data: &["mnist"],
        prefers: &[],
        seeds: 1,
        epochs: &[
            "cd_1.epochs",
            "cd_1.schedule.epochs",
            "cd_25.epochs",
            "cd_25.schedule.epochs",
            "pcd.epochs",
            "pcd.schedule.epochs",
            "pcd_centred.epochs",
            "pcd_centred.schedule.epochs",
            "small.epochs",
            "mixtures.epochs",
        ],
        defaults: &[("", include_str!("configs/mnist-rbm-likelihood.toml"))],
        full: None,
        prepare: prepare::<mnist_rbm_likelihood::Config>,
    },
    Experiment {
        name: "nair-hinton-figures",
        summary: "Figures 1, 2 and 5 of Nair & Hinton 2010: the means of SSU and NReLU, filters and activity \
            of an NReLU RBM on LFW, or MNIST, or optdigits, whichever is found first.",
        data: &["optdigits"],
        prefers: &["lfw", "mnist"],
        seeds: 1,
        epochs: &["rbm.epochs"],
        defaults: &[("", include_str!("configs/nair-hinton-figures.toml"))],
        full: None,
        prepare: prepare::<nair_hinton_figures::Config>,
    },
    Experiment {
        name: "noise-ablation",
        summary: "NReLU with noise of variance 0, σ(x)², σ(x) (the paper's) and 1: features, reconstructions, \
            paired intervals. On MNIST, or optdigits.",
        data: &["optdigits"],
        prefers: &["mnist"],
        seeds: 5,
        epochs: &["rbm.epochs", "logistic.epochs"],
        defaults: &[("", include_str!("configs/noise-ablation.toml"))],
        full: None,
        prepare: prepare::<noise_ablation::Config>,
    },
    Experiment {
        name: "equivariance",
        summary: "Scaled intensities through rectifiers without biases: features scale, cosines stay; binary \
            units beside them; and two scanners of different gain. On MNIST, or optdigits.",
        data: &["optdigits"],
        prefers: &["mnist"],
        seeds: 3,
        epochs: &["nrelu.epochs", "second.epochs", "bernoulli.epochs", "logistic.epochs"],
        defaults: &[("", include_str!("configs/equivariance.toml"))],
        full: None,
        prepare: prepare::<equivariance::Config>,
    },
    Experiment {
        name: "linear-regions",
        summary: "Linear regions that N zero-bias rectifiers cut images into, against 2 Σ C(N − 1, i), which is \
            2ᴺ for N ≤ d only. On MNIST, or optdigits.",
        data: &["optdigits"],
        prefers: &["mnist"],
        seeds: 3,
        epochs: &["rbm.epochs"],
        defaults: &[("", include_str!("configs/linear-regions.toml"))],
        full: None,
        prepare: prepare::<linear_regions::Config>,
    },
    Experiment {
        name: "mnist-pretrain",
        summary: "784-1000-1000-10 on MNIST with NReLU and binary units, pre-trained as RBMs or not, then \
            fine-tuned.",
        data: &["mnist"],
        prefers: &[],
        seeds: 3,
        epochs: &[
            "nrelu.rbm.epochs",
            "nrelu.tuning.epochs",
            "bernoulli.rbm.epochs",
            "bernoulli.tuning.epochs",
        ],
        defaults: &[("", include_str!("configs/mnist-pretrain.toml"))],
        full: None,
        prepare: prepare::<mnist_pretrain::Config>,
    },
    Experiment {
        name: "glorot-images",
        summary: "Glorot, Bordes & Bengio's Table 1 on MNIST and CIFAR-10, and NISTP for who has it: rectifier, tanh and softplus, three hidden \
            layers, from stacked denoising auto-encoders or not; zeros of each layer. --full: as published.",
        data: &["mnist", "cifar10", "nistp"],
        prefers: &[],
        seeds: 1,
        epochs: &["auto_encoder.epochs", "tuning.stopping.epochs"],
        defaults: &[("", include_str!("configs/glorot-images.toml"))],
        full: Some(include_str!("configs/glorot-images-full.toml")),
        prepare: prepare::<glorot::images::Config>,
    },
    Experiment {
        name: "glorot-sparsity",
        summary: "Their Figure 3: error of rectifier networks on MNIST against the share of activations that are \
            exactly 0, under L1 penalties from 0 to .01.",
        data: &["mnist"],
        prefers: &[],
        seeds: 2,
        epochs: &["tuning.stopping.epochs"],
        defaults: &[("", include_str!("configs/glorot-sparsity.toml"))],
        full: None,
        prepare: prepare::<glorot::sparsity::Config>,
    },
    Experiment {
        name: "glorot-softplus-scale",
        summary: "Their rescaled softplus, from softplus to the rectifier, on NORB, or synthetic pairs. --full: the \
            paper's sizes.",
        data: &[],
        prefers: &["norb"],
        seeds: 3,
        epochs: &["tuning.stopping.epochs"],
        defaults: &[("", include_str!("configs/glorot-softplus-scale.toml"))],
        full: Some(include_str!("configs/glorot-norb-full.toml")),
        prepare: prepare::<glorot::softplus_scale::Config>,
    },
    Experiment {
        name: "glorot-semisupervised",
        summary: "Their Figure 4: error against the share of labelled pairs, rectifier and tanh, pre-trained on all pairs \
            or not, on NORB, or synthetic pairs. --full: the paper's sizes.",
        data: &[],
        prefers: &["norb"],
        seeds: 1,
        epochs: &["auto_encoder.epochs", "tuning.stopping.epochs"],
        defaults: &[("", include_str!("configs/glorot-semisupervised.toml"))],
        full: Some(include_str!("configs/glorot-norb-full.toml")),
        prepare: prepare::<glorot::semisupervised::Config>,
    },
    Experiment {
        name: "nair-hinton-lfw",
        summary: "Nair & Hinton's Table 3: are two faces the same person's? NReLU and binary features, \
            pre-trained or not, on the ten folds of LFW.",
        data: &["lfw"],
        prefers: &[],
        seeds: 1,
        epochs: &[
            "nrelu.rbm.epochs",
            "nrelu.pre_trained.epochs",
            "nrelu.random.epochs",
            "bernoulli.rbm.epochs",
            "bernoulli.pre_trained.epochs",
            "bernoulli.random.epochs",
        ],
        defaults: &[("", include_str!("configs/nair-hinton-lfw.toml"))],
        full: None,
        prepare: prepare::<nair_hinton_lfw::Config>,
    },
    Experiment {
        name: "nair-hinton-norb",
        summary: "Nair & Hinton's Tables 1 and 2: which toy is on a stereo pair? One and two hidden layers, NReLU and \
            binary, pre-trained or not; on NORB, or synthetic pairs. --full: the paper's sizes.",
        data: &[],
        prefers: &["norb"],
        seeds: 3,
        epochs: &["nrelu.rbm.epochs", "bernoulli.rbm.epochs", "stopping.epochs"],
        defaults: &[("", include_str!("configs/nair-hinton-norb.toml"))],
        full: Some(include_str!("configs/nair-hinton-norb-full.toml")),
        prepare: prepare::<nair_hinton_norb::Config>,
    },
    Experiment {
        name: "glorot-sentiment",
        summary: "Glorot, Bordes & Bengio 2011, section 4.2: is a review positive, and how many stars has it? Rectifier \
            and tanh networks on bags of 5000 words of four Amazon domains and of film reviews, pre-trained as denoising \
            auto-encoders or not. --full: the paper's 5000 units.",
        data: &["amazon-multidomain", "rt-polarity"],
        prefers: &[],
        seeds: 1,
        epochs: &["stopping.epochs", "pretraining.epochs"],
        defaults: &[("", include_str!("configs/glorot-sentiment.toml"))],
        full: Some(include_str!("configs/glorot-sentiment-full.toml")),
        prepare: prepare::<glorot_sentiment::Config>,
    },
    laboratory(
        "lab-mlp",
        "Activations in a dense network on MNIST: accuracy, epochs to 95 %, zeros, dead units.",
        &["mnist"],
        &[("", include_str!("configs/lab-mlp.toml"))],
    ),
    laboratory(
        "lab-cnn",
        "Sigmoid, tanh and ReLU in a convolutional network on MNIST.",
        &["mnist"],
        &[("", include_str!("configs/lab-cnn.toml"))],
    ),
    laboratory(
        "lab-leaky-elu",
        "Leaky ReLU against ELU on Fashion-MNIST, with and without batch normalisation.",
        &["fashion-mnist"],
        &[("", include_str!("configs/lab-leaky-elu.toml"))],
    ),
    laboratory(
        "lab-normalisation",
        "Batch and layer normalisation by activation: accuracy, mean activation of each layer.",
        &["mnist"],
        &[("", include_str!("configs/lab-normalisation.toml"))],
    ),
    laboratory(
        "lab-dyt",
        "Dynamic tanh in place of batch or layer normalisation in a convolutional network.",
        &["mnist"],
        &[("", include_str!("configs/lab-dyt.toml"))],
    ),
    laboratory(
        "lab-trainable",
        "Activations with learned parameters on MNIST.",
        &["mnist"],
        &[("", include_str!("configs/lab-trainable.toml"))],
    ),
    laboratory(
        "lab-trainable-cifar10",
        "The same on CIFAR-10.",
        &["cifar10"],
        &[
            ("", include_str!("configs/lab-trainable.toml")),
            ("", include_str!("configs/lab-trainable-cifar10.toml")),
        ],
    ),
    laboratory(
        "lab-dying",
        "Dying ReLU, provoked by a large learning rate and cured: dead units over time.",
        &["mnist"],
        &[("", include_str!("configs/lab-dying.toml"))],
    ),
    laboratory(
        "lab-depth",
        "Gradients by layer for sigmoid, tanh and ReLU, 2 to 20 hidden layers.",
        &["mnist"],
        &[("", include_str!("configs/lab-depth.toml"))],
    ),
    laboratory(
        "lab-ffn",
        "Feed-forward blocks of a Transformer with ReLU, GELU and SiLU: accuracy and time.",
        &["fashion-mnist"],
        &[("", include_str!("configs/lab-ffn.toml"))],
    ),
    laboratory(
        "lab-boundaries",
        "How far the boundaries of rectifiers move: standard weights, weight, batch and layer normalisation.",
        &["mnist"],
        &[("", include_str!("configs/lab-boundaries.toml"))],
    ),
    laboratory(
        "lab-selu",
        "Self-normalising networks: mean and variance by layer, alpha-dropout.",
        &["mnist"],
        &[("", include_str!("configs/lab-selu.toml"))],
    ),
    laboratory(
        "lab-noise",
        "ReLU, Leaky ReLU and PReLU under noise on inputs and labels.",
        &["mnist"],
        &[("", include_str!("configs/lab-noise.toml"))],
    ),
    laboratory(
        "lab-rnn",
        "A recurrent ReLU network on digits row by row: it explodes; identity and clipping tame it.",
        &["mnist"],
        &[("", include_str!("configs/lab-rnn.toml"))],
    ),
    laboratory(
        "lab-heads",
        "Heads: softmax, normalised ReLU, logistic, squared error, softmax on rectified outputs.",
        &["mnist"],
        &[("", include_str!("configs/lab-heads.toml"))],
    ),
];

fn prepare<C: Run>(table: Table) -> Result<Job, ConfigError> {
    let config: C = config::typed(table)?;
    Ok(Box::new(move |context| config.run(context)))
}

/// Variants of one network, side by side.
const fn laboratory(
    name: &'static str,
    summary: &'static str,
    data: &'static [&'static str],
    defaults: &'static [Text],
) -> Experiment {
    let (prefers, seeds, epochs, full): (&[&str], _, _, _) = (&[], 5, &["base.epochs"], None);
    let prepare = prepare::<lab::Config>;
    Experiment { name, summary, data, prefers, seeds, epochs, defaults, full, prepare }
}
