//! The class of place that a session ran in: what a baseline must agree on before it is compared.
//!
//! Pure. What changes from minute to minute (MHz), or says nothing about speed (the commit), is no part of it.

use crate::units::fingerprint;
use serde::{Deserialize, Serialize};

/// A machine's class and a build. What is not known is no part of the fingerprint; files from before a key was kept lack it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// The cargo profile: `release`, `debug` or another one's name.
    pub build_profile: String,
    /// As many as this process may use.
    pub cores: usize,
    /// The model.
    pub cpu: String,
    /// Enabled cargo features of the package of the perf tests, sorted.
    #[serde(default)]
    pub features: Option<Vec<String>>,
    /// The name the user gave it; it stands for the machine then.
    #[serde(default)]
    pub label: Option<String>,
    /// As much as this process may use, rounded to a power of two.
    #[serde(default)]
    pub memory_gib: Option<u64>,
    /// And architecture: `linux x86_64`.
    pub os: String,
    /// `none`, `kvm`, `container`, `container on kvm` and so on.
    #[serde(default)]
    pub virtualisation: Option<String>,
}

impl Class {
    /// A hash of the label, or of all that describes the machine, and of the build.
    pub fn id(&self) -> String {
        let mut parts = match &self.label {
            Some(label) => vec!["label".to_owned(), label.clone(), self.build_profile.clone()],
            None => {
                vec![self.cpu.clone(), self.cores.to_string(), self.os.clone(), self.build_profile.clone()]
            }
        };
        if self.label.is_none() {
            parts.extend(self.memory_gib.map(|gib| format!("memory {gib} GiB")));
            parts.extend(self.virtualisation.as_ref().map(|kind| format!("virtualisation {kind}")));
        }
        parts.extend(self.features.as_ref().map(|names| format!("features {}", names.join(","))));
        fingerprint(parts.iter().map(String::as_str))
    }

    /// What differs from the class that another session ran in, in words.
    pub fn differences(&self, there: &Class) -> Vec<String> {
        let features = |class: &Class| shown(class.features.as_ref().map(|names| list(names)).as_ref());
        let mut pairs = match (&there.label, &self.label) {
            (None, None) => self.of_machine(there),
            (theirs, ours) => {
                let quoted =
                    |label: &Option<String>| label.as_ref().map_or("none".to_owned(), |l| format!("`{l}`"));
                vec![("label", quoted(theirs), quoted(ours))]
            }
        };
        pairs.push(("build profile", there.build_profile.clone(), self.build_profile.clone()));
        pairs.push(("features", features(there), features(self)));
        let differing = pairs.into_iter().filter(|(_, theirs, ours)| theirs != ours);
        differing.map(|(what, theirs, ours)| format!("{what} {theirs} there, {ours} here")).collect()
    }

    fn of_machine(&self, there: &Class) -> Vec<(&'static str, String, String)> {
        let memory = |class: &Class| shown(class.memory_gib.map(|gib| format!("{gib} GiB")).as_ref());
        vec![
            ("CPU", there.cpu.clone(), self.cpu.clone()),
            ("cores", there.cores.to_string(), self.cores.to_string()),
            ("memory", memory(there), memory(self)),
            ("OS", there.os.clone(), self.os.clone()),
            ("virtualisation", shown(there.virtualisation.as_ref()), shown(self.virtualisation.as_ref())),
        ]
    }

    /// In one line, for people: `AMD EPYC, 2 cores, 8 GiB, kvm, linux x86_64, release`.
    pub fn description(&self) -> String {
        let mut parts = match &self.label {
            Some(label) => vec![format!("`{label}`")],
            None => vec![self.cpu.clone(), format!("{} cores", self.cores)],
        };
        if self.label.is_none() {
            parts.extend(self.memory_gib.map(|gib| format!("{gib} GiB")));
            parts.extend(self.virtualisation.clone().filter(|kind| kind != "none"));
            parts.push(self.os.clone());
        }
        parts.push(self.build_profile.clone());
        parts.extend(self.features.as_ref().filter(|names| !names.is_empty()).map(|names| list(names)));
        parts.join(", ")
    }
}

fn shown(value: Option<&String>) -> String {
    value.map_or("not recorded".to_owned(), Clone::clone)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join("+") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class() -> Class {
        Class {
            build_profile: "release".into(),
            cores: 2,
            cpu: "AMD EPYC".into(),
            features: Some(vec!["default".into()]),
            label: None,
            memory_gib: Some(8),
            os: "linux x86_64".into(),
            virtualisation: Some("kvm".into()),
        }
    }

    #[test]
    fn every_part_of_a_class_is_part_of_its_id_and_a_label_stands_for_the_machine() {
        let same = class();
        let others = [
            Class { cores: 4, ..class() },
            Class { memory_gib: Some(16), ..class() },
            Class { memory_gib: None, ..class() },
            Class { virtualisation: Some("none".into()), ..class() },
            Class { features: Some(Vec::new()), ..class() },
            Class { build_profile: "debug".into(), ..class() },
            Class { label: Some("ci".into()), ..class() },
        ];
        for (n, other) in others.iter().enumerate() {
            assert_ne!(other.id(), same.id(), "{other:?}");
            assert!(others[n + 1..].iter().all(|next| next.id() != other.id()), "{other:?}");
        }
        let labelled = |cores| Class { label: Some("ci".into()), cores, ..class() }.id();
        assert_eq!(labelled(2), labelled(64));
    }

    #[test]
    fn a_class_from_before_memory_was_kept_keeps_the_id_it_had() {
        let old: Class = serde_json::from_str(
            r#"{"build_profile": "release", "cores": 2, "cpu": "AMD EPYC", "label": null, "os": "linux x86_64"}"#,
        )
        .unwrap();
        assert_eq!(old.id(), "46e862c4135d8b1e");
        assert_eq!(
            class().differences(&old),
            [
                "memory not recorded there, 8 GiB here",
                "virtualisation not recorded there, kvm here",
                "features not recorded there, default here"
            ]
        );
    }

    #[test]
    fn of_labels_only_label_and_build_are_told() {
        let ci = Class { label: Some("ci".into()), cores: 64, build_profile: "debug".into(), ..class() };
        assert_eq!(
            ci.differences(&class()),
            ["label none there, `ci` here", "build profile release there, debug here"]
        );
        assert_eq!(class().description(), "AMD EPYC, 2 cores, 8 GiB, kvm, linux x86_64, release, default");
        assert_eq!(ci.description(), "`ci`, debug, default");
    }
}
