//! Resolves every name once and keeps to its addresses for the whole session.
//!
//! So nobody waits for a name server in the middle of a load, all workers reach the same machines, and the report can say
//! which. A lookup that failed is not kept. Addresses stay in the order in which the system gave them.

use crate::plan::limits::{Limits, NotListed};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// Marks an address as one that load may not be sent to: a name that only this resolver is asked for.
pub(super) const NOT_LISTED: &str = ".not-listed.invalid";

/// As it was written: no name has colons, so those of an IPv6 address became dashes.
fn address(name: &str) -> String {
    let numbers = name.replace('-', ":");
    if numbers.parse::<IpAddr>().is_ok() { numbers } else { name.to_owned() }
}

/// The names that a session's clients resolve; cheap to clone.
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    /// Nothing is forbidden outside of a run.
    limits: Option<Limits>,
    lookup: Box<dyn Fn(String) -> Looking + Send + Sync>,
    names: Mutex<BTreeMap<String, Arc<Lookup>>>,
}

/// One lookup, for all who ask while it lasts. When the one who began it gives up, the next one begins it anew.
type Lookup = OnceCell<Result<Vec<SocketAddr>, Arc<io::Error>>>;
type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

impl Default for Resolver {
    /// Asks the system.
    fn default() -> Self {
        Resolver::by(None, |host| Box::pin(async { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) }))
    }
}

impl Resolver {
    fn by(limits: Option<Limits>, lookup: impl Fn(String) -> Looking + Send + Sync + 'static) -> Self {
        Resolver(Arc::new(Inner { limits, lookup: Box::new(lookup), names: Mutex::default() }))
    }

    /// Asks the system, but for hosts that load may not be sent to.
    pub fn within(limits: &Limits) -> Self {
        let limits = limits.clone();
        Resolver::by(Some(limits.clone()), move |host| {
            // An address that may not be loaded comes here under a name of its own.
            let asked = host.strip_suffix(NOT_LISTED).map_or_else(|| host.clone(), address);
            let is_allowed = limits.allows(&asked) && asked == host;
            Box::pin(async move {
                match is_allowed {
                    true => Ok(tokio::net::lookup_host((host, 0)).await?.collect()),
                    false => Err(io::Error::new(io::ErrorKind::PermissionDenied, NotListed(asked))),
                }
            })
        })
    }

    /// What has been resolved so far. An address that stands in a URL itself needs no resolving.
    pub fn addresses(&self) -> BTreeMap<String, Vec<IpAddr>> {
        let names = self.names();
        let resolved = names.iter().filter_map(|(name, lookup)| match lookup.get() {
            Some(Ok(addresses)) => Some((name.clone(), addresses.iter().map(SocketAddr::ip).collect())),
            _ => None,
        });
        resolved.collect()
    }

    /// Whether load may be sent to a host: asked where no name is resolved, since it is an address in numbers.
    pub(super) fn allows(&self, host: &str) -> bool {
        self.0.limits.as_ref().is_none_or(|limits| limits.allows(host))
    }

    /// Resolves the name in an address before anybody is timed. Where that fails, whoever needs it says so.
    pub(crate) async fn prepare(&self, url: &str) {
        let url = Url::parse(url).ok();
        if let Some(name) = url.as_ref().and_then(Url::domain) {
            self.look_up(name).await.ok();
        }
    }

    async fn look_up(&self, name: &str) -> Result<Vec<SocketAddr>, Arc<io::Error>> {
        let lookup = self.names().entry(name.to_owned()).or_default().clone();
        let asked = async || (self.0.lookup)(name.to_owned()).await.map_err(Arc::new);
        let answer = lookup.get_or_init(asked).await.clone();
        if answer.is_err() {
            self.names().retain(|_, other| !Arc::ptr_eq(other, &lookup));
        }
        answer
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Lookup>>> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.look_up(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Category;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Two addresses, after the first so many lookups failed; and how often it was asked.
    fn failing(times: usize) -> (Resolver, Arc<AtomicUsize>) {
        let lookups = Arc::<AtomicUsize>::default();
        let counted = lookups.clone();
        let resolver = Resolver::by(None, move |_| {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                tokio::task::yield_now().await;
                match number < times {
                    true => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer")),
                    false => Ok(vec![([10, 0, 0, 2], 0).into(), ([10, 0, 0, 1], 0).into()]),
                }
            })
        });
        (resolver, lookups)
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn addresses() -> BTreeMap<String, Vec<IpAddr>> {
        BTreeMap::from([("host".to_owned(), vec![[10, 0, 0, 2].into(), [10, 0, 0, 1].into()])])
    }

    #[test]
    fn a_name_is_looked_up_once_and_keeps_its_addresses_in_order() {
        let (resolver, lookups) = failing(0);
        for _ in 0..3 {
            let answer = block_on(resolver.resolve("host".parse().unwrap())).unwrap();
            assert!(answer.map(|address| address.ip()).eq(addresses()["host"].iter().copied()));
        }
        assert_eq!((lookups.load(Ordering::Relaxed), resolver.addresses()), (1, addresses()));
    }

    #[test]
    fn the_name_in_an_address_is_looked_up_beforehand_and_numbers_are_not() {
        let (resolver, lookups) = failing(0);
        for url in
            ["http://HOST:80/path", "http://host/", "http://10.0.0.9/", "http://[::1]:8080", "/relative"]
        {
            block_on(resolver.prepare(url));
        }
        assert_eq!((lookups.load(Ordering::Relaxed), resolver.addresses()), (1, addresses()));
        block_on(resolver.look_up("host")).unwrap();
        assert_eq!(lookups.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_lookup_that_failed_is_made_again() {
        let (resolver, lookups) = failing(1);
        assert_eq!(block_on(resolver.look_up("host")).unwrap_err().to_string(), "no answer");
        assert_eq!(resolver.addresses(), BTreeMap::new());
        block_on(resolver.look_up("host")).unwrap();
        assert_eq!((lookups.load(Ordering::Relaxed), resolver.addresses()), (2, addresses()));
    }

    #[test]
    fn all_who_ask_while_a_lookup_lasts_share_it_failed_or_not() {
        for (failures, succeeded) in [(0, 5), (1, 0)] {
            let (resolver, lookups) = failing(failures);
            let all_answers = block_on(async {
                let ask = |resolver: Resolver| async move { resolver.look_up("host").await.is_ok() };
                let asking: Vec<_> = (0..5).map(|_| tokio::spawn(ask(resolver.clone()))).collect();
                let mut answers = Vec::new();
                for one in asking {
                    answers.push(one.await.unwrap());
                }
                answers
            });
            assert_eq!(all_answers.iter().filter(|ok| **ok).count(), succeeded);
            assert_eq!(lookups.load(Ordering::Relaxed), 1);
        }
    }

    #[test]
    fn who_gives_up_keeps_nobody_waiting() {
        let (resolver, lookups) = failing(0);
        block_on(async {
            let first = tokio::spawn({
                let resolver = resolver.clone();
                async move { resolver.look_up("host").await }
            });
            tokio::task::yield_now().await;
            first.abort();
            resolver.look_up("host").await.unwrap();
        });
        assert_eq!((lookups.load(Ordering::Relaxed), resolver.addresses()), (2, addresses()));
    }

    #[test]
    fn a_name_without_addresses_is_a_dns_error_whatever_the_system_said() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (resolver, _) = failing(1);
        let client = reqwest::Client::builder().no_proxy().dns_resolver(resolver).build().unwrap();
        let error = runtime.block_on(client.get("http://host/").send()).unwrap_err();
        assert_eq!(Category::of_error(&error), Category::Dns);
        assert!(crate::error::chain(&error).ends_with("no answer"), "{error:?}");
    }
}
