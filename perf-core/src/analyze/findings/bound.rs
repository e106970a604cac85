//! What the result is bound by: a resource that has nothing left, or the load itself.

use super::{Finding, Severity};
use crate::analyze::course::Course;
use crate::analyze::stats::median;
use std::fmt;

const LEAST_POINTS: usize = 5;
/// Of all cores, for most of the time.
const CPU: f64 = 0.9;
/// Of one core: a process that stays there has one thread that does everything.
const ONE_CORE: (f64, f64) = (0.95, 1.05);
/// Of iterations in flight, that have a connection at a time.
const CONNECTED: f64 = 0.6;
/// Of a link's nominal speed, what is left for payload; links in bytes per second, where the system does not say.
const LINK: (f64, f64) = (0.88, 0.99);
const LINKS: [f64; 5] = [12.5e6, 125e6, 312.5e6, 1.25e9, 3.125e9];

/// What a run could not get beyond, with the figure that says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Cores in use of cores there are.
    TargetCpu(f64, f64),
    /// Cores in use of cores there are; with those of a target in this process.
    ClientCpu(f64, f64),
    /// Bytes per second, of the link's.
    Network(f64, f64),
    /// Connections, and iterations in flight that share them.
    Connections(f64, f64),
    /// Arrivals per second, all of which were served.
    Rate(f64),
    /// Users, each of whom waits for the target.
    Users(f64),
}

impl Bound {
    /// Of a run with enough to say so.
    pub fn of(course: &Course) -> Option<Self> {
        if course.seconds.len() < LEAST_POINTS {
            return None;
        }
        let resources = [target_cpu(course), client_cpu(course), network(course), connections(course)];
        resources.into_iter().flatten().next().or_else(|| load(course))
    }

    /// The load could be higher; nothing else was in the way.
    pub fn is_load(self) -> bool {
        matches!(self, Bound::Rate(_) | Bound::Users(_))
    }

    /// As report.json names it.
    pub fn kind(self) -> &'static str {
        match self {
            Bound::TargetCpu(..) => "target_cpu",
            Bound::ClientCpu(..) => "client_cpu",
            Bound::Network(..) => "network",
            Bound::Connections(..) => "connections",
            Bound::Rate(_) | Bound::Users(_) => "load",
        }
    }

    /// What was used, and of how much, where there is a limit.
    pub fn figure(self) -> (f64, Option<f64>) {
        match self {
            Bound::TargetCpu(a, b)
            | Bound::ClientCpu(a, b)
            | Bound::Network(a, b)
            | Bound::Connections(a, b) => (a, Some(b)),
            Bound::Rate(a) | Bound::Users(a) => (a, None),
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Bound::TargetCpu(..) => "profile the target, or give it more cores: more load will only wait",
            Bound::ClientCpu(..) => {
                "drive the target from another machine, or make the test function cheaper"
            }
            Bound::Network(..) => "send less (compression, smaller answers), or use a faster link",
            Bound::Connections(..) => "allow more connections in the client's or the target's pool",
            Bound::Rate(_) => "raise the rate to find the target's limit",
            Bound::Users(_) => "raise the number of users to find the target's limit",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::TargetCpu(used, of) => write!(f, "bound by the target's CPU: {used:.1} of {of:.0} cores"),
            Bound::ClientCpu(used, of) => {
                write!(f, "bound by this process's CPU: {used:.1} of {of:.0} cores")
            }
            Bound::Network(used, of) => {
                write!(f, "bound by the network: {:.0} of {:.0} Mbit/s", used * 8e-6, of * 8e-6)
            }
            Bound::Connections(open, running) => {
                write!(f, "bound by connections: {open:.0} are open for {running:.0} iterations in flight")
            }
            Bound::Rate(rate) => write!(f, "bound by the load itself: {rate:.0}/s were offered and served"),
            Bound::Users(users) => {
                write!(f, "bound by the load itself: {users:.0} users wait for the target")
            }
        }
    }
}

/// The load itself is not worth a finding; the report says it all the same.
pub(super) fn look(course: &Course) -> Option<Finding> {
    let bound = Bound::of(course)?;
    let (figure, Some(of)) = bound.figure() else { return None };
    Some(Finding {
        kind: match bound {
            Bound::TargetCpu(..) => "bound_by_target_cpu",
            Bound::ClientCpu(..) => "bound_by_client_cpu",
            Bound::Network(..) => "bound_by_network",
            Bound::Connections(..) => "bound_by_connections",
            Bound::Rate(_) | Bound::Users(_) => "bound_by_load",
        },
        severity: Severity::Info,
        message: bound.to_string(),
        advice: bound.advice(),
        evidence: vec![("figure", figure), ("of", of)],
    })
}

fn usual(course: &Course, name: &str) -> Option<f64> {
    median(course.seconds.resource(name)?.iter().copied())
}

fn target_cpu(course: &Course) -> Option<Bound> {
    let used = usual(course, "target_cpu")?;
    if used >= CPU * course.cores {
        return Some(Bound::TargetCpu(used, course.cores));
    }
    (ONE_CORE.0..ONE_CORE.1).contains(&used).then_some(Bound::TargetCpu(used, 1.0))
}

fn client_cpu(course: &Course) -> Option<Bound> {
    let used = usual(course, "cpu")?;
    (used >= CPU * course.cores).then_some(Bound::ClientCpu(used, course.cores))
}

/// A link whose speed is guessed holds up only a load that does not say itself how much comes through, or more than comes
/// through.
fn network(course: &Course) -> Option<Bound> {
    let one_way = |name| usual(course, name).unwrap_or(0.0);
    let used = one_way("sent_bytes_per_s").max(one_way("received_bytes_per_s"));
    if let Some(link) = course.before.link_bytes_per_s {
        return (used >= LINK.0 * link).then_some(Bound::Network(used, link));
    }
    let link = LINKS.into_iter().find(|link| (LINK.0..LINK.1).contains(&(used / link)))?;
    (!course.is_open || !is_served(course)).then_some(Bound::Network(used, link))
}

fn connections(course: &Course) -> Option<Bound> {
    let open = usual(course, "tcp_established")?;
    let running = median(course.seconds.in_flight.iter().copied())?;
    let is_short = open >= 1.0 && running >= 8.0 && open <= CONNECTED * running;
    is_short.then_some(Bound::Connections(open, running))
}

fn load(course: &Course) -> Option<Bound> {
    let seconds = &course.seconds;
    if !course.is_open {
        return median(seconds.in_flight.iter().copied()).map(Bound::Users);
    }
    (is_served(course) && course.is_constant).then_some(Bound::Rate(seconds.rate(&seconds.planned)))
}

fn is_served(course: &Course) -> bool {
    let seconds = &course.seconds;
    seconds.rate(&seconds.completed) >= 0.95 * seconds.rate(&seconds.planned)
}

#[cfg(test)]
mod tests {
    use super::super::quiet::{steady, with};
    use super::*;
    use crate::measure::resources::Before;

    fn bound(name: &'static str, value: f64) -> Option<Bound> {
        Bound::of(&with(steady(10), name, move |_| value))
    }

    #[test]
    fn what_has_nothing_left_is_named_with_its_figure() {
        assert_eq!(bound("target_cpu", 3.8), Some(Bound::TargetCpu(3.8, 4.0)));
        assert_eq!(
            bound("target_cpu", 0.99),
            Some(Bound::TargetCpu(0.99, 1.0)),
            "one thread does everything"
        );
        assert_eq!(bound("cpu", 3.7), Some(Bound::ClientCpu(3.7, 4.0)));
        assert_eq!(Bound::TargetCpu(3.8, 4.0).to_string(), "bound by the target's CPU: 3.8 of 4 cores");
    }

    #[test]
    fn a_load_that_is_served_bounds_itself_which_is_no_finding() {
        assert_eq!(bound("target_cpu", 0.5), Some(Bound::Rate(100.0)));
        assert_eq!(look(&steady(10)), None);
        let closed = Course { is_open: false, ..steady(10) };
        assert_eq!(Bound::of(&closed), Some(Bound::Users(1.0)));
        assert_eq!(Bound::of(&steady(4)), None);
    }

    #[test]
    fn connections_and_links_bound_what_waits_for_them() {
        let mut crowd = Course { is_open: false, ..steady(10) };
        crowd.seconds.in_flight = vec![50.0; 10];
        let pool = with(crowd.clone(), "tcp_established", |_| 8.0);
        assert_eq!(Bound::of(&pool), Some(Bound::Connections(8.0, 50.0)));
        let link = with(crowd, "sent_bytes_per_s", |_| 118e6);
        assert_eq!(Bound::of(&link), Some(Bound::Network(118e6, 125e6)));
        assert!(look(&link).is_some_and(|found| found.kind == "bound_by_network"));
    }

    #[test]
    fn a_link_bounds_an_open_load_that_does_not_get_through_or_where_its_speed_is_known() {
        let open = with(steady(10), "received_bytes_per_s", |_| 118e6);
        assert_eq!(Bound::of(&open), Some(Bound::Rate(100.0)), "all of it is served");
        let mut saturated = open.clone();
        saturated.seconds.completed = vec![60.0; 10];
        assert_eq!(Bound::of(&saturated), Some(Bound::Network(118e6, 125e6)));
        let known = |link| {
            let before = Before { link_bytes_per_s: Some(link), ..Before::default() };
            Bound::of(&Course { before, ..open.clone() })
        };
        assert_eq!(known(125e6), Some(Bound::Network(118e6, 125e6)));
        assert_eq!(known(1.25e9), Some(Bound::Rate(100.0)));
    }
}
