//! What there is to tell to whoever asks: how every test stands, and what happened so far.
//!
//! One task follows the news of the run; answers look at what it knows. Keeps a bounded past.

use super::metrics::{Row, Rows};
use crate::about::About;
use perf_core::drive::snapshot::{News, Snapshot};
use perf_core::judge::verdict::Verdict;
use perf_core::measure::totals::Totals;
use perf_core::plan::Plan;
use perf_core::report::live;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::UnboundedReceiver;

/// Whoever is so many events behind loses the oldest.
const MOST_EVENTS: usize = 1024;
/// So many points of a test's past are kept: those of an hour. Of a longer one only every second, then every fourth…
const MOST_POINTS: usize = 3600;

/// Something that happened, under its name.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: &'static str,
    /// In one line.
    pub(super) data: Arc<str>,
}

impl Event {
    pub(super) fn of(name: &'static str, data: &Value) -> Self {
        Event { name, data: data.to_string().into() }
    }
}

/// How a test ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) test: String,
    pub(super) verdict: Verdict,
    pub(super) reasons: Vec<String>,
    /// As the report has them.
    pub(super) totals: Option<Totals>,
}

/// Of one process.
pub(super) struct Hub {
    run_id: String,
    environment: String,
    first: Event,
    events: broadcast::Sender<Event>,
    tests: Mutex<BTreeMap<String, Test>>,
}

/// What is known of one test.
#[derive(Debug)]
struct Test {
    target: String,
    /// Its levels' loads are added up; those of another are tries, of which the last one counts.
    is_search: bool,
    load: u64,
    /// Of the loads that are over.
    before: Totals,
    totals: Totals,
    newest: Option<Arc<Snapshot>>,
    status: Option<Event>,
    past: Past,
    ended: Option<(Verdict, Event)>,
}

impl Test {
    fn of(plan: &Plan) -> Self {
        Test {
            target: plan.target.clone(),
            is_search: plan.load.search().is_some(),
            load: 0,
            before: Totals::default(),
            totals: Totals::default(),
            newest: None,
            status: None,
            past: Past::default(),
            ended: None,
        }
    }

    fn hear(&mut self, snapshot: Arc<Snapshot>) {
        if snapshot.load > self.load {
            self.load = snapshot.load;
            self.past = Past::default();
            let last = std::mem::take(&mut self.totals);
            match (snapshot.is_confirming, self.is_search) {
                // Held against no limit, and in no report's counts.
                (true, _) => self.totals = last,
                (false, true) => self.before.merge(&last),
                (false, false) => {}
            }
        }
        if let Some(totals) = snapshot.totals.as_ref().filter(|_| !snapshot.is_confirming) {
            self.totals = Totals::clone(totals);
        }
        self.newest = Some(snapshot);
    }

    fn row(&self, name: &str) -> Row {
        let mut totals = self.before.clone();
        totals.merge(&self.totals);
        let newest = self.newest.as_ref().filter(|_| self.ended.is_none());
        Row {
            test: name.to_owned(),
            target: self.target.clone(),
            totals,
            stage: newest.map(|snapshot| snapshot.stage),
            level: newest.map(|snapshot| snapshot.level).unwrap_or_default(),
            last: newest.map(|snapshot| snapshot.last).unwrap_or_default(),
            verdict: self.ended.as_ref().map(|(verdict, _)| *verdict),
        }
    }
}

/// The points of one load.
#[derive(Debug)]
struct Past {
    points: Vec<Event>,
    /// Only every so-manieth is kept.
    every: u64,
    seen: u64,
    most: usize,
}

impl Default for Past {
    fn default() -> Self {
        Past { points: Vec::new(), every: 1, seen: 0, most: MOST_POINTS }
    }
}

impl Past {
    fn add(&mut self, point: Event) {
        if self.seen.is_multiple_of(self.every) {
            if self.points.len() == self.most {
                self.points = self.points.drain(..).step_by(2).collect();
                self.every *= 2;
            }
            if self.seen.is_multiple_of(self.every) {
                self.points.push(point);
            }
        }
        self.seen += 1;
    }
}

impl Hub {
    pub(super) fn of(about: &About) -> Self {
        let names: Vec<String> = about.plans.iter().map(|plan| plan.name.clone()).collect();
        let run = live::run(&about.run_id, &about.started, &about.environment, &names);
        Hub {
            run_id: about.run_id.clone(),
            environment: about.environment.id.clone(),
            first: Event::of("run", &run),
            events: broadcast::Sender::new(MOST_EVENTS),
            tests: Mutex::new(about.plans.iter().map(|plan| (plan.name.clone(), Test::of(plan))).collect()),
        }
    }

    /// Nothing that is locked waits for anything.
    fn tests(&self) -> MutexGuard<'_, BTreeMap<String, Test>> {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened so far, and everything that will.
    pub(super) fn subscribe(&self) -> (Vec<Event>, broadcast::Receiver<Event>) {
        let tests = self.tests();
        let mut so_far = vec![self.first.clone()];
        for test in tests.values() {
            match &test.ended {
                Some((_, ended)) => so_far.push(ended.clone()),
                None => so_far.extend(test.past.points.iter().chain(&test.status).cloned()),
            }
        }
        (so_far, self.events.subscribe())
    }

    /// As Prometheus sees it.
    pub(super) fn rows(&self) -> Rows {
        let tests = self.tests();
        Rows {
            run_id: self.run_id.clone(),
            environment: self.environment.clone(),
            tests: tests.iter().map(|(name, test)| test.row(name)).collect(),
        }
    }

    /// Follows the news until there will be no more. What was told before an ending comes before it.
    pub(super) async fn follow(
        &self,
        mut news: broadcast::Receiver<News>,
        mut endings: UnboundedReceiver<Option<Ended>>,
    ) {
        loop {
            tokio::select! {
                biased;
                heard = news.recv() => match heard {
                    Ok(news) => self.hear(news),
                    Err(RecvError::Lagged(lost)) => self.publish(lost_events(lost)),
                    Err(RecvError::Closed) => break,
                },
                ended = endings.recv() => match ended.flatten() {
                    Some(ended) => self.end(ended),
                    None => break,
                },
            }
        }
        self.publish(Event::of("end", &json!({ "run_id": self.run_id })));
    }

    pub(super) fn hear(&self, news: News) {
        match news {
            News::Alert(alert) => self.publish(Event::of("alert", &live::alert(&alert, &self.run_id))),
            News::Snapshot(snapshot) => {
                let mut tests = self.tests();
                // One that ended says nothing any more.
                let Some(test) = tests.get_mut(&snapshot.test).filter(|test| test.ended.is_none()) else {
                    return;
                };
                test.hear(snapshot.clone());
                let point = snapshot.newest.as_ref().map(|_| Event::of("point", &live::point(&snapshot)));
                let status = Event::of("status", &live::status(&snapshot));
                test.status = Some(status.clone());
                point.iter().for_each(|point| test.past.add(point.clone()));
                point.into_iter().chain([status]).for_each(|event| self.publish(event));
            }
        }
    }

    pub(super) fn end(&self, ended: Ended) {
        let mut tests = self.tests();
        let Some(test) = tests.get_mut(&ended.test) else { return };
        let event = Event::of("test", &live::ended(&ended.test, ended.verdict, &ended.reasons));
        if let Some(totals) = ended.totals {
            (test.before, test.totals) = (Totals::default(), totals);
        }
        (test.past, test.status) = (Past::default(), None);
        test.ended = Some((ended.verdict, event.clone()));
        self.publish(event);
    }

    fn publish(&self, event: Event) {
        // Mostly nobody listens.
        self.events.send(event).ok();
    }
}

/// Told to who was too slow.
pub(super) fn lost_events(lost: u64) -> Event {
    Event::of("dropped", &json!({ "events": lost }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_bounded_and_thinned_evenly() {
        let mut past = Past { most: 4, ..Past::default() };
        (0..18).for_each(|number| past.add(Event::of("point", &json!(number))));
        let kept: Vec<&str> = past.points.iter().map(|event| &*event.data).collect();
        assert_eq!(kept, ["0", "8", "16"]);
    }
}
