//! The optimiser step on a tile of weights, while its gradient is in cache.

use faer::{MatMut, MatRef};

use super::{
    check_row_major, check_same_shape, epilogue::contiguous_mut, grid, pack::Line, product,
    tile::Finish, workspace,
};
use crate::{
    dispatch::Level,
    simd::{F32, LANES, Simd},
    update::{Adam, AdamCoefficients, Momentum},
};

/// An optimiser and its state for a matrix of weights, row-major and of their shape. The gradient is
/// `scale` times the product.
#[derive(Debug)]
pub enum Update<'a> {
    /// See [`momentum`](crate::update::momentum).
    Momentum {
        /// The settings.
        step: Momentum,
        /// Of the gradient.
        scale: f32,
        /// v.
        velocity: MatMut<'a, f32>,
    },
    /// See [`adam`](crate::update::adam).
    Adam {
        /// The settings.
        step: Adam,
        /// Number of the step, from 1.
        t: u64,
        /// Of the gradient.
        scale: f32,
        /// First moments.
        m: MatMut<'a, f32>,
        /// Second moments.
        v: MatMut<'a, f32>,
    },
}

impl Update<'_> {
    #[track_caller]
    pub(super) fn run(
        self,
        weights: MatMut<'_, f32>,
        level: Level,
        a: MatRef<'_, f32>,
        b: MatRef<'_, f32>,
    ) {
        let depth = b.nrows();
        let shape = weights.shape();
        let check = |name, state: &MatMut<'_, f32>| {
            check_same_shape(name, state.shape(), "weights", shape);
            check_row_major(name, state.as_ref());
        };
        match self {
            Self::Momentum { step, scale, velocity } => {
                check("velocity", &velocity);
                workspace::with_left(level, a, b.ncols(), |a| {
                    grid::for_each_tile([weights, velocity], depth, &|row, column, [w, v]| {
                        let (rows, b) = (w.nrows(), b.subcols(column, w.ncols()));
                        product(level, a, (row, rows), b, MomentumTile { step, scale, v, w });
                    });
                });
            }
            Self::Adam { step, t, scale, m, v } => {
                check("m", &m);
                check("v", &v);
                let c = AdamCoefficients::new(step, t, scale);
                workspace::with_left(level, a, b.ncols(), |a| {
                    grid::for_each_tile([weights, m, v], depth, &|row, column, [w, m, v]| {
                        let (rows, b) = (w.nrows(), b.subcols(column, w.ncols()));
                        product(level, a, (row, rows), b, AdamTile { c, m, v, w });
                    });
                });
            }
        }
    }
}

struct MomentumTile<'a> {
    step: Momentum,
    scale: f32,
    v: MatMut<'a, f32>,
    w: MatMut<'a, f32>,
}

impl Finish for MomentumTile<'_> {
    #[inline(always)]
    fn piece<S: Simd>(&mut self, simd: S, row: usize, column: usize, width: usize, sums: &[Line]) {
        let v = &mut contiguous_mut(self.v.as_mut().row_mut(row))[column..][..width];
        let w = &mut contiguous_mut(self.w.as_mut().row_mut(row))[column..][..width];
        let (vs, v_tail) = v.as_chunks_mut::<LANES>();
        let (ws, w_tail) = w.as_chunks_mut::<LANES>();
        for ((v, w), g) in vs.iter_mut().zip(ws).zip(sums) {
            let g = F32::load(simd, &g.0);
            let (new_v, new_w) =
                self.step.update(self.scale, g, F32::load(simd, v), F32::load(simd, w));
            new_v.store(v);
            new_w.store(w);
        }
        if !v_tail.is_empty() {
            let g = F32::load(simd, &sums[sums.len() - 1].0);
            let (v, w) = (F32::load_partial(simd, v_tail), F32::load_partial(simd, w_tail));
            let (new_v, new_w) = self.step.update(self.scale, g, v, w);
            new_v.store_partial(v_tail);
            new_w.store_partial(w_tail);
        }
    }
}

struct AdamTile<'a> {
    c: AdamCoefficients,
    m: MatMut<'a, f32>,
    v: MatMut<'a, f32>,
    w: MatMut<'a, f32>,
}

impl Finish for AdamTile<'_> {
    #[inline(always)]
    fn piece<S: Simd>(&mut self, simd: S, row: usize, column: usize, width: usize, sums: &[Line]) {
        let m = &mut contiguous_mut(self.m.as_mut().row_mut(row))[column..][..width];
        let v = &mut contiguous_mut(self.v.as_mut().row_mut(row))[column..][..width];
        let w = &mut contiguous_mut(self.w.as_mut().row_mut(row))[column..][..width];
        let (ms, m_tail) = m.as_chunks_mut::<LANES>();
        let (vs, v_tail) = v.as_chunks_mut::<LANES>();
        let (ws, w_tail) = w.as_chunks_mut::<LANES>();
        for (((m, v), w), g) in ms.iter_mut().zip(vs).zip(ws).zip(sums) {
            let g = F32::load(simd, &g.0);
            let (new_m, new_v, new_w) =
                self.c.update(g, F32::load(simd, m), F32::load(simd, v), F32::load(simd, w));
            new_m.store(m);
            new_v.store(v);
            new_w.store(w);
        }
        if !m_tail.is_empty() {
            let g = F32::load(simd, &sums[sums.len() - 1].0);
            let (m, v) = (F32::load_partial(simd, m_tail), F32::load_partial(simd, v_tail));
            let (new_m, new_v, new_w) = self.c.update(g, m, v, F32::load_partial(simd, w_tail));
            new_m.store_partial(m_tail);
            new_v.store_partial(v_tail);
            new_w.store_partial(w_tail);
        }
    }
}
