//! What the derives refuse, in their own words and at the place in the source that is wrong.
//!
//! `TRYBUILD=overwrite cargo test -p tickwire-derive` writes down what they say now.

#[test]
fn what_cannot_be_a_kind_is_refused_where_it_stands() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/ui/kinds.rs");
    tests.compile_fail("tests/ui/fields.rs");
}
