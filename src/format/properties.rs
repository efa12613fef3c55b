//! What holds for every format: nothing panics, nothing is quadratic, and how much is read at a time makes no difference.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::sync::Arc;

use proptest::prelude::*;

use super::Value;
use super::csv::CsvFramer;
use super::decode::{Pieces, blank};
use super::frame::{Batch, Batches, Cut, Flavour, Framer, Layout, Selection, Shape, SpanKind, Wanted};
use super::fuzzing::{FRAMERS, found, framer, read, records};
use super::sql::SqlFramer;
use super::{Header, csv, sniff, sql};

/// Bytes that mean something to one of the formats, far more often than chance would have it.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => prop::sample::select(vec![
            "\"", "'", "\\", "\n", "\r\n", ",", ";", "(", ")", "{", "}", "[", "]", ":", "\t", "`", " ", "$$", "--", "/*", "*/",
            "#", "<", ">", "</", "/>", "<row>", "</row>", "<field name=\"a\">", "</field>", "&amp;", "&#x41;", "<![CDATA[",
            "]]>", "<!--", "-->", "INSERT INTO t VALUES ", "INSERT INTO users (a, b) VALUES ", "COPY t (a, b) FROM stdin;\n",
            "\\.\n", "CREATE TABLE t (a int, b text);\n", "E'", "NULL", "DEFAULT", "::text", "0x41", "dn: x\n", "mail:: YQ==\n",
            "\n ", "\n\n", "\"users\":[", "\"db\":[", "true", "1", "\\u00e9", "\\ud800", "é", "DELIMITER ;;\n", "GO\n", "USE ",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
        1 => "[a-z0-9@.]{1,8}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_panics(data in noise(), n in 0..FRAMERS) {
        read(framer(n), &data);
        let _ = sniff::sniff(&data, true);
        let _ = sniff::sniff(&data, false);
    }

    /// CSV with stray quotes is left out: how far a quote may look depends on what is there.
    #[test]
    fn pieces_make_no_difference(data in noise(), n in 1..FRAMERS, step in 1_usize..40) {
        prop_assert_eq!(found(n, &data, step), found(n, &data, usize::MAX / 2));
    }

    #[test]
    fn csv_comes_back_as_it_was_written(
        rows in prop::collection::vec(prop::collection::vec("[a-z ,\"\r\n;'é\\\\]{0,12}", 3), 0..20),
        crlf in any::<bool>(),
        step in 1_usize..200,
    ) {
        let mut text = String::new();
        for row in &rows {
            let cells: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            text.push_str(&cells.join(","));
            text.push_str(if crlf { "\r\n" } else { "\n" });
        }
        let (found, damaged) = records(&mut *framer(0), text.as_bytes(), step);
        prop_assert!(!damaged);
        let found: Vec<Vec<String>> = found.iter().map(|raw| {
            let raw = std::str::from_utf8(raw).unwrap();
            let mut cells = Vec::new();
            csv::row(raw.as_bytes(), 0, b',', true, &mut cells);
            cells.iter().map(|c| csv::unquote(&raw[c.within(0)], c.quoting).into_owned()).collect()
        }).collect();
        prop_assert_eq!(found, rows);
    }

    /// What the csv crate writes, and what it reads of it, is what is read here.
    #[test]
    fn csv_reads_as_the_csv_crate_does(
        rows in prop::collection::vec(prop::collection::vec("[a-z0-9 ,;\"\r\n'é\\\\]{0,10}", 3), 1..20),
        style in 0..3_usize,
        semicolon in any::<bool>(),
        crlf in any::<bool>(),
    ) {
        use ::csv::{QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
        let delimiter = if semicolon { b';' } else { b',' };
        let mut writer = WriterBuilder::new();
        writer.delimiter(delimiter).quote_style([QuoteStyle::Necessary, QuoteStyle::Always, QuoteStyle::NonNumeric][style]);
        writer.terminator(if crlf { Terminator::CRLF } else { Terminator::Any(b'\n') });
        let mut writer = writer.from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let mut reader = ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(text.as_slice());
        let theirs: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        let header = Arc::new(Header::new(["a", "b", "c"].map(str::to_owned).to_vec()));
        let shape = Arc::new(Shape { table: "".into(), layout: Layout::Csv { delimiter, header } });
        let wanted = Wanted::new(Selection::Tables(HashSet::from([String::new()])));
        let mut batches = Batches::new(Cursor::new(&text), Box::new(CsvFramer::new(delimiter, shape, 0, wanted)));
        let (mut batch, mut pieces, mut ours) = (Batch::default(), Pieces::default(), Vec::new());
        while batches.next(&mut batch).unwrap() {
            pieces.cut(&batch, None);
            let texts = pieces.texts(&batch);
            let mut record = blank();
            for index in 0..pieces.list.len() {
                prop_assert_eq!(pieces.decode(index, &batch, &texts, &mut record), Ok(()));
                ours.push(record.iter().map(|(_, value)| value.text().unwrap().into_owned()).collect::<Vec<_>>());
            }
        }
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(theirs, rows);
    }

    /// Two ways of reading rows without quotes, each into the values of the row before.
    #[test]
    fn rows_without_quotes_read_alike_both_ways(rows in prop::collection::vec("(NULL|\\\\N|[a-z;,]|é){0,40}", 1..6)) {
        let (mut one, mut other, mut cells) = (vec![Value::Null; 41], vec![Value::Null; 41], Vec::new());
        let text = rows.join("\n");
        let mut at = 0;
        for row in &rows {
            cells.clear();
            csv::row(row.as_bytes(), 0, b',', true, &mut cells);
            csv::values(row, 0, &cells, &mut one);
            prop_assert_eq!(csv::plain_values(&text, at..at + row.len(), b',', &mut other), row.split(',').count());
            at += row.len() + 1;
            prop_assert_eq!(&one, &other);
        }
    }

    /// What stands right before its comma is read in a way of its own; a blank in between makes no difference.
    #[test]
    fn sql_values_read_alike_with_blanks_about_them(
        values in prop::collection::vec(
            r#"'([a-z,()";é]|\\[a-z\\]|''){0,6}'|[0-9]{1,4}|-?[0-9]{1,2}\.[0-9]|NULL|0x[0-9a-f]{2}|E'x'|'\\x[0-9a-f]{18}'"#,
            1..6,
        ),
        mysql in any::<bool>(),
    ) {
        let flavour = if mysql { Flavour::MYSQL } else { Flavour::STANDARD };
        let (close, apart) = (format!("({})", values.join(",")), format!("( {} )", values.join(" , ")));
        let read = |tuple| {
            let mut cells = Vec::new();
            let read = sql::values::values(tuple, flavour, &mut cells);
            read.map(|()| cells)
        };
        prop_assert_eq!(read(&close), read(&apart));
    }

    #[test]
    fn sql_strings_come_back_as_they_were_written(texts in prop::collection::vec("[a-z',()\\\\;\n\"é%_]{0,12}", 1..6), mysql in any::<bool>()) {
        let flavour = if mysql { Flavour::MYSQL } else { Flavour::STANDARD };
        let quoted: Vec<String> = texts.iter().map(|text| {
            let text = if mysql { text.replace('\\', "\\\\").replace('\n', "\\n").replace('\'', "\\'") } else { text.replace('\'', "''") };
            format!("'{text}'")
        }).collect();
        let dump = format!("INSERT INTO `t` VALUES ({});\n", quoted.join(","));
        let (found, damaged) = records(&mut *framer(if mysql { 6 } else { 7 }), dump.as_bytes(), 9);
        prop_assert!(!damaged);
        prop_assert_eq!(found.len(), 1);
        let mut values = Vec::new();
        super::sql::values::values(std::str::from_utf8(&found[0]).unwrap(), flavour, &mut values).unwrap();
        let values: Vec<String> = values.iter().map(|v| v.text().unwrap().into_owned()).collect();
        prop_assert_eq!(values, texts);
    }
}

/// A word that is cut in two is read as one: of heads that are long enough to be looked at before they are whole.
#[test]
fn statements_are_read_alike_wherever_they_are_cut() {
    const LONG: &str = "/* of which there is more to be said than fits in a line, before it comes to its name */";
    let tail = "\n-- and what follows it, so that its end is not the file's, which would have all of it looked at\n";
    let statements = [
        "INSERT INTO t (a, b) # VALUES\n VALUES (1, 'x'), (2, 'y');".to_owned(),
        format!("INSERT {LONG} INTO public.t (a, b) OVERRIDING SYSTEM VALUE VALUES (1, 'x'), (2, 'y');"),
        format!("REPLACE {LONG} INTO t SET a = 1, b = 'x';"),
        format!("INSERT OR IGNORE {LONG} INTO t -- VALUES\n -- and\n /* so */ VALUES (1, 'x');"),
        format!("INSERT {LONG} INTO shop.users_old (a) VALUES (1);\nINSERT INTO auth.users (a) VALUES (2);"),
        format!("CREATE {LONG} TABLE IF NOT EXISTS t (z int, y text);\nINSERT INTO t VALUES (1, 'x');"),
        format!(
            "CREATE TABLE u (b text, a int);\nALTER TABLE {LONG} ONLY t ATTACH PARTITION u FOR VALUES IN (1);\nCOPY u FROM stdin;\nx\t1\n\\.\n"
        ),
        format!("COPY {LONG} t (a, b) FROM stdin;\n1\tx\n\\.\n"),
        "CREATE FUNCTION x$$y() AS $a$ ; ' $a$; SELECT 1 AS nameE'\\'; EXECUTE p($1$2); INSERT INTO t (a) VALUES (2);"
            .to_owned(),
        "INSERT INTO t (a) VALUES (1),--(2)\n(3)\n--\0(4)\nINSERT INTO t (a) VALUES (5)".to_owned(),
        "DELIMITER ;;\nCREATE TRIGGER INSERT INTO t VALUES (1);;\nDELIMITER ;\nINSERT INTO t (a) VALUES (2);"
            .to_owned(),
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nINSERT INTO t (a) VALUES ('it\\');".to_owned(),
        "SET IDENTITY_INSERT [dbo].[t] ON\nINSERT [dbo].[t] ([a], [b]) VALUES (1, N'x')\nGO\n".to_owned(),
        "/*!40101 SET SQL_MODE='' */;\nINSERT INTO `t` (`a`) VALUES (1)\n ON DUPLICATE KEY UPDATE a = 2;".to_owned(),
    ];
    for (statement, n) in statements.iter().flat_map(|statement| [(statement, 6), (statement, 7)]) {
        let dump = format!("{statement}{tail}");
        let whole = found(n, dump.as_bytes(), usize::MAX / 2);
        for step in 1..dump.len() {
            assert_eq!(found(n, dump.as_bytes(), step), whole, "{step} at a time: {dump}");
        }
    }
}

/// The same of the other formats.
#[test]
fn documents_are_read_alike_wherever_they_are_cut() {
    let somebody = r#"{"email":"a@example.com","name":"A","password":"$2y$10$abc"}"#;
    let documents = [
        (1, format!("{somebody}\n\n{somebody}\n")),
        (2, "1\tit\\\nis\t\\N\n2\tNULL\tx\n".to_owned()),
        (3, "# people\nann:x:1\nbob:$6$a$b:2\n".to_owned()),
        (4, format!("{{\"users\":[{somebody},{somebody}],\"more\":{{\"u1\":{somebody},\"u2\":{somebody}}}}}")),
        (4, format!("{{\"users\":{{\"u1\":{somebody},\"u2\":{{\"a\":[1,2]}}}},\"list\":[]}}")),
        (4, format!("[{{\"users\":[{somebody}]}},{{\"users\":[{somebody}]}}]")),
        (4, format!("[{{\"type\":\"table\",\"name\":\"t\",\"data\":[{somebody}]}}]")),
        (5, format!("{somebody}\n {somebody}")),
        (8, "dn: uid=a\nmail: a@example.com\nuserPassword:: e1NTSEF9\n\n# more\ndn: uid=b\ncn: x\n y\n".to_owned()),
        (9, "<?xml version=\"1.0\"?><!-- t --><database><table name=\"t\"><row><field name=\"a\">1 &amp; <![CDATA[2]]></field></row></table></database>".to_owned()),
    ];
    for (n, document) in documents {
        let whole = found(n, document.as_bytes(), usize::MAX / 2);
        for step in 1..document.len() {
            assert_eq!(found(n, document.as_bytes(), step), whole, "{step} at a time: {document}");
        }
    }
}

#[test]
fn a_second_reading_of_a_dump_passes_over_long_runs_that_it_does_not_want() {
    let rows = |table: &str| format!("INSERT INTO `{table}` VALUES (1,'it\\'s; \"so\"'),(2,')');\n").repeat(2_000);
    let tables = ["a", "t", "b", "t", "c"];
    let dump = tables.map(|t| format!("CREATE TABLE `{t}` (`x` int, `y` text);\n{}UNLOCK TABLES;\n", rows(t))).concat();
    let framer = |runs, selection| SqlFramer::new(Flavour::MYSQL, false, &HashMap::new(), runs, Wanted::new(selection));
    let none = HashMap::new();
    let mut sampling = framer(&none, Selection::Sample(3));
    sampling.frame(dump.as_bytes(), true, &mut Cut::default());
    let runs = sampling.runs();
    assert_eq!(runs.len(), tables.len());

    let read =
        |runs, dump: &[u8]| records(&mut framer(runs, Selection::Tables(HashSet::from(["t".to_owned()]))), dump, 5_000);
    let (found, damaged) = read(&none, dump.as_bytes());
    assert_eq!((found.len(), damaged), (8_000, false));
    assert_eq!(read(&runs, dump.as_bytes()), (found, damaged));
    // A quote that turns all that follows inside out, for who looks at it.
    let quote = dump.find("UNLOCK").unwrap() - 2;
    let unseen = [&dump.as_bytes()[..quote], b"'", &dump.as_bytes()[quote + 1..]].concat();
    assert_eq!(read(&runs, &unseen).0.len(), 8_000);
    assert_ne!(read(&none, &unseen).0.len(), 8_000);
}

/// Each would take minutes if any part of reading it looked at its data again and again.
#[test]
fn a_mebibyte_of_spite_is_read_once() {
    const MIB: usize = 1024 * 1024;
    let repeated = |unit: &str| unit.repeat(MIB / unit.len()).into_bytes();
    let after = |start: &str, unit: &str| [start.as_bytes(), &repeated(unit)].concat();
    let spite: [(usize, Vec<u8>); 26] = [
        (0, repeated("\"")),
        (0, repeated("\"a\n")),
        (0, repeated("a,b,\"c\n")),
        (0, repeated("\"\"\n")),
        (0, repeated(",")),
        (0, repeated("\"a\nb@c.d,e,f\n\"")),
        (1, repeated("{")),
        (2, repeated("\\")),
        (2, repeated("\\\n")),
        (3, repeated(":")),
        (4, repeated("[")),
        (4, repeated("[{")),
        (4, repeated("{\"a\":")),
        (4, after("{\"users\":[", "{\"a\":")),
        (4, after("[", "\"")),
        (4, after("[{\"a\":\"", "\\")),
        (5, repeated("{\"a\":[}")),
        (6, after("INSERT INTO t VALUES ", "(")),
        (6, after("INSERT INTO t VALUES ", "('a\\'")),
        (6, repeated("INSERT INTO t ")),
        (7, repeated("$a")),
        (7, repeated("/*")),
        (7, after("CREATE TABLE t (", "a(")),
        (8, repeated("dn: a\n ")),
        (9, repeated("<row>")),
        (9, repeated("<row><!--")),
    ];
    for (n, data) in spite {
        read(framer(n), &data);
    }
}

#[test]
fn a_record_of_more_than_16_mib_is_refused_and_the_next_is_read() {
    let long = "x".repeat(17 * 1024 * 1024);
    let cases = [
        (0, format!("1,{long},3\n4,5,6\n")),
        (1, format!("{{\"a\":\"{long}\"}}\n{{\"a\":1}}\n")),
        (4, format!("[{{\"a\":\"{long}\"}},{{\"a\":1}}]")),
        (6, format!("INSERT INTO t (a, b) VALUES (1,'{long}'),(2,'x');\n")),
        (7, format!("COPY t (a, b) FROM stdin;\n1\t{long}\n2\tx\n\\.\n")),
        (8, format!("dn: a\nx: {long}\n\ndn: b\nx: y\n")),
    ];
    for (n, data) in cases {
        let mut batches = Batches::new(Cursor::new(data.as_bytes()), framer(n));
        let mut batch = Batch::default();
        let mut kinds = Vec::new();
        while batches.next(&mut batch).unwrap() {
            assert!(batch.cut.damage.is_none(), "{n}: {:?}", batch.cut.damage);
            kinds.extend(batch.cut.spans.iter().map(|span| span.kind == SpanKind::TooLarge));
        }
        assert_eq!(kinds, [true, false], "framer {n}");
    }
}

#[test]
fn one_cell_too_many_is_passed_over_where_nothing_is_in_it() {
    let fit = ["1,b", "1,b,", "1,b,NULL", "1,b,\\N", "1,\"b\",", "1,\"b\",NULL", "1,b,\"\""];
    let other = ["1", "1,b,x", "1,b,,", "1,b,\"NULL\""];
    for row in fit.iter().chain(&other) {
        let (bytes, mut cells) = (row.as_bytes(), Vec::new());
        csv::row(bytes, 0, b',', true, &mut cells);
        assert_eq!(csv::fits(bytes, 0, &cells, 2), fit.contains(row), "{row}");
        if !row.contains('"') {
            assert_eq!(csv::plain_fits(bytes, cells.len(), b',', 2), fit.contains(row), "{row}");
        }
    }
}

/// `INTO OUTFILE … ESCAPED BY ''` doubles no quote.
#[test]
fn quotes_that_nobody_doubled_close_where_the_next_cell_begins() {
    let read = |row| {
        let values = csv::undoubled_values(row, b',', 4)?;
        Some(
            values.iter().map(|value| value.text().unwrap_or("NULL".into()).into_owned()).collect::<Vec<_>>().join("|"),
        )
    };
    assert_eq!(read(r#""1","Ann "Q", Jr","a@x.y",NULL"#).as_deref(), Some(r#"1|Ann "Q", Jr|a@x.y|NULL"#));
    assert_eq!(read(r#"1,"x","",2"#).as_deref(), Some("1|x||2"));
    for row in [r#""1","a","b",c,d"#, r#""1","a","b"#, r#""1","a"#, ",,,,", r#"""#] {
        assert_eq!(read(row), None, "{row}");
    }
}
