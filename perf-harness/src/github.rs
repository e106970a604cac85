//! What a step of a workflow on GitHub shows: annotations at the lines of tests, and the summary of the step.
//!
//! Annotations are lines of output in the form of GitHub's own toolkit. The summary is the Markdown of the run; a later process
//! of the same run, as nextest starts them, puts its own in the place of the earlier one's.

use crate::place::Place;
use perf_core::judge::verdict::Verdict;
use perf_core::plan::{Plan, Source};
use perf_core::report::json::Run;
use perf_core::report::markdown;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// GitHub shows no summary of more.
const MOST_BYTES: usize = 1 << 20;

/// A step of a workflow.
#[derive(Debug)]
pub(crate) struct Github {
    /// The file whose content GitHub shows.
    summary: Option<PathBuf>,
    /// The checkout.
    repository: Option<PathBuf>,
    /// From where the compiler names files.
    workspace: PathBuf,
}

impl Github {
    /// `None` anywhere else.
    pub(crate) fn find(place: &Place) -> Option<Self> {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true").then(|| Github {
            summary: path("GITHUB_STEP_SUMMARY"),
            repository: path("GITHUB_WORKSPACE"),
            workspace: place.workspace_dir().unwrap_or_else(|| place.package_dir.clone()),
        })
    }

    /// The line to print of a test that did not pass. Where it is strict, what is inconclusive fails.
    pub(crate) fn annotation(
        &self,
        plan: &Plan,
        verdict: Verdict,
        is_strict: bool,
        reasons: &[String],
    ) -> Option<String> {
        let command = match verdict {
            Verdict::Failed => "error",
            Verdict::Inconclusive if is_strict => "error",
            Verdict::Inconclusive => "warning",
            Verdict::Passed | Verdict::Skipped => return None,
        };
        let title = format!("{} {}", plan.name, verdict.name());
        let mut properties = Vec::new();
        if let Some(source) = plan.source {
            properties.push(format!("file={}", property(&self.file(source))));
            properties.push(format!("line={}", source.line));
        }
        properties.push(format!("title={}", property(&title)));
        Some(format!("::{command} {}::{}", properties.join(","), data(&reasons.join("\n"))))
    }

    /// From the root of the repository, as far as that can be told.
    fn file(&self, source: Source) -> String {
        let whole = fs::canonicalize(self.workspace.join(source.file));
        let repository = self.repository.as_ref().map(fs::canonicalize);
        let within = whole.ok().zip(repository.and_then(Result::ok));
        let within =
            within.and_then(|(whole, repository)| Some(whole.strip_prefix(repository).ok()?.to_owned()));
        within.unwrap_or_else(|| PathBuf::from(source.file)).to_string_lossy().replace('\\', "/")
    }

    /// Puts what there is to say of a run into the summary of the step.
    pub(crate) fn summarise(&self, run: &Run) -> io::Result<()> {
        let Some(path) = &self.summary else {
            return Ok(());
        };
        let mut page = Vec::new();
        markdown::write(run, &mut page)?;
        let marks = ["", "/"].map(|end| format!("<!-- {end}perf-harness {} -->", run.run_id));
        let part = format!("{}\n\n{}\n{}\n", marks[0], String::from_utf8_lossy(&page), marks[1]);
        put(path, &marks, &part)
    }
}

/// In the place of what stands between the marks, or at the end.
fn put(path: &Path, marks: &[String; 2], part: &str) -> io::Result<()> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let earlier = before.find(&marks[0]).and_then(|start| {
        let end = start + before[start..].find(&marks[1])? + marks[1].len() + 1;
        Some((start, end.min(before.len())))
    });
    let length = before.len() + part.len() - earlier.map_or(0, |(start, end)| end - start);
    if length > MOST_BYTES {
        return Err(io::Error::other("it is full: GitHub shows 1 MiB at most"));
    }
    match earlier {
        Some((start, end)) => fs::write(path, format!("{}{part}{}", &before[..start], &before[end..])),
        None => File::options().append(true).create(true).open(path)?.write_all(part.as_bytes()),
    }
}

/// As `@actions/core` escapes the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same of one of its properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use perf_core::plan::load::Iterations;
    use perf_core::plan::spec::{Overrides, PerfSpec};

    fn plan(source: Option<Source>) -> Plan {
        let spec = PerfSpec { iterations: Some(Iterations::Shared(1)), ..PerfSpec::default() };
        Plan { source, ..Plan::resolve("shop::list", "perf", &spec, &Overrides::default()).unwrap() }
    }

    fn github(root: &Path) -> Github {
        Github {
            summary: Some(root.join("summary")),
            repository: Some(root.to_owned()),
            workspace: root.join("rust"),
        }
    }

    #[test]
    fn an_annotation_stands_at_the_line_of_its_test_from_the_root_of_the_repository() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("rust/tests")).unwrap();
        fs::write(root.path().join("rust/tests/perf.rs"), "").unwrap();
        let github = github(root.path());
        let told = |file, verdict| {
            github.annotation(
                &plan(Some(Source { file, line: 7 })),
                verdict,
                false,
                &["100 % broke,\nso: it".into()],
            )
        };
        assert_eq!(
            told("tests/perf.rs", Verdict::Failed).unwrap(),
            "::error file=rust/tests/perf.rs,line=7,title=shop%3A%3Alist failed::100 %25 broke,%0Aso: it"
        );
        let elsewhere = told("not/there.rs", Verdict::Inconclusive).unwrap();
        assert!(elsewhere.starts_with("::warning file=not/there.rs,line=7,title="), "{elsewhere}");
        assert_eq!(told("tests/perf.rs", Verdict::Passed), None);
        let strict = github.annotation(&plan(None), Verdict::Inconclusive, true, &["so".into()]).unwrap();
        assert_eq!(strict, "::error title=shop%3A%3Alist inconclusive::so");
        let nowhere = github.annotation(&plan(None), Verdict::Failed, false, &[]).unwrap();
        assert_eq!(nowhere, "::error title=shop%3A%3Alist failed::");
    }

    #[test]
    fn a_run_has_one_part_of_the_summary_and_leaves_others_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary");
        let marks = |run: &str| ["", "/"].map(|end| format!("<!-- {end}{run} -->"));
        let part = |run: &str, text: &str| {
            let [begin, end] = marks(run);
            put(&path, &marks(run), &format!("{begin}{text}{end}\n"))
        };
        fs::write(&path, "before\n").unwrap();
        part("a", "1").unwrap();
        part("b", "2").unwrap();
        part("a", "three").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "before\n<!-- a -->three<!-- /a -->\n<!-- b -->2<!-- /b -->\n");
        let full = part("c", &"x".repeat(MOST_BYTES)).unwrap_err().to_string();
        assert!(full.contains("1 MiB"), "{full}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
