//! Names of the user's that the rendered code uses, too; a renamed crate; tests that a macro writes.
#![forbid(unused)]

use perf_harness as load;
use perf_harness::prelude::*;

mod shadows {
    use super::*;

    pub(crate) struct Shown;
    pub(crate) struct Option;

    async fn cx() -> Result<Shown, Error> {
        Ok(Shown)
    }

    async fn state(_: &Shown) -> Result<(), Error> {
        Ok(())
    }

    async fn user(_: &Cx, _: &Shown) -> Result<Option, Error> {
        Ok(Option)
    }

    async fn path(_: &Cx, _: &Option) -> Result<(), Error> {
        Ok(())
    }

    #[perf_test(iterations = 1, setup = cx, teardown = state, user_setup = user, user_teardown = path, ready = cx)]
    async fn value(_: &Cx, _: &Shown) -> Result<Option, String> {
        Ok(Option)
    }
}

#[perf_test(iterations = 1)]
async fn cx(_: &Cx) {}

#[perf_test(iterations = 1)]
async fn r#type() {}

#[perf_test(iterations = 1, crate = load)]
async fn renamed(_: &Cx) -> Result<(), Error> {
    Ok(())
}

async fn make() -> Result<u8, Error> {
    Ok(1)
}

macro_rules! tests {
    ($($name:ident: $rate:literal, $limit:literal, $setup:path, $returned:ty;)*) => {$(
        #[perf_test(rate = $rate, duration = "1s", thresholds($limit), baseline("p50" = "5%"), setup = $setup)]
        async fn $name(_: &Cx, _: &u8) -> $returned {
            Ok(())
        }
    )*};
}

tests! {
    slow: 1, "p99 < 1s", make, Result<(), Error>;
    fast: "500/s", "p99 < 1ms", crate::make, Result<(), String>;
}

macro_rules! loads {
    ($($name:ident: $load:literal, $same:expr, $think:literal, $connections:literal;)*) => {$(
        mod $name {
            use super::*;

            #[perf_test(load = $load, think = $think, connections = $connections, precise = true)]
            async fn of_text() {}

            #[perf_test(load = $same, ready = "/", iterations = 5)]
            async fn of_an_expression() {}
        }
    )*};
}

loads! {
    few: "users 5 for 1s", Load::users(5).hold("1s"), "1s", "user";
    more: "users 5..50 over 1s", "users 5..50 over 1s", "1s..2s", "shared";
}

fn main() {}
