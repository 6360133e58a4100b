//! The sentence polarity dataset, version 1.0: snippets of film reviews, one a line.
//!
//! ```text
//! rt-polarity.neg      5331 sentences as published
//! rt-polarity.pos      5331 sentences as published
//! ```
//!
//! The bytes are those of Windows-1252. They are read as Latin-1, which differs from it in 0x80 to 0x9f: punctuation
//! only, as far as the files use it, and no part of a term either way.
//!
//! Pang, Lee: Seeing stars. ACL 2005.

use super::Texts;
use super::lines::{TextError, lines, read};
use crate::error::Error;
use crate::locate::Locator;
use crate::registry;

/// The sentences: the negative ones, then the positive ones.
///
/// # Errors
/// [`Error::Missing`] if no folder has both files, [`Error::Text`] for files that break their format, and those of
/// reading a file.
pub fn load(locator: &Locator) -> Result<Texts, Error> {
    let paths = locator.find(registry::find("rt-polarity")?)?;
    let mut texts = Texts::default();
    for (label, path) in (0..).zip(&paths) {
        let sentences = read(path, parse)?;
        texts.labels.extend(sentences.iter().map(|_| label));
        texts.texts.extend(sentences);
    }
    Ok(texts)
}

/// The sentences of a file.
///
/// # Errors
/// [`TextError`] for control characters, an empty line, and a file without sentences.
///
/// ```
/// use halfwave_datasets::text::polarity::parse;
/// assert_eq!(parse(b"a fine film .\nclich\xe9\n")?, ["a fine film .", "clich\u{e9}"]);
/// let error = parse(b"fine\n\nfilm\n").unwrap_err();
/// assert_eq!(error.to_string(), r#"line 2: expected a sentence, found """#);
/// # Ok::<(), halfwave_datasets::text::TextError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Vec<String>, TextError> {
    let control = |byte: &u8| byte.is_ascii_control() && !b"\t\r\n".contains(byte);
    if let Some(offset) = bytes.iter().position(control) {
        let expected = "text in Windows-1252";
        return Err(TextError::NotText { offset, expected, found: bytes[offset] });
    }
    let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    let mut sentences = Vec::new();
    for (line, sentence) in lines(&text) {
        if sentence.trim().is_empty() {
            return Err(TextError::line(line, "a sentence", sentence));
        }
        sentences.push(sentence.trim().to_owned());
    }
    if sentences.is_empty() {
        return Err(TextError::end(1, "at least one sentence"));
    }
    Ok(sentences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_file_is_an_error_with_its_place() {
        for (bytes, expected) in [
            (&b""[..], "line 1: expected at least one sentence, found the end of the file"),
            (b"\n", r#"line 1: expected a sentence, found """#),
            (b"fine\n \n", r#"line 2: expected a sentence, found " ""#),
            (b"fi\0ne\n", "at byte 2: expected text in Windows-1252, found byte 0x00"),
            (b"fine\x1a", "at byte 4: expected text in Windows-1252, found byte 0x1a"),
        ] {
            assert_eq!(parse(bytes).unwrap_err().to_string(), expected);
        }
    }
}
