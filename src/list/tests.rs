//! What a list says, and what is wrong with one.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
use super::{LINE_BYTES, LineProblem, List, Row};

fn read(text: impl AsRef<[u8]>) -> (List, Vec<(u32, LineProblem)>) {
    let (list, problems) = List::read(&mut text.as_ref()).unwrap();
    (list, problems.into_iter().map(|error| (error.line, error.problem)).collect())
}

fn row(line: u32, words: [&str; 4]) -> Row<'_> {
    let [name, common_name, san, lifetime] = words;
    Row { line, name, common_name, san, lifetime }
}

#[test]
fn a_plain_list_has_a_name_a_line_among_comments_and_empty_lines() {
    let (list, problems) =
        read("\u{feff}# who\r\nalice\r\n\r\n  bob \n#carol\nd\u{e4}n #1\ndb1.example.com 10.0.0.5");
    assert_eq!(problems, []);
    let expected = [
        row(2, ["alice", "", "", ""]),
        row(4, ["bob", "", "", ""]),
        row(6, ["d\u{e4}n #1", "", "", ""]),
        row(7, ["db1.example.com 10.0.0.5", "", "", ""]),
    ];
    assert_eq!(list.rows().collect::<Vec<_>>(), expected);
}

#[test]
fn a_header_names_the_columns_in_any_order() {
    let (list, problems) = read(
        "# exported\nLifetime, name ,san,cn\n90d,alice,,\n,bob,\"a@example.com URI:x:y\",\"Doe, \"\"Bob\"\"\"\n",
    );
    assert_eq!(problems, []);
    let expected =
        [row(3, ["alice", "", "", "90d"]), row(4, ["bob", "Doe, \"Bob\"", "a@example.com URI:x:y", ""])];
    assert_eq!(list.rows().collect::<Vec<_>>(), expected);
    let (list, problems) = read("name\nalice\n\"Doe, Bob\"\n");
    assert_eq!((list.len(), problems), (2, vec![]));
    assert_eq!(list.row(1).name, "Doe, Bob");
}

#[test]
fn every_line_at_fault_is_told_and_the_others_stay() {
    let long = "x".repeat(10 * 1024 * 1024);
    let text = [
        b"name,lifetime\nalice,\"90d\nbob\n,1d\n".as_slice(),
        long.as_bytes(),
        b"\nc\xff,\ndora,1d\nev\x07e,\n",
    ]
    .concat();
    let (list, problems) = read(text);
    let expected = [
        (2, LineProblem::OpenQuote),
        (3, LineProblem::Fields { found: 1, expected: 2 }),
        (4, LineProblem::NoName),
        (5, LineProblem::TooLong),
        (6, LineProblem::NotText),
        (8, LineProblem::Control { found: '\u{7}' }),
    ];
    assert_eq!(problems, expected);
    assert_eq!(list.rows().collect::<Vec<_>>(), [row(7, ["dora", "", "", "1d"])]);
    let (list, problems) = read(format!("{}\n{}", "x".repeat(LINE_BYTES), "y".repeat(LINE_BYTES + 1)));
    assert_eq!((list.len(), problems), (1, vec![(2, LineProblem::TooLong)]));
}

#[test]
fn csv_without_a_header_and_a_header_that_is_not_understood_are_told() {
    let (list, problems) = read("alice,90d\nbob\n");
    assert_eq!((list.len(), problems), (1, vec![(1, LineProblem::Comma)]));
    for (text, expected) in [
        ("name,sans\n", LineProblem::Column { found: "sans".to_owned(), twice: false }),
        ("name,name\n", LineProblem::Column { found: "name".to_owned(), twice: true }),
        ("cn,san\n", LineProblem::NoNameColumn),
    ] {
        // What comes after cannot be told from anything.
        let (list, problems) = read(format!("{text}\nalice,\"\n"));
        assert_eq!((list.len(), problems), (0, vec![(1, expected)]), "{text}");
    }
    let (_, problems) = read(format!("name,cn\n{}\n", ",".repeat(40)));
    assert_eq!(problems, [(2, LineProblem::TooManyFields)]);
}
