//! Names that a user mistypes: the nearest right one is offered.

use std::fmt;

/// A name that is in no table, with the one that was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// What was to be named, e.g. `experiment`.
    pub what: &'static str,
    /// What the user wrote.
    pub name: String,
    /// The known name that is most like it, if any is.
    pub nearest: Option<String>,
    /// All known names.
    pub known: Vec<String>,
}

impl UnknownName {
    /// Looks for the nearest of the `known` names.
    pub fn new<S: AsRef<str>>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = S>,
    ) -> Self {
        let known: Vec<String> = known.into_iter().map(|known| known.as_ref().into()).collect();
        let nearest = nearest(name, &known).map(Into::into);
        Self { what, name: name.into(), nearest, known }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.what, self.name)?;
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean `{nearest}`?")?;
        }
        write!(f, " (known: {})", self.known.join(", "))
    }
}

impl std::error::Error for UnknownName {}

/// The known name that is most like `name`, or most like its last part after a dot.
///
/// ```
/// use halfwave_trainer::names::nearest;
/// assert_eq!(nearest("sofplus", &["relu", "softplus"]), Some("softplus"));
/// assert_eq!(nearest("batch", &["rbm.batch", "folds"]), Some("rbm.batch"));
/// assert_eq!(nearest("xyz", &["relu", "softplus"]), None);
/// ```
pub fn nearest<'a, S: AsRef<str>>(name: &str, known: &'a [S]) -> Option<&'a str> {
    /// Below this, a name is not like another.
    const LIKE: f64 = 0.75;
    let name = name.to_lowercase();
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness = |known: &str| {
        let whole = strsim::jaro_winkler(known, &name);
        // A little less, so that a whole name wins over a part of another.
        whole.max(strsim::jaro_winkler(&last(known), &last(&name)) - 0.01)
    };
    known
        .iter()
        .map(|known| (likeness(known.as_ref()), known.as_ref()))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}
