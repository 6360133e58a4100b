//! Training on data that stay on disk.

use std::{
    fs::{self, File},
    io::Write as _,
};

use flate2::{Compression, write::GzEncoder};
use halfwave_datasets::npy::{self, Array};
use predicates::str::contains;
use tempfile::tempdir;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    apply::save,
    support::{halfwave, model, names, run},
};

/// 1300 rows of 2, of different means and deviations.
fn measured() -> Vec<f32> {
    (0..1300)
        .flat_map(|i| [(i as f32 * 0.7).sin() * 3.0 + 5.0, (i as f32 * 0.3).cos() - 2.0])
        .collect()
}

/// Rows that stay on disk make the same machine, by bytes; `.npy` as bytes too.
#[test]
fn data_that_stay_on_disk_are_the_same() {
    let home = tempdir().unwrap();
    let path = home.path();
    save(&path.join("x.npy"), &[1300, 2], &measured());
    let bytes = Array { shape: vec![700, 3], data: (0..2100).map(|i| (i % 251) as u8).collect() };
    npy::write(&bytes, &mut File::create(path.join("b.npy")).unwrap()).unwrap();
    for (data, more) in [("x.npy", "--visible gaussian --standardise"), ("b.npy", "--set steps=2")]
    {
        let train = |out: &str, more: &str| {
            let arguments = "--hidden-units 3 --set batch=16 --set epochs=2";
            run(
                path,
                &format!("train rbm -q --force --data {data} --out {out} {arguments} {more}"),
            )
            .success();
            fs::read(path.join(out)).unwrap()
        };
        assert_eq!(
            train("s.safetensors", &format!("{more} --stream")),
            train("m.safetensors", more)
        );
    }
    run(path, "train rbm -q --data there.npy --out n.safetensors --hidden-units 3 --stream")
        .code(1)
        .stderr(contains("there.npy: cannot read it"));
}

/// Other formats, packed or not, whose rows are copied into a temporary file, of which nothing stays.
#[test]
fn data_of_every_format_can_stay_on_disk() {
    let home = tempdir().unwrap();
    let path = home.path();
    let bytes: Vec<u8> = (0..1800).map(|i| (i * i * 31 % 251) as u8).collect();
    let values: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect();
    let lines = values.chunks(6).map(|row| {
        let fields: Vec<String> = row.iter().map(ToString::to_string).collect();
        fields.join(",") + "\n"
    });
    let csv: String = lines.collect();
    let idx = [&[0, 0, 8, 2, 0, 0, 1, 44, 0, 0, 0, 6][..], &bytes].concat();
    save(&path.join("x.npy"), &[300, 6], &values);
    let npy = fs::read(path.join("x.npy")).unwrap();
    let gz = |bytes: &[u8]| {
        let mut file = GzEncoder::new(Vec::new(), Compression::fast());
        file.write_all(bytes).unwrap();
        file.finish().unwrap()
    };
    fs::write(path.join("x.npy.gz"), gz(&npy)).unwrap();
    fs::write(path.join("x.csv"), &csv).unwrap();
    fs::write(path.join("x.csv.gz"), gz(csv.as_bytes())).unwrap();
    fs::write(path.join("x.idx"), &idx).unwrap();
    fs::write(path.join("x-ubyte.gz"), gz(&idx)).unwrap();
    let mut archive = ZipWriter::new(File::create(path.join("x.npz")).unwrap());
    archive.start_file("x.npy", SimpleFileOptions::default()).unwrap();
    archive.write_all(&npy).unwrap();
    archive.finish().unwrap();
    fs::create_dir(path.join("images")).unwrap();
    for (i, pixels) in bytes.chunks(6).enumerate() {
        let file = File::create(path.join(format!("images/{i:03}.png"))).unwrap();
        let mut encoder = png::Encoder::new(file, 3, 2);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    }
    let before = names(path);
    let train = |data: &str, more: &str| {
        let settings = "--force --hidden-units 3 --set batch=16 --set epochs=1";
        run(path, &format!("train rbm -q --data {data} --out m.safetensors {settings} {more}"))
            .success();
        let model = model(&path.join("m.safetensors"));
        fs::remove_file(path.join("m.safetensors")).unwrap();
        model
    };
    let model = train("x.npy", "");
    let formats = ["x.npy.gz", "x.csv", "x.csv.gz", "x.idx", "x-ubyte.gz", "x.npz", "images"];
    for data in formats {
        assert_eq!(train(data, "--stream"), model, "{data}");
        assert_eq!(train(data, ""), model, "{data}");
    }
    assert_eq!(names(path), before);

    fs::write(path.join("cut.csv.gz"), &gz(csv.as_bytes())[..900]).unwrap();
    fs::write(path.join("bad.csv"), csv.clone() + "1,2,3,4,5,x\n").unwrap();
    for (data, said) in [
        ("cut.csv.gz", "cut.csv.gz: gzip: expected more data, found the end of the file after"),
        ("bad.csv", "bad.csv: line 301, column 6: expected a finite number, found \"x\""),
    ] {
        for more in ["", "--stream"] {
            let train = format!("train rbm -q --data {data} --out m.safetensors --hidden-units 3");
            run(path, &format!("{train} {more}")).code(1).stderr(contains(said));
        }
    }
    // All of them are on disk with --stream, and none without.
    for data in formats {
        let train = |more: &str| {
            let settings = "--force --hidden-units 3";
            let train = format!("train rbm -q --data {data} --out m.safetensors {settings} {more}");
            halfwave(path).args(train.split_whitespace()).env("TMPDIR", "/nowhere").assert()
        };
        train("--stream")
            .code(1)
            .stderr(contains(format!("{data}: no room for its rows in the temporary folder /now")))
            .stderr(contains("TMPDIR names another one"));
        train("").success();
    }
}
