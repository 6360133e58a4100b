//! Products with their epilogues, dense, of zeros and ones, and of convolutions; pooling; optimisers.

use std::sync::LazyLock;

use halfwave_kernels::{
    Kind, Level,
    sparse::{self, BinaryRows, Columns},
    update,
};

use super::{COLUMNS, Row, Work, fill};
use crate::{
    conv::{Layer, Pass, Pool},
    inputs,
    product::{ADAM, MOMENTUM, Product},
    shapes::{self, Epilogue, Shape},
};

static COUNTED: LazyLock<Vec<Shape>> = LazyLock::new(shapes::callgrind);
static TIMED: LazyLock<Vec<Shape>> = LazyLock::new(shapes::gemm);

struct Dense {
    product: Product<'static>,
    epilogue: Epilogue,
}

impl Work for Dense {
    fn run(&mut self, level: Level) {
        self.product.run(level, self.epilogue);
    }

    fn result(&self) -> &[f32] {
        self.product.result()
    }
}

struct Convolution {
    layer: Layer,
    pass: Pass,
}

impl Work for Convolution {
    fn run(&mut self, level: Level) {
        self.layer.run(level, self.pass);
    }

    fn result(&self) -> &[f32] {
        self.layer.result(self.pass)
    }
}

struct Pooling {
    pool: Pool,
    backward: bool,
}

impl Work for Pooling {
    fn run(&mut self, level: Level) {
        if self.backward { self.pool.backward(level) } else { self.pool.forward(level) }
    }

    fn result(&self) -> &[f32] {
        self.pool.result(self.backward)
    }
}

/// A row for each epilogue.
fn dense(shape: &'static Shape) -> impl Iterator<Item = Row> {
    shape.epilogues.iter().map(move |&epilogue| {
        Row::new(format!("gemm/{}/{}", shape.name, epilogue.name()), move || {
            Box::new(Dense { product: Product::new(shape), epilogue })
        })
    })
}

pub(super) fn timed() -> Vec<Row> {
    TIMED.iter().filter(|shape| !shape.is_large()).flat_map(dense).collect()
}

pub(super) fn counted() -> Vec<Row> {
    let mut rows: Vec<_> = COUNTED.iter().flat_map(dense).collect();
    for pass in Pass::ALL {
        rows.push(Row::new(format!("conv/{}", pass.name()), move || {
            Box::new(Convolution { layer: Layer::small(), pass })
        }));
    }
    for (name, backward) in [("forward", false), ("backward", true)] {
        rows.push(Row::new(format!("pool/{name}"), move || {
            Box::new(Pooling { pool: Pool::small(), backward })
        }));
    }
    rows.extend([
        Row::sized("update/momentum", (3, 2), |n| {
            let (gradient, mut velocity) = (inputs::uniform(1, n, -1.0, 1.0), vec![0.0; n]);
            fill(n, move |level, weights| {
                update::momentum(level, MOMENTUM, 0.01, &gradient, &mut velocity, weights);
            })
        }),
        Row::sized("update/adam", (4, 3), |n| {
            let gradient = inputs::uniform(1, n, -1.0, 1.0);
            let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
            fill(n, move |level, weights| {
                update::adam(level, ADAM, 1, 0.01, &gradient, &mut m, &mut v, weights);
            })
        }),
        Row::new("sparse/affine", || {
            let (columns, weights) = (ones(), inputs::uniform(4, WIDTH * COLUMNS, -0.1, 0.1));
            let offsets = offsets(&columns);
            fill(ROWS * COLUMNS, move |level, y| {
                let x = BinaryRows::new(WIDTH, &offsets, &columns);
                sparse::affine(level, x, &weights, &[0.1; COLUMNS], Kind::Relu, y);
            })
        }),
        Row::new("sparse/gradient", || {
            let (columns, dz) = (ones(), inputs::uniform(5, ROWS * COLUMNS, -1.0, 1.0));
            let mut transposed = Columns::default();
            transposed.fill(BinaryRows::new(WIDTH, &offsets(&columns), &columns));
            fill(transposed.columns().len() * COLUMNS, move |level, gradient| {
                sparse::product(level, transposed.rows(), &dz, gradient);
            })
        }),
    ]);
    rows
}

/// Rows of zeros and ones, and how wide they are.
const ROWS: usize = 10;
const WIDTH: usize = 500;

/// Where the ones are: ten in each row.
fn ones() -> Vec<u32> {
    (0..ROWS as u32)
        .flat_map(|i| (0..WIDTH as u32).filter(move |j| (i * 17 + j * 31) % 50 == 0))
        .collect()
}

/// Where each row of them begins, and the end.
fn offsets(ones: &[u32]) -> Vec<usize> {
    (0..=ROWS).map(|i| i * ones.len() / ROWS).collect()
}
