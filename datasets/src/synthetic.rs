//! Generators of data sets.
