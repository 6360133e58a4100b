//! The header: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.

use std::io::{self, Read};

use super::{Element, Problem, fill, shape_text};

/// NumPy itself refuses headers above 10,000 bytes.
pub(super) const MAX_BYTES: usize = 10_000;

/// As many as NumPy 2 allows.
const MAX_DIMENSIONS: usize = 64;

const MAGIC: &[u8] = b"\x93NUMPY";

/// The shape, and the offset at which data begin.
pub(super) fn read<T: Element>(file: &mut impl Read) -> Result<(Vec<usize>, usize), Problem> {
    text(file)?.parse::<T>()
}

/// The same of `f32`, or of bytes, and whether it is bytes.
pub(super) fn read_rows(file: &mut impl Read) -> Result<(Vec<usize>, usize, bool), Problem> {
    let text = text(file)?;
    match text.parse::<f32>() {
        Ok((shape, offset)) => Ok((shape, offset, false)),
        // Another type: bytes, or an error that names f32.
        Err(problem @ Problem::Type { .. }) => {
            let (shape, offset) = text.parse::<u8>().map_err(|_| problem)?;
            Ok((shape, offset, true))
        }
        Err(problem) => Err(problem),
    }
}

/// The text of the header, and where it begins.
struct Text {
    text: Vec<u8>,
    begin: usize,
}

impl Text {
    fn parse<T: Element>(&self) -> Result<(Vec<usize>, usize), Problem> {
        let Self { text, begin } = self;
        let shape = Parser { text, at: 0, begin: *begin }.dictionary::<T>()?;
        Ok((shape, begin + text.len()))
    }
}

fn text(file: &mut impl Read) -> Result<Text, Problem> {
    let mut start = [0; 12];
    let found = fill(file, &mut start[..8])?;
    if !start[..found.min(6)].starts_with(&MAGIC[..found.min(6)]) || found == 0 {
        return Err(Problem::Magic(start[..found.min(6)].to_vec()));
    }
    // The length of the header takes two bytes in version 1, four since.
    let begin = match (start[6], start[7]) {
        _ if found < 8 => 8,
        (1, 0) => 10,
        (2 | 3, 0) => 12,
        (major, minor) => return Err(Problem::Version(major, minor)),
    };
    let found = found + fill(file, &mut start[found..begin])?;
    if found < begin {
        return Err(Problem::ShortHeader { expected: begin, found });
    }
    let length = u32::from_le_bytes([start[8], start[9], start[10], start[11]]);
    let bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if bytes > MAX_BYTES {
        return Err(Problem::LongHeader { found: length });
    }
    let mut text = vec![0; bytes];
    let found = fill(file, &mut text)?;
    if found < bytes {
        return Err(Problem::ShortHeader { expected: begin + bytes, found: begin + found });
    }
    Ok(Text { text, begin })
}

/// Magic, version, length and text, padded to a multiple of 64 bytes as NumPy does.
pub(super) fn format<T: Element>(shape: &[usize]) -> io::Result<Vec<u8>> {
    let shape = shape_text(shape);
    let descr = T::DESCR;
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let begin = MAGIC.len() + 4;
    while !(begin + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let length = u16::try_from(text.len()).map_err(|_| io::Error::other("shape too long"))?;
    Ok([MAGIC, &[1, 0], &length.to_le_bytes(), text.as_bytes()].concat())
}

/// Reads the one dictionary that NumPy writes, with its keys in any order.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    /// Offset of the text in the file.
    begin: usize,
}

impl<'a> Parser<'a> {
    fn dictionary<T: Element>(mut self) -> Result<Vec<usize>, Problem> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect("{")?;
        while !self.accept("}") {
            let key = self.string("a quoted key or }")?;
            self.expect(":")?;
            match key {
                b"descr" if descr.is_none() => descr = Some(self.descr::<T>()?),
                b"fortran_order" if fortran.is_none() => fortran = Some(self.boolean()?),
                b"shape" if shape.is_none() => shape = Some(self.shape()?),
                _ => {
                    let found = format!("`{}`", String::from_utf8_lossy(key));
                    return Err(
                        self.header("each of the keys descr, fortran_order, shape once", found)
                    );
                }
            }
            if !self.accept(",") {
                self.expect("}")?;
                break;
            }
        }
        self.space();
        if self.at < self.text.len() {
            return Err(self.wrong("only spaces after }"));
        }
        let missing = |key: &str| self.header(&format!("the key {key}"), "none".into());
        let descr = descr.ok_or_else(|| missing("descr"))?;
        let fortran = fortran.ok_or_else(|| missing("fortran_order"))?;
        let shape = shape.ok_or_else(|| missing("shape"))?;
        if descr != format!("'{}'", T::DESCR) {
            return Err(wrong_type::<T>(descr));
        }
        // With at most one dimension above 1, both orders are the same.
        if fortran && shape.iter().filter(|&&size| size != 1).count() > 1 {
            return Err(Problem::FortranOrder);
        }
        Ok(shape)
    }

    /// The type as written: a quoted name, or the list of a structured type.
    fn descr<T: Element>(&mut self) -> Result<String, Problem> {
        self.space();
        if self.text.get(self.at) == Some(&b'[') {
            // Not read further: whatever it is, it is no plain number.
            return Err(wrong_type::<T>("a structured type".into()));
        }
        let name = self.string("a quoted type")?;
        Ok(format!("'{}'", String::from_utf8_lossy(name)))
    }

    fn boolean(&mut self) -> Result<bool, Problem> {
        match (self.accept("True"), self.accept("False")) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(self.wrong("True or False")),
        }
    }

    fn shape(&mut self) -> Result<Vec<usize>, Problem> {
        self.expect("(")?;
        let mut shape = Vec::new();
        while !self.accept(")") {
            if shape.len() == MAX_DIMENSIONS {
                return Err(self.wrong("at most 64 dimensions"));
            }
            shape.push(self.number()?);
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(shape)
    }

    fn number(&mut self) -> Result<usize, Problem> {
        self.space();
        let rest = &self.text[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&rest[..digits]).unwrap_or_default();
        match text.parse() {
            Ok(number) => {
                self.at += digits;
                // Python 2 wrote long integers with an L.
                self.accept("L");
                Ok(number)
            }
            Err(_) if digits > 0 => Err(Problem::Overflow(format!("with a size of {text}"))),
            Err(_) => Err(self.wrong("a size (a whole number, not negative)")),
        }
    }

    fn string(&mut self, expected: &str) -> Result<&'a [u8], Problem> {
        self.space();
        let rest = &self.text[self.at..];
        let (Some(quote @ (b'\'' | b'"')), inner) =
            (rest.first(), rest.get(1..).unwrap_or_default())
        else {
            return Err(self.wrong(expected));
        };
        match inner.iter().position(|byte| byte == quote) {
            Some(length) => {
                self.at += length + 2;
                Ok(&inner[..length])
            }
            None => Err(self.wrong("a closing quote")),
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), Problem> {
        if self.accept(token) { Ok(()) } else { Err(self.wrong(token)) }
    }

    fn accept(&mut self, token: &str) -> bool {
        self.space();
        let found = self.text[self.at..].starts_with(token.as_bytes());
        if found {
            self.at += token.len();
        }
        found
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    /// An error about what stands at this place.
    fn wrong(&self, expected: &str) -> Problem {
        let rest = &self.text[self.at..];
        let found = match rest {
            [] => "its end".into(),
            _ => format!("`{}`", rest[..rest.len().min(16)].escape_ascii()),
        };
        self.header(expected, found)
    }

    fn header(&self, expected: &str, found: String) -> Problem {
        Problem::Header { offset: self.begin + self.at, expected: expected.into(), found }
    }
}

fn wrong_type<T: Element>(found: String) -> Problem {
    let object = found.contains('O');
    let hint = if object { "arrays of Python objects are never read" } else { T::CONVERT };
    Problem::Type { expected: T::NAME, descr: T::DESCR, found, hint }
}
