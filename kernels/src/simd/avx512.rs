//! AVX-512 (F, BW, DQ, VL) with FMA: one register of 16 × `f32`.

use std::arch::x86_64::*;

use super::{LANES, Simd};

/// Token of AVX-512: the CPU has AVX-512 F, BW, DQ, VL, and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Avx512(());

impl Avx512 {
    /// The token, if this CPU has the instructions.
    #[must_use]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("fma"))
        .then_some(Self(()))
    }
}

/// The mask with the first `n` of sixteen lanes set.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    assert!(n <= LANES, "{n} elements in a partial vector of {LANES} lanes");
    ((1_u32 << n) - 1) as __mmask16
}

impl Simd for Avx512 {
    type F32 = [__m512; 1];
    type U32 = [__m512i; 1];
    type U64 = [__m512i; 2];
    type F64 = [__m512d; 2];
    type Mask = [__mmask16; 1];

    // 24 sums, three vectors and a broadcast in 32 registers.
    const TILE: (usize, usize) = (8, 3);

    #[inline(always)]
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
        fn inner<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the token says that the CPU has these features.
        unsafe { inner(f) }
    }

    #[inline(always)]
    fn load(self, x: &[f32; LANES]) -> Self::F32 {
        // SAFETY: the token; `x` is 64 readable bytes, and the load needs no alignment.
        unsafe { [_mm512_loadu_ps(x.as_ptr())] }
    }
    #[inline(always)]
    fn store(self, x: Self::F32, out: &mut [f32; LANES]) {
        // SAFETY: the token; `out` is 64 writable bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), x[0]) }
    }
    #[inline(always)]
    fn load_partial(self, x: &[f32]) -> Self::F32 {
        // SAFETY: the token; lanes outside the mask are neither read nor can they fault.
        unsafe { [_mm512_maskz_loadu_ps(first(x.len()), x.as_ptr())] }
    }
    #[inline(always)]
    fn store_partial(self, x: Self::F32, out: &mut [f32]) {
        // SAFETY: the token; lanes outside the mask are neither written nor can they fault.
        unsafe { _mm512_mask_storeu_ps(out.as_mut_ptr(), first(out.len()), x[0]) }
    }
    #[inline(always)]
    fn store_u32(self, x: Self::U32, out: &mut [u32; LANES]) {
        // SAFETY: the token; `out` is 64 writable bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), x[0]) }
    }
    #[inline(always)]
    fn load_u64(self, x: &[u64; LANES]) -> Self::U64 {
        // SAFETY: the token; `x` is 128 readable bytes, and the loads need no alignment.
        unsafe {
            [_mm512_loadu_si512(x.as_ptr().cast()), _mm512_loadu_si512(x[8..].as_ptr().cast())]
        }
    }

    #[inline(always)]
    fn store_streaming(self, x: Self::F32, out: &mut [f32; LANES]) {
        if out.as_ptr().addr().is_multiple_of(64) {
            // SAFETY: the token; `out` is 64 writable bytes, aligned as the store needs. The caller
            // is `Stream`, which fences before anybody else may look.
            unsafe { _mm512_stream_ps(out.as_mut_ptr(), x[0]) }
        } else {
            self.store(x, out);
        }
    }
    #[inline(always)]
    fn fence(self) {
        // SAFETY: the token; SSE is part of it.
        unsafe { _mm_sfence() }
    }
    #[inline(always)]
    fn load_f64(self, x: &[f64; LANES]) -> Self::F64 {
        // SAFETY: the token; `x` is 128 readable bytes, and the loads need no alignment.
        unsafe { [_mm512_loadu_pd(x.as_ptr()), _mm512_loadu_pd(x[8..].as_ptr())] }
    }
    #[inline(always)]
    fn store_f64(self, x: Self::F64, out: &mut [f64; LANES]) {
        // SAFETY: the token; `out` is 128 writable bytes, and the stores need no alignment.
        unsafe {
            _mm512_storeu_pd(out.as_mut_ptr(), x[0]);
            _mm512_storeu_pd(out[8..].as_mut_ptr(), x[1]);
        }
    }
    #[inline(always)]
    fn mask_to_bits(self, mask: Self::Mask) -> u16 {
        mask[0]
    }
    #[inline(always)]
    fn mask_from_bits(self, bits: u16) -> Self::Mask {
        [bits]
    }
    #[inline(always)]
    fn widen(self, a: Self::F32) -> Self::F64 {
        // SAFETY: the token; registers only.
        unsafe {
            [
                _mm512_cvtps_pd(_mm512_castps512_ps256(a[0])),
                _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(a[0])),
            ]
        }
    }
    #[inline(always)]
    fn narrow(self, a: Self::F64) -> Self::F32 {
        // SAFETY: the token; registers only.
        unsafe {
            let low = _mm512_castps256_ps512(_mm512_cvtpd_ps(a[0]));
            [_mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(a[1]))]
        }
    }

    lift! { 1:
        splat(; x: f32) -> F32 = _mm512_set1_ps(x);
        add(a: F32, b: F32) -> F32 = _mm512_add_ps(a, b);
        sub(a: F32, b: F32) -> F32 = _mm512_sub_ps(a, b);
        mul(a: F32, b: F32) -> F32 = _mm512_mul_ps(a, b);
        div(a: F32, b: F32) -> F32 = _mm512_div_ps(a, b);
        sqrt(a: F32) -> F32 = _mm512_sqrt_ps(a);
        mul_add(a: F32, b: F32, c: F32) -> F32 = _mm512_fmadd_ps(a, b, c);
        max(a: F32, b: F32) -> F32 = _mm512_max_ps(a, b);
        min(a: F32, b: F32) -> F32 = _mm512_min_ps(a, b);
        scale(a: F32, k: F32) -> F32 = _mm512_scalef_ps(a, k);

        lt(a: F32, b: F32) -> Mask = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b);
        le(a: F32, b: F32) -> Mask = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b);
        eq(a: F32, b: F32) -> Mask = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b);
        select(mask: Mask, a: F32, b: F32) -> F32 = _mm512_mask_blend_ps(mask, b, a);
        or_mask(a: Mask, b: Mask) -> Mask = a | b;

        to_bits(a: F32) -> U32 = _mm512_castps_si512(a);
        from_bits(a: U32) -> F32 = _mm512_castsi512_ps(a);
        from_i32(a: U32) -> F32 = _mm512_cvtepi32_ps(a);
        to_i32(a: F32) -> U32 = _mm512_cvttps_epi32(a);

        splat_u32(; x: u32) -> U32 = _mm512_set1_epi32(x.cast_signed());
        add_u32(a: U32, b: U32) -> U32 = _mm512_add_epi32(a, b);
        sub_u32(a: U32, b: U32) -> U32 = _mm512_sub_epi32(a, b);
        and_u32(a: U32, b: U32) -> U32 = _mm512_and_si512(a, b);
        or_u32(a: U32, b: U32) -> U32 = _mm512_or_si512(a, b);
        xor_u32(a: U32, b: U32) -> U32 = _mm512_xor_si512(a, b);
        shl_u32(a: U32; n: u32) -> U32 = _mm512_sllv_epi32(a, _mm512_set1_epi32(n.cast_signed()));
        shr_u32(a: U32; n: u32) -> U32 = _mm512_srlv_epi32(a, _mm512_set1_epi32(n.cast_signed()));
        shr_i32(a: U32; n: u32) -> U32 = _mm512_srav_epi32(a, _mm512_set1_epi32(n.cast_signed()));
        rotate_right_u32(a: U32, n: U32) -> U32 = _mm512_rorv_epi32(a, n);
    }

    lift! { 2:
        splat_u64(; x: u64) -> U64 = _mm512_set1_epi64(x.cast_signed());
        add_u64(a: U64, b: U64) -> U64 = _mm512_add_epi64(a, b);
        mul_u64(a: U64, b: U64) -> U64 = _mm512_mullo_epi64(a, b);
        xor_u64(a: U64, b: U64) -> U64 = _mm512_xor_si512(a, b);
        shr_u64(a: U64; n: u32) -> U64 = _mm512_srlv_epi64(a, _mm512_set1_epi64(i64::from(n)));
        shl_u64(a: U64; n: u32) -> U64 = _mm512_sllv_epi64(a, _mm512_set1_epi64(i64::from(n)));
        and_u64(a: U64, b: U64) -> U64 = _mm512_and_si512(a, b);

        splat_f64(; x: f64) -> F64 = _mm512_set1_pd(x);
        add_f64(a: F64, b: F64) -> F64 = _mm512_add_pd(a, b);
        sub_f64(a: F64, b: F64) -> F64 = _mm512_sub_pd(a, b);
        mul_f64(a: F64, b: F64) -> F64 = _mm512_mul_pd(a, b);
        div_f64(a: F64, b: F64) -> F64 = _mm512_div_pd(a, b);
        mul_add_f64(a: F64, b: F64, c: F64) -> F64 = _mm512_fmadd_pd(a, b, c);
        max_f64(a: F64, b: F64) -> F64 = _mm512_max_pd(a, b);
        min_f64(a: F64, b: F64) -> F64 = _mm512_min_pd(a, b);
        f64_to_bits(a: F64) -> U64 = _mm512_castpd_si512(a);
        f64_from_bits(a: U64) -> F64 = _mm512_castsi512_pd(a);
    }

    #[inline(always)]
    fn prefetch(self, x: &f32) {
        // SAFETY: a prefetch reads nothing that the program could see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(x).cast()) }
    }

    #[inline(always)]
    fn transpose(self, rows: [Self::F32; LANES]) -> [Self::F32; LANES] {
        // SAFETY: the token; registers only.
        unsafe {
            let mut r = rows;
            let mut t = rows;
            for i in 0..8 {
                let (a, b) = (r[2 * i][0], r[2 * i + 1][0]);
                t[2 * i] = [_mm512_unpacklo_ps(a, b)];
                t[2 * i + 1] = [_mm512_unpackhi_ps(a, b)];
            }
            // Lane l of each quarter q of r[4 i + j] is then row 4 i + l, column 4 q + j.
            for i in 0..4 {
                for half in 0..2 {
                    let a = _mm512_castps_pd(t[4 * i + half][0]);
                    let b = _mm512_castps_pd(t[4 * i + half + 2][0]);
                    r[4 * i + 2 * half] = [_mm512_castpd_ps(_mm512_unpacklo_pd(a, b))];
                    r[4 * i + 2 * half + 1] = [_mm512_castpd_ps(_mm512_unpackhi_pd(a, b))];
                }
            }
            for j in 0..4 {
                for half in 0..2 {
                    let (a, b) = (r[8 * half + j][0], r[8 * half + j + 4][0]);
                    t[8 * half + j] = [_mm512_shuffle_f32x4::<0x88>(a, b)];
                    t[8 * half + j + 4] = [_mm512_shuffle_f32x4::<0xdd>(a, b)];
                }
            }
            for j in 0..8 {
                let (a, b) = (t[j][0], t[8 + j][0]);
                r[j] = [_mm512_shuffle_f32x4::<0x88>(a, b)];
                r[8 + j] = [_mm512_shuffle_f32x4::<0xdd>(a, b)];
            }
            r
        }
    }

    #[inline(always)]
    fn lookup(self, table: &[f32; 32], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the table is two times 64 readable bytes.
        unsafe {
            let low = _mm512_loadu_ps(table.as_ptr());
            let high = _mm512_loadu_ps(table[LANES..].as_ptr());
            [_mm512_permutex2var_ps(low, index[0], high)]
        }
    }

    #[inline(always)]
    fn lookup8(self, table: &[f32; 8], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the table is 32 readable bytes. It is repeated, so the fourth bit of an
        // index does not matter, and the instruction ignores the others.
        unsafe {
            let table = _mm512_broadcast_f32x8(_mm256_loadu_ps(table.as_ptr()));
            [_mm512_permutexvar_ps(index[0], table)]
        }
    }

    #[inline(always)]
    fn lookup16(self, table: &[f32; 16], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the table is 64 readable bytes. The instruction takes four bits.
        unsafe { [_mm512_permutexvar_ps(index[0], _mm512_loadu_ps(table.as_ptr()))] }
    }

    #[inline(always)]
    fn low_u64(self, a: Self::U64) -> Self::U32 {
        // SAFETY: the token; registers only.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            [_mm512_permutex2var_epi32(a[0], even, a[1])]
        }
    }

    #[inline(always)]
    fn high_u64(self, a: Self::U64) -> Self::U32 {
        // SAFETY: the token; registers only.
        unsafe {
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            [_mm512_permutex2var_epi32(a[0], odd, a[1])]
        }
    }
}
