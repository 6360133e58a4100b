//! Rows from views of `ndarray`, without a copy.

use ndarray::ArrayView2;

use super::{Rows, Samples};
use crate::TrainError;

/// `[rows, width]`, all rows one after the other. A model takes as many values for a row as it has inputs: [`Samples`] keep
/// the width of the view and are checked for it.
///
/// ```
/// use halfwave_trainer::samples::Rows;
/// let x = ndarray::array![[1.0, 2.0], [3.0, 4.0]];
/// assert!(matches!(Rows::try_from(x.view())?, Rows::Values([1.0, 2.0, 3.0, 4.0])));
/// let turned = x.t();
/// assert!(Rows::try_from(turned).is_err());
/// assert!(matches!(
///     Rows::try_from(turned.as_standard_layout().view())?,
///     Rows::Values([1.0, 3.0, 2.0, 4.0])
/// ));
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
///
/// # Errors
/// [`TrainError::Layout`] if the memory is in another order or has gaps.
impl<'a> TryFrom<ArrayView2<'a, f32>> for Rows<'a> {
    type Error = TrainError;

    fn try_from(x: ArrayView2<'a, f32>) -> Result<Self, TrainError> {
        x.to_slice().map(Self::Values).ok_or_else(|| {
            let (shape, strides) = (x.shape(), x.strides());
            // A view in two dimensions has two of each.
            TrainError::Layout { shape: [shape[0], shape[1]], strides: [strides[0], strides[1]] }
        })
    }
}

/// Rows `[rows, width]` as above, and the class of each.
///
/// ```
/// use halfwave_trainer::samples::Samples;
/// let x = ndarray::array![[1.0, 2.0], [3.0, 4.0]];
/// let samples = Samples::try_from((x.view(), &[0, 1][..]))?;
/// assert_eq!((samples.width, samples.labels), (2, &[0, 1][..]));
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
///
/// # Errors
/// [`TrainError::Layout`] if the memory is in another order or has gaps.
impl<'a> TryFrom<(ArrayView2<'a, f32>, &'a [u32])> for Samples<'a> {
    type Error = TrainError;

    fn try_from((x, labels): (ArrayView2<'a, f32>, &'a [u32])) -> Result<Self, TrainError> {
        Ok(Self { rows: x.try_into()?, width: x.ncols(), labels })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, Slice};

    use super::*;

    fn counted() -> Array2<f32> {
        Array2::from_shape_fn((4, 3), |(i, j)| (10 * i + j) as f32)
    }

    #[test]
    fn whole_rows_are_taken_as_they_stand() {
        let x = counted();
        let some = x.slice_axis(Axis(0), Slice::from(1..3));
        let rows = Rows::try_from(some).unwrap();
        assert_eq!((rows.count(3), rows.check(3)), (2, Ok(2)));
        let mut gathered = [f32::NAN; 3];
        rows.gather(3, &[1], &mut gathered);
        assert_eq!(gathered, [20.0, 21.0, 22.0]);
        // Without a copy.
        let Rows::Values(values) = rows else { panic!("values") };
        assert!(std::ptr::eq(&raw const values[0], some.as_ptr()));
    }

    #[test]
    fn other_orders_and_gaps_are_errors() {
        let x = counted();
        let some = |axis, slice| x.slice_axis(Axis(axis), slice);
        let (every_second, backwards) = (Slice::new(0, None, 2), Slice::new(0, None, -1));
        for view in [x.t(), some(1, Slice::from(1..)), some(0, every_second), some(0, backwards)] {
            let error = Rows::try_from(view).unwrap_err();
            let shape: [usize; 2] = view.dim().into();
            assert!(matches!(error, TrainError::Layout { shape: found, .. } if found == shape));
            assert!(error.to_string().contains("as_standard_layout"), "{error}");
            let copy = view.as_standard_layout();
            let Ok(Rows::Values(values)) = Rows::try_from(copy.view()) else { panic!("{error}") };
            assert!(values.iter().eq(view.iter()));
        }
    }

    /// A width that is not the model's, and too few labels, are found out.
    #[test]
    fn samples_keep_the_width_of_the_view() {
        let x = counted();
        let labels = [0, 1, 1, 0];
        let samples = Samples::try_from((x.view(), &labels[..])).unwrap();
        assert_eq!(samples.check(3, 2), Ok(()));
        assert!(matches!(
            samples.check(6, 2),
            Err(TrainError::Shape { expected: 6, found: 3, .. })
        ));
        let samples = Samples::try_from((x.view(), &labels[..3])).unwrap();
        assert!(matches!(samples.check(3, 2), Err(TrainError::Shape { name: "labels", .. })));
        assert!(Samples::try_from((x.t(), &labels[..3])).is_err());
    }
}
