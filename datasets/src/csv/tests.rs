use proptest::prelude::*;

use super::*;

const LABELS: &[&str] = &["0", "1"];

fn message(bytes: &[u8]) -> String {
    parse(bytes, LABELS).unwrap_err().to_string()
}

#[test]
fn every_bad_table_is_an_error_with_its_place() {
    let utf16 = [0xff, 0xfe, b'l', 0, b',', 0];
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty", b"", "line 1: expected a header row, found the end of the file"),
        ("blank lines", b"\n\n", "line 3: expected a header row, found the end of the file"),
        ("BOM only", b"\xef\xbb\xbf", "line 1: expected a header row, found the end of the file"),
        (
            "header only",
            b"label,a\n",
            "line 2: expected at least one row after the header, found the end of the file",
        ),
        (
            "no feature",
            b"label\n1\n",
            "line 1: expected a label and 1 to 65535 features, found 1 columns",
        ),
        (
            "UTF-16",
            &utf16,
            "line 1: expected text in UTF-8, found a NUL byte (UTF-16 or a binary file?)",
        ),
        (
            "NUL",
            b"label,a\n1,2\n1,\0\n",
            "line 3: expected text in UTF-8, found a NUL byte (UTF-16 or a binary file?)",
        ),
        ("Latin-1", b"label,a\n1,\xb5\n", "line 2: expected text in UTF-8, found byte 0xb5"),
        (
            "unclosed quote",
            b"label,a\n1,\"2\n0,3\n",
            "line 2: expected a closing quote, found the end of the file",
        ),
        (
            "two unclosed quotes",
            b"label,a\n1,\"2\n0,3\"\n1,\"4\n",
            "line 4: expected a closing quote, found the end of the file",
        ),
        (
            "a quote within a field, and an unclosed one",
            b"label,a\n1,2\"\n0,\"3\n",
            "line 2: expected quotes around the whole field, and those inside of it doubled, found a quote within a field",
        ),
        ("short row", b"l,a,b\n1,2\n", "line 2: expected 3 fields as in the header, found 2"),
        ("long row", b"l,a\n1,2\n1,2,3\n", "line 3: expected 2 fields as in the header, found 3"),
        ("decimal comma", b"l,a\n1,1,5\n", "line 2: expected 2 fields as in the header, found 3"),
        (
            "decimal comma in quotes",
            b"l,a\n1,\"1,5\"\n",
            r#"line 2, column 2 ("a"): expected a finite number with a decimal point, as decimal commas are not read, found "1,5""#,
        ),
        (
            "blank",
            b"l,a,b\n1,2,\n",
            r#"line 2, column 3 ("b"): expected a finite number, found """#,
        ),
        (
            "label not an integer",
            b"l,a\n1.5,2\n",
            r#"line 2, column 1 ("l"): expected one of 0, 1, found "1.5""#,
        ),
        (
            "label of no class",
            b"l,a\n2,2\n",
            r#"line 2, column 1 ("l"): expected one of 0, 1, found "2""#,
        ),
        (
            "after blank lines and a two-line header",
            b"l,\"a\nb\"\r\n\r\n\r\n1,x\r\n",
            r#"line 5, column 2 ("a\nb"): expected a finite number, found "x""#,
        ),
        (
            "after a BOM",
            b"\xef\xbb\xbfl,a\n1,x\n",
            r#"line 2, column 2 ("a"): expected a finite number, found "x""#,
        ),
        (
            "old Mac line ends",
            b"l,a\r1,2\r1,x\r",
            r#"line 3, column 2 ("a"): expected a finite number, found "x""#,
        ),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(message(bytes), *expected, "{what}");
    }
}

#[test]
fn only_finite_decimal_numbers_are_numbers() {
    for field in [
        "nan", "NaN", "-nan", "inf", "-inf", "infinity", "1e400", "-1e400", "1e39", "0x1p3",
        "0x10", " 1", "1 ", "1_000", "1e", "e1", "--1", "1.2.3", "one", "-", "+", ".", "١",
    ] {
        let found = message(format!("l,a\n1,{field}\n").as_bytes());
        assert_eq!(
            found,
            format!(r#"line 2, column 2 ("a"): expected a finite number, found {field:?}"#)
        );
    }
    for (field, value) in
        [("1", 1.0), ("-2.5", -2.5), ("+3", 3.0), ("1e-3", 1e-3), ("4E2", 400.0), ("1e-400", 0.0)]
    {
        let table = parse(format!("l,a\n1,{field}\n").as_bytes(), LABELS).unwrap();
        assert_eq!(table.x, [value], "{field}");
    }
}

#[test]
fn line_ends_bom_and_missing_last_end_are_accepted() {
    let expected = Table { features: vec!["a".into()], x: vec![2.0, 3.0], labels: vec![1, 0] };
    for text in [
        "l,a\n1,2\n0,3\n",
        "l,a\n1,2\n0,3",
        "l,a\r\n1,2\r\n0,3\r\n",
        "l,a\r1,2\r0,3\r",
        "\u{feff}l,a\n1,2\n0,3\n",
        "\nl,a\n\n1,2\n\n\n0,3\n\n",
        "l,\"a\"\n\"1\",\"2\"\n0,3\n",
    ] {
        assert_eq!(parse(text.as_bytes(), LABELS).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn long_and_wide_tables_are_errors() {
    let wide = ["x"; 1_000_000].join(",");
    assert_eq!(
        message(wide.as_bytes()),
        "line 1: expected a row of at most 65536 fields, found 1000000"
    );
    assert_eq!(
        message(format!("l,a\n{wide}").as_bytes()),
        "line 2: expected a row of at most 65536 fields, found 1000000"
    );
    let long = [b"l,a\n1,".to_vec(), vec![b'9'; 10_000_000]].concat();
    assert_eq!(
        message(&long),
        r#"line 2, column 2 ("a"): expected a finite number, found "9999999999999999999999999999999999999999"… (10000000 bytes)"#
    );
    assert_eq!(
        message(&vec![b'9'; MAX_BYTES + 1]),
        "line 1: expected at most 67108864 bytes, found 67108865 bytes"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes, LABELS);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[l,a01\"\r\n.x-]{0,60}") {
        if let Ok(table) = parse(text.as_bytes(), LABELS) {
            prop_assert_eq!(table.x.len(), table.labels.len() * table.features.len());
            prop_assert!(table.x.iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn numbers_come_back(rows in prop::collection::vec((0_u32..2, -1e30_f32..1e30, any::<i16>()), 1..20)) {
        let mut text = String::from("l,a,b\n");
        rows.iter().for_each(|(label, a, b)| text += &format!("{label},{a},{b}\n"));
        let table = parse(text.as_bytes(), LABELS).unwrap();
        let x: Vec<f32> = rows.iter().flat_map(|&(_, a, b)| [a, f32::from(b)]).collect();
        prop_assert_eq!(table.x, x);
        prop_assert_eq!(table.labels, rows.iter().map(|row| row.0).collect::<Vec<_>>());
    }
}

#[test]
fn numbers_are_read_with_or_without_a_header() {
    let expected = (vec![1.0, -2.5, 3e2, 0.0], 2);
    assert_eq!(numbers(b"1,-2.5\n3e2,0\n").unwrap(), expected);
    assert_eq!(numbers(b"\xef\xbb\xbfa,b\r\n1, -2.5\r\n  \r\n3e2,0").unwrap(), expected);
    assert_eq!(numbers(b",b\n1,-2.5\n3e2,0\n").unwrap(), expected);
    assert_eq!(numbers(b"").unwrap(), (vec![], 0));
}

/// The first row that is not blank says it, for all others too; only one of them may stand there.
#[test]
fn separators_are_found() {
    let expected = (vec![1.0, -2.5, 3e2, 0.0], 2);
    for text in [
        "1;-2.5\n3e2;0\n",
        "1\t-2.5\n3e2\t0\n",
        "\u{feff}\r\n  \n\"a, b\"; c\r\n1; -2.5\r\n3e2;0",
        "\"a;\n\"\"b\"\tc\n\"1\"\t-2.5\n3e2\t0\n",
    ] {
        assert_eq!(numbers(text.as_bytes()).unwrap(), expected, "{text:?}");
        assert_eq!(in_parts(text.as_bytes(), 3), Ok(expected.clone()), "{text:?}");
    }
    let several = "expected one of `,`, `;` and a tab between fields (quotes around those that have others; \
                   decimal commas are not read), found";
    let decimal = "expected a finite number with a decimal point, as decimal commas are not read, found \"1,5\"";
    for (text, said) in [
        ("\n1,5;2,5\n", format!("line 2: {several} `,` and `;`")),
        ("a\tb;c,d", format!("line 1: {several} `,` and `;` and a tab")),
        ("a;b\n1;2\n1,5;2\n", format!("line 3, column 1: {decimal}")),
        ("a\tb\n3\t1,5\n", format!("line 2, column 2: {decimal}")),
        ("a;b\n1,2\n", "line 2: expected 2 numbers as in the lines before, found 1".into()),
        ("1\n1;2\n", "line 2, column 1: expected a finite number, found \"1;2\"".into()),
    ] {
        assert_eq!(numbers(text.as_bytes()).unwrap_err().to_string(), said);
        assert_eq!(in_parts(text.as_bytes(), 2), Err(said));
    }
    let column = |text: &str, separator| column(text.as_bytes(), separator, 9).map(|(_, n)| n);
    assert_eq!(column("a, b\nc\n", Some(Separator::Tab)), Ok(2));
    assert!(column("a;1\nb;2\n", None).is_err());
}

/// What is passed on of a text that is read so many bytes at a time, and the numbers of a row.
fn in_parts(text: &[u8], bytes: u64) -> Result<(Vec<f32>, usize), String> {
    let mut x = Vec::new();
    let width = for_each_part_of(
        bytes,
        text,
        &Layout::default(),
        |rows| -> Result<(), Box<dyn std::error::Error>> {
            x.append(&mut rows.x);
            Ok(())
        },
    );
    width.map(|width| (x, width)).map_err(|error| error.to_string())
}

proptest! {
    /// Wherever a text is cut, its rows are those of the whole.
    #[test]
    fn parts_are_the_whole(text in "(\u{feff})?(x[,;\t]y(\r\n|\n|\r))?([,;\t01\"\r\n.-]|\r\n|\"1\"){0,60}", bytes in 1_u64..9) {
        let (parts, whole) = (in_parts(text.as_bytes(), bytes), numbers(text.as_bytes()));
        prop_assert_eq!(parts.is_ok(), whole.is_ok(), "{:?} {:?}", parts, whole);
        if let Ok(parts) = parts {
            prop_assert_eq!(Ok(parts), whole);
        }
    }

    #[test]
    fn numbers_come_back_in_parts(rows in prop::collection::vec((any::<i16>(), -1e30_f32..1e30), 1..40), bytes in 1_u64..50) {
        let quoted = |(i, (a, b)): (usize, &(i16, f32))| match i % 3 {
            0 => format!("{a},{b:e}\n"),
            1 => format!("\"{a}\",{b:e}\r\n"),
            _ => format!("{a}, \"{b:e}\"\r").replace(", ", ","),
        };
        let text: String = rows.iter().enumerate().map(quoted).collect();
        let x: Vec<f32> = rows.iter().flat_map(|&(a, b)| [f32::from(a), b]).collect();
        prop_assert_eq!(in_parts(text.as_bytes(), bytes), Ok((x, 2)));
    }
}

/// A quoted line end is none of a row; a row without an end is one that is too long.
#[test]
fn rows_end_outside_of_quotes() {
    let end = |text: &str| end_of_rows(text.as_bytes(), None);
    assert_eq!([end("1,2\n3"), end("1,\"2\n3"), end("1,\"2\"\n3")], [4, 0, 6]);
    assert_eq!([end("1\r\n2\r"), end("1\r2\r"), end("a\"b\nc"), end("\"a\"\"\n")], [3, 2, 4, 0]);
    let error = in_parts(&vec![b'1'; MAX_BYTES + 1], 1 << 25).unwrap_err();
    assert_eq!(error, "line 1: expected a row of at most 67108864 bytes, found more");
    let error = in_parts("1\n\u{feff}2\n".as_bytes(), 2).unwrap_err();
    assert_eq!(error, "line 2: expected a finite number, found a byte order mark");
    let text = ["1,2\n".repeat(700), "1,x\n".into()].concat();
    let said = r#"line 701, column 2: expected a finite number, found "x""#;
    assert_eq!(in_parts(text.as_bytes(), 64).unwrap_err(), said);
}

/// Not even where the number of all quotes is even.
#[test]
fn quotes_are_closed_and_around_whole_fields() {
    let column = |text: &str| column(text.as_bytes(), None, 9).map_err(|error| error.to_string());
    let fields =
        |fields: &[&str]| Ok((fields.iter().map(ToString::to_string).collect(), fields.len()));
    let within = "line 3: expected quotes around the whole field, and those inside of it doubled, found a quote within a field";
    let unclosed = "line 4: expected a closing quote, found the end of the file";
    assert_eq!(column("a\nb\nx\"\n\"b\nc\n"), Err(within.into()));
    assert_eq!(column("\"a\nb\"\nc\n\"b\nc\n"), Err(unclosed.into()));
    assert_eq!(column("\"a \"\"b\"\"\"\n\"\"\"c\"\"\""), fields(&["a \"b\"", "\"c\""]));
    assert_eq!(column("\u{feff}\"a, b\"\nc\n"), fields(&["a, b", "c"]));
}

#[test]
fn broken_numbers_say_where() {
    for (bytes, said) in [
        (&b"1,2\n3\n"[..], "line 2: expected 2 numbers as in the lines before, found 1"),
        (b"a,b\n1,2\n3,x\n", r#"line 3, column 2: expected a finite number, found "x""#),
        (b"nan\n1\n2\n", r#"line 1, column 1: expected a finite number, found "nan""#),
        (b"nan,-inf\n1,2\n", r#"line 1, column 1: expected a finite number, found "nan""#),
        (b" , \n1,2\n", r#"line 1, column 1: expected a finite number, found " ""#),
        (b"1e400,0x1p3\n1,2\n", r#"line 1, column 1: expected a finite number, found "1e400""#),
        (b"1,nan\n", r#"line 1, column 2: expected a finite number, found "nan""#),
        (b"1,2\n1,inf\n", "line 2, column 2"),
        (b"1,2\n1,1e400\n", "line 2, column 2"),
        (b"1,2\n1,0x1p3\n", "line 2, column 2"),
        (b"1,2\n1,\n", "line 2, column 2"),
        (b"1,2\n1,\0\n", "line 2: expected text in UTF-8, found a NUL byte"),
        (b"1,2\n1,\"2\n", "line 2: expected a closing quote"),
        (b"1,\xb5\n", "line 1: expected text in UTF-8, found byte 0xb5"),
    ] {
        let message = numbers(bytes).unwrap_err().to_string();
        assert!(message.contains(said), "{message}, expected {said}");
        assert_eq!(in_parts(bytes, 1 << 10), Err(message));
    }
    let wide = ["1"; MAX_COLUMNS + 1].join(",");
    let message = numbers(wide.as_bytes()).unwrap_err().to_string();
    assert!(message.contains("a row of at most 65536 fields, found 65537"), "{message}");
    let message = column(wide.as_bytes(), None, 1).unwrap_err().to_string();
    assert!(message.contains("a row of at most 65536 fields, found 65537"), "{message}");
    let most = ["\"1,1\""; MAX_COLUMNS].join(",");
    assert_eq!(column(most.as_bytes(), None, 1).unwrap_err().found, "65536");
}

/// A column of labels is found by its number, or by its name in what is a header then, and is none of the numbers.
#[test]
fn a_column_can_have_labels() {
    let read = |text: &str, column: &str, bytes| -> Result<_, String> {
        let layout = Layout { labels: Some(column.parse()?), ..Layout::default() };
        let mut all = Rows::default();
        let width = for_each_part_of(bytes, text.as_bytes(), &layout, |rows| {
            all.x.append(&mut rows.x);
            all.labels.append(&mut rows.labels);
            Ok::<_, Box<dyn std::error::Error>>(())
        });
        width.map(|width| (all, width)).map_err(|error| error.to_string())
    };
    let x = vec![1.0, 2.0, 3.0, 4.0];
    let expected = (Rows { x, labels: vec!["cat".into(), "7".into()] }, 2);
    for (text, column) in [
        ("a;kind;b\n1;cat;2\n3; 7 ;4\n", "kind"),
        ("a,kind,b\n1,cat,2\n3,7,4\n", "2"),
        ("1,cat,2\n3,7,4\n", "2"),
        ("\u{feff} kind ,1,2\ncat,1,2\n7,3,4\n", "kind"),
        ("kind,1,b\ncat,1,2\n7,3,4\n", "kind"),
        ("1\t2\t\"cat\"\n3\t4\t7", "3"),
    ] {
        for bytes in [1, 5, 1000] {
            assert_eq!(read(text, column, bytes).as_ref(), Ok(&expected), "{text:?}");
        }
    }
    for (text, column, said) in [
        (
            "sort,species,b\ncat,1,2\n",
            "Speceis",
            r#"line 1: expected a header with one column "Speceis" of labels, found "sort", "species", "b" (did you mean "species"?)"#,
        ),
        (
            "1,2\n",
            "x",
            r#"line 1: expected a header with one column "x" of labels, found "1", "2""#,
        ),
        (
            "k,a,k\n",
            "k",
            r#"line 1: expected a header with one column "k" of labels, found columns 1 and 3"#,
        ),
        ("\n1,2\n", "3", "line 2: expected a column 3 of labels, found columns 1 to 2"),
        ("1,cat\n2, \n", "2", r#"line 2, column 2: expected a label, found " ""#),
        (",cat\n", "2", r#"line 1, column 1: expected a finite number, found """#),
        ("1,cat\n2\n", "2", "line 2: expected 2 fields as in the lines before, found 1"),
    ] {
        assert_eq!(read(text, column, 3), Err(said.into()));
    }
    assert!(read("1,2\n", "0", 3).is_err() && read("1,2\n", " ", 3).is_err());
}
