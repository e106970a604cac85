//! Whether this process runs on bare metal, in a virtual machine, in a container, or both: from what Linux lets every user
//! read.
//!
//! A container shows as a marker file of its runtime, as a control group named after one, or as a root file system that is
//! an overlay. A virtual machine shows in its firmware's tables, in the clocks it is offered, or as the flag `hypervisor` of
//! its CPU, which does not say whose it is (`vm`).

use std::fs;
use std::path::Path;

/// What was read, as it stands in the files.
#[derive(Clone, Debug, Default)]
struct Signs {
    /// Whether a container's runtime left its marker file.
    is_marked: bool,
    /// `/proc/1/cgroup`.
    cgroup: String,
    /// `/proc/self/mountinfo`.
    mounts: String,
    /// Vendor and product of `/sys/class/dmi/id`.
    firmware: String,
    /// `available_clocksource`.
    clocks: String,
    /// `/proc/cpuinfo`.
    cpuinfo: String,
    /// `/proc/version`.
    kernel: String,
}

const MARKERS: [&str; 3] = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"];
const RUNTIMES: [&str; 5] = ["docker", "kubepods", "containerd", "lxc", "libpod"];
/// In the words of firmware, first match first.
const VENDORS: [(&str, &str); 12] = [
    ("vmware", "vmware"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("microsoft corporation virtual machine", "hyper-v"),
    ("xen", "xen"),
    ("bochs", "bochs"),
    ("parallels", "parallels"),
    ("amazon ec2", "kvm"),
    ("google compute engine", "kvm"),
    ("openstack", "kvm"),
    ("qemu", "kvm"),
    ("kvm", "kvm"),
];
const CLOCKS: [(&str, &str); 3] = [("kvm-clock", "kvm"), ("xen", "xen"), ("hyperv_clocksource", "hyper-v")];

/// Of this process; `None` where the system has none of these files.
pub(super) fn detect() -> Option<String> {
    cfg!(target_os = "linux").then(|| Signs::read().kind())
}

impl Signs {
    fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let clocks = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
        Signs {
            is_marked: MARKERS.iter().any(|marker| Path::new(marker).exists()),
            cgroup: text("/proc/1/cgroup"),
            mounts: text("/proc/self/mountinfo"),
            firmware: format!(
                "{} {}",
                text("/sys/class/dmi/id/sys_vendor").trim(),
                text("/sys/class/dmi/id/product_name").trim()
            ),
            clocks: text(clocks),
            cpuinfo: text("/proc/cpuinfo"),
            kernel: text("/proc/version"),
        }
    }

    fn kind(&self) -> String {
        match (self.is_container(), self.machine()) {
            (true, Some(machine)) => format!("container on {machine}"),
            (true, None) => "container".to_owned(),
            (false, machine) => machine.unwrap_or("none").to_owned(),
        }
    }

    fn is_container(&self) -> bool {
        let of_root = |line: &&str| line.split(' ').nth(4) == Some("/");
        let is_overlay = |line: &str| line.contains(" - overlay ");
        self.is_marked
            || RUNTIMES.iter().any(|runtime| self.cgroup.contains(runtime))
            || self.mounts.lines().find(of_root).is_some_and(is_overlay)
    }

    fn machine(&self) -> Option<&'static str> {
        let named = |table: &[(&str, &'static str)], text: &str| {
            let text = text.to_lowercase();
            table.iter().find(|(sign, _)| text.contains(sign)).map(|(_, kind)| *kind)
        };
        let is_flag =
            |line: &str| line.starts_with("flags") && line.split(' ').any(|flag| flag == "hypervisor");
        if self.kernel.contains("microsoft-standard-WSL") {
            return Some("wsl");
        }
        named(&VENDORS, &self.firmware)
            .or_else(|| named(&CLOCKS, &self.clocks))
            .or_else(|| self.cpuinfo.lines().any(is_flag).then_some("vm"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_metal_is_none() {
        let signs = Signs {
            firmware: "Dell Inc. PowerEdge R640".into(),
            clocks: "tsc hpet acpi_pm".into(),
            mounts: "27 1 254:0 / / rw - ext4 /dev/vda rw\n30 27 0:5 / /var/lib/x rw - overlay overlay rw"
                .into(),
            cpuinfo: "flags\t\t: fpu vmx sse".into(),
            ..Signs::default()
        };
        assert_eq!(signs.kind(), "none");
    }

    #[test]
    fn machines_are_known_by_firmware_then_clocks_then_the_flag() {
        let of = |firmware: &str, clocks: &str, cpuinfo: &str| {
            let signs = Signs {
                firmware: firmware.into(),
                clocks: clocks.into(),
                cpuinfo: cpuinfo.into(),
                ..Signs::default()
            };
            signs.kind()
        };
        assert_eq!(of("Amazon EC2 m5.large", "xen tsc", ""), "kvm");
        assert_eq!(of("Microsoft Corporation Virtual Machine", "", ""), "hyper-v");
        assert_eq!(of("Microsoft Corporation Surface Laptop", "", ""), "none");
        assert_eq!(of("", "tsc kvm-clock", "flags : hypervisor"), "kvm");
        assert_eq!(of("", "tsc", "flags : fpu hypervisor lahf_lm"), "vm");
    }

    #[test]
    fn containers_are_known_by_marker_control_group_or_overlay() {
        let bare = Signs { clocks: "kvm-clock".into(), ..Signs::default() };
        assert_eq!(bare.kind(), "kvm");
        for signs in [
            Signs { is_marked: true, ..bare.clone() },
            Signs { cgroup: "0::/kubepods/burstable/pod1".into(), ..bare.clone() },
            Signs { mounts: "600 500 0:50 / / rw,relatime - overlay overlay rw".into(), ..bare.clone() },
        ] {
            assert_eq!(signs.kind(), "container on kvm", "{signs:?}");
        }
        assert_eq!(Signs { is_marked: true, ..Signs::default() }.kind(), "container");
    }
}
