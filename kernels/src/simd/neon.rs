//! NEON of AArch64: four registers of 4 × `f32`.

use std::arch::aarch64::*;

use super::{LANES, Simd};

/// Token of NEON: the CPU has AArch64's Advanced SIMD (all of them do).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neon(());

impl Neon {
    /// The token, if this CPU has the instructions.
    #[must_use]
    pub fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

impl Simd for Neon {
    type F32 = [float32x4_t; 4];
    type U32 = [uint32x4_t; 4];
    type U64 = [uint64x2_t; 8];
    type F64 = [float64x2_t; 8];
    type Mask = [uint32x4_t; 4];

    #[inline(always)]
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "neon")]
        fn inner<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the token says that the CPU has this feature.
        unsafe { inner(f) }
    }

    #[inline(always)]
    fn load(self, x: &[f32; LANES]) -> Self::F32 {
        let at = [0, 4, 8, 12];
        // SAFETY: the token; each load reads four of the sixteen elements, at any alignment.
        unsafe { each_register!(4, (at), vld1q_f32(x[at..].as_ptr())) }
    }
    #[inline(always)]
    fn store(self, x: Self::F32, out: &mut [f32; LANES]) {
        let at = [0, 4, 8, 12];
        // SAFETY: the token; each store writes four of the sixteen elements, at any alignment.
        let _: [(); 4] =
            unsafe { each_register!(4, (at, x), vst1q_f32(out[at..].as_mut_ptr(), x)) };
    }
    #[inline(always)]
    fn store_u32(self, x: Self::U32, out: &mut [u32; LANES]) {
        let at = [0, 4, 8, 12];
        // SAFETY: the token; each store writes four of the sixteen elements, at any alignment.
        let _: [(); 4] =
            unsafe { each_register!(4, (at, x), vst1q_u32(out[at..].as_mut_ptr(), x)) };
    }
    #[inline(always)]
    fn load_u64(self, x: &[u64; LANES]) -> Self::U64 {
        let at = [0, 2, 4, 6, 8, 10, 12, 14];
        // SAFETY: the token; each load reads two of the sixteen elements, at any alignment.
        unsafe { each_register!(8, (at), vld1q_u64(x[at..].as_ptr())) }
    }

    #[inline(always)]
    fn load_f64(self, x: &[f64; LANES]) -> Self::F64 {
        let at = [0, 2, 4, 6, 8, 10, 12, 14];
        // SAFETY: the token; each load reads two of the sixteen elements, at any alignment.
        unsafe { each_register!(8, (at), vld1q_f64(x[at..].as_ptr())) }
    }
    #[inline(always)]
    fn store_f64(self, x: Self::F64, out: &mut [f64; LANES]) {
        let at = [0, 2, 4, 6, 8, 10, 12, 14];
        // SAFETY: the token; each store writes two of the sixteen elements, at any alignment.
        let _: [(); 8] =
            unsafe { each_register!(8, (at, x), vst1q_f64(out[at..].as_mut_ptr(), x)) };
    }
    #[inline(always)]
    fn mask_to_bits(self, mask: Self::Mask) -> u16 {
        let at = [0, 4, 8, 12];
        // SAFETY: the token; the load reads four elements of an array of four.
        let [a, b, c, d] = unsafe {
            let lane = vld1q_u32([1, 2, 4, 8].as_ptr());
            each_register!(4, (mask, at), vaddvq_u32(vandq_u32(mask, lane)) << at)
        };
        // Sixteen bits in all.
        (a | b | c | d) as u16
    }
    #[inline(always)]
    fn mask_from_bits(self, bits: u16) -> Self::Mask {
        let at = [0, 4, 8, 12];
        // SAFETY: the token; the load reads four elements of an array of four.
        unsafe {
            let lane = vld1q_u32([1, 2, 4, 8].as_ptr());
            each_register!(4, (at), vtstq_u32(vdupq_n_u32(u32::from(bits) >> at), lane))
        }
    }
    #[inline(always)]
    fn widen(self, a: Self::F32) -> Self::F64 {
        // SAFETY: the token; registers only.
        unsafe {
            [
                vcvt_f64_f32(vget_low_f32(a[0])),
                vcvt_high_f64_f32(a[0]),
                vcvt_f64_f32(vget_low_f32(a[1])),
                vcvt_high_f64_f32(a[1]),
                vcvt_f64_f32(vget_low_f32(a[2])),
                vcvt_high_f64_f32(a[2]),
                vcvt_f64_f32(vget_low_f32(a[3])),
                vcvt_high_f64_f32(a[3]),
            ]
        }
    }
    #[inline(always)]
    fn narrow(self, a: Self::F64) -> Self::F32 {
        let (even, odd) = ([a[0], a[2], a[4], a[6]], [a[1], a[3], a[5], a[7]]);
        // SAFETY: the token; registers only.
        unsafe {
            each_register!(4, (even, odd), vcombine_f32(vcvt_f32_f64(even), vcvt_f32_f64(odd)))
        }
    }

    lift! { 4:
        splat(; x: f32) -> F32 = vdupq_n_f32(x);
        add(a: F32, b: F32) -> F32 = vaddq_f32(a, b);
        sub(a: F32, b: F32) -> F32 = vsubq_f32(a, b);
        mul(a: F32, b: F32) -> F32 = vmulq_f32(a, b);
        div(a: F32, b: F32) -> F32 = vdivq_f32(a, b);
        sqrt(a: F32) -> F32 = vsqrtq_f32(a);
        mul_add(a: F32, b: F32, c: F32) -> F32 = vfmaq_f32(c, a, b);
        // FMAX orders the zeros and keeps NaN: compare and select instead.
        max(a: F32, b: F32) -> F32 = vbslq_f32(vcgtq_f32(a, b), a, b);
        min(a: F32, b: F32) -> F32 = vbslq_f32(vcltq_f32(a, b), a, b);

        lt(a: F32, b: F32) -> Mask = vcltq_f32(a, b);
        le(a: F32, b: F32) -> Mask = vcleq_f32(a, b);
        eq(a: F32, b: F32) -> Mask = vceqq_f32(a, b);
        select(mask: Mask, a: F32, b: F32) -> F32 = vbslq_f32(mask, a, b);
        or_mask(a: Mask, b: Mask) -> Mask = vorrq_u32(a, b);

        to_bits(a: F32) -> U32 = vreinterpretq_u32_f32(a);
        from_bits(a: U32) -> F32 = vreinterpretq_f32_u32(a);
        from_i32(a: U32) -> F32 = vcvtq_f32_s32(vreinterpretq_s32_u32(a));
        to_i32(a: F32) -> U32 = vreinterpretq_u32_s32(vcvtq_s32_f32(a));

        splat_u32(; x: u32) -> U32 = vdupq_n_u32(x);
        add_u32(a: U32, b: U32) -> U32 = vaddq_u32(a, b);
        sub_u32(a: U32, b: U32) -> U32 = vsubq_u32(a, b);
        and_u32(a: U32, b: U32) -> U32 = vandq_u32(a, b);
        or_u32(a: U32, b: U32) -> U32 = vorrq_u32(a, b);
        xor_u32(a: U32, b: U32) -> U32 = veorq_u32(a, b);
        shl_u32(a: U32; n: u32) -> U32 = vshlq_u32(a, vdupq_n_s32(n.cast_signed()));
        shr_u32(a: U32; n: u32) -> U32 = vshlq_u32(a, vdupq_n_s32(-n.cast_signed()));
        shr_i32(a: U32; n: u32) -> U32 = vreinterpretq_u32_s32(vshlq_s32(
            vreinterpretq_s32_u32(a),
            vdupq_n_s32(-n.cast_signed()),
        ));
        rotate_right_u32(a: U32, n: U32) -> U32 = {
            let n = vreinterpretq_s32_u32(n);
            vorrq_u32(
                vshlq_u32(a, vnegq_s32(n)),
                vshlq_u32(a, vsubq_s32(vdupq_n_s32(32), n)),
            )
        };
    }

    lift! { 8:
        splat_u64(; x: u64) -> U64 = vdupq_n_u64(x);
        add_u64(a: U64, b: U64) -> U64 = vaddq_u64(a, b);
        // NEON multiplies 32 × 32 bits: a·b = al·bl + ((al·bh + ah·bl) << 32).
        mul_u64(a: U64, b: U64) -> U64 = {
            let (al, ah) = (vmovn_u64(a), vshrn_n_u64::<32>(a));
            let (bl, bh) = (vmovn_u64(b), vshrn_n_u64::<32>(b));
            let cross = vmlal_u32(vmull_u32(al, bh), ah, bl);
            vmlal_u32(vshlq_n_u64::<32>(cross), al, bl)
        };
        xor_u64(a: U64, b: U64) -> U64 = veorq_u64(a, b);
        shr_u64(a: U64; n: u32) -> U64 = vshlq_u64(a, vdupq_n_s64(-i64::from(n)));
        shl_u64(a: U64; n: u32) -> U64 = vshlq_u64(a, vdupq_n_s64(i64::from(n)));
        and_u64(a: U64, b: U64) -> U64 = vandq_u64(a, b);

        splat_f64(; x: f64) -> F64 = vdupq_n_f64(x);
        add_f64(a: F64, b: F64) -> F64 = vaddq_f64(a, b);
        sub_f64(a: F64, b: F64) -> F64 = vsubq_f64(a, b);
        mul_f64(a: F64, b: F64) -> F64 = vmulq_f64(a, b);
        div_f64(a: F64, b: F64) -> F64 = vdivq_f64(a, b);
        mul_add_f64(a: F64, b: F64, c: F64) -> F64 = vfmaq_f64(c, a, b);
        max_f64(a: F64, b: F64) -> F64 = vbslq_f64(vcgtq_f64(a, b), a, b);
        min_f64(a: F64, b: F64) -> F64 = vbslq_f64(vcltq_f64(a, b), a, b);
        f64_to_bits(a: F64) -> U64 = vreinterpretq_u64_f64(a);
        f64_from_bits(a: U64) -> F64 = vreinterpretq_f64_u64(a);
    }

    #[inline(always)]
    fn lookup(self, table: &[f32; 32], index: Self::U32) -> Self::F32 {
        // NEON has no gather: scalar loads, lane by lane.
        let mut at = [0; LANES];
        self.store_u32(index, &mut at);
        self.load(&at.map(|i| table[(i & 31) as usize]))
    }

    #[inline(always)]
    fn lookup16(self, table: &[f32; 16], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the table is 64 readable bytes, of which every lane takes four.
        unsafe {
            let table = vld1q_u8_x4(table.as_ptr().cast());
            each_register!(4, (index), {
                let element = vandq_u32(index, vdupq_n_u32(15));
                let bytes = vmlaq_u32(vdupq_n_u32(0x0302_0100), element, vdupq_n_u32(0x0404_0404));
                vreinterpretq_f32_u8(vqtbl4q_u8(table, vreinterpretq_u8_u32(bytes)))
            })
        }
    }

    #[inline(always)]
    fn lookup8(self, table: &[f32; 8], index: Self::U32) -> Self::F32 {
        // SAFETY: the token; the table is 32 readable bytes, of which every lane takes four.
        unsafe {
            let table = vld1q_u8_x2(table.as_ptr().cast());
            each_register!(4, (index), {
                let element = vandq_u32(index, vdupq_n_u32(7));
                let bytes = vmlaq_u32(vdupq_n_u32(0x0302_0100), element, vdupq_n_u32(0x0404_0404));
                vreinterpretq_f32_u8(vqtbl2q_u8(table, vreinterpretq_u8_u32(bytes)))
            })
        }
    }

    #[inline(always)]
    fn low_u64(self, a: Self::U64) -> Self::U32 {
        let (even, odd) = ([a[0], a[2], a[4], a[6]], [a[1], a[3], a[5], a[7]]);
        // SAFETY: the token; registers only.
        unsafe { each_register!(4, (even, odd), vcombine_u32(vmovn_u64(even), vmovn_u64(odd))) }
    }
}
