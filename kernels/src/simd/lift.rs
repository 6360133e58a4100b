//! From an intrinsic on one register to an operation on sixteen lanes.

/// `lift! { N: name(a: F32, ...; n: u32) -> F32 = expression; ... }` writes trait methods of `Simd`
/// for a level whose vectors are arrays of `N` registers: the expression runs once a register, with
/// `a` bound to that register; arguments behind the semicolon are passed as they are.
macro_rules! lift {
    ($n:tt: $(
        $name:ident($($arg:ident: $ty:ident),* $(; $plain:ident: $plain_ty:ty)?) -> $out:ident = $body:expr;
    )*) => {$(
        #[inline(always)]
        #[allow(unused_unsafe)]
        fn $name(self $(, $arg: Self::$ty)* $(, $plain: $plain_ty)?) -> Self::$out {
            // SAFETY: the intrinsics need the level's target features, and `self` is that level's
            // token: it is made after detection only. They touch registers, not memory.
            unsafe { each_register!($n, ($($arg),*), $body) }
        }
    )*};
}

/// An array with one value of `$body` for each register.
macro_rules! each_register {
    (1, ($($arg:ident),*), $body:expr) => {
        [each_register!(@ 0, ($($arg),*), $body)]
    };
    (2, ($($arg:ident),*), $body:expr) => {
        [
            each_register!(@ 0, ($($arg),*), $body),
            each_register!(@ 1, ($($arg),*), $body),
        ]
    };
    (4, ($($arg:ident),*), $body:expr) => {
        [
            each_register!(@ 0, ($($arg),*), $body),
            each_register!(@ 1, ($($arg),*), $body),
            each_register!(@ 2, ($($arg),*), $body),
            each_register!(@ 3, ($($arg),*), $body),
        ]
    };
    (8, ($($arg:ident),*), $body:expr) => {
        [
            each_register!(@ 0, ($($arg),*), $body),
            each_register!(@ 1, ($($arg),*), $body),
            each_register!(@ 2, ($($arg),*), $body),
            each_register!(@ 3, ($($arg),*), $body),
            each_register!(@ 4, ($($arg),*), $body),
            each_register!(@ 5, ($($arg),*), $body),
            each_register!(@ 6, ($($arg),*), $body),
            each_register!(@ 7, ($($arg),*), $body),
        ]
    };
    (@ $i:tt, ($($arg:ident),*), $body:expr) => {{
        $(let $arg = $arg[$i];)*
        $body
    }};
}
