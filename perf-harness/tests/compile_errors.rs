//! What `#[perf_test]` says of a mistake, word for word, and every form that it must take.

#[test]
fn a_mistake_is_a_compile_error_at_its_token_that_says_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
