#!/usr/bin/env bash
# Formatting, lints, documentation; licences, bans and sources of dependencies where cargo-deny is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo fmt --check
# Workspaces of their own.
for package in fuzz bench-suite/peers/candle; do
  cargo fmt --check --manifest-path "$package/Cargo.toml"
done
# In the release profile both share their metadata of dependencies.
cargo clippy --release --locked --workspace --all-targets -- -D warnings
# Without the features that other packages of the workspace ask for.
cargo clippy --release --locked -p halfwave-kernels -p halfwave-datasets --all-targets -- -D warnings
cargo clippy --release --locked -p halfwave-trainer --all-targets -- -D warnings
cargo clippy --release --locked -p halfwave-trainer --lib --no-default-features -- -D warnings
RUSTDOCFLAGS=-Dwarnings cargo doc --release --locked --workspace --no-deps

if command -v cargo-deny > /dev/null; then
  cargo deny --offline --locked check --hide-inclusion-graph bans licenses sources
else
  echo "check: WARNING, licences, bans and sources are NOT checked: cargo install cargo-deny --locked" >&2
fi
