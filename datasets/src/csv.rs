//! Tables of numbers with a label in front, or of numbers alone: bytes → features and labels.
//!
//! RFC 4180; a UTF-8 byte order mark, blank lines and any of the three line ends are accepted. Everything
//! else is strict: as many fields in each row as in the first, finite decimal numbers, quotes that are closed and
//! stand around a whole field; with labels, a header, known labels and no blanks.

mod column;
mod separator;

use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder};

pub use column::Column;
pub use separator::Separator;
use separator::{BOM, Place, places};

/// Longest table accepted, in bytes.
pub const MAX_BYTES: usize = 1 << 26;
/// Most columns accepted: more are an error before a row is split.
pub const MAX_COLUMNS: usize = 1 << 16;

/// A parsed table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of the feature columns.
    pub features: Vec<String>,
    /// Features `[rows, features.len()]`, row-major.
    pub x: Vec<f32>,
    /// Label of each row: its place in the list of labels that [`parse`] was given.
    pub labels: Vec<u32>,
}

/// What is wrong with a table, and where: lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: expected {expected}, found {found}", in_column(*column, name))]
pub struct CsvError {
    /// Line of the first character of the row.
    pub line: usize,
    /// Column, where one is to blame.
    pub column: Option<usize>,
    /// Header of that column, or empty.
    pub name: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

fn in_column(column: Option<usize>, name: &str) -> String {
    let name = if name.is_empty() { String::new() } else { format!(" ({name:?})") };
    column.map(|column| format!(", column {column}{name}")).unwrap_or_default()
}

/// Parses a table whose first column is a label out of `labels` and whose others are features.
///
/// # Errors
/// [`CsvError`] with line and column for the first thing that is not as described above.
///
/// ```
/// use halfwave_datasets::csv;
/// let table = csv::parse(b"kind,a,b\nyes,1,2.5\nno,-1,3e2\n", &["no", "yes"])?;
/// assert_eq!(table.features, ["a", "b"]);
/// assert_eq!(table.x, [1.0, 2.5, -1.0, 300.0]);
/// assert_eq!(table.labels, [1, 0]);
/// let error = csv::parse(b"kind,a\nyes,1x\n", &["no", "yes"]).unwrap_err();
/// assert_eq!(error.to_string(), r#"line 2, column 2 ("a"): expected a finite number, found "1x""#);
/// # Ok::<(), csv::CsvError>(())
/// ```
pub fn parse(bytes: &[u8], labels: &[&str]) -> Result<Table, CsvError> {
    if bytes.len() > MAX_BYTES {
        let expected = format!("at most {MAX_BYTES} bytes");
        return Err(whole_line(1, expected, format!("{} bytes", bytes.len())));
    }
    let mut header: Vec<String> = Vec::new();
    let mut table = Table { features: Vec::new(), x: Vec::new(), labels: Vec::new() };
    for_each_record(bytes, Some(Separator::Comma), |record, line| {
        if header.is_empty() {
            header = read_header(record, line())?;
            return Ok(());
        }
        if record.len() != header.len() {
            let expected = format!("{} fields as in the header", header.len());
            return Err(whole_line(line(), expected, record.len()));
        }
        let at = |column: usize, expected: String, found: String| CsvError {
            line: line(),
            column: Some(column + 1),
            name: header.get(column).cloned().unwrap_or_default(),
            expected,
            found,
        };
        for (column, field) in record.iter().enumerate() {
            let text = String::from_utf8_lossy(field);
            if column == 0 {
                let label = labels.iter().position(|&label| label == text);
                let label = label.and_then(|label| u32::try_from(label).ok()).ok_or_else(|| {
                    at(column, format!("one of {}", labels.join(", ")), quoted(&text))
                })?;
                table.labels.push(label);
            } else {
                let value = number(&text)
                    .ok_or_else(|| at(column, expected_number(&text).into(), quoted(&text)))?;
                table.x.push(value);
            }
        }
        Ok(())
    })?;
    let missing =
        if header.is_empty() { "a header row" } else { "at least one row after the header" };
    if table.labels.is_empty() {
        return Err(whole_line(line_of(bytes, bytes.len()), missing, "the end of the file"));
    }
    table.features = header.split_off(1);
    Ok(table)
}

/// Parses rows of numbers without labels; returns them, row-major, and how many a row has. A first row of names is a
/// header: not all are blank, and none can be read as a number, be it not finite. Numbers may have blanks around them.
/// What separates them is found in the first row ([`Separator::of`]). No rows are no error.
///
/// # Errors
/// [`CsvError`] with line and column for the first thing that is not so.
///
/// ```
/// use halfwave_datasets::csv;
/// assert_eq!(csv::numbers(b"a,b\n1,2.5\n-1, 3e2\n")?, (vec![1.0, 2.5, -1.0, 300.0], 2));
/// let error = csv::numbers(b"1,2\n3,x\n").unwrap_err();
/// assert_eq!(error.to_string(), r#"line 2, column 2: expected a finite number, found "x""#);
/// # Ok::<(), csv::CsvError>(())
/// ```
pub fn numbers(bytes: &[u8]) -> Result<(Vec<f32>, usize), CsvError> {
    let (layout, mut rows) = (Layout::default(), Rows::default());
    let mut form = Form::of(&layout);
    more_rows(bytes, &mut form, &mut rows)?;
    Ok((rows.x, form.width()))
}

/// What is known of a table before it is read.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// What stands between fields; else that of the first row.
    pub separator: Option<Separator>,
    /// The column of labels; else all are numbers.
    pub labels: Option<Column>,
}

/// Some rows of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Their numbers, row-major.
    pub x: Vec<f32>,
    /// The label of each, without the blanks around it, where there is a column of them.
    pub labels: Vec<String>,
}

/// Passes on rows of numbers as [`numbers`] has them while they are read, in parts of whole rows; returns how many numbers a
/// row has.
///
/// One column can be that of labels, which are any text. It is found by its number from 1, or by its name in the first row, which is a
/// header then.
///
/// # Errors
/// As [`numbers`], and for rows of more than [`MAX_BYTES`]; those of the reader and of `take`.
///
/// ```
/// use halfwave_datasets::csv;
/// let mut sum = 0.0;
/// let layout = csv::Layout { labels: Some("kind".parse()?), ..Default::default() };
/// let text = &b"a,kind,b\n1,cat,2.5\n-1,dog,3e2\n"[..];
/// let width = csv::for_each_part(text, &layout, |rows| -> Result<(), Box<dyn std::error::Error>> {
///     assert_eq!(rows.labels, ["cat", "dog"]);
///     sum += rows.x.iter().sum::<f32>();
///     Ok(())
/// })?;
/// assert_eq!((width, sum), (2, 302.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn for_each_part<E: From<io::Error> + From<CsvError>>(
    reader: impl Read,
    layout: &Layout,
    take: impl FnMut(&mut Rows) -> Result<(), E>,
) -> Result<usize, E> {
    for_each_part_of(1 << 20, reader, layout, take)
}

/// The same of parts that are read `bytes` at a time. Public for `fuzz/`.
#[doc(hidden)]
pub fn for_each_part_of<E: From<io::Error> + From<CsvError>>(
    bytes: u64,
    mut reader: impl Read,
    layout: &Layout,
    mut take: impl FnMut(&mut Rows) -> Result<(), E>,
) -> Result<usize, E> {
    let (mut text, mut rows) = (Vec::new(), Rows::default());
    let (mut form, mut lines) = (Form::of(layout), 0);
    loop {
        let read = reader.by_ref().take(bytes).read_to_end(&mut text)?;
        let end = if read == 0 { text.len() } else { end_of_rows(&text, form.separator) };
        if end > 0 {
            rows.x.clear();
            rows.labels.clear();
            // The reader would pass over it at the start of any part.
            if form.fields > 0 && text.starts_with(BOM) {
                let found = "a byte order mark";
                return Err(whole_line(1 + lines, "a finite number", found).into());
            }
            let later = |error: CsvError| CsvError { line: error.line + lines, ..error };
            more_rows(&text[..end], &mut form, &mut rows).map_err(later)?;
            take(&mut rows)?;
            lines += ends_of_lines(&text[..end]);
            text.drain(..end);
        }
        if read == 0 {
            return Ok(form.width());
        }
        if text.len() > MAX_BYTES {
            let expected = format!("a row of at most {MAX_BYTES} bytes");
            return Err(whole_line(1 + lines, expected, "more").into());
        }
    }
}

/// After the last row that ends; 0 if none does.
fn end_of_rows(text: &[u8], separator: Option<Separator>) -> usize {
    let mut end = 0;
    for (at, byte, _, place) in places(text, separator) {
        // What follows a \r at the end of the text is not known yet.
        let ends =
            byte == b'\n' || (byte == b'\r' && text.get(at + 1).is_some_and(|&next| next != b'\n'));
        if ends && place == Place::Start {
            end = at + 1;
        }
    }
    end
}

/// What the first row says of all.
struct Form<'a> {
    layout: &'a Layout,
    separator: Option<Separator>,
    /// Of a row; 0 where there was none.
    fields: usize,
    /// The place of the column of labels.
    labels: Option<usize>,
}

impl<'a> Form<'a> {
    /// Of a table without a row.
    fn of(layout: &'a Layout) -> Self {
        Self { layout, separator: layout.separator, fields: 0, labels: None }
    }

    /// Numbers of a row.
    fn width(&self) -> usize {
        self.fields - usize::from(self.labels.is_some())
    }

    /// Takes note of the first row; returns whether it is a header.
    fn begin(&mut self, record: &ByteRecord, line: usize) -> Result<bool, CsvError> {
        let place = self.layout.labels.as_ref().map(|column| column.place(record));
        self.labels =
            place.transpose().map_err(|(expected, found)| whole_line(line, expected, found))?;
        self.fields = record.len();
        Ok(matches!(self.layout.labels, Some(Column::Name(_))) || is_header(record, self.labels))
    }
}

/// Appends more rows, of which the first says what `form` does not yet know.
fn more_rows(bytes: &[u8], form: &mut Form<'_>, rows: &mut Rows) -> Result<(), CsvError> {
    let separator = for_each_record(bytes, form.separator, |record, line| {
        if is_blank(record) {
            return Ok(());
        }
        if form.fields == 0 && form.begin(record, line())? {
            return Ok(());
        }
        if record.len() != form.fields {
            let what = if form.labels.is_some() { "fields" } else { "numbers" };
            let expected = format!("{} {what} as in the lines before", form.fields);
            return Err(whole_line(line(), expected, record.len()));
        }
        for (column, field) in record.iter().enumerate() {
            let text = String::from_utf8_lossy(field);
            let value = text.trim();
            let expected = if form.labels == Some(column) {
                if !value.is_empty() {
                    rows.labels.push(value.to_owned());
                    continue;
                }
                "a label"
            } else if let Some(value) = number(value) {
                rows.x.push(value);
                continue;
            } else {
                expected_number(&text)
            };
            let error = whole_line(line(), expected, quoted(&text));
            return Err(CsvError { column: Some(column + 1), ..error });
        }
        Ok(())
    })?;
    // A text of blank lines says nothing.
    if form.fields > 0 {
        form.separator = Some(separator);
    }
    Ok(())
}

/// Parses one field a line, of any text, without the blanks around it; returns the first `most` of them, and how many
/// there are: a field of one byte takes forty. Without a separator, which no line may have, it is that of the first row. No
/// lines are no error.
///
/// # Errors
/// [`CsvError`] for a line of several fields, or of blanks.
///
/// ```
/// use halfwave_datasets::csv;
/// let (fields, count) = csv::column(b"kind\ncat\n\"a, b\"\ndog\n", None, 3)?;
/// assert_eq!((fields, count), (vec!["kind".into(), "cat".into(), "a, b".into()], 4));
/// assert_eq!(csv::column(b"1\n2,3\n", None, 2).unwrap_err().to_string(), "line 2: expected one field, found 2");
/// # Ok::<(), csv::CsvError>(())
/// ```
pub fn column(
    bytes: &[u8],
    separator: Option<Separator>,
    most: usize,
) -> Result<(Vec<String>, usize), CsvError> {
    let (mut fields, mut count) = (Vec::new(), 0);
    for_each_record(bytes, separator, |record, line| {
        if record.len() != 1 {
            return Err(whole_line(line(), "one field", record.len()));
        }
        let text = String::from_utf8_lossy(&record[0]);
        let text = text.trim();
        if text.is_empty() {
            return Err(whole_line(line(), "one field", "a blank"));
        }
        if count < most {
            fields.push(text.to_owned());
        }
        count += 1;
        Ok(())
    })?;
    Ok((fields, count))
}

/// The line in which a row begins, one from 0 on of so many, which are the last ones of a table; none where there are fewer.
///
/// ```
/// use halfwave_datasets::csv;
/// assert_eq!(csv::line_of_row(b"a;b\n\n1;2\n3;4\n", None, [1, 2]), Some(4));
/// assert_eq!(csv::line_of_row(b"1\n", None, [0, 2]), None);
/// ```
#[must_use]
pub fn line_of_row(
    bytes: &[u8],
    separator: Option<Separator>,
    [row, rows]: [usize; 2],
) -> Option<usize> {
    // Twice, as what says the line of each would take the square of the time.
    let mut count = 0_usize;
    let each = |f: &mut dyn FnMut(&dyn Fn() -> usize)| {
        for_each_record(bytes, separator, |record, line| {
            if !is_blank(record) {
                f(line);
            }
            Ok(())
        })
    };
    each(&mut |_| count += 1).ok()?;
    let (mut at, mut found) = (count.checked_sub(rows)?.checked_add(row)?, None);
    each(&mut |line| {
        if at == 0 {
            found = Some(line());
        }
        at = at.wrapping_sub(1);
    })
    .ok()?;
    found
}

/// Calls `f` with each record, and with what says in which line it starts; returns the separator, which is that of the first
/// row if none is given.
pub(crate) fn for_each_record(
    bytes: &[u8],
    separator: Option<Separator>,
    mut f: impl FnMut(&ByteRecord, &dyn Fn() -> usize) -> Result<(), CsvError>,
) -> Result<Separator, CsvError> {
    check_text(bytes)?;
    let separator = separator.map_or_else(|| Separator::of(bytes), Ok)?;
    check_rows(bytes, separator)?;
    let mut builder = ReaderBuilder::new();
    builder.delimiter(separator.byte()).has_headers(false).flexible(true);
    let mut reader = builder.from_reader(bytes);
    let mut record = ByteRecord::new();
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let line = || line_of(bytes, start);
        // Cannot fail: the bytes are in memory, and lengths and UTF-8 are not the reader's to check.
        let more = reader
            .read_byte_record(&mut record)
            .map_err(|error| whole_line(line(), "a row", error))?;
        if !more {
            return Ok(separator);
        }
        f(&record, &line)?;
    }
}

/// Finds other encodings and binary files, which the reader would read over.
fn check_text(bytes: &[u8]) -> Result<(), CsvError> {
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        let found = "a NUL byte (UTF-16 or a binary file?)";
        return Err(whole_line(line_of(bytes, at), "text in UTF-8", found));
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        let found = format!("byte 0x{:02x}", bytes[at]);
        return Err(whole_line(line_of(bytes, at), "text in UTF-8", found));
    }
    Ok(())
}

/// Finds quotes that are none, which the reader would read over, and rows of so many fields that the reader, which splits all
/// of a row, would take many times the memory of the text.
fn check_rows(bytes: &[u8], separator: Separator) -> Result<(), CsvError> {
    let check_row = |start: usize, fields: usize| {
        if fields <= MAX_COLUMNS {
            return Ok(());
        }
        let expected = format!("a row of at most {MAX_COLUMNS} fields");
        Err(whole_line(line_of(bytes, start), expected, fields))
    };
    let (mut last, mut opened) = (Place::Start, 0);
    let (mut row, mut fields) = (0, 1);
    for (at, byte, before, place) in places(bytes, Some(separator)) {
        match (before, place) {
            (Place::Field, _) if byte == b'"' => {
                let expected = "quotes around the whole field, and those inside of it doubled";
                return Err(whole_line(line_of(bytes, at), expected, "a quote within a field"));
            }
            (Place::Start, Place::Quoted) => opened = at,
            (_, Place::Start) if byte == separator.byte() => fields += 1,
            (_, Place::Start) => {
                check_row(row, fields)?;
                (row, fields) = (at + 1, 1);
            }
            _ => {}
        }
        last = place;
    }
    check_row(row, fields)?;
    if last == Place::Quoted {
        return Err(whole_line(line_of(bytes, opened), "a closing quote", "the end of the file"));
    }
    Ok(())
}

fn read_header(record: &ByteRecord, line: usize) -> Result<Vec<String>, CsvError> {
    if record.len() < 2 {
        let expected = format!("a label and 1 to {} features", MAX_COLUMNS - 1);
        return Err(whole_line(line, expected, format!("{} columns", record.len())));
    }
    Ok(record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
}

/// Whether a line has nothing but blanks.
fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && record[0].trim_ascii().is_empty()
}

/// Whether a first row holds names. NaN or 1e400 is none: a row of such is not to be lost in silence. Some may be blank,
/// as pandas leaves that of the index. What stands in the column of labels, whose place this is, says nothing.
fn is_header(record: &ByteRecord, labels: Option<usize>) -> bool {
    let fields: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
    let numbers = fields.iter().enumerate().filter(|&(column, _)| Some(column) != labels);
    let mut names =
        numbers.map(|(_, field)| field.trim()).filter(|name| !name.is_empty()).peekable();
    names.peek().is_some() && !names.any(|name| name.parse::<f64>().is_ok())
}

/// A finite decimal number. `parse` alone would take "nan" and "inf", and round 1e400 to infinity.
fn number(text: &str) -> Option<f32> {
    text.parse().ok().filter(|value: &f32| value.is_finite())
}

/// What should be in place of this text.
fn expected_number(text: &str) -> &'static str {
    if text.contains(',') && number(text.trim().replacen(',', ".", 1).as_str()).is_some() {
        "a finite number with a decimal point, as decimal commas are not read"
    } else {
        "a finite number"
    }
}

pub(crate) fn whole_line(
    line: usize,
    expected: impl Into<String>,
    found: impl ToString,
) -> CsvError {
    let (expected, found) = (expected.into(), found.to_string());
    CsvError { line, column: None, name: String::new(), expected, found }
}

/// The field for a message: short, and with control characters visible.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
    }
}

/// The line in which the row at or after `offset` starts; ends of line are \n, \r\n or \r.
fn line_of(bytes: &[u8], offset: usize) -> usize {
    let offset = offset.min(bytes.len());
    // The reader skips blank lines when it reads on, so the row starts after them.
    let blank = bytes[offset..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
    1 + ends_of_lines(&bytes[..offset + blank])
}

fn ends_of_lines(text: &[u8]) -> usize {
    let ends = text.iter().enumerate().filter(|&(at, &byte)| {
        byte == b'\n' || (byte == b'\r' && text.get(at + 1) != Some(&b'\n'))
    });
    ends.count()
}

#[cfg(test)]
mod tests;
