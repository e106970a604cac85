//! What perf.toml says to the tests of this target.

use crate::alerts;
use crate::args::Args;
use crate::place::Place;
use crate::registry::Registration;
use crate::trial::Entry;
use perf_core::metric::nearest;
use perf_core::plan::conditions::Conditions;
use perf_core::plan::config::{self, Alerts, Config, ConfigMistake, Settings};
use perf_core::plan::lay;
use perf_core::plan::limits::Limits;
use perf_core::plan::spec::PerfSpec;
use std::path::{Path, PathBuf};

/// The file's words, or none; and the profile that was asked for, where it is one of the file's.
#[derive(Debug, Default)]
pub(crate) struct FileSettings {
    path: Option<PathBuf>,
    config: Config,
    profile: Option<Settings>,
    notes: Vec<String>,
}

impl FileSettings {
    /// Reads the file, if there is one. All mistakes at once, each with its line.
    pub(crate) fn read(place: &Place, args: &Args, tests: &[String]) -> Result<Self, Vec<String>> {
        let path = config::find(&place.package_dir, place.workspace_dir().as_deref());
        let config = match &path {
            Some(path) => Config::read(path).map_err(|e| vec![e.to_string()])?,
            None => Config::default(),
        };
        let strangers = path.as_deref().map(|path| Strangers::of(place, path, &config, tests));
        let (mut mistakes, notes) = strangers.map(|they| (they.mistakes, they.notes)).unwrap_or_default();
        let webhook = config.alerts.as_ref().and_then(alerts::mistake);
        let file = path.as_deref().unwrap_or(Path::new("perf.toml")).display();
        mistakes.extend(webhook.map(|mistake| format!("{file}:{mistake}")));
        let profile =
            profile(&config, args.profile.as_deref()).map_err(|e| mistakes.push(e)).unwrap_or_default();
        if mistakes.is_empty() { Ok(FileSettings { path, config, profile, notes }) } else { Err(mistakes) }
    }

    /// Every test with what it asks for, all in all; built-in profiles and flags come later. All mistakes at once.
    pub(crate) fn entries(&self, tests: Vec<&'static Registration>) -> Result<Vec<Entry>, Vec<String>> {
        let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
        for registration in tests {
            let name = registration.name();
            match self.effective(&(registration.spec)(), &name) {
                Ok(spec) => entries.push(Entry { registration, name, spec }),
                Err(wrong) => mistakes.extend(wrong),
            }
        }
        if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
    }

    fn effective(&self, attribute: &PerfSpec, name: &str) -> Result<PerfSpec, Vec<String>> {
        let file = self.path.as_deref().unwrap_or(Path::new("perf.toml")).display();
        let told = |mistakes: Vec<ConfigMistake>| -> Vec<String> {
            mistakes.iter().map(|mistake| format!("{file}:{mistake}")).collect()
        };
        let spec = lay::effective(attribute, &self.config, name).map_err(told)?;
        Ok(match &self.profile {
            Some(profile) => lay::profile(profile, spec),
            None => spec,
        })
    }

    /// What may be wrong, and nobody can know.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Who is told of what, where the file says so.
    pub(crate) fn alerts(&self) -> Option<&Alerts> {
        self.config.alerts.as_ref()
    }

    /// What is told of while a test runs.
    pub(crate) fn conditions(&self) -> Conditions {
        self.alerts().map(Alerts::conditions).unwrap_or_default()
    }

    /// What no test may exceed.
    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }
}

fn profile(config: &Config, name: Option<&str>) -> Result<Option<Settings>, String> {
    match name {
        None | Some("smoke" | "quick") => Ok(None),
        Some(name) => match config.profile(name) {
            Some(profile) => Ok(Some(profile.clone())),
            None => {
                let known: Vec<&str> = ["smoke", "quick"]
                    .into_iter()
                    .chain(config.profiles.keys().map(String::as_str))
                    .collect();
                let hint = nearest(name, known.iter().copied())
                    .map_or(String::new(), |near| format!("did you mean `{near}`? "));
                Err(format!("--profile {name}: no such profile; {hint}the profiles are {}", known.join(", ")))
            }
        },
    }
}

/// What the file says of tests that this target does not have.
struct Strangers {
    /// Surely nobody's.
    mistakes: Vec<String>,
    /// Another target's, or misspelt.
    notes: Vec<String>,
}

impl Strangers {
    fn of(place: &Place, path: &Path, config: &Config, tests: &[String]) -> Self {
        let known: Vec<&str> = tests.iter().map(String::as_str).collect();
        let is_alone = path.parent() == Some(&place.package_dir) && place.has_one_target();
        let told = config.check_tests(&known, is_alone).into_iter();
        let told = told.map(|mistake| format!("{}:{mistake}", path.display())).collect();
        match is_alone {
            true => Strangers { mistakes: told, notes: Vec::new() },
            false => Strangers { mistakes: Vec::new(), notes: told },
        }
    }
}
