//! The binary from outside.

// Clippy's permission to unwrap in tests needs to see that these are tests, helpers too.
#[cfg(test)]
mod cli {
    mod agarap;
    mod apply;
    mod fetch;
    mod figures;
    mod glorot;
    mod names;
    mod networks;
    mod norb;
    mod own;
    mod run;
    mod sentiment;
    mod stream;
    mod support;
    mod survive;
    mod sweep;
    mod table;
}
