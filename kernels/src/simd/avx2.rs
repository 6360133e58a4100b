//! AVX2 with FMA: two registers of 8 × `f32`.

use std::arch::x86_64::*;

use super::{LANES, Simd};

/// Token of AVX2: the CPU has AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Avx2(());

impl Avx2 {
    /// The token, if this CPU has the instructions.
    #[must_use]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// `FIRST[16 - n..][..16]` has the sign bit in its first `n` elements.
static FIRST: [i32; 2 * LANES] = {
    let mut mask = [0; 2 * LANES];
    let mut i = 0;
    while i < LANES {
        mask[i] = -1;
        i += 1;
    }
    mask
};

/// The masks of both registers with the first `n` of sixteen lanes set.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn first(n: usize) -> [__m256i; 2] {
    assert!(n <= LANES, "{n} elements in a partial vector of {LANES} lanes");
    let mask = &FIRST[LANES - n..][..LANES];
    // SAFETY: AVX2 by the caller's promise; the slice is sixteen elements long.
    unsafe {
        [_mm256_loadu_si256(mask.as_ptr().cast()), _mm256_loadu_si256(mask[8..].as_ptr().cast())]
    }
}

/// Lane `i` of register `j` becomes lane `j` of register `i`.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn transpose8(r: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: AVX2 by the caller's promise; registers only.
    unsafe {
        let (mut t, mut s, mut out) = (r, r, r);
        for i in 0..4 {
            t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
            t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        }
        // Each half of s[4 i + j] is column j or j + 4 of rows 4 i to 4 i + 3.
        for i in 0..2 {
            for half in 0..2 {
                let (a, b) = (t[4 * i + half], t[4 * i + half + 2]);
                s[4 * i + 2 * half] = _mm256_shuffle_ps::<0x44>(a, b);
                s[4 * i + 2 * half + 1] = _mm256_shuffle_ps::<0xee>(a, b);
            }
        }
        for j in 0..4 {
            out[j] = _mm256_permute2f128_ps::<0x20>(s[j], s[j + 4]);
            out[j + 4] = _mm256_permute2f128_ps::<0x31>(s[j], s[j + 4]);
        }
        out
    }
}

impl Simd for Avx2 {
    type F32 = [__m256; 2];
    type U32 = [__m256i; 2];
    type U64 = [__m256i; 4];
    type F64 = [__m256d; 4];
    type Mask = [__m256; 2];

    #[inline(always)]
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma")]
        fn inner<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the token says that the CPU has these features.
        unsafe { inner(f) }
    }

    #[inline(always)]
    fn load(self, x: &[f32; LANES]) -> Self::F32 {
        // SAFETY: the token; `x` is 64 readable bytes, and the loads need no alignment.
        unsafe { [_mm256_loadu_ps(x.as_ptr()), _mm256_loadu_ps(x[8..].as_ptr())] }
    }
    #[inline(always)]
    fn store(self, x: Self::F32, out: &mut [f32; LANES]) {
        // SAFETY: the token; `out` is 64 writable bytes, and the stores need no alignment.
        unsafe {
            _mm256_storeu_ps(out.as_mut_ptr(), x[0]);
            _mm256_storeu_ps(out[8..].as_mut_ptr(), x[1]);
        }
    }
    #[inline(always)]
    fn load_partial(self, x: &[f32]) -> Self::F32 {
        // SAFETY: the token; lanes outside the mask are neither read nor can they fault, and the
        // second address, which may lie past the slice, is only computed.
        unsafe {
            let mask = first(x.len());
            [
                _mm256_maskload_ps(x.as_ptr(), mask[0]),
                _mm256_maskload_ps(x.as_ptr().wrapping_add(8), mask[1]),
            ]
        }
    }
    #[inline(always)]
    fn store_partial(self, x: Self::F32, out: &mut [f32]) {
        // SAFETY: the token; lanes outside the mask are neither written nor can they fault, and the
        // second address, which may lie past the slice, is only computed.
        unsafe {
            let mask = first(out.len());
            _mm256_maskstore_ps(out.as_mut_ptr(), mask[0], x[0]);
            _mm256_maskstore_ps(out.as_mut_ptr().wrapping_add(8), mask[1], x[1]);
        }
    }
    #[inline(always)]
    fn store_u32(self, x: Self::U32, out: &mut [u32; LANES]) {
        // SAFETY: the token; `out` is 64 writable bytes, and the stores need no alignment.
        unsafe {
            _mm256_storeu_si256(out.as_mut_ptr().cast(), x[0]);
            _mm256_storeu_si256(out[8..].as_mut_ptr().cast(), x[1]);
        }
    }
    #[inline(always)]
    fn load_u64(self, x: &[u64; LANES]) -> Self::U64 {
        // SAFETY: the token; `x` is 128 readable bytes, and the loads need no alignment.
        unsafe {
            [
                _mm256_loadu_si256(x.as_ptr().cast()),
                _mm256_loadu_si256(x[4..].as_ptr().cast()),
                _mm256_loadu_si256(x[8..].as_ptr().cast()),
                _mm256_loadu_si256(x[12..].as_ptr().cast()),
            ]
        }
    }

    #[inline(always)]
    fn store_streaming(self, x: Self::F32, out: &mut [f32; LANES]) {
        if out.as_ptr().addr().is_multiple_of(64) {
            // SAFETY: the token; `out` is 64 writable bytes, aligned as the stores need. The caller
            // is `Stream`, which fences before anybody else may look.
            unsafe {
                _mm256_stream_ps(out.as_mut_ptr(), x[0]);
                _mm256_stream_ps(out[8..].as_mut_ptr(), x[1]);
            }
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
        let at = [0, 4, 8, 12];
        // SAFETY: the token; each load reads four of the sixteen elements, at any alignment.
        unsafe { each_register!(4, (at), _mm256_loadu_pd(x[at..].as_ptr())) }
    }
    #[inline(always)]
    fn store_f64(self, x: Self::F64, out: &mut [f64; LANES]) {
        let at = [0, 4, 8, 12];
        // SAFETY: the token; each store writes four of the sixteen elements, at any alignment.
        let _: [(); 4] =
            unsafe { each_register!(4, (at, x), _mm256_storeu_pd(out[at..].as_mut_ptr(), x)) };
    }
    #[inline(always)]
    fn mask_to_bits(self, mask: Self::Mask) -> u16 {
        // SAFETY: the token; registers only.
        let [low, high] = unsafe { each_register!(2, (mask), _mm256_movemask_ps(mask)) };
        // Each is eight bits.
        (low | high << 8) as u16
    }
    #[inline(always)]
    fn mask_from_bits(self, bits: u16) -> Self::Mask {
        // SAFETY: the token; registers only.
        unsafe {
            let bits = _mm256_set1_epi32(i32::from(bits));
            let lane = [
                _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128),
                _mm256_setr_epi32(
                    1 << 8,
                    1 << 9,
                    1 << 10,
                    1 << 11,
                    1 << 12,
                    1 << 13,
                    1 << 14,
                    1 << 15,
                ),
            ];
            each_register!(2, (lane), {
                _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(bits, lane), lane))
            })
        }
    }
    #[inline(always)]
    fn widen(self, a: Self::F32) -> Self::F64 {
        // SAFETY: the token; registers only.
        unsafe {
            [
                _mm256_cvtps_pd(_mm256_castps256_ps128(a[0])),
                _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(a[0])),
                _mm256_cvtps_pd(_mm256_castps256_ps128(a[1])),
                _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(a[1])),
            ]
        }
    }
    #[inline(always)]
    fn narrow(self, a: Self::F64) -> Self::F32 {
        let (even, odd) = ([a[0], a[2]], [a[1], a[3]]);
        // SAFETY: the token; registers only.
        unsafe {
            each_register!(
                2,
                (even, odd),
                _mm256_set_m128(_mm256_cvtpd_ps(odd), _mm256_cvtpd_ps(even))
            )
        }
    }

    lift! { 2:
        splat(; x: f32) -> F32 = _mm256_set1_ps(x);
        add(a: F32, b: F32) -> F32 = _mm256_add_ps(a, b);
        sub(a: F32, b: F32) -> F32 = _mm256_sub_ps(a, b);
        mul(a: F32, b: F32) -> F32 = _mm256_mul_ps(a, b);
        div(a: F32, b: F32) -> F32 = _mm256_div_ps(a, b);
        sqrt(a: F32) -> F32 = _mm256_sqrt_ps(a);
        mul_add(a: F32, b: F32, c: F32) -> F32 = _mm256_fmadd_ps(a, b, c);
        max(a: F32, b: F32) -> F32 = _mm256_max_ps(a, b);
        min(a: F32, b: F32) -> F32 = _mm256_min_ps(a, b);

        lt(a: F32, b: F32) -> Mask = _mm256_cmp_ps::<_CMP_LT_OQ>(a, b);
        le(a: F32, b: F32) -> Mask = _mm256_cmp_ps::<_CMP_LE_OQ>(a, b);
        eq(a: F32, b: F32) -> Mask = _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b);
        select(mask: Mask, a: F32, b: F32) -> F32 = _mm256_blendv_ps(b, a, mask);
        or_mask(a: Mask, b: Mask) -> Mask = _mm256_or_ps(a, b);

        to_bits(a: F32) -> U32 = _mm256_castps_si256(a);
        from_bits(a: U32) -> F32 = _mm256_castsi256_ps(a);
        from_i32(a: U32) -> F32 = _mm256_cvtepi32_ps(a);
        to_i32(a: F32) -> U32 = _mm256_cvttps_epi32(a);

        splat_u32(; x: u32) -> U32 = _mm256_set1_epi32(x.cast_signed());
        add_u32(a: U32, b: U32) -> U32 = _mm256_add_epi32(a, b);
        sub_u32(a: U32, b: U32) -> U32 = _mm256_sub_epi32(a, b);
        and_u32(a: U32, b: U32) -> U32 = _mm256_and_si256(a, b);
        or_u32(a: U32, b: U32) -> U32 = _mm256_or_si256(a, b);
        xor_u32(a: U32, b: U32) -> U32 = _mm256_xor_si256(a, b);
        shl_u32(a: U32; n: u32) -> U32 = _mm256_sllv_epi32(a, _mm256_set1_epi32(n.cast_signed()));
        shr_u32(a: U32; n: u32) -> U32 = _mm256_srlv_epi32(a, _mm256_set1_epi32(n.cast_signed()));
        shr_i32(a: U32; n: u32) -> U32 = _mm256_srav_epi32(a, _mm256_set1_epi32(n.cast_signed()));
        // A shift by 32 gives 0, so a rotation by 0 comes out right.
        rotate_right_u32(a: U32, n: U32) -> U32 = _mm256_or_si256(
            _mm256_srlv_epi32(a, n),
            _mm256_sllv_epi32(a, _mm256_sub_epi32(_mm256_set1_epi32(32), n)),
        );
    }

    lift! { 4:
        splat_u64(; x: u64) -> U64 = _mm256_set1_epi64x(x.cast_signed());
        add_u64(a: U64, b: U64) -> U64 = _mm256_add_epi64(a, b);
        // AVX2 multiplies 32 × 32 bits: a·b = al·bl + ((al·bh + ah·bl) << 32).
        mul_u64(a: U64, b: U64) -> U64 = {
            let cross = _mm256_add_epi64(
                _mm256_mul_epu32(a, _mm256_srli_epi64::<32>(b)),
                _mm256_mul_epu32(_mm256_srli_epi64::<32>(a), b),
            );
            _mm256_add_epi64(_mm256_mul_epu32(a, b), _mm256_slli_epi64::<32>(cross))
        };
        xor_u64(a: U64, b: U64) -> U64 = _mm256_xor_si256(a, b);
        shr_u64(a: U64; n: u32) -> U64 = _mm256_srlv_epi64(a, _mm256_set1_epi64x(i64::from(n)));
        shl_u64(a: U64; n: u32) -> U64 = _mm256_sllv_epi64(a, _mm256_set1_epi64x(i64::from(n)));
        and_u64(a: U64, b: U64) -> U64 = _mm256_and_si256(a, b);

        splat_f64(; x: f64) -> F64 = _mm256_set1_pd(x);
        add_f64(a: F64, b: F64) -> F64 = _mm256_add_pd(a, b);
        sub_f64(a: F64, b: F64) -> F64 = _mm256_sub_pd(a, b);
        mul_f64(a: F64, b: F64) -> F64 = _mm256_mul_pd(a, b);
        div_f64(a: F64, b: F64) -> F64 = _mm256_div_pd(a, b);
        mul_add_f64(a: F64, b: F64, c: F64) -> F64 = _mm256_fmadd_pd(a, b, c);
        max_f64(a: F64, b: F64) -> F64 = _mm256_max_pd(a, b);
        min_f64(a: F64, b: F64) -> F64 = _mm256_min_pd(a, b);
        f64_to_bits(a: F64) -> U64 = _mm256_castpd_si256(a);
        f64_from_bits(a: U64) -> F64 = _mm256_castsi256_pd(a);
    }

    #[inline(always)]
    fn prefetch(self, x: &f32) {
        // SAFETY: a prefetch reads nothing that the program could see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(x).cast()) }
    }

    #[inline(always)]
    fn transpose(self, rows: [Self::F32; LANES]) -> [Self::F32; LANES] {
        let mut out = rows;
        for i in 0..2 {
            for j in 0..2 {
                let mut block = [rows[0][0]; 8];
                for k in 0..8 {
                    block[k] = rows[8 * i + k][j];
                }
                // SAFETY: the token.
                let block = unsafe { transpose8(block) };
                for k in 0..8 {
                    out[8 * j + k][i] = block[k];
                }
            }
        }
        out
    }

    #[inline(always)]
    fn lookup(self, table: &[f32; 32], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the index is cut to five bits, so every address is in the table.
        unsafe {
            let bound = _mm256_set1_epi32(31);
            each_register!(2, (index), {
                _mm256_i32gather_ps::<4>(table.as_ptr(), _mm256_and_si256(index, bound))
            })
        }
    }

    #[inline(always)]
    fn lookup8(self, table: &[f32; 8], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the table is 32 readable bytes. The instruction takes three bits.
        unsafe {
            let table = _mm256_loadu_ps(table.as_ptr());
            each_register!(2, (index), _mm256_permutevar8x32_ps(table, index))
        }
    }

    #[inline(always)]
    fn lookup16(self, table: &[f32; 16], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the table is two times 32 readable bytes. The permutation takes three bits
        // of an index, the selection its fourth, moved to the sign.
        unsafe {
            let low = _mm256_loadu_ps(table.as_ptr());
            let high = _mm256_loadu_ps(table[8..].as_ptr());
            each_register!(2, (index), {
                let fourth = _mm256_castsi256_ps(_mm256_slli_epi32::<28>(index));
                let low = _mm256_permutevar8x32_ps(low, index);
                let high = _mm256_permutevar8x32_ps(high, index);
                _mm256_blendv_ps(low, high, fourth)
            })
        }
    }

    #[inline(always)]
    fn low_u64(self, a: Self::U64) -> Self::U32 {
        // SAFETY: the token; registers only.
        unsafe { [halves::<0b10_00_10_00>(a[0], a[1]), halves::<0b10_00_10_00>(a[2], a[3])] }
    }

    #[inline(always)]
    fn high_u64(self, a: Self::U64) -> Self::U32 {
        // SAFETY: the token; registers only.
        unsafe { [halves::<0b11_01_11_01>(a[0], a[1]), halves::<0b11_01_11_01>(a[2], a[3])] }
    }
}

/// The even or odd 32-bit elements of both.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn halves<const WHICH: i32>(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: the caller's; registers only.
    unsafe {
        // In the order a0 a1 b0 b1 | a2 a3 b2 b3.
        let halves = _mm256_shuffle_ps::<WHICH>(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
        _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_castps_si256(halves))
    }
}
