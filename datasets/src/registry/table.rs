//! THE TABLE of data sets.

use super::{Archive, Entry, File, Published, Sum};
use crate::error::Error;
use crate::{embedded, idx_images, text};

/// All data sets.
pub static TABLE: &[Entry] = &[
    Entry {
        name: "wdbc",
        title: "Breast Cancer Wisconsin (Diagnostic)",
        shape: &[30],
        classes: &["malignant", "benign"],
        embedded: true,
        files: &[File {
            name: "wdbc.csv",
            content: Sum {
                bytes: 121_388,
                sha256: Some("be74b0ffadde653376c692f2727682eefc92d4d28009b80fea0fe63975ec59d2"),
            },
            published: Published::Plain,
            made_from: None,
        }],
        licence: "CC BY 4.0",
        citation: "Wolberg, Mangasarian, Street, Street (1993): Breast Cancer Wisconsin (Diagnostic). \
            UCI Machine Learning Repository. https://doi.org/10.24432/C5DW2B",
        home: "https://doi.org/10.24432/C5DW2B",
        mirrors: &[],
        archive: None,
        further: &[],
        hint: "",
        load: embedded::wdbc,
    },
    Entry {
        name: "optdigits",
        title: "Optical Recognition of Handwritten Digits (test part)",
        shape: &[8, 8],
        classes: DIGITS,
        embedded: true,
        files: &[File {
            name: "optdigits.csv",
            content: Sum {
                bytes: 264_964,
                sha256: Some("d168c7e6f3c50d0eb1a859158aabd051dc9ac54cb9b20bf72ad3c2dfb765e010"),
            },
            published: Published::Plain,
            made_from: None,
        }],
        licence: "CC BY 4.0",
        citation: "Alpaydin, Kaynak (1998): Optical Recognition of Handwritten Digits. \
            UCI Machine Learning Repository. https://doi.org/10.24432/C50P49",
        home: "https://doi.org/10.24432/C50P49",
        mirrors: &[],
        archive: None,
        further: &[],
        hint: "",
        load: embedded::optdigits,
    },
    Entry {
        name: "mnist",
        title: "MNIST",
        shape: &[28, 28],
        classes: DIGITS,
        embedded: false,
        files: &[
            idx_file(
                "train-images-idx3-ubyte",
                47_040_016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            idx_file(
                "train-labels-idx1-ubyte",
                60_008,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            idx_file(
                "t10k-images-idx3-ubyte",
                7_840_016,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            idx_file(
                "t10k-labels-idx1-ubyte",
                10_008,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ],
        licence: "usually stated as CC BY-SA 3.0",
        citation: "LeCun, Bottou, Bengio, Haffner (1998): Gradient-based learning applied to document \
            recognition. Proceedings of the IEEE 86(11), 2278-2324",
        home: "http://yann.lecun.com/exdb/mnist/",
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        archive: None,
        further: &[],
        hint: "",
        load: idx_images::load,
    },
    Entry {
        name: "fashion-mnist",
        title: "Fashion-MNIST",
        shape: &[28, 28],
        classes: &[
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ],
        embedded: false,
        files: &[
            idx_file(
                "train-images-idx3-ubyte",
                47_040_016,
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            idx_file(
                "train-labels-idx1-ubyte",
                60_008,
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            idx_file(
                "t10k-images-idx3-ubyte",
                7_840_016,
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            idx_file(
                "t10k-labels-idx1-ubyte",
                10_008,
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ],
        licence: "MIT, (c) 2017 Zalando SE",
        citation: "Xiao, Rasul, Vollgraf (2017): Fashion-MNIST: a novel image dataset for benchmarking \
            machine learning algorithms. arXiv:1708.07747",
        home: "https://github.com/zalandoresearch/fashion-mnist",
        mirrors: &[
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
        archive: None,
        further: &[],
        hint: "",
        load: idx_images::load,
    },
    Entry {
        name: "cifar10",
        title: "CIFAR-10",
        shape: &crate::cifar10::SHAPE,
        classes: &crate::cifar10::CLASSES,
        embedded: false,
        files: &[
            cifar_file(
                "cifar-10-batches-bin/data_batch_1.bin",
                "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
            ),
            cifar_file(
                "cifar-10-batches-bin/data_batch_2.bin",
                "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
            ),
            cifar_file(
                "cifar-10-batches-bin/data_batch_3.bin",
                "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
            ),
            cifar_file(
                "cifar-10-batches-bin/data_batch_4.bin",
                "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
            ),
            cifar_file(
                "cifar-10-batches-bin/data_batch_5.bin",
                "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
            ),
            cifar_file(
                "cifar-10-batches-bin/test_batch.bin",
                "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
            ),
        ],
        licence: "none stated; its authors ask to cite the report",
        citation: "Krizhevsky (2009): Learning multiple layers of features from tiny images. \
            Technical report, University of Toronto",
        home: "https://www.cs.toronto.edu/~kriz/cifar.html",
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        archive: Some(Archive {
            name: "cifar-10-binary.tar.gz",
            prefix: "",
            sum: Some(Sum {
                bytes: 170_052_171,
                sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
            }),
        }),
        further: &[],
        hint: "",
        load: crate::cifar10::load_table,
    },
    Entry {
        name: "lfw",
        title: "Labeled Faces in the Wild (deep-funneled)",
        shape: &crate::lfw::SHAPE,
        classes: &["different", "same"],
        embedded: false,
        files: &[
            made_file(
                crate::lfw::FOLDER,
                "lfw_deepfunneled_32x32x3_u8.npy",
                40_651_904,
                "365efc2ebee3d1dce00818be0374ea48404c9330c3e4d1f5a4756c600d501d7f",
            ),
            made_file(
                crate::lfw::FOLDER,
                "image_names.txt",
                504_177,
                "aacd42dcb6273897f99b82eef42ad6f69799a53c1e53755560bb713a882fb9b7",
            ),
            plain_file(
                "pairs.txt",
                155_335,
                "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592",
            ),
            plain_file(
                "pairsDevTrain.txt",
                56_579,
                "1d454dada7dfeca0e7eab6f65dc4e97a6312d44cf142207be28d688be92aabfa",
            ),
            plain_file(
                "pairsDevTest.txt",
                26_002,
                "7cb06600ea8b2814ac26e946201cdb304296262aad67d046a16a7ec85d0ff87c",
            ),
            plain_file(
                "people.txt",
                94_770,
                "bc8fa2b7f25c895cf7efb6de4f4fc27ca8b8d1cfa63350ad8b96eae2b198d365",
            ),
        ],
        licence: "none stated; press photographs of real people, for research only",
        citation: "Huang, Ramesh, Berg, Learned-Miller (2007): Labeled Faces in the Wild. UMass Amherst, \
            technical report 07-49; deep-funneled: Huang, Mattar, Lee, Learned-Miller, NIPS 2012",
        home: "http://vis-www.cs.umass.edu/lfw/",
        mirrors: &["http://vis-www.cs.umass.edu/lfw/"],
        archive: Some(Archive { name: "lfw-deepfunneled.tgz", prefix: "", sum: None }),
        further: &[],
        hint: "the folder lfw-deepfunneled of lfw-deepfunneled.tgz may stand in place of the first two files, which \
            are made from it",
        load: |_, _| {
            let instead = "pairs of images, loaded by halfwave_datasets::lfw::load";
            Err(Error::NotATable { name: "lfw", instead })
        },
    },
    Entry {
        name: "norb",
        title: "NORB, jittered-cluttered",
        shape: &crate::norb::SHAPE,
        classes: &crate::norb::CLASSES,
        embedded: false,
        files: NORB_FIRST,
        licence: "for research purposes; it cannot be sold",
        citation: "LeCun, Huang, Bottou (2004): Learning methods for generic object recognition with \
            invariance to pose and lighting. CVPR 2004",
        home: "https://cs.nyu.edu/~ylclab/data/norb-v1.0/",
        mirrors: &["https://cs.nyu.edu/~ylclab/data/norb-v1.0/"],
        archive: None,
        further: NORB_FURTHER,
        hint: "parts 02 to 10 (training) and 02 (testing) are read if they are there; or \
            `halfwave data generate norb-synthetic` writes stand-ins in the same format",
        load: |_, _| {
            let instead = "images of bytes, loaded by halfwave_datasets::norb::load";
            Err(Error::NotATable { name: "norb", instead })
        },
    },
    Entry {
        name: "norb-small",
        title: "small NORB",
        shape: &crate::norb::SHAPE,
        classes: crate::norb::SMALL_CLASSES,
        embedded: false,
        // In the order of norb::load_small.
        files: NORB_SMALL,
        licence: "for research purposes; it cannot be sold",
        citation: "LeCun, Huang, Bottou (2004): Learning methods for generic object recognition with \
            invariance to pose and lighting. CVPR 2004",
        home: "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/",
        mirrors: &["https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/"],
        archive: None,
        further: &[],
        hint: "",
        load: |_, _| {
            let instead = "images of bytes, loaded by halfwave_datasets::norb::load_small";
            Err(Error::NotATable { name: "norb-small", instead })
        },
    },
    Entry {
        name: "amazon-multidomain",
        title: "Multi-Domain Sentiment Dataset 2.0 (labelled part)",
        shape: &[],
        classes: &text::CLASSES,
        embedded: false,
        // In the order of text::amazon::DOMAINS, the negative file first.
        files: &[
            archived_file(
                "sorted_data_acl/books/negative.review",
                1_538_092,
                "562c58de7f739c9af2d62377ea2253ff73e89f69c84a332088f341cdb0e09660",
            ),
            archived_file(
                "sorted_data_acl/books/positive.review",
                1_510_892,
                "24323836c9ce9601ac43b7ab45fff1ac9b82efda02f1269bf3e8cdc4b019a99a",
            ),
            archived_file(
                "sorted_data_acl/dvd/negative.review",
                1_589_745,
                "de1b539d29dc7edfbabf0ca4b1bce4e296d486533f3730012e4b49e36e762fa3",
            ),
            archived_file(
                "sorted_data_acl/dvd/positive.review",
                1_696_767,
                "fcf5207f79aa8af4910b5793c15fe90f25eb39501f9f4bdbd8f60a817224e28d",
            ),
            archived_file(
                "sorted_data_acl/electronics/negative.review",
                1_113_512,
                "571287120d63e289753231804f33169b2ec4348ca6d24fa0d781a3a08e6376ff",
            ),
            archived_file(
                "sorted_data_acl/electronics/positive.review",
                1_105_010,
                "98daefad1056ec8d98fe910bdb50ae282695b9c2b89c2bc1513b9d2203b38a11",
            ),
            archived_file(
                "sorted_data_acl/kitchen_&_housewares/negative.review",
                1_019_937,
                "0ad1fa1f4539b47933fcef01be674b1246d1dc01403197c1439004cbaf4b543e",
            ),
            archived_file(
                "sorted_data_acl/kitchen_&_housewares/positive.review",
                1_018_981,
                "90ebec2b5a6ac040e16836c32b8efbd92ce98804b916c6367f7ade3b8d536798",
            ),
        ],
        licence: "none stated; the texts are their writers' and Amazon's, for research only",
        citation: "Blitzer, Dredze, Pereira (2007): Biographies, Bollywood, Boom-boxes and Blenders: domain \
            adaptation for sentiment classification. ACL 2007",
        home: "https://www.cs.jhu.edu/~mdredze/datasets/sentiment/",
        mirrors: &["https://www.cs.jhu.edu/~mdredze/datasets/sentiment/"],
        archive: Some(Archive { name: "domain_sentiment_data.tar.gz", prefix: "", sum: None }),
        further: &[],
        hint: "",
        load: |_, _| {
            let instead = "texts, loaded by halfwave_datasets::text::amazon::load";
            Err(Error::NotATable { name: "amazon-multidomain", instead })
        },
    },
    Entry {
        name: "rt-polarity",
        title: "Sentence polarity dataset 1.0",
        shape: &[],
        classes: &text::CLASSES,
        embedded: false,
        files: &[
            archived_file(
                "rt-polarity.neg",
                612_256,
                "4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca",
            ),
            archived_file(
                "rt-polarity.pos",
                626_139,
                "2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0",
            ),
        ],
        licence: "none stated; for research only",
        citation: "Pang, Lee (2005): Seeing stars: exploiting class relationships for sentiment categorization \
            with respect to rating scales. ACL 2005",
        home: "https://www.cs.cornell.edu/people/pabo/movie-review-data/",
        mirrors: &[
            "https://www.cs.cornell.edu/people/pabo/movie-review-data/",
            "https://storage.googleapis.com/seldon-datasets/sentence_polarity_v1/",
        ],
        archive: Some(Archive {
            name: "rt-polaritydata.tar.gz",
            prefix: "rt-polaritydata/",
            sum: Some(Sum {
                bytes: 487_770,
                sha256: Some("a05befe52aafda71d458d188a1c54506a998b1308613ba76bbda2e5029409ce9"),
            }),
        }),
        further: &[],
        hint: "",
        load: |_, _| {
            let instead = "texts, loaded by halfwave_datasets::text::polarity::load";
            Err(Error::NotATable { name: "rt-polarity", instead })
        },
    },
    Entry {
        name: "nistp",
        title: "NISTP: distorted characters of NIST's Special Database 19",
        shape: &[32, 32],
        classes: CHARACTERS,
        embedded: false,
        files: &[
            own_file("train-images-idx3-ubyte"),
            own_file("train-labels-idx1-ubyte"),
            own_file("t10k-images-idx3-ubyte"),
            own_file("t10k-labels-idx1-ubyte"),
        ],
        licence: "none stated; who has it brings it",
        citation: "Bengio et al. (2011): Deep learners benefit more from out-of-distribution examples. AISTATS 2011",
        home: "https://www.nist.gov/srd/nist-special-database-19",
        mirrors: &[],
        archive: None,
        further: &[],
        hint: "nobody publishes it: write images of 32 x 32 bytes and their labels, 0 to 61 for 0-9, A-Z and a-z, as IDX \
            files; of each file at most 64 MiB, which is 65,000 images, are read",
        load: idx_images::load,
    },
];

const CHARACTERS: &[&str] = &[
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D", "E", "F", "G", "H", "I",
    "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "a", "b",
    "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u",
    "v", "w", "x", "y", "z",
];

const DIGITS: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The three files of each of these parts, as `norb::file_name` names them.
macro_rules! norb_files {
    ($($part:literal),*) => {
        &[$(
            norb_file(concat!("norb-", $part, "-dat.mat"), 680_244_504),
            norb_file(concat!("norb-", $part, "-cat.mat"), 116_660),
            norb_file(concat!("norb-", $part, "-info.mat"), 1_166_420),
        )*]
    };
}

const NORB_FIRST: &[File] =
    norb_files!["5x46789x9x18x6x2x108x108-training-01", "5x01235x9x18x6x2x108x108-testing-01"];

const NORB_FURTHER: &[File] = norb_files![
    "5x46789x9x18x6x2x108x108-training-02",
    "5x46789x9x18x6x2x108x108-training-03",
    "5x46789x9x18x6x2x108x108-training-04",
    "5x46789x9x18x6x2x108x108-training-05",
    "5x46789x9x18x6x2x108x108-training-06",
    "5x46789x9x18x6x2x108x108-training-07",
    "5x46789x9x18x6x2x108x108-training-08",
    "5x46789x9x18x6x2x108x108-training-09",
    "5x46789x9x18x6x2x108x108-training-10",
    "5x01235x9x18x6x2x108x108-testing-02"
];

/// Each of 24,300 pairs. Checksums of the gzipped files are those that TensorFlow Datasets keeps.
const NORB_SMALL: &[File] = &[
    small_norb_file(
        "smallnorb-5x46789x9x18x6x2x96x96-training-dat.mat",
        447_897_624,
        131_896_188,
        "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
    ),
    small_norb_file(
        "smallnorb-5x46789x9x18x6x2x96x96-training-cat.mat",
        97_220,
        348,
        "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
    ),
    small_norb_file(
        "smallnorb-5x46789x9x18x6x2x96x96-training-info.mat",
        388_820,
        71_052,
        "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
    ),
    small_norb_file(
        "smallnorb-5x01235x9x18x6x2x96x96-testing-dat.mat",
        447_897_624,
        130_799_817,
        "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
    ),
    small_norb_file(
        "smallnorb-5x01235x9x18x6x2x96x96-testing-cat.mat",
        97_220,
        347,
        "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
    ),
    small_norb_file(
        "smallnorb-5x01235x9x18x6x2x96x96-testing-info.mat",
        388_820,
        10_428,
        "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
    ),
];

const fn idx_file(
    name: &'static str,
    bytes: usize,
    sha256: &'static str,
    gz_bytes: usize,
    gz_sha256: &'static str,
) -> File {
    let gz = Sum { bytes: gz_bytes, sha256: Some(gz_sha256) };
    File { published: Published::Gz(Some(gz)), ..plain_file(name, bytes, sha256) }
}

const fn plain_file(name: &'static str, bytes: usize, sha256: &'static str) -> File {
    let content = Sum { bytes, sha256: Some(sha256) };
    File { name, content, published: Published::Plain, made_from: None }
}

/// Of any size that its format may have.
const fn own_file(name: &'static str) -> File {
    let content = Sum { bytes: crate::idx::MAX_BYTES, sha256: None };
    File { name, content, published: Published::Own, made_from: None }
}

const fn archived_file(name: &'static str, bytes: usize, sha256: &'static str) -> File {
    File { published: Published::Archived, ..plain_file(name, bytes, sha256) }
}

const fn made_file(
    from: &'static str,
    name: &'static str,
    bytes: usize,
    sha256: &'static str,
) -> File {
    File { made_from: Some(from), ..archived_file(name, bytes, sha256) }
}

const fn cifar_file(name: &'static str, sha256: &'static str) -> File {
    archived_file(name, crate::cifar10::MAX_BYTES, sha256)
}

/// Its size follows from its format; no checksum of it is published.
const fn norb_file(name: &'static str, bytes: usize) -> File {
    let content = Sum { bytes, sha256: None };
    File { name, content, published: Published::Gz(None), made_from: None }
}

/// No checksum of what is in it is published.
const fn small_norb_file(
    name: &'static str,
    bytes: usize,
    gz_bytes: usize,
    gz_sha256: &'static str,
) -> File {
    let gz = Sum { bytes: gz_bytes, sha256: Some(gz_sha256) };
    File { published: Published::Gz(Some(gz)), ..norb_file(name, bytes) }
}
