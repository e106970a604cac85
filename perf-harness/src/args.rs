//! libtest's options and ours in one command line, each of ours with an environment variable.

use crate::address::address;
use crate::explained::Explained;
use crate::trial::PerfTrial;
use clap::parser::ValueSource;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};
use perf_core::plan::bounds::{self, MOST_ROUNDS, MOST_WORKERS};
use perf_core::plan::conditions::Conditions;
use perf_core::plan::load::Load;
use perf_core::plan::spec::{Overrides, Profile};
use perf_core::report::format::{Choices, Format};
use perf_core::report::text::Detail;
use perf_core::units::{Rate, parse_duration};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The command line of a test target.
#[allow(clippy::struct_excessive_bools)] // each is a switch of the command line
#[derive(Clone, Debug, Parser)]
#[command(
    name = "perf",
    disable_version_flag = true,
    about = "Runs perf tests, one at a time.",
    after_help = "Every option from --no-capture on has an environment variable: --base-url is PERF_BASE_URL. A flag beats \
                  a variable, a variable beats the profile, the profile beats the attribute."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) libtest: libtest_mimic::Arguments,

    /// More filters: a test runs when its name contains any
    #[arg(value_name = "FILTERS")]
    more_filters: Vec<String>,

    /// As --nocapture: nothing is ever captured
    #[arg(long)]
    no_capture: bool,

    /// Skip what is left after the first failure
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// smoke: one user, one iteration, no baseline. quick: a tenth of the duration. Or one of perf.toml
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Measured time of every test that has one, such as 10s
    #[arg(long, value_parser = parse_duration)]
    duration: Option<Duration>,

    /// Load of every test in the place of its own, such as "0..500 over 30s, hold 1m" or "users 0..50 over 10s"
    #[arg(long, value_name = "STAGES")]
    load: Option<Load>,

    /// Rate of every open load, such as 200/s
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,

    /// Users of every closed load
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    users: Option<u32>,

    /// Load before measuring, of every test that has a duration
    #[arg(long, value_parser = parse_duration)]
    warmup: Option<Duration>,

    /// Slices of the measured time
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_ROUNDS)))]
    rounds: Option<u32>,

    /// Engine threads
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_WORKERS)))]
    workers: Option<u32>,

    /// Base of relative addresses
    #[arg(long, value_name = "URL", value_parser = url)]
    base_url: Option<String>,

    /// Only tests with one of these tags
    #[arg(long, value_delimiter = ',')]
    pub(crate) tag: Vec<String>,

    /// Record this session into the baselines; new: only where there is none
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all", value_name = "new|all")]
    pub(crate) update_baselines: Option<Update>,

    /// Fail a test that has no comparable baseline
    #[arg(long)]
    pub(crate) require_baseline: bool,

    /// Fail a test that is inconclusive
    #[arg(long)]
    pub(crate) strict: bool,

    /// Where baselines are; default perf-baselines beside the package's Cargo.toml
    #[arg(long, value_name = "DIR")]
    pub(crate) baseline_dir: Option<PathBuf>,

    /// Name the environment instead of fingerprinting it
    #[arg(long, value_name = "LABEL")]
    pub(crate) environment: Option<String>,

    /// Where reports go; default target/perf-harness of the workspace
    #[arg(long, value_name = "DIR")]
    pub(crate) report_dir: Option<PathBuf>,

    /// Where every run is appended for `cargo perf-test trend`; off: nowhere; default history.jsonl among the reports
    #[arg(long, value_name = "PATH")]
    pub(crate) history: Option<PathBuf>,

    /// Which reports are made, of text,json,html,csv,junit,markdown; with any file there is report.json, too
    #[arg(long, value_delimiter = ',', value_name = "LIST", default_values = ["text", "json", "html"])]
    pub(crate) report: Vec<Format>,

    /// Points of timeline.csv, such as 5s; default one each second
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    csv_interval: Option<Duration>,

    /// Lets a run be watched at this address while it runs: /metrics, /events, and a page at /; 9090 is 127.0.0.1:9090
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,

    /// How much the terminal shows of a test
    #[arg(long, value_enum, default_value = "full")]
    summary: SummaryDetail,

    /// Show how a metric was decided, step by step, such as --explain=p50; without one, every metric
    #[arg(long, value_name = "METRIC", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = Explained::from_str)]
    pub(crate) explain: Option<Explained>,

    /// Of everything that is drawn at random
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Print what there is to know of every test as JSON, for `cargo perf-test`
    #[arg(long, hide = true)]
    pub(crate) describe: bool,

    /// Run the one selected test as a side of `cargo perf-test compare`, which conducts at this address
    #[arg(long, hide = true, value_name = "ADDR")]
    pub(crate) interleaved: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SummaryDetail {
    Short,
    Full,
}

/// Which sessions become part of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Update {
    /// Those of tests without a comparable one.
    New,
    /// Every one.
    All,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: Rate = text.parse().map_err(|e: perf_core::units::UnitError| e.to_string())?;
    let rate = rate.as_per_second();
    bounds::check_rate(rate).map(|()| rate).map_err(|error| error.to_string())
}

fn url(text: &str) -> Result<String, String> {
    match text.starts_with("http://") || text.starts_with("https://") {
        true => Ok(text.to_owned()),
        false => Err("write a whole address such as http://127.0.0.1:8080".to_owned()),
    }
}

/// The options that have an environment variable.
const OURS: [&str; 25] = [
    "no_capture",
    "fail_fast",
    "profile",
    "duration",
    "load",
    "rate",
    "users",
    "warmup",
    "rounds",
    "workers",
    "base_url",
    "tag",
    "update_baselines",
    "require_baseline",
    "strict",
    "baseline_dir",
    "environment",
    "report_dir",
    "history",
    "report",
    "csv_interval",
    "listen",
    "summary",
    "explain",
    "seed",
];

impl Args {
    /// Of this process. The error is clap's own, with the usage, or names the variable.
    pub(crate) fn of_process() -> Result<Self, clap::Error> {
        Args::parse_with(std::env::args_os().collect(), |name| std::env::var(name).ok())
    }

    fn parse_with(
        line: Vec<OsString>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, clap::Error> {
        let given = Args::command().try_get_matches_from(&line)?;
        let mut whole = line;
        for option in OURS {
            if given.value_source(option) != Some(ValueSource::CommandLine)
                && let Some(token) = from_variable(option, &variable)?
            {
                whole.insert(1.min(whole.len()), token.into());
            }
        }
        Args::from_arg_matches(&Args::command().try_get_matches_from(whole)?)
    }

    /// What they ask of every test.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            profile: match self.profile.as_deref() {
                Some("smoke") => Some(Profile::Smoke),
                Some("quick") => Some(Profile::Quick),
                _ => None,
            },
            limits: None,
            conditions: Conditions::default(),
            load: self.load.clone(),
            rate: self.rate,
            users: self.users,
            duration: self.duration,
            warmup: self.warmup,
            rounds: self.rounds,
            workers: self.workers,
            base_url: self.base_url.clone(),
            seed: self.seed,
        }
    }

    /// How much to say of a test.
    pub(crate) fn detail(&self) -> Detail {
        match self.summary {
            SummaryDetail::Short => Detail::Short,
            SummaryDetail::Full => Detail::Full,
        }
    }

    /// What is chosen about reports.
    pub(crate) fn choices(&self) -> Choices {
        Choices { csv_interval: self.csv_interval }
    }

    /// Whether there is any report but the terminal's: all of them are made of report.json.
    pub(crate) fn keeps_files(&self) -> bool {
        self.report.iter().any(|format| *format != Format::Text)
    }

    /// What libtest-mimic is to do. It takes one filter, so all of them are handed over as names to skip, which keeps
    /// its count of filtered-out tests right.
    pub(crate) fn for_libtest(&self, trials: &[PerfTrial]) -> libtest_mimic::Arguments {
        let mut libtest = self.libtest.clone();
        let filters: Vec<&String> = self.libtest.filter.iter().chain(&self.more_filters).collect();
        let fits = |name: &str, filter: &str| {
            if libtest.exact { name == filter } else { name.contains(filter) }
        };
        let is_wanted = |trial: &PerfTrial| {
            (filters.is_empty() || trial.names().any(|name| filters.iter().any(|filter| fits(name, filter))))
                && !libtest.skip.iter().any(|filter| fits(&trial.name, filter))
        };
        let unwanted = trials.iter().filter(|trial| !trial.has_any_tag(&self.tag) || !is_wanted(trial));
        let skip = unwanted.map(|trial| trial.name.clone()).collect();
        (libtest.filter, libtest.skip, libtest.exact) = (None, skip, true);
        // Not one: with one thread libtest-mimic leaves the cursor behind `test name ... ` while the test runs, where
        // summaries would land. The suite lets them run one at a time, in order.
        libtest.test_threads = Some(2);
        libtest
    }
}

/// The option as it would stand on the command line; an empty variable is none.
fn from_variable(
    option: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, clap::Error> {
    let name = format!("PERF_{}", option.to_uppercase());
    let Some(value) = variable(&name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let flag = format!("--{}", option.replace('_', "-"));
    let command = Args::command();
    let is_switch = command
        .get_arguments()
        .any(|arg| arg.get_id() == option && matches!(arg.get_action(), ArgAction::SetTrue));
    let switch = match value.to_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    };
    let token = match (option, switch) {
        (_, Some(false)) if is_switch || option == "update_baselines" => return Ok(None),
        (_, Some(true)) if is_switch => flag,
        // On CI nothing is written unless it is said in so many words.
        ("update_baselines", Some(true)) if variable("CI").is_some_and(|ci| ci == "true") => {
            let message = format!(
                "{name}={value} under CI=true: say {name}=all or {name}=new to write baselines there\n"
            );
            return Err(Command::new("perf").error(clap::error::ErrorKind::InvalidValue, message));
        }
        ("update_baselines", Some(true)) => flag,
        _ if is_switch => {
            let message = format!("{name}={value}: write 1 or 0\n");
            return Err(Command::new("perf").error(clap::error::ErrorKind::InvalidValue, message));
        }
        _ => format!("{flag}={value}"),
    };
    match command.try_get_matches_from(["perf", &token]) {
        Ok(_) => Ok(Some(token)),
        Err(error) => {
            let message = format!(
                "environment variable {name}: {}",
                error.render().to_string().trim_start_matches("error: ")
            );
            Err(Command::new("perf").error(error.kind(), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str], variables: &[(&str, &str)]) -> Result<Args, String> {
        let line = std::iter::once("perf").chain(line.iter().copied()).map(OsString::from).collect();
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Args::parse_with(line, variable).map_err(|e| e.to_string())
    }

    #[test]
    fn every_option_of_ours_exists_and_has_a_variable() {
        let command = Args::command();
        for option in OURS {
            assert!(command.get_arguments().any(|arg| arg.get_id() == option), "{option}");
        }
        let all = [
            ("PERF_DURATION", "3s"),
            ("PERF_STRICT", "1"),
            ("PERF_TAG", "a,b"),
            ("PERF_REPORT", "json"),
            ("PERF_UPDATE_BASELINES", "new"),
        ];
        let args = parse(&[], &all).unwrap();
        assert_eq!((args.duration, args.strict, args.tag.len()), (Some(Duration::from_secs(3)), true, 2));
        assert_eq!((args.report, args.update_baselines), (vec![Format::Json], Some(Update::New)));
        let by_default = parse(&[], &[]).unwrap();
        assert_eq!(by_default.report, [Format::Text, Format::Json, Format::Html]);
        assert!(by_default.keeps_files() && !parse(&["--report", "text"], &[]).unwrap().keeps_files());
    }

    #[test]
    fn a_flag_beats_a_variable_and_an_empty_variable_is_none() {
        let args = parse(
            &["--rate", "5", "a", "b"],
            &[("PERF_RATE", "9"), ("PERF_USERS", ""), ("PERF_STRICT", "0")],
        )
        .unwrap();
        assert_eq!((args.rate, args.users, args.strict), (Some(5.0), None, false));
        assert_eq!(args.more_filters, ["b"]);
    }

    #[test]
    fn a_bad_value_names_where_it_came_from() {
        let error = parse(&[], &[("PERF_DURATION", "10")]).unwrap_err();
        assert!(error.contains("PERF_DURATION") && error.contains("time unit needed"), "{error}");
        assert!(parse(&["--rate", "0"], &[]).unwrap_err().contains("above zero"));
        let error = parse(&["--report", "json,pdf"], &[]).unwrap_err();
        assert!(error.contains("no report is called `pdf`; there are text, json, html"), "{error}");
        assert!(
            parse(&[], &[("PERF_STRICT", "maybe")]).unwrap_err().contains("PERF_STRICT=maybe: write 1 or 0")
        );
    }

    #[test]
    fn on_ci_a_variable_must_say_what_it_writes() {
        let error = parse(&[], &[("PERF_UPDATE_BASELINES", "1"), ("CI", "true")]).unwrap_err();
        assert!(error.contains("PERF_UPDATE_BASELINES=all"), "{error}");
        let said = parse(&[], &[("PERF_UPDATE_BASELINES", "all"), ("CI", "true")]).unwrap();
        assert_eq!(said.update_baselines, Some(Update::All));
        assert_eq!(
            parse(&["--update-baselines"], &[("CI", "true")]).unwrap().update_baselines,
            Some(Update::All)
        );
    }

    fn trials() -> Vec<PerfTrial> {
        use crate::registry::Registration;
        use crate::trial::{Entry, grouped};
        use perf_core::drive::prepare::Test;
        use perf_core::plan::spec::PerfSpec;
        const REGISTRATION: Registration = Registration {
            path: "perf::test",
            file: "tests/perf.rs",
            line: 1,
            spec: PerfSpec::default,
            test: Test::of(|_| unreachable!()),
        };
        static REGISTERED: Registration = REGISTRATION;
        let entry = |name: &str, tag: Option<&'static str>, scenario: Option<&'static str>| Entry {
            registration: &REGISTERED,
            name: name.to_owned(),
            spec: PerfSpec {
                tags: tag.into_iter().map(Into::into).collect(),
                scenario: scenario.map(Into::into),
                ..PerfSpec::default()
            },
        };
        let entries = vec![
            entry("list", Some("quick"), None),
            entry("login", Some("quick"), None),
            entry("logout", None, None),
            entry("buy", None, Some("shop")),
            entry("browse", None, Some("shop")),
        ];
        grouped(entries).unwrap()
    }

    #[test]
    fn several_filters_select_any_and_tags_select_first() {
        let selected = |line: &[&str]| {
            let libtest = parse(line, &[]).unwrap().for_libtest(&trials());
            let kept = ["list", "login", "logout", "shop"].into_iter();
            kept.filter(|name| !libtest.skip.iter().any(|skipped| skipped == name)).collect::<Vec<_>>()
        };
        assert_eq!(selected(&[]), ["list", "login", "logout", "shop"]);
        assert_eq!(selected(&["--tag", "quick"]), ["list", "login"]);
        assert_eq!(selected(&["--tag", "quick", "lis", "out"]), ["list"]);
        assert_eq!(selected(&["log"]), ["login", "logout"]);
        assert_eq!(selected(&["log", "--exact"]), Vec::<&str>::new());
        assert_eq!(selected(&["--skip", "log"]), ["list", "shop"]);
        assert_eq!(selected(&["buy"]), ["shop"], "a scenario runs as a whole");
    }
}
