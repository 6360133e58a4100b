//! What is done to data before a model takes them: fitted on its training rows, kept in its file.

use halfwave_datasets::preprocess::{Pca, Standardiser};

use crate::{
    Error,
    samples::Rows,
    tensors::{ModelError, Numbers, Tensor, Tensors},
};

const MEAN: &str = "input_mean";
const DEVIATION: &str = "input_deviation";
const PCA_MEAN: &str = "pca_mean";
const PCA_COMPONENTS: &str = "pca_components";
const PCA_VARIANCE: &str = "pca_variance";
const PCA_TOTAL: &str = "pca_total_variance";

/// Columns to zero mean and unit variance, then principal components; each if it is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Preprocessing {
    pub(crate) standardiser: Option<Standardiser>,
    pub(crate) pca: Option<Pca>,
}

impl Preprocessing {
    /// Of the training rows, of which principal components need all in memory.
    pub(super) fn fit(
        rows: Rows<'_>,
        width: usize,
        standardise: bool,
        components: Option<usize>,
    ) -> Result<Self, Error> {
        let standardiser = || Standardiser::fit_blocks(width, |f| rows.for_each(width, f));
        let standardiser = standardise.then(standardiser).transpose()?;
        let scaled = Self { standardiser, pca: None };
        let Some(components) = components else { return Ok(scaled) };
        let Rows::Values(x) = rows else {
            let text =
                "--pca takes rows that fit into memory: take a part of the file, and no --stream";
            return Err(Error::Usage(text.into()));
        };
        let x = scaled.apply(x.to_vec())?;
        let most = width.min(x.len() / width.max(1));
        if components > most {
            let text = format!(
                "--pca: expected at most {most}, the smaller of columns and training rows, found {components}"
            );
            return Err(Error::Usage(text));
        }
        Ok(Self { pca: Some(Pca::fit(&x, width, components)?), ..scaled })
    }

    /// Numbers of a row that the model takes, of `width` in the data.
    pub(super) fn outputs(&self, width: usize) -> usize {
        self.pca.as_ref().map_or(width, |pca| pca.variance.len())
    }

    /// Numbers of a row of the data, where the model takes `width`.
    pub(super) fn inputs(&self, width: usize) -> usize {
        self.pca.as_ref().map_or(width, Pca::width)
    }

    /// `x [rows, inputs]` as the model takes it, `[rows, outputs]`.
    pub(super) fn apply(&self, mut x: Vec<f32>) -> Result<Vec<f32>, Error> {
        if let Some(standardiser) = &self.standardiser {
            standardiser.apply(&mut x)?;
        }
        match &self.pca {
            Some(pca) => Ok(pca.apply(&x)?),
            None => Ok(x),
        }
    }

    /// What a file has of it.
    pub(crate) fn tensors(&self) -> Vec<Tensor<'_>> {
        let vector = |name: &str, x| (name.to_owned(), vec![<[f64]>::len(x)], Numbers::F64(x));
        let mut all = Vec::new();
        if let Some(Standardiser { mean, std }) = &self.standardiser {
            all.extend([vector(MEAN, mean), vector(DEVIATION, std)]);
        }
        if let Some(pca) = &self.pca {
            let shape = vec![pca.variance.len(), pca.width()];
            let components = (PCA_COMPONENTS.to_owned(), shape, Numbers::F64(&pca.components));
            let total = std::slice::from_ref(&pca.total_variance);
            let (mean, variance) =
                (vector(PCA_MEAN, &pca.mean), vector(PCA_VARIANCE, &pca.variance));
            all.extend([mean, components, variance, vector(PCA_TOTAL, total)]);
        }
        all
    }

    /// What a file of a model that takes `outputs` numbers has of it.
    pub(super) fn read(tensors: &Tensors<'_>, outputs: usize) -> Result<Self, ModelError> {
        let mut pca = None;
        if tensors.has(PCA_MEAN) {
            let mean = tensors.f64(PCA_MEAN, &[None])?;
            let components = tensors.f64(PCA_COMPONENTS, &[Some(outputs), Some(mean.len())])?;
            let variance = tensors.f64(PCA_VARIANCE, &[Some(outputs)])?;
            let total_variance = tensors.f64(PCA_TOTAL, &[Some(1)])?[0];
            if mean.is_empty() {
                return Err(ModelError::wrong(PCA_MEAN, "at least one column", 0));
            }
            pca = Some(Pca { mean, components, variance, total_variance });
        }
        let width = pca.as_ref().map_or(outputs, Pca::width);
        let mut standardiser = None;
        if tensors.has(MEAN) {
            let mean = tensors.f64(MEAN, &[Some(width)])?;
            let std = tensors.f64(DEVIATION, &[Some(width)])?;
            if let Some(x) = std.iter().find(|x| !x.is_normal() || **x < 0.0) {
                return Err(ModelError::wrong(DEVIATION, "deviations above 0", x));
            }
            standardiser = Some(Standardiser { mean, std });
        }
        Ok(Self { standardiser, pca })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::{self, NETWORK};

    #[test]
    fn what_was_fitted_comes_back_from_a_file() {
        let x: Vec<f32> = (0..60).map(|i| (i as f32 * 0.7).sin() * (1 + i % 3) as f32).collect();
        for (standardise, components) in
            [(false, None), (true, None), (false, Some(2)), (true, Some(2))]
        {
            let fitted = Preprocessing::fit((&x).into(), 3, standardise, components).unwrap();
            let bytes = tensors::write(NETWORK, &(), &fitted.tensors()).unwrap();
            let outputs = fitted.outputs(3);
            let again = Preprocessing::read(&Tensors::read(&bytes).unwrap(), outputs).unwrap();
            assert_eq!((&again, again.inputs(outputs)), (&fitted, 3));
            assert_eq!(again.apply(x.clone()).unwrap().len(), 20 * outputs);
            let other = Preprocessing::read(&Tensors::read(&bytes).unwrap(), outputs + 1);
            assert_eq!(other.is_err(), standardise || components.is_some());
        }
    }
}
